"""Faults of the connection over real sockets, as a client sees them."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import OutcomeUnknown
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM
from tests.sandbox.parties import box, order


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.sandbox import Sandbox


#: Nothing here takes seconds; this only ends what hangs.
LIMIT = 20

LOG_IN = (
    b"POST /partnerapi/v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox on the loopback."""
    with box() as running:
        yield running


def exchange(sandbox: Sandbox, head: bytes, body: bytes = b"{}") -> bytes:
    """Send bytes, and return everything until the connection closes."""
    port = int(sandbox.base_url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as connection:
        connection.sendall(head + b"\r\n" + body)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.mark.parametrize("name", [b"drop-before", b"drop-after"])
def test_a_dropped_connection(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, name: bytes
) -> None:
    """The client sees the end of the connection, and not one byte."""
    head = LOG_IN + b"X-Sandbox-Fault: " + name + b"\r\n"
    assert exchange(sandbox, head) == b""
    assert caplog.text == ""


def test_a_truncated_answer(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """The answer promises more than it sends, then the connection closes."""
    received = exchange(sandbox, LOG_IN + b"X-Sandbox-Fault: truncated\r\n")
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401")
    promised = int(head.lower().partition(b"content-length: ")[2].split()[0])
    assert len(body) == promised // 2
    assert body.startswith(b'{"success": false')
    assert caplog.text == ""


def test_a_late_answer(sandbox: Sandbox) -> None:
    """The answer comes whole, a little later."""
    received = exchange(
        sandbox, LOG_IN + b"Connection: close\r\nX-Sandbox-Fault: latency=0.01\r\n"
    )
    assert json.loads(received.partition(b"\r\n\r\n")[2])["success"] is False


def test_stopping_while_an_answer_waits(caplog: pytest.LogCaptureFixture) -> None:
    """The connection closes, and no traceback is shown."""
    stopping = box()
    stopping.start()
    port = int(stopping.base_url.split(":")[2].split("/")[0])
    head = LOG_IN + b"X-Sandbox-Fault: latency=3600\r\n\r\n{}"
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as connection:
        connection.sendall(head)
        while not stopping.exchanges:
            time.sleep(0.01)
        stopping.stop()
        assert connection.recv(1) == b""
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("drop-after", "no_reply"), ("truncated", "no_reply"), ("oversized", "bad_reply")],
)
def test_the_client_does_not_guess(sandbox: Sandbox, fault: str, kind: str) -> None:
    """After a fault of the connection the outcome is unknown, and a query decides."""
    number = 1 + len(sandbox.ledger.transfers())
    with Client(**sandbox.settings) as client:
        created = client.create_fund_transfer(order(number))
        sandbox.faults.plan(fault, service=CONFIRM)
        with pytest.raises(OutcomeUnknown) as unknown:
            client.confirm_fund_transfer(
                created, partner_transaction_id=f"d-{number}", timeout=LIMIT
            )
        assert unknown.value.evidence["transport"] == kind
        assert client.query_fund_transfer(created).fund_transfer_id
    assert sandbox.ledger.audit() == []


def test_the_control_endpoints_over_http(sandbox: Sandbox) -> None:
    """They answer on the same port as the gateway."""
    head = b"GET /sandbox/clock HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n"
    received = exchange(sandbox, head, b"")
    assert json.loads(received.partition(b"\r\n\r\n")[2]) == {"now": sandbox.now()}
