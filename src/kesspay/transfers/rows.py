"""
The rows of a journal in tables: how values are checked, written and read.

Nothing is converted silently. A value that cannot be stored exactly is refused
before anything is written, and a row that differs from what was written is damage.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields
from decimal import Decimal, DecimalException
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from kesspay._checks import is_number, require
from kesspay._shown import shown_value
from kesspay.errors import (
    InputError,
    JournalDamaged,
    PaymentConflict,
)
from kesspay.transfers.attempt import STRICT, Happened, Rules, State
from kesspay.transfers.bindings import Row
from kesspay.transfers.journal import (
    Entry,
    Listed,
    Payment,
    Record,
    Status,
)


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


__all__ = [
    "BEGUN",
    "LIST_COLUMNS",
    "RECORD_COLUMNS",
    "Row",
    "begin_values",
    "check_lease",
    "check_limit",
    "check_same",
    "check_seconds",
    "entry_values",
    "read_listed",
    "read_record",
    "read_records",
    "require_text",
    "rules_text",
    "status_values",
]

#: Where a payment stands that was just entered: it waits for its caller.
BEGUN: Final = Status(str(State.NEW), 1, None)

_PAYMENT: Final = "p.payment_id, p.receiver_id, p.sender_name, p.amount, p.currency"
_STATUS: Final = "p.state, p.attempt, p.due_at"
#: Of payments p, left joined with their entries e, in the order of numbers.
RECORD_COLUMNS: Final = (
    f"{_PAYMENT}, {_STATUS}, p.entries, p.rules,"
    " e.number, e.attempt, e.what, e.at, e.code, e.facts, e.sent, e.received"
)
LIST_COLUMNS: Final = f"{_PAYMENT}, {_STATUS}, p.begun_at, p.changed_at"

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
        names = (
            one.name
            for one in fields(Payment)
            if getattr(kept, one.name) != getattr(asked, one.name)
        )
        raise PaymentConflict(
            f"there is another payment with the id {asked.payment_id}: it differs in"
            f" {', '.join(names)}. An id names one payment for ever; nothing was"
            " written."
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


# -------------------------------------------------------------------- reading


def read_listed(row: Row) -> Listed:
    """
    Read a row of a list of ``Queries``.

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
