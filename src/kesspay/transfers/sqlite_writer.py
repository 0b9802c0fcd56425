"""
Group commit: one thread writes for all, and one COMMIT makes many durable.

A caller hands over what it wants written and waits. The thread takes all that
is there into one transaction, so that 64 callers share one wait for the disk.

Then each caller wakes the next. Woken all at once, they would only stand in
line for the lock of the interpreter, which costs more than the SQL.

The sqlite3 module lets other threads of Python run at each statement, and may
then wait for its turn. So what 64 callers append takes a few statements, not 128.
"""

from __future__ import annotations

import copy
import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from kesspay._forks import Forkable, heed_forks
from kesspay.errors import JournalError
from kesspay.transfers.row_journal import lease_was_lost
from kesspay.transfers.sqlite_file import roll_back, translate
from kesspay.transfers.wording import no_threads, unusable


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kesspay.transfers.journal import Lease
    from kesspay.transfers.rows import Row
    from kesspay.transfers.sqlite_file import Connections


__all__ = ["Append", "Writer"]

Result = TypeVar("Result")

#: How many callers may share a transaction.
_MOST: Final = 256

#: Seconds to wait for the callers that wake each other; one may be interrupted.
_PATIENCE: Final = 0.02

#: Rows of a statement, the most first. Each is prepared once.
_SIZES: Final = (64, 16, 4, 1)


@dataclass(frozen=True, slots=True)
class Append:
    """
    What one caller appends.

    Args:
        lease: the lease under which it appends.
        status: its columns: state, attempt, due_at.
        entries: the columns of each entry.
        seconds: how long the lease lasts from now on.
    """

    lease: Lease
    status: Row
    entries: Sequence[Row]
    seconds: float


class _Turn:
    """A place in the line of those who wake each other."""

    __slots__ = ("_come", "after")

    def __init__(self) -> None:
        self.after: _Turn | None = None
        # A bare lock costs a tenth of an Event.
        self._come = Lock()
        self._come.acquire()

    def wait(self, seconds: float = -1) -> bool:
        """Wait to be woken, and wake the next; False where the time is over."""
        if not self._come.acquire(timeout=seconds):
            return False
        if self.after is not None:
            self.after.wake()
        return True

    def wake(self) -> None:
        """End the wait. Once is enough, and twice does no harm."""
        try:
            self._come.release()
        except RuntimeError:
            return


class _Job(_Turn, Generic[Result]):
    """What a caller wants written, and what came of it."""

    __slots__ = ("error", "result", "work")

    def __init__(self, work: Append | Callable[[sqlite3.Connection], Result]) -> None:
        super().__init__()
        self.work = work
        self.result: Result | None = None
        self.error: BaseException | None = None


class Writer(Forkable):
    """
    Writes for all threads, in one of its own. Any number of threads may use it.

    Args:
        connections: of the journal.
        clock: of the journal.
    """

    def __init__(self, connections: Connections, clock: Callable[[], float]) -> None:
        """Start no thread yet."""
        self._connections = connections
        self._clock = clock
        self._stopped = False
        self._lock = Lock()
        self._thread: Thread | None = None
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        heed_forks(self)

    def append(self, append: Append) -> None:
        """
        Return once what is appended is on the disk.

        Raises:
            LeaseLost: another worker took the payment; nothing was written.
            JournalError: nothing was written.
        """
        self._do(_Job(append))

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """
        Do some work inside a transaction, and return once it is on the disk.

        Args:
            work: gets the connection. It may run more than once, and must not
                have written anything when it raises a JournalError.

        Raises:
            JournalError: of the work, or nothing was written.
        """
        return self._do(_Job(work))

    def _do(self, job: _Job[Result]) -> Result:
        with self._lock:
            if self._stopped:
                raise unusable(
                    f"the journal {self._connections.path} was closed; open it again"
                )
            if self._thread is None:
                self._start()
            self._jobs.put(job)
        job.wait()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value] # set when it is done

    def _start(self) -> None:
        """
        Start the thread.

        Raises:
            JournalUnavailable: the system gives no thread; a later call tries again.
        """
        self._thread = Thread(target=self._serve, daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            # With it a later call would wait for a thread that never works.
            self._thread = None
            why = str(error)
        else:
            return
        raise no_threads(why)

    def stop(self) -> None:
        """Do what was handed over, end the thread, and close the connections."""
        with self._lock:
            thread = self._thread
            if not self._stopped and thread is not None:
                self._jobs.put(None)
            self._stopped = True
        # The garbage collector may call from any thread.
        if thread is not None and thread is not current_thread():
            thread.join()
        self._connections.close()

    def after_fork_in_child(self) -> None:
        """Begin anew: the thread and the callers that waited for it are not here."""
        self._lock = Lock()
        self._thread = None
        self._jobs = SimpleQueue()

    def _serve(self) -> None:
        going_on = True
        while going_on:
            batch, going_on = self._gather()
            if batch:
                self._finish(batch)
                self._let_come_back(batch)
            # What was done must not keep the journal alive.
            del batch

    def _let_come_back(self, batch: list[_Job[Any]]) -> None:
        """Wake all, and wait until they can have handed over what is next."""
        if len(batch) == 1:
            batch[0].wake()
            return
        # A caller that came later would need a COMMIT, and a wait for the disk,
        # of its own.
        last = _Turn()
        for turn, after in pairwise([*batch, last]):
            turn.after = after
        batch[0].wake()
        if not last.wait(_PATIENCE):
            # A caller that was interrupted while it waited has woken no other.
            for job in batch:
                job.wake()

    def _gather(self) -> tuple[list[_Job[Any]], bool]:
        """Return who is there, once there is one, and whether to continue."""
        batch: list[_Job[Any]] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _MOST or self._jobs.empty():
                return batch, True
            job = self._jobs.get()
        return batch, False

    def _finish(self, batch: list[_Job[Any]]) -> None:
        """Do the work of all, and give each what came of it."""
        try:
            done = self._commit(batch)
        except BaseException as error:  # noqa: BLE001 - it is for those who wait
            for job in batch:
                job.error = self._meaning(error)
            done = True
        if done:
            return
        first = batch[0]
        if len(batch) > 1:
            middle = len(batch) // 2
            self._finish(batch[:middle])
            self._finish(batch[middle:])
        else:
            assert isinstance(first.work, Append)  # noqa: S101 - others raise
            first.error = lease_was_lost(first.work.lease)

    def _commit(self, batch: list[_Job[Any]]) -> bool:
        """Write in one transaction; False where one of them cannot be written."""
        with self._connections.writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if not self._write(connection, batch):
                    roll_back(connection)
                    return False
                connection.execute("COMMIT")
            except BaseException:
                roll_back(connection)
                raise
        return True

    def _write(self, connection: sqlite3.Connection, batch: list[_Job[Any]]) -> bool:
        # All are here at the same time, so any order will do.
        appends = [job.work for job in batch if isinstance(job.work, Append)]
        try:
            if appends and not _append_all(connection, appends, self._clock()):
                return False
            for job in batch:
                if not isinstance(job.work, Append):
                    job.error = None
                    try:
                        job.result = job.work(connection)
                    except JournalError as error:
                        job.error = error
        except Exception:
            if len(batch) == 1:
                raise
            return False
        return True

    def _meaning(self, error: BaseException) -> BaseException:
        """Return an error of its own for each who waits."""
        if isinstance(error, sqlite3.Error):
            return translate(self._connections.path, error)
        return copy.copy(error)


def _advance(rows: int) -> str:
    # SQLite names the columns of VALUES itself.
    return f"""
        UPDATE payments SET state = v.column4, attempt = v.column5,
            due_at = v.column6, changed_at = v.column7, lease_until = v.column8,
            entries = entries + v.column9
        FROM (VALUES {_values(rows)}) AS v
        WHERE payment_id = v.column1 AND lease_owner = v.column2
            AND fence = v.column3
    """  # noqa: S608 - question marks only


def _enter(rows: int) -> str:
    # Numbers count up to what the payment has now.
    return f"""
        INSERT INTO entries (payment_id, number, attempt, what, at, code, facts,
            sent, received)
        SELECT v.column1, p.entries - v.column2, v.column3, v.column4, v.column5,
            v.column6, v.column7, v.column8, v.column9
        FROM (VALUES {_values(rows)}) AS v JOIN payments p
            ON p.payment_id = v.column1
    """  # noqa: S608 - question marks only


def _values(rows: int) -> str:
    return ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * rows)


_ADVANCE: Final = {size: _advance(size) for size in _SIZES}
_ENTER: Final = {size: _enter(size) for size in _SIZES}


def _append_all(
    connection: sqlite3.Connection, appends: Sequence[Append], now: float
) -> bool:
    """
    Append for all, inside a transaction.

    Returns:
        False where a lease was lost, or one payment has two of them: then the
        transaction must be rolled back.
    """
    advanced = [
        (
            one.lease.payment_id,
            one.lease.owner,
            one.lease.fence,
            *one.status,
            now,
            now + one.seconds,
            len(one.entries),
        )
        for one in appends
    ]
    if _execute(connection, _ADVANCE, advanced) != len(appends):
        return False
    entered = [
        (one.lease.payment_id, back, *row)
        for one in appends
        for back, row in zip(
            range(len(one.entries) - 1, -1, -1), one.entries, strict=True
        )
    ]
    return _execute(connection, _ENTER, entered) == len(entered)


def _execute(
    connection: sqlite3.Connection, statements: dict[int, str], rows: Sequence[Row]
) -> int:
    """Return how many rows were changed."""
    changed = 0
    for part in _parts(rows):
        values: list[Any] = []
        for row in part:
            values += row
        changed += connection.execute(statements[len(part)], values).rowcount
    return changed


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Split rows into parts for which there are statements."""
    first = 0
    for size in _SIZES:
        while len(rows) - first >= size:
            yield rows[first : first + size]
            first += size
