"""``kesspay journal show``: one payment, its result, and its timeline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from kesspay._shown import shown_value
from kesspay.cli.journal_fields import (
    account_fields,
    duration,
    entry_fields,
    moment,
    payment_fields,
    rules_fields,
    rules_in_words,
)
from kesspay.cli.options import journal_option, json_option
from kesspay.cli.outcome import Outcome
from kesspay.cli.printer import printable
from kesspay.errors import InputError
from kesspay.transfers.attempt import Happened


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.cli.printer import Printer
    from kesspay.transfers.journal import Entry, Journal, Record
    from kesspay.transfers.payment import TransferResult


__all__ = ["show", "timeline"]

_HELP: Final = """Show a payment: its result, and its timeline with every message.

Each line of the timeline has the time since the line before. Signatures are
shortened, except with --full and in JSON.

\b
JSON fields
    payment  payment_id, receiver_id, sender_name, amount, currency
    account  as of kesspay journal list
    rules    that the payment was started with, by name; null where none were
             recorded, and STRICT holds
    result   as of kesspay resume, with receiver_id, receiver_name, sender_name
    entries  list of: attempt, what, at (seconds since 1970), code, facts,
             sent, received (text, or null)
"""

#: What a line of the timeline says of an entry, before what its facts add.
_WORDS: Final = {
    Happened.CREATE_SENDING: "create is sent",
    Happened.CREATE_NOT_SENT: "create was not sent",
    Happened.CREATE_UNKNOWN: "create has no answer that counts",
    Happened.CREATE_REFUSED: "the gateway refused the create",
    Happened.CREATE_GRANTED: "the gateway granted a pre-transfer",
    Happened.CONFIRM_SENDING: "confirm is sent",
    Happened.CONFIRM_NOT_SENT: "confirm was not sent",
    Happened.CONFIRM_UNKNOWN: "confirm has no answer that counts",
    Happened.CONFIRM_REFUSED: "the gateway refused the confirm",
    Happened.CONFIRM_PAID: "the gateway paid",
    Happened.QUERY_PAID: "a query says that it is paid",
    Happened.QUERY_DIFFERS: "a query names another transfer",
    Happened.QUERY_SAID: "a query does not say that it is paid",
    Happened.QUERY_UNKNOWN: "a query has no answer that counts",
    Happened.DEBITED: "your program recorded its debit",
    Happened.DECLINED: "the payment was ended without a confirm",
    Happened.WINDOW_CLOSED: "there was too little time left to confirm",
    Happened.DECIDED: "a person made the decision that no answer of the gateway made",
}

#: Why an answer is missing, by what the journal keeps of the transport.
_UNREACHED: Final = {
    "not_sent": "the gateway could not be reached",
    "no_reply": "the gateway did not answer",
    "bad_reply": "what came back is no HTTP answer",
}

_SIGN: Final = re.compile(r'("sign"\s*:\s*")((?:[^"\\]|\\.){16,})(")')


@click.command("show", help=_HELP)
@click.argument("payment_id")
@click.option("--full", is_flag=True, help="Show signatures whole.")
@journal_option
@json_option
def show(*, journal: Journal, payment_id: str, full: bool) -> Outcome:
    """Show a payment."""
    from kesspay.transfers.payment import replay, result_of

    record = journal.read(payment_id)
    if record is None:
        raise InputError(
            f"the journal has no payment with this id ({shown_value(payment_id)})"
        )
    result = result_of(replay(record))
    account = journal.ownership().account

    def view(printer: Printer) -> None:
        rows = [("account", str(account or "none yet"))]
        rows += [
            (name, str(value)) for name, value in payment_fields(record.payment).items()
        ]
        rows.append(("rules", rules_in_words(record.rules)))
        rows += _of_result(result)
        printer.table(rows)
        printer.line()
        for line in timeline(record, full=full):
            printer.line(line)

    data = {
        "payment": payment_fields(record.payment),
        "account": account_fields(account),
        "rules": rules_fields(record),
        "result": result.as_json(),
        "entries": [entry_fields(entry) for entry in record.entries],
    }
    return Outcome("journal show", data, view)


def _of_result(result: TransferResult) -> Iterator[tuple[str, str]]:
    yield "outcome", result.outcome
    yield "next", result.next_step
    named = {
        "receiver": result.receiver_name,
        "debit": result.debit_id,
        "credit": result.fund_transfer_id,
        "reason": result.reason,
    }
    yield from ((name, value) for name, value in named.items() if value)
    if result.check_at is not None:
        yield "checked", f"by a worker from {moment(result.check_at)}"


def timeline(record: Record, *, full: bool = False) -> Iterator[str]:
    """
    Yield the history of a payment, a line for each entry and each message.

    Args:
        record: of the payment.
        full: show signatures whole.
    """
    attempt, before = 0, None
    for entry in record.entries:
        if entry.attempt != attempt:
            attempt = entry.attempt
            yield f"attempt {attempt}, {record.payment.reference(attempt)}"
        since = "" if before is None else f"+{duration(max(0.0, entry.at - before))}"
        before = entry.at
        words = printable(_in_words(entry))
        yield f"  {moment(entry.at)}  {since:>12}  {words}"
        for name, body in (("sent", entry.sent), ("received", entry.received)):
            if body is not None:
                text = body.decode("utf-8", "backslashreplace")
                yield printable(f"      {name:<8} {text if full else _shortened(text)}")


def _in_words(entry: Entry) -> str:
    """Return what happened, why, and what is known since."""
    facts = dict(entry.facts)
    # The code is of an earlier answer where this call had none.
    why = _UNREACHED.get(str(facts.pop("transport", "")), "")
    if why and facts.get("phase") == "log-in":
        why += " (log-in)"
        del facts["phase"]
    error = facts.pop("error", None)
    parts = [_WORDS[entry.what]]
    parts += [part for part in (why, entry.code) if part]
    if error is not None and len(parts) == 1:
        parts.append(str(error))
    parts += [f"{name} {value}" for name, value in facts.items()]
    head, *rest = parts
    return f"{head}: {', '.join(rest)}" if rest else head


def _shortened(text: str) -> str:
    """Cut out all but the beginning of each signature."""

    def shorten(found: re.Match[str]) -> str:
        sign = found[2].replace("\\/", "/")
        return f"{found[1]}{sign[:12]}... ({len(sign)} characters){found[3]}"

    return _SIGN.sub(shorten, text)
