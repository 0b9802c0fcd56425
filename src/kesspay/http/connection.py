"""One connection and the tunnel of a proxy: every decision, and no I/O."""

from __future__ import annotations

import socket
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import h11

from kesspay.errors import InputError, TransportError
from kesspay.http.head import HEAD_BYTES
from kesspay.http.steps import Origin, PlainStream
from kesspay.http.tls import TlsStream


if TYPE_CHECKING:
    import ssl

    from kesspay.http.exchange import Exchange
    from kesspay.http.message import HttpResponse
    from kesspay.http.steps import Steps


__all__ = ["Connection", "Proxy"]


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
