"""
Group commit: one thread writes for all, and one COMMIT makes many durable.

A caller hands over what it wants written and waits. The thread takes all that
is there into one transaction, so that 64 callers share one wait for the disk.
"""

from __future__ import annotations

import copy
import sqlite3
from queue import SimpleQueue
from threading import Lock, Thread, current_thread
from time import sleep
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from kesspay.errors import JournalError, JournalUnavailable
from kesspay.transfers.forks import Forkable, heed_forks
from kesspay.transfers.sqlite_file import roll_back, translate


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.transfers.sqlite_connections import Connections


__all__ = ["Writer"]

Result = TypeVar("Result")

#: How many callers may share a transaction.
_MOST: Final = 256


#: Seconds in which a thread that was woken hands over its next work.
_COMING_BACK: Final = 0.000015


class _Job(Generic[Result]):
    """What a caller wants written, and what came of it."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[sqlite3.Connection], Result]) -> None:
        self.work = work
        self.result: Result | None = None
        self.error: BaseException | None = None
        # A bare lock costs a tenth of an Event.
        self.done = Lock()
        self.done.acquire()


class Writer(Forkable):
    """
    The one that writes. Any number of threads may use it.

    Args:
        connections: of the journal.
    """

    def __init__(self, connections: Connections) -> None:
        """Start no thread yet."""
        self._connections = connections
        self._stopped = False
        self._lock = Lock()
        self._thread: Thread | None = None
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        heed_forks(self)

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """
        Do some work inside a transaction, and return once it is on the disk.

        Args:
            work: gets the connection. It may run more than once, and must not
                have written anything when it raises a JournalError.

        Raises:
            JournalError: of the work, or nothing was written.
        """
        job = _Job(work)
        with self._lock:
            if self._stopped:
                raise JournalUnavailable(
                    f"the journal {self._connections.path} was closed; open it again"
                )
            if self._thread is None:
                self._thread = Thread(target=self._serve, daemon=True)
                self._thread.start()
            self._jobs.put(job)
        job.done.acquire()
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
            self._finish(batch)
            # Those who were served come back one by one. Without a pause some
            # would need a COMMIT, and a wait for the disk, of their own.
            if len(batch) > max(1, self._jobs.qsize()):
                sleep(len(batch) * _COMING_BACK)
            # What was done must not keep the journal alive.
            del batch

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
        if not done:
            for job in batch:
                self._finish([job])
            return
        for job in batch:
            job.done.release()

    def _commit(self, batch: list[_Job[Any]]) -> bool:
        """Write in one transaction; False where one of several spoilt it."""
        with self._connections.writing() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                for job in batch:
                    job.error = None
                    try:
                        job.result = job.work(connection)
                    except JournalError as error:
                        job.error = error
                    except Exception:
                        if len(batch) == 1:
                            raise
                        roll_back(connection)
                        return False
                connection.execute("COMMIT")
            except BaseException:
                roll_back(connection)
                raise
        return True

    def _meaning(self, error: BaseException) -> BaseException:
        """Return an error of its own for each who waits."""
        if isinstance(error, sqlite3.Error):
            return translate(self._connections.path, error)
        return copy.copy(error)
