"""``kesspay journal summary``: what the journal holds, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from kesspay.cli.journal_fields import account_fields, duration
from kesspay.cli.options import journal_option, json_option
from kesspay.cli.outcome import Outcome
from kesspay.transfers.attempt import State
from kesspay.transfers.summary import Share, summarize


if TYPE_CHECKING:
    from kesspay.cli.printer import Printer
    from kesspay.transfers.journal import Journal


__all__ = ["summary"]

_HELP: Final = """Count the payments of the journal by state, with amounts and ages.

Every payment is read; --open reads only those that are not finished, which is
quicker in a large journal. An age is the time since the payment was begun.

\b
JSON fields
    account     as of kesspay journal list
    at          clock of the journal, seconds since 1970
    states      by state: count, amounts (text by currency), oldest_id,
                oldest_begun_at (seconds since 1970), oldest_age (seconds)
    unknown     the same of every payment whose outcome is unknown, also of
                those whose confirm a crash interrupted
    unfinished  the same of all that are not finished
    due         the same of those that a worker should have resumed
    overdue     seconds for which the most overdue one has been due
"""

#: A state is named "unknown", too.
_NAMES: Final = {
    "unknown": "outcome unknown",
    "unfinished": "not finished",
    "due": "due",
}


@click.command("summary", help=_HELP)
@click.option(
    "--open", "only_open", is_flag=True, help="Only payments that are not finished."
)
@journal_option
@json_option
def summary(*, journal: Journal, only_open: bool) -> Outcome:
    """Count payments."""
    counted = summarize(journal, only_open=only_open)
    account = journal.ownership().account
    groups = {
        "unknown": counted.unknown,
        "unfinished": counted.unfinished,
        "due": counted.due,
    }

    def view(printer: Printer) -> None:
        printer.line(f"The journal belongs to {account or 'no account yet'}.")
        rows = [
            (state, _in_words(counted.states[state], counted.at))
            for state in (*State, *sorted({*counted.states} - {*State}))
            if state in counted.states
        ]
        rows += [
            (_NAMES[name], _in_words(share, counted.at))
            for name, share in groups.items()
        ]
        if counted.due.count:
            rows.append(("overdue", f"up to {duration(counted.overdue)}"))
        printer.table(rows)
        if counted.due.count:
            printer.line("Is a worker running? kesspay resume --watch")

    data = {
        "account": account_fields(account),
        "at": counted.at,
        "states": {
            state: _fields(share, counted.at) for state, share in counted.states.items()
        },
        **{name: _fields(share, counted.at) for name, share in groups.items()},
        "overdue": counted.overdue,
    }
    return Outcome("journal summary", data, view)


def _fields(share: Share, now: float) -> dict[str, Any]:
    return {
        "count": share.count,
        "amounts": {name: f"{total:.2f}" for name, total in share.amounts.items()},
        "oldest_id": share.oldest_id,
        "oldest_begun_at": share.oldest_begun_at,
        "oldest_age": share.age(now),
    }


def _in_words(share: Share, now: float) -> str:
    amounts = " and ".join(
        f"{total:.2f} {name}" for name, total in share.amounts.items()
    )
    age = share.age(now)
    if age is None:
        return "none"
    return f"{share.count}, {amounts}; oldest {share.oldest_id}, {duration(age)} ago"
