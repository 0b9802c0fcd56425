"""
The journal in a file: SQLite, for any number of processes on one machine.

The file must lie on a local disk. The locks that SQLite needs do not work on
NFS and other network file systems, and a journal there will be damaged.
"""

from __future__ import annotations

import sqlite3
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kesspay._checks import file_path, is_number, require
from kesspay._shown import no_path
from kesspay.errors import InputError, JournalUnavailable
from kesspay.transfers.account import check_binding
from kesspay.transfers.bindings import (
    Statements,
    missing_keys,
    read_account,
    recorded,
)
from kesspay.transfers.journal import Lease, Payment, Record, check_write
from kesspay.transfers.row_journal import Queries, RowJournal
from kesspay.transfers.rows import (
    BEGUN,
    Row,
    begin_values,
    check_lease,
    check_limit,
    check_same,
    check_seconds,
    entry_values,
    read_record,
    read_records,
    status_values,
)
from kesspay.transfers.sqlite_file import Connections, translate
from kesspay.transfers.sqlite_writer import Append, Writer


if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from kesspay.transfers.account import Account, Whose
    from kesspay.transfers.attempt import Rules
    from kesspay.transfers.bindings import Execute
    from kesspay.transfers.journal import Entry, Status


__all__ = ["SqliteJournal"]

_ACCOUNT: Final = Statements.of("?")
_QUERIES: Final = Queries.of("?")

_BEGIN: Final = """
    INSERT INTO payments (payment_id, receiver_id, sender_name, amount, currency,
        state, attempt, due_at, rules, begun_at, changed_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_LEASE: Final = """
    UPDATE payments SET lease_owner = ?, lease_until = ?, fence = fence + 1
    WHERE payment_id = ?
        AND (lease_until IS NULL OR lease_until <= ? OR lease_owner = ?)
    RETURNING fence
"""
_HOLDER: Final = """
    SELECT lease_owner, lease_until - ? FROM payments WHERE payment_id = ?
"""
_TAKE_DUE: Final = """
    UPDATE payments SET lease_owner = ?, lease_until = ?, fence = fence + 1
    WHERE payment_id IN (
        SELECT payment_id FROM payments
        WHERE due_at <= ? AND (lease_until IS NULL OR lease_until <= ?)
        ORDER BY due_at, payment_id LIMIT ?
    )
    RETURNING due_at, payment_id, fence
"""
_RELEASE: Final = """
    UPDATE payments SET lease_owner = NULL, lease_until = NULL
    WHERE payment_id = ? AND lease_owner = ? AND fence = ?
"""

#: Seconds: SQLite counts milliseconds in 32 bits.
_LONGEST_WAIT: Final = 1e6

#: Rows that an export reads at a time.
_PAGE: Final = 256


class SqliteJournal(RowJournal):
    """
    A journal in a SQLite file. Any number of threads and processes may use one.

    Writes are grouped: one thread makes those of all callers durable with one
    COMMIT. The journal may be used in a child process after a fork. Its methods raise
    the errors of ``Journal``.

    Args:
        path: path of the file, on a local disk. It is made where it is missing,
            readable by its owner only; its folder must exist. A file that is there
            and is empty is refused. SQLite keeps two more files next to it, whose
            names end with "-wal" and "-shm".
        clock: returns the time in seconds since 1970; all processes that share
            the file must agree about it.
        busy_timeout: seconds to wait for another process that is writing.

    Raises:
        InputError: an argument cannot be used.
        JournalUnavailable: the file cannot be opened or written to.
        JournalDamaged: the file is corrupt or empty, is no journal, or was made by a
            newer version.
    """

    _queries = _QUERIES
    _account = _ACCOUNT
    _instead = "open the file again there"
    #: Of one whose arguments were refused.
    _path = Path()

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Callable[[], float] = time.time,
        busy_timeout: float = 5.0,
    ) -> None:
        """Open the file, and write to it, so that what is wrong shows now."""
        kind = no_path(path)
        if kind:
            raise InputError(
                f"a SqliteJournal takes the path of a file, not {kind};"
                " a PostgresJournal takes a connection string"
            )
        self._path = Path(file_path(path)).absolute()
        if not callable(clock):
            raise InputError("clock must be a function that returns the time")
        if not is_number(clock()):
            raise InputError("clock must return a number of seconds since 1970")
        if not (is_number(busy_timeout) and 0 <= busy_timeout <= _LONGEST_WAIT):
            raise InputError(
                "busy_timeout must be a number of seconds, not below 0 and at most 1e6"
            )
        self._clock = _checked(clock)
        self._connections = Connections(self._path, busy_timeout)
        self._writer = Writer(self._connections, self._clock)
        self._end = weakref.finalize(self, self._writer.stop)

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self._clock()

    def bind(
        self, account: Account, keys: Sequence[tuple[Whose, str]] = (), *, by: str
    ) -> Account:
        """
        Return the account of the journal; record this one where there is none.

        It is called before every use of a payment, so it must be quick where an
        account is recorded already. If two processes call it first at the same
        time, both must return the account that was recorded. The caller compares
        it with its own.

        Args:
            account: the account of the caller.
            keys: the keys that the caller uses: whose key it is, and its
                fingerprint (SHA-256 in lower-case hex). Each is recorded once, and
                only where the journal belongs to ``account``.
            by: user, host and process of the caller, 1 to 128 visible ASCII
                characters; recorded with a new account.
        """
        check_binding(account, keys, by)
        found = read_account(self._ask(_ACCOUNT.current, ()))
        known = self._ask(_ACCOUNT.keys, ()) if keys else ()
        missing = missing_keys(known, keys)
        if found is not None and not (found == account and missing):
            return found

        def work(connection: sqlite3.Connection) -> Account:
            now = self._clock()
            values = (account.base_url, account.partner_id, now, by)
            connection.execute(_ACCOUNT.first, values)
            owner = recorded(connection.execute(_ACCOUNT.current).fetchall())
            if owner == account:
                rows = [(*key, now) for key in missing]
                connection.executemany(_ACCOUNT.add_key, rows)
            return owner

        return self._writer.run(work)

    def begin(self, payment: Payment, rules: Rules | None = None) -> Record:
        """
        Return the record of a payment; make it where the id is new.

        Args:
            payment: what the caller wants to pay.
            rules: recorded with a new payment, exactly and for ever. A payment that
                is recorded already keeps its rules, or has none.

        Raises:
            PaymentConflict: the id names a payment with other fields.
        """
        values = begin_values(payment, rules)

        def work(connection: sqlite3.Connection) -> Record:
            now = self._clock()
            if connection.execute(_BEGIN, (*values, now, now)).rowcount:
                return Record(payment, BEGUN, (), rules)
            rows = connection.execute(_QUERIES.read, (payment.payment_id,)).fetchall()
            record = read_record(rows)
            check_same(record.payment, payment)
            return record

        return self._writer.run(work)

    def take_due(self, owner: str, seconds: float, limit: int) -> list[Lease]:
        """
        Lease payments that are due and not leased, the most overdue first.

        Args:
            owner: a name for the leases, 1 to 128 visible ASCII characters.
            seconds: how long they last, above 0.
            limit: how many at most, 1 to 10,000.
        """
        check_lease(owner, seconds)
        check_limit(limit)

        def work(connection: sqlite3.Connection) -> list[Row]:
            now = self._clock()
            values = (owner, now + seconds, now, now, limit)
            return connection.execute(_TAKE_DUE, values).fetchall()

        taken = sorted(self._writer.run(work))
        return [Lease(payment_id, owner, fence) for _, payment_id, fence in taken]

    def append(
        self, lease: Lease, entries: Sequence[Entry], status: Status, seconds: float
    ) -> None:
        """
        Write entries and the new status, all or none, and extend the lease.

        Args:
            lease: the lease under which the entries are written.
            entries: what happened, in order.
            status: the status of the payment after them.
            seconds: how long the lease lasts from now on.

        Raises:
            LeaseLost: another worker took the lease; nothing was written.
        """
        check_seconds(seconds)
        check_write(lease, entries, status)
        rows = [entry_values(entry) for entry in entries]
        self._writer.append(Append(lease, status_values(status), rows, seconds))

    def release(self, lease: Lease) -> None:
        """End a lease before its time. A lease that was lost is no error."""
        require(lease, Lease, "lease")
        mine = (lease.payment_id, lease.owner, lease.fence)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_RELEASE, mine)

        self._writer.run(work)

    def export(self) -> Iterator[Record]:
        """
        Yield every record in the order of the ids, as of one moment.

        Until it ends, SQLite cannot shorten the file "-wal".
        """
        return read_records(self._export())

    def close(self) -> None:
        """Finish the writes that have begun, and close the journal."""
        self._end()

    def _place(self) -> str:
        return repr(str(self._path))

    def _run_without_leases(self, work: Callable[[Execute, float], None]) -> None:
        # One connection writes at a time, leases too.
        self._writer.run(lambda connection: work(connection.execute, self._clock()))

    def _take(
        self, payment_id: str, owner: str, seconds: float
    ) -> tuple[int | None, tuple[str | None, float | None] | None]:
        def work(
            connection: sqlite3.Connection,
        ) -> tuple[int | None, tuple[str | None, float | None] | None]:
            now = self._clock()
            values = (owner, now + seconds, payment_id, now, owner)
            taken = connection.execute(_LEASE, values).fetchall()
            if taken:
                return taken[0][0], None
            return None, connection.execute(_HOLDER, (now, payment_id)).fetchone()

        return self._writer.run(work)

    def _ask(self, query: str, values: Row) -> Sequence[Row]:
        with self._connections.reading() as connection:
            try:
                return connection.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise translate(self._path, error) from error

    def _export(self) -> Iterator[Row]:
        connections = self._connections
        with connections.using():
            connection = connections.hire()
        try:
            with connections.using():
                cursor = connection.execute(_QUERIES.export)
            while True:
                with connections.using():
                    page = cursor.fetchmany(_PAGE)
                if not page:
                    return
                yield from page
        except sqlite3.Error as error:
            raise translate(self._path, error) from error
        finally:
            connections.discard(connection)


def _checked(clock: Callable[[], float]) -> Callable[[], float]:
    """
    Return a clock whose times can be kept: the fault of a clock is none of the file.

    Raises:
        JournalUnavailable: called, it has no time to give.
    """

    def now() -> float:
        time = clock()
        if not is_number(time):
            raise JournalUnavailable(
                "the clock of the journal gave no number of seconds: nothing was"
                " written; correct the function that was given for it"
            )
        return float(time)

    return now
