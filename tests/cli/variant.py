"""A gateway that takes each choice that the API document leaves open."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kesspay.errors import KesspayError, TransportError
from kesspay.gateway.messages import CONFIRM, CREATE, HttpRequest, HttpResponse
from kesspay.signing.profile import PHP_8, Profile
from tests.gateway.helpers import failure, gateway_private_key, partner_key, success


@dataclass
class Variant:
    """
    A Transport with a gateway behind it.

    Args:
        profile: PHP settings for requests and answers.
        answer_profile: of answers, where they are others.
        shape: the body of a log-in; "TOKEN" stands for the token.
        amounts: JSON types of an amount that are accepted.
        writes: how answers write an amount.
        old_tokens: whether an older token is still taken.
        same_token: whether each log-in gives the same token.
        create_twice: "two", "same" or "refused".
        confirm_twice: "USED" or "success".
        confirms: False refuses every confirm.
        trims: whether names are trimmed before the signature is checked.
        signs: whether refusals carry a signature.
        signs_401: whether HTTP 401 does.
        wrong_token: status of the answer to a wrong token.
        refusal: HTTP status of a refusal.
        eligible: whether the receiver can get money.
        breaks: number of the request that is not answered, or 0.
    """

    profile: Profile = PHP_8
    answer_profile: Profile | None = None
    shape: str = '{"access_token":"TOKEN","expire_in":3600}'
    amounts: tuple[type, ...] = (Decimal, str)
    writes: type = Decimal
    old_tokens: bool = False
    same_token: bool = False
    create_twice: str = "two"
    confirm_twice: str = "USED"
    confirms: bool = True
    trims: bool = True
    signs: bool = True
    signs_401: bool = False
    wrong_token: int = 401
    refusal: int = 400
    eligible: bool = True
    breaks: tuple[int, ...] = ()
    tokens: list[str] = field(default_factory=list)
    created: dict[str, dict[str, Any]] = field(default_factory=dict)
    paid: set[str] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ARG002 - nothing here can wait
        """Answer a request."""
        self.bodies.append(request.body)
        if len(self.bodies) in self.breaks:
            raise TransportError("no_reply", "the line broke")
        if request.url.endswith("/token"):
            return self._log_in()
        token = dict(request.headers)["Authorization"].removeprefix("Bearer ")
        taken = self.tokens if self.old_tokens else self.tokens[-1:]
        if token not in taken and self.wrong_token == 401:
            return self._refused(401, "UNAUTHENTICATED", signs=self.signs_401)
        if token not in self.tokens:
            return self._refused(self.wrong_token, "VALIDATIONERROR")
        try:
            key = partner_key().public_key
            text = key.verify_document(request.body, profile=self.profile)
        except KesspayError:
            return self._refused(self.refusal, "VALIDATIONERROR")
        return self._serve(json.loads(text, parse_float=Decimal))

    def _log_in(self) -> HttpResponse:
        count = 0 if self.same_token else len(self.tokens)
        self.tokens.append(f"canary-token-{count}")
        body = self.shape.replace("TOKEN", self.tokens[-1])
        return HttpResponse(200, (), body.encode())

    def _serve(self, params: dict[str, Any]) -> HttpResponse:
        if params["service"] == CREATE:
            return self._create(params)
        if params["service"] == CONFIRM:
            return self._confirm(params["pre_transfer_id"])
        found = self.created.get(params["out_trade_no"])
        if found is None:
            return self._refused(self.refusal, "NOTEXIST")
        done = found["pre_transfer_id"] in self.paid
        code = "SUCCESS" if done else "PENDING"
        return self._signed(200, success({**found, "result_code": code}))

    def _create(self, params: dict[str, Any]) -> HttpResponse:
        name = params["sender_name"]
        if self.trims and name != name.strip():
            return self._refused(self.refusal, "VALIDATIONERROR")
        if type(params["amount"]) not in self.amounts:
            return self._refused(self.refusal, "VALIDATIONERROR")
        if not self.eligible:
            return self._refused(self.refusal, "NOTELIGIBLE")
        reference = params["out_trade_no"]
        if reference in self.created and self.create_twice == "refused":
            return self._refused(self.refusal, "VALIDATIONERROR")
        if reference not in self.created or self.create_twice == "two":
            amount = Decimal(params["amount"])
            self.created[reference] = {
                "out_trade_no": reference,
                "amount": f"{amount:.2f}" if self.writes is str else amount,
                "pre_transfer_id": f"PT-{len(self.bodies)}",
                "receiver_name": "\u179f\u17bb\u1781 / \u178a\u17b6\u179a\u17c9\u17b6",
            }
        return self._signed(200, success(self.created[reference]))

    def _confirm(self, pre_transfer_id: str) -> HttpResponse:
        if not self.confirms:
            return self._refused(self.refusal, "EXPIRED")
        if pre_transfer_id in self.paid and self.confirm_twice == "USED":
            return self._refused(self.refusal, "USED")
        self.paid.add(pre_transfer_id)
        return self._signed(200, success({"result_code": "SUCCESS"}))

    def _refused(
        self, status: int, code: str, *, signs: bool | None = None
    ) -> HttpResponse:
        answer = failure(code)
        if self.signs if signs is None else signs:
            return self._signed(status, answer)
        return HttpResponse(status, (), json.dumps(answer).encode())

    def _signed(self, status: int, answer: dict[str, Any]) -> HttpResponse:
        profile = self.answer_profile or self.profile
        body = gateway_private_key().signed_body(answer, profile=profile)
        return HttpResponse(status, (), body)
