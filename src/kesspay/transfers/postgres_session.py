"""
What every transaction with PostgreSQL needs, and what its failures mean.

A pooler may give every transaction another session of the server, with what
other programs SET on it. So nothing is kept in a session: each transaction
begins with one message that states what it needs for itself (SET LOCAL) and
asks for what it cannot set. It begins before anything of the call is sent, and
shows at the same time whether the connection is still alive.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from kesspay._checks import require
from kesspay._shown import connects, could_be_path, quoted
from kesspay.errors import (
    BackendError,
    InputError,
    JournalDamaged,
    JournalError,
    JournalUnavailable,
)
from kesspay.transfers.wording import unusable


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Error

    from kesspay.transfers.postgres_connection import PatientConnection


__all__ = [
    "IN_DOUBT",
    "Server",
    "begin",
    "check_schema",
    "check_tables",
    "identifier",
    "is_lost",
    "meaning",
    "opening",
    "server_of",
]

#: Options whose values an error may name: where the server is, and who asks.
_NAMED: Final = frozenset({"host", "hostaddr", "port", "user", "dbname"})
_SHORTEST_SECRET: Final = 8

#: Bytes; a longer name is cut short in silence.
_LONGEST_NAME: Final = 63

#: Of transaction_timeout, which older servers do not know.
_VERSION_17: Final = 170_000

#: The settings of a session that matter to the journal; the others change how
#: things look or how fast they are. What a role or a database set for commits is
#: replaced where it is weaker than "on". Floats come as text, with the digits that
#: the server is asked for; arrays go as text, in which NULL is a word that can be
#: turned off, and libpq escapes for the kind of strings that is on.
_OPENING: Final = """
    BEGIN ISOLATION LEVEL {isolation};
    SET LOCAL search_path = {schema}, pg_temp;
    SELECT pg_is_in_recovery(), current_setting('transaction_read_only'),
        current_setting('fsync'),
        CASE current_setting('kesspay.whole_pages', true)
            WHEN 'on' THEN 'on' ELSE current_setting('full_page_writes') END,
        current_setting('zero_damaged_pages'),
        current_setting('ignore_checksum_failure'),
        current_setting('server_encoding'), current_setting('client_encoding'),
        pg_backend_pid(),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
        set_config('statement_timeout', '{milliseconds}', true),
        set_config('idle_in_transaction_session_timeout', '{milliseconds}', true),
        set_config('lock_timeout', '0', true),
        set_config('extra_float_digits', '3', true),
        set_config('array_nulls', 'on', true),
        set_config('standard_conforming_strings', 'on', true),
        set_config('client_min_messages', 'warning', true)
"""
_OPENING_17: Final = ", set_config('transaction_timeout', '0', true)"

_TABLES: Final = """
    SELECT c.relname, c.relpersistence <> 'p', row_security_active(c.oid),
        EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""

#: What a server or a pooler says of a connection that it will never give. libpq
#: keeps the SQLSTATE of these to itself (28P01, 28000, 3D000), so the words count; in
#: another language than English the journal only counts as unavailable.
_REFUSED: Final = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry"
    r'|(?:role|database) "[^"]*" does not exist|is not permitted to log in'
    r"|no such (?:user|database)"
)

IN_DOUBT: Final = (
    "A write to the journal was in progress, and may or may not have been made: read"
    " the payment again before anything is sent."
)

#: What the opening asks for: the value that is good, and what another one means.
_SETTINGS: Final = (
    (False, "takes no writes: it is a standby"),
    ("off", "takes no writes: default_transaction_read_only = {} is set"),
    ("on", "has fsync = {}, so a crash loses what was written: turn it on"),
    (
        "on",
        (
            "has full_page_writes = {}, so a loss of power may tear pages: turn it on."
            " Where its storage writes whole pages, say so with ALTER DATABASE ... SET"
            " kesspay.whole_pages = 'on'"
        ),
    ),
    (
        "off",
        (
            "has zero_damaged_pages = {}, so it takes what it cannot read for empty:"
            " turn it off"
        ),
    ),
    (
        "off",
        ("has ignore_checksum_failure = {}, so it reads damaged pages: turn it off"),
    ),
    ("UTF8", "keeps this database in {}: make one in UTF8"),
    (
        "UTF8",
        (
            "was set to client_encoding = {} by another user of its pooler: let the"
            " pooler keep client_encoding"
        ),
    ),
)


class Server(NamedTuple):
    """
    How a server is reached. Functions show nothing of what they hold.

    Attributes:
        connect: opens a connection.
        shown: returns words of the server, without a secret of ours.
    """

    connect: Callable[[], PatientConnection]
    shown: Callable[[str], str]


def check_schema(schema: str) -> None:
    """
    Check the name of a schema.

    Raises:
        InputError: PostgreSQL cannot make one of this name.
    """
    require(schema, str, "schema")
    if (
        not schema.isprintable()
        or not 1 <= len(schema.encode()) <= _LONGEST_NAME
        or schema.startswith("pg_")
        or schema == "information_schema"
        # Not a name, but what names a server, and may hold a password.
        or connects(schema)
    ):
        raise InputError(
            "the schema must be a name of 1 to 63 bytes that are printable, and not"
            " one of PostgreSQL's own (pg_..., information_schema)"
        )


def identifier(name: str) -> str:
    """Return a name for a statement; it may be any word, or have any letters."""
    return '"' + name.replace('"', '""') + '"'


def opening(schema: str, timeout: float, *, one_moment: bool = False) -> str:
    """
    Return what begins a transaction.

    Args:
        schema: where the tables are.
        timeout: seconds that a statement may take, and that the server waits for
            the next one; 0 is without limit.
        one_moment: all statements see the journal as of one moment.
    """
    return _OPENING.format(
        isolation="REPEATABLE READ" if one_moment else "READ COMMITTED",
        schema=identifier(schema),
        milliseconds=math.ceil(timeout * 1000),
    )


def begin(connection: PatientConnection, beginning: str) -> None:
    """
    Begin a transaction.

    Raises:
        JournalUnavailable: the server does not keep what it is given, or what
            stands before it keeps no transaction together.
        psycopg.Error: the connection is lost, or the server refuses.
    """
    if connection.info.server_version >= _VERSION_17:
        beginning += _OPENING_17
    cursor = connection.execute(beginning)
    while cursor.nextset():
        pass
    settings = cursor.fetchall()[0]
    if connection.info.transaction_status.name != "INTRANS":
        raise _unfit("a pooler between gives each statement another session")
    problem = _problem(settings[: len(_SETTINGS)])
    if problem:
        raise _unfit(f"the PostgreSQL server {problem}")
    connection.process = settings[len(_SETTINGS)]


def check_tables(connection: PatientConnection, schema: str) -> None:
    """
    Check, in a transaction, that nothing hides or drops what the journal writes.

    Raises:
        JournalUnavailable: a table is not kept over a crash, hides rows, or is
            a copy of another server's; or a pooler gives each statement another
            session.
    """
    tables = connection.execute(_TABLES, (schema,)).fetchall()
    found = connection.execute("SELECT pg_backend_pid()").fetchall()
    if found != [(connection.process,)]:
        raise _unfit("a pooler between gives each statement another session")
    for table, unlogged, hides, copied in tables:
        name = f"the table {table} of the schema {schema}"
        if unlogged:
            raise _unfit(
                f"{name} is UNLOGGED, so a crash empties it: ALTER TABLE ... SET LOGGED"
            )
        if hides:
            raise _unfit(
                f"{name} has row-level security, which may hide payments from this"
                " role: turn it off for the table, or give the role BYPASSRLS"
            )
        if copied:
            raise _unfit(
                f"{name} is the target of a SUBSCRIPTION, a copy of another server's"
                " journal: use that server, or drop the subscription"
            )


def _problem(settings: Sequence[object]) -> str:
    """Return what is wrong with a server, or ""."""
    for (wanted, words), value in zip(_SETTINGS, settings, strict=True):
        if value != wanted:
            return words.format(value)
    return ""


def _unfit(what: str) -> JournalUnavailable:
    return JournalUnavailable(f"{what}; nothing was written")


def _may_be_secret(value: object) -> bool:
    """Say whether the value of an option may be a secret in the wrong place."""
    return len(str(value)) >= _SHORTEST_SECRET and not could_be_path(value)


def server_of(conninfo: str, timeout: float) -> Server:
    """
    Return how to connect.

    Raises:
        BackendError: psycopg is not installed.
        InputError: the string cannot be read.
    """
    try:
        import psycopg  # the extra [postgres]
        from psycopg.conninfo import conninfo_to_dict

        from kesspay.transfers.postgres_connection import PatientConnection
    except ImportError:
        raise BackendError(
            "the PostgreSQL journal needs psycopg 3 and libpq:"
            " pip install kesspay[postgres]"
        ) from None
    found: dict[str, Any] | None = None
    with suppress(psycopg.Error, TypeError, AttributeError, UnicodeError):
        found = conninfo_to_dict(conninfo)
    # A password that is not quoted right ends up as a part of host, port or
    # database, and an error about these would show it.
    if (
        found is None
        or any("@" in str(found.get(name, "")) for name in ("host", "dbname"))
        or not re.fullmatch(r"[0-9,]*", str(found.get("port", "")))
    ):
        raise InputError(
            "the conninfo cannot be read. It may hold a password, so it is not shown."
            " In a URL the password must be percent-encoded; in the form KEY=VALUE a"
            " value with a space is put in single quotes."
        )
    given = {
        "application_name": "kesspay",
        "connect_timeout": max(2, math.ceil(timeout)),
        "tcp_user_timeout": math.ceil(timeout * 1000),
        **found,
        "client_encoding": "utf8",
    }
    # libpq quotes the value of an option that it cannot use.
    secrets = [
        value
        for name, value in found.items()
        if "password" in name or (name not in _NAMED and _may_be_secret(value))
    ]

    def connect() -> PatientConnection:
        # A statement that the server keeps under a name belongs to a session, and
        # behind a pooler the same name may be another program's statement.
        connection = PatientConnection.connect(
            autocommit=True, prepare_threshold=None, **given
        )
        connection.add_notice_handler(connection.heed)
        return connection

    def shown(text: str) -> str:
        return quoted(text, secrets=secrets)

    return Server(connect, shown)


# --------------------------------------------------------------------- failures


def is_lost(error: Error, connection: PatientConnection) -> bool:
    """Say whether the connection is of no use any more."""
    return (
        connection.closed
        or (error.sqlstate or "").startswith(("08", "57P"))
        or error.diag.severity_nonlocalized in {"FATAL", "PANIC"}
        # Without a state it is libpq or psycopg that speaks.
        or (error.sqlstate is None and isinstance(error, _operational()))
    )


def _operational() -> type[Error]:
    from psycopg import OperationalError

    return OperationalError


def meaning(
    error: Error, server: Server, *, lost: bool, working: bool = False
) -> JournalError | InputError:
    """
    Return what an error of psycopg means, where COMMIT was not sent.

    Args:
        error: of psycopg.
        server: of the connection.
        lost: there is no connection, or no longer.
        working: it is about a statement of the journal's own.
    """
    state = error.sqlstate
    # Not the detail, which quotes rows.
    words = (error.diag.message_primary or str(error)).strip().partition("\n")[0]
    text = server.shown(words)
    if "statement pooling" in words:
        return _unfit(
            "the pooler before PostgreSQL pools by statement (pool_mode = statement),"
            " and the journal needs transactions: use pool_mode = transaction or"
            " session"
        )
    if lost and state is None and _REFUSED.search(words):
        return unusable(
            f"PostgreSQL refuses the connection ({text}); nothing was written. Correct"
            " the user, the password or the name of the database."
        )
    if lost:
        return JournalUnavailable(
            f"PostgreSQL cannot be reached, or the connection was lost ({text});"
            " nothing was written. Try again once it is back."
        )
    if state is None:
        return InputError(f"PostgreSQL cannot take this value ({text})")
    if working and _is_damage(state):
        return JournalDamaged(
            f"the journal in PostgreSQL is not as it was made ({state}: {text})."
            " Nothing was written. Start no transfer before it is restored."
        )
    return JournalUnavailable(
        f"PostgreSQL refused ({state}: {text}); nothing was written. Try again once"
        " that is settled."
    )


def _is_damage(state: str) -> bool:
    # Not a right that is missing, nor a name that a prepared statement has; XX000
    # is what a pooler says of itself, while XX001 and XX002 are broken pages.
    if state in {"42501", "42P05"}:
        return False
    return state[:2] in {"22", "23", "42"} or state in {"XX001", "XX002"}
