"""
How requests travel: the two protocols, and all that both transports share.

``HttpTransport`` (threads) and ``AsyncHttpTransport`` (asyncio) run one state
machine, built on h11, and differ in how they wait. A library with a pool and
a parser of its own was left behind for it: there, bytes that followed one
answer were read as the next one, a debug log quoted headers, and no deadline
held for a whole call. Here,

- an answer is read by a parser of its own, and a connection is used again
  only where answer and connection ended exactly together;
- every step ends at the deadline of its call;
- nothing is logged, followed (redirects), decoded (compression), kept
  (cookies), taken from the environment (proxies, certificates) or repeated;
- after any error the connection is closed.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from kesspay._secrets import HoldsSecrets
from kesspay.errors import InputError, TransportError
from kesspay.gateway.call import Call, Limits
from kesspay.gateway.connection import Connection
from kesspay.gateway.exchange import Exchange
from kesspay.gateway.pool import Pool
from kesspay.gateway.proxy import Proxy
from kesspay.gateway.tls import require_safe, trusting_the_system
from kesspay.http.steps import Connect, Origin


if TYPE_CHECKING:
    import ssl
    from collections.abc import Hashable

    from kesspay.http.message import HttpRequest, HttpResponse
    from kesspay.http.steps import Steps


__all__ = ["AsyncTransport", "BaseHttpTransport", "Transport"]

_MIB: Final = 1 << 20

_GateT = TypeVar("_GateT")


class Transport(Protocol):
    """How requests travel. Any HTTP library fits behind this one method."""

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """
        Send a request once, and return the whole response.

        Args:
            request: sent as it is: no redirect, no retry, no cookie. Where
                it is ``fresh``, it goes over a new connection.
            timeout: seconds for everything, from the look-up of the name to
                the last byte of the body.

        Raises:
            TransportError: with ``kind`` "not_sent" only where it is certain
                that no byte of the request left.
        """


class AsyncTransport(Protocol):
    """The same for asyncio."""

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """See ``Transport.send``. A cancelled call leaves no connection open."""


class BaseHttpTransport(HoldsSecrets, Generic[_GateT]):
    """
    The settings of a transport, and the course of each of its calls.

    ``HttpTransport`` and ``AsyncHttpTransport`` inherit these arguments.

    Args:
        ssl_context: for a private certificate authority or a client
            certificate; None trusts what the system trusts. It must verify
            certificates and host names, and take TLS 1.2 or later only.
        connect_timeout: seconds to connect, with the look-up of the name,
            the proxy and TLS, within the deadline of a call.
        read_timeout: seconds of silence that are borne; None bears them
            until the deadline.
        write_timeout: seconds that 64 KiB of a request may take; None as
            above.
        max_response_bytes: a longer body is a bad reply.
        max_connections: connections that may be open at a time, idle ones
            included. Who waits for one, waits until the deadline.
        keep_alive: seconds an idle connection is kept; 0 keeps none. It must
            be shorter than the server's, or requests run into closed
            connections (Apache closes after 5 seconds).
        proxy: "http://[user:password@]host:port"; only https goes through
            it. None connects directly, whatever the environment says.

    Raises:
        InputError: an argument cannot be used.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float | None = None,
        write_timeout: float | None = None,
        max_response_bytes: int = _MIB,
        max_connections: int = 10,
        keep_alive: float = 4.0,
        proxy: str | None = None,
    ) -> None:
        """Check the settings; nothing is opened before the first request."""
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
        if keep_alive != 0:
            self._keep_alive = _above_zero("keep_alive", keep_alive)
        self._proxy = None if proxy is None else Proxy(proxy)
        self._pools: dict[Hashable, Pool[_GateT]] = {}

    @abstractmethod
    def _make_gate(self, size: int) -> _GateT:
        """Make the semaphore in front of a pool."""

    def _pool(self, place: Hashable) -> Pool[_GateT]:
        """
        Return the pool of this process, or of this event loop.

        Pools of other places belong to a parent process, or to a loop that
        ended: their connections are of no use here.
        """
        pool = self._pools.get(place)
        if pool is None:
            made = Pool(self._make_gate(self._size), self._size, self._keep_alive)
            pool = self._pools.setdefault(place, made)
            for other in [one for one in list(self._pools) if one != place]:
                with suppress(KeyError):  # another thread was quicker
                    self._pools.pop(other).abandon()
        return pool

    def _close(self) -> None:
        for place in list(self._pools):
            with suppress(KeyError):  # another thread was quicker
                self._pools.pop(place).close()

    def _course(
        self, call: Call, pool: Pool[_GateT], request: HttpRequest
    ) -> Steps[HttpResponse]:
        """Yield the steps of one call, once it passed the gate of its pool."""
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
                connection = yield from self._connected(call, origin)
            call.begin_to_send(connection.socket)
            response, reusable = yield from connection.exchange(exchange)
            if reusable and self._keep_alive:
                kept = connection
            return response
        finally:
            if connection is not None and kept is None:
                connection.close()
            pool.give_back(kept)

    def _connected(self, call: Call, origin: Origin) -> Steps[Connection]:
        call.begin_to_connect()
        where = self._proxy or origin
        connected = yield Connect(where.host, where.port)
        call.connected = connected
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


def _above_zero(name: str, value: object) -> float:
    if value is None:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InputError(f"{name} must be a number of seconds above 0")
    return value


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{name} must be a whole number above 0")
    return value
