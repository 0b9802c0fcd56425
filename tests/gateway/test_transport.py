# ruff: noqa: ANN401, FBT001 - what tests are given is of any type

"""The transport against a server that misbehaves: bounded, sent once, told apart."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import InputError, TransportError
from kesspay.gateway.messages import HttpRequest
from kesspay.gateway.transport import HttpTransport
from tests.gateway.wire import PATIENCE, WireServer, answering, read_request, reset


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Behave = Callable[[socket.socket], None]


#: Seconds of a deadline that has to pass, and how late it may be noticed.
#: Far apart, so that a slow machine changes nothing.
SHORT = 0.3
LATE = 10.0

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def request_to(url: str, body: bytes = b'{"a":1}') -> HttpRequest:
    """Return a request as the client makes them."""
    headers = (("Accept-Encoding", "identity"), ("Authorization", "Bearer canary"))
    return HttpRequest("POST", url, headers, body)


def secure_request_to(server: WireServer, host: str = "localhost") -> HttpRequest:
    """Return a request to a server that speaks TLS."""
    return request_to(f"https://{host}:{server.port}/x")


def waited(gate: threading.Event) -> None:
    """Do nothing until a gate opens."""
    gate.wait(PATIENCE)


def broken_by(
    behave: Behave, *, timeout: float = PATIENCE, body: bytes = b"{}", **options: Any
) -> tuple[TransportError, WireServer]:
    """Return the error that a server causes."""
    with WireServer(behave) as server:
        request = request_to(server.url, body)
        with pytest.raises(TransportError) as caught:
            HttpTransport(**options).send(request, timeout=timeout)
        assert caught.value.__context__ is None
        assert "canary" not in str(caught.value)
    return caught.value, server


def test_a_whole_exchange() -> None:
    """The request arrives as it was made; the response comes back whole."""
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 201 Made\r\nX-A: b\r\nContent-Length: 3\r\n\r\n")
        connection.sendall(b"\x00\xffz")

    with WireServer(behave) as server:
        response = HttpTransport().send(request_to(server.url), timeout=PATIENCE)
    assert (response.status, response.body) == (201, b"\x00\xffz")
    assert ("X-A", "b") in response.headers
    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /partnerapi/v1/gateway HTTP/1.1"
    assert b"Host: 127.0.0.1:%d" % server.port in lines
    assert b"Authorization: Bearer canary" in lines
    assert b"Connection: close" in lines
    assert body == b'{"a":1}'


def test_the_host_header_of_an_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """An IPv6 address keeps its brackets (RFC 9112, 3.2)."""
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    with WireServer(behave) as server:
        where = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
        monkeypatch.setattr("kesspay.gateway.transport._addresses", lambda *_: [where])
        HttpTransport().send(request_to("http://[::1]:8080/x"), timeout=PATIENCE)
    assert b"\r\nHost: [::1]:8080\r\n" in seen[0]


@pytest.mark.parametrize(
    "parts",
    [
        [b"HTTP/1.1 200 OK\r\n\r\nok"],
        [b"HTTP/1.0 200 OK\r\n\r\nok"],
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        ],
        [b"HTTP/1.1 100 Continue\r\n\r\n", OK],
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\nok"],
        [*(bytes([byte]) for byte in OK)],
    ],
    ids=["until close", "http 1.0", "chunked", "100 first", "identity", "bytewise"],
)
def test_framings_that_are_read(parts: list[bytes]) -> None:
    """Every proper way to send a body is read."""
    with WireServer(answering(*parts)) as server:
        response = HttpTransport().send(request_to(server.url), timeout=PATIENCE)
    assert response.body == b"ok"


def test_each_exchange_has_its_own_connection() -> None:
    """What follows an answer is never taken for the next answer."""
    extra = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    transport = HttpTransport()
    with WireServer(answering(OK + extra)) as server:
        for _ in range(3):
            response = transport.send(request_to(server.url), timeout=PATIENCE)
            assert response.body == b"ok"
    assert server.connections == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """A redirect is an answer like any other: nothing goes elsewhere."""
    with WireServer(answering(OK)) as other:
        where = other.url.encode()
        head = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
        with WireServer(answering(head % (status, where))) as server:
            response = HttpTransport().send(request_to(server.url), timeout=PATIENCE)
    assert response.status == status
    assert (server.connections, other.connections) == (1, 0)


def test_the_environment_sends_nothing_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Proxy variables of the environment are not followed."""
    with WireServer(answering(OK)) as proxy, WireServer(answering(OK)) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            for spelling in (name, name.upper()):
                monkeypatch.setenv(spelling, f"http://127.0.0.1:{proxy.port}")
        HttpTransport().send(request_to(server.url), timeout=PATIENCE)
    assert (server.connections, proxy.connections) == (1, 0)


def test_nothing_listens() -> None:
    """A refused connection: nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(TransportError) as caught:
        HttpTransport().send(request_to(f"http://127.0.0.1:{port}/x"), timeout=9)
    assert caught.value.kind == "not_sent"
    assert "ConnectionRefusedError" in str(caught.value)


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that cannot be looked up: nothing was sent."""

    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(TransportError) as caught:
        HttpTransport().send(request_to("http://gateway.invalid/x"), timeout=PATIENCE)
    assert caught.value.kind == "not_sent"
    assert "Name or service not known" in str(caught.value)


def test_a_look_up_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline holds while the system looks a name up."""
    real, gate = socket.getaddrinfo, threading.Event()

    def slow(*args: Any, flags: int = 0, **options: Any) -> Any:
        if not flags & socket.AI_NUMERICHOST:
            gate.wait(PATIENCE)
        options["flags"] = flags
        return real(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    begun = time.monotonic()
    with pytest.raises(TransportError) as caught:
        HttpTransport().send(request_to("http://localhost:9/x"), timeout=SHORT)
    assert time.monotonic() - begun < LATE
    gate.set()
    assert caught.value.kind == "not_sent"


def test_a_name_with_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one address does not answer, the next one is tried."""
    with WireServer(answering(OK)) as server:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
            for port in (1, server.port)
        ]
        monkeypatch.setattr(
            "kesspay.gateway.transport._addresses", lambda *_: addresses
        )
        response = HttpTransport().send(
            request_to("http://localhost/x"), timeout=PATIENCE
        )
    assert response.body == b"ok"


def test_a_connection_that_is_not_taken() -> None:
    """A server whose queue is full: the deadline holds, nothing was sent."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        where = listening.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - the name of the method says it
            one.connect_ex(where)
        try:
            begun = time.monotonic()
            with pytest.raises(TransportError) as caught:
                HttpTransport(connect_timeout=SHORT).send(
                    request_to(f"http://127.0.0.1:{where[1]}/x"), timeout=PATIENCE
                )
            assert time.monotonic() - begun < LATE
        finally:
            for one in waiting:
                one.close()
    assert caught.value.kind == "not_sent"


@pytest.mark.parametrize("size", [10, 16 << 20], ids=["small", "large"])
def test_a_reset_before_the_request_was_read(size: int) -> None:
    """Bytes have left: the request is not known to be unsent."""

    def behave(connection: socket.socket) -> None:
        connection.recv(1, socket.MSG_PEEK)
        reset(connection)

    error, server = broken_by(behave, body=b"x" * size)
    assert error.kind == "no_reply"
    assert server.connections == 1


@pytest.mark.parametrize("by_reset", [True, False])
def test_the_server_goes_away_after_reading(by_reset: bool) -> None:
    """The request arrived, no answer came; it is not sent again."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        if by_reset:
            reset(connection)

    error, server = broken_by(behave)
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
@pytest.mark.parametrize("by_reset", [True, False])
def test_half_a_response(part: bytes, by_reset: bool) -> None:
    """An answer that is cut off is no answer."""

    def behave(connection: socket.socket) -> None:
        answering(part)(connection)
        if by_reset:
            reset(connection)

    error, server = broken_by(behave)
    assert error.kind == "no_reply"
    assert server.connections == 1


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
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
def test_responses_that_are_none(part: bytes) -> None:
    """What is no HTTP is a bad reply, and is not quoted."""

    def behave(connection: socket.socket) -> None:
        answering(part)(connection)
        connection.recv(1)

    error, server = broken_by(behave)
    assert error.kind == "bad_reply"
    assert server.connections == 1


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"x, gzip"])
def test_compressed_answers_are_refused(coding: bytes) -> None:
    """Nothing is inflated: there is no bomb to be afraid of."""
    body = gzip.compress(b"\x00" * (50 << 20))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n"
    error, _ = broken_by(answering(head % (coding, len(body)), body))
    assert error.kind == "bad_reply"
    assert "compressed" in str(error)


@pytest.mark.parametrize("length", [b"Content-Length: 1001\r\n", b""])
def test_a_body_that_is_too_long(length: bytes) -> None:
    """The limit holds while the body comes in, announced or not."""
    head = b"HTTP/1.1 200 OK\r\n" + length + b"\r\n"
    error, _ = broken_by(answering(head, b"x" * 1001), max_response_bytes=1000)
    assert error.kind == "bad_reply"
    assert "1000" in str(error)
    with WireServer(answering(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000)) as server:
        transport = HttpTransport(max_response_bytes=1000)
        response = transport.send(request_to(server.url), timeout=PATIENCE)
    assert len(response.body) == 1000


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        (b"", b"HTTP/1.1 103 Early Hints\r\nX: " + b"y" * 60000 + b"\r\n\r\n"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1;" + b"e" * 1000 + b"\r\nx\r\n",
        ),
    ],
    ids=["body", "100", "103", "chunk extensions"],
)
def test_answers_without_an_end(head: bytes, part: bytes) -> None:
    """Endless bodies and endless framing end at a number of bytes."""

    def behave(connection: socket.socket) -> None:
        answering(head)(connection)
        while True:
            connection.sendall(part)

    error, _ = broken_by(behave, max_response_bytes=10_000)
    assert error.kind == "bad_reply"


@pytest.mark.parametrize(
    "sent_first",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"],
    ids=["head", "body"],
)
def test_a_dribbling_server(sent_first: bytes) -> None:
    """One byte after the other does not move the deadline."""
    line = b"HTTP/1.1 200 OK\r\n" if not sent_first else b""

    def behave(connection: socket.socket) -> None:
        answering(sent_first)(connection)
        for byte in line + b"x" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    begun = time.monotonic()
    error, _ = broken_by(behave, timeout=SHORT)
    assert SHORT <= time.monotonic() - begun < LATE
    assert error.kind == "no_reply"
    assert "deadline" in str(error)


def test_a_silent_server() -> None:
    """A server that never answers is left at the deadline."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.recv(1)

    error, _ = broken_by(behave, timeout=SHORT)
    assert error.kind == "no_reply"


def test_a_server_that_does_not_read() -> None:
    """A request that does not fit into the buffers is left at the deadline."""
    gate = threading.Event()
    with WireServer(lambda _: waited(gate)) as server:
        with pytest.raises(TransportError) as caught:
            HttpTransport().send(
                request_to(server.url, b"x" * (64 << 20)), timeout=SHORT
            )
        gate.set()
    assert caught.value.kind == "no_reply"


def test_an_answer_before_the_request_was_read() -> None:
    """A server may answer early and close: the answer counts."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\nno")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    with WireServer(behave) as server:
        response = HttpTransport().send(
            request_to(server.url, b"x" * (8 << 20)), timeout=PATIENCE
        )
    assert response.status == 413


def test_a_deadline_that_has_passed() -> None:
    """Without any time left nothing is sent."""
    with WireServer(answering(OK)) as server:
        with pytest.raises(TransportError) as caught:
            HttpTransport().send(request_to(server.url), timeout=0)
        assert caught.value.kind == "not_sent"
    assert server.connections == 0


@pytest.mark.parametrize("options", [{"connect_timeout": 0}, {"max_response_bytes": 0}])
def test_settings_that_are_refused(options: dict[str, Any]) -> None:
    """Limits are above zero."""
    with pytest.raises(InputError, match="above 0"):
        HttpTransport(**options)


def test_many_threads_share_a_transport() -> None:
    """Answers go to the thread that asked."""

    def behave(connection: socket.socket) -> None:
        body = read_request(connection).partition(b"\r\n\r\n")[2]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)

    transport = HttpTransport()
    got: dict[int, bytes] = {}
    with WireServer(behave) as server:

        def ask(number: int) -> None:
            request = request_to(server.url, b"%04d" % number)
            got[number] = transport.send(request, timeout=PATIENCE).body

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert got == {number: b"%04d" % number for number in range(16)}


# ------------------------------------------------------------------------ TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for localhost, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        "-keyout", "key.pem", "-out", "cert.pem",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes(
        (folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes()
    )
    return both


def over_tls(context: ssl.SSLContext, behave: Behave) -> Behave:
    """Return a behaviour on top of TLS."""

    def secured(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            behave(wrapped)

    return secured


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_tls_with_an_authority_of_ones_own(certificate: Path) -> None:
    """An ssl_context that knows the authority reaches the server."""
    behave = over_tls(server_context(certificate), answering(OK))
    context = ssl.create_default_context(cafile=str(certificate))
    with WireServer(behave) as server:
        transport = HttpTransport(ssl_context=context)
        response = transport.send(secure_request_to(server), timeout=PATIENCE)
    assert response.body == b"ok"


@pytest.mark.parametrize(
    ("host", "known"), [("localhost", False), ("127.0.0.1", False), ("127.0.0.1", True)]
)
def test_tls_is_verified(
    certificate: Path, host: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown authority or another host name: nothing is sent."""
    context = ssl.create_default_context(cafile=str(certificate)) if known else None
    # The environment must not make an authority known either.
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(certificate))
    seen: list[bytes] = []
    behave = over_tls(
        server_context(certificate), lambda peer: seen.append(peer.recv(10))
    )
    with WireServer(behave) as server, pytest.raises(TransportError) as caught:
        HttpTransport(ssl_context=context).send(
            request_to(f"https://{host}:{server.port}/x"), timeout=PATIENCE
        )
    assert caught.value.kind == "not_sent"
    assert "certificate verify failed" in str(caught.value)
    assert not seen


def test_tls_to_a_server_without_tls() -> None:
    """A handshake that fails: nothing was sent."""
    with (
        WireServer(lambda peer: peer.sendall(OK)) as server,
        pytest.raises(TransportError) as caught,
    ):
        HttpTransport().send(secure_request_to(server), timeout=PATIENCE)
    assert caught.value.kind == "not_sent"


def test_a_handshake_that_hangs(certificate: Path) -> None:
    """The deadline holds during the handshake, too."""
    gate = threading.Event()
    with WireServer(lambda _: waited(gate)) as server:
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            HttpTransport().send(secure_request_to(server), timeout=SHORT)
        assert time.monotonic() - begun < LATE
        gate.set()
    assert caught.value.kind == "not_sent"


def test_tls_that_is_too_old(certificate: Path) -> None:
    """A server that speaks TLS 1.1 only is not spoken to."""
    context = server_context(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        WireServer(over_tls(context, answering(OK))) as server,
        pytest.raises(TransportError) as caught,
    ):
        HttpTransport().send(secure_request_to(server), timeout=PATIENCE)
    assert caught.value.kind == "not_sent"


def unverified() -> ssl.SSLContext:
    """Return a context that takes every certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def any_name() -> ssl.SSLContext:
    """Return a context that takes every host name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    return context


def any_version() -> ssl.SSLContext:
    """Return a context that takes every version of TLS."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    return context


@pytest.mark.parametrize("make", [unverified, any_name, any_version])
def test_contexts_that_are_not_safe(make: Callable[[], ssl.SSLContext]) -> None:
    """There is no silent way to switch the checks of TLS off."""
    with pytest.raises(InputError, match="ssl_context"):
        HttpTransport(ssl_context=make())
