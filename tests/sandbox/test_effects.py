"""Effects of faults on one answer; test_faults.py has them over the whole gateway."""

from __future__ import annotations

import json
from decimal import Context, Decimal, Inexact, Rounded, localcontext

import pytest

from kesspay.gateway.messages import CONFIRM
from kesspay.sandbox import effects
from kesspay.sandbox.effects import FaultContext
from kesspay.sandbox.emulator import JSON, Reply
from kesspay.sandbox.faults import FAULTS
from kesspay.signing.keys import PrivateKey
from tests.support.vectors import KEYS


KEY = PrivateKey.from_pem((KEYS / "other-2048.pem").read_bytes())


def context_of(body: bytes) -> FaultContext:
    """Return what an effect sees of an answer with this body."""
    reply = Reply(200, (JSON,), body)
    return FaultContext(
        service=CONFIRM, key=KEY, earlier=None, end_token=lambda: None, reply=reply
    )


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"{}"])
def test_what_another_fault_left(name: str, body: bytes) -> None:
    """No effect fails on an answer that another one has already damaged."""
    fault = FAULTS[name]
    reply = fault.effect(context_of(body), fault.usual)
    assert isinstance(reply, Reply)


def test_delays_add_up() -> None:
    """Two delays are as long as both together."""
    context = context_of(b"{}")
    twice = effects.delay(
        FaultContext(
            service=CONFIRM,
            key=KEY,
            earlier=None,
            end_token=lambda: None,
            reply=effects.delay(context, "1.5"),
        ),
        "2",
    )
    assert twice.delay == 3.5


def test_a_changed_answer_verifies() -> None:
    """An amount that was changed is signed again: the fault is in the data alone."""
    answer = {"success": True, "data": {"out_trade_no": "o-1", "amount": "0.50"}}
    fault = FAULTS["wrong-reference"]
    reply = fault.effect(context_of(KEY.signed_body(answer)), fault.usual)
    data = json.loads(KEY.public_key.verify_document(reply.body))["data"]
    assert data["out_trade_no"] != "o-1"


def test_ten_times_is_exact() -> None:
    """The amount is ten times as large, also where the caller rounds or traps it."""
    body = b'{"success":true,"sign":"","data":{"amount":12345.67}}'
    fault = FAULTS["wrong-amount"]
    with localcontext(Context(prec=1, traps=[Inexact, Rounded])):
        reply = fault.effect(context_of(body), fault.usual)
    data = json.loads(reply.body, parse_float=Decimal)["data"]
    assert data["amount"] == Decimal("123456.7")
