"""One call over the network: the time it has left, and how far it got."""

from __future__ import annotations

import math
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from kesspay.errors import TransportError


if TYPE_CHECKING:
    import socket


__all__ = ["FAULTS", "Call", "Limits"]

#: What an exchange breaks off with. Everything else is no fault of the network and
#: belongs to whoever raised it.
FAULTS: Final = (OSError, ValueError, RuntimeError)

#: A week: the clocks of sockets overflow on numbers that are too large.
_LONGEST: Final = 7 * 86400.0


class Limits(NamedTuple):
    """Seconds that the steps of a call may take within its deadline."""

    connecting: float
    reading: float
    writing: float


class Call:
    """
    What one call may still use, and how far it got.

    Args:
        limits: of its steps.
        timeout: seconds for everything.

    Attributes:
        connected: the socket that its steps read from and write to.
    """

    connected: socket.socket

    def __init__(self, limits: Limits, timeout: float) -> None:
        """Start the clock."""
        self._limits = limits
        self._deadline = monotonic() + min(timeout, _LONGEST)
        self._connected_until = math.inf
        self._sent = False

    def begin_to_connect(self) -> None:
        """Start the clock of the connection."""
        self._connected_until = monotonic() + self._limits.connecting

    def begin_to_send(self, connected: socket.socket) -> None:
        """
        Note that the next step sends the request.

        Raises:
            TimeoutError: there is no time left, so that it is not sent.
        """
        self.left()
        self.connected = connected
        self._sent = True

    def left(self, *, writing: bool = False) -> float:
        """
        Return the seconds that the next step may take.

        Raises:
            TimeoutError: there are none.
        """
        now = monotonic()
        seconds = min(self._deadline, self._connected_until) - now
        if self._sent:
            limit = self._limits.writing if writing else self._limits.reading
            seconds = min(self._deadline - now, limit)
        if not seconds > 0:
            raise TimeoutError
        return seconds

    def failure(self, error: Exception) -> TransportError:
        """Return the error that tells how far the call got."""
        text = type(error).__name__
        if isinstance(error, TimeoutError) and error.errno is None:
            text = self._ran_out()
        elif isinstance(error, OSError):
            # Texts of the system and of TLS show nothing of the request.
            text = f"{text} ({error})"
        return TransportError("no_reply" if self._sent else "not_sent", text)

    def _ran_out(self) -> str:
        if monotonic() >= self._deadline:
            if self._sent or self._connected_until < math.inf:
                return "the deadline passed"
            return "the deadline passed before a connection was free"
        if self._sent:
            return "the server was silent, or did not read, for too long"
        return f"connecting took more than {self._limits.connecting} seconds"
