"""
A line between a client and a server that breaks when the test wants.

It forwards bytes on the loopback, and may end, reset or silence connections at
once, or at the moment when the client sends certain bytes.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from contextlib import suppress
from typing import Final, Literal, Self


__all__ = ["Relay"]

How = Literal["end", "reset", "silence", "deliver_and_end"]

_SIZE: Final = 65_536


class Relay:
    """
    A line to a server, for as long as the ``with`` block runs.

    Args:
        target: port of the server on 127.0.0.1.

    Attributes:
        port: on 127.0.0.1.
        connections: how many were made.
    """

    def __init__(self, target: int) -> None:
        """Listen."""
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._mute: list[socket.socket] = []
        self._awaited: tuple[bytes, How] | None = None
        self._broken = threading.Event()
        self._closed = False
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        """Return the line itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """End every connection."""
        self._closed = True
        # Only a connection wakes a thread that waits for one.
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._threads[0].join()
        self._listener.close()
        self.cut("end")
        for one in self._mute:
            one.close()
        for thread in self._threads[1:]:
            thread.join()

    def cut(self, how: How) -> None:
        """Break every connection that there is."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            self._break(pair, how)

    def cut_at(self, words: bytes, how: How) -> None:
        """Break the next connection whose client sends these bytes, once."""
        self._broken.clear()
        self._awaited = (words, how)

    @property
    def was_cut(self) -> bool:
        """Whether the bytes came, or come soon."""
        return self._broken.wait(10)

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._closed:
                client.close()
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            pair = (client, server)
            with self._lock:
                self._pairs.append(pair)
            thread = threading.Thread(target=self._carry, args=pair, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector, suppress(OSError, ValueError):
            selector.register(client, selectors.EVENT_READ, server)
            selector.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in selector.select(0.05):
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    data = source.recv(_SIZE)
                    if not data:
                        _break((client, server), "end")
                        return
                    if source is client and self._is_awaited(data, client, server):
                        return
                    key.data.sendall(data)
                with self._lock:
                    if (client, server) not in self._pairs:
                        return

    def _is_awaited(
        self, data: bytes, client: socket.socket, server: socket.socket
    ) -> bool:
        with self._lock:
            if self._awaited is None or self._awaited[0] not in data:
                return False
            how = self._awaited[1]
            self._awaited = None
            self._pairs.remove((client, server))
        if how == "deliver_and_end":
            server.sendall(data)
            # What it answers shows that it was carried out.
            server.recv(_SIZE)
        self._break((client, server), how)
        self._broken.set()
        return True

    def _break(self, pair: tuple[socket.socket, socket.socket], how: How) -> None:
        if how == "silence":
            # As a firewall does that forgot the connection: it stays, and is mute.
            self._mute.append(pair[0])
            pair[1].close()
        else:
            _break(pair, how)


def _break(pair: tuple[socket.socket, socket.socket], how: How) -> None:
    for one in pair:
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR) if how != "reset" else None
        one.close()
