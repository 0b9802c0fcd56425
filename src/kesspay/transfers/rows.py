"""
What the journals of databases share: their rows, the checks of values, RowJournal.

Nothing is converted silently. A value that cannot be stored exactly is refused
before anything is written, and a row that differs from what was written is damage.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from decimal import Decimal, DecimalException
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn, Self

from kesspay._checks import is_number, require
from kesspay._shown import shown_value
from kesspay.errors import (
    InputError,
    JournalDamaged,
    JournalError,
    LeaseHeld,
    LeaseLost,
    PaymentConflict,
)
from kesspay.transfers.account import check_binding
from kesspay.transfers.attempt import STRICT, UNSETTLED, Happened, Rules, State
from kesspay.transfers.bindings import Row, read_ownership, rebind
from kesspay.transfers.journal import (
    Entry,
    Lease,
    Listed,
    Payment,
    Record,
    Status,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kesspay.transfers.account import Account, Ownership
    from kesspay.transfers.bindings import Execute, Statements


__all__ = [
    "BEGUN",
    "Queries",
    "Row",
    "RowJournal",
    "begin_values",
    "check_lease",
    "check_limit",
    "check_same",
    "check_seconds",
    "entry_values",
    "lease_was_lost",
    "read_record",
    "read_records",
    "rules_text",
    "status_values",
    "wanted_states",
]

#: Where a payment stands that was just entered: it waits for its caller.
BEGUN: Final = Status(str(State.NEW), 1, None)

_PAYMENT: Final = "p.payment_id, p.receiver_id, p.sender_name, p.amount, p.currency"
_STATUS: Final = "p.state, p.attempt, p.due_at"
#: Of payments p, left joined with their entries e, in the order of numbers.
_RECORD_COLUMNS: Final = (
    f"{_PAYMENT}, {_STATUS}, p.entries, p.rules,"
    " e.number, e.attempt, e.what, e.at, e.code, e.facts, e.sent, e.received"
)
_LIST_COLUMNS: Final = f"{_PAYMENT}, {_STATUS}, p.begun_at, p.changed_at"

#: What a list of the state "unknown" shows.
_UNKNOWN: Final = tuple(state.value for state in UNSETTLED)

#: Quicker than json.dumps, which makes an encoder for each call.
_json: Final = json.JSONEncoder(separators=(",", ":")).encode

#: Every rule with a value of its type. A rule that comes new needs a default that
#: does what versions without it did: it stands for one that is not recorded.
_RULES: Final = asdict(STRICT)

_WORD: Final = re.compile(r"[!-~]{1,128}")


# -------------------------------------------------------------------- writing


def check_lease(owner: str, seconds: float) -> None:
    """
    Check who takes a lease, and for how long.

    Raises:
        InputError: the owner is not 1 to 128 visible ASCII characters, or the
            seconds are not above zero.
    """
    if not _is_word(owner):
        raise InputError("the owner must be 1 to 128 visible ASCII characters")
    check_seconds(seconds)


def check_seconds(seconds: float) -> None:
    """
    Check how long a lease lasts.

    Raises:
        InputError: not a finite number above zero.
    """
    if not (_is_number(seconds) and seconds > 0):
        raise InputError(
            f"a lease lasts more than 0 seconds; got {shown_value(seconds)}"
        )


def check_limit(limit: int) -> None:
    """
    Check how many payments are wanted.

    Raises:
        InputError: not 1 to 10,000.
    """
    if not (type(limit) is int and 1 <= limit <= 10_000):
        raise InputError(f"the limit must be 1 to 10000; got {shown_value(limit)}")


def _payment_values(payment: Payment) -> tuple[str, str, str, str, str]:
    """Return a payment as its five columns."""
    return (
        payment.payment_id,
        payment.receiver_id,
        payment.sender_name,
        format(payment.amount, "f"),
        payment.currency,
    )


def check_same(kept: Payment, asked: Payment) -> None:
    """
    Check that a payment is the one the journal has; 1.5 and 1.50 are the same.

    Raises:
        PaymentConflict: a field differs.
    """
    if kept != asked:
        raise PaymentConflict(
            f"there is another payment with the id {asked.payment_id}: its fields"
            " differ. An id names one payment for ever; nothing was written."
        )


def begin_values(payment: Payment, rules: Rules | None) -> Row:
    """
    Return the columns of a payment that is new, without its times.

    Raises:
        InputError: a value that no journal can keep.
    """
    require(payment, Payment, "payment")
    return (*_payment_values(payment), *status_values(BEGUN), rules_text(rules))


def status_values(status: Status) -> tuple[str, int, float | None]:
    """
    Return a status as its three columns.

    Raises:
        InputError: it cannot be kept.
    """
    due = status.due_at
    if (
        not _is_word(status.state)
        or not _is_attempt(status.attempt)
        or not (due is None or _is_number(due))
    ):
        shown = ", ".join(map(shown_value, (status.state, status.attempt, due)))
        raise InputError(f"the status cannot be kept in the journal: {shown}")
    return str(status.state), status.attempt, None if due is None else float(due)


def rules_text(rules: Rules | None) -> str | None:
    """
    Return the rules of a payment as JSON, each by its name.

    Raises:
        InputError: one of them cannot be kept exactly.
    """
    if rules is None:
        return None
    require(rules, Rules, "rules")
    fields = asdict(rules)
    for name, value in fields.items():
        if not _is_rule(name, value):
            raise InputError(
                f"the rule {name} cannot be kept in the journal: {value!r:.80}"
            )
    return _json(fields)


def entry_values(entry: Entry) -> Row:
    """
    Return an entry as its seven columns.

    Raises:
        InputError: it cannot be kept.
    """
    if not _is_entry(entry):
        # The bodies are not shown.
        what = shown_value(entry.what)
        raise InputError(f"the entry {what} cannot be kept in the journal")
    return (
        entry.attempt,
        entry.what.value,
        float(entry.at),
        # The gateway's, verbatim: no database takes every character.
        entry.code.encode("unicode_escape").decode("ascii"),
        _json(entry.facts),
        entry.sent,
        entry.received,
    )


def require_text(name: str, value: object) -> None:
    """
    Refuse what no database takes as a text, or what is none.

    Raises:
        InputError: no str, or one with control characters or lone surrogates.
    """
    if not isinstance(value, str) or not value.isprintable():
        raise InputError(
            f"the journal cannot take this value as {name}: it must be a str of"
            " printable characters"
        )


def _is_entry(entry: Entry) -> bool:
    """Return whether a journal can keep an entry, as it comes back."""
    return (
        _is_attempt(entry.attempt)
        and _is(entry.what, Happened)
        and _is_number(entry.at)
        and _is(entry.code, str)
        and _is(entry.facts, dict)
        and all(
            type(name) is str and (type(value) is str or _is_number(value))
            for name, value in entry.facts.items()
        )
        and {type(entry.sent), type(entry.received)} <= {bytes, type(None)}
    )


def _is_rule(name: str, value: object) -> bool:
    """Return whether a value is of the type of its rule, and finite."""
    usual = _RULES.get(name)
    if isinstance(usual, tuple):
        return isinstance(value, (tuple, list)) and all(map(_is_number, value))
    if isinstance(usual, float):
        return _is_number(value)
    return usual is not None and type(value) is type(usual)


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_attempt(value: object) -> bool:
    return type(value) is int and 1 <= value < 2**31


def _is_number(value: object) -> bool:
    return type(value) in {int, float} and is_number(value)


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


# -------------------------------------------------------------------- reading


def wanted_states(state: str) -> tuple[str, ...]:
    """Return the states that a list by a state shows; none of them for all."""
    if state == State.UNKNOWN:
        return _UNKNOWN
    return (state,) if state else ()


def _read_listed(row: Row) -> Listed:
    """
    Read a row of ``Queries.lists``.

    Raises:
        JournalDamaged: it is not as it was written.
    """
    return Listed(_payment(row[:5]), Status(*row[5:8]), *row[8:])


def read_record(rows: Sequence[Row]) -> Record:
    """
    Read the rows of ``Queries.read``.

    Raises:
        JournalDamaged: they are not as they were written.
    """
    first = rows[0]
    payment = _payment(first[:5])
    numbers = [row[10] for row in rows if row[10] is not None]
    if first[8] != len(numbers) or numbers != [*range(1, len(numbers) + 1)]:
        raise _damaged(payment.payment_id, "its entries are not complete")
    entries = tuple(
        _entry(payment.payment_id, row[11:]) for row in rows if row[10] is not None
    )
    rules = _rules(payment.payment_id, first[9])
    return Record(payment, Status(*first[5:8]), entries, rules)


def read_records(rows: Iterable[Row]) -> Iterator[Record]:
    """
    Read the rows of ``Queries.export``.

    Raises:
        JournalDamaged: they are not as they were written.
    """
    for _, group in groupby(rows, key=itemgetter(0)):
        yield read_record(list(group))


def _payment(row: Row) -> Payment:
    payment_id, receiver_id, sender_name, amount, currency = row
    try:
        return Payment(payment_id, receiver_id, sender_name, Decimal(amount), currency)
    except (InputError, DecimalException, TypeError):
        raise _damaged(payment_id, "its fields are not those of a payment") from None


def _rules(payment_id: str, text: str | None) -> Rules | None:
    if text is None:
        return None
    try:
        fields = dict(json.loads(text))
    except (ValueError, TypeError, RecursionError):
        raise _damaged(payment_id, "its rules cannot be read") from None
    for name, value in fields.items():
        if name not in _RULES:
            why = (
                f"it is judged by a rule that this version does not have, {name!r:.40}"
            )
            raise _damaged(payment_id, why)
        if not _is_rule(name, value):
            raise _damaged(payment_id, f"its rule {name} is {value!r:.40}")
        if isinstance(value, list):
            fields[name] = tuple(value)
    try:
        return Rules(**fields)
    except InputError as error:
        raise _damaged(payment_id, str(error)) from None


def _entry(payment_id: str, row: Row) -> Entry:
    attempt, what, at, code, facts, sent, received = row
    try:
        made = Entry(
            attempt,
            Happened(what),
            at,
            code.encode("ascii").decode("unicode_escape"),
            dict(json.loads(facts)),
            sent,
            received,
        )
    except (ValueError, TypeError, RecursionError):
        made = None
    if made is None or not _is_entry(made):
        raise _damaged(payment_id, f"its entry {what!r:.40} cannot be read")
    return made


def _damaged(payment_id: object, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"the journal is damaged, or a newer version of kesspay wrote to it: payment"
        f" {payment_id!r:.80}: {why}. Send nothing for this payment; restore the"
        " journal, or let a person look at it."
    )


# ---------------------------------------------------------------- the journals


@dataclass(frozen=True, slots=True)
class Queries:
    """
    What a journal asks its tables, with the placeholder of its database.

    Attributes:
        read: gives the rows of one payment; the value is its id.
        export: gives the rows of every payment.
        lists: give the payments of a list, by the number of states that it is
            limited to; values are the states, the id that all are greater than,
            and how many rows at most.
    """

    read: str
    export: str
    lists: dict[int, str]

    @classmethod
    def of(cls, placeholder: str) -> Self:
        """Return the queries; the placeholder is "?" or "%s"."""
        # Constants and placeholders.
        records = (
            f"SELECT {_RECORD_COLUMNS} FROM payments p"  # noqa: S608 - see above
            " LEFT JOIN entries e ON e.payment_id = p.payment_id"
        )
        lists = {}
        for number in (0, 1, len(_UNKNOWN)):
            states = ", ".join([placeholder] * number)
            lists[number] = (
                f"SELECT {_LIST_COLUMNS} FROM payments p WHERE"  # noqa: S608 - see above
                + (f" p.state IN ({states}) AND" if number else "")
                + f" p.payment_id > {placeholder}"
                f" ORDER BY p.payment_id LIMIT {placeholder}"
            )
        return cls(
            read=f"{records} WHERE p.payment_id = {placeholder} ORDER BY e.number",
            export=f"{records} ORDER BY p.payment_id, e.number",
            lists=lists,
        )


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
                during a confirm, and "refused".
            after: only those with a greater id, for the next page.
            limit: how many at most, 1 to 10,000.
        """
        check_limit(limit)
        require_text("state", state)
        require_text("after", after)
        states = wanted_states(state)
        rows = self._ask(self._queries.lists[len(states)], (*states, after, limit))
        return [_read_listed(row) for row in rows]

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
