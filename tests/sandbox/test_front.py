"""Faults from all sides, and the record of what passed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import pytest

from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.sandbox.emulator import GATEWAY_PATH
from kesspay.sandbox.faults import TOKEN
from kesspay.sandbox.front import LOG_IN, Seen
from kesspay.sandbox.world import new_credentials
from tests.sandbox.parties import Partner, box


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.sandbox import Sandbox
    from kesspay.signing.backend import Backend


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox whose clock stands still."""
    return box()


@pytest.fixture
def partner(sandbox: Sandbox) -> Partner:
    """Return a partner that is logged in."""
    return Partner(sandbox)


def test_a_planned_fault(sandbox: Sandbox, partner: Partner) -> None:
    """It meets the request it was planned for, and no other."""
    identity = partner.created()
    sandbox.faults.plan("drop-after", service=CONFIRM)
    assert partner.query().ending == "whole"
    assert partner.confirm(identity).ending == "dropped"
    assert partner.code(partner.confirm(identity)) == "USED"


def test_the_header_comes_first(sandbox: Sandbox, partner: Partner) -> None:
    """A fault in the header leaves the plan as it is."""
    sandbox.faults.plan("html-200")
    assert partner.query(faults="too-many").status == 429
    assert partner.query().body.startswith(b"<html>")


def test_a_seeded_sandbox() -> None:
    """Two sandboxes with one seed treat one sequence of requests alike."""
    courses = []
    for _ in range(2):
        partner = Partner(box(fault_seed=3, fault_rate=0.0))
        partner.sandbox.faults.seed(3, 0.5)
        for number in range(1, 30):
            partner.create(number)
            partner.confirm(f"PT{number:012d}", f"d-{number}")
            partner.query(number)
        passed = partner.sandbox.exchanges
        courses.append([(e.service, e.faults, e.outcome) for e in passed])
        assert partner.sandbox.ledger.audit() == []
    assert courses[0] == courses[1]
    assert sum(bool(faults) for _, faults, _ in courses[0]) > 10


def test_seeds_by_the_constructor() -> None:
    """A rate of 1 lets every request meet one of the faults that are named."""
    partner = Partner(box(fault_seed=1, fault_rate=1, faults=["pending"]))
    partner.confirm(partner.created())
    assert partner.code(partner.query()) == "PENDING"


def test_the_record(sandbox: Sandbox, partner: Partner, backend: Backend) -> None:
    """Each exchange is kept with what was signed on both sides."""
    identity = partner.created()
    sandbox.advance(5)
    partner.confirm(identity, faults="latency=2, pending")
    log_in, create, confirm = sandbox.exchanges
    assert (log_in.service, log_in.outcome) == (TOKEN, "HTTP 200")
    assert log_in.request == log_in.answer == LOG_IN
    assert (create.number, create.service, create.faults) == (2, CREATE, ())
    assert confirm.at == create.at + 5
    assert confirm.faults == ("latency=2", "pending")
    assert confirm.request == Seen(
        f'{{"partner_transaction_id":"d-1","pre_transfer_id":"{identity}",'
        '"service":"confirm.fundTransfer"}',
        "verified",
    )
    assert '"result_code":"PENDING"' in confirm.answer.text
    assert confirm.answer.verdict == "verified"


@pytest.mark.parametrize(
    ("faults", "outcome", "verdict"),
    [
        ("drop-after", "no answer", "not sent"),
        ("truncated", "HTTP 200, truncated", "verified"),
        ("html-200", "HTTP 200", "the text is not JSON (RFC 8259) at byte 0"),
        ("empty-200", "HTTP 200", "empty"),
        ("unsigned", "HTTP 200", 'the document has no "sign"'),
        ("oversized", "HTTP 200", "too long"),
    ],
)
def test_what_went_wrong_is_in_the_record(
    sandbox: Sandbox, partner: Partner, faults: str, outcome: str, verdict: str
) -> None:
    """The record says how an exchange ended, and why an answer is not good."""
    partner.create(faults=faults)
    exchange = sandbox.exchanges[-1]
    assert (exchange.outcome, exchange.answer.verdict) == (outcome, verdict)
    assert len(exchange.answer.text) < 2100


def test_the_record_holds_no_secret(sandbox: Sandbox, partner: Partner) -> None:
    """Not even where a client puts its secrets into the wrong place."""
    right = sandbox.settings["credentials"]
    secrets = (right.partner_secret_key, right.password, partner.token)
    partner.create(sender_name=secrets[0][:20] + secrets[0][20:])
    partner.send(service=QUERY, out_trade_no=secrets[1], memo=secrets[2])
    partner.respond(GATEWAY_PATH, " ".join(secrets).encode(), {})
    shown = repr(sandbox.exchanges)
    assert not [secret for secret in secrets if secret in shown]
    assert "(secret)" in shown
    sandbox.emulator.revoke_token()
    assert sandbox.emulator.redacted("nothing") == "nothing"


def test_the_record_is_bounded(sandbox: Sandbox, partner: Partner) -> None:
    """Fifty exchanges are kept, of whatever kind."""
    for body in (b"[" * 60_000, b"\xff", b"{}", b'{"service":[]}', b"[]") * 12:
        partner.respond(GATEWAY_PATH, body, {})
    kept = sandbox.exchanges
    assert len(kept) == 50
    assert [exchange.number for exchange in kept] == list(range(12, 62))
    assert {exchange.service for exchange in kept} == {""}


def test_an_exchange_names_its_transfer(sandbox: Sandbox, partner: Partner) -> None:
    """Requests and genuine answers do; what a fault put in its place does not."""
    identity = partner.created()
    other = partner.created(2)
    partner.confirm(identity, faults="wrong-reference, drop-after")
    partner.confirm(other, "d-2", faults="replayed")
    partner.confirm("PT9", "d-3")
    partner.respond(GATEWAY_PATH, b'{"out_trade_no":"raw","amount":', {})
    partner.respond(GATEWAY_PATH, b'{"out_trade_no":"raw","pre_transfer_id":7}', {})
    partner.respond(GATEWAY_PATH, b'{"out_trade_no":"%s"}' % (b"x" * 65), {})
    named = [exchange.references for exchange in sandbox.exchanges]
    assert named == [
        (),
        ("order-1", identity),
        ("order-2", other),
        ("order-1", identity, "d-1", "FT000000000001"),
        ("order-2", other, "d-2", "FT000000000002"),
        ("PT9", "d-3"),
        (),
        ("raw",),
        (),
    ]


def test_no_reference_is_a_secret(sandbox: Sandbox, partner: Partner) -> None:
    """Not even one that is written in another way."""
    password = sandbox.settings["credentials"].password
    escaped = "".join(f"\\u{ord(char):04x}" for char in password)
    partner.respond(GATEWAY_PATH, f'{{"out_trade_no":"{escaped}"}}'.encode(), {})
    assert sandbox.exchanges[-1].references == ("(secret)",)


@pytest.mark.parametrize(
    "written",
    [
        lambda secret: "".join(f"\\u{ord(char):04X}" for char in secret),
        lambda secret: json.dumps(secret)[1:-1].replace("/", r"\/"),
        lambda secret: "".join(f"%{ord(char):02x}" for char in secret),
        quote_plus,
        lambda secret: "x" * 1980 + secret,
        lambda secret: "\xe9" * 990 + secret,
        lambda secret: secret * 400,
        lambda secret: "".join(f"\\u{ord(char):04x}" for char in quote_plus(secret)),
    ],
)
@pytest.mark.parametrize("form", ['{{"memo":"{}"}}', '{{"memo":"{}', "memo={}&a=b"])
def test_no_spelling_of_a_secret_is_kept(
    written: Callable[[str], str], form: str
) -> None:
    """Escaped as JSON or as a form, in a body that is broken, or cut in two."""
    secret = 'pass/word "0" \\ 1'
    made = box(credentials=replace(new_credentials(), password=secret))
    Partner(made).respond(GATEWAY_PATH, form.format(written(secret)).encode(), {})
    text = made.exchanges[-1].request.text
    assert "word" not in text
    assert "(secr" in text or text.endswith("bytes)")


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("pass word", "pass+word"),
        ("pass\U0001f511word", r"pass\ud83d\udd11word"),
        ("pass\U0001f511word", "pass%F0%9F%94%91word"),
        ("pass\U0001f511word", r"pass\u0025F0%9F%94%91word"),
    ],
)
def test_no_rare_spelling_of_a_secret_is_kept(secret: str, written: str) -> None:
    """A blank of a form, halves of a character, and one way of writing in another."""
    made = box(credentials=replace(new_credentials(), password=secret))
    Partner(made).respond(GATEWAY_PATH, f'{{"memo":"{written}"}}'.encode(), {})
    assert made.exchanges[-1].request.text == "(secret)"
