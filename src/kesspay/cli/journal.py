"""``kesspay journal``: read the journal of transfers, rebind it, decide payments."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.inputs import can_ask
from kesspay.cli.journal_decide import decide
from kesspay.cli.journal_fields import (
    account_fields,
    moment,
    payment_fields,
    record_fields,
)
from kesspay.cli.journal_show import show
from kesspay.cli.journal_summary import summary
from kesspay.cli.options import gateway_options, journal_option, json_option
from kesspay.cli.outcome import Outcome
from kesspay.cli.printer import printable
from kesspay.errors import InputError, NotSent
from kesspay.transfers.attempt import State
from kesspay.transfers.summary import OPEN, UNKNOWN, listed


if TYPE_CHECKING:
    from kesspay.cli.options import Settings
    from kesspay.cli.printer import Printer
    from kesspay.transfers.account import Account
    from kesspay.transfers.journal import Journal


__all__ = ["chosen_states", "journal"]

_HELP: Final = """Read the journal of transfers. Only decide and rebind change it.

Only they need settings of the gateway, and only decide sends anything: a query. The
journal holds the signed messages of every transfer, word for word; no password, no
token and no private key is in it.
"""

_LIST: Final = f"""List payments in the order of their ids.

States: {", ".join(State)}.

--state unknown also finds confirming, debited and refused: their money may be on
its way. --open finds every payment that is not finished: also those that a crash
left, that wait for their debit, or that need a person (manual). Both find every
payment in a state that this version does not know.

\b
JSON fields
    payments  list of: payment_id, receiver_id, amount, currency, state,
              attempt, due_at, begun_at, changed_at (seconds since 1970; due_at
              null where no worker has anything to do)
    account   base_url and partner_id that the journal belongs to, or null
              before its first use
    more      whether there are more; continue with --after the last payment_id
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
only where KESS says that it is the same gateway: another one never saw the payment,
and answers "no" even if the money moved. On a terminal you are asked first; anywhere
else --yes is required.

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


def chosen_states(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> tuple[State, ...]:
    """
    Read --state; unknown is also what is on its way.

    Raises:
        click.BadParameter: there is no such state.
    """
    del context, parameter
    if given is None:
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


def states_of(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Let the shell complete the names of the states."""
    del context, parameter
    return [state.value for state in State if state.value.startswith(incomplete)]


@click.group("journal", help=_HELP)
def journal() -> None:
    """Group the commands of the journal."""


journal.add_command(decide)
journal.add_command(show)
journal.add_command(summary)


@journal.command("list", help=_LIST)
@click.option(
    "--state",
    "states",
    callback=chosen_states,
    shell_complete=states_of,
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
            **payment_fields(one.payment),
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
            due = f"  due {moment(row['due_at'])}" if row["due_at"] else ""
            printer.line(
                f"{row['state']:<10} {row['payment_id']}  {row['amount']} "
                f"{row['currency']} to {row['receiver_id']}  "
                f"{moment(row['changed_at'])}{due}"
            )
        if more:
            printer.line(f"more: --after {rows[-1]['payment_id']}")
        if not rows:
            printer.line("There is no such payment.")

    data = {"payments": rows, "account": account_fields(account), "more": more}
    return Outcome("journal list", data, view)


@journal.command("export", help=_EXPORT)
@journal_option
@json_option
def export(*, journal: Journal) -> Outcome:
    """Write everything."""
    account = journal.ownership().account
    for record in journal.export():
        click.echo(json.dumps(record_fields(record, account)))
    return Outcome()


@journal.command("account", help=_ACCOUNT)
@journal_option
@json_option
def account_(*, journal: Journal) -> Outcome:
    """Show whom the journal belongs to."""
    found = journal.ownership()
    data = {
        "account": account_fields(found.account),
        "bindings": [
            {**account_fields(one.account), "at": one.at, "by": one.by}
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
            said = f"{moment(one.at)}  {one.account}, recorded by {one.by}"
            printer.line(printable(said))
        for key in found.keys:
            printer.line(f"{moment(key.since)}  {key.whose} key {key.fingerprint}")

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
        "old": account_fields(old),
        "new": account_fields(new),
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
