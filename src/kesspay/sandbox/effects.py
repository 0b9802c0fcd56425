"""
What each fault does to an answer. ``faults`` names them and says when.

An effect that changes signed fields finds none in an answer that is not
signed or lacks them, and leaves such an answer as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kesspay.gateway.messages import CREATE
from kesspay.sandbox.emulator import HTML, JSON, Reply, read_object
from kesspay.sandbox.keymaker import generate_key


if TYPE_CHECKING:
    from kesspay.signing.keys import PrivateKey


__all__ = ["Effect", "Scene"]

#: More than any client should read.
_OVERSIZE: Final = 1 << 20
_NOTHING: Final = Reply(200, (JSON,), b"")


@dataclass(frozen=True, slots=True)
class Scene:
    """
    What an effect can see.

    Attributes:
        service: what was asked for.
        reply: the answer so far; empty where the request was not carried out.
        key: the gateway's own private key.
        earlier: a genuine answer to another transfer, where there was one.
        end_token: ends the token that is out.
    """

    service: str
    key: PrivateKey
    earlier: bytes | None
    end_token: Callable[[], None]
    reply: Reply = _NOTHING


Effect: TypeAlias = Callable[[Scene, str], Reply]


# ------------------------------------------------------------- the connection


def late(scene: Scene, seconds: str) -> Reply:
    """Send the answer late."""
    return replace(scene.reply, delay=scene.reply.delay + float(seconds))


def dropped(scene: Scene, _: str) -> Reply:
    """Close the connection instead of an answer."""
    return replace(scene.reply, ending="dropped")


def truncated(scene: Scene, _: str) -> Reply:
    """Close the connection in the middle of the answer."""
    return replace(scene.reply, ending="truncated")


# ------------------------------------------------------------------ the server


def system_error(scene: Scene, _: str) -> Reply:
    """Answer with a signed SYSTEMERROR."""
    return _refusal(scene, "SYSTEMERROR")


def refused(scene: Scene, code: str) -> Reply:
    """Answer with any error code, signed where the document signs it."""
    return _refusal(scene, code)


def bad_gateway(scene: Scene, _: str) -> Reply:
    """Answer as a proxy whose server is gone."""
    return _page(scene, 502, "502 Bad Gateway")


def too_many(scene: Scene, _: str) -> Reply:
    """Answer as a proxy that limits the rate."""
    reply = _page(scene, 429, "429 Too Many Requests")
    return replace(reply, headers=(*reply.headers, ("Retry-After", "1")))


def html_page(scene: Scene, _: str) -> Reply:
    """Answer as a captive portal: success, and nothing of ours."""
    return _page(scene, 200, "Welcome")


def empty(scene: Scene, _: str) -> Reply:
    """Answer with a success that has no body."""
    return replace(scene.reply, status=200, body=b"")


def oversized(scene: Scene, _: str) -> Reply:
    """Answer genuinely, with a mebibyte of white space behind."""
    return replace(scene.reply, body=scene.reply.body + b" " * _OVERSIZE)


# ------------------------------------------------------------------- the token


def unauthenticated(scene: Scene, _: str) -> Reply:
    """Answer with an unsigned UNAUTHENTICATED."""
    return _refusal(scene, "UNAUTHENTICATED")


def expired_token(scene: Scene, _: str) -> Reply:
    """End the token, and say so."""
    scene.end_token()
    return _refusal(scene, "UNAUTHENTICATED")


def lifetime(value: object) -> Effect:
    """Return the effect that states another lifetime of a new token."""
    return _on_token(lambda answer: {**answer, "expire_in": value})


def no_lifetime(scene: Scene, argument: str) -> Reply:
    """Leave the lifetime of a new token out."""
    leave_out = _on_token(lambda answer: _without(answer, "expire_in"))
    return leave_out(scene, argument)


# --------------------------------------------------------------- the signature


def tampered(scene: Scene, _: str) -> Reply:
    """Change what somebody would profit from, under the genuine signature."""
    answer = _signed_answer(scene.reply)
    if answer is None:
        return scene.reply
    data = answer.get("data")
    if not isinstance(data, dict):
        return _with(scene.reply, {**answer, "error_desc": "Changed on the way."})
    if scene.service == CREATE:
        changes = {"receiver_name": "Somebody Else"}
    else:
        changes = {"result_code": "SUCCESS", "fund_transfer_id": "FT-FORGED"}
    return _with(scene.reply, {**answer, "data": {**data, **changes}})


def unsigned(scene: Scene, _: str) -> Reply:
    """Leave the signature out."""
    answer = _signed_answer(scene.reply)
    if answer is None:
        return scene.reply
    return _with(scene.reply, _without(answer, "sign", "sign_type"))


def foreign(scene: Scene, _: str) -> Reply:
    """Sign with a key that is not the gateway's."""
    answer = _signed_answer(scene.reply)
    if answer is None:
        return scene.reply
    body = _stranger().signed_body(_without(answer, "sign", "sign_type"))
    return replace(scene.reply, body=body)


def replayed(scene: Scene, _: str) -> Reply:
    """Answer with the genuine answer to another transfer."""
    if scene.earlier is None:
        return another_reference(scene, "")
    return replace(scene.reply, status=200, headers=(JSON,), body=scene.earlier)


def duplicated(scene: Scene, _: str) -> Reply:
    """Say something else first; PHP and the signature take what comes last."""
    answer = _signed_answer(scene.reply)
    if answer is None:
        return scene.reply
    opposite = json.dumps(answer.get("success") is not True).encode()
    body = b'{"success":' + opposite + b"," + scene.reply.body[1:]
    return replace(scene.reply, body=body)


# ------------------------------------------------------------------ the fields


def another_amount(scene: Scene, _: str) -> Reply:
    """Answer, signed, for ten times the amount."""
    return _change(scene, "amount", lambda amount: amount * 10)


def another_receiver(scene: Scene, _: str) -> Reply:
    """Answer, signed, for another receiver."""
    return _change(scene, "receiver_id", lambda _: "85500000001")


def another_reference(scene: Scene, _: str) -> Reply:
    """Answer, signed, for another transfer."""
    return _change(scene, "out_trade_no", lambda _: "another-transfer")


def another_currency(scene: Scene, _: str) -> Reply:
    """Answer, signed, in another currency."""
    return _change(scene, "currency", lambda _: "KHR")


def missing(scene: Scene, field: str) -> Reply:
    """Leave a field of the data out, and sign the rest."""
    return _resigned(scene, lambda data: _without(data, field))


def result_code(scene: Scene, code: str) -> Reply:
    """Answer, signed, with another result_code, and no fund_transfer_id."""

    def change(data: dict[str, Any]) -> dict[str, Any]:
        return {**_without(data, "fund_transfer_id"), "result_code": code}

    return _resigned(scene, change)


def pending(scene: Scene, _: str) -> Reply:
    """Answer, signed, that the transfer is on its way."""
    return result_code(scene, "PENDING")


def nothing(scene: Scene, _: str) -> Reply:
    """Leave the answer as it is: the fault lies elsewhere."""
    return scene.reply


# --------------------------------------------------------------------- helpers


def _page(scene: Scene, status: int, title: str) -> Reply:
    text = f"<html><head><title>{title}</title></head><body>{title}</body></html>"
    return replace(scene.reply, status=status, headers=(HTML,), body=text.encode())


def _refusal(scene: Scene, code: str) -> Reply:
    answer: dict[str, object] = {
        "success": False,
        "error_code": code,
        "error_desc": "The sandbox was asked to say so.",
    }
    # Source: API document, "Sample fail response": not for UNAUTHENTICATED.
    if code == "UNAUTHENTICATED":
        status, body = 401, json.dumps(answer).encode()
    else:
        status = 500 if code == "SYSTEMERROR" else 400
        body = scene.key.signed_body(answer)
    return replace(scene.reply, status=status, headers=(JSON,), body=body)


def _on_token(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Effect:
    def effect(scene: Scene, _: str) -> Reply:
        answer = read_object(scene.reply.body)
        if answer is None or "access_token" not in answer:
            return scene.reply
        return _with(scene.reply, change(answer))

    return effect


def _change(scene: Scene, field: str, change: Callable[[Any], object]) -> Reply:
    return _resigned(
        scene, lambda data: {**data, field: change(data[field])}, needed=field
    )


def _resigned(
    scene: Scene,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    needed: str = "out_trade_no",
) -> Reply:
    """Change the data and sign again with the gateway's own key."""
    answer = _signed_answer(scene.reply) or {}
    data = answer.get("data")
    if not isinstance(data, dict) or needed not in data:
        return scene.reply
    changed = {**_without(answer, "sign", "sign_type"), "data": change(data)}
    return replace(scene.reply, body=scene.key.signed_body(changed))


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
