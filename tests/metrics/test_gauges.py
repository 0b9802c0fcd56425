"""What a journal holds, counted at most every few seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kesspay.errors import JournalUnavailable
from kesspay.metrics.gauges import OpenPayments, counts_by_state
from kesspay.transfers.journal import Listed, Status
from kesspay.transfers.summary import OPEN, JournalSummary
from tests.support.memory_journal import MemoryJournal
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from collections.abc import Callable


class Counted:
    """Opens a journal in memory, and counts how often."""

    def __init__(self) -> None:
        """Begin with an empty journal."""
        self.journal = MemoryJournal(lambda: 1000.0)
        self.opened = 0
        self.error: Exception | None = None

    def __call__(self) -> MemoryJournal:
        """Open it, or fail."""
        self.opened += 1
        if self.error is not None:
            raise self.error
        return self.journal


@pytest.fixture
def now() -> list[float]:
    """Return the time."""
    return [0.0]


@pytest.fixture
def clock(now: list[float]) -> Callable[[], float]:
    """Return what reads the time."""
    return lambda: now[0]


def test_a_count_is_used_again(now: list[float], clock: Callable[[], float]) -> None:
    """Several monitors cost one count; after a while it is counted anew."""
    opens = Counted()
    payments = OpenPayments(opens, every=5.0, clock=clock)
    first = payments.summary()
    assert first is not None
    assert first.unfinished.count == 0
    opens.journal.begin(payment("p-1"))
    now[0] = 4.9
    assert payments.summary() is first
    now[0] = 5.0
    second = payments.summary()
    assert second is not None
    assert second.unfinished.count == 1
    assert opens.opened == 2


def test_a_journal_that_is_away(now: list[float], clock: Callable[[], float]) -> None:
    """No old number is given for one of now."""
    opens = Counted()
    payments = OpenPayments(opens, every=5.0, clock=clock)
    assert payments.summary() is not None
    opens.error = JournalUnavailable("the disk is gone")
    now[0] = 6.0
    assert payments.summary() is None
    opens.error = None
    assert payments.summary() is None
    now[0] = 12.0
    assert payments.summary() is not None


def test_counts_by_state() -> None:
    """Each open state has a count, and those of no known state have one together."""
    summary = JournalSummary(10.0)
    for state in ("manual", "settled-by-hand", "", "manual"):
        summary.add(Listed(payment(), Status(state, 1, None), 1.0, 1.0))
    assert counts_by_state(summary) == {
        **{state.value: 0 for state in OPEN},
        "manual": 2,
        "other": 2,
    }
