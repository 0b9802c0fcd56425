"""Answers are compared with what was asked, field by field."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kesspay.errors import OutcomeUnknown
from kesspay.gateway.messages import (
    FundTransfer,
    PreTransfer,
    QueryFundTransfer,
)
from kesspay.gateway.protocol import parse_confirm, parse_create, parse_query
from tests.gateway.helpers import (
    CONFIRM_DATA,
    CONFIRM_REQUEST,
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    QUERY_DATA,
    QUERY_REQUEST,
    gateway_key,
    signed,
    success,
)


MISSING = object()
#: For each echoed field, what an answer to another transfer might hold.
OTHERS: dict[str, list[object]] = {
    "out_trade_no": ["order-2", "ORDER-1", "order-1 ", "", None, 1, ["order-1"]],
    "receiver_id": ["85512345679", "012345678", 85512345678, None],
    "amount": [
        Decimal("0.51"),
        Decimal("0.500000000000001"),
        Decimal(50),
        Decimal("-0.5"),
        0,
        True,
        "0.51",
        "0,50",
        ".5",
        "5e-1",
        "0.5 ",
        "+0.5",
        "00.5",
        None,
        [0.5],
    ],
    "currency": ["KHR", "usd", "US", None],
    "pre_transfer_id": ["PT-2", "pt-1", "", None, 1],
}


def result(service: str, data: dict[str, Any]) -> PreTransfer | FundTransfer:
    """Read a signed success as the client would."""
    response = signed(200, success(data))
    if service == "create":
        return parse_create(CREATE_REQUEST, response, gateway_key())
    if service == "confirm":
        return parse_confirm(CONFIRM_REQUEST, response, gateway_key())
    query = QUERY_REQUEST if service == "query" else QueryFundTransfer(PRE_TRANSFER)
    return parse_query(query, response, gateway_key())


DATA: dict[str, dict[str, object]] = {
    "create": CREATE_DATA,
    "confirm": CONFIRM_DATA,
    "query": QUERY_DATA,
    "query of a pre-transfer": QUERY_DATA,
}


def test_create_returns_what_the_gateway_granted() -> None:
    """Every field of the document is in the result."""
    created = result("create", CREATE_DATA)
    assert created == PRE_TRANSFER
    assert b'"pre_transfer_id":"PT-1"' in created.canonical


@pytest.mark.parametrize("service", ["confirm", "query", "query of a pre-transfer"])
def test_confirm_and_query_return_what_was_paid(service: str) -> None:
    """Every field of the document is in the result."""
    paid = result(service, DATA[service])
    expected = FundTransfer(
        result_code="SUCCESS",
        fund_transfer_id="FT-1",
        out_trade_no="order-1",
        receiver_id="85512345678",
        amount=Decimal("0.5"),
        currency="USD",
        pre_transfer_id=None if service == "query" else "PT-1",
        receiver_name="Sok Dara",
    )
    assert paid == expected


@pytest.mark.parametrize(
    ("service", "field", "value"),
    [
        (service, field, value)
        for service, data in DATA.items()
        for field, values in OTHERS.items()
        for value in [MISSING, *values]
        # A request that did not have the field cannot ask for it.
        if field != "pre_transfer_id" or service not in {"create", "query"}
    ],
)
def test_an_answer_to_another_transfer(service: str, field: str, value: object) -> None:
    """A genuine answer counts only if it repeats the request exactly."""
    data = {**DATA[service], field: value}
    if value is MISSING:
        del data[field]
        if field == "pre_transfer_id" and service == "query of a pre-transfer":
            assert result(service, data).out_trade_no == "order-1"
            return
    with pytest.raises(OutcomeUnknown) as caught:
        result(service, data)
    assert caught.value.evidence["differs"] == field


@pytest.mark.parametrize("service", DATA)
@pytest.mark.parametrize(
    "value", [Decimal("0.5"), Decimal("0.50"), "0.5", "0.50", "0.5000000000000000"]
)
def test_one_amount_in_several_spellings(service: str, value: object) -> None:
    """0.5, 0.50 and "0.50" are one amount; the result holds the request's."""
    found = result(service, {**DATA[service], "amount": value})
    assert str(found.amount) == "0.50"


def test_a_whole_amount() -> None:
    """An int is an amount, too."""
    request = replace(CREATE_REQUEST, amount=Decimal("10.00"))
    answer = signed(200, success({**CREATE_DATA, "amount": 10}))
    assert parse_create(request, answer, gateway_key()).amount == 10


def test_true_is_no_amount_of_one() -> None:
    """In Python true equals 1; in an answer it does not."""
    request = replace(CREATE_REQUEST, amount=Decimal(1))
    answer = signed(200, success({**CREATE_DATA, "amount": True}))
    with pytest.raises(OutcomeUnknown):
        parse_create(request, answer, gateway_key())


@pytest.mark.parametrize("service", ["confirm", "query"])
@pytest.mark.parametrize(
    "value", [MISSING, "PENDING", "success", "SUCCESS ", "", None, True, 0, ["SUCCESS"]]
)
def test_only_success_is_success(service: str, value: object) -> None:
    """Any other result_code is unknown, and kept verbatim."""
    data = {**DATA[service], "result_code": value}
    if value is MISSING:
        del data["result_code"]
    with pytest.raises(OutcomeUnknown) as caught:
        result(service, data)
    assert caught.value.code == (value if isinstance(value, str) else "")
    assert "result_code" in str(caught.value)


@pytest.mark.parametrize("service", ["confirm", "query"])
@pytest.mark.parametrize("value", [MISSING, "", " ", None, 12, "x" * 65, "a\n"])
def test_a_payment_has_an_id(service: str, value: object) -> None:
    """SUCCESS without a fund_transfer_id is unknown."""
    data = {**DATA[service], "fund_transfer_id": value}
    if value is MISSING:
        del data["fund_transfer_id"]
    with pytest.raises(OutcomeUnknown, match="fund_transfer_id"):
        result(service, data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pre_transfer_id", None),
        ("pre_transfer_id", ""),
        ("pre_transfer_id", "x" * 65),
        ("receiver_name", None),
        ("receiver_name", "  "),
        ("receiver_name", 7),
        ("expire_in", None),
        ("expire_in", -1),
        ("expire_in", "soon"),
        ("expire_in", Decimal("1.5")),
        ("expire_in", True),
        ("expire_in", "999999999999"),
    ],
)
def test_a_pre_transfer_that_cannot_be_used(field: str, value: object) -> None:
    """A grant that lacks what a confirm needs is no grant."""
    with pytest.raises(OutcomeUnknown) as caught:
        result("create", {**CREATE_DATA, field: value})
    assert caught.value.evidence["field"] == field
    assert "new out_trade_no" in caught.value.next_step


@pytest.mark.parametrize(("value", "seconds"), [("300", 300), (0, 0), (1, 1)])
def test_lifetimes_of_a_pre_transfer(value: object, seconds: int) -> None:
    """A lifetime may come as a string of digits."""
    created = result("create", {**CREATE_DATA, "expire_in": value})
    assert isinstance(created, PreTransfer)
    assert created.expire_in == seconds


@pytest.mark.parametrize("service", ["confirm", "query"])
def test_a_payment_without_a_name_is_a_payment(service: str) -> None:
    """The receiver's name decides nothing once the money has moved."""
    data = {**DATA[service]}
    del data["receiver_name"]
    found = result(service, data)
    assert found.receiver_name == ""


def test_unknown_fields_are_kept_in_the_evidence() -> None:
    """What the document does not name is signed, verified and kept."""
    created = result("create", {**CREATE_DATA, "fee": Decimal("0.01")})
    assert b'"fee":0.01' in created.canonical


def test_replayed_answers_of_every_kind() -> None:
    """The genuine answer to one call is no answer to any other call."""
    other = replace(CREATE_REQUEST, out_trade_no="order-2")
    create_answer = signed(200, success(CREATE_DATA))
    confirm_answer = signed(200, success(CONFIRM_DATA))
    query_answer = signed(200, success(QUERY_DATA))
    key = gateway_key()
    with pytest.raises(OutcomeUnknown):
        parse_create(other, create_answer, key)
    with pytest.raises(OutcomeUnknown):
        parse_create(CREATE_REQUEST, query_answer, key)
    with pytest.raises(OutcomeUnknown):
        parse_confirm(CONFIRM_REQUEST, create_answer, key)
    with pytest.raises(OutcomeUnknown):
        parse_confirm(CONFIRM_REQUEST, query_answer, key)
    with pytest.raises(OutcomeUnknown):
        parse_query(QueryFundTransfer(other), query_answer, key)
    with pytest.raises(OutcomeUnknown):
        parse_query(QueryFundTransfer(other), confirm_answer, key)


def test_a_query_keeps_an_id_it_was_not_asked_for() -> None:
    """Where a query answers with a pre_transfer_id, the result has it."""
    found = result("query", {**QUERY_DATA, "pre_transfer_id": "PT-9"})
    assert isinstance(found, FundTransfer)
    assert found.pre_transfer_id == "PT-9"
