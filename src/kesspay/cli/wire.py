"""A Transport that keeps the answers that pass, for commands that judge them."""

from __future__ import annotations

from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING

from kesspay._secrets import HoldsSecrets


if TYPE_CHECKING:
    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.http.transport import Transport


__all__ = ["Passed", "Wire"]


@dataclass(frozen=True, slots=True, eq=False)
class Passed(HoldsSecrets):
    """
    One answer.

    Attributes:
        response: as it came.
        received_at: seconds since 1970.
        took: seconds between the request and the answer.
    """

    response: HttpResponse
    received_at: float
    took: float


class Wire:
    """
    Sends with another transport, and keeps what comes back.

    Args:
        transport: that sends.
    """

    def __init__(self, transport: Transport) -> None:
        """Keep nothing yet."""
        self._transport = transport
        self.passed: list[Passed] = []

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """See ``Transport.send``."""
        begun = time()
        response = self._transport.send(request, timeout=timeout)
        now = time()
        self.passed.append(Passed(response, now, now - begun))
        return response
