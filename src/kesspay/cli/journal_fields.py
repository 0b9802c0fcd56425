"""What the commands of the journal print: its values as JSON fields and in words."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, overload

from kesspay.transfers.attempt import RELAXED, STRICT


if TYPE_CHECKING:
    from kesspay.transfers.account import Account
    from kesspay.transfers.attempt import Rules
    from kesspay.transfers.journal import Entry, Payment, Record


__all__ = [
    "account_fields",
    "duration",
    "entry_fields",
    "moment",
    "payment_fields",
    "record_fields",
    "rules_fields",
    "rules_in_words",
]


@overload
def account_fields(account: Account) -> dict[str, str]: ...


@overload
def account_fields(account: None) -> None: ...


@overload
def account_fields(account: Account | None) -> dict[str, str] | None: ...


def account_fields(account: Account | None) -> dict[str, str] | None:
    """Return an account, or None."""
    if account is None:
        return None
    return {"base_url": account.base_url, "partner_id": account.partner_id}


def payment_fields(payment: Payment) -> dict[str, Any]:
    """Return a payment; its amount is text with two places."""
    return {
        "payment_id": payment.payment_id,
        "receiver_id": payment.receiver_id,
        "sender_name": payment.sender_name,
        "amount": f"{payment.amount:.2f}",
        "currency": payment.currency,
    }


def entry_fields(entry: Entry) -> dict[str, Any]:
    """Return an entry; a message that is not UTF-8 is given in base64."""
    fields: dict[str, Any] = {
        "attempt": entry.attempt,
        "what": entry.what.value,
        "at": entry.at,
        "code": entry.code,
        "facts": entry.facts,
    }
    for name, body in (("sent", entry.sent), ("received", entry.received)):
        fields |= _body(name, body)
    return fields


def record_fields(record: Record, account: Account | None) -> dict[str, Any]:
    """Return a payment with all its entries."""
    return {
        "payment": payment_fields(record.payment),
        "account": account_fields(account),
        "rules": rules_fields(record),
        "state": record.status.state,
        "entries": [entry_fields(entry) for entry in record.entries],
    }


def rules_fields(record: Record) -> dict[str, Any] | None:
    """Return the recorded rules by name, or None."""
    return None if record.rules is None else asdict(record.rules)


def rules_in_words(rules: Rules | None) -> str:
    """Return rules as STRICT or RELAXED, and what differs from that."""
    if rules is None:
        return "none recorded; STRICT holds"
    usual = asdict(RELAXED if rules.relaxed else STRICT)
    differs = [
        f"{name} {value}"
        for name, value in asdict(rules).items()
        if value != usual[name]
    ]
    return ", ".join(["RELAXED" if rules.relaxed else "STRICT", *differs])


def moment(seconds: float) -> str:
    """Return seconds since 1970 as a date and a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds")


def duration(seconds: float) -> str:
    """Return seconds in the two largest units that say something: 3 d 4 h, 1.25 s."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def _body(name: str, body: bytes | None) -> dict[str, str | None]:
    if body is None:
        return {name: None}
    try:
        return {name: body.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(body).decode("ascii")}
