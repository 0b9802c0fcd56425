"""``kesspay journal``: look into the journal of transfers."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay._shown import shown_value
from kesspay.cli.journals import journal_option
from kesspay.cli.options import json_option
from kesspay.cli.outcome import Outcome
from kesspay.cli.printer import printable
from kesspay.errors import InputError


if TYPE_CHECKING:
    from kesspay.cli.printer import Printer
    from kesspay.transfers.journal import Entry, Journal, Payment, Record


__all__ = ["journal"]

_HELP: Final = """Look into the journal of transfers. Nothing is sent or changed.

The journal holds the signed messages of every transfer, word for word; no
password, no token and no private key is in it.
"""

_LIST: Final = """List payments in the order of their ids.

\b
JSON fields
    payments  list of: payment_id, receiver_id, amount, currency, state,
              attempt, due_at, begun_at, changed_at (seconds since 1970; due_at
              null where no worker has anything to do)
    more      whether there are more; go on with --after the last payment_id
"""

_SHOW: Final = """Show everything a payment went through, and what came of it.

\b
JSON fields
    payment  payment_id, receiver_id, sender_name, amount, currency
    result   as of kesspay resume
    entries  list of: attempt, what, at (seconds since 1970), code, facts,
             sent, received (text, or null)
"""

_EXPORT: Final = """Write every payment with all its entries, a line of JSON for each.

Messages are text, or base64 in sent_base64 and received_base64 where they are no
UTF-8. It is read in one moment, also while transfers go on.

\b
JSON fields of each line
    payment, entries  as of kesspay journal show
    state             of the newest attempt
"""


@click.group("journal", help=_HELP)
def journal() -> None:
    """Hold the commands together."""


@journal.command("list", help=_LIST)
@click.option("--state", default="", help="Only those in this state.")
@click.option("--after", default="", metavar="ID", help="Only those after this id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@journal_option
@json_option
def list_(*, journal: Journal, state: str, after: str, limit: int) -> Outcome:
    """List payments."""
    found = journal.list(state=state, after=after, limit=limit + 1)
    rows = [
        {
            **_payment(one.payment),
            "state": one.status.state,
            "attempt": one.status.attempt,
            "due_at": one.status.due_at,
            "begun_at": one.begun_at,
            "changed_at": one.changed_at,
        }
        for one in found[:limit]
    ]
    more = len(found) > limit

    def view(printer: Printer) -> None:
        for row in rows:
            due = f"  due {_time(row['due_at'])}" if row["due_at"] else ""
            printer.line(
                f"{row['state']:<10} {row['payment_id']}  {row['amount']} "
                f"{row['currency']} to {row['receiver_id']}  "
                f"{_time(row['changed_at'])}{due}"
            )
        if more:
            printer.line(f"more: --after {rows[-1]['payment_id']}")
        if not rows:
            printer.line("There is no such payment.")

    return Outcome("journal list", {"payments": rows, "more": more}, view)


@journal.command("show", help=_SHOW)
@click.argument("payment_id")
@journal_option
@json_option
def show(*, journal: Journal, payment_id: str) -> Outcome:
    """Show a payment."""
    from dataclasses import asdict

    from kesspay.transfers.fold import fold
    from kesspay.transfers.result import result_of

    record = journal.read(payment_id)
    if record is None:
        raise InputError(
            f"the journal has no payment with this id ({shown_value(payment_id)})"
        )
    result = result_of(fold(record))
    entries = [_entry(entry) for entry in record.entries]

    def view(printer: Printer) -> None:
        rows = [(name, str(value)) for name, value in _payment(record.payment).items()]
        rows += [("outcome", result.outcome), ("next", result.next_step)]
        if result.fund_transfer_id:
            rows.append(("credit", result.fund_transfer_id))
        if result.reason:
            rows.append(("reason", result.reason))
        printer.table(rows)
        printer.line()
        for entry in record.entries:
            _show_entry(printer, entry)

    data = {
        "payment": _payment(record.payment),
        "result": asdict(result),
        "entries": entries,
    }
    return Outcome("journal show", data, view)


@journal.command("export", help=_EXPORT)
@journal_option
@json_option
def export(*, journal: Journal) -> Outcome:
    """Write everything."""
    for record in journal.export():
        click.echo(json.dumps(_record(record)))
    return Outcome()


def _record(record: Record) -> dict[str, Any]:
    return {
        "payment": _payment(record.payment),
        "state": record.status.state,
        "entries": [_entry(entry) for entry in record.entries],
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": payment.payment_id,
        "receiver_id": payment.receiver_id,
        "sender_name": payment.sender_name,
        "amount": f"{payment.amount:.2f}",
        "currency": payment.currency,
    }


def _entry(entry: Entry) -> dict[str, Any]:
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


def _body(name: str, body: bytes | None) -> dict[str, str | None]:
    if body is None:
        return {name: None}
    try:
        return {name: body.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(body).decode("ascii")}


def _show_entry(printer: Printer, entry: Entry) -> None:
    facts = ", ".join(f"{name} {value}" for name, value in entry.facts.items())
    said = " ".join(text for text in (entry.code, facts) if text)
    printer.line(f"{_time(entry.at)}  #{entry.attempt} {entry.what.value}  {said}")
    for name, body in (("sent", entry.sent), ("received", entry.received)):
        if body is not None:
            text = body.decode("utf-8", "backslashreplace")
            printer.line(printable(f"    {name:<8} {text}"))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ", "seconds")
