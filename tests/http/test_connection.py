"""The steps of an exchange, done by hand: every decision without a network."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import TransportError
from kesspay.http.connection import Connection
from kesspay.http.exchange import Exchange
from kesspay.http.steps import Origin
from tests.http.wire import OK, request_to


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.http.message import HttpResponse
    from kesspay.http.steps import Steps


ORIGIN = Origin(secure=False, host="gateway.invalid", port=80)


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Return a connection whose socket is not used."""
    with socket.socket() as unused:
        yield Connection(unused, ORIGIN)


def steps_of(
    connection: Connection, body: bytes = b"{}"
) -> Steps[tuple[HttpResponse, bool]]:
    """Return the steps of an exchange."""
    request = request_to("http://gateway.invalid/x", body)
    return connection.exchange(Exchange(request, max_body=1000, keep_alive=True))


def ended(steps: Steps[tuple[HttpResponse, bool]], data: bytes) -> tuple[int, bool]:
    """Give an exchange its last bytes; return the status and the flag."""
    with pytest.raises(StopIteration) as caught:
        steps.send(data)
    response, reusable = caught.value.value
    return response.status, reusable


def test_write_then_read(connection: Connection) -> None:
    """A request is written whole, in pieces, and then the answer is read."""
    steps = steps_of(connection, b"x" * 100_000)
    first = next(steps)
    assert isinstance(first, bytes)
    assert len(first) == 64 << 10
    rest = steps.send(b"")
    assert isinstance(rest, bytes)
    assert (first + rest).endswith(b"\r\n\r\n" + b"x" * 100_000)
    assert steps.send(b"") is None
    assert steps.send(OK[:10]) is None
    assert ended(steps, OK[10:]) == (200, True)


def test_an_answer_to_half_a_request(connection: Connection) -> None:
    """A server may answer and close before it read everything: it counts."""
    steps = steps_of(connection, b"x" * 100_000)
    next(steps)
    assert steps.throw(BrokenPipeError()) is None
    assert ended(steps, OK) == (200, False)


def test_no_answer_to_half_a_request(connection: Connection) -> None:
    """Without an answer it is not known what the server did."""
    steps = steps_of(connection)
    next(steps)
    steps.throw(ConnectionResetError())
    with pytest.raises(TransportError) as caught:
        steps.send(b"")
    assert caught.value.kind == "no_reply"
    assert caught.value.__context__ is None


def test_a_write_that_takes_too_long(connection: Connection) -> None:
    """There is no time left to look for an answer."""
    steps = steps_of(connection)
    next(steps)
    with pytest.raises(TimeoutError):
        steps.throw(TimeoutError())
