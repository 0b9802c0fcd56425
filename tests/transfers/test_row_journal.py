"""What every journal in tables does alike, on a journal without tables."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import InputError, JournalError, LeaseHeld
from kesspay.transfers.journal import Lease
from kesspay.transfers.row_journal import Queries, RowJournal, lease_was_lost


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kesspay.transfers.bindings import Execute
    from kesspay.transfers.rows import Row


class NoTables(RowJournal):
    """
    A journal that has no payments.

    Args:
        taken: what a lease gives.
    """

    _queries = Queries.of("?")
    _instead = "open it again"

    def __init__(
        self, taken: tuple[int | None, tuple[str | None, float | None] | None]
    ) -> None:
        """Begin with no question asked."""
        self.taken = taken
        self.asked: list[tuple[str, Row]] = []
        self.is_closed = False

    def close(self) -> None:
        """Note it."""
        self.is_closed = True

    def _place(self) -> str:
        return "nowhere"

    def _run_without_leases(self, work: Callable[[Execute, float], None]) -> None:
        raise NotImplementedError

    def _ask(self, query: str, values: Row) -> Sequence[Row]:
        self.asked.append((query, values))
        return []

    def _take(
        self, payment_id: str, owner: str, seconds: float
    ) -> tuple[int | None, tuple[str | None, float | None] | None]:
        assert (payment_id, owner, seconds) == ("p-1", "worker", 30.0)
        return self.taken


def test_the_queries_differ_in_their_placeholders() -> None:
    """A list is of payments in any state, or in one of some."""
    queries, others = Queries.of("?"), Queries.of("%s")
    assert queries.read.replace("?", "%s") == others.read
    assert queries.export == others.export
    for number in (0, 1, 4):
        query = queries.of_states(number)
        assert query.count("?") == number + 2
        assert query.replace("?", "%s") == others.of_states(number)


def test_a_lease() -> None:
    """A fence, an owner who has the payment, or no such payment."""
    assert NoTables((7, None)).lease("p-1", "worker", 30) == Lease("p-1", "worker", 7)
    with pytest.raises(JournalError, match="there is no payment 'p-1'"):
        NoTables((None, None)).lease("p-1", "worker", 30)
    with pytest.raises(LeaseHeld, match=r"^other works on payment p-1") as caught:
        NoTables((None, ("other", 4.0))).lease("p-1", "worker", 30)
    assert caught.value.retry_after == 4.0
    # The lease was returned between the two looks at it.
    with pytest.raises(LeaseHeld, match=r"^another owner works") as caught:
        NoTables((None, (None, None))).lease("p-1", "worker", 30)
    assert caught.value.retry_after == 0.0
    assert "fence 7; nothing was written" in str(lease_was_lost(Lease("p", "w", 7)))


def test_what_is_asked() -> None:
    """A payment by its id, and a list by its states; the end closes the journal."""
    with NoTables((None, None)) as journal:
        assert journal.read("p-1") is None
        assert journal.list(state="unknown", after="p-1", limit=2) == []
        assert journal.list(state="paid", after="p-1", limit=2) == []
        assert journal.list(after="p-1", limit=2) == []
    assert journal.is_closed
    queries = Queries.of("?")
    assert journal.asked == [
        (queries.read, ("p-1",)),
        (queries.states, ()),
        (queries.of_states(3), ("unknown", "confirming", "refused", "p-1", 2)),
        (queries.of_states(1), ("paid", "p-1", 2)),
        (queries.of_states(0), ("p-1", 2)),
    ]


def test_a_journal_is_not_copied() -> None:
    """It says what to do instead, and shows its place."""
    journal = NoTables((None, None))
    assert repr(journal) == "<NoTables nowhere>"
    with pytest.raises(InputError, match="never pickled or copied: open it again"):
        pickle.dumps(journal)
