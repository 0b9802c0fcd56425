"""``kesspay journal``: read the journal of transfers, and rebind it."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay._shown import shown_value
from kesspay.cli.inputs import can_ask
from kesspay.cli.options import gateway_options, journal_option, json_option
from kesspay.cli.outcome import Outcome
from kesspay.cli.printer import printable
from kesspay.errors import InputError, NotSent
from kesspay.transfers.attempt import UNSETTLED, State


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kesspay.cli.options import Settings
    from kesspay.cli.printer import Printer
    from kesspay.transfers.account import Account
    from kesspay.transfers.attempt import Rules
    from kesspay.transfers.journal import Entry, Journal, Listed, Payment, Record


__all__ = ["OPEN", "UNKNOWN", "chosen_states", "journal", "listed"]

_HELP: Final = """Read the journal of transfers. Only rebind changes it.

Nothing is sent, and only rebind needs settings of the gateway. The journal holds
the signed messages of every transfer, word for word; no password, no token and no
private key is in it.
"""

_LIST: Final = f"""List payments in the order of their ids.

States: {", ".join(State)}.

--state unknown also finds confirming, debited and refused: their money may be on
its way. --open finds whatever is not finished, also what a crash left, what waits
for its debit, and what needs a person (manual).

\b
JSON fields
    payments  list of: payment_id, receiver_id, amount, currency, state,
              attempt, due_at, begun_at, changed_at (seconds since 1970; due_at
              null where no worker has anything to do)
    account   base_url and partner_id that the journal belongs to, or null
              before its first use
    more      whether there are more; continue with --after the last payment_id
"""

_SHOW: Final = """Show every entry of a payment, and its result.

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

_EXPORT: Final = """Write every payment with all its entries, a line of JSON for each.

Messages are text, or base64 in sent_base64 and received_base64 where they are not
UTF-8. The export shows the journal at one moment, also while transfers run.

\b
JSON fields of each line
    payment, account, rules, entries  as of kesspay journal show
    state                             of the newest attempt
"""

_ACCOUNT: Final = """Show the gateway account that the journal belongs to.

A journal belongs to the base URL and the partner id of the client that used it
first; every other account is refused. The keys are information: they may change.

\b
JSON fields
    account   base_url and partner_id, or null before the first use
    bindings  oldest first, list of: base_url, partner_id, at (seconds since
              1970), by (user@host:process)
    keys      every key that was used, list of: whose ("partner" or
              "gateway"), fingerprint (SHA-256), since (seconds since 1970)
"""

_REBIND: Final = """Record that the gateway has moved to another base URL.

The new account is that of the KESSPAY_ variables. Only the base URL can move:
another partner id is refused once something was sent from the journal. Nothing is
sent by this command. Stop every program and worker first; it refuses while one is
working on a payment.

Payments that are not finished are queried at the new base URL from then on. Rebind
only where KESS says that it is the same gateway: one that never saw a payment says
"no", whatever became of the money. On a terminal you are asked first; anywhere else
--yes is required.

\b
JSON fields
    old         base_url and partner_id, or null
    new         base_url and partner_id
    changed     false where the journal belonged to the new account already
    unfinished  number of payments whose outcome the new base URL is asked for
    by          who rebound it, as the journal records it
"""

#: States in which the gateway alone knows more.
_UNFINISHED: Final = (
    "creating",
    "created",
    "debited",
    "unknown",
)


#: Where the outcome of a payment is unknown: its debit is there, and money may be on
#: its way.
UNKNOWN: Final = (*UNSETTLED, State.DEBITED)
#: What is not finished. CLOSED and ABANDONED are of an attempt: such a payment is
#: finished, unless a worker has something to do.
OPEN: Final = tuple(
    state
    for state in State
    if state not in (State.PAID, State.NOT_PAID, State.REJECTED)
)
_ONLY_DUE: Final = (State.CLOSED, State.ABANDONED)


def chosen_states(
    context: click.Context, parameter: click.Parameter, given: str
) -> tuple[State, ...]:
    """
    Read --state; unknown is also what is on its way.

    Raises:
        click.BadParameter: there is no such state.
    """
    del context, parameter
    if not given:
        return ()
    names = [state.value for state in State]
    if given not in names:
        near = get_close_matches(given, names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise click.BadParameter(
            f"there is no such state; {hint}The states are {', '.join(names)}"
        )
    state = State(given)
    return UNKNOWN if state is State.UNKNOWN else (state,)


def listed(
    journal: Journal, states: Iterable[State], *, after: str = "", limit: int
) -> list[Listed]:
    """
    Return the first payments that are in one of some states, in order.

    Args:
        journal: to read.
        states: of them; among several, one that is only of an attempt counts where
            a worker has something to do. The journal lists what is unknown with
            one query, and so UNKNOWN stands for all of UNSETTLED.
        after: only payments with a greater id.
        limit: how many at most.
    """
    wanted = set(states)
    if State.UNKNOWN in wanted:
        wanted.difference_update(UNSETTLED[1:])
    of_work = _ONLY_DUE if len(wanted) > 1 else ()
    found = [
        one
        for state in wanted
        for one in islice(
            _in_state(journal, state, after, limit, only_due=state in of_work), limit
        )
    ]
    found.sort(key=lambda one: one.payment.payment_id)
    return found[:limit]


def _in_state(
    journal: Journal, state: State, after: str, limit: int, *, only_due: bool
) -> Iterator[Listed]:
    """Yield the payments in a state, a page at a time."""
    while True:
        page = journal.list(state=state.value, after=after, limit=limit)
        for one in page:
            if not only_due or one.status.due_at is not None:
                yield one
        if len(page) < limit:
            return
        after = page[-1].payment.payment_id


@click.group("journal", help=_HELP)
def journal() -> None:
    """Group the commands of the journal."""


@journal.command("list", help=_LIST)
@click.option(
    "--state",
    "states",
    default="",
    callback=chosen_states,
    metavar="STATE",
    help="Only payments in this state; unknown also finds those on their way.",
)
@click.option(
    "--open", "only_open", is_flag=True, help="Only payments that are not finished."
)
@click.option("--after", default="", metavar="ID", help="Only payments after this id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@journal_option
@json_option
def list_(
    *,
    journal: Journal,
    states: tuple[State, ...],
    only_open: bool,
    after: str,
    limit: int,
) -> Outcome:
    """List payments."""
    if only_open and states:
        raise InputError("give --open or --state, not both")
    wanted = OPEN if only_open else states
    if wanted:
        found = listed(journal, wanted, after=after, limit=limit + 1)
    else:
        found = list(journal.list(after=after, limit=limit + 1))
    account = journal.ownership().account
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
        printer.line(f"The journal belongs to {account or 'no account yet'}.")
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

    data = {"payments": rows, "account": _account(account), "more": more}
    return Outcome("journal list", data, view)


@journal.command("show", help=_SHOW)
@click.argument("payment_id")
@journal_option
@json_option
def show(*, journal: Journal, payment_id: str) -> Outcome:
    """Show a payment."""
    from kesspay.transfers.payment import replay, result_of

    record = journal.read(payment_id)
    if record is None:
        raise InputError(
            f"the journal has no payment with this id ({shown_value(payment_id)})"
        )
    result = result_of(replay(record))
    entries = [_entry(entry) for entry in record.entries]
    account = journal.ownership().account

    def view(printer: Printer) -> None:
        rows = [("account", str(account or "none yet"))]
        rows += [(name, str(value)) for name, value in _payment(record.payment).items()]
        rows.append(("rules", _words(record.rules)))
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
        "account": _account(account),
        "rules": _rules(record),
        "result": result.as_json(),
        "entries": entries,
    }
    return Outcome("journal show", data, view)


@journal.command("export", help=_EXPORT)
@journal_option
@json_option
def export(*, journal: Journal) -> Outcome:
    """Write everything."""
    account = journal.ownership().account
    for record in journal.export():
        click.echo(json.dumps(_record(record, account)))
    return Outcome()


@journal.command("account", help=_ACCOUNT)
@journal_option
@json_option
def account_(*, journal: Journal) -> Outcome:
    """Show whom the journal belongs to."""
    found = journal.ownership()
    data = {
        "account": _account(found.account),
        "bindings": [
            {**_fields(one.account), "at": one.at, "by": one.by}
            for one in found.bindings
        ],
        "keys": [
            {"whose": key.whose, "fingerprint": key.fingerprint, "since": key.since}
            for key in found.keys
        ],
    }

    def view(printer: Printer) -> None:
        printer.line(f"The journal belongs to {found.account or 'no account yet'}.")
        for one in found.bindings:
            said = f"{_time(one.at)}  {one.account}, recorded by {one.by}"
            printer.line(printable(said))
        for key in found.keys:
            printer.line(f"{_time(key.since)}  {key.whose} key {key.fingerprint}")

    return Outcome("journal account", data, view)


@journal.command("rebind", help=_REBIND)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@journal_option
@gateway_options
def rebind(settings: Settings, *, journal: Journal, yes: bool) -> Outcome:
    """Give the journal to a base URL that moved."""
    from kesspay.transfers.account import account_of, keys_of, this_process

    with settings.client() as client:
        new, keys = account_of(client.engine), keys_of(client.engine)
    old, by = journal.ownership().account, this_process()
    unfinished = sum(_count(journal, state) for state in _UNFINISHED)
    changed = old != new
    if changed:
        if not yes:
            _ask(old, new, unfinished)
        journal.rebind(old, new, by=by)
        journal.bind(new, keys, by=by)

    def view(printer: Printer) -> None:
        if not changed:
            printer.line(f"Nothing was changed: the journal belongs to {new} already.")
            return
        printer.line(f"The journal belonged to {old or 'no account'}.")
        printer.line(f"It belongs to {new} from now on, which {by} recorded.")
        printer.line(_will_be_asked(unfinished))

    data = {
        "old": _account(old),
        "new": _account(new),
        "changed": changed,
        "unfinished": unfinished,
        "by": by,
    }
    return Outcome("journal rebind", data, view)


def _ask(old: Account | None, new: Account, unfinished: int) -> None:
    """
    Ask whether the journal may be rebound.

    Raises:
        InputError: there is no terminal to ask on.
        NotSent: it may not.
    """
    if not can_ask():
        raise InputError("there is no terminal to ask on: give --yes to rebind")
    click.echo(f"The journal belongs to {old or 'no account'}.", err=True)
    click.echo(_will_be_asked(unfinished), err=True)
    if not click.confirm(f"Rebind it to {new}?", err=True):
        message = "You did not agree, so nothing was changed."
        raise NotSent(message, next_step="give the command again to rebind.")


def _will_be_asked(unfinished: int) -> str:
    return (
        f"{unfinished} unfinished payments are queried at the new base URL from now"
        " on; a gateway that never saw them says no, and that says nothing about the"
        " money."
    )


def _count(journal: Journal, state: str) -> int:
    """Return how many payments a list by a state has."""
    count, after = 0, ""
    while found := journal.list(state=state, after=after, limit=10_000):
        count, after = count + len(found), found[-1].payment.payment_id
    return count


def _rules(record: Record) -> dict[str, Any] | None:
    return None if record.rules is None else asdict(record.rules)


def _words(rules: Rules | None) -> str:
    """Return rules as STRICT or RELAXED, and what differs from that."""
    from kesspay.transfers.attempt import RELAXED, STRICT

    if rules is None:
        return "none recorded; STRICT holds"
    usual = asdict(RELAXED if rules.relaxed else STRICT)
    differs = [
        f"{name} {value}"
        for name, value in asdict(rules).items()
        if value != usual[name]
    ]
    return ", ".join(["RELAXED" if rules.relaxed else "STRICT", *differs])


def _account(account: Account | None) -> dict[str, str] | None:
    return None if account is None else _fields(account)


def _fields(account: Account) -> dict[str, str]:
    return {"base_url": account.base_url, "partner_id": account.partner_id}


def _record(record: Record, account: Account | None) -> dict[str, Any]:
    return {
        "payment": _payment(record.payment),
        "account": _account(account),
        "rules": _rules(record),
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
