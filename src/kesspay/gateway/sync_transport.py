"""The transport for threads: blocking sockets, each step with its time limit."""

from __future__ import annotations

import os
import socket
from functools import partial
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, TypeVar

from kesspay.errors import TransportError
from kesspay.gateway.call import FAULTS, Call
from kesspay.gateway.lookup import look_up
from kesspay.gateway.signals import raised_by_a_signal
from kesspay.gateway.transport import BaseHttpTransport
from kesspay.http.steps import PIECE, Connect, Step, Steps


if TYPE_CHECKING:
    from kesspay.gateway.lookup import Address
    from kesspay.http.message import HttpRequest, HttpResponse


__all__ = ["HttpTransport"]

_T = TypeVar("_T")


class HttpTransport(BaseHttpTransport[BoundedSemaphore]):
    """
    The Transport that ``Client`` uses. Any number of threads may share one.

    The arguments are those of BaseHttpTransport. After a fork each process
    makes connections of its own.
    """

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """See ``Transport.send``."""
        call = Call(self._limits, timeout)
        try:
            return self._send(call, request)
        except TransportError:
            raise
        except FAULTS as error:
            if raised_by_a_signal(error):
                raise
            failure = call.failure(error)
        # Outside the handler: what caused it does not ride along.
        raise failure

    def close(self) -> None:
        """Close the idle connections. The transport can be used again."""
        self._close()

    def _send(self, call: Call, request: HttpRequest) -> HttpResponse:
        pool = self._pool(os.getpid())
        if not pool.gate.acquire(timeout=call.left()):
            raise TimeoutError
        try:
            return _drive(self._course(call, pool, request), call)
        finally:
            pool.gate.release()

    def _make_gate(self, size: int) -> BoundedSemaphore:
        return BoundedSemaphore(size)


def _drive(course: Steps[_T], call: Call) -> _T:
    """Do the steps of a course until it ends."""
    go_on = partial(next, course)
    while True:
        try:
            step = go_on()
        except StopIteration as stop:
            ended: _T = stop.value
            return ended
        try:
            came = _do(step, call)
        except BaseException as error:
            if raised_by_a_signal(error):
                # No step of the course may take it for a fault of its own.
                course.close()
                raise
            go_on = partial(course.throw, error)
        else:
            go_on = partial(course.send, came)


def _do(step: Step, call: Call) -> socket.socket | bytes:
    if isinstance(step, Connect):
        return _connect(step, call)
    if step is None:
        call.connected.settimeout(call.left())
        return call.connected.recv(PIECE)
    call.connected.settimeout(call.left(writing=True))
    call.connected.sendall(step)
    return b""


def _connect(where: Connect, call: Call) -> socket.socket:
    """Try each address for a fair share of the time that is left."""
    addresses = look_up(where, call.left())
    for left in range(len(addresses), 1, -1):
        try:
            return _connect_to(addresses[-left], call.left() / left)
        except OSError as error:
            if raised_by_a_signal(error):
                raise
    return _connect_to(addresses[-1], call.left())


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
