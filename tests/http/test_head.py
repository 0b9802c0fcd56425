"""
Heads as gateways, proxies and PHP write them; curl and Node are the judges.

What both of them deliver reaches the signature. What leaves a doubt about where
the body ends is refused, and the error says what it was.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.errors import TransportError
from kesspay.http.exchange import Exchange
from tests.conftest import missing
from tests.http.transports import OURS, Carrier
from tests.http.wire import PATIENCE, WireServer, answering, request_to
from tests.support.http_judges import ask_curl, ask_node, find_curl, find_node


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import HttpResponse


BODY: Final = b'{"ok":1}'
CHUNKS: Final = b"8\r\n" + BODY + b"\r\n0\r\n\r\n"
OK: Final = b"HTTP/1.1 200 OK"
CHUNKED: Final = b"Transfer-Encoding: chunked"
LENGTH: Final = b"Content-Length: 8"


def answer(*lines: bytes, start: bytes = OK, body: bytes = BODY) -> bytes:
    """Return an answer with these header lines and no others."""
    return b"\r\n".join((start, *lines, b"", body))


def plain(*lines: bytes, start: bytes = OK) -> bytes:
    """Return an answer with a length, and header lines besides."""
    return answer(LENGTH, *lines, start=start)


def chunked(*lines: bytes, body: bytes = CHUNKS) -> bytes:
    """Return an answer in chunks."""
    return answer(*lines, body=body)


#: Both judges deliver these, and so do we.
DELIVERED: Final[dict[str, bytes]] = {
    "plain": plain(),
    "coding none": plain(b"Content-Encoding: none"),
    "coding UTF-8": plain(b"Content-Encoding: UTF-8"),
    "coding empty": plain(b"Content-Encoding:"),
    "coding identity": plain(b"Content-Encoding: IDENTITY"),
    "coding list": plain(b"Content-Encoding: identity, none,"),
    "coding twice": plain(b"Content-Encoding: none", b"Content-Encoding: utf-8"),
    "coding type": plain(b"content-encoding: application/json"),
    "coding aws": plain(b"Content-Encoding: aws-chunked"),
    "chunked": chunked(CHUNKED),
    "chunked twice": chunked(CHUNKED, CHUNKED),
    "chunked thrice": chunked(CHUNKED, b"X: y", CHUNKED, CHUNKED),
    "chunked list": chunked(b"Transfer-Encoding: chunked, chunked"),
    "chunked case": chunked(b"transfer-encoding: Chunked"),
    "chunked after identity": chunked(b"Transfer-Encoding: identity, chunked"),
    "chunked after an identity line": chunked(b"Transfer-Encoding: identity", CHUNKED),
    "chunked after a comma": chunked(b"Transfer-Encoding: ,chunked"),
    "chunked and empty": chunked(CHUNKED, b"Transfer-Encoding:"),
    "transfer coding empty": plain(b"Transfer-Encoding:"),
    "transfer coding empty, no length": answer(b"Transfer-Encoding:"),
    "transfer coding identity": answer(b"Transfer-Encoding: identity"),
    "until close": answer(),
    "php warning": plain(b"PHP Warning:  PHP Startup: Unable to load 'x.so'"),
    "php warning first": answer(b"PHP Warning:  x in y on line 0", LENGTH),
    "php warning before chunks": chunked(b"PHP Warning:  x", CHUNKED),
    "php warning folded": plain(b"PHP Warning:  x", b"  in y on line 3"),
    "php warning about a length": plain(
        b"PHP Warning:  POST Content-Length of 9 bytes exceeds the limit of 8 bytes"
    ),
    "php warnings": plain(*[b"PHP Notice:  x"] * 50),
    "blank before the colon": plain(b"X-A : b"),
    "blank in the name": plain(b"X A: b"),
    "no name": plain(b": b"),
    "no name, no value": plain(b":"),
    "folded": plain(b"X-A: b", b" folded"),
    "folded with a tab": plain(b"X-A: b", b"\tfolded: x"),
    "folded like framing": plain(b"X-A: b", b" Content-Length: 3"),
    "value of other letters": plain(b"X-A: \xe9\xc3\xa9"),
    "no reason": plain(start=b"HTTP/1.1 200"),
    "empty reason": plain(start=b"HTTP/1.1 200 "),
    "odd reason": plain(start=b"HTTP/1.1 200 \xe9\x01 a"),
    "long reason": plain(start=b"HTTP/1.1 200 " + b"x" * 5000),
    "created": plain(start=b"HTTP/1.1 201 Created"),
    "partial": plain(start=b"HTTP/1.1 206 Partial Content"),
    "http 1.0": plain(start=b"HTTP/1.0 200 OK"),
    "http 1.0 until close": answer(start=b"HTTP/1.0 200 OK"),
    "length with zeros": answer(b"Content-Length: 08"),
    "length with blanks": answer(b"Content-Length:  8 "),
    "name with an underscore": plain(b"Content_Length: 3"),
    "chunk extension": chunked(CHUNKED, body=CHUNKS.replace(b"8", b"8;a=b", 1)),
    "chunk zeros": chunked(CHUNKED, body=CHUNKS.replace(b"8", b"0008", 1)),
    "trailers": chunked(CHUNKED, body=CHUNKS[:-2] + b"A: b\r\nC: d\r\n\r\n"),
    "connection options": plain(b"Connection: foo, , close"),
}

#: Node does not deliver these, or not every time; the framing is without a doubt.
TAKEN: Final[dict[str, bytes]] = {
    "early hints": b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n" + plain(),
    "processing": b"HTTP/1.1 102 Processing\r\n\r\n" + plain(),
    "php warning in hints": b"HTTP/1.1 103 Hints\r\nPHP Warning: x\r\n\r\n" + plain(),
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + plain(),
    "length twice": plain(LENGTH),
    "length in a list": answer(b"Content-Length: 8, 8"),
    "length twice and in a list": plain(b"Content-Length: 8, 8"),
    "line feeds alone": plain(b"X: y").replace(b"\r\n", b"\n"),
    "mixed line ends": b"HTTP/1.1 200 OK\r\nX: y\nContent-Length: 8\r\n\n" + BODY,
    "name with brackets": plain(b"X(A): b"),
    "name of other letters": plain("Avertissement é: b".encode()),
    "html warning": plain(b"<b>Warning</b>: Undefined variable in <b>/a.php</b>"),
}

#: What is refused, and what the error says.
REFUSED: Final[dict[str, tuple[bytes, str]]] = {
    "gzip": (plain(b"Content-Encoding: gzip"), "compressed"),
    "x-gzip": (plain(b"Content-Encoding: X-GZip"), "compressed"),
    "deflate": (plain(b"Content-Encoding: deflate"), "compressed"),
    "brotli": (plain(b"Content-Encoding: none, br"), "compressed"),
    "zstd": (plain(b"Content-Encoding: zstd"), "compressed"),
    "hidden gzip": (
        answer(b"Content-Encoding: none", body=gzip.compress(BODY)),
        "compressed",
    ),
    "hidden zstd": (answer(body=b"\x28\xb5\x2f\xfd" + BODY), "compressed"),
    "two lengths": (plain(b"Content-Length: 3"), "two lengths: 3 and 8 bytes"),
    "two lengths, list": (
        answer(b"Content-Length: 8, 9"),
        "two lengths: 8 and 9 bytes",
    ),
    "two spellings": (plain(b"Content-Length: 08"), "two lengths: "),
    "plus": (answer(b"Content-Length: +8"), "length that is no number"),
    "minus": (answer(b"Content-Length: -8"), "length that is no number"),
    "words": (answer(b"Content-Length: eight"), "length that is no number"),
    "hex": (answer(b"Content-Length: 0x8"), "length that is no number"),
    "no length": (answer(b"Content-Length:"), "length that is no number"),
    "half a list": (answer(b"Content-Length: 8,"), "length that is no number"),
    "other digits": (
        answer("Content-Length: ٨".encode()),
        "length that is no number",
    ),
    "huge": (answer(b"Content-Length: " + b"9" * 21), "length that is no number"),
    "length and chunks": (answer(LENGTH, CHUNKED, body=CHUNKS), "in two ways"),
    "length and identity": (
        answer(LENGTH, b"Transfer-Encoding: identity"),
        "in two ways",
    ),
    "gzip in transfer": (
        answer(b"Transfer-Encoding: gzip, chunked"),
        "transfer coding",
    ),
    "unknown in transfer": (answer(b"Transfer-Encoding: xchunked"), "transfer coding"),
    "identity last": (
        answer(b"Transfer-Encoding: chunked, identity"),
        "transfer coding",
    ),
    "comma last": (answer(b"Transfer-Encoding: chunked,"), "transfer coding"),
    "quoted": (answer(b'Transfer-Encoding: "chunked"'), "transfer coding"),
    "parameter": (answer(b"Transfer-Encoding: chunked;q=1"), "transfer coding"),
    "vertical tab": (answer(b"Transfer-Encoding: \x0bchunked"), "transfer coding"),
    "length with a blank": (answer(b"Content-Length : 8"), "line that is no header"),
    "length with a tab": (answer(b"Content-Length\t: 8"), "line that is no header"),
    "length with a vertical tab": (
        plain(b"Content-Length\x0b: 3"),
        "line that is no header",
    ),
    "chunks with a blank": (
        plain(b"Transfer-Encoding : chunked"),
        "line that is no header",
    ),
    "chunks behind a word": (
        plain(b"X Transfer-Encoding: chunked"),
        "line that is no header",
    ),
    "chunks in a warning": (
        plain(b"PHP Warning: Transfer-Encoding: chunked"),
        "line that is no header",
    ),
    "chunks in a folded warning": (
        plain(b"PHP Warning: x", b" Transfer-Encoding: chunked"),
        "line that is no header",
    ),
    "length without a name": (plain(b": Content-Length: 3"), "line that is no header"),
    "no colon": (plain(b"Undefined variable"), "a line that is no header"),
    "chunks without a colon": (plain(b"Transfer-Encoding chunked"), "no header"),
    "folded length": (answer(b"Content-Length:", b" 8"), "in several lines"),
    "folded chunks": (
        chunked(b"Transfer-Encoding:", b" chunked"),
        "in several lines",
    ),
    "blank line that is none": (plain(b" ", LENGTH), "in several lines"),
    "folded first": (answer(b" folded", LENGTH), "begins with half a header"),
    "carriage return": (plain(b"X-A: b\rContent-Length: 3"), "carriage return"),
    "nul": (plain(b"X-A: b\0c"), "NUL"),
    "status": (plain(start=b"HTTP/1.1 2000 OK"), "status line"),
    "status in words": (plain(start=b"HTTP/1.1 abc OK"), "status line"),
    "status below 100": (plain(start=b"HTTP/1.1 099 X"), "head of the answer"),
    "switching": (plain(start=b"HTTP/1.1 101 Switching"), "another protocol"),
    "small letters": (plain(start=b"http/1.1 200 OK"), "no HTTP/1.1"),
    "warning before all": (b"Warning: x\r\n" + plain(), "status line"),
    "byte order mark": (b"\xef\xbb\xbf" + plain(), "status line"),
    "no head": (BODY, "does not begin with a status line"),
    "http 2": (plain(start=b"HTTP/2 200"), "speaks HTTP/2"),
    "http 2 frames": (b"\0\0\x12\x04\0\0\0\0\0", "speaks HTTP/2"),
    "tls": (b"\x15\x03\x03\0\x02\2F", "speaks TLS"),
    "ssh": (b"SSH-2.0-OpenSSH_9.2\r\n", "speaks SSH"),
    "chunk length": (
        chunked(CHUNKED, body=b"zz\r\nok\r\n0\r\n\r\n"),
        "chunks of the answer cannot be read",
    ),
}


def received(data: bytes, step: int) -> HttpResponse | None:
    """Receive an answer in pieces, and the end of the connection."""
    exchange = Exchange(request_to("http://x/"), max_body=1000, keep_alive=True)
    for at in range(0, len(data), step):
        response = exchange.receive(data[at : at + step])
        if response is not None:
            return response
    return exchange.receive(b"")


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize("name", [*DELIVERED, *TAKEN])
def test_what_is_delivered(name: str, step: int) -> None:
    """The body reaches the signature, in whatever pieces the answer comes."""
    response = received({**DELIVERED, **TAKEN}[name], step)
    assert response is not None
    assert response.body == BODY


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, step: int) -> None:
    """The error says what was wrong, and quotes nothing."""
    data, text = REFUSED[name]
    with pytest.raises(TransportError, match=text) as caught:
        received(data, step)
    assert caught.value.kind == "bad_reply"
    assert caught.value.__context__ is None
    if name in {"gzip", "hidden gzip", "two lengths", "no colon", "chunk length"}:
        assert "(HTTP 200)" in str(caught.value)


@pytest.mark.parametrize(
    ("find", "ask", "variable"),
    [
        (find_curl, ask_curl, "KESSPAY_REQUIRE_CURL"),
        (find_node, ask_node, "KESSPAY_REQUIRE_NODE"),
    ],
    ids=["curl", "node"],
)
def test_the_judges_deliver_it(
    find: Callable[[], str | None],
    ask: Callable[[list[bytes]], list[str | None]],
    variable: str,
) -> None:
    """Both of them deliver every answer of the first table."""
    if find() is None:
        missing("curl, or Node 18 or later, is not installed", variable)
    said = dict(zip(DELIVERED, ask(list(DELIVERED.values())), strict=True))
    assert {name: body for name, body in said.items() if body != BODY.decode()} == {}


def test_one_judge_takes_it() -> None:
    """Of the second table curl delivers everything."""
    if find_curl() is None:
        missing("curl is not installed", "KESSPAY_REQUIRE_CURL")
    assert set(ask_curl(list(TAKEN.values()))) == {BODY.decode()}


@pytest.mark.parametrize("carrier", OURS, ids=lambda one: one.name)
@pytest.mark.parametrize("name", ["coding none", "chunked twice", "php warning"])
def test_on_a_socket(carrier: Carrier, name: str) -> None:
    """Threads and tasks read the same heads."""
    with WireServer(answering(DELIVERED[name])) as server, carrier.open() as transport:
        response = transport.send(request_to(server.url), timeout=PATIENCE)
    assert json.loads(response.body) == {"ok": 1}


@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        (plain(b"Content-Encoding: none"), True),
        (plain(b"X: y", b" z"), True),
        (plain(b"PHP Warning: x"), False),
        (chunked(CHUNKED, b"X: y"), True),
        (chunked(CHUNKED, CHUNKED), False),
    ],
)
def test_a_head_that_was_odd_ends_its_connection(
    data: bytes, *, reusable: bool
) -> None:
    """What left something out of a head trusts the connection no further."""
    exchange = Exchange(request_to("http://x/"), max_body=1000, keep_alive=True)
    assert exchange.receive(data) is not None
    assert exchange.reusable is reusable


def test_headers_are_those_that_came() -> None:
    """What was left out is not there; the rest is as it came, in its order."""
    response = received(
        chunked(
            b"A: b", b"PHP Warning: x", b"Transfer-Encoding: CHUNKED", b"C: d", CHUNKED
        ),
        1 << 20,
    )
    assert response is not None
    assert response.headers == (
        ("A", "b"),
        ("Transfer-Encoding", "chunked"),
        ("C", "d"),
    )
