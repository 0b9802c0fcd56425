"""The steps of an exchange, and the server that a URL leads to."""

from __future__ import annotations

import pytest

from kesspay.errors import TransportError
from kesspay.http.steps import PIECE, Origin, PlainStream


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
