"""
The journal: what a payment went through, durable before anything is sent.

A ``Journal`` decides nothing. It keeps payments and their entries, hands
out leases, and refuses a write of a worker that lost one; what an entry means is
decided in ``states``. Two are built in: ``SqliteJournal`` for one machine and
``PostgresJournal`` for many.

Everything that is written is on the disk when a method returns. An entry is
never changed and never taken away. No secret is ever in one: a signed body
holds none, and headers are not kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal  # noqa: TC003 - typing.get_type_hints needs it
from typing import TYPE_CHECKING, ClassVar, Protocol

from kesspay.gateway.messages import (
    check_amount,
    check_currency,
    check_payment_id,
    check_receiver,
    check_sender_name,
)
from kesspay.transfers.attempt import Happened, Rules  # noqa: TC001 - the same


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kesspay.transfers.account import Account, Ownership, Whose


__all__ = ["Entry", "Journal", "Lease", "Listed", "Payment", "Record", "Status"]


@dataclass(frozen=True, slots=True)
class Payment:
    """
    What the caller wants paid. It never changes.

    Args:
        payment_id: the caller's own id, 1 to 60 of A-Z a-z 0-9 _ -; the
            references of the attempts are made from it.
        receiver_id: KESS user id or phone number, up to 25 characters.
        sender_name: name of the partner's customer, up to 96 characters.
        amount: US dollars, above 0, at most two places.
        currency: "USD".

    Raises:
        FieldError: a field breaks a rule.
    """

    payment_id: str
    receiver_id: str
    sender_name: str
    amount: Decimal
    currency: str = "USD"

    def __post_init__(self) -> None:
        """Check every field."""
        check_payment_id("payment_id", self.payment_id)
        check_receiver("receiver_id", self.receiver_id)
        check_sender_name("sender_name", self.sender_name)
        check_amount("amount", self.amount)
        check_currency("currency", self.currency)

    #: Attempts for which there is a reference of at most 64 characters.
    MOST_ATTEMPTS: ClassVar[int] = 999

    def reference(self, attempt: int) -> str:
        """Return the ``out_trade_no`` of an attempt (R1)."""
        return f"{self.payment_id}-{attempt}"


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One thing that happened.

    Args:
        attempt: number of the attempt, from 1.
        what: what happened.
        at: when, in seconds since 1970.
        code: of the gateway, or "".
        facts: what is known besides, as plain JSON values: ids, names,
            the HTTP status.
        sent: the exact signed body, of a request that is about to leave.
        received: the exact answer.
    """

    attempt: int
    what: Happened
    at: float
    code: str = ""
    facts: dict[str, str | int | float] = field(default_factory=dict)
    sent: bytes | None = None
    received: bytes | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """
    Where a payment stands, for lists and for workers.

    Args:
        state: the state of its newest attempt.
        attempt: number of that.
        due_at: when a worker should look at it, or None where only the caller
            can continue, or nothing is left to do.
    """

    state: str
    attempt: int
    due_at: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """
    A payment with everything it went through, oldest first.

    Attributes:
        payment: what the caller wants paid.
        status: where it stands.
        entries: what happened.
        rules: that it was started with, by which every reader judges it; None
            where none were recorded.
    """

    payment: Payment
    status: Status
    entries: tuple[Entry, ...]
    rules: Rules | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A payment in a list."""

    payment: Payment
    status: Status
    begun_at: float
    changed_at: float


@dataclass(frozen=True, slots=True)
class Lease:
    """
    The right to work on a payment, for some seconds.

    Args:
        payment_id: of the payment.
        owner: who has it.
        fence: grows with every lease of the payment; a write with an older
            one is refused, however late it comes.
    """

    payment_id: str
    owner: str
    fence: int


class Journal(Protocol):
    """
    What a back-end has to offer. Any number of threads may use one.

    Every method raises a JournalError where the journal cannot do what is
    asked, before anything is sent on the strength of it: JournalUnavailable
    (full, locked, read-only, unreachable), JournalDamaged (corrupt, or of a
    newer schema), LeaseHeld, LeaseLost and WrongAccount. After a
    JournalUnavailable from a write it may have been written all the same: read
    again before you continue.
    """

    def now(self) -> float:
        """Return the time in seconds since 1970, the same for all workers."""

    def bind(
        self, account: Account, keys: Sequence[tuple[Whose, str]] = (), *, by: str
    ) -> Account:
        """
        Return whom the journal belongs to: this account, where there was none.

        It is called before every use of a payment, so it must be quick where the
        account is there already. Two processes that come first at the same time
        must both return the one that was recorded. What differs is not judged
        here: the caller compares.

        Args:
            account: that wants to use the journal.
            keys: whose keys it uses, by their fingerprints; each is recorded
                once, and only where the journal belongs to ``account``.
            by: who it is, 1 to 128 visible ASCII characters.
        """

    def ownership(self) -> Ownership:
        """Return which account the journal belongs to, and since when."""

    def rebind(self, old: Account | None, new: Account, *, by: str) -> None:
        """
        Record that the journal belongs to another account from now on.

        In one transaction with ``account.check_rebind``, during which no lease
        may begin; what was recorded before stays there. Leases whose time is
        over are lost: a worker that was stopped for a while must write nothing.

        Raises:
            WrongAccount: ``old`` is not the account, or ``new`` is another
                partner and the journal has an entry.
            LeaseHeld: a payment is being worked on.
        """

    def begin(self, payment: Payment, rules: Rules | None = None) -> Record:
        """
        Return the record of a payment, entering it where it is new.

        Args:
            payment: what the caller wants paid.
            rules: recorded with a new payment, exactly and for ever. One that is
                there keeps those it has, or has none.

        Raises:
            PaymentConflict: there is another payment with this id.
        """

    def read(self, payment_id: str) -> Record | None:
        """Return the record of a payment, or None."""

    def lease(self, payment_id: str, owner: str, seconds: float) -> Lease:
        """
        Take a payment for some seconds.

        Raises:
            LeaseHeld: another owner has it.
            JournalError: there is no such payment.
        """

    def take_due(self, owner: str, seconds: float, limit: int) -> list[Lease]:
        """Take payments that are due and free, the most overdue first."""

    def append(
        self, lease: Lease, entries: Sequence[Entry], status: Status, seconds: float
    ) -> None:
        """
        Write entries and the new status, all or none, and extend the lease.

        Raises:
            LeaseLost: another worker took the payment; nothing was written.
        """

    def release(self, lease: Lease) -> None:
        """Give a payment back. A lease that was lost is no error."""

    def list(
        self, *, state: str = "", after: str = "", limit: int = 100
    ) -> Sequence[Listed]:
        """
        Return payments in the order of their ids.

        Args:
            state: only those in this state; "" for all. "unknown" is every payment
                whose outcome is unknown, that is ``attempt.UNSETTLED``: also
                "confirming", where a crash leaves one, and "refused".
            after: only those with a greater id, for the next page.
            limit: how many at most.
        """

    def export(self) -> Iterator[Record]:
        """Yield every record, in the order of the ids, as of one moment."""

    def close(self) -> None:
        """Close the journal."""
