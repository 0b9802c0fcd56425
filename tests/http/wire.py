"""A server at socket level that misbehaves on request."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Final, Self

from kesspay.gateway.messages import HttpRequest


if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import TracebackType


PATIENCE: Final = 20.0
#: Seconds of a deadline that has to pass, and how late it may be noticed.
#: Far apart, so that a slow machine changes nothing.
SHORT: Final = 0.3
LATE: Final = 10.0

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def request_to(
    url: str, body: bytes = b'{"a":1}', *, fresh: bool = False
) -> HttpRequest:
    """Return a request as the client makes them; its token is a canary."""
    headers = (
        ("Content-Type", "application/json"),
        ("Accept-Encoding", "identity"),
        ("Authorization", "Bearer canary"),
    )
    return HttpRequest("POST", url, headers, body, fresh)


class WireServer:
    """
    Listen on the loopback, and let a function treat each connection.

    Args:
        behave: called with the connected socket, in a thread of its own; the
            socket is closed afterwards.
    """

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        """Bind; nothing is accepted before the server is entered."""
        self._behave = behave
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self.connections = 0

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}/partnerapi/v1/gateway"

    def __enter__(self) -> Self:
        """Start accepting."""
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and wait for every thread."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _start(self, act: Callable[[], None]) -> None:
        thread = threading.Thread(target=act, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(PATIENCE)
            self._start(lambda peer=connection: self._treat(peer))  # type: ignore[misc] # bound here

    def _treat(self, connection: socket.socket) -> None:
        # The client may be gone at any moment: that is what is tested.
        with connection, contextlib.suppress(OSError):
            self._behave(connection)


def read_head(connection: socket.socket) -> bytes:
    """Read until the empty line, byte by byte, and nothing behind it."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += _received(connection, 1)
    return data


def read_request(connection: socket.socket) -> bytes:
    """Read one request with a Content-Length, whole."""
    head = read_head(connection)
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    body = b""
    while len(body) < length:
        body += _received(connection, length - len(body))
    return head + body


def _received(connection: socket.socket, size: int) -> bytes:
    data = connection.recv(size)
    if not data:
        raise ConnectionError("the client closed")
    return data


def answering(*parts: bytes) -> Callable[[socket.socket], None]:
    """Return a behaviour: read a request, send some bytes, close."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        for part in parts:
            connection.sendall(part)

    return behave


def always(answer: bytes) -> Callable[[socket.socket], None]:
    """Return a behaviour: answer every request until the client closes."""

    def behave(connection: socket.socket) -> None:
        while True:
            read_request(connection)
            connection.sendall(answer)

    return behave


def endless(head: bytes, part: bytes) -> Callable[[socket.socket], None]:
    """Return a behaviour: read a request, and send the same again and again."""

    def behave(connection: socket.socket) -> None:
        answering(head)(connection)
        while True:
            connection.sendall(part)

    return behave


def over_tls(
    context: ssl.SSLContext, behave: Callable[[socket.socket], None]
) -> Callable[[socket.socket], None]:
    """Return a behaviour on top of TLS."""

    def secured(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            behave(wrapped)

    return secured


def reset(connection: socket.socket) -> None:
    """Make the closing of a socket a reset."""
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
