"""A server at socket level that misbehaves on request."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Final, Self


if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


PATIENCE: Final = 20.0


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
            self._start(lambda peer=connection: self._treat(peer))  # type: ignore[misc]

    def _treat(self, connection: socket.socket) -> None:
        # The client may be gone at any moment: that is what is tested.
        with connection, contextlib.suppress(OSError):
            self._behave(connection)


def read_request(connection: socket.socket) -> bytes:
    """Read one request with a Content-Length, whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += _received(connection)
    return head + b"\r\n\r\n" + body


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
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


def reset(connection: socket.socket) -> None:
    """Make the closing of a socket a reset."""
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
