"""The HTTP of one exchange, without any network."""

from __future__ import annotations

import pytest

from kesspay.errors import TransportError
from kesspay.gateway.messages import HttpRequest
from kesspay.http.exchange import HEAD_BYTES, Exchange
from tests.conftest import missing
from tests.http.wire import OK, request_to
from tests.support.http_judges import find_curl, sent_host_of


MAX_BODY = 1000


def exchange(*, keep_alive: bool = True) -> Exchange:
    """Return an exchange that waits for its answer."""
    request = request_to("http://gateway.invalid/a/b?c=d")
    return Exchange(request, max_body=MAX_BODY, keep_alive=keep_alive)


def refused(data: bytes) -> str:
    """Return why an answer is a bad reply."""
    with pytest.raises(TransportError) as caught:
        exchange().receive(data)
    assert caught.value.kind == "bad_reply"
    assert caught.value.__context__ is None
    return str(caught.value)


def test_the_bytes_of_a_request() -> None:
    """Host and length are added; everything else is sent as it is."""
    assert exchange().to_send == (
        b"POST /a/b?c=d HTTP/1.1\r\n"
        b"Host: gateway.invalid\r\n"
        b"Content-Type: application/json\r\n"
        b"Accept-Encoding: identity\r\n"
        b"Authorization: Bearer canary\r\n"
        b"Content-Length: 7\r\n"
        b"\r\n"
        b'{"a":1}'
    )
    assert b"\r\nConnection: close\r\n" in exchange(keep_alive=False).to_send


def test_a_url_without_a_path() -> None:
    """The target is never empty."""
    request = HttpRequest("POST", "http://gateway.invalid", (), b"")
    made = Exchange(request, max_body=MAX_BODY, keep_alive=True)
    assert made.to_send.startswith(b"POST / HTTP/1.1\r\nHost: gateway.invalid\r\n")


@pytest.mark.parametrize(
    "url",
    [
        "http://pay.example/x",
        "http://pay.example./x",
        "http://pay.example.:8080/x",
        "http://pay.example:80/x",
        "http://pay.example:443/x",
        "http://pay.example:/x",
        "http://PAY.Example/x",
        "http://pay_gw.example:81/x",
        "http://[2001:db8::1]/x",
        "http://[2001:db8::1]:80/x",
        "http://[2001:db8::]:81/x",
    ],
)
def test_the_host_that_is_asked_for(url: str) -> None:
    """Host is what curl sends: no port that says nothing, and the dot of a name."""
    if find_curl() is None:
        missing("curl is not installed", "KESSPAY_REQUIRE_CURL")
    made = Exchange(request_to(url), max_body=MAX_BODY, keep_alive=True)
    host = sent_host_of(url, "127.0.0.1")
    assert f"\r\nHost: {host}\r\n".encode() in made.to_send


def test_the_port_of_https_says_nothing() -> None:
    """Each scheme has a port of its own."""
    made = Exchange(request_to("https://x:443/"), max_body=MAX_BODY, keep_alive=True)
    assert b"\r\nHost: x\r\n" in made.to_send
    made = Exchange(request_to("https://x:80/"), max_body=MAX_BODY, keep_alive=True)
    assert b"\r\nHost: x:80\r\n" in made.to_send


@pytest.mark.parametrize(
    "header",
    [
        ("X-A", "canary\r\nX-B: c"),
        ("X-A", "canary\u0100"),
        ("X A", "canary"),
        ("Host", "canary"),
        ("Content-Length", "9"),
        ("Transfer-Encoding", "canary"),
    ],
)
def test_requests_that_are_no_http(header: tuple[str, str]) -> None:
    """Nothing of them is sent, and nothing of them is shown."""
    request = HttpRequest("POST", "http://gateway.invalid/", (header,), b"")
    with pytest.raises(TransportError) as caught:
        Exchange(request, max_body=MAX_BODY, keep_alive=True)
    assert caught.value.kind == "not_sent"
    assert caught.value.__context__ is None
    assert "canary" not in str(caught.value)


def test_an_answer_in_pieces() -> None:
    """The response appears with its last byte, and not before."""
    made = exchange()
    for byte in OK[:-1]:
        assert made.receive(bytes([byte])) is None
    assert not made.reusable
    response = made.receive(OK[-1:])
    assert response is not None
    assert (response.status, response.body) == (200, b"ok")
    assert response.headers == (("Content-Length", "2"),)
    assert made.reusable


@pytest.mark.parametrize(
    ("answer", "reusable"),
    [
        (OK, True),
        (b"HTTP/1.1 204 X\r\n\r\n", True),
        (OK + b"\n", False),
        (OK + OK, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_what_can_be_reused(answer: bytes, *, reusable: bool) -> None:
    """Both sides are done, and not a byte is left over."""
    made = exchange()
    assert made.receive(answer) is not None
    assert made.reusable is reusable


def test_our_own_close() -> None:
    """Where the close was announced, nothing follows."""
    made = exchange(keep_alive=False)
    assert made.receive(OK) is not None
    assert not made.reusable


def test_an_answer_that_ends_with_the_connection() -> None:
    """Without a length, the close is the end."""
    made = exchange()
    assert made.receive(b"HTTP/1.1 200 OK\r\n\r\no") is None
    assert made.receive(b"k") is None
    response = made.receive(b"")
    assert response is not None
    assert response.body == b"ok"
    assert not made.reusable


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (b"", "without an answer"),
        (b"HTTP/1.1 200", "cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", r"cut off \(HTTP 200\)"),
    ],
)
def test_answers_that_are_cut_off(part: bytes, text: str) -> None:
    """A close in the middle is no answer."""
    made = exchange()
    if part:
        assert made.receive(part) is None
    with pytest.raises(TransportError, match=text) as caught:
        made.receive(b"")
    assert caught.value.kind == "no_reply"


def headed(*lines: bytes) -> bytes:
    """Return an answer with an empty body and some more headers."""
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Length: 0", *lines, b"", b""))


def test_the_limits_of_headers() -> None:
    """Their size and their number are limited, whole or not."""
    assert exchange().receive(headed(*[b"X: y"] * 99)) is not None
    assert "100 headers" in refused(headed(*[b"X: y"] * 100))
    assert exchange().receive(headed(b"X: " + b"y" * (HEAD_BYTES - 100))) is not None
    assert "headers" in refused(headed(b"X: " + b"y" * HEAD_BYTES))
    assert "head" in refused(headed(b"X: " + b"y" * HEAD_BYTES)[:-4])


def test_the_limits_of_interim_answers() -> None:
    """The same limits hold for answers that come before the answer."""
    hint = b"HTTP/1.1 103 Hints\r\n" + b"X: y\r\n" * 101 + b"\r\n"
    assert "100 headers" in refused(hint + OK)


def test_the_limit_of_framing() -> None:
    """However many interim answers come, their bytes are counted together."""
    hints = b"HTTP/1.1 100 Continue\r\n\r\n" * 1000
    made = exchange()
    for _ in range(5):
        assert made.receive(hints) is None
    with pytest.raises(TransportError, match="too much framing") as caught:
        made.receive(hints)
    assert caught.value.kind == "bad_reply"


def test_an_announced_length() -> None:
    """What would be too long is refused before it comes."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    assert exchange().receive(head % MAX_BODY) is None
    assert "1000 bytes" in refused(head % (MAX_BODY + 1))


def test_a_length_said_twice() -> None:
    """Twice the same is one length; a length and chunks are none."""
    assert exchange().receive(headed(b"Content-Length: 0")) is not None
    text = refused(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert "two ways" in text
