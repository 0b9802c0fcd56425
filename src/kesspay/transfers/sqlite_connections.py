"""
The connections of a SQLite journal: one that writes, and some that read.

SQLite keeps its locks in the memory of a process, so a child that inherits an
open connection breaks the locks of both. Before a fork every connection is
closed, and opened again by whoever needs one.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING, Final

from kesspay.errors import JournalDamaged, JournalUnavailable
from kesspay.transfers.forks import Forkable, heed_forks
from kesspay.transfers.sqlite_file import connect, identity, prepare


if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path


__all__ = ["Connections"]

#: Readers that are kept open.
_KEPT: Final = 4


class Connections(Forkable):
    """
    The connections of one journal. Any number of threads may use it.

    Args:
        path: of the file, absolute.
        timeout: seconds to wait for a lock.

    Raises:
        JournalUnavailable: the file cannot be opened or written to.
        JournalDamaged: it is corrupt, no journal, or of a newer version.
    """

    #: Seconds that a fork waits for those who use a connection.
    patience: float = 10.0

    def __init__(self, path: Path, timeout: float) -> None:
        """Make or check the file."""
        self.path = path
        self._timeout = timeout
        self._changed = Condition()
        self._using = 0
        self._forking = False
        self._inherited = False
        self._why_not = ""
        self._open: set[sqlite3.Connection] = set()
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        prepare(path, timeout)
        self._identity = identity(path)
        heed_forks(self)

    @contextmanager
    def using(self) -> Iterator[None]:
        """
        Use connections: no fork and no closing happens meanwhile.

        Raises:
            JournalUnavailable: the journal is closed.
        """
        with self._changed:
            while self._forking:
                self._changed.wait()
            if self._why_not:
                raise JournalUnavailable(self._why_not)
            self._using += 1
        try:
            yield
        finally:
            with self._changed:
                self._using -= 1
                self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Use the connection that writes; one thread does."""
        with self.using():
            if identity(self.path) != self._identity:
                raise JournalDamaged(
                    f"the journal {self.path} was replaced while it was open: stop"
                    " every process that uses it, and start them again"
                )
            if self._writer is None:
                self._writer = self._connect()
            yield self._writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Use a connection that reads."""
        with self.using():
            connection = self.hire()
            try:
                yield connection
            except BaseException:
                # A statement of it may still be open, and with it a snapshot.
                self.discard(connection)
                raise
            with self._changed:
                if len(self._idle) < _KEPT:
                    self._idle.append(connection)
                    return
            self.discard(connection)

    def hire(self) -> sqlite3.Connection:
        """Return a connection to read with. Only while ``using``."""
        with self._changed:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def discard(self, connection: sqlite3.Connection) -> None:
        """Close what was hired."""
        with self._changed:
            self._open.discard(connection)
        connection.close()

    def close(self) -> None:
        """Close every connection, once nobody uses one."""
        with self._changed:
            self._why_not = f"the journal {self.path} was closed; open it again"
            while self._using:
                self._changed.wait()
            self._close_all()

    def before_fork(self) -> None:
        """Close every connection, or find that they are in use for too long."""
        self._changed.acquire()
        self._forking = True
        until = monotonic() + self.patience
        while self._using and self._changed.wait(until - monotonic()):
            pass
        self._inherited = self._using > 0
        if not self._inherited:
            self._close_all()
        self._changed.release()

    def after_fork_in_parent(self) -> None:
        """Let everybody go on."""
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def after_fork_in_child(self) -> None:
        """Begin anew, unless connections were inherited."""
        self._changed = Condition()
        self._forking = False
        self._using = 0
        if self._inherited:
            self._why_not = (
                f"the journal {self.path} was in use when this process was forked"
                " off, and must not be used in it: fork earlier, or spawn"
            )

    def _connect(self) -> sqlite3.Connection:
        connection = connect(self.path, self._timeout)
        with self._changed:
            self._open.add(connection)
        return connection

    def _close_all(self) -> None:
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._idle.clear()
        self._writer = None
