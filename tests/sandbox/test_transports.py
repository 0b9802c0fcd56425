"""The transports inside the process break off as real ones do."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import InputError, NotSent, OutcomeUnknown, TransportError
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, HttpRequest
from kesspay.sandbox.emulator import TOKEN_PATH
from tests.sandbox.parties import RECEIVER, box, order
from tests.support.odd import ODD


if TYPE_CHECKING:
    from kesspay.sandbox import Sandbox


REQUEST = HttpRequest("POST", f"http://127.0.0.1{TOKEN_PATH}", (), b"{}")


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox whose clock stands still."""
    return box()


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    """Return a client inside the process."""
    return Client(**sandbox.settings, transport=sandbox.transport, retries=0)


def send(sandbox: Sandbox, kind: str, timeout: float = 30.0) -> int:
    """Send a request by either transport, and return the status."""
    if kind == "sync":
        return sandbox.transport.send(REQUEST, timeout=timeout).status
    answer = asyncio.run(sandbox.async_transport.send(REQUEST, timeout=timeout))
    return answer.status


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        ("drop-before", "no_reply"),
        ("drop-after", "no_reply"),
        ("truncated", "no_reply"),
        ("oversized", "bad_reply"),
        ("latency=30", "no_reply"),
    ],
)
def test_exchanges_that_break_off(
    sandbox: Sandbox, kind: str, fault: str, broken: str
) -> None:
    """A fault of the connection is a TransportError of its kind."""
    assert send(sandbox, kind) == 401
    sandbox.faults.plan(fault)
    with pytest.raises(TransportError) as raised:
        send(sandbox, kind)
    assert raised.value.kind == broken
    assert send(sandbox, kind) == 401


def test_what_is_no_request_and_no_time(sandbox: Sandbox) -> None:
    """A program that mistakes one of them learns which one."""
    for odd in (*ODD, None, "5"):
        with pytest.raises(InputError, match="request must be a HttpRequest"):
            sandbox.transport.send(odd, timeout=1)  # type: ignore[arg-type] # refused
        with pytest.raises(InputError, match="timeout must be a number"):
            sandbox.transport.send(REQUEST, timeout=odd)  # type: ignore[arg-type] # the same


def test_time_passes_on_the_clock_of_the_sandbox(sandbox: Sandbox) -> None:
    """Waiting costs no time; a deadline is the longest one waits."""
    begun, before = monotonic(), sandbox.now()
    sandbox.faults.plan("latency=29")
    assert send(sandbox, "sync") == 401
    assert sandbox.now() == before + 29
    sandbox.faults.plan("latency=3600")
    with pytest.raises(TransportError):
        send(sandbox, "sync")
    assert sandbox.now() == before + 29 + 30
    assert monotonic() - begun < 20


def test_the_client_never_takes_a_fault_for_a_verdict(
    sandbox: Sandbox, client: Client
) -> None:
    """A credit behind a lost answer is unknown, and the query finds it."""
    created = client.create_fund_transfer(order())
    sandbox.faults.plan("delayed-credit=60, drop-after", service=CONFIRM)
    with pytest.raises(OutcomeUnknown):
        client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    with pytest.raises(OutcomeUnknown):
        client.query_fund_transfer(created)
    sandbox.advance(60)
    assert client.query_fund_transfer(created).amount == Decimal("0.50")
    assert sandbox.ledger.balance(RECEIVER) == Decimal("0.50")
    assert sandbox.ledger.audit() == []


def test_a_log_in_without_an_answer(sandbox: Sandbox, client: Client) -> None:
    """Where the log-in fails, nothing was sent."""
    sandbox.faults.plan("drop-after")
    with pytest.raises(NotSent):
        client.create_fund_transfer(order())
