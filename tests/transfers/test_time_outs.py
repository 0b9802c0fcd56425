"""The time that a caller gives a call holds, whatever the gateway does not say."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import GatewayError
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.http.aio import AsyncHttpTransport
from kesspay.http.sync import HttpTransport
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.sandbox.parties import box
from tests.transfers.helpers import QUICK
from tests.transfers.virtual import ORDER, Blocked


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.sandbox import Sandbox
    from kesspay.transfers.journal import Journal

#: That the callers give, and more than the slowest machine makes of it.
TIMEOUT: Final = 0.7
MOST: Final = 15.0


class Silent:
    """
    A line to a gateway that hears and does not answer, as long as the test wants.

    Attributes:
        is_silent: whether it is.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        """Listen."""
        self.sandbox = sandbox
        self.is_silent = False
        # It takes connections, and never answers.
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Send where it is heard, or where it is answered."""
        if self.is_silent:
            request = replace(request, url=self.url)
            return HttpTransport().send(request, timeout=timeout)
        return self.sandbox.transport.send(request, timeout=timeout)


class SilentToo:
    """The same for tasks."""

    def __init__(self, line: Silent) -> None:
        """Take the line."""
        self._line = line

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Send where it is heard, or where it is answered."""
        if self._line.is_silent:
            request = replace(request, url=self._line.url)
            return await AsyncHttpTransport().send(request, timeout=timeout)
        return self._line.send(request, timeout=timeout)


@pytest.fixture
def line() -> Iterator[Silent]:
    """Return a line to a gateway."""
    with box(clock=time.time) as sandbox:
        made = Silent(sandbox)
        yield made
        made.listener.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Open a journal."""
    with SqliteJournal(tmp_path / "journal.db") as made:
        yield made


@pytest.fixture(params=["sync", "async"])
def transfers(request: pytest.FixtureRequest, line: Silent, journal: Journal) -> Any:  # noqa: ANN401 - of either kind
    """Return transfers for threads, and for tasks."""
    if request.param == "sync":
        return Transfers(
            Client(**line.sandbox.settings, transport=line), journal, rules=QUICK
        )
    client = AsyncClient(**line.sandbox.settings, transport=SilentToo(line))
    return Blocked(AsyncTransfers(client, journal, rules=QUICK))


def is_in_time(begun: float, calls: int = 1) -> bool:
    """Tell whether calls ended in their time."""
    return time.monotonic() - begun < calls * TIMEOUT + MOST


@pytest.mark.parametrize("has_token", [True, False])
def test_start(line: Silent, transfers: Any, *, has_token: bool) -> None:  # noqa: ANN401 - of either kind
    """No money is involved: it raises in time, and the next call continues."""
    if has_token:
        transfers.start(**{**ORDER, "payment_id": "order-0"})
    line.is_silent = True
    begun = time.monotonic()
    with pytest.raises(GatewayError):
        transfers.start(**ORDER, timeout=TIMEOUT)
    assert is_in_time(begun)
    line.is_silent = False
    transfers.start(**ORDER)
    assert transfers.confirm("order-1", debit_id="debit-1").outcome == "paid"
    assert len(line.sandbox.ledger.credits()) == 1


def test_confirm(line: Silent, transfers: Any) -> None:  # noqa: ANN401 - of either kind
    """It says in time that the outcome is unknown, and the next call pays."""
    transfers.start(**ORDER)
    line.is_silent = True
    begun = time.monotonic()
    result = transfers.confirm("order-1", debit_id="debit-1", timeout=TIMEOUT)
    assert is_in_time(begun)
    assert result.outcome == "unknown"
    line.is_silent = False
    assert transfers.confirm("order-1", debit_id="debit-1").outcome == "paid"
    assert len(line.sandbox.ledger.credits()) == 1


def test_resume(line: Silent, transfers: Any) -> None:  # noqa: ANN401 - of either kind
    """Each of the payments that are due gets the time, and no more."""
    names = ["order-1", "order-2", "order-3"]
    line.sandbox.faults.plan("drop-before", service="confirm.fundTransfer", times=3)
    for name in names:
        transfers.start(**{**ORDER, "payment_id": name})
    for name in names:
        transfers.confirm(name, debit_id=name, timeout=0.05)
    line.is_silent = True
    time.sleep(0.4)
    begun = time.monotonic()
    results = list(transfers.resume(timeout=TIMEOUT))
    assert is_in_time(begun, len(results))
    assert {one.outcome for one in results} == {"unknown"}
    line.is_silent = False
    for name in names:
        assert transfers.confirm(name, debit_id=name).outcome == "paid"
    assert len(line.sandbox.ledger.credits()) == 3


def test_decline(line: Silent, transfers: Any) -> None:  # noqa: ANN401 - of either kind
    """It asks no server, so that it ends at once."""
    transfers.start(**ORDER)
    line.is_silent = True
    begun = time.monotonic()
    assert transfers.decline("order-1", timeout=TIMEOUT).outcome == "not_paid"
    assert is_in_time(begun)
