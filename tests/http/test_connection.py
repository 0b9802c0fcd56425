"""The steps of an exchange, done by hand: every decision without a network."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import TransportError
from kesspay.http.connection import PIECE, Connection, Origin, PlainStream
from kesspay.http.exchange import Exchange
from tests.http.wire import OK, request_to


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.http.connection import Steps
    from kesspay.http.message import HttpResponse


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


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://a/x", (False, "a", 80)),
        ("https://A:8443", (True, "a", 8443)),
        ("https://[::1]/x?y", (True, "::1", 443)),
    ],
)
def test_origins(url: str, origin: tuple[bool, str, int]) -> None:
    """The origin is what a connection can be used for again."""
    assert Origin.of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        *("", "a/x", "ftp://a/", "https:///x", "https://a:99999/", "https://[::1"),
        *("//a:1@b", "https://user:canary@a/"),
    ],
)
def test_urls_that_lead_nowhere(url: str) -> None:
    """Nothing was sent, and the error shows nothing of the URL."""
    with pytest.raises(TransportError) as caught:
        Origin.of(url)
    assert caught.value.kind == "not_sent"
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_plain_stream_writes_in_pieces() -> None:
    """One step sends one piece, so that the limit of a step is one of a piece."""
    data = bytes(2 * PIECE + 1)
    pieces = list(PlainStream().write(data))
    assert [len(piece) for piece in pieces if isinstance(piece, bytes)] == [
        PIECE,
        PIECE,
        1,
    ]
    assert list(PlainStream().write(b"")) == []


def test_a_plain_stream_reads_what_came() -> None:
    """One step waits for bytes, and hands all of them on."""
    steps = PlainStream().read()
    assert next(steps) is None
    with pytest.raises(StopIteration) as caught:
        steps.send(b"bytes")
    assert caught.value.value == b"bytes"
    assert PlainStream().is_empty
