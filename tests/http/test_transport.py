# ruff: noqa: ANN401 - options are of any type

"""Transports against a server that misbehaves: bounded, and with the right error."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import InputError, TransportError
from kesspay.gateway.messages import HttpRequest
from kesspay.http.aio import AsyncHttpTransport
from kesspay.http.sync import HttpTransport
from tests.http.wire import (
    LATE,
    OK,
    PATIENCE,
    SHORT,
    WireServer,
    answering,
    endless,
    read_request,
    request_to,
    reset,
)


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kesspay.gateway.messages import HttpResponse
    from tests.http.transports import Carrier

    Behave = Callable[[socket.socket], None]


#: aiohttp warns of bodies that are far larger than any of the gateway's.
aiohttp_warns = pytest.mark.filterwarnings("ignore:Sending a large body")


def answered(
    carrier: Carrier, behave: Behave, *, body: bytes = b"{}", **options: Any
) -> HttpResponse:
    """Return the response to one request."""
    with WireServer(behave) as server, carrier.open(**options) as transport:
        return transport.send(request_to(server.url, body), timeout=PATIENCE)


def broken_by(
    carrier: Carrier,
    behave: Behave,
    *,
    timeout: float = PATIENCE,
    body: bytes = b"{}",
    **options: Any,
) -> tuple[TransportError, WireServer]:
    """Return the error that a server causes."""
    with WireServer(behave) as server, carrier.open(**options) as transport:
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            transport.send(request_to(server.url, body), timeout=timeout)
        assert time.monotonic() - begun < LATE
        assert caught.value.__context__ is None
        assert "canary" not in str(caught.value)
    return caught.value, server


def on_its_way(attempt: Callable[[float], TransportError]) -> TransportError:
    """
    Return the error of a deadline that passed after the request had begun.

    A busy machine does not get that far in a short time: then it is given more.
    """
    for deadline in (SHORT, 4 * SHORT, 16 * SHORT):
        error = attempt(deadline)
        if error.kind != "not_sent":
            break
    return error


# ------------------------------------------------------------- good exchanges


def test_a_whole_exchange(carrier: Carrier) -> None:
    """The request arrives as it was made; the response comes back whole."""
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 201 Made\r\nX-A: b\r\nContent-Length: 3\r\n\r\n")
        connection.sendall(b"\x00\xffz")

    with WireServer(behave) as server, carrier.open() as transport:
        request = request_to(f"{server.url}?a=b%20c", b'{"a":1}')
        response = transport.send(request, timeout=PATIENCE)
    assert (response.status, response.body) == (201, b"\x00\xffz")
    assert ("X-A", "b") in response.headers
    head, _, body = seen[0].partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert first == b"POST /partnerapi/v1/gateway?a=b%20c HTTP/1.1"
    assert sorted(lines) == sorted(
        [
            b"Host: 127.0.0.1:%d" % server.port,
            b"Content-Type: application/json",
            b"Accept-Encoding: identity",
            b"Authorization: Bearer canary",
            b"Content-Length: 7",
        ]
    )
    assert body == b'{"a":1}'


@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 200 OK\r\n\r\nok"],
        [b"HTTP/1.0 200 OK\r\n\r\nok"],
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\no\r\n1;a=b\r\nk\r\n0\r\nX-Trailer: c\r\n\r\n",
        ],
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX: y\r\n\r\n", OK],
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\nok"],
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: none\r\n\r\nok"],
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: \r\n\r\nok"],
        [*(bytes([byte]) for byte in OK)],
    ],
    ids=[
        "until close",
        "http 1.0",
        "chunked",
        "1xx first",
        "identity",
        "no coding",
        "empty coding",
        "bytewise",
    ],
)
def test_framings_that_are_read(carrier: Carrier, parts: list[bytes]) -> None:
    """Every proper way to send a body is read."""
    assert answered(carrier, answering(*parts)).body == b"ok"


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(carrier: Carrier, status: int) -> None:
    """Some answers have no body, whatever their headers say."""
    head = b"HTTP/1.1 %d X\r\nContent-Length: 9\r\n\r\n" % status
    response = answered(carrier, answering(head))
    assert (response.status, response.body) == (status, b"")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(carrier: Carrier, status: int) -> None:
    """A redirect is an answer like any other: nothing goes elsewhere."""
    with WireServer(answering(OK)) as other:
        head = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
        response = answered(carrier, answering(head % (status, other.url.encode())))
    assert response.status == status
    assert other.connections == 0


def test_the_environment_sends_nothing_elsewhere(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxy variables of the environment are not followed."""
    with WireServer(answering(OK)) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            for spelling in (name, name.upper()):
                monkeypatch.setenv(spelling, f"http://127.0.0.1:{proxy.port}")
        assert answered(carrier, answering(OK)).body == b"ok"
    assert proxy.connections == 0


def test_cookies_are_not_kept(carrier: Carrier) -> None:
    """What one answer sets is not sent with the next request."""
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        while True:
            seen.append(read_request(connection))
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
            )

    with WireServer(behave) as server, carrier.open() as transport:
        for _ in range(2):
            transport.send(request_to(server.url), timeout=PATIENCE)
    assert b"cookie" not in seen[1].lower()


def test_an_answer_before_the_request_was_read(ours: Carrier) -> None:
    """
    A server may answer early and close: the answer counts.

    aiohttp gives the answer or an error, as it happens.
    """

    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\nno")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    assert answered(ours, behave, body=b"x" * (8 << 20)).status == 413


# ------------------------------------------------------------------- not sent


def not_sent(
    carrier: Carrier, url: str, timeout: float = PATIENCE, **options: Any
) -> str:
    """Return the text of an error that says that nothing was sent."""
    with carrier.open(**options) as transport:
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            transport.send(request_to(url), timeout=timeout)
        assert time.monotonic() - begun < LATE
    assert caught.value.kind == "not_sent"
    assert caught.value.__context__ is None
    return str(caught.value)


def test_nothing_listens(carrier: Carrier) -> None:
    """A refused connection: nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    text = not_sent(carrier, f"http://127.0.0.1:{port}/x")
    assert "ConnectionRefusedError" in text or not carrier.is_ours


def test_a_name_that_does_not_exist(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that cannot be looked up: nothing was sent."""

    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    text = not_sent(carrier, "http://gateway.invalid/x")
    assert "Name or service not known" in text or not carrier.is_ours


def test_a_look_up_that_hangs(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline holds while the system looks a name up."""
    real, gate = socket.getaddrinfo, threading.Event()

    def slow(*args: Any, **options: Any) -> Any:
        if not options.get("flags", 0) & socket.AI_NUMERICHOST:
            gate.wait(PATIENCE)
        return real(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with carrier.open() as transport:
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            transport.send(request_to("http://localhost:9/x"), timeout=SHORT)
        assert time.monotonic() - begun < LATE
        gate.set()
    assert caught.value.kind == carrier.kind("not_sent", aiohttp="no_reply")


def test_a_name_with_several_addresses(
    carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one address does not answer, the next one is tried."""
    real = socket.getaddrinfo

    def several(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host != "gateway.invalid":
            return real(host, port, *args, **options)
        if options.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("127.0.0.2", "127.0.0.1")
        ]

    with WireServer(answering(OK)) as server, carrier.open() as transport:
        monkeypatch.setattr(socket, "getaddrinfo", several)
        request = request_to(f"http://gateway.invalid:{server.port}/x")
        assert transport.send(request, timeout=PATIENCE).body == b"ok"


def test_a_connection_that_is_not_taken(carrier: Carrier) -> None:
    """A server whose queue is full: the deadline holds, nothing was sent."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        where = listening.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        try:
            for one in waiting:
                one.setblocking(False)  # noqa: FBT003 - the name of the method says it
                one.connect_ex(where)
            url = f"http://127.0.0.1:{where[1]}/x"
            text = not_sent(carrier, url, connect_timeout=SHORT)
            assert "it took more than" in text or not carrier.is_ours
            if carrier.is_ours:
                text = f"the deadline passed, connecting to 127.0.0.1:{where[1]}"
                assert not_sent(carrier, url, SHORT) == text
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize("place", ["127.0.0.1:1", "[::1]:1", "nowhere.invalid:80"])
def test_where_no_connection_was_made(ours: Carrier, place: str) -> None:
    """The failure names host and port, as the address of the gateway has them."""
    text = not_sent(ours, f"http://{place}/secret?token=secret")
    assert text.endswith(f", connecting to {place}")


def test_a_deadline_that_has_passed(ours: Carrier) -> None:
    """
    Without any time left nothing is sent, also not over an open connection.

    aiohttp cannot tell: its answer is "no_reply".
    """
    with WireServer(answering(OK)) as server:
        for timeout in (0, -1, float("nan")):
            not_sent(ours, server.url, timeout)
    assert server.connections == 0


@pytest.mark.parametrize(
    "url", ["http://u@127.0.0.1/x", "ftp://127.0.0.1/x", "http:///x", "http://a:b/"]
)
def test_urls_that_cannot_be_used(ours: Carrier, url: str) -> None:
    """A URL without a clear place to go to: nothing is sent."""
    assert "URL" in not_sent(ours, url)


@pytest.mark.parametrize("value", ["a\r\nX: canary", "canary\x00", "canary\u0100"])
def test_headers_that_cannot_be_sent(carrier: Carrier, value: str) -> None:
    """A header that would break the request is not sent, and not quoted."""
    with WireServer(answering(OK)) as server, carrier.open() as transport:
        request = HttpRequest("POST", server.url, (("X-A", value),), b"")
        if not carrier.is_ours and value.isprintable():
            # aiohttp sends UTF-8.
            assert transport.send(request, timeout=PATIENCE).status == 200
            return
        with pytest.raises(TransportError) as caught:
            transport.send(request, timeout=PATIENCE)
    assert caught.value.kind == carrier.kind("not_sent", aiohttp="no_reply")
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


# ------------------------------------------------------------------- no reply


@aiohttp_warns
@pytest.mark.parametrize("size", [10, 16 << 20], ids=["small", "large"])
def test_a_reset_before_the_request_was_read(carrier: Carrier, size: int) -> None:
    """Bytes have left: the request is not known to be unsent."""

    def behave(connection: socket.socket) -> None:
        connection.recv(1, socket.MSG_PEEK)
        reset(connection)

    error, server = broken_by(carrier, behave, body=b"x" * size)
    assert error.kind == "no_reply"
    assert server.connections == 1


@pytest.mark.parametrize("by_reset", [True, False], ids=["reset", "close"])
def test_the_server_goes_away_after_reading(
    carrier: Carrier, *, by_reset: bool
) -> None:
    """The request arrived, no answer came; it is not sent again."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        if by_reset:
            reset(connection)

    error, server = broken_by(carrier, behave)
    assert error.kind == "no_reply"
    assert server.connections == 1


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
    ],
    ids=["head", "length", "chunk", "chunks"],
)
@pytest.mark.parametrize("by_reset", [True, False], ids=["reset", "close"])
def test_half_a_response(carrier: Carrier, part: bytes, *, by_reset: bool) -> None:
    """An answer that is cut off is no answer."""

    def behave(connection: socket.socket) -> None:
        answering(part)(connection)
        if by_reset:
            reset(connection)

    error, server = broken_by(carrier, behave)
    assert error.kind == "no_reply"
    assert server.connections == 1


@pytest.mark.parametrize(
    "sent_first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
    ],
    ids=["head", "body", "chunk"],
)
def test_a_dribbling_server(carrier: Carrier, sent_first: bytes) -> None:
    """One byte after the other does not move the deadline."""
    line = b"HTTP/1.1 200 OK\r\nX: " if not sent_first else b""

    def behave(connection: socket.socket) -> None:
        answering(sent_first)(connection)
        for byte in line + b"x" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    begun = time.monotonic()
    error = on_its_way(lambda deadline: broken_by(carrier, behave, timeout=deadline)[0])
    assert time.monotonic() - begun >= SHORT
    assert error.kind == "no_reply"
    assert "deadline" in str(error) or not carrier.is_ours


def test_a_silent_server(carrier: Carrier) -> None:
    """A server that never answers is left at the deadline."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    error = on_its_way(lambda deadline: broken_by(carrier, behave, timeout=deadline)[0])
    assert error.kind == "no_reply"


def test_silence_has_its_own_limit(ours: Carrier) -> None:
    """read_timeout ends a silence long before the deadline; bytes restart it."""

    def behave(connection: socket.socket) -> None:
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n")(connection)
        for _ in range(5):
            time.sleep(SHORT / 3)
            connection.sendall(b"x")
        connection.recv(1)

    begun = time.monotonic()
    error, _ = broken_by(ours, behave, read_timeout=SHORT)
    assert time.monotonic() - begun > SHORT
    assert error.kind == "no_reply"
    assert "silent" in str(error)


@pytest.mark.few(2)
@aiohttp_warns
@pytest.mark.parametrize("limited", [True, False], ids=["write limit", "deadline"])
def test_a_server_that_does_not_read(carrier: Carrier, *, limited: bool) -> None:
    """A request that does not fit into the buffers is left in time."""
    limited = limited and carrier.is_ours  # aiohttp has the deadline only
    options = {"write_timeout": SHORT} if limited else {}
    gate = threading.Event()
    with (
        WireServer(lambda _: _wait(gate)) as server,
        carrier.open(**options) as transport,
    ):
        request = request_to(server.url, b"x" * (64 << 20))

        def attempt(deadline: float) -> TransportError:
            begun = time.monotonic()
            with pytest.raises(TransportError) as caught:
                transport.send(request, timeout=deadline)
            assert time.monotonic() - begun < LATE
            return caught.value

        error = attempt(PATIENCE) if limited else on_its_way(attempt)
        gate.set()
    assert error.kind == "no_reply"


def _wait(gate: threading.Event) -> None:
    gate.wait(PATIENCE)


# ------------------------------------------------------------------ bad reply


@pytest.mark.parametrize(
    "part",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x16\x03\x01\x00\x02\x01\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nbad header canary\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nok\r\n0\r\n\r\n"),
        b"HTTP/1.1 101 Switching\r\nUpgrade: canary\r\n\r\n",
    ],
    ids=[
        "nonsense", "status", "ssh", "tls", "two lengths", "length in words",
        "negative length", "header", "long header", "many headers",
        "transfer coding", "chunk length", "two framings", "upgrade",
    ],
)  # fmt: skip
def test_responses_that_are_none(carrier: Carrier, part: bytes) -> None:
    """What is no HTTP is a bad reply, and is not quoted."""

    def behave(connection: socket.socket) -> None:
        answering(part)(connection)
        connection.recv(1)

    error, server = broken_by(carrier, behave)
    assert error.kind == "bad_reply"
    assert server.connections == 1


@cache
def _bomb() -> bytes:
    """Return a small body that stands for a large one."""
    return gzip.compress(b"\x00" * (50 << 20))


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"x, gzip"])
def test_compressed_answers_are_refused(carrier: Carrier, coding: bytes) -> None:
    """Nothing is inflated: there is no bomb to be afraid of."""
    body = _bomb()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n"
    error, _ = broken_by(carrier, answering(head % (coding, len(body)), body))
    assert error.kind == "bad_reply"
    assert "compressed" in str(error)


@pytest.mark.parametrize("length", [b"Content-Length: 1001\r\n", b""])
def test_a_body_that_is_too_long(carrier: Carrier, length: bytes) -> None:
    """The limit holds while the body comes in, announced or not."""
    head = b"HTTP/1.1 200 OK\r\n" + length + b"\r\n"
    behave = answering(head, b"x" * 1001)
    error, _ = broken_by(carrier, behave, max_response_bytes=1000)
    assert error.kind == "bad_reply"
    behave = answering(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000)
    response = answered(carrier, behave, max_response_bytes=1000)
    assert len(response.body) == 1000


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 99),
    ],
    ids=["body", "chunks"],
)
def test_bodies_without_an_end(carrier: Carrier, head: bytes, part: bytes) -> None:
    """Endless bodies end at a number of bytes."""
    error, _ = broken_by(carrier, endless(head, part), max_response_bytes=10_000)
    assert error.kind == "bad_reply"


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        (b"", b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * 7000 + b"\r\n\r\n"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1;" + b"e" * 1000 + b"\r\nx\r\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X: " + b"e" * 1000 + b"\r\n",
        ),
    ],
    ids=["100", "103", "chunk extensions", "trailers"],
)
def test_framing_without_an_end(ours: Carrier, head: bytes, part: bytes) -> None:
    """Endless framing ends at a number of bytes; with aiohttp at the deadline."""
    error, _ = broken_by(ours, endless(head, part), max_response_bytes=1 << 30)
    assert error.kind == "bad_reply"


# ------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "options",
    [
        {"connect_timeout": 0},
        {"read_timeout": 0},
        {"write_timeout": -1},
        {"keep_alive": -1},
        {"keep_alive": float("nan")},
        {"keep_alive": "0"},
        {"keep_alive": Decimal("sNaN")},
        {"ca_file": 5},
        {"ca_file": ["ca.pem"]},
        {"connect_timeout": "1"},
        {"connect_timeout": True},
        {"max_response_bytes": 0},
        {"max_connections": 1.5},
        {"max_connections": True},
    ],
)
@pytest.mark.parametrize("kind", [HttpTransport, AsyncHttpTransport])
def test_settings_that_are_refused(kind: Any, options: dict[str, Any]) -> None:
    """Limits are numbers above zero; the error names the setting."""
    with pytest.raises(InputError, match=next(iter(options))):
        kind(**options)


@pytest.mark.parametrize("kind", [HttpTransport, AsyncHttpTransport])
def test_authorities_or_a_context(tmp_path: Path, kind: type[Any]) -> None:
    """Two answers to one question are refused, and so is a file that is not there."""
    with pytest.raises(InputError, match="not both"):
        kind(ca_file="ca.pem", ssl_context=ssl.create_default_context())
    with pytest.raises(InputError, match=r"^ca_file: "):
        kind(ca_file=tmp_path / "ca.pem")


@pytest.mark.parametrize("value", [None, "1", True, Decimal(1), [1]])
def test_what_is_sent_and_for_how_long(ours: Carrier, value: Any) -> None:
    """Something else than a request, or than seconds, is refused: nothing is sent."""
    request = HttpRequest("POST", "http://127.0.0.1:1/x", (), b"")
    with ours.open() as transport:
        with pytest.raises(InputError, match="timeout must be a number of seconds"):
            transport.send(request, timeout=value)
        with pytest.raises(InputError, match="request must be a HttpRequest, not a "):
            transport.send(value, timeout=1)
