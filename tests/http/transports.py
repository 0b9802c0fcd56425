# ruff: noqa: ANN401 - what tests are given is of any type

"""Every transport behind one synchronous face, so that tests are written once."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from kesspay.http.aio import AsyncHttpTransport
from kesspay.http.sync import HttpTransport
from tests.http.wire import PATIENCE
from tests.support.recipes import load_recipe


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from selectors import BaseSelector

    from kesspay.errors import Broken
    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.http.transport import Transport


class OnALoop:
    """A Transport that drives an AsyncTransport on an event loop of its own."""

    def __init__(self, transport: Any, runner: asyncio.Runner) -> None:
        """Keep both."""
        self.transport = transport
        self._runner = runner

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Send one request; between requests the loop stands still."""
        answer: HttpResponse = self._runner.run(
            self.transport.send(request, timeout=timeout)
        )
        return answer


@contextmanager
def _threads(**options: Any) -> Iterator[Transport]:
    transport = HttpTransport(**options)
    try:
        yield transport
    finally:
        transport.close()


@contextmanager
def _on_a_loop(make: Callable[..., Any], **options: Any) -> Iterator[Transport]:
    with asyncio.Runner() as runner:
        transport = make(**options)
        try:
            yield OnALoop(transport, runner)
        finally:
            runner.run(transport.aclose())
            runner.run(_end_of_all_connections())


async def _end_of_all_connections() -> None:
    """Wait until the loop looks after nothing but itself: nothing is left open."""
    selector: BaseSelector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined] # of CPython
    until = monotonic() + PATIENCE
    while len(selector.get_map()) > 1:
        assert monotonic() < until
        await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Carrier:
    """
    A way to carry requests.

    Attributes:
        name: of the implementation.
        open: makes a transport and closes it in the end.
    """

    name: str
    open: Callable[..., AbstractContextManager[Transport]]

    @property
    def is_ours(self) -> bool:
        """True for the transports of kesspay, False for a recipe."""
        return self.name != "aiohttp"

    def kind(self, ours: Broken, **others: Broken) -> Broken:
        """Return the expected kind of an error: ours, or that of a recipe."""
        return others.get(self.name, ours)


OURS: Final = (
    Carrier("threads", _threads),
    Carrier("asyncio", lambda **options: _on_a_loop(AsyncHttpTransport, **options)),
)
ALL: Final = (
    *OURS,
    Carrier(
        "aiohttp",
        lambda **options: _on_a_loop(
            load_recipe("aiohttp")["AiohttpTransport"], **options
        ),
    ),
)
