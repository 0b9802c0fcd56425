"""
The journal records each step of a payment, durably, before anything is sent.

A ``Journal`` decides nothing. It stores payments and their entries, grants leases,
and refuses a write of a worker that lost its lease; ``states`` decides what an
entry means. Two journals are built in: ``SqliteJournal`` for one machine and
``PostgresJournal`` for many.

What a method has written is on the disk when it returns. An entry is never
changed and never removed. No entry holds a secret: a signed body has none, and
headers are not stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal  # noqa: TC003 - typing.get_type_hints needs it
from typing import TYPE_CHECKING, ClassVar, Protocol

from kesspay._checks import plain_fields, require
from kesspay.errors import FieldError, InputError
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
    What the caller wants to pay. It never changes.

    Args:
        payment_id: the caller's own id, 1 to 60 of A-Z a-z 0-9 _ -; the
            references of the attempts are made from it.
        receiver_id: KESS user ID or phone number, 1 to 25 characters.
        sender_name: name of the partner's customer, 1 to 96 characters.
        amount: a Decimal in US dollars, above 0, at most two decimal places.
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
        plain_fields(self)
        check_payment_id("payment_id", self.payment_id)
        check_receiver("receiver_id", self.receiver_id)
        check_sender_name("sender_name", self.sender_name)
        check_amount("amount", self.amount)
        check_currency("currency", self.currency)

    MOST_ATTEMPTS: ClassVar[int] = 999
    """The greatest number of attempts whose references have at most 64 characters."""

    def reference(self, attempt: int) -> str:
        """Return the ``out_trade_no`` of an attempt (R1)."""
        return f"{self.payment_id}-{attempt}"


def is_payment_id(value: object) -> bool:
    """
    Return whether a text can be the id of a payment; of another one there is none.

    Raises:
        FieldError: it is no text at all.
    """
    if not isinstance(value, str):
        raise FieldError("payment_id", "must be a str", value)
    try:
        check_payment_id("payment_id", value)
    except FieldError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One thing that happened.

    Args:
        attempt: number of the attempt, from 1.
        what: what happened.
        at: when, in seconds since 1970.
        code: the gateway's code, or "".
        facts: further facts as JSON values: ids, names, the HTTP status.
        sent: the exact signed body of a request that is about to be sent, or None.
        received: the exact body of the answer, or None.
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
    The status of a payment, for lists and for workers.

    Args:
        state: the state of its newest attempt.
        attempt: the number of that attempt.
        due_at: when a worker should resume it, in seconds since 1970; None where
            only the caller can continue, or nothing is left to do.
    """

    state: str
    attempt: int
    due_at: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """
    A payment with all of its entries.

    Attributes:
        payment: what the caller wants to pay.
        status: its status.
        entries: what happened, oldest first.
        rules: the rules that it was started with, by which every reader judges it;
            None where none were recorded.
    """

    payment: Payment
    status: Status
    entries: tuple[Entry, ...]
    rules: Rules | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """
    A payment in a list.

    Attributes:
        payment: what the caller wants to pay.
        status: its status.
        begun_at: when it was recorded first, in seconds since 1970.
        changed_at: when it was changed last, in seconds since 1970.
    """

    payment: Payment
    status: Status
    begun_at: float
    changed_at: float


@dataclass(frozen=True, slots=True)
class Lease:
    """
    The right to work on a payment, for some seconds.

    Args:
        payment_id: the id of the payment.
        owner: the worker that holds the lease.
        fence: a number that grows with every lease of the payment. A write under an
            older fence is refused, however late it arrives.
    """

    payment_id: str
    owner: str
    fence: int


def check_write(lease: object, entries: object, status: object) -> None:
    """Refuse what is no lease, no list of entries or no status (InputError)."""
    require(lease, Lease, "lease")
    require(status, Status, "status")
    if not isinstance(entries, tuple | list) or not all(
        isinstance(one, Entry) for one in entries
    ):
        raise InputError("entries must be a list of Entry objects")


class Journal(Protocol):
    """
    The methods of a journal. Any number of threads may use one.

    Every method raises a JournalError where it cannot do its work:
    JournalUnavailable (full, locked, read-only, unreachable), JournalDamaged
    (corrupt, or of a newer schema), LeaseHeld, LeaseLost or WrongAccount. After a
    write that raised JournalUnavailable the data may have been written all the same:
    read again before you continue.
    """

    def now(self) -> float:
        """Return the time in seconds since 1970, the same for all workers."""

    def bind(
        self, account: Account, keys: Sequence[tuple[Whose, str]] = (), *, by: str
    ) -> Account:
        """
        Return the account of the journal; record this one where there is none.

        It is called before every use of a payment, so it must be quick where an
        account is recorded already. If two processes call it first at the same
        time, both must return the account that was recorded. The caller compares
        it with its own.

        Args:
            account: the account of the caller.
            keys: the keys that the caller uses: whose key it is, and its
                fingerprint (SHA-256 in lower-case hex). Each is recorded once, and
                only where the journal belongs to ``account``.
            by: user, host and process of the caller, 1 to 128 visible ASCII
                characters; recorded with a new account.
        """

    def ownership(self) -> Ownership:
        """Return the accounts and keys that the journal records."""

    def rebind(self, old: Account | None, new: Account, *, by: str) -> None:
        """
        Record that the journal belongs to another account from now on.

        This needs one transaction with ``account.check_rebind``, during which no
        lease may begin. The bindings before it stay recorded. Leases whose time is
        over are lost: a worker that was stopped for a while must write nothing.

        Args:
            old: the account that the journal belongs to, or None.
            new: the account that it is to belong to.
            by: user, host and process of the caller, 1 to 128 visible ASCII
                characters.

        Raises:
            WrongAccount: ``old`` is not the account, or ``new`` is another
                partner and the journal has an entry.
            LeaseHeld: a payment is being worked on.
        """

    def begin(self, payment: Payment, rules: Rules | None = None) -> Record:
        """
        Return the record of a payment; make it where the id is new.

        Args:
            payment: what the caller wants to pay.
            rules: recorded with a new payment, exactly and for ever. A payment that
                is recorded already keeps its rules, or has none.

        Raises:
            PaymentConflict: the id names a payment with other fields.
        """

    def read(self, payment_id: str) -> Record | None:
        """Return the record of a payment, or None where there is no such payment."""

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

    def take_due(self, owner: str, seconds: float, limit: int) -> list[Lease]:
        """
        Lease payments that are due and not leased, the most overdue first.

        Args:
            owner: a name for the leases, 1 to 128 visible ASCII characters.
            seconds: how long they last, above 0.
            limit: how many at most, 1 to 10,000.
        """

    def append(
        self, lease: Lease, entries: Sequence[Entry], status: Status, seconds: float
    ) -> None:
        """
        Write entries and the new status, all or none, and extend the lease.

        Args:
            lease: the lease under which the entries are written.
            entries: what happened, in order.
            status: the status of the payment after them.
            seconds: how long the lease lasts from now on.

        Raises:
            LeaseLost: another worker took the lease; nothing was written.
        """

    def release(self, lease: Lease) -> None:
        """End a lease before its time. A lease that was lost is no error."""

    def list(
        self, *, state: str = "", after: str = "", limit: int = 100
    ) -> Sequence[Listed]:
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

    def export(self) -> Iterator[Record]:
        """Yield every record in the order of the ids, as of one moment."""

    def close(self) -> None:
        """Close the journal."""
