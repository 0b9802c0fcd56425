"""
The client with a transport that answers at once: all but HTTP.

A call is what a user writes: the request is made and its fields are checked,
its body is built and signed, the answer is verified, read, and compared with
the request. Nobody listens to its events, as in a client with its defaults.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import kesspay
from bench import rounds
from bench.documents import REQUEST, RESPONSE
from kesspay.gateway.client import Client
from tests.gateway import helpers


if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.rounds import Loop
    from kesspay.gateway.messages import HttpRequest, HttpResponse


__all__ = ["calls", "client_loops"]

_OUT_TRADE_NO: Final = str(REQUEST["out_trade_no"])
_RECEIVER: Final = str(REQUEST["receiver_id"])
_SENDER: Final = str(REQUEST["sender_name"])
_AMOUNT: Final = Decimal("19.99")
_DEBIT: Final = "DEBIT-2026-000123"


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


def calls() -> dict[str, Callable[[], object]]:
    """Return the three calls of a transfer, by name; each works as it should."""
    transport = Same()
    client = Client(
        base_url=helpers.BASE_URL,
        credentials=helpers.credentials(),
        private_key=helpers.partner_key(),
        gateway_key=helpers.gateway_key(),
        transport=transport,
        retries=0,
    )
    client.token()
    # It holds the fields of all three answers, and what else gateways send.
    transport.answer = helpers.signed(200, RESPONSE)

    def create() -> kesspay.PreTransfer:
        request = kesspay.CreateFundTransfer(
            out_trade_no=_OUT_TRADE_NO,
            receiver_id=_RECEIVER,
            sender_name=_SENDER,
            amount=_AMOUNT,
        )
        return client.create_fund_transfer(request)

    transfer = create()

    def confirm() -> kesspay.FundTransfer:
        return client.confirm_fund_transfer(transfer, partner_transaction_id=_DEBIT)

    def query() -> kesspay.FundTransfer:
        return client.query_fund_transfer(transfer)

    made: dict[str, Callable[[], object]] = {
        "create": create,
        "confirm": confirm,
        "query": query,
    }
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
    signed = helpers.partner_key().public_key.verify_document(request.body)
    assert f'"service":"{name}.'.encode() in signed
    assert ("Authorization", f"Bearer {helpers.CANARIES['access_token']}") in (
        request.headers
    )


def client_loops() -> dict[str, Loop]:
    """Return the loops of these calls."""
    return {f"client {name}": rounds.of(call) for name, call in calls().items()}
