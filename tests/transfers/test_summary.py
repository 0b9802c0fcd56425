"""What a journal holds, in numbers."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kesspay.transfers.attempt import State
from kesspay.transfers.journal import Listed, Status
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.summary import OPEN, UNKNOWN, Share, listed, summarize
from tests.support.memory_journal import MemoryJournal
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kesspay.transfers.journal import Journal


#: When the first payment is begun; each of the others is begun a second later.
BEGUN = 1000.0
NOW = 2000.0
FINISHED = {
    State.PAID,
    State.NOT_PAID,
    State.REJECTED,
    State.CLOSED,
    State.ABANDONED,
    State.DECIDED,
}


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        """Begin at the first payment."""
        self.now = BEGUN

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """Make a journal with a payment in every state, and a closed one that is due."""
    clock = Clock()
    made: Journal = (
        MemoryJournal(clock)
        if request.param == "memory"
        else SqliteJournal(tmp_path / "journal.sqlite", clock=clock)
    )
    with closing(made):
        for number, (name, state, due_at) in enumerate(
            [
                *((state.value, state, None) for state in State),
                ("z-closed-due", State.CLOSED, NOW - 500),
                ("z-unknown-due", State.UNKNOWN, NOW - 20),
                ("z-unknown-later", State.UNKNOWN, NOW + 20),
            ]
        ):
            clock.now = BEGUN + number
            made.begin(payment(name, "0.10"))
            lease = made.lease(name, "test", 60)
            made.append(lease, [], Status(state.value, 1, due_at), 60)
            made.release(lease)
        clock.now = NOW
        yield made


def test_a_state_of_another_version(tmp_path: Path) -> None:
    """It has its own name, and counts as unknown: no one can say that it is over."""
    with closing(SqliteJournal(tmp_path / "journal.sqlite")) as journal:
        journal.begin(payment("p-1", "0.10"))
        lease = journal.lease("p-1", "test", 60)
        journal.append(lease, [], Status("settled-by-hand", 1, None), 60)
        for only_open in (False, True):
            summary = summarize(journal, only_open=only_open)
            assert {name: share.count for name, share in summary.states.items()} == {
                "settled-by-hand": 1
            }
            assert (summary.unknown.count, summary.unfinished.count) == (1, 1)
        for states in (OPEN, UNKNOWN):
            (found,) = listed(journal, states, limit=5)
            assert found.status.state == "settled-by-hand"
        assert listed(journal, [State.MANUAL], limit=5) == []


def test_everything_is_counted(journal: Journal) -> None:
    """Every payment has its state, with its amount."""
    summary = summarize(journal)
    assert summary.at == NOW
    assert set(summary.states) == set(State)
    counts = {state: share.count for state, share in summary.states.items()}
    assert counts.pop(State.UNKNOWN) == 3
    assert counts.pop(State.CLOSED) == 2
    assert set(counts.values()) == {1}
    assert summary.states[State.UNKNOWN].amounts == {"USD": Decimal("0.30")}


def test_what_is_open(journal: Journal) -> None:
    """Unknown is also what a crash left; a closed payment is open while it is due."""
    for summary in (summarize(journal), summarize(journal, only_open=True)):
        assert summary.unknown.count == len(UNKNOWN) + 2
        assert summary.unfinished.count == len(set(State) - FINISHED) + 3
        assert summary.due.count == 2
        assert summary.overdue == 500
    only_open = summarize(journal, only_open=True)
    assert State.PAID not in only_open.states
    assert only_open.states[State.CONFIRMING].count == 1


def test_the_oldest(journal: Journal) -> None:
    """It is the one that was begun first, not the first by its id."""
    summary = summarize(journal)
    first = next(state for state in State if state in UNKNOWN)
    begun = BEGUN + list(State).index(first)
    assert (summary.unknown.oldest_id, summary.unknown.oldest_begun_at) == (
        first.value,
        begun,
    )
    assert summary.unknown.age(NOW) == NOW - begun
    assert summary.due.oldest_id == "z-closed-due"


def test_nothing() -> None:
    """An empty journal has no ages."""
    summary = summarize(MemoryJournal(Clock()))
    assert (summary.states, summary.unknown, summary.overdue) == ({}, Share(), 0.0)
    assert summary.unknown.age(NOW) is None


def test_a_clock_that_went_back() -> None:
    """An age is never negative."""
    share = Share()
    share.add(Listed(payment(), Status("unknown", 1, None), NOW + 5, NOW + 5))
    assert share.age(NOW) == 0.0


def test_pages() -> None:
    """All pages are counted, not the first one alone."""

    class Paged:
        def now(self) -> float:
            return NOW

        def list(self, *, state: str, after: str, limit: int) -> list[Listed]:
            assert (state, limit) == ("", 10_000)
            status = Status("paid", 1, None)
            names = [f"p-{n:05}" for n in range(25_000)]
            begin = names.index(after) + 1 if after else 0
            return [
                Listed(payment(name), status, 0.0, 0.0)
                for name in names[begin : begin + limit]
            ]

    summary = summarize(Paged())  # type: ignore[arg-type] # two methods
    assert summary.states[State.PAID].count == 25_000


def test_closed_payments_without_work_are_passed_over(journal: Journal) -> None:
    """However many there are before one that is due."""
    states = (State.CLOSED, State.ABANDONED)
    (found,) = listed(journal, states, limit=1)
    assert found.payment.payment_id == "z-closed-due"
    assert not listed(journal, states, after="z-closed-due", limit=1)
    assert len(listed(journal, OPEN, limit=3)) == 3
