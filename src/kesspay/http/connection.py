"""
One connection: the steps of an exchange over it, its streams and its tunnel.

An exchange is a generator without I/O. It yields its next step; a driver, with
threads or with tasks, does that step and sends in what came of it:

- ``Connect``: connect, and send in the socket;
- bytes: write them all, and send in b"";
- None: wait for bytes, and send them in, b"" where the peer closed.

An OSError of a step is thrown into the generator.

TLS runs over memory (``ssl.MemoryBIO``), so that threads and tasks share it.
"""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, TypeVar
from urllib.parse import unquote, urlsplit

import h11

from kesspay.errors import InputError, TransportError
from kesspay.http.exchange import HEAD_BYTES


if TYPE_CHECKING:
    from kesspay.http.exchange import Exchange
    from kesspay.http.message import HttpResponse


__all__ = [
    "PIECE",
    "Connect",
    "Connection",
    "Origin",
    "PlainStream",
    "Proxy",
    "Step",
    "Steps",
    "TlsStream",
]

_T = TypeVar("_T")

#: The most bytes that one step sends or receives.
PIECE: Final = 64 << 10
_PORTS: Final = {"http": 80, "https": 443}


class Connect(NamedTuple):
    """The step that connects to a host."""

    host: str
    port: int


#: What the driver is asked to do.
Step: TypeAlias = Connect | bytes | None
#: What comes in is a socket for a Connect, bytes otherwise.
Steps: TypeAlias = Generator[Step, Any, _T]


class Origin(NamedTuple):
    """The server that a request goes to."""

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


class Connection:
    """
    A connected socket, and the stream over it.

    Attributes:
        socket: no byte was sent over it yet.
        origin: the server that it leads to.
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
    ) -> Steps[None]:
        """Yield the steps of the tunnel and of TLS, where there are any."""
        if proxy is not None:
            yield from proxy.tunnel(PlainStream(), self.origin)
        if context is not None:
            stream = TlsStream(context, self.origin.host)
            yield from stream.handshake()
            self._stream = stream

    def exchange(self, exchange: Exchange) -> Steps[tuple[HttpResponse, bool]]:
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
        """Return whether the server neither closed nor sent anything unasked."""
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


class PlainStream:
    """Bytes without TLS, in the shape of a ``TlsStream``."""

    is_empty: Final = True

    def write(self, data: bytes) -> Steps[None]:
        """Yield the steps that send some data."""
        for start in range(0, len(data), PIECE):
            yield data[start : start + PIECE]

    def read(self) -> Steps[bytes]:
        """Yield the step that receives some data; b"" where the server closed."""
        received: bytes = yield None
        return received


class TlsStream:
    """
    The client's side of TLS on one connection.

    Args:
        context: the authorities that are trusted.
        host: that the certificate must name; a dot at its end is no part of it.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        """Prepare; the handshake comes first."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        # Source: RFC 6066, 3: the name goes without the dot of an absolute name.
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=host.removesuffix(".")
        )

    def handshake(self) -> Steps[None]:
        """
        Yield the steps of the handshake.

        Raises:
            ssl.SSLError: it failed; the server got an alert.
        """
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                # The alert says why, where the server still listens.
                with suppress(OSError):
                    yield from self._flush()
                raise
            yield from self._flush()
            self._feed((yield None))
        yield from self._flush()
        if self._tls.selected_alpn_protocol() not in (None, "http/1.1"):
            raise ssl.SSLError("the server and ssl_context chose another protocol")

    def write(self, data: bytes) -> Steps[None]:
        """Yield the steps that send some data."""
        for start in range(0, len(data), PIECE):
            self._tls.write(data[start : start + PIECE])
            yield from self._flush()

    def read(self) -> Steps[bytes]:
        """
        Yield the steps that receive some data; b"" where the server closed.

        Raises:
            ssl.SSLError: also where the end does not come from the server
                itself: the connection was cut on the way.
        """
        while True:
            try:
                return self._tls.read(PIECE)
            except ssl.SSLWantReadError:
                pass
            yield from self._flush()
            self._feed((yield None))

    @property
    def is_empty(self) -> bool:
        """True where everything that was received was read."""
        return not self._incoming.pending and not self._tls.pending()

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self) -> Steps[None]:
        if self._outgoing.pending:
            yield self._outgoing.read()


class Proxy:
    """
    A proxy that tunnels https (RFC 9110, 9.3.6).

    Args:
        url: "http://[user:password@]host:port"; user and password are
            percent-encoded where they hold other than letters and digits.

    Raises:
        InputError: the URL cannot be used; the error does not show it.
    """

    def __init__(self, url: str) -> None:
        """Check the URL."""
        self.host, self.port = "", 0
        self.host, self.port, self._authorization = _parsed(url)

    def __repr__(self) -> str:
        """Show where the proxy is, and no password."""
        return f"<Proxy {self.host}:{self.port}>"

    def tunnel(self, stream: PlainStream, origin: Origin) -> Steps[None]:
        """
        Yield the steps that open a tunnel.

        Raises:
            TransportError: "not_sent": the proxy did not open it.
        """
        parser = h11.Connection(h11.CLIENT, HEAD_BYTES)
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        target = f"{host}:{origin.port}"
        headers = [("Host", target), *self._authorization]
        request = h11.Request(method="CONNECT", target=target, headers=headers)
        asked = parser.send(request) + parser.send(h11.EndOfMessage())
        yield from stream.write(asked)
        left = HEAD_BYTES
        while left > 0:
            data = yield from stream.read()
            left -= len(data)
            status = _answered(parser, data)
            if status is not None:
                break
        else:
            raise _refused("the answer of the proxy is too long")
        if not 200 <= status < 300:
            raise _refused(f"the proxy refused with HTTP {status}")
        # TLS begins with the client: these bytes would come from the proxy.
        if parser.trailing_data != (b"", False):
            raise _refused("the proxy sent more than its answer")


def _answered(parser: h11.Connection, data: bytes) -> int | None:
    """Return the status of the answer, or None where more must come."""
    parser.receive_data(data)
    try:
        event = parser.next_event()
        while isinstance(event, h11.InformationalResponse):
            event = parser.next_event()
    except h11.RemoteProtocolError:
        # Its text quotes what could not be read.
        pass
    else:
        return event.status_code if isinstance(event, h11.Response) else None
    raise _refused("the proxy gave no answer, or one that is no HTTP")


def _refused(message: str) -> TransportError:
    return TransportError("not_sent", message)


def _parsed(url: str) -> tuple[str, int, list[tuple[str, str]]]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        good = parts.scheme == "http" and parts.path in ("", "/")
        good = good and not parts.query and not parts.fragment
    except (ValueError, AttributeError, TypeError):
        good, host, port = False, None, None
    if not (good and host and port):
        # Not shown: it may hold a password.
        raise InputError('proxy must be "http://[user:password@]host:port"')
    if parts.username is None:
        return host, port, []
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    encoded = b64encode(pair.encode()).decode()
    return host, port, [("Proxy-Authorization", f"Basic {encoded}")]
