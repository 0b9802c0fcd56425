"""
What a call takes besides HTTP: the protocol, and the client around it.

The protocol makes a request and checks its fields, builds and signs its body,
builds the HTTP request, verifies the answer, reads it, and compares it with the
request. A call of the client is what a user writes: it has the token, the
deadlines and the retries on top; its transport answers at once. Nothing listens
to its events, as in a client with its defaults.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import kesspay
from bench import rounds
from bench.documents import REQUEST, RESPONSE
from kesspay.gateway import protocol
from kesspay.gateway.client import Client
from kesspay.gateway.endpoint import Endpoint
from kesspay.gateway.messages import Token
from tests.gateway import helpers
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.rounds import Loop
    from kesspay.gateway.messages import HttpRequest, HttpResponse


__all__ = ["NAMES", "call_loops", "calls", "protocol_calls"]

NAMES: Final = ("create", "confirm", "query")

_OUT_TRADE_NO: Final = str(REQUEST["out_trade_no"])
_RECEIVER: Final = str(REQUEST["receiver_id"])
_SENDER: Final = str(REQUEST["sender_name"])
_AMOUNT: Final = Decimal("19.99")
_DEBIT: Final = "DEBIT-2026-000123"


def _partner_key() -> kesspay.PrivateKey:
    """Load the key that signs requests: that of the tests signs no text twice."""
    return kesspay.PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes())


class Same:
    """
    A Transport that always gives the same answer.

    Attributes:
        answer: what it gives.
        sent: the last request.
    """

    sent: HttpRequest

    def __init__(self) -> None:
        """Begin with the answer to a log-in."""
        self.answer = helpers.token_answer()

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Give the answer."""
        del timeout
        self.sent = request
        return self.answer


def _request() -> kesspay.CreateFundTransfer:
    return kesspay.CreateFundTransfer(
        out_trade_no=_OUT_TRADE_NO,
        receiver_id=_RECEIVER,
        sender_name=_SENDER,
        amount=_AMOUNT,
    )


def protocol_calls() -> dict[str, Callable[[], object]]:
    """Return all that the protocol does for the three calls of a transfer."""
    signer, verifier = _partner_key(), helpers.gateway_key()
    endpoint = Endpoint(helpers.BASE_URL)
    token = Token(helpers.CANARIES["access_token"], 3600)
    answer = helpers.signed(200, RESPONSE)
    sent: list[HttpRequest] = []

    def send(body: bytes) -> None:
        sent[:] = [protocol.build_call(endpoint, token, body)]

    def create() -> kesspay.PreTransfer:
        request = _request()
        send(protocol.build_body(request, signer))
        return protocol.parse_create(request, answer, verifier)

    transfer = create()

    def confirm() -> kesspay.FundTransfer:
        request = kesspay.ConfirmFundTransfer(transfer, _DEBIT)
        send(protocol.build_body(request, signer))
        return protocol.parse_confirm(request, answer, verifier)

    def query() -> kesspay.FundTransfer:
        request = kesspay.QueryFundTransfer(transfer)
        send(protocol.build_body(request, signer))
        return protocol.parse_query(request, answer, verifier)

    made = dict(zip(NAMES, (create, confirm, query), strict=True))
    for name, call in made.items():
        _check(name, call())
        _check_sent(name, sent[0])
    return made


def calls() -> dict[str, Callable[[], object]]:
    """Return the three calls of a transfer, by name; each works as it should."""
    transport = Same()
    client = Client(
        base_url=helpers.BASE_URL,
        credentials=helpers.credentials(),
        private_key=_partner_key(),
        gateway_key=helpers.gateway_key(),
        transport=transport,
        retries=0,
    )
    client.token()
    # It holds the fields of all three answers, and what else gateways send.
    transport.answer = helpers.signed(200, RESPONSE)

    def create() -> kesspay.PreTransfer:
        return client.create_fund_transfer(_request())

    transfer = create()

    def confirm() -> kesspay.FundTransfer:
        return client.confirm_fund_transfer(transfer, partner_transaction_id=_DEBIT)

    def query() -> kesspay.FundTransfer:
        return client.query_fund_transfer(transfer)

    made = dict(zip(NAMES, (create, confirm, query), strict=True))
    for name, call in made.items():
        _check(name, call())
        _check_sent(name, transport.sent)
    return made


def _check(name: str, result: object) -> None:
    data = RESPONSE["data"]
    assert isinstance(data, dict)
    fields = ["out_trade_no", "receiver_id", "currency", "pre_transfer_id"]
    fields.append("expire_in" if name == "create" else "fund_transfer_id")
    for field in (*fields, "receiver_name"):
        assert getattr(result, field) == data[field]
    assert getattr(result, "amount", None) == _AMOUNT
    kind = kesspay.PreTransfer if name == "create" else kesspay.FundTransfer
    assert type(result) is kind


def _check_sent(name: str, request: HttpRequest) -> None:
    signed = _partner_key().public_key.verify_document(request.body)
    assert f'"service":"{name}.'.encode() in signed
    assert ("Authorization", f"Bearer {helpers.CANARIES['access_token']}") in (
        request.headers
    )


def call_loops() -> dict[str, Loop]:
    """Return the loops of all of these."""
    kinds: Mapping[str, dict[str, Callable[[], object]]] = {
        "protocol": protocol_calls(),
        "client": calls(),
    }
    return {
        f"{kind} {name}": rounds.of(call)
        for kind, made in kinds.items()
        for name, call in made.items()
    }
