"""
Connections to PostgreSQL: how they are made, shared, and given up.

psycopg's errors never leave this module, because what libpq says about a
connection string may quote it, and it may hold a password.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, Final

from kesspay._shown import shown_value
from kesspay.errors import (
    BackendError,
    InputError,
    JournalDamaged,
    JournalError,
    JournalUnavailable,
)
from kesspay.transfers.forks import Forkable, heed_forks


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection, Error

    from kesspay.transfers.rows import Row


__all__ = ["Pool"]

_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")

#: What a session needs, and what its server must be. A weaker setting for
#: commits is replaced; remote_apply is a stronger one.
_SESSION: Final = """
    SELECT current_setting('fsync'), current_setting('transaction_read_only'),
        current_setting('server_encoding'),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false),
        set_config('search_path', %s, false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('statement_timeout', %s, false),
        set_config('idle_in_transaction_session_timeout', %s, false)
"""

#: Rows that are fetched at a time.
_PAGE: Final = 256


class Pool(Forkable):
    """
    Some connections for any number of threads.

    Args:
        conninfo: for libpq.
        schema: where the tables are.
        size: most connections at once.
        timeout: seconds that a call may wait for a connection, for the server,
            or for its answer.

    Raises:
        BackendError: psycopg is not installed.
        InputError: an argument cannot be used.
    """

    def __init__(self, conninfo: str, schema: str, size: int, timeout: float) -> None:
        """Connect to nothing yet."""
        if not _SCHEMA.fullmatch(schema):
            raise InputError("a schema has the form [a-z_][a-z0-9_]*, up to 63")
        if not (type(size) is int and size >= 1):
            raise InputError(
                f"there must be 1 connection at least; got {shown_value(size)}"
            )
        self.schema = schema
        self._size = size
        self._timeout = timeout
        self._connect = _connector(conninfo, timeout)
        self._lock = Lock()
        self._slots = BoundedSemaphore(size)
        self._idle: list[Connection[Any]] = []
        #: Those of the process that forked this one: to be kept, not closed.
        self._inherited: list[Connection[Any]] = []
        self._closed = False
        heed_forks(self)

    def run(self, query: str, values: tuple[object, ...] = ()) -> list[Row]:
        """
        Run one statement in a transaction of its own, and return its rows.

        Raises:
            JournalError: it failed, or it may have; see the message.
        """

        def work(connection: Connection[Any]) -> list[Row]:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

        return self.use(work)

    def use(self, work: Callable[[Connection[Any]], list[Row]]) -> list[Row]:
        """
        Do some work with a connection.

        Raises:
            JournalError: it failed, or it may have; see the message.
        """
        slots = self._slots
        if not slots.acquire(timeout=self._timeout):
            raise JournalUnavailable(
                f"all {self._size} connections to PostgreSQL were in use for"
                f" {self._timeout:g} s: allow more, or use fewer threads"
            )
        try:
            done = self._use(work)
        finally:
            slots.release()
        # Not where it was caught: psycopg's error must not travel along.
        if isinstance(done, JournalError):
            raise done
        return done

    def stream(self, query: str) -> Iterator[Row]:
        """
        Yield the rows of a query as of one moment, on a connection of its own.

        Raises:
            JournalError: it failed.
        """
        connection = self._open()
        if isinstance(connection, JournalError):
            raise connection
        try:
            page = _ask(
                connection,
                # A page of a large journal may take longer to come than a write.
                "SET statement_timeout = 0",
                "SET idle_in_transaction_session_timeout = 0",
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                f"DECLARE export CURSOR FOR {query}",
            )
            while not isinstance(page, JournalError):
                page = _ask(connection, f"FETCH {_PAGE} FROM export")
                if not page:
                    return
                if isinstance(page, list):
                    yield from page
        finally:
            connection.close()
        raise page

    def close(self) -> None:
        """Close every connection; those in use once they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def after_fork_in_child(self) -> None:
        """Begin anew: the connections belong to the parent."""
        self._lock = Lock()
        self._slots = BoundedSemaphore(self._size)
        self._inherited.extend(self._idle)
        self._idle = []

    def _use(
        self, work: Callable[[Connection[Any]], list[Row]]
    ) -> list[Row] | JournalError:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            opened = self._open()
            if isinstance(opened, JournalError):
                return opened
            connection = opened
        try:
            rows = work(connection)
        except _errors() as error:
            if connection.closed:
                # The server is gone, and the others have lost it as well.
                self._drop_idle()
            connection.close()
            return _meaning(error)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return rows
        connection.close()
        return rows

    def _drop_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _open(self) -> Connection[Any] | JournalError:
        """Open a connection, and check that the server keeps what it is given."""
        if self._closed:
            return JournalUnavailable("the journal was closed; open it again")
        milliseconds = str(math.ceil(self._timeout * 1000))
        values = (self.schema, milliseconds, milliseconds)
        try:
            connection = self._connect()
        except _errors() as error:
            return _meaning(error)
        try:
            rows = connection.execute(_SESSION, values).fetchall()
        except _errors() as error:
            connection.close()
            return _meaning(error)
        problem = _problem(*rows[0][:3])
        if problem:
            connection.close()
            return JournalUnavailable(
                f"the PostgreSQL server {problem}; nothing was written"
            )
        return connection


def _problem(fsync: str, read_only: str, encoding: str) -> str:
    if read_only != "off":
        return "takes no writes: it is a standby, or set to read-only"
    if fsync != "on":
        return "has fsync = off, so a crash loses what was written: turn it on"
    if encoding != "UTF8":
        return f"keeps this database in {encoding}: make one in UTF8"
    return ""


def _connector(conninfo: str, timeout: float) -> Callable[[], Connection[Any]]:
    """
    Return what connects. A function shows nothing of what it holds.

    Raises:
        BackendError: psycopg is not installed.
        InputError: the string cannot be read.
    """
    try:
        import psycopg  # the extra [postgres]
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise BackendError(
            "the PostgreSQL journal needs psycopg 3 and libpq:"
            " pip install kesspay[postgres]"
        ) from None
    found: dict[str, Any] | None = None
    with suppress(psycopg.Error, TypeError, AttributeError):
        found = conninfo_to_dict(conninfo)
    # A password that is not quoted right ends up as a part of host or port,
    # and an error about these would show it.
    if (
        found is None
        or "@" in str(found.get("host", ""))
        or not re.fullmatch(r"[0-9,]*", str(found.get("port", "")))
    ):
        raise InputError(
            "the conninfo cannot be read. It may hold a password, so it is not shown."
            " In a URL the password must be percent-encoded; in the form KEY=VALUE a"
            " value with a space stands in single quotes."
        )
    given = {
        "application_name": "kesspay",
        "connect_timeout": max(2, math.ceil(timeout)),
        "tcp_user_timeout": math.ceil(timeout * 1000),
        **found,
        "client_encoding": "utf8",
    }

    def connect() -> Connection[Any]:
        return psycopg.connect(autocommit=True, **given)

    return connect


def _errors() -> type[Error]:
    from psycopg import Error

    return Error


def _ask(connection: Connection[Any], *queries: str) -> list[Row] | JournalError:
    """Return the rows of the last query, or what is wrong."""
    try:
        for query in queries:
            cursor = connection.execute(query)
        return cursor.fetchall() if cursor.description else []
    except _errors() as error:
        return _meaning(error)


def _meaning(error: Error) -> JournalError:
    """Return what an error of psycopg means, and what to do."""
    state = error.sqlstate
    # Not the detail, which quotes rows.
    text = (error.diag.message_primary or str(error)).strip().partition("\n")[0]
    if state is None or state.startswith(("08", "57P")):
        return JournalUnavailable(
            f"PostgreSQL cannot be reached, or the connection was lost ({text}). A"
            " write that was going on may or may not have been made: read the payment"
            " again before anything is sent."
        )
    if state[:2] in {"22", "23", "42", "XX"} and state != "42501":
        return JournalDamaged(
            f"the journal in PostgreSQL is not as it was made ({state}: {text})."
            " Nothing was written. Start no transfer before it is restored."
        )
    return JournalUnavailable(
        f"PostgreSQL refused ({state}: {text}); nothing was written. Try again once"
        " that is settled."
    )
