"""The transport for asyncio: sockets that do not block, and tasks that wait."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

from kesspay._checks import require
from kesspay._drive import adrive
from kesspay._signals import raised_by_a_signal
from kesspay.errors import TransportError
from kesspay.http.connection import PIECE, Connect, Step
from kesspay.http.message import HttpRequest
from kesspay.http.sync import numeric
from kesspay.http.transport import FAULTS, BaseHttpTransport, Deadline


if TYPE_CHECKING:
    from kesspay.http.message import HttpResponse
    from kesspay.http.sync import Address


__all__ = ["AsyncHttpTransport"]


class AsyncHttpTransport(BaseHttpTransport[asyncio.Semaphore]):
    """
    The AsyncTransport that ``AsyncClient`` uses. Any number of tasks may share one.

    The arguments are those of BaseHttpTransport. It serves one event loop at
    a time: another loop, and another process after a fork, begins without
    connections.
    """

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """See ``AsyncTransport.send``."""
        if type(request) is not HttpRequest:
            require(request, HttpRequest, "request")
        deadline = Deadline(self._limits, timeout)
        try:
            return await self._send(deadline, request)
        except TransportError:
            raise
        except FAULTS as error:
            if raised_by_a_signal(error):
                raise
            failure = deadline.failure(error)
        # Outside the handler: what caused it does not ride along.
        raise failure

    async def aclose(self) -> None:
        """Close the idle connections. The transport can be used again."""
        self._close()

    async def _send(self, deadline: Deadline, request: HttpRequest) -> HttpResponse:
        pool = self._pool((os.getpid(), asyncio.get_running_loop()))
        async with asyncio.timeout(deadline.left()):
            await pool.slots.acquire()
        try:
            # A step must not take what a signal handler raises for a fault of its own.
            return await adrive(
                self._steps(deadline, pool, request),
                lambda step: _do(step, deadline),
                passes=raised_by_a_signal,
            )
        finally:
            pool.slots.release()

    def _make_slots(self, size: int) -> asyncio.Semaphore:
        return asyncio.Semaphore(size)


async def _do(step: Step, deadline: Deadline) -> socket.socket | bytes:
    if isinstance(step, Connect):
        return await _connect(step, deadline)
    loop = asyncio.get_running_loop()
    if step is None:
        async with asyncio.timeout(deadline.left()):
            return await loop.sock_recv(deadline.connected, PIECE)
    async with asyncio.timeout(deadline.left(writing=True)):
        await loop.sock_sendall(deadline.connected, step)
    return b""


async def _connect(where: Connect, deadline: Deadline) -> socket.socket:
    """Try each address for a fair share of the time that is left."""
    addresses = numeric(where)
    if not addresses:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(deadline.left()):
            addresses = await loop.getaddrinfo(*where, type=socket.SOCK_STREAM)
    for left in range(len(addresses), 1, -1):
        try:
            return await _connect_to(addresses[-left], deadline.left() / left)
        except OSError as error:
            if raised_by_a_signal(error):
                raise
    return await _connect_to(addresses[-1], deadline.left())


async def _connect_to(address: Address, seconds: float) -> socket.socket:
    family, kind, protocol, _, where = address
    connected = socket.socket(family, kind, protocol)
    try:
        connected.setblocking(False)  # noqa: FBT003 - the method's name says it
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(connected, where)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connected.close()
        raise
    return connected
