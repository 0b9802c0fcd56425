"""
What each fault does to an answer. ``faults`` names them and says when.

An effect that changes signed fields finds none in an answer that is not
signed or lacks them, and leaves such an answer as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kesspay.gateway.messages import CREATE
from kesspay.gateway.services import PENDING, SYSTEM_ERROR, UNAUTHENTICATED
from kesspay.sandbox.emulator import HTML, JSON, Reply, read_object
from kesspay.sandbox.keymaker import generate_key


if TYPE_CHECKING:
    from kesspay.signing.keys import PrivateKey


__all__ = ["Effect", "FaultContext"]

#: More than any client should read.
_OVERSIZE: Final = 1 << 20
_NOTHING: Final = Reply(200, (JSON,), b"")
#: The context of the caller may have fewer digits than an amount.
_EXACT: Final = Context(prec=32)


@dataclass(frozen=True, slots=True)
class FaultContext:
    """
    The values that an effect can use.

    Attributes:
        service: the service that was called.
        reply: the answer so far; empty where the request was not carried out.
        key: the gateway's own private key.
        earlier: a genuine answer to another transfer, where there was one.
        end_token: ends the token in use.
    """

    service: str
    key: PrivateKey
    earlier: bytes | None
    end_token: Callable[[], None]
    reply: Reply = _NOTHING


Effect: TypeAlias = Callable[[FaultContext, str], Reply]


# ------------------------------------------------------------- the connection


def delay(context: FaultContext, seconds: str) -> Reply:
    """Send the answer late."""
    return replace(context.reply, delay=context.reply.delay + float(seconds))


def drop(context: FaultContext, _: str) -> Reply:
    """Close the connection instead of an answer."""
    return replace(context.reply, ending="dropped")


def truncate(context: FaultContext, _: str) -> Reply:
    """Close the connection in the middle of the answer."""
    return replace(context.reply, ending="truncated")


# ------------------------------------------------------------------ the server


def answer_system_error(context: FaultContext, _: str) -> Reply:
    """Answer with a signed SYSTEMERROR."""
    return _refusal(context, SYSTEM_ERROR)


def refuse(context: FaultContext, code: str) -> Reply:
    """Answer with any error code, signed where the document signs it."""
    return _refusal(context, code)


def answer_bad_gateway(context: FaultContext, _: str) -> Reply:
    """Answer as a proxy whose server does not answer."""
    return _page(context, 502, "502 Bad Gateway")


def answer_too_many_requests(context: FaultContext, _: str) -> Reply:
    """Answer as a proxy that limits the rate."""
    reply = _page(context, 429, "429 Too Many Requests")
    return replace(reply, headers=(*reply.headers, ("Retry-After", "1")))


def answer_html_page(context: FaultContext, _: str) -> Reply:
    """Answer as a captive portal: HTTP 200 with another page."""
    return _page(context, 200, "Welcome")


def answer_empty(context: FaultContext, _: str) -> Reply:
    """Answer with a success that has no body."""
    return replace(context.reply, status=200, body=b"")


def append_spaces(context: FaultContext, _: str) -> Reply:
    """Answer genuinely, followed by a mebibyte of white space."""
    return replace(context.reply, body=context.reply.body + b" " * _OVERSIZE)


# ------------------------------------------------------------------- the token


def answer_unauthenticated(context: FaultContext, _: str) -> Reply:
    """Answer with an unsigned UNAUTHENTICATED."""
    return _refusal(context, UNAUTHENTICATED)


def end_token(context: FaultContext, _: str) -> Reply:
    """End the token, and say so."""
    context.end_token()
    return _refusal(context, UNAUTHENTICATED)


def set_lifetime(value: object) -> Effect:
    """Return the effect that states another lifetime of a new token."""
    return _on_token(lambda answer: {**answer, "expire_in": value})


def leave_lifetime_out(context: FaultContext, argument: str) -> Reply:
    """Leave the lifetime of a new token out."""
    leave_out = _on_token(lambda answer: _without(answer, "expire_in"))
    return leave_out(context, argument)


# --------------------------------------------------------------- the signature


def tamper(context: FaultContext, _: str) -> Reply:
    """Change what a forger would change, under the genuine signature."""
    answer = _signed_answer(context.reply)
    if answer is None:
        return context.reply
    data = answer.get("data")
    if not isinstance(data, dict):
        return _with(context.reply, {**answer, "error_desc": "Changed on the way."})
    if context.service == CREATE:
        changes = {"receiver_name": "Somebody Else"}
    else:
        changes = {"result_code": "SUCCESS", "fund_transfer_id": "FT-FORGED"}
    return _with(context.reply, {**answer, "data": {**data, **changes}})


def leave_signature_out(context: FaultContext, _: str) -> Reply:
    """Leave the signature out."""
    answer = _signed_answer(context.reply)
    if answer is None:
        return context.reply
    return _with(context.reply, _without(answer, "sign", "sign_type"))


def sign_with_other_key(context: FaultContext, _: str) -> Reply:
    """Sign with a key that is not the gateway's."""
    answer = _signed_answer(context.reply)
    if answer is None:
        return context.reply
    body = _stranger().signed_body(_without(answer, "sign", "sign_type"))
    return replace(context.reply, body=body)


def replay(context: FaultContext, _: str) -> Reply:
    """Answer with the genuine answer to another transfer."""
    if context.earlier is None:
        return change_reference(context, "")
    return replace(context.reply, status=200, headers=(JSON,), body=context.earlier)


def repeat_success(context: FaultContext, _: str) -> Reply:
    """Give a member twice; PHP and the signature use the last value."""
    answer = _signed_answer(context.reply)
    if answer is None:
        return context.reply
    opposite = json.dumps(answer.get("success") is not True).encode()
    body = b'{"success":' + opposite + b"," + context.reply.body[1:]
    return replace(context.reply, body=body)


# ------------------------------------------------------------------ the fields


def change_amount(context: FaultContext, _: str) -> Reply:
    """Answer, signed, for ten times the amount."""
    return _change(context, "amount", _ten_times)


def change_receiver(context: FaultContext, _: str) -> Reply:
    """Answer, signed, for another receiver."""
    return _change(context, "receiver_id", lambda _: "85500000001")


def change_reference(context: FaultContext, _: str) -> Reply:
    """Answer, signed, for another transfer."""
    return _change(context, "out_trade_no", lambda _: "another-transfer")


def change_currency(context: FaultContext, _: str) -> Reply:
    """Answer, signed, in another currency."""
    return _change(context, "currency", lambda _: "KHR")


def leave_field_out(context: FaultContext, field: str) -> Reply:
    """Leave a field of the data out, and sign the rest."""
    return _resigned(context, lambda data: _without(data, field))


def set_result_code(context: FaultContext, code: str) -> Reply:
    """Answer, signed, with another result_code, and no fund_transfer_id."""

    def change(data: dict[str, Any]) -> dict[str, Any]:
        return {**_without(data, "fund_transfer_id"), "result_code": code}

    return _resigned(context, change)


def set_pending(context: FaultContext, _: str) -> Reply:
    """Answer, signed, that the transfer is on its way."""
    return set_result_code(context, PENDING)


def keep(context: FaultContext, _: str) -> Reply:
    """Leave the answer as it is: the fault acts elsewhere."""
    return context.reply


# --------------------------------------------------------------------- helpers


def _page(context: FaultContext, status: int, title: str) -> Reply:
    text = f"<html><head><title>{title}</title></head><body>{title}</body></html>"
    return replace(context.reply, status=status, headers=(HTML,), body=text.encode())


def _refusal(context: FaultContext, code: str) -> Reply:
    answer: dict[str, object] = {
        "success": False,
        "error_code": code,
        "error_desc": "The sandbox was asked to say so.",
    }
    # Source: API document, "Sample fail response": not for UNAUTHENTICATED.
    if code == UNAUTHENTICATED:
        status, body = 401, json.dumps(answer).encode()
    else:
        status = 500 if code == SYSTEM_ERROR else 400
        body = context.key.signed_body(answer)
    return replace(context.reply, status=status, headers=(JSON,), body=body)


def _on_token(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Effect:
    def effect(context: FaultContext, _: str) -> Reply:
        answer = read_object(context.reply.body)
        if answer is None or "access_token" not in answer:
            return context.reply
        return _with(context.reply, change(answer))

    return effect


def _change(
    context: FaultContext, field: str, change: Callable[[Any], object]
) -> Reply:
    return _resigned(
        context, lambda data: {**data, field: change(data[field])}, needed=field
    )


def _ten_times(amount: Decimal | int | str) -> object:
    return _EXACT.multiply(amount, 10) if type(amount) is Decimal else amount * 10


def _resigned(
    context: FaultContext,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    needed: str = "out_trade_no",
) -> Reply:
    """Change the data and sign again with the gateway's own key."""
    answer = _signed_answer(context.reply) or {}
    data = answer.get("data")
    if not isinstance(data, dict) or needed not in data:
        return context.reply
    changed = {**_without(answer, "sign", "sign_type"), "data": change(data)}
    return replace(context.reply, body=context.key.signed_body(changed))


def _signed_answer(reply: Reply) -> dict[str, Any] | None:
    answer = read_object(reply.body)
    return answer if answer is not None and "sign" in answer else None


def _with(reply: Reply, answer: dict[str, Any]) -> Reply:
    return replace(reply, body=json.dumps(answer, default=float).encode())


def _without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


@cache
def _stranger() -> PrivateKey:
    """Return a key that belongs to neither side."""
    return generate_key()
