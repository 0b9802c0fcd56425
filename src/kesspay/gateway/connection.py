"""
One connection and what goes over it: every decision, and no I/O.

A course is a generator. It yields the next step, and whoever drives it, with
threads or with tasks, does that step and sends in what came of it:

- ``Connect``: connect, and send in the socket;
- bytes: write them all, and send in b"";
- None: wait for bytes, and send them in, b"" where the peer closed.

An OSError of a step is thrown into the course.
"""

from __future__ import annotations

import socket
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

from kesspay.errors import TransportError
from kesspay.gateway.tls import TlsStream


if TYPE_CHECKING:
    import ssl

    from kesspay.gateway.exchange import Exchange
    from kesspay.gateway.messages import HttpResponse
    from kesspay.gateway.proxy import Proxy


__all__ = ["Connect", "Connection", "Course", "Origin", "PlainStream", "Step"]

_T = TypeVar("_T")

_PIECE: Final = 64 << 10
_PORTS: Final = {"http": 80, "https": 443}


class Connect(NamedTuple):
    """The step that connects to a host."""

    host: str
    port: int


#: What a course asks its driver for.
Step: TypeAlias = Connect | bytes | None
#: What comes in is a socket for a Connect, bytes otherwise.
Course: TypeAlias = Generator[Step, Any, _T]


class Origin(NamedTuple):
    """Whom a request goes to."""

    secure: bool
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """
        Return the origin of a URL.

        Raises:
            TransportError: "not_sent": it is no http or https URL.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            host, port = None, None
        if not host or port is None or parts.username is not None:
            raise TransportError("not_sent", "the URL of the request cannot be used")
        return cls(parts.scheme == "https", host, port)


class PlainStream:
    """Bytes without TLS, in the shape of a ``TlsStream``."""

    is_empty: Final = True

    def write(self, data: bytes) -> Course[None]:
        """Yield the steps that send some data."""
        for start in range(0, len(data), _PIECE):
            yield data[start : start + _PIECE]

    def read(self) -> Course[bytes]:
        """Yield the step that receives some data; b"" where the server closed."""
        received: bytes = yield None
        return received


class Connection:
    """
    A connected socket, and the stream over it.

    Attributes:
        socket: no byte was sent over it yet.
        origin: whom it was made for.
        idle_until: when it is no longer worth keeping, by the monotonic clock.
    """

    def __init__(self, connected: socket.socket, origin: Origin) -> None:
        """Take over a socket; ``secure`` comes next."""
        self.socket = connected
        self.origin = origin
        self.idle_until = 0.0
        self._stream: PlainStream | TlsStream = PlainStream()

    def secure(
        self, proxy: Proxy | None, context: ssl.SSLContext | None
    ) -> Course[None]:
        """Yield the steps of the tunnel and of TLS, where there are any."""
        if proxy is not None:
            yield from proxy.tunnel(PlainStream(), self.origin)
        if context is not None:
            stream = TlsStream(context, self.origin.host)
            yield from stream.handshake()
            self._stream = stream

    def exchange(self, exchange: Exchange) -> Course[tuple[HttpResponse, bool]]:
        """
        Yield the steps that send a request and receive its response.

        Returns:
            The response, and whether the connection can carry another one.
        """
        written = True
        try:
            yield from self._stream.write(exchange.to_send)
        except TimeoutError:
            raise
        except OSError:
            # The server may have answered before it closed.
            written = False
        response = None
        while response is None:
            response = exchange.receive((yield from self._stream.read()))
        return response, written and exchange.reusable and self._stream.is_empty

    def is_quiet(self) -> bool:
        """Tell whether the server neither closed nor sent anything unasked."""
        try:
            self.socket.setblocking(False)  # noqa: FBT003 - the method's name says it
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close the socket at once."""
        self.socket.close()
