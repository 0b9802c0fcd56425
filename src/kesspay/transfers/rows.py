"""
What the journals have in common: rows, and what may stand in them.

Nothing is converted silently. What cannot be kept exactly is refused before
anything is written, and a row that is not as it was written is damage.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from decimal import Decimal, DecimalException
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from kesspay._shown import shown_value
from kesspay.errors import (
    InputError,
    JournalDamaged,
    JournalError,
    LeaseHeld,
    LeaseLost,
    PaymentConflict,
)
from kesspay.transfers.attempt import STRICT, UNSETTLED, Happened, Rules, State
from kesspay.transfers.journal import Entry, Listed, Payment, Record, Status


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kesspay.transfers.journal import Lease


__all__ = [
    "BEGUN",
    "RECORD_COLUMNS",
    "Row",
    "check_lease",
    "check_limit",
    "check_same",
    "check_seconds",
    "entry_values",
    "lease_is_held",
    "lease_was_lost",
    "list_queries",
    "no_such_payment",
    "payment_values",
    "read_listed",
    "read_record",
    "read_records",
    "rules_text",
    "status_values",
    "wanted_states",
]

Row = tuple[Any, ...]

#: Where a payment stands that was just entered: it waits for its caller.
BEGUN: Final = Status(str(State.NEW), 1, None)

_PAYMENT: Final = "p.payment_id, p.receiver_id, p.sender_name, p.amount, p.currency"
_STATUS: Final = "p.state, p.attempt, p.due_at"
#: Of payments p, left joined with their entries e, in the order of numbers.
RECORD_COLUMNS: Final = (
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


def payment_values(payment: Payment) -> tuple[str, str, str, str, str]:
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
        raise InputError(f"the status cannot be kept in the journal: {status!r:.200}")
    return str(status.state), status.attempt, due


def rules_text(rules: Rules | None) -> str | None:
    """
    Return the rules of a payment as JSON, each by its name.

    Raises:
        InputError: one of them cannot be kept exactly.
    """
    if rules is None:
        return None
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
    if (
        not _is_attempt(entry.attempt)
        or not _is(entry.what, Happened)
        or not _is_number(entry.at)
        or not _is(entry.code, str)
        or not all(_is_body(body) for body in (entry.sent, entry.received))
    ):
        # The bodies are not shown.
        raise InputError(f"the entry {entry.what!r:.40} cannot be kept in the journal")
    return (
        entry.attempt,
        entry.what.value,
        float(entry.at),
        # The gateway's, verbatim: no database takes every character.
        entry.code.encode("unicode_escape").decode("ascii"),
        _facts_text(entry),
        entry.sent,
        entry.received,
    )


def _facts_text(entry: Entry) -> str:
    for name, value in entry.facts.items():
        if type(name) is not str or not (type(value) is str or _is_number(value)):
            raise InputError(
                f"the fact {name!r:.40} of {entry.what} cannot be kept in the journal"
            )
    return _json(entry.facts)


def _is_rule(name: str, value: object) -> bool:
    """Tell whether a value is of the type of its rule, and finite."""
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
    return type(value) in {int, float} and math.isfinite(value)  # type: ignore[arg-type]


def _is_body(value: object) -> bool:
    return value is None or type(value) is bytes


def no_such_payment(payment_id: str) -> JournalError:
    """Return the error for a payment that was never begun."""
    return JournalError(f"there is no payment {payment_id!r:.80}: begin it first")


def lease_is_held(payment_id: str, owner: str, seconds: float) -> LeaseHeld:
    """Return the error for a payment that another owner has."""
    left = max(seconds, 0.0)
    error = LeaseHeld(
        f"{owner} is going on with payment {payment_id}, or died while it did: in"
        f" {left:.1f} s at the latest the payment is free, unless that worker still"
        " lives. Nothing was sent by this call; make it again then"
    )
    error.retry_after = left
    return error


def lease_was_lost(lease: Lease) -> LeaseLost:
    """Return the error for a write of somebody who lost the payment."""
    return LeaseLost(
        f"payment {lease.payment_id} is no longer leased to {lease.owner} under"
        f" fence {lease.fence}; nothing was written. Send nothing more for it, and"
        " read it again."
    )


# -------------------------------------------------------------------- reading


def list_queries(placeholder: str) -> dict[int, str]:
    """
    Return the queries of a list, by the number of states that it is limited to.

    Args:
        placeholder: for a value, "?" or "%s"; first the states, then the id that
            all are greater than, then how many rows at most.
    """
    queries = {}
    for number in (0, 1, len(_UNKNOWN)):
        states = ", ".join([placeholder] * number)
        queries[number] = (
            f"SELECT {_LIST_COLUMNS} FROM payments p WHERE"  # noqa: S608 - constants
            + (f" p.state IN ({states}) AND" if number else "")
            + f" p.payment_id > {placeholder}"
            f" ORDER BY p.payment_id LIMIT {placeholder}"
        )
    return queries


def wanted_states(state: str) -> tuple[str, ...]:
    """Return the states that a list by a state shows; none of them for all."""
    if state == State.UNKNOWN:
        return _UNKNOWN
    return (state,) if state else ()


def read_listed(row: Row) -> Listed:
    """
    Read a row of ``list_queries``.

    Raises:
        JournalDamaged: it is not as it was written.
    """
    return Listed(_payment(row[:5]), Status(*row[5:8]), *row[8:])


def read_record(rows: Sequence[Row]) -> Record:
    """
    Read the rows of RECORD_COLUMNS of one payment.

    Raises:
        JournalDamaged: they are not as they were written.
    """
    first = rows[0]
    payment = _payment(first[:5])
    numbers = [row[10] for row in rows if row[10] is not None]
    if numbers != list(range(1, first[8] + 1)):
        raise _damaged(payment.payment_id, "its entries are not complete")
    entries = tuple(
        _entry(payment.payment_id, row[11:]) for row in rows if row[10] is not None
    )
    rules = _rules(payment.payment_id, first[9])
    return Record(payment, Status(*first[5:8]), entries, rules)


def read_records(rows: Iterable[Row]) -> Iterator[Record]:
    """
    Read the rows of RECORD_COLUMNS of many payments, which follow each other.

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
    except (ValueError, TypeError):
        raise _damaged(payment_id, "its rules cannot be read") from None
    for name, value in fields.items():
        if name not in _RULES:
            why = f"it is judged by a rule that this version has not, {name!r:.40}"
            raise _damaged(payment_id, why)
        if not _is_rule(name, value):
            raise _damaged(payment_id, f"its rule {name} is {value!r:.40}")
        if isinstance(value, list):
            fields[name] = tuple(value)
    return Rules(**fields)


def _entry(payment_id: str, row: Row) -> Entry:
    attempt, what, at, code, facts, sent, received = row
    try:
        return Entry(
            attempt,
            Happened(what),
            at,
            code.encode("ascii").decode("unicode_escape"),
            dict(json.loads(facts)),
            sent,
            received,
        )
    except (ValueError, TypeError):
        raise _damaged(payment_id, f"its entry {what!r:.40} cannot be read") from None


def _damaged(payment_id: object, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"the journal is damaged, or a newer version of kesspay wrote to it: payment"
        f" {payment_id!r:.80}: {why}. Send nothing for this payment; restore the"
        " journal, or let a person look at it."
    )
