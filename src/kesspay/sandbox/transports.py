"""Transports that call the emulated gateway without any socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from kesspay._checks import is_number, require
from kesspay.errors import InputError, TransportError
from kesspay.gateway.messages import HttpRequest, HttpResponse


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.sandbox.front import FaultyGateway


__all__ = ["AsyncInProcessTransport", "InProcessTransport"]

_LONGEST_ANSWER: Final = 1 << 20


class _InProcess:
    """
    The exchange of both transports. Any number of threads may use one.

    Time passes on the clock of the sandbox only: nothing sleeps.

    Args:
        front: what answers.
        advance: lets time pass.
    """

    def __init__(self, front: FaultyGateway, advance: Callable[[float], None]) -> None:
        """Take what answers."""
        self._front = front
        self._advance = advance

    def _exchange(self, request: HttpRequest, timeout: float) -> HttpResponse:
        require(request, HttpRequest, "request")
        if not is_number(timeout):
            raise InputError("timeout must be a number of seconds")
        headers = {name.lower(): value for name, value in request.headers}
        path = urlsplit(request.url).path
        reply = self._front.respond(request.method, path, headers, request.body)
        if reply.delay:
            self._advance(min(reply.delay, timeout))
        if reply.delay >= timeout:
            raise TransportError("no_reply", "the deadline passed")
        if reply.ending != "whole":
            raise TransportError("no_reply", f"the answer was {reply.ending}")
        if len(reply.body) > _LONGEST_ANSWER:
            text = f"the answer exceeds {_LONGEST_ANSWER} bytes"
            raise TransportError("bad_reply", text)
        return HttpResponse(reply.status, reply.headers, reply.body)


class InProcessTransport(_InProcess):
    """A Transport: ``Client(**sandbox.settings, transport=sandbox.transport)``."""

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """
        Return the answer to a request.

        Raises:
            TransportError: a fault says so.
        """
        return self._exchange(request, timeout)


class AsyncInProcessTransport(_InProcess):
    """An AsyncTransport: ``transport=sandbox.async_transport`` of ``AsyncClient``."""

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """
        Return the answer to a request.

        Raises:
            TransportError: a fault says so.
        """
        return self._exchange(request, timeout)
