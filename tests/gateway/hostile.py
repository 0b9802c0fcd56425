"""
Every fault of the sandbox against every service, with both clients.

``run`` meets one cell of the matrix: a new sandbox and client, one payment
before, and then the call that meets the fault. Nothing is repeated automatically.
"""

from __future__ import annotations

import json
import logging
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import GatewayError
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY, HttpRequest
from kesspay.sandbox.faults import FAULTS, TOKEN
from tests.gateway.helpers import (
    CANARIES,
    CREATE_REQUEST,
    Blocking,
    credentials,
    texts_of,
)
from tests.sandbox.parties import box


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.gateway.messages import HttpResponse, PreTransfer
    from kesspay.sandbox import Sandbox


__all__ = [
    "ALL_FAULTS",
    "COLUMNS",
    "FACES",
    "Answered",
    "Cell",
    "Column",
    "Outcome",
    "fits",
    "recorded",
    "run",
    "watched",
]

FACES: Final = ("sync", "async")


@dataclass(frozen=True, slots=True)
class Column:
    """
    What is called.

    Attributes:
        title: of the column.
        service: that meets the fault.
        paid: whether the transfer that is queried was paid.
    """

    title: str
    service: str
    paid: bool = False


COLUMNS: Final = (
    Column("log-in", TOKEN),
    Column("create", CREATE),
    Column("confirm", CONFIRM),
    Column("query, paid", QUERY, paid=True),
    Column("query, not paid", QUERY),
)

#: Each fault with each argument that a seed draws, as it is asked for.
ALL_FAULTS: Final = tuple(
    f"{fault.name}={argument}" if argument else fault.name
    for fault in FAULTS.values()
    for argument in fault.drawn
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One call of one client, and the fault that it meets."""

    fault: str
    column: Column
    face: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What the caller got.

    Attributes:
        kind: class of the result, or of the error.
        outcome: "success", or ``outcome`` of the error.
        retry: ``safe_to_retry``.
        code: of the gateway.
        text: everything that was logged or that the error shows.
        result: what came back, or None.
    """

    kind: str
    outcome: str
    retry: bool
    code: str
    text: str = field(repr=False)
    result: Any = None

    def __str__(self) -> str:
        """Write it for the page."""
        words = self.kind + (f" `{self.code}`" if self.code else "")
        return f"{words}, retry" if self.retry else words


@dataclass(frozen=True, slots=True)
class Answered:
    """
    What became of a cell.

    Attributes:
        ending: how the call ended for the caller.
        sends: requests of the service that left.
        before, at_once, later: credits of the transfer before the call, right
            after it, and when every delay is over.
        asked: what the caller gets from a query afterwards; None of a log-in.
        secrets: texts that must be nowhere.
    """

    ending: Outcome
    sends: int
    before: int
    at_once: int
    later: int
    asked: Outcome | None
    secrets: tuple[str, ...]

    def __str__(self) -> str:
        """Write it for the page."""
        return str(self.ending)


def fits(fault: str, column: Column) -> bool:
    """Return whether a service can meet a fault."""
    return column.service in FAULTS[fault.partition("=")[0]].services


class Tap:
    """A transport of both kinds that counts, and knows the tokens that passed."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Take what is behind."""
        self._sandbox = sandbox
        self.sent: list[str] = []
        self.tokens: list[str] = []

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Pass a request on."""
        self.sent.append(str(json.loads(request.body).get("service", TOKEN)))
        response = self._sandbox.transport.send(request, timeout=timeout)
        if self.sent[-1] == TOKEN and response.body.startswith(b'{"access_token"'):
            self.tokens.append(json.loads(response.body)["access_token"])
        return response


class AsyncTap:
    """The same for tasks."""

    def __init__(self, tap: Tap) -> None:
        """Take it."""
        self._tap = tap

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Pass a request on."""
        return self._tap.send(request, timeout=timeout)


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Record every logger at every level: texts, arguments and fields."""
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {vars(record)!r}")

    keeper = Keeper(1)
    loggers = [logging.getLogger(name) for name in ("", "kesspay", "h11", "asyncio")]
    levels = [logger.level for logger in loggers]
    loggers[0].addHandler(keeper)
    for logger in loggers:
        logger.setLevel(1)
    try:
        yield lines
    finally:
        loggers[0].removeHandler(keeper)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def watched(act: Callable[[], object]) -> Outcome:
    """Do something, and return what the caller got and what was shown."""
    with recorded() as lines:
        try:
            result = act()
        except GatewayError as error:
            shown = traceback.TracebackException.from_exception(error).format()
            lines += [*shown, *texts_of(error)]
            return Outcome(
                kind=type(error).__name__,
                outcome=error.outcome,
                retry=error.safe_to_retry,
                code=getattr(error, "code", ""),
                text="\n".join(lines),
            )
    lines.append(repr(result))
    text = "\n".join(lines)
    return Outcome(type(result).__name__, "success", False, "", text, result)  # noqa: FBT003 - retry


class _Stand:
    """A sandbox, and a client of one of the two kinds in front of it."""

    def __init__(self, face: str) -> None:
        self.sandbox = box(credentials=credentials())
        self.tap = Tap(self.sandbox)
        settings: dict[str, Any] = {**self.sandbox.settings, "retries": 0}
        self.client: Any = (
            Client(**settings, transport=self.tap)
            if face == "sync"
            else Blocking(AsyncClient(**settings, transport=AsyncTap(self.tap)))
        )

    def create(self, name: str) -> Any:  # noqa: ANN401 - of either client
        request = replace(CREATE_REQUEST, out_trade_no=name)
        return self.client.create_fund_transfer(request)

    def confirm(self, transfer: PreTransfer) -> Any:  # noqa: ANN401 - the same
        return self.client.confirm_fund_transfer(
            transfer, partner_transaction_id=f"d-{transfer.out_trade_no}"
        )

    def credits(self, name: str = "order-1") -> int:
        """Count the credits of a transfer, in books that are right."""
        assert self.sandbox.ledger.audit() == []
        made = self.sandbox.ledger.credits()
        return sum(credit.out_trade_no == name for credit in made)


@cache
def run(cell: Cell) -> Answered:
    """Meet one cell of the matrix."""
    stand, column = _Stand(cell.face), cell.column
    client, service = stand.client, column.service
    if service != TOKEN:
        # Something genuine that can be replayed, and a token.
        earlier = stand.create("order-0")
        stand.confirm(earlier)
        client.query_fund_transfer(earlier)
    transfer = None
    if service in {CONFIRM, QUERY}:
        transfer = stand.create("order-1")
        if column.paid:
            stand.confirm(transfer)
    acts: dict[str, Callable[[], object]] = {
        TOKEN: client.token,
        CREATE: lambda: stand.create("order-1"),
        CONFIRM: lambda: stand.confirm(transfer),  # type: ignore[arg-type] # create made it
        QUERY: lambda: client.query_fund_transfer(transfer),
    }
    before, sent_before = stand.credits(), stand.tap.sent.count(service)
    stand.sandbox.faults.plan(cell.fault, service=service)
    ending = watched(acts[service])
    sends = stand.tap.sent.count(service) - sent_before
    at_once = stand.credits()
    stand.sandbox.faults.clear()
    stand.sandbox.advance(500)
    asked = None
    if service != TOKEN:
        request = replace(CREATE_REQUEST, out_trade_no="order-1")
        asked = watched(lambda: client.query_fund_transfer(request))
    answered = Answered(
        ending=ending,
        sends=sends,
        before=before,
        at_once=at_once,
        later=stand.credits(),
        asked=asked,
        secrets=(*CANARIES.values(), *stand.tap.tokens),
    )
    client.close()
    stand.sandbox.close()
    return answered
