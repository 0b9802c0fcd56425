"""The transport for threads: blocking sockets, each step with its time limit."""

from __future__ import annotations

import os
import socket
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any, TypeAlias

from kesspay._checks import require
from kesspay._drive import drive
from kesspay._signals import raised_by_a_signal
from kesspay.errors import TransportError
from kesspay.http.connection import PIECE, Connect, Step
from kesspay.http.message import HttpRequest
from kesspay.http.transport import FAULTS, BaseHttpTransport, Deadline


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.http.message import HttpResponse


__all__ = ["Address", "HttpTransport", "numeric"]

#: What ``socket.getaddrinfo`` gives for each address.
Address: TypeAlias = tuple[Any, ...]


class HttpTransport(BaseHttpTransport[BoundedSemaphore]):
    """
    The Transport that ``Client`` uses. Any number of threads may share one.

    The arguments are those of BaseHttpTransport. After a fork each process
    makes connections of its own.
    """

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """See ``Transport.send``."""
        if type(request) is not HttpRequest:
            require(request, HttpRequest, "request")
        deadline = Deadline(self._limits, timeout)
        try:
            return self._send(deadline, request)
        except TransportError:
            raise
        except FAULTS as error:
            if raised_by_a_signal(error):
                raise
            failure = deadline.failure(error)
        # Outside the handler: what caused it does not ride along.
        raise failure

    def close(self) -> None:
        """Close the idle connections. The transport can be used again."""
        self._close()

    def _send(self, deadline: Deadline, request: HttpRequest) -> HttpResponse:
        pool = self._pool(os.getpid())
        if not pool.slots.acquire(timeout=deadline.left()):
            raise TimeoutError
        try:
            # A step must not take what a signal handler raises for a fault of its own.
            return drive(
                self._steps(deadline, pool, request),
                lambda step: _do(step, deadline),
                passes=raised_by_a_signal,
            )
        finally:
            pool.slots.release()

    def _make_slots(self, size: int) -> BoundedSemaphore:
        return BoundedSemaphore(size)


def _do(step: Step, deadline: Deadline) -> socket.socket | bytes:
    if isinstance(step, Connect):
        return _connect(step, deadline)
    if step is None:
        deadline.connected.settimeout(deadline.left())
        return deadline.connected.recv(PIECE)
    deadline.connected.settimeout(deadline.left(writing=True))
    deadline.connected.sendall(step)
    return b""


def _connect(where: Connect, deadline: Deadline) -> socket.socket:
    """Try each address for a fair share of the time that is left."""
    addresses = _look_up(where, deadline.left())
    for left in range(len(addresses), 1, -1):
        try:
            return _connect_to(addresses[-left], deadline.left() / left)
        except OSError as error:
            if raised_by_a_signal(error):
                raise
    return _connect_to(addresses[-1], deadline.left())


def _connect_to(address: Address, seconds: float) -> socket.socket:
    family, kind, protocol, _, where = address
    connected = socket.socket(family, kind, protocol)
    try:
        connected.settimeout(seconds)
        connected.connect(where)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connected.close()
        raise
    return connected


def numeric(where: Connect) -> list[Address]:
    """Return the address that a host is already; else none."""
    try:
        return _addresses(where, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return []


def _look_up(where: Connect, timeout: float) -> list[Address]:
    """
    Look a host up within a time limit, which the system's call lacks.

    Raises:
        OSError: the host has no address.
        TimeoutError: the look-up took too long; its thread waits on, to no effect.
    """
    found: SimpleQueue[Callable[[], list[Address]]] = SimpleQueue()
    addresses = numeric(where)
    if addresses:
        return addresses
    Thread(target=_look_up_into, args=(found, where), daemon=True).start()
    try:
        return found.get(timeout=timeout)()
    except Empty:
        pass
    raise TimeoutError


def _look_up_into(
    found: SimpleQueue[Callable[[], list[Address]]], where: Connect
) -> None:
    try:
        addresses = _addresses(where, 0)
    except Exception as error:  # noqa: BLE001 - the caller waits for it
        refused = error

        def fail() -> list[Address]:
            raise refused

        found.put(fail)
    else:
        found.put(lambda: addresses)


def _addresses(where: Connect, flags: int) -> list[Address]:
    return list(
        socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, flags=flags)
    )
