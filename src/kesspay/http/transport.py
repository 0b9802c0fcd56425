"""
The transport of HTTP requests: its protocols, settings, deadline and pool.

It is kesspay's own, on h11, for three reasons (``tests/http/test_exchange.py``
has the cases): httpcore and httpx2 return bytes that follow one answer as the next
answer; neither httpx2 nor urllib3 ends a call at one deadline; httpx2's debug log
shows response headers. ``HttpTransport`` (threads) and ``AsyncHttpTransport``
(asyncio) run one state machine, and differ in how they wait. Here,

- each answer has its own parser, and a connection is used again only where no
  byte follows the answer;
- every step ends at the deadline of its call;
- nothing is logged, followed (redirects), decoded (compression), kept
  (cookies), taken from the environment (proxies, certificates) or repeated;
- after any error the connection is closed.
"""

from __future__ import annotations

import math
import weakref
from abc import abstractmethod
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeVar

from kesspay._checks import file_path, is_number
from kesspay._secrets import HoldsSecrets
from kesspay.errors import InputError, TransportError
from kesspay.http.connection import Connect, Connection, Origin, Proxy
from kesspay.http.exchange import Exchange
from kesspay.http.trust import Setting, context_of, require_safe, trusting_the_system


if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Hashable
    from os import PathLike

    from kesspay.http.connection import Steps
    from kesspay.http.message import HttpRequest, HttpResponse


__all__ = [
    "FAULTS",
    "AsyncTransport",
    "BaseHttpTransport",
    "Deadline",
    "Limits",
    "Pool",
    "Transport",
]

#: What an exchange breaks off with. Everything else is no fault of the network, and
#: reaches the caller as it is.
FAULTS: Final = (OSError, ValueError, RuntimeError)

#: A week: the clocks of sockets overflow on numbers that are too large, and Python
#: has integers that no float holds.
_LONGEST: Final = 7 * 86400.0

_MIB: Final = 1 << 20

_SlotsT = TypeVar("_SlotsT")


class Transport(Protocol):
    """Sends requests. Any HTTP library can implement this one method."""

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """
        Send a request once, and return the whole response.

        Args:
            request: sent as it is: no redirect, no retry, no cookie. Where
                it is ``fresh``, it is sent over a new connection.
            timeout: seconds for everything, from the look-up of the host name
                to the last byte of the body.

        Raises:
            TransportError: with ``kind`` "not_sent" only where it is certain
                that no byte of the request left. A client takes any other
                exception for "no_reply".
        """


class AsyncTransport(Protocol):
    """Sends requests, for asyncio."""

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """
        Send a request once, and return the whole response.

        A call that is cancelled must leave no connection open.

        Args:
            request: sent as it is: no redirect, no retry, no cookie. Where
                it is ``fresh``, it is sent over a new connection.
            timeout: seconds for everything, from the look-up of the host name
                to the last byte of the body.

        Raises:
            TransportError: with ``kind`` "not_sent" only where it is certain
                that no byte of the request left. A client takes any other
                exception for "no_reply".
        """


class BaseHttpTransport(HoldsSecrets, Generic[_SlotsT]):
    """
    The settings of a transport, and the steps of each of its exchanges.

    ``HttpTransport`` and ``AsyncHttpTransport`` inherit these arguments.

    Args:
        ssl_context: for a private certificate authority or a client
            certificate; None trusts what the system trusts. It must verify
            certificates and host names, and take TLS 1.2 or later only.
        ca_file: path of a PEM file of certificate authorities to trust, and no
            others, instead of ``ssl_context``.
        connect_timeout: seconds to connect, including the look-up of the host
            name, the proxy and TLS, within the deadline of a call. More than a
            week counts as a week, here and below.
        read_timeout: seconds for which the server may send nothing; None sets
            no limit but the deadline.
        write_timeout: seconds that 64 KiB of a request may take; None sets no
            limit but the deadline.
        max_response_bytes: a longer body is a bad reply (TransportError).
        max_connections: connections that may be open at a time, idle ones
            included. A call waits for a free one until its deadline.
        keep_alive: seconds an idle connection is kept; 0 keeps none. It must
            be shorter than that of the server, or the server closes connections
            that are about to be used (Apache closes after 5 seconds).
        proxy: "http://[user:password@]host:port", used for https only; a
            request over plain http is refused then. None connects directly;
            proxy variables of the environment are not read.

    Raises:
        InputError: an argument cannot be used.
    """

    def __init__(  # noqa: PLR0913 - each one is a setting
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        ca_file: str | PathLike[str] | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float | None = None,
        write_timeout: float | None = None,
        max_response_bytes: int = _MIB,
        max_connections: int = 10,
        keep_alive: float = 4.0,
        proxy: str | None = None,
    ) -> None:
        """Check the settings; nothing is opened before the first request."""
        if ca_file is not None:
            if ssl_context is not None:
                raise InputError("give ca_file or ssl_context, not both")
            ssl_context = context_of(Setting("ca_file", file_path(ca_file, "ca_file")))
        if ssl_context is not None:
            require_safe(ssl_context)
        self._ssl_context = ssl_context
        self._limits = Limits(
            connecting=_above_zero("connect_timeout", connect_timeout),
            reading=_above_zero("read_timeout", read_timeout),
            writing=_above_zero("write_timeout", write_timeout),
        )
        self._max_body = _count("max_response_bytes", max_response_bytes)
        self._size = _count("max_connections", max_connections)
        self._keep_alive = 0.0
        if not is_number(keep_alive) or keep_alive != 0:
            self._keep_alive = _above_zero("keep_alive", keep_alive)
        self._proxy = None if proxy is None else Proxy(proxy)
        self._pools: dict[Hashable, Pool[_SlotsT]] = {}

    @abstractmethod
    def _make_slots(self, size: int) -> _SlotsT:
        """Make the semaphore in front of a pool."""

    def _pool(self, place: Hashable) -> Pool[_SlotsT]:
        """
        Return the pool of this process, or of this event loop.

        Pools of other places belong to a parent process, or to a loop that
        ended: their connections are of no use here.
        """
        pool = self._pools.get(place)
        if pool is None:
            made = Pool(self._make_slots(self._size), self._size, self._keep_alive)
            pool = self._pools.setdefault(place, made)
            for other in [one for one in list(self._pools) if one != place]:
                with suppress(KeyError):  # another thread was quicker
                    self._pools.pop(other).abandon()
        return pool

    def _close(self) -> None:
        for place in list(self._pools):
            with suppress(KeyError):  # another thread was quicker
                self._pools.pop(place).close()

    def _steps(
        self, deadline: Deadline, pool: Pool[_SlotsT], request: HttpRequest
    ) -> Steps[HttpResponse]:
        """Yield the steps of one exchange, once it has a slot of its pool."""
        origin = Origin.of(request.url)
        if self._proxy is not None and not origin.secure:
            # The proxy would read the bearer token.
            raise TransportError("not_sent", "only https goes through a proxy")
        exchange = Exchange(
            request, max_body=self._max_body, keep_alive=self._keep_alive > 0
        )
        kept = None
        connection = pool.take(origin, fresh=request.fresh)
        try:
            if connection is None:
                connection = yield from self._connected(deadline, origin)
            deadline.begin_to_send(connection.socket)
            response, reusable = yield from connection.exchange(exchange)
            if reusable and self._keep_alive:
                kept = connection
            return response
        finally:
            if connection is not None and kept is None:
                connection.close()
            pool.give_back(kept)

    def _connected(self, deadline: Deadline, origin: Origin) -> Steps[Connection]:
        where = self._proxy or origin
        by_way = f" by way of {_place(self._proxy)}" if self._proxy else ""
        deadline.begin_to_connect(f"{_place(origin)}{by_way}")
        connected = yield Connect(where.host, where.port)
        deadline.connected = connected
        connection = Connection(connected, origin)
        try:
            yield from connection.secure(
                self._proxy, self._context() if origin.secure else None
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = trusting_the_system()
        return self._ssl_context


class Limits(NamedTuple):
    """Seconds that the steps of an exchange may take within its deadline."""

    connecting: float
    reading: float
    writing: float


class Deadline:
    """
    The deadline of one HTTP exchange, and how far it got.

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
        self._deadline = monotonic() + _within_limits("timeout", timeout)
        self._connected_until = math.inf
        self._sent = False
        self._where = ""

    def begin_to_connect(self, where: str) -> None:
        """Start the clock of the connection; ``where`` it goes is for messages."""
        self._where = where
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
        """Return the error that says how far the exchange got."""
        text = type(error).__name__
        if isinstance(error, TimeoutError) and error.errno is None:
            text = self._ran_out()
        elif isinstance(error, OSError):
            # Texts of the system and of TLS show nothing of the request.
            text = f"{text} ({error})"
        if self._where and not self._sent and isinstance(error, OSError):
            text = f"{text}, connecting to {self._where}"
        return TransportError("no_reply" if self._sent else "not_sent", text)

    def _ran_out(self) -> str:
        if monotonic() >= self._deadline:
            if self._sent or self._connected_until < math.inf:
                return "the deadline passed"
            return "the deadline passed before a connection was free"
        if self._sent:
            return "the server was silent, or did not read, for too long"
        return f"it took more than {self._limits.connecting} seconds"


class Pool(Generic[_SlotsT]):
    """
    The connections of one process, or of one event loop.

    Idle connections are closed when the pool is no longer used, so a
    transport need not be closed.

    Args:
        slots: a semaphore of ``size``, to acquire before ``take``.
        size: connections that may be open, idle ones included.
        keep_alive: seconds that an idle connection is kept.
    """

    def __init__(self, slots: _SlotsT, size: int, keep_alive: float) -> None:
        """Begin without any connection."""
        self.slots = slots
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
            origin: the server that it must lead to.
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

        The parent's connections stay open. Takes no lock: a thread that is not
        in this process may hold it.
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


def _place(server: Origin | Proxy) -> str:
    """Return host and port for a message."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{host}:{server.port}"


def _close_all(idle: list[Connection]) -> None:
    while idle:
        idle.pop().close()


def _above_zero(name: str, value: object) -> float:
    if value is None:
        return math.inf
    number = _within_limits(name, value)
    if not number > 0:
        raise InputError(f"{name} must be a number of seconds above 0")
    return number


def _within_limits(name: str, value: object) -> float:
    """Return seconds that clocks can take: of NaN, and of what is past, -1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} must be a number of seconds above 0")
    return float(min(value, _LONGEST)) if value > 0 else -1.0


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a whole number above 0")
    return value
