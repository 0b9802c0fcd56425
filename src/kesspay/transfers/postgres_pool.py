"""
Connections to PostgreSQL: how they are shared, replaced, and given up.

Every call is a transaction. Until its COMMIT is sent nothing is written, so a
connection that breaks before is replaced and the call made again; one that
breaks during the COMMIT leaves the write in doubt, and nothing is done again.

psycopg's errors never leave this module, because what libpq says about a
connection string may quote it, and it may hold a password.

Not psycopg_pool, which connects in threads of its own: after a fork the child
has none of them, and a caller learns that there was no connection in time, not
that the password is wrong. tests/transfers/test_postgres_pool.py shows both.
"""

from __future__ import annotations

from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import TYPE_CHECKING, Final

from kesspay._forks import Forkable, heed_forks
from kesspay._shown import shown_value
from kesspay.errors import InputError, JournalError, JournalUnavailable
from kesspay.transfers.postgres_session import (
    IN_DOUBT,
    begin,
    check_schema,
    check_tables,
    is_lost,
    meaning,
    opening,
    server_of,
)
from kesspay.transfers.wording import unusable


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Error

    from kesspay.transfers.postgres_connection import PatientConnection
    from kesspay.transfers.rows import Row


__all__ = ["Pool"]

#: Rows that are fetched at a time.
_PAGE: Final = 256

#: Connections in a row that a call may lose before its COMMIT.
_TRIES: Final = 3
#: Seconds that a connection is kept idle, and kept at all. Firewalls forget idle
#: ones without a word, most of them after minutes.
_LONGEST_IDLE: Final = 60.0
_LONGEST_LIFE: Final = 1800.0
#: Seconds after which a silent connection is given up for a new one, where it had
#: been idle for a while and nothing of the call was sent.
_A_WHILE: Final = 1.0
_SHORT: Final = 2.0
#: Seconds that the server has to say that a statement took too long.
_GRACE: Final = 1.0


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
        check_schema(schema)
        if not (type(size) is int and size >= 1):
            raise InputError(
                f"there must be 1 connection at least; got {shown_value(size)}"
            )
        self.schema = schema
        self._size = size
        self._timeout = timeout
        self._server = server_of(conninfo, timeout)
        self._opening = opening(schema, timeout)
        self._lock = Lock()
        self._slots = BoundedSemaphore(size)
        self._idle: list[PatientConnection] = []
        #: Those of the process that forked this one: to be kept, not closed.
        self._inherited: list[PatientConnection] = []
        self._closed = False
        heed_forks(self)

    def run(self, query: str, values: tuple[object, ...] = ()) -> list[Row]:
        """
        Run one statement in a transaction of its own, and return its rows.

        Raises:
            JournalError: it failed, or it may have; see the message.
        """

        def work(connection: PatientConnection) -> list[Row]:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

        return self.use(work)

    def prepare(self, work: Callable[[PatientConnection], None]) -> None:
        """
        Let the tables be made, and check that they keep what is written.

        Raises:
            JournalError: they do not, or it failed; see the message.
        """

        def prepared(connection: PatientConnection) -> list[Row]:
            work(connection)
            check_tables(connection, self.schema)
            return []

        self.use(prepared)

    def use(self, work: Callable[[PatientConnection], list[Row]]) -> list[Row]:
        """
        Do some work in a transaction. It is done again where the connection broke.

        Raises:
            JournalError: it failed, or it may have; see the message.
        """
        slots = self._slots
        if not slots.acquire(timeout=self._timeout):
            raise JournalUnavailable(
                f"all {self._size} connections to PostgreSQL were in use for"
                f" {self._timeout:g} s: allow more, or use fewer threads; nothing was"
                " written"
            )
        try:
            done = self._use(work)
        finally:
            slots.release()
        # Not where it was caught: psycopg's error must not travel along.
        if isinstance(done, JournalError | InputError):
            raise done
        return done

    def stream(self, query: str) -> Iterator[Row]:
        """
        Yield the rows of a query as of one moment, on a connection of its own.

        Raises:
            JournalError: it failed.
        """
        connection = self._open()
        if isinstance(connection, JournalError | InputError):
            raise connection
        # A page of a large journal may take longer to come than a write.
        connection.patience = None
        beginning = opening(self.schema, 0, one_moment=True)

        def ask(query: str) -> list[Row]:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

        def first() -> list[Row]:
            begin(connection, beginning)
            ask(f"DECLARE export NO SCROLL CURSOR FOR {query}")
            return ask(f"FETCH {_PAGE} FROM export")

        try:
            page = self._tried(connection, first)
            while isinstance(page, list) and page:
                yield from page
                page = self._tried(
                    connection, lambda: ask(f"FETCH {_PAGE} FROM export")
                )
            # A pooler gives the session to others, and would end one that is busy.
            self._tried(connection, lambda: ask("COMMIT"))
        finally:
            connection.close()
        if not isinstance(page, list):
            raise page

    def close(self) -> None:
        """Close every connection; those in use once they are given back."""
        with self._lock:
            self._closed = True
        self._drop_idle()

    def after_fork_in_child(self) -> None:
        """Begin anew: the connections belong to the parent."""
        self._lock = Lock()
        self._slots = BoundedSemaphore(self._size)
        self._inherited.extend(self._idle)
        self._idle = []

    def _use(
        self, work: Callable[[PatientConnection], list[Row]]
    ) -> list[Row] | JournalError | InputError:
        tries = 0
        while True:
            # After one was lost the others are suspect, and were closed.
            connection = self._take() or self._open()
            if isinstance(connection, JournalError | InputError):
                return connection
            done, again = self._transact(connection, work)
            tries += 1
            if not again or tries == _TRIES:
                return done

    def _transact(
        self,
        connection: PatientConnection,
        work: Callable[[PatientConnection], list[Row]],
    ) -> tuple[list[Row] | JournalError | InputError, bool]:
        """Return rows or what went wrong, and whether it may be done again."""
        begun = committing = False
        fresh = connection.used == 0.0
        if not fresh and monotonic() - connection.used > _A_WHILE:
            connection.patience = min(_SHORT, self._patience)
        try:
            begin(connection, self._opening)
            begun = True
            connection.patience = self._patience
            rows = work(connection)
            connection.warning = ""
            committing = True
            connection.commit()
        except _errors() as error:
            lost = is_lost(error, connection)
            silent = connection.silent
            connection.close()
            if lost:
                # The others have lost it as well, mostly.
                self._drop_idle()
            if committing and (lost or error.sqlstate is None):
                return self._in_doubt("the connection was lost", str(error)), False
            problem = meaning(error, self._server, lost=lost, working=begun)
            return problem, lost and (not silent or not (begun or fresh))
        except BaseException as error:
            connection.close()
            if committing:
                error.add_note(IN_DOUBT)
            raise
        if connection.warning:
            connection.close()
            return self._in_doubt("the server warned", connection.warning), False
        self._give_back(connection)
        return rows, False

    @property
    def _patience(self) -> float:
        return self._timeout + _GRACE

    def _in_doubt(self, what: str, words: str) -> JournalError:
        text = self._server.shown(words.strip().partition("\n")[0])
        return JournalUnavailable(
            f"PostgreSQL: {what} during a COMMIT ({text}). {IN_DOUBT}"
        )

    def _take(self) -> PatientConnection | None:
        """Return the connection that was used last, and close those too old."""
        now = monotonic()
        with self._lock:
            old = [one for one in self._idle if _is_old(one, now)]
            if old:
                self._idle = [one for one in self._idle if one not in old]
            found = self._idle.pop() if self._idle else None
        for one in old:
            one.close()
        return found

    def _give_back(self, connection: PatientConnection) -> None:
        connection.used = monotonic()
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _drop_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _open(self) -> PatientConnection | JournalError | InputError:
        if self._closed:
            return unusable("the journal was closed; open it again")
        try:
            connection = self._server.connect()
        except _errors() as error:
            return meaning(error, self._server, lost=True)
        connection.opened = monotonic()
        connection.patience = self._patience
        return connection

    def _tried(
        self, connection: PatientConnection, ask: Callable[[], list[Row]]
    ) -> list[Row] | JournalError | InputError:
        """Return rows, or what is wrong."""
        try:
            return ask()
        except _errors() as error:
            lost = is_lost(error, connection)
            return meaning(error, self._server, lost=lost, working=True)


def _is_old(connection: PatientConnection, now: float) -> bool:
    return (
        now - connection.used > _LONGEST_IDLE or now - connection.opened > _LONGEST_LIFE
    )


def _errors() -> type[Error]:
    from psycopg import Error

    return Error
