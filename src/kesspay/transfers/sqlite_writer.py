"""
Group commit: one thread writes for all, and one COMMIT makes many durable.

A caller hands over what it wants written and waits. The thread takes all that
is there into one transaction, so that 64 callers share one wait for the disk.

Then each caller wakes the next. Woken all at once, they would only stand in
line for the lock of the interpreter, which costs more than the SQL.
"""

from __future__ import annotations

import copy
import sqlite3
from itertools import pairwise
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from kesspay.errors import JournalError, JournalUnavailable
from kesspay.transfers.forks import Forkable, heed_forks
from kesspay.transfers.rows import lease_was_lost
from kesspay.transfers.sqlite_append import Append, append_all
from kesspay.transfers.sqlite_file import roll_back, translate


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.transfers.sqlite_connections import Connections


__all__ = ["Writer"]

Result = TypeVar("Result")

#: How many callers may share a transaction.
_MOST: Final = 256

#: Seconds to wait for those who wake each other; somebody may be interrupted.
_PATIENCE: Final = 0.02


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
    The one that writes. Any number of threads may use it.

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
            LeaseLost: somebody else took the payment; nothing was written.
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
                raise JournalUnavailable(
                    f"the journal {self._connections.path} was closed; open it again"
                )
            if self._thread is None:
                self._thread = Thread(target=self._serve, daemon=True)
                self._thread.start()
            self._jobs.put(job)
        job.wait()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]

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
        """Begin anew: the thread and whoever waited for it are not here."""
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
        # Whoever came later would need a COMMIT, and a wait for the disk, of
        # his own.
        last = _Turn()
        for turn, after in pairwise([*batch, last]):
            turn.after = after
        batch[0].wake()
        if not last.wait(_PATIENCE):
            # Who was interrupted while he waited has woken nobody.
            for job in batch:
                job.wake()

    def _gather(self) -> tuple[list[_Job[Any]], bool]:
        """Return who is there, once there is one, and whether to go on."""
        batch: list[_Job[Any]] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _MOST or self._jobs.empty():
                return batch, True
            job = self._jobs.get()
        return batch, False

    def _finish(self, batch: list[_Job[Any]]) -> None:
        """Do the work of all, and tell each what came of it."""
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
            if appends and not append_all(connection, appends, self._clock()):
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
