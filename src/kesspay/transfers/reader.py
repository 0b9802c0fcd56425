"""
The payments of a journal for programs that only read: no table is made or migrated.

PostgreSQL reads in one transaction that is READ ONLY, page by page from a cursor of
the server, so that a standby will do and the memory does not grow with the journal.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from kesspay._shown import no_path, shown_path
from kesspay.errors import InputError, JournalDamaged, JournalError
from kesspay.signing.arguments import mode_of
from kesspay.transfers.postgres import MIGRATIONS
from kesspay.transfers.postgres_session import identifier, is_lost, meaning, server_of
from kesspay.transfers.sqlite_file import is_emptied


if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from os import PathLike

    from kesspay.transfers.postgres_connection import PatientConnection
    from kesspay.transfers.postgres_session import Server
    from kesspay.transfers.rows import Row


__all__ = [
    "PaymentRow",
    "database_without_journal",
    "is_server",
    "place_of_first_payment",
    "read_payments",
    "rows_of_file",
]

_PAGE: Final = 4096
_SCHEMES: Final = ("postgresql://", "postgres://")
_SCHEMA: Final = "kesspay"
_QUERY: Final = (
    "SELECT payment_id, attempt, state, begun_at, changed_at FROM payments"
    " ORDER BY payment_id"
)
_OPENING: Final = f"""
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL search_path = {identifier(_SCHEMA)}, pg_temp;
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0;
    SET LOCAL extra_float_digits = 3;
    SET LOCAL standard_conforming_strings = on;
    SET LOCAL row_security = off
"""
#: Also where this user may not use the schema: a right that is missing is said as such.
_MADE: Final = f"""
    SELECT EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = '{_SCHEMA}' AND c.relname = 'schema_version'
    )
"""  # noqa: S608 - constants
_THERE: Final = (
    "SELECT to_regclass('schema_version') IS NOT NULL"
    " AND to_regclass('payments') IS NOT NULL"
)
_MAY_BE_MADE: Final = f"""
    SELECT to_regclass('schema_version') IS NOT NULL,
        has_database_privilege(current_database(), 'CREATE')
        AND coalesce(has_schema_privilege(to_regnamespace('{_SCHEMA}'), 'CREATE'), true)
        AND NOT pg_is_in_recovery()
"""
#: Seconds to connect, and those that the server may need for a page.
_TIMEOUT: Final = 10.0
_PATIENCE: Final = 300.0


class PaymentRow(NamedTuple):
    """
    A payment in the list of a journal.

    Attributes:
        payment_id: its id.
        attempt: number of the newest attempt.
        state: state of the newest attempt.
        begun_at: when it began, in seconds since 1970.
        changed_at: when the journal changed it last, in seconds since 1970.
    """

    payment_id: str
    attempt: int
    state: str
    begun_at: float
    changed_at: float


def is_server(where: str) -> bool:
    """Return whether a place of a journal is a URL of PostgreSQL."""
    return where.startswith(_SCHEMES)


def read_payments(where: str) -> Generator[list[PaymentRow], None, None]:
    """
    Yield the payments of a journal in pages, in the order of their ids.

    They are all as of one moment. If the URL holds a password, no error shows it.

    Args:
        where: path of a SQLite journal, or a postgresql:// URL.

    Raises:
        BackendError: psycopg is not installed.
        InputError: there is no journal.
        JournalError: it cannot be read.
    """
    pages = _of_server(where) if is_server(where) else _of_file(where)
    for page in pages:
        yield [PaymentRow(*row) for row in page]


def place_of_first_payment(where: str) -> str:
    """
    Return where the first payment will make a journal, in words for a message.

    It makes nothing, and checks nothing that is there.

    Args:
        where: path of a SQLite journal, or a postgresql:// URL.

    Returns:
        The place, or "" where something is there, or nothing can be meant by it.

    Raises:
        BackendError: psycopg is not installed.
        InputError: no journal is there, and none can be made.
        JournalError: the database cannot be asked.
    """
    return _new_on_server(where) if is_server(where) else _new_file(where)


def database_without_journal(where: str) -> str:
    """
    Return the name of a database that has no journal, in quotes for a message.

    It makes nothing, and does not check a journal that is there.

    Args:
        where: a postgresql:// URL.

    Returns:
        The name, or "" where a journal is there.

    Raises:
        BackendError: psycopg is not installed.
        InputError: the URL cannot be read.
        JournalError: the database cannot be asked.
    """
    name, (is_there,) = _answer(where, _MADE)
    return "" if is_there else name


# ------------------------------------------------------------------------ SQLite


def _new_file(where: str) -> str:
    if no_path(where) or not Path(where).name:
        return ""
    try:
        Path(where).stat()
    except FileNotFoundError:
        # Of a link, the file that it leads to is made.
        place = Path(where).resolve()
    except (OSError, ValueError):
        return ""
    else:
        return ""
    if place.with_name(f"{place.name}-wal").exists():
        raise InputError(
            f"the journal {shown_path(where)} is gone, but its log (-wal) is there: put"
            " it back next to its log, or restore the last good copy"
        )
    # Only what shown_path shows of the setting: it may be a password.
    folder = place.parent
    if not folder.is_dir():
        raise InputError(
            f"there is no journal {shown_path(where)}, and no folder in which the first"
            " payment can make it"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            f"there is no journal {shown_path(where)}, and this user may not make it:"
            " its folder cannot be written"
        )
    if Path(where).is_absolute():
        return f"as {shown_path(where)}"
    return f"as {shown_path(where)} in {shown_path(Path.cwd())}"


def rows_of_file(
    path: str | PathLike[str], query: str, most: int
) -> Iterator[list[Row]]:
    """
    Yield what a query gives, so many rows at a time; the file is only read.

    Raises:
        sqlite3.Error: it is no journal, or cannot be read any further.
    """
    # SQLite removes the log next to an empty file, which may hold the last payments.
    if is_emptied(path):
        raise sqlite3.DatabaseError("the file is empty")
    # To open it as a journal would make its tables.
    uri = f"{Path(path).absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True)
    try:
        cursor = connection.execute(query)
        while rows := cursor.fetchmany(most):
            yield rows
    finally:
        connection.close()


def _of_file(where: str) -> Iterator[list[Row]]:
    kind = no_path(where)
    if kind:
        raise InputError(
            f"the journal is {kind}: it takes the path of a SQLite journal, or a URL"
            " that begins with postgresql://"
        )
    if not stat.S_ISREG(mode_of(where)):
        raise InputError(f"there is no journal at {shown_path(where)}")
    try:
        yield from rows_of_file(where, _QUERY, _PAGE)
    except sqlite3.Error:
        raise JournalDamaged(
            f"{shown_path(where)} is no whole journal of Transfers; nothing was written"
        ) from None


# -------------------------------------------------------------------- PostgreSQL


def _new_on_server(where: str) -> str:
    name, (is_there, may_be_made) = _answer(where, _MAY_BE_MADE)
    if is_there:
        return ""
    if not may_be_made:
        raise InputError(
            f"the database {name} has no journal in the schema {_SCHEMA} that this user"
            " may use, and this user may not make one: name the database of the"
            " journal, or GRANT CREATE on the database"
        )
    return f"as the schema {_SCHEMA} of the database {name}"


def _answer(where: str, query: str) -> tuple[str, Row]:
    """Return the name of a database, for a message, and the row of a query there."""
    server = server_of(where, _TIMEOUT)
    connection = _connected(server)
    if isinstance(connection, JournalError | InputError):
        # Not where it was caught: psycopg's error must not travel along.
        raise connection
    try:
        name = server.shown(connection.info.dbname)
        rows = _asked(connection, server, _OPENING, query)
    finally:
        connection.close()
    if not isinstance(rows, list):
        raise rows
    return name, rows[0]


def _of_server(where: str) -> Iterator[list[Row]]:
    server = server_of(where, _TIMEOUT)
    connection = _connected(server)
    if isinstance(connection, JournalError | InputError):
        # Not where it was caught: psycopg's error must not travel along.
        raise connection
    try:
        page = _asked(connection, server, _OPENING, _THERE)
        if page == [(False,)]:
            name = server.shown(connection.info.dbname)
            raise InputError(
                f"the database {name} has no journal of Transfers in the schema"
                f" {_SCHEMA}, or this user may not use it: name the database of the"
                " journal, or GRANT USAGE on the schema"
            )
        if isinstance(page, list):
            page = _asked(connection, server, "SELECT max(version) FROM schema_version")
        if isinstance(page, list):
            _check_version(page[0][0])
            page = _asked(
                connection,
                server,
                f"DECLARE payments NO SCROLL CURSOR FOR {_QUERY}",
                f"FETCH {_PAGE} FROM payments",
            )
        while isinstance(page, list) and page:
            yield page
            page = _asked(connection, server, f"FETCH {_PAGE} FROM payments")
    finally:
        connection.close()
    if not isinstance(page, list):
        raise page


def _check_version(found: int | None) -> None:
    """Refuse what a newer version made; an older one has all that is read."""
    if found is None or found > len(MIGRATIONS):
        raise JournalDamaged(
            f"the schema {_SCHEMA} has version {found or 'none'}, and this version of"
            f" kesspay knows up to {len(MIGRATIONS)}: install the newer kesspay that"
            " made it; nothing was changed"
        )


def _connected(server: Server) -> PatientConnection | JournalError | InputError:
    from psycopg import Error

    try:
        connection = server.connect()
    except Error as error:
        return meaning(error, server, lost=True)
    connection.patience = _PATIENCE
    return connection


def _asked(
    connection: PatientConnection, server: Server, *queries: str
) -> list[Row] | JournalError | InputError:
    """Return the rows of the last query, or what is wrong."""
    from psycopg import Error

    try:
        for query in queries:
            cursor = connection.execute(query)
        return cursor.fetchall()
    except Error as error:
        lost = is_lost(error, connection)
        return meaning(error, server, lost=lost, working=True)
