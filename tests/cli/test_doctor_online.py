# ruff: noqa: ANN401 - what tests are given is of any type

"""The checks that talk to the gateway, each with what can go wrong in it."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
from email.utils import formatdate
from time import time
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.cli.checks import Check, Checks, ReadSettings
from kesspay.cli.doctor_online import check_online
from kesspay.errors import TransportError
from kesspay.gateway.messages import HttpResponse
from kesspay.signing.profile import PHP_8
from tests.gateway.helpers import (
    BASE_URL,
    QUERY_DATA,
    UNAUTHENTICATED,
    Script,
    credentials,
    failure,
    gateway_key,
    partner_key,
    plain,
    signed,
    success,
    token_answer,
)
from tests.http.wire import WireServer


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NO_PAYMENT = signed(400, failure("NOTEXIST"))


def found_settings(**client: object) -> ReadSettings:
    """Return settings that are in order."""
    found = ReadSettings()
    found.client = {
        "base_url": BASE_URL,
        "credentials": credentials(),
        "private_key": partner_key(),
        "gateway_key": gateway_key(),
        "profile": PHP_8,
        "retries": 0,
        **client,
    }
    return found


def diagnose(*answers: Any, found: ReadSettings | None = None) -> dict[str, Check]:
    """Make the checks against a list of answers; return them by name."""
    checks = Checks()
    for name in ("base url", "credentials", "private key", "gateway key", "options"):
        checks.ok(name, "")
    check_online(found or found_settings(), Script(*answers), checks)
    return {check.name: check for check in checks.all}


def dated(ahead: float) -> HttpResponse:
    """Return an answer to a log-in whose Date is ahead of this machine."""
    date = formatdate(time() + ahead, usegmt=True)
    return HttpResponse(200, (("DATE", date),), token_answer().body)


@pytest.mark.parametrize(
    ("ahead", "verdict", "words"),
    [
        (0, "ok", "agrees"),
        (30, "ok", "agrees"),
        (-3600, "warning", "ahead of the gateway"),
        (3600, "warning", "behind the gateway"),
    ],
)
def test_the_clocks_are_compared(ahead: float, verdict: str, words: str) -> None:
    """A minute is allowed; more is reported, with the side that is off."""
    check = diagnose(dated(ahead), NO_PAYMENT)["clock"]
    assert check.verdict == verdict
    assert words in check.found


@pytest.mark.parametrize("value", ["nonsense", "", "Mon, 99 Jan 0000 00:00:00 GMT"])
def test_a_date_that_is_none(value: str) -> None:
    """The check is skipped and nothing breaks."""
    answer = HttpResponse(200, (("Date", value),), token_answer().body)
    assert diagnose(answer, NO_PAYMENT)["clock"].verdict == "skipped"


@pytest.mark.parametrize(
    ("body", "verdict", "words"),
    [
        (b'{"access_token":"t","expire_in":3600}', "ok", "3600 seconds"),
        (b'{"access_token":"t","expire_in":30}', "warning", "30 seconds only"),
        (b'{"access_token":"t"}', "warning", "does not say"),
        (b"<html>", "failed", "no token"),
    ],
)
def test_the_token_is_judged(body: bytes, verdict: str, words: str) -> None:
    """A life that is short or not stated costs log-ins."""
    check = diagnose(plain(200, body), NO_PAYMENT)["token"]
    assert check.verdict == verdict
    assert words in check.found


def test_credentials_that_are_refused() -> None:
    """All four variables are named; the query is skipped."""
    found = diagnose(UNAUTHENTICATED)
    assert found["token"].verdict == "failed"
    assert "KESSPAY_PARTNER_SECRET_KEY" in found["token"].fix
    assert found["answer"].verdict == "skipped"


def test_a_gateway_that_does_not_answer() -> None:
    """There is no date to compare either."""
    found = diagnose(TransportError("not_sent", "connection refused"))
    assert "connection refused" in found["token"].found
    assert "try again" in found["token"].fix
    refused = TransportError("not_sent", "the proxy refused with HTTP 407")
    assert "KESSPAY_PROXY" in diagnose(refused)["token"].fix
    assert found["clock"].verdict == "skipped"


@pytest.mark.parametrize(
    ("answer", "verdict", "found", "fix"),
    [
        (NO_PAYMENT, "ok", "both sides", ""),
        (
            signed(400, failure("VALIDATIONERROR", "signature")),
            *("failed", "'signature'", partner_key().fingerprint),
        ),
        (
            HttpResponse(400, (), partner_key().signed_body(failure("NOTEXIST"))),
            *("failed", "not authentic", "KESSPAY_GATEWAY_KEY"),
        ),
        (plain(200, b"<html>"), "failed", "not authentic", "KESSPAY_BASE_URL"),
        (plain(404, b"<html>"), "failed", "HTTP 404", "the path of the base URL"),
        (plain(403, b"no"), "failed", "HTTP 403", "allow-list"),
        (plain(429, b""), "failed", "HTTP 429", "call less often"),
        (plain(502, b"<html>"), "failed", "HTTP 502", "out of order"),
        (plain(503, b'{"message":"Busy"}'), "failed", "'Busy'", "out of order"),
        (plain(511, b"<html>"), "failed", "HTTP 511", "log in to the network"),
        (plain(302, b""), "failed", "a redirect", "follows no redirect"),
        (plain(200, b""), "failed", "an empty body", "why the answer is empty"),
        (plain(200, b"It works"), "failed", "'It works'", "no JSON"),
        (
            plain(200, b'<br />\n<b>Warning</b>:  x in <b>/a.php</b>{"success":true}'),
            *("failed", "a PHP warning before the JSON", "warnings of PHP"),
        ),
        (
            plain(200, b'<html><form><input type="password"></form></html>'),
            *("failed", "a log-in page", "asks for a log-in"),
        ),
        (plain(200, b'{"success":true}'), "failed", "HTTP 200", "try again"),
        (signed(400, failure("EXPIRED")), "warning", "EXPIRED", "NOTEXIST"),
        (signed(200, success({"a": 1})), "failed", "result_code", "ask KESS"),
        (TransportError("no_reply", "gone"), "failed", "gone", "try again"),
        (UNAUTHENTICATED, "failed", "log-in", "try again"),
    ],
)
def test_the_answer_to_a_query(
    answer: object, verdict: str, found: str, fix: str
) -> None:
    """Each answer says which key, on which side, is wrong."""
    more = [plain(500, b"")] if answer is UNAUTHENTICATED else []
    check = diagnose(token_answer(), answer, *more)["answer"]
    assert check.verdict == verdict
    assert found in check.found
    assert fix in check.fix


def test_a_query_that_cannot_be_sent() -> None:
    """Not sent is a failure of the check as well."""
    check = diagnose(token_answer(), TransportError("not_sent", "no route"))["answer"]
    assert (check.verdict, "no route" in check.found) == ("failed", True)


def test_an_unknown_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that says it was paid is not to be used."""
    monkeypatch.setattr(os, "urandom", bytes)
    paid = {
        **QUERY_DATA,
        "out_trade_no": f"doctor-{'00' * 8}",
        "receiver_id": "85500000000",
        "amount": "0.01",
    }
    check = diagnose(token_answer(), signed(200, success(paid)))["answer"]
    assert (check.verdict, "never made" in check.found) == ("failed", True)


def test_plain_http_to_another_host_is_reported() -> None:
    """It was allowed, and it stays dangerous."""
    found = found_settings(allow_plain_http=True)
    check = diagnose(token_answer(), NO_PAYMENT, found=found)["tls"]
    assert (check.verdict, "in the clear" in check.found) == ("warning", True)


def test_behind_a_proxy_names_and_tls_are_its_matter() -> None:
    """Neither is tried from here."""
    found = found_settings(base_url="https://gateway.invalid/v1")
    found.transport["proxy"] = "http://proxy.invalid:1"
    checks = diagnose(token_answer(), NO_PAYMENT, found=found)
    assert checks["name"].verdict == checks["tls"].verdict == "skipped"
    assert checks["answer"].verdict == "ok"


def test_a_name_that_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host is named, and TLS is not tried."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    found = found_settings(base_url="https://gateway.invalid/v1")
    checks = diagnose(TransportError("not_sent", "no name"), found=found)
    assert "gateway.invalid is not found: Name or" in checks["name"].found
    assert checks["tls"].verdict == "skipped"


# ------------------------------------------------------------------------ TLS


def make_certificate(folder: Path, days: int, subject: str) -> Path:
    """Make a certificate for localhost, with its key in the same file."""
    command = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
        "-days", str(days), "-subj", subject,
        "-addext", "subjectAltName=DNS:localhost",
        "-keyout", "key.pem", "-out", "cert.pem",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes(
        (folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes()
    )
    return both


@pytest.fixture
def server() -> Iterator[Any]:
    """Return a function that starts a TLS server with a certificate."""
    running: list[WireServer] = []

    def start(certificate: Path) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

        def behave(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                wrapped.recv(1)

        made = WireServer(behave)
        running.append(made.__enter__())
        return f"https://localhost:{made.port}/v1"

    yield start
    for made in running:
        made.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("days", "subject", "verdict", "issuer"),
    [
        (90, "/CN=localhost", "ok", "certificate of localhost"),
        (5, "/O=Some Bank/CN=localhost", "warning", "certificate of Some Bank"),
    ],
)
def test_the_certificate_is_shown(
    server: Any, tmp_path: Path, days: int, subject: str, verdict: str, issuer: str
) -> None:
    """Version, issuer and end; the last two weeks are worth a word."""
    certificate = make_certificate(tmp_path, days, subject)
    found = found_settings(base_url=server(certificate))
    context = ssl.create_default_context(cafile=str(certificate))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    found.transport["ssl_context"] = context
    check = diagnose(token_answer(), NO_PAYMENT, found=found)["tls"]
    assert check.verdict == verdict
    assert check.found.startswith("TLSv1.")
    assert issuer in check.found


def test_an_unknown_authority(server: Any, tmp_path: Path) -> None:
    """The certificate is refused, and the two usual reasons are named."""
    url = server(make_certificate(tmp_path, 90, "/CN=localhost"))
    found = found_settings(base_url=url)
    check = diagnose(token_answer(), NO_PAYMENT, found=found)["tls"]
    assert (check.verdict, "self-signed" in check.found) == ("failed", True)
    assert "KESSPAY_CA_FILE" in check.fix


def test_a_port_that_is_closed() -> None:
    """The reason of the system is reported."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    found = found_settings(base_url=f"https://127.0.0.1:{port}/v1")
    check = diagnose(token_answer(), NO_PAYMENT, found=found)["tls"]
    assert (check.verdict, check.found) == (
        "failed",
        "no connection: Connection refused",
    )
