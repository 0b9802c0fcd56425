"""TLS is verified, new enough, and bounded in time; nothing is sent without it."""

from __future__ import annotations

import os
import platform
import re
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import InputError, TransportError
from kesspay.http import trust
from kesspay.http.aio import AsyncHttpTransport
from kesspay.http.sync import HttpTransport
from kesspay.http.trust import trusting_the_system
from tests.http.wire import (
    LATE,
    OK,
    PATIENCE,
    SHORT,
    WireServer,
    always,
    answering,
    over_tls,
    read_request,
    request_to,
    reset,
)


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.http.certificates import Authority
    from tests.http.transports import Carrier


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Path:
    """Make a certificate for localhost, with its key in the same file."""
    return authority.sign("localhost")


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def secure_url(server: WireServer, host: str = "localhost") -> str:
    """Return the URL of a server that speaks TLS."""
    return f"https://{host}:{server.port}/x"


def refused(carrier: Carrier, url: str, **options: object) -> str:
    """Return the text of the error of a handshake that fails."""
    with carrier.open(**options) as transport, pytest.raises(TransportError) as caught:
        transport.send(request_to(url), timeout=PATIENCE)
    assert caught.value.kind == "not_sent"
    assert caught.value.__context__ is None
    return str(caught.value)


# ------------------------------------------------------------------ exchanges


def test_an_authority_of_ones_own(
    carrier: Carrier, authority: Authority, certificate: Path
) -> None:
    """An ssl_context that knows the authority reaches the server, and is reused."""
    behave = over_tls(server_context(certificate), always(OK))
    with (
        WireServer(behave) as server,
        carrier.open(ssl_context=authority.context()) as transport,
    ):
        for _ in range(3):
            request = request_to(secure_url(server))
            assert transport.send(request, timeout=PATIENCE).body == b"ok"
    assert server.connections == 1


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_large_messages(
    ours: Carrier, authority: Authority, certificate: Path, version: ssl.TLSVersion
) -> None:
    """Messages of many records go through in both directions, in both versions."""
    context = server_context(certificate)
    context.minimum_version = context.maximum_version = version
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"y" * 900_000
    with (
        WireServer(over_tls(context, always(answer))) as server,
        ours.open(ssl_context=authority.context()) as transport,
    ):
        for _ in range(2):
            request = request_to(secure_url(server), b"x" * 900_000)
            assert transport.send(request, timeout=PATIENCE).body == b"y" * 900_000
    assert server.connections == 1


def test_an_address_can_be_named(carrier: Carrier, authority: Authority) -> None:
    """A certificate may name an IP address."""
    behave = over_tls(server_context(authority.sign("127.0.0.1")), answering(OK))
    with (
        WireServer(behave) as server,
        carrier.open(ssl_context=authority.context()) as transport,
    ):
        url = secure_url(server, "127.0.0.1")
        assert transport.send(request_to(url), timeout=PATIENCE).body == b"ok"


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Find every name of .example on the loopback; return those asked for."""
    asked: list[str] = []
    original = socket.getaddrinfo

    def look_up(
        host: str,
        port: int,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the same
        proto: int = 0,
        flags: int = 0,
    ) -> Any:  # noqa: ANN401 - the same
        if not flags & socket.AI_NUMERICHOST and ".example" in host:
            asked.append(host)
            host = "127.0.0.1"
        return original(host, port, family, type, proto, flags)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("pay_gw.example", "pay_gw.example"),
        ("_pay.gw.example", "_pay.gw.example"),
        ("pay.example.", "pay.example"),
        ("pay_gw.example.", "pay_gw.example"),
        ("PAY.Example.", "pay.example"),
    ],
)
def test_names_that_are_good(
    ours: Carrier, authority: Authority, resolved: list[str], host: str, named: str
) -> None:
    """
    An underscore is part of a name, and the dot at its end is none.

    RFC 6066, 3: the server is asked for, and its certificate is compared with,
    the name without the dot. The name service and Host keep it, as with curl.
    """
    seen: list[str] = []
    context = server_context(authority.sign(named))
    context.sni_callback = lambda _, name, __: seen.append(name)
    heads: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        heads.append(read_request(connection))
        connection.sendall(OK)

    with (
        WireServer(over_tls(context, behave)) as server,
        ours.open(ssl_context=authority.context()) as transport,
    ):
        request = request_to(secure_url(server, host))
        assert transport.send(request, timeout=PATIENCE).body == b"ok"
    assert seen == [named]
    assert resolved == [host.lower()]
    assert f"\r\nHost: {host}:".encode() in heads[0]


@pytest.mark.parametrize("host", ["pay.example.", "other.example"])
def test_a_dot_changes_nothing_of_the_trust(
    ours: Carrier, authority: Authority, resolved: list[str], host: str
) -> None:
    """A certificate for another name is refused, with and without the dot."""
    behave = over_tls(server_context(authority.sign("gw.example")), answering(OK))
    with WireServer(behave) as server:
        refused(ours, secure_url(server, host), ssl_context=authority.context())
    assert resolved


@pytest.mark.parametrize(
    "ending", ["length", "until close"], ids=["whole", "close_notify"]
)
def test_answers_that_end_with_the_connection(
    ours: Carrier, authority: Authority, certificate: Path, ending: str
) -> None:
    """An answer counts where its length, or the server itself, ends it."""
    answer = OK if ending == "length" else b"HTTP/1.1 200 OK\r\n\r\nok"

    def behave(connection: socket.socket) -> None:
        answering(answer)(connection)
        if ending == "until close":
            connection.unwrap()  # type: ignore[attr-defined] # it speaks TLS

    with (
        WireServer(over_tls(server_context(certificate), behave)) as server,
        ours.open(ssl_context=authority.context()) as transport,
    ):
        response = transport.send(request_to(secure_url(server)), timeout=PATIENCE)
    assert response.body == b"ok"


def test_an_answer_that_was_cut(
    ours: Carrier, authority: Authority, certificate: Path
) -> None:
    """Without TLS's own end an answer up to the close may be cut off."""
    behave = over_tls(
        server_context(certificate), answering(b"HTTP/1.1 200 OK\r\n\r\nok")
    )
    with (
        WireServer(behave) as server,
        ours.open(ssl_context=authority.context()) as transport,
        pytest.raises(TransportError) as caught,
    ):
        transport.send(request_to(secure_url(server)), timeout=PATIENCE)
    assert caught.value.kind == "no_reply"


@pytest.mark.parametrize("by_reset", [True, False], ids=["reset", "close"])
def test_a_server_that_goes_away(
    carrier: Carrier, authority: Authority, certificate: Path, *, by_reset: bool
) -> None:
    """The request arrived over TLS, no answer came; it is not sent again."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        if by_reset:
            reset(connection)

    with (
        WireServer(over_tls(server_context(certificate), behave)) as server,
        carrier.open(ssl_context=authority.context()) as transport,
        pytest.raises(TransportError) as caught,
    ):
        transport.send(request_to(secure_url(server)), timeout=PATIENCE)
    assert caught.value.kind == "no_reply"
    assert server.connections == 1


def test_extra_records_after_an_answer(
    ours: Carrier, authority: Authority, certificate: Path
) -> None:
    """A second answer in a record of its own ends the connection, too."""
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    sent = threading.Semaphore(0)

    def behave(connection: socket.socket) -> None:
        while True:
            read_request(connection)
            connection.sendall(OK)
            connection.sendall(evil)
            sent.release()

    with (
        WireServer(over_tls(server_context(certificate), behave)) as server,
        ours.open(ssl_context=authority.context()) as transport,
    ):
        for _ in range(5):
            request = request_to(secure_url(server))
            assert transport.send(request, timeout=PATIENCE).body == b"ok"
            assert sent.acquire(timeout=PATIENCE)
    assert server.connections == 5


# -------------------------------------------------------------- client's proof


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("shown", [True, False], ids=["shown", "missing"])
def test_a_client_certificate(
    carrier: Carrier,
    authority: Authority,
    certificate: Path,
    version: ssl.TLSVersion,
    *,
    shown: bool,
) -> None:
    """
    A client certificate is shown where the server asks for it.

    TLS 1.3 refuses a missing one only when the request is under way.
    """
    context = server_context(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    context.maximum_version = version
    ours = authority.context()
    if shown:
        ours.load_cert_chain(authority.sign("partner"))
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    with (
        WireServer(over_tls(context, behave)) as server,
        carrier.open(ssl_context=ours) as transport,
    ):
        request = request_to(secure_url(server))
        if shown:
            assert transport.send(request, timeout=PATIENCE).body == b"ok"
            return
        with pytest.raises(TransportError) as caught:
            transport.send(request, timeout=PATIENCE)
    late = version is ssl.TLSVersion.TLSv1_3
    assert caught.value.kind == ("no_reply" if late else "not_sent")
    assert not seen


# ----------------------------------------------------------- failing handshakes


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("host", "known", "days"),
    [
        ("localhost", False, 2),
        ("127.0.0.1", False, 2),
        ("127.0.0.1", True, 2),
        ("localhost", True, -1),
    ],
    ids=["unknown", "unknown and wrong", "wrong name", "expired"],
)
def test_tls_is_verified(
    ours: Carrier, authority: Authority, host: str, days: int, *, known: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """
    An unknown authority, another host, an old certificate: nothing is sent.

    The recipe for aiohttp follows the environment: the next test is for all.
    """
    context = authority.context() if known else None
    # The environment must not make an authority known either.
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(authority.file))
    seen: list[bytes] = []
    behave = over_tls(
        server_context(authority.sign("localhost", days=days)),
        lambda peer: seen.append(peer.recv(10)),
    )
    with WireServer(behave) as server:
        text = refused(ours, secure_url(server, host), ssl_context=context)
    assert "certificate verify failed" in text
    assert not seen


@pytest.mark.parametrize(
    ("host", "days"), [("127.0.0.1", 2), ("localhost", -1)], ids=["name", "expired"]
)
def test_certificates_that_do_not_fit(
    carrier: Carrier, authority: Authority, host: str, days: int
) -> None:
    """Another host, or an old certificate: nothing is sent, by any transport."""
    seen: list[bytes] = []
    behave = over_tls(
        server_context(authority.sign("localhost", days=days)),
        lambda peer: seen.append(peer.recv(10)),
    )
    with WireServer(behave) as server:
        url = secure_url(server, host)
        refused(carrier, url, ssl_context=authority.context())
    assert not seen


def test_the_server_learns_why(
    ours: Carrier, authority: Authority, certificate: Path
) -> None:
    """A certificate that is refused is refused by an alert, not by silence."""
    reasons: list[str] = []

    def behave(connection: socket.socket) -> None:
        try:
            over_tls(server_context(certificate), answering(OK))(connection)
        except ssl.SSLError as error:
            reasons.append(str(error.reason))

    with WireServer(behave) as server:
        url = secure_url(server, "127.0.0.1")
        refused(ours, url, ssl_context=authority.context())
    assert reasons
    assert re.search("ALERT|CERTIFICATE", reasons[0])


@pytest.mark.parametrize("by_reset", [True, False], ids=["answer", "reset"])
def test_a_server_without_tls(carrier: Carrier, *, by_reset: bool) -> None:
    """A handshake that fails: nothing was sent."""

    def behave(connection: socket.socket) -> None:
        if by_reset:
            connection.recv(1)
            reset(connection)
        else:
            connection.sendall(OK)

    with (
        WireServer(behave) as server,
        carrier.open() as transport,
        pytest.raises(TransportError) as caught,
    ):
        transport.send(request_to(secure_url(server)), timeout=PATIENCE)
    assert caught.value.kind == "not_sent"


@pytest.mark.parametrize("limit", ["connect_timeout", "deadline"])
def test_a_handshake_that_hangs(carrier: Carrier, limit: str) -> None:
    """Both limits hold during the handshake; aiohttp's first one is certain."""
    gate = threading.Event()

    def behave(_: socket.socket) -> None:
        gate.wait(PATIENCE)

    by_limit = limit == "connect_timeout"
    options = {"connect_timeout": SHORT} if by_limit else {}
    with WireServer(behave) as server, carrier.open(**options) as transport:
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            transport.send(
                request_to(secure_url(server)),
                timeout=PATIENCE if by_limit else SHORT,
            )
        assert time.monotonic() - begun < LATE
        gate.set()
    if carrier.is_ours or by_limit:
        assert caught.value.kind == "not_sent"
    else:
        assert caught.value.kind in ("not_sent", "no_reply")


def test_tls_that_is_too_old(
    carrier: Carrier, authority: Authority, certificate: Path
) -> None:
    """A server that speaks TLS 1.1 only is not spoken to."""
    context = server_context(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with WireServer(over_tls(context, answering(OK))) as server:
        refused(carrier, secure_url(server), ssl_context=authority.context())


def test_another_protocol_was_chosen(
    ours: Carrier, authority: Authority, certificate: Path
) -> None:
    """A context that offers HTTP/2 gets no HTTP/1.1 request through."""
    context, mine = server_context(certificate), authority.context()
    context.set_alpn_protocols(["h2"])
    mine.set_alpn_protocols(["h2"])
    with WireServer(over_tls(context, answering(OK))) as server:
        text = refused(ours, secure_url(server), ssl_context=mine)
    assert "another protocol" in text


# ------------------------------------------------------------------- contexts


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
@pytest.mark.parametrize("kind", [HttpTransport, AsyncHttpTransport])
def test_contexts_that_are_not_safe(
    kind: Callable[..., object], make: Callable[[], ssl.SSLContext]
) -> None:
    """There is no silent way to switch the checks of TLS off."""
    with pytest.raises(InputError, match="ssl_context"):
        kind(ssl_context=make())


def paths(file: Path, folder: Path) -> Callable[[], ssl.DefaultVerifyPaths]:
    """Return what OpenSSL would say of the places it was built for."""
    found = ssl.DefaultVerifyPaths("", "", "", os.fspath(file), "", os.fspath(folder))
    return lambda: found


@pytest.mark.parametrize("place", ["file", "folder", "bundle", "nowhere"])
def test_where_authorities_are_found(
    authority: Authority, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL's file and folder are read, and known bundles where it has none."""
    nothing, folder = tmp_path / "none", tmp_path / "certs"
    folder.mkdir()
    (folder / "README").touch()
    if place == "folder":
        # The name is a hash that OpenSSL looks up later.
        (folder / "0123abcd.0").write_bytes(authority.file.read_bytes())
    file = authority.file if place == "file" else nothing
    bundle = authority.file if place == "bundle" else nothing
    monkeypatch.setattr(ssl, "get_default_verify_paths", paths(file, folder))
    monkeypatch.setattr(trust, "_BUNDLES", (str(nothing), str(bundle)))
    context = trusting_the_system()
    trust.require_safe(context)
    assert len(context.get_ca_certs()) == (place in ("file", "bundle"))


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_systems_without_files(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system decides itself, it is asked."""
    import truststore

    monkeypatch.setattr(platform, "system", lambda: system)
    context = trusting_the_system()
    trust.require_safe(context)
    assert isinstance(context, truststore.SSLContext)
