"""
The checks of the doctor that talk to the gateway. They move no money.

The last check is the decisive one: the answer to a query for a transfer that was
never made must be signed. That proves both keys on both sides.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

from kesspay._pages import PAGES
from kesspay.cli.checks import Wire
from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    InvalidSignature,
    OutcomeUnknown,
)
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CreateFundTransfer
from kesspay.gateway.services import NOTEXIST, VALIDATIONERROR
from kesspay.gateway.wording import next_step_of
from kesspay.http.trust import trusting_the_system


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kesspay.cli.checks import Checks, ReadSettings
    from kesspay.http.transport import Transport


__all__ = ["check_online", "skip_online"]

_ONLINE: Final = ("name", "tls", "token", "clock", "answer")
_NEEDED: Final = (
    "base url",
    "credentials",
    "private key",
    "gateway key",
    "options",
)
_DAY: Final = 86_400
#: Days before the end of a certificate from which the doctor warns.
_CERTIFICATE_DAYS: Final = 14
#: Seconds by which the clocks may differ.
_CLOCK_SECONDS: Final = 60
#: A token that lives shorter costs a log-in for every few calls.
_SHORT_LIFE: Final = 60
#: Reasons of an InvalidSignature where no key is to blame.
_UNSIGNED: Final = frozenset({"sign_missing"})
_CONNECT_SECONDS: Final = 10.0


def skip_online(checks: Checks, why: str) -> None:
    """Mark every check here as skipped."""
    for name in _ONLINE:
        checks.skip(name, why)


def check_online(found: ReadSettings, transport: Transport, checks: Checks) -> None:
    """
    Make every check that needs the gateway.

    Args:
        found: what the checks without a network could read.
        transport: that reaches the gateway.
        checks: where the checks go, behind those.
    """
    lacking = checks.lacks(_NEEDED)
    if lacking:
        skip_online(checks, f"fix {lacking} first")
        return
    where = urlsplit(found.client["base_url"])
    proxied = bool(found.transport.get("proxy"))
    _check_name(where, checks, proxied=proxied)
    _check_tls(where, found, checks, proxied=proxied)
    wire = Wire(transport)
    with Client(**found.client, transport=wire) as client:
        _check_token(client, checks)
        _check_clock(wire, checks)
        _check_answer(client, found, checks)


def _check_name(where: SplitResult, checks: Checks, *, proxied: bool) -> None:
    if proxied:
        checks.skip("name", "the proxy looks the name up")
        return
    host = where.hostname or ""
    try:
        entries = socket.getaddrinfo(host, _port(where), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        fix = "correct KESSPAY_BASE_URL, or the name service of this machine"
        checks.fail("name", f"{host} is not found: {_why(error)}", fix)
        return
    addresses = dict.fromkeys(str(address[0]) for *_, address in entries)
    checks.ok("name", f"{host} is {', '.join(addresses)}")


def _check_tls(
    where: SplitResult, found: ReadSettings, checks: Checks, *, proxied: bool
) -> None:
    if where.scheme == "http":
        _check_plain(found, checks)
        return
    if proxied:
        checks.skip("tls", "the proxy makes the connection; the log-in checks it")
        return
    if checks.lacks(["name"]):
        checks.skip("tls", "the name was not found")
        return
    host = where.hostname or ""
    context = found.transport.get("ssl_context") or trusting_the_system()
    try:
        with (
            closing(
                socket.create_connection((host, _port(where)), _CONNECT_SECONDS)
            ) as plain,
            context.wrap_socket(
                plain, server_hostname=host.removesuffix(".")
            ) as secured,
        ):
            version, certificate = secured.version(), secured.getpeercert()
    except ssl.SSLCertVerificationError as error:
        fix = "correct the clock of this machine, or set KESSPAY_CA_FILE"
        checks.fail("tls", f"certificate refused: {error.verify_message}", fix)
    except OSError as error:
        fix = "look for a firewall, an allow-list at KESS, or a wrong port"
        checks.fail("tls", f"no connection: {_why(error)}", fix)
    else:
        _judge_certificate(version, certificate, checks)


def _judge_certificate(
    version: str | None, certificate: Mapping[str, Any] | None, checks: Checks
) -> None:
    # The context verifies, so there is a certificate, and it says these.
    fields = certificate or {}
    ends = ssl.cert_time_to_seconds(fields["notAfter"])
    issuer = _issuer(fields["issuer"])
    day = datetime.fromtimestamp(ends, UTC).date().isoformat()
    seen = f"{version}, certificate of {issuer}, valid until {day}"
    if ends - time() < _CERTIFICATE_DAYS * _DAY:
        checks.warn("tls", seen, "ask KESS whether a new certificate is due")
    else:
        checks.ok("tls", seen)


def _check_plain(found: ReadSettings, checks: Checks) -> None:
    if found.client.get("allow_plain_http"):
        seen = "plain http: secrets and transfers travel in the clear"
        fix = "use https, and remove KESSPAY_ALLOW_PLAIN_HTTP"
        checks.warn("tls", seen, fix)
    else:
        checks.ok("tls", "plain http to the loopback of this machine")


def _check_token(client: Client, checks: Checks) -> None:
    try:
        token = client.token()
    except AuthenticationFailed as error:
        fix = (
            "check KESSPAY_PARTNER_ID, KESSPAY_PARTNER_SECRET_KEY, KESSPAY_USER_NAME "
            "and KESSPAY_PASSWORD"
        )
        checks.fail("token", _message(error), fix)
        return
    except GatewayError as error:
        checks.fail("token", _message(error), _fix(error), PAGES["down"])
        return
    life = token.expire_in
    if life is None:
        seen = "a token that does not say how long it lives"
        checks.warn(
            "token", seen, "it is used for a minute; ask KESS", PAGES["log_ins"]
        )
    elif life < _SHORT_LIFE:
        seen = f"a token that lives {life} seconds only"
        checks.warn("token", seen, "every few calls log in; ask KESS", PAGES["log_ins"])
    else:
        checks.ok("token", f"a token that lives {life} seconds")


def _check_clock(wire: Wire, checks: Checks) -> None:
    """Compare the clocks: certificates and pre-transfers depend on them."""
    passed = wire.passed[-1]
    if passed.response is None:
        checks.skip("clock", "the gateway did not answer")
        return
    dates = [value for name, value in passed.response.headers if name.lower() == "date"]
    try:
        theirs = parsedate_to_datetime(dates[0]).timestamp()
    except (IndexError, ValueError, OverflowError):
        checks.skip("clock", "the answer of the gateway has no usable date")
        return
    # It was written at some moment while the answer was under way.
    apart = passed.received_at - passed.took / 2 - theirs
    off = max(0.0, abs(apart) - passed.took / 2)
    if off > _CLOCK_SECONDS:
        side = "ahead of" if apart > 0 else "behind"
        seen = f"this machine is {off:.0f} seconds {side} the gateway"
        checks.warn("clock", seen, "synchronise the clock with NTP")
    else:
        checks.ok("clock", "it agrees with the gateway's")


def _check_answer(client: Client, found: ReadSettings, checks: Checks) -> None:
    """Ask for a transfer that does not exist; the answer must be signed."""
    if checks.lacks(["token"]):
        checks.skip("answer", "there is no token")
        return
    unmade = CreateFundTransfer(
        out_trade_no=f"doctor-{os.urandom(8).hex()}",
        receiver_id="85500000000",
        sender_name="doctor",
        amount=Decimal("0.01"),
    )
    try:
        client.query_fund_transfer(unmade)
    except OutcomeUnknown as error:
        _judge_answer(error, found, checks)
    except GatewayError as error:
        fix = "try again; then ask KESS"
        checks.fail("answer", _message(error), fix, PAGES["down"])
    else:
        seen = "the gateway knows a transfer that was never made"
        checks.fail("answer", seen, "do not use this gateway; ask KESS")


def _judge_answer(error: OutcomeUnknown, found: ReadSettings, checks: Checks) -> None:
    own = found.client["private_key"].fingerprint
    cause = error.__cause__
    if isinstance(cause, InvalidSignature):
        fix = (
            "set KESSPAY_GATEWAY_KEY to the key from KESS; if it already is, run "
            "`kesspay probe` to find the profile"
        )
        is_signed = error.evidence["answer"] == "json" and cause.reason not in _UNSIGNED
        if not is_signed:
            fix = _fix(error)
        seen = _message(error).removesuffix(".")
        # What is no JSON comes from a server that is out of order, or before it.
        page = None if error.evidence["answer"] == "json" else PAGES["down"]
        checks.fail("answer", f"{seen}: {cause}", fix, page)
    elif error.code == NOTEXIST:
        checks.ok("answer", "signed NOTEXIST to a query: the keys fit on both sides")
    elif error.code == VALIDATIONERROR:
        seen = f"the gateway refused our request: {error.description!r}"
        fix = f"give KESS the public half of the private key, {own}"
        checks.fail("answer", seen, fix)
    elif error.code:
        seen = f"signed {error.code:.64} to a query for a transfer never made"
        checks.warn("answer", seen, "NOTEXIST was expected; try again, then ask KESS")
    else:
        fix = "try again; then ask KESS"
        checks.fail("answer", _message(error), fix, PAGES["down"])


def _port(where: SplitResult) -> int:
    return where.port or (443 if where.scheme == "https" else 80)


def _issuer(names: Iterable[Iterable[tuple[str, str]]]) -> str:
    """Return the organisation, or the name, of who issued a certificate."""
    found = {name: value for entry in names for name, value in entry}
    return str(
        found.get("organizationName") or found.get("commonName") or "an unknown issuer"
    )


def _fix(error: GatewayError) -> str:
    """Say what to do about an answer that did not come from the gateway itself."""
    if "the proxy" in str(error):
        return "check KESSPAY_PROXY: host, port, user and password"
    step = next_step_of(error.evidence.get("http_status"), error.evidence.get("answer"))
    return step.removesuffix(".") or "try again; then ask KESS"


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _message(error: GatewayError) -> str:
    return str(error).removesuffix(f" Next: {error.next_step}")
