"""One connection and what goes over it: every decision, and no I/O."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from kesspay.gateway.tls import TlsStream
from kesspay.http.steps import Origin, PlainStream


if TYPE_CHECKING:
    import ssl

    from kesspay.gateway.exchange import Exchange
    from kesspay.gateway.proxy import Proxy
    from kesspay.http.message import HttpResponse
    from kesspay.http.steps import Steps


__all__ = ["Connection"]


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
