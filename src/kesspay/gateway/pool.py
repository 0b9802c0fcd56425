"""Connections that wait for their next request."""

from __future__ import annotations

import weakref
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar


if TYPE_CHECKING:
    from kesspay.gateway.connection import Connection
    from kesspay.http.steps import Origin


__all__ = ["Pool"]

_Gate = TypeVar("_Gate")


class Pool(Generic[_Gate]):
    """
    The connections of one process, or of one event loop.

    Idle connections are closed when the pool is no longer used, so nobody
    has to close a transport.

    Args:
        gate: a semaphore of ``size``: who passed it may ``take``.
        size: connections that may be open, idle ones included.
        keep_alive: seconds that an idle connection is kept.
    """

    def __init__(self, gate: _Gate, size: int, keep_alive: float) -> None:
        """Begin without any connection."""
        self.gate = gate
        self._size = size
        self._keep_alive = keep_alive
        self._lock = Lock()
        self._busy = 0
        self._closed = False
        # The one used last comes last.
        self._idle: list[Connection] = []
        weakref.finalize(self, _close_all, self._idle)

    def take(self, origin: Origin, *, fresh: bool) -> Connection | None:
        """
        Return a connection to reuse; None: there is room for a new one.

        Args:
            origin: whom it must lead to.
            fresh: True takes none that was used before.
        """
        with self._lock:
            self._drop_old()
            found = None if fresh else self._find(origin)
            self._busy += 1
            while self._idle and self._busy + len(self._idle) > self._size:
                self._idle.pop(0).close()
        return found

    def give_back(self, connection: Connection | None) -> None:
        """End what ``take`` began; a connection that is given can be reused."""
        with self._lock:
            self._busy -= 1
            if connection is None:
                return
            connection.idle_until = monotonic() + self._keep_alive
            self._idle.append(connection)
            if self._closed:
                _close_all(self._idle)

    def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        with self._lock:
            self._closed = True
            _close_all(self._idle)

    def abandon(self) -> None:
        """
        Close a forked process's copies of what its parent keeps.

        The parent's connections stay open. Takes no lock: a thread that the
        fork left behind may hold it.
        """
        _close_all(self._idle)

    def _drop_old(self) -> None:
        # The one that was given back first expires first.
        now = monotonic()
        while self._idle and self._idle[0].idle_until <= now:
            self._idle.pop(0).close()

    def _find(self, origin: Origin) -> Connection | None:
        for index in range(len(self._idle) - 1, -1, -1):
            if self._idle[index].origin != origin:
                continue
            connection = self._idle.pop(index)
            if connection.is_quiet():
                return connection
            connection.close()
        return None


def _close_all(idle: list[Connection]) -> None:
    while idle:
        idle.pop().close()
