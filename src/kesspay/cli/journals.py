"""Open the journal that a command works on."""

from __future__ import annotations

import os
import re
from functools import wraps
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import click

from kesspay._shown import connects, no_path, shown_path
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.cli.outcome import Outcome
    from kesspay.transfers.journal import Journal


__all__ = ["journal_opener_option", "journal_option", "open_place"]

_VARIABLE: Final = "KESSPAY_JOURNAL"
_SCHEMES: Final = ("postgresql://", "postgres://")
_PASSWORD: Final = re.compile(
    r"(?:password|passwd|pwd|secret|token)\s*=", re.IGNORECASE
)


def journal_option(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept where the journal is; the command gets it, open until it ends."""

    @wraps(command)
    def with_journal(
        *,
        open_journal: Callable[[], Journal],
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        return command(journal=open_journal(), **others)

    return journal_opener_option(with_journal)


def journal_opener_option(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept where the journal is; the command gets what opens it until it ends."""

    @click.option(
        "--journal",
        "place",
        metavar="PLACE",
        help=f"File of a SQLite journal, or postgresql:// URL [default: {_VARIABLE}].",
    )
    @wraps(command)
    def with_opener(
        *,
        place: str | None,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        if place is not None and _has_password(place):
            raise InputError(
                "a password on the command line can be read by everybody on this "
                f"machine; put the URL into {_VARIABLE}, or use a .pgpass file"
            )
        where = place or os.environ.get(_VARIABLE, "")
        if not where:
            raise InputError(f"say where the journal is: --journal, or {_VARIABLE}")
        context = click.get_current_context()

        def open_journal() -> Journal:
            journal = open_place(where, "--journal" if place else _VARIABLE)
            context.call_on_close(journal.close)
            return journal

        return command(open_journal=open_journal, **others)

    return with_opener


def _has_password(place: str) -> bool:
    """Tell whether a password may stand in any part of a connection string."""
    user, at, _ = place.rpartition("@")
    return connects(place) and (
        (bool(at) and ":" in user.rpartition("://")[2])
        or _PASSWORD.search(unquote(place)) is not None
    )


def open_place(where: str, source: str) -> Journal:
    """
    Open a journal that is there; none is made.

    Args:
        where: path of a SQLite file, or a URL of PostgreSQL.
        source: the option or variable that says so.

    Raises:
        InputError: it names no journal.
        JournalError: the journal cannot be used.
    """
    if where.startswith(_SCHEMES):
        from kesspay.transfers.postgres import PostgresJournal

        return PostgresJournal(where)
    kind = no_path(where)
    if kind:
        raise InputError(
            f"{source} holds {kind}: it takes the path of a SQLite journal, or a URL"
            " that begins with postgresql://"
        )
    if not os.path.lexists(where):
        # A slip of the pen must not look like a journal without payments.
        raise InputError(f"{source} names no journal: there is no {shown_path(where)}")
    from kesspay.transfers.sqlite import SqliteJournal

    return SqliteJournal(where)
