"""
RowJournal: what a journal in tables does alike in every database.

A database adds its connections, transactions and clock; ``rows`` has the values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, Self

from kesspay.errors import InputError, JournalError, LeaseHeld, LeaseLost
from kesspay.transfers.account import check_binding
from kesspay.transfers.attempt import UNSETTLED, State
from kesspay.transfers.bindings import Row, read_ownership, rebind
from kesspay.transfers.journal import Lease, Listed, Record
from kesspay.transfers.rows import (
    LIST_COLUMNS,
    RECORD_COLUMNS,
    check_lease,
    check_limit,
    read_listed,
    read_record,
    require_text,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kesspay.transfers.account import Account, Ownership
    from kesspay.transfers.bindings import Execute, Statements


__all__ = ["Queries", "RowJournal", "lease_was_lost"]

_KNOWN: Final = frozenset(State)
_UNSETTLED: Final = tuple(state.value for state in UNSETTLED)
#: The states that there are. Each is found by one look into the index of states, so
#: that it takes no longer where millions of payments are paid.
_STATES: Final = """
    WITH RECURSIVE found (state) AS (
        SELECT min(s.state) FROM payments s
        UNION ALL
        SELECT (SELECT min(n.state) FROM payments n WHERE n.state > found.state)
        FROM found WHERE found.state IS NOT NULL
    )
    SELECT found.state FROM found WHERE found.state IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Queries:
    """
    What a journal asks its tables, with the placeholder of its database.

    Attributes:
        read: gives the rows of one payment; the value is its id.
        export: gives the rows of every payment.
        states: gives the states that there are.
        listing: begins a list of payments.
        page: ends it; values are the id that all are greater than, and how many rows
            at most.
        placeholder: of a value.
    """

    read: str
    export: str
    states: str
    listing: str
    page: str
    placeholder: str

    @classmethod
    def of(cls, placeholder: str) -> Self:
        """Return the queries; the placeholder is "?" or "%s"."""
        # Constants and placeholders.
        records = (
            f"SELECT {RECORD_COLUMNS} FROM payments p"  # noqa: S608 - constants
            " LEFT JOIN entries e ON e.payment_id = p.payment_id"
        )
        return cls(
            read=f"{records} WHERE p.payment_id = {placeholder} ORDER BY e.number",
            export=f"{records} ORDER BY p.payment_id, e.number",
            states=_STATES,
            listing=f"SELECT {LIST_COLUMNS} FROM payments p WHERE ",  # noqa: S608 - constants
            page=(
                f"p.payment_id > {placeholder}"
                f" ORDER BY p.payment_id LIMIT {placeholder}"
            ),
            placeholder=placeholder,
        )

    def of_states(self, number: int) -> str:
        """Return what lists payments in one of so many states; 0 for those in any."""
        states = ", ".join([self.placeholder] * number)
        of = f"p.state IN ({states}) AND " if number else ""
        return f"{self.listing}{of}{self.page}"


class RowJournal(ABC):
    """
    A journal in tables: the methods that are the same for every database.

    A subclass adds its queries, leases and writes.
    """

    #: The queries of the back-end, and its statements about the account.
    _queries: ClassVar[Queries]
    _account: ClassVar[Statements]
    #: What to do in another process instead of copying the journal.
    _instead: ClassVar[str]

    def __repr__(self) -> str:
        """Name the place of the tables."""
        return f"<{type(self).__name__} {self._place()}>"

    def __enter__(self) -> Self:
        """Return the journal itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the journal."""
        self.close()

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise InputError(
            f"a {type(self).__name__} is never pickled or copied: {self._instead}"
        )

    def ownership(self) -> Ownership:
        """Return the accounts and keys that the journal records."""
        bindings = self._ask(self._account.bindings, ())
        return read_ownership(bindings, self._ask(self._account.keys, ()))

    def rebind(self, old: Account | None, new: Account, *, by: str) -> None:
        """
        Record that the base URL of the account changed.

        Args:
            old: the account that the journal belongs to, or None.
            new: the account that it is to belong to.
            by: user, host and process of the caller, 1 to 128 visible ASCII
                characters; recorded.

        Raises:
            WrongAccount: ``old`` is not the account, or ``new`` is another
                partner and something may have been sent.
            LeaseHeld: a payment is being worked on.
            InputError: ``by`` cannot be recorded.
        """
        check_binding(new, (), by)

        def work(execute: Execute, now: float) -> None:
            rebind(execute, self._account, old, new, by=by, now=now)

        self._run_without_leases(work)

    def read(self, payment_id: str) -> Record | None:
        """Return the record of a payment, or None where there is no such payment."""
        require_text("payment_id", payment_id)
        rows = self._ask(self._queries.read, (payment_id,))
        return read_record(rows) if rows else None

    def lease(self, payment_id: str, owner: str, seconds: float) -> Lease:
        """
        Lease a payment for some seconds; an owner may lease its own again.

        Args:
            payment_id: the id of the payment.
            owner: a name for the lease, 1 to 128 visible ASCII characters.
            seconds: how long it lasts, above 0.

        Raises:
            LeaseHeld: another owner has it.
            JournalError: there is no such payment.
        """
        check_lease(owner, seconds)
        require_text("payment_id", payment_id)
        fence, holder = self._take(payment_id, owner, float(seconds))
        if fence is not None:
            return Lease(payment_id, owner, fence)
        if holder is None:
            raise _no_such_payment(payment_id)
        # It may have been released meanwhile.
        name, left = holder
        raise _lease_is_held(payment_id, name or "another owner", left or 0.0)

    def list(
        self, *, state: str = "", after: str = "", limit: int = 100
    ) -> list[Listed]:
        """
        Return payments in the order of their ids.

        Args:
            state: only those in this state; "" for all. "unknown" is every payment
                whose outcome is unknown: also "confirming", the state after a crash
                during a confirm, "refused", and a state that this version does not
                know.
            after: only those with a greater id, for the next page.
            limit: how many at most, 1 to 10,000.
        """
        check_limit(limit)
        require_text("state", state)
        require_text("after", after)
        states = self._wanted(state)
        query = self._queries.of_states(len(states))
        rows = self._ask(query, (*states, after, limit))
        return [read_listed(row) for row in rows]

    def _wanted(self, state: str) -> Sequence[str]:
        """Return the states that a list by a state shows; none of them for all."""
        if state != State.UNKNOWN:
            return (state,) if state else ()
        # Those that are known come first: what changes between them in this moment
        # is in the list all the same.
        found = (row[0] for row in self._ask(self._queries.states, ()))
        return (*_UNSETTLED, *(one for one in found if one not in _KNOWN))

    @abstractmethod
    def close(self) -> None:
        """Close the journal."""

    @abstractmethod
    def _place(self) -> str:
        """Return where the tables are, for the repr; it holds no secret."""

    @abstractmethod
    def _run_without_leases(self, work: Callable[[Execute, float], None]) -> None:
        """Do ``work`` at a time, in a transaction during which no lease begins."""

    @abstractmethod
    def _ask(self, query: str, values: Row) -> Sequence[Row]:
        """Return every row that a query gives."""

    @abstractmethod
    def _take(
        self, payment_id: str, owner: str, seconds: float
    ) -> tuple[int | None, tuple[str | None, float | None] | None]:
        """
        Lease a payment that is free or the owner's.

        Returns:
            The new fence; or None, and who has the payment for how many seconds
            more, which is None where there is no such payment.
        """


def _no_such_payment(payment_id: str) -> JournalError:
    """Return the error for a payment that was never begun."""
    return JournalError(f"there is no payment {payment_id!r:.80}: begin it first")


def _lease_is_held(payment_id: str, owner: str, seconds: float) -> LeaseHeld:
    """Return the error for a payment that another owner has."""
    left = max(seconds, 0.0)
    error = LeaseHeld(
        f"{owner} works on payment {payment_id}, or died while it did. The payment is"
        f" free in {left:.1f} s at the latest, unless that worker still lives. This"
        " call sent nothing; make it again then"
    )
    error.retry_after = left
    return error


def lease_was_lost(lease: Lease) -> LeaseLost:
    """Return the error for a write of a worker that lost the payment."""
    return LeaseLost(
        f"payment {lease.payment_id} is no longer leased to {lease.owner} under"
        f" fence {lease.fence}; nothing was written. Send nothing more for it, and"
        " read it again."
    )
