# ruff: noqa: ANN401 - what tests are given is of any type

"""Canary secrets are planted, and looked for wherever something could leak."""

from __future__ import annotations

import logging
import math
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import GatewayError, TransportError
from kesspay.http.message import HttpRequest
from tests.gateway.helpers import (
    CANARIES,
    CONFIRM_DATA,
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    UNAUTHENTICATED,
    client,
    credentials,
    failure,
    gateway_key,
    make,
    partner_key,
    plain,
    signed,
    success,
    texts_of,
    token_answer,
)
from tests.http.wire import WireServer, read_request


if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from kesspay.http.message import HttpResponse


pytestmark = pytest.mark.usefixtures("face")

CANARY = tuple(CANARIES.values())


def leaks(text: str) -> list[str]:
    """Return the canaries in a text."""
    return [canary for canary in CANARY if canary in text]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Record every logger at every level."""
    with caplog.at_level(1):
        for name in ("kesspay", "h11", "asyncio", "uvicorn"):
            caplog.set_level(1, logger=name)
        yield caplog


def shown(error: BaseException) -> str:
    """Return everything an error shows, its traceback included."""
    lines = traceback.TracebackException.from_exception(error).format(chain=True)
    return "".join(lines) + "".join(texts_of(error))


def everything_logged(log: pytest.LogCaptureFixture) -> str:
    """Return every record with its arguments."""
    return log.text + "".join(repr(vars(record)) for record in log.records)


ANSWERS: list[Any] = [
    UNAUTHENTICATED,
    plain(200, f'{{"access_token":"{CANARY[2]} with a space"}}'.encode()),
    plain(500, CANARY[2].encode()),
    plain(200, f'{{"token":"{CANARY[2]}"'.encode()),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_errors_of_a_log_in(
    answer: HttpResponse, log: pytest.LogCaptureFixture
) -> None:
    """A log-in that fails shows neither what was sent nor what came back."""
    made, _ = client(answer)
    with pytest.raises(GatewayError) as caught:
        made.token()
    assert not leaks(shown(caught.value) + everything_logged(log) + repr(made))


@pytest.mark.parametrize(
    "answer",
    [
        signed(500, failure("SYSTEMERROR")),
        signed(400, failure("USED")),
        signed(200, success({**CONFIRM_DATA, "amount": 1})),
        plain(200, CANARY[2].encode()),
        plain(502, b"<html>" + CANARY[3].encode()),
        RuntimeError(CANARY[0]),
    ],
)
def test_errors_of_a_call(answer: Any, log: pytest.LogCaptureFixture) -> None:
    """An error after sending shows no header, no body and no foreign text."""
    made, _ = client(token_answer(), answer)
    with pytest.raises(GatewayError) as caught:
        made.confirm_fund_transfer(PRE_TRANSFER, partner_transaction_id="d")
    assert not leaks(shown(caught.value) + everything_logged(log) + repr(made))


def test_errors_of_one_request() -> None:
    """Where another part runs the flow, no foreign error rides along either."""
    request = HttpRequest("POST", "https://h/x", (), b"")
    made, _ = client(RuntimeError(CANARY[0]))
    with pytest.raises(TransportError) as caught:
        made.provide(request, math.inf)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert not leaks(shown(caught.value))


def test_errors_after_a_401(log: pytest.LogCaptureFixture) -> None:
    """Neither the token that was rejected nor the new one is shown."""
    made, _ = client(
        token_answer(),
        UNAUTHENTICATED,
        token_answer(CANARIES["second_token"]),
        UNAUTHENTICATED,
    )
    with pytest.raises(GatewayError) as caught:
        made.create_fund_transfer(CREATE_REQUEST)
    assert not leaks(shown(caught.value) + everything_logged(log))


def test_a_real_exchange_with_every_log(log: pytest.LogCaptureFixture) -> None:
    """With every logger at its lowest level a real exchange leaks nothing."""
    answers = [token_answer(), signed(200, success(CREATE_DATA)), UNAUTHENTICATED]
    ending = b"HTTP/1.1 200 OK\r\n" + CANARY[2].encode() + b"\r\n\r\n"

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        if not answers:
            connection.sendall(ending)
            return
        answer = answers.pop(0)
        head = b"HTTP/1.1 %d X\r\n\r\n" % answer.status
        connection.sendall(head + answer.body)

    with WireServer(behave) as server:
        made = make(
            base_url=f"http://127.0.0.1:{server.port}",
            credentials=credentials(),
            private_key=partner_key(),
            gateway_key=gateway_key(),
        )
        assert made.create_fund_transfer(CREATE_REQUEST) == PRE_TRANSFER
        with pytest.raises(GatewayError) as caught:
            made.create_fund_transfer(CREATE_REQUEST)
    assert "http_status=401" in log.text
    assert not leaks(shown(caught.value) + everything_logged(log))


def test_the_canaries_are_really_sent() -> None:
    """The tests above would find something: all canaries go over the wire."""
    seen: list[HttpRequest] = []

    def keep(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return token_answer()

    made, script = client(keep, signed(200, success(CREATE_DATA)))
    made.create_fund_transfer(CREATE_REQUEST)
    wire = repr([(sent.headers, sent.body) for sent in script.sent])
    assert sorted(leaks(wire)) == sorted(CANARY[:3])


def test_what_is_logged_is_looked_through(log: pytest.LogCaptureFixture) -> None:
    """The search above finds a secret that is logged, also as an argument."""
    logging.getLogger("h11").debug("sent %r", CANARY[1])
    assert leaks(everything_logged(log)) == [CANARY[1]]
