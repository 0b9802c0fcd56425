"""A proxy is used where it is named, sees no secret, and holds nothing up."""

from __future__ import annotations

import ssl
import threading
import time
from base64 import b64encode
from traceback import TracebackException
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import InputError, TransportError
from kesspay.http.connection import Origin, PlainStream, Proxy
from tests.http.wire import (
    LATE,
    OK,
    PATIENCE,
    SHORT,
    WireServer,
    always,
    over_tls,
    read_head,
    read_request,
    request_to,
)


if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.http.certificates import Authority
    from tests.http.transports import Carrier


class Tunnels:
    """A proxy that keeps what it could read, and tunnels to one server."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        """Everything it connects to behaves the same."""
        self.seen: list[bytes] = []
        self._behave = behave

    def __call__(self, connection: socket.socket) -> None:
        """Treat one connection."""
        self.seen.append(read_head(connection))
        connection.sendall(b"HTTP/1.1 200 Connected\r\nVia: test\r\n\r\n")
        self._behave(connection)


def test_a_tunnel(ours: Carrier, authority: Authority) -> None:
    """
    A request goes to the proxy as TLS, which ends at the server alone.

    The recipe for aiohttp has no proxy.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.sign("gateway.invalid"))
    arrived: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        while True:
            arrived.append(read_request(connection))
            connection.sendall(OK)

    tunnels = Tunnels(over_tls(context, behave))
    with (
        WireServer(tunnels) as proxy,
        ours.open(
            ssl_context=authority.context(),
            proxy=f"http://us%40er:p%3Ass@127.0.0.1:{proxy.port}/",
        ) as transport,
    ):
        for _ in range(2):
            request = request_to("https://gateway.invalid/x")
            assert transport.send(request, timeout=PATIENCE).body == b"ok"
    assert proxy.connections == 1
    (asked,) = tunnels.seen
    pair = b64encode(b"us@er:p:ss")
    assert asked.split(b"\r\n") == [
        b"CONNECT gateway.invalid:443 HTTP/1.1",
        b"Host: gateway.invalid:443",
        b"Proxy-Authorization: Basic " + pair,
        b"",
        b"",
    ]
    assert all(b"canary" in one and pair not in one for one in arrived)
    assert all(b"Proxy" not in one for one in arrived)


def refused(
    ours: Carrier,
    behave: Callable[[socket.socket], None],
    url: str = "https://gateway.invalid/x",
    timeout: float = PATIENCE,
) -> str:
    """Return why a proxy did not open a tunnel."""
    with WireServer(behave) as server:
        proxy = f"http://user:secret@127.0.0.1:{server.port}"
        with ours.open(proxy=proxy) as transport:
            begun = time.monotonic()
            with pytest.raises(TransportError) as caught:
                transport.send(request_to(url), timeout=timeout)
            assert time.monotonic() - begun < LATE
    assert caught.value.kind == "not_sent"
    assert caught.value.__context__ is None
    assert "secret" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 407 Auth secret\r\nContent-Length: 0\r\n\r\n", "HTTP 407"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://secret/\r\n\r\n", "HTTP 302"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "more than its answer"),
        (b"secret garbage\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200", "no answer"),
        (b"", "no answer"),
        # Too long for our limit or for that of h11, whichever sees it first.
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, "the proxy"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "too long"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n", "HTTP 403"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "Error"),
    ],
    ids=[
        "407", "redirect", "more", "garbage", "half", "nothing", "long head",
        "endless", "403", "close",
    ],
)  # fmt: skip
def test_tunnels_that_fail(ours: Carrier, answer: bytes, text: str) -> None:
    """Until TLS stands nothing was sent, whatever the proxy says."""

    def behave(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(answer)

    assert text in refused(ours, behave)


def test_a_proxy_that_hangs(ours: Carrier) -> None:
    """The deadline holds while a tunnel is opened."""
    gate = threading.Event()

    def behave(connection: socket.socket) -> None:
        read_head(connection)
        connection.recv(1)

    text = refused(ours, behave, timeout=SHORT)
    said, _, port = text.rpartition(":")
    assert said == (
        "the deadline passed, connecting to gateway.invalid:443 by way of 127.0.0.1"
    )
    assert port.isdecimal()
    gate.set()


def test_plain_http_goes_through_no_proxy(ours: Carrier) -> None:
    """The proxy would read the bearer token: nothing is sent to it."""
    text = refused(ours, always(OK), "http://127.0.0.1/x")
    assert "only https" in text


@pytest.mark.parametrize(
    "url",
    [
        "https://proxy:3128",
        "http://proxy",
        "http://:3128",
        "http://user:secret@proxy:port",
        "http://user:secret@proxy:3128/path",
        "http://user:secret@proxy:3128?a=secret",
        "http://user:secret@proxy:0",
        "secret",
        b"http://secret:1",
        7,
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    """A URL that cannot be used is refused without being shown."""
    with pytest.raises(InputError, match="proxy must be") as caught:
        Proxy(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None
    with_variables = TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    assert "<Proxy :0>" in "".join(with_variables.format())


def test_an_ipv6_address() -> None:
    """The address keeps its brackets."""
    steps = Proxy("http://[::2]:1").tunnel(
        PlainStream(), Origin(secure=True, host="::1", port=443)
    )
    asked = next(steps)
    assert asked == b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"


def test_no_password_is_shown() -> None:
    """The repr says where the proxy is."""
    assert repr(Proxy("http://user:secret@proxy:3128")) == "<Proxy proxy:3128>"
