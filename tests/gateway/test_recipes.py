"""The recipes of the documentation run, and do what they say."""

from __future__ import annotations

import stat
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kesspay import CreateFundTransfer, OutcomeUnknown
from kesspay.sandbox import Sandbox
from tests.gateway.helpers import (
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    client,
    failure,
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
def test_opentelemetry() -> None:
    """Every request is a span with its verdict, under the caller's span."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
        InMemorySpanExporter,
    )

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    made, _ = client(
        token_answer(),
        signed(200, success(CREATE_DATA)),
        signed(400, failure("USED")),
        on_event=load_recipe("opentelemetry")["Tracing"](tracer),
    )
    with tracer.start_as_current_span("payment"):
        made.create_fund_transfer(CREATE_REQUEST)
        with pytest.raises(OutcomeUnknown):
            made.confirm_fund_transfer(PRE_TRANSFER, partner_transaction_id="d-1")
    *spans, payment = exporter.get_finished_spans()
    assert [(span.name, span.attributes["kess.verdict"]) for span in spans] == [  # type: ignore[index]
        ("kess token", "success"),
        ("kess create.unified.fundTransfer", "success"),
        ("kess confirm.fundTransfer", "unknown"),
    ]
    assert [span.status.is_ok for span in spans] == [True, True, False]
    assert spans[2].attributes["kess.code"] == "USED"  # type: ignore[index]
    for span in spans:
        assert span.parent is not None
        assert span.parent.span_id == payment.context.span_id


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
