"""The recipes of the documentation run, and do what they say."""

from __future__ import annotations

import stat
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kesspay import CreateFundTransfer
from kesspay.sandbox import Sandbox
from tests.gateway.helpers import (
    CREATE_DATA,
    CREATE_REQUEST,
    client,
    gateway_private_key,
    partner_key,
    signed,
    success,
    token_answer,
)
from tests.support.recipes import load_recipe


if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("face")
def test_a_token_in_a_file(tmp_path: Path) -> None:
    """The second process finds the token of the first; no other user can read it."""
    store: Any = load_recipe("token-store")["FileTokenStore"]
    path = tmp_path / "token.json"
    answers = [signed(200, success(CREATE_DATA))] * 2
    first, one = client(token_answer(), answers[0], token_store=store(str(path)))
    first.create_fund_transfer(CREATE_REQUEST)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second, other = client(answers[1], token_store=store(str(path)))
    second.create_fund_transfer(CREATE_REQUEST)
    assert (one.paths, other.paths) == (["token", "gateway"], ["gateway"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["token.json"]


def test_ones_own_http_stack() -> None:
    """A whole transfer by the protocol layer alone credits the receiver once."""
    sandbox = Sandbox(
        private_key=partner_key(), gateway_private_key=gateway_private_key()
    )
    order = CreateFundTransfer(
        out_trade_no="order-1",
        receiver_id="85512345678",
        sender_name="Chan Sophea",
        amount=Decimal("0.50"),
    )
    with sandbox:
        paid = load_recipe("own-http")["transfer"](
            **sandbox.settings, order=order, debit_id="debit-1"
        )
    (credit,) = sandbox.ledger.credits()
    assert credit.fund_transfer_id == paid.fund_transfer_id
