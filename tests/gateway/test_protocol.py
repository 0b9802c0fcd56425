# ruff: noqa: ANN401 - what tests are given is of any type

"""Requests as they are built, and answers compared with what was asked."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    CanonicalizationError,
    FieldError,
    InputError,
    NotSent,
    OutcomeUnknown,
)
from kesspay.gateway.messages import (
    ConfirmFundTransfer,
    CreateFundTransfer,
    FundTransfer,
    HttpResponse,
    PreTransfer,
    Queried,
    QueryFundTransfer,
    Token,
    TransferReference,
)
from kesspay.gateway.protocol import (
    build_body,
    build_call,
    build_service_body,
    build_token,
    parse_call,
    parse_confirm,
    parse_create,
    parse_query,
    parse_token,
)
from tests.gateway.helpers import (
    CANARIES,
    CONFIRM_DATA,
    CONFIRM_REQUEST,
    CREATE_DATA,
    CREATE_REQUEST,
    ENDPOINT,
    PRE_TRANSFER,
    QUERY_DATA,
    QUERY_REQUEST,
    credentials,
    gateway_key,
    partner_key,
    plain,
    signed,
    success,
    token_answer,
)


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend


Request = CreateFundTransfer | ConfirmFundTransfer | QueryFundTransfer


def test_the_log_in_request() -> None:
    """A log-in has the credentials in two headers and a JSON body."""
    request = build_token(ENDPOINT, credentials())
    headers = dict(request.headers)
    assert (request.method, request.url) == ("POST", ENDPOINT.token_url)
    assert headers["partner-id"] == "partner-1"
    assert headers["partner-secret-key"] == CANARIES["partner_secret_key"]
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["Accept-Encoding"] == "identity"
    assert json.loads(request.body) == {
        "user_name": "api-user",
        "password": CANARIES["password"],
    }


@pytest.mark.parametrize(
    ("request_", "canonical"),
    [
        (
            CREATE_REQUEST,
            (
                b'{"amount":0.5,"currency":"USD","out_trade_no":"order-1",'
                b'"receiver_id":"85512345678","sender_name":"Chan Sophea",'
                b'"service":"create.unified.fundTransfer"}'
            ),
        ),
        (
            CONFIRM_REQUEST,
            (
                b'{"partner_transaction_id":"debit-1","pre_transfer_id":"PT-1",'
                b'"service":"confirm.fundTransfer"}'
            ),
        ),
        (
            QUERY_REQUEST,
            b'{"out_trade_no":"order-1","service":"query.fundTransfer"}',
        ),
    ],
    ids=["create", "confirm", "query"],
)
def test_the_body_of_each_service(
    backend: Backend, request_: Request, canonical: bytes
) -> None:
    """Every field of the document is in the body, signed, and nothing else."""
    key = partner_key()
    body = build_body(request_, key)
    assert key.public_key.verify_document(body) == canonical
    assert json.loads(body)["sign_type"] == "RSA2"


@pytest.mark.parametrize(
    ("amount", "number", "text"),
    [
        ("0.50", b'"amount":0.5,', b'"amount":"0.50",'),
        ("10", b'"amount":10,', b'"amount":"10.00",'),
        ("19.99", b'"amount":19.99,', b'"amount":"19.99",'),
        ("1E+3", b'"amount":1000,', b'"amount":"1000.00",'),
        ("9999999999999.99", b'"amount":9999999999999.99,', b'"9999999999999.99"'),
    ],
)
def test_amounts_on_the_wire(amount: str, number: bytes, text: bytes) -> None:
    """An amount is PHP's shortest number, or a string with two places."""
    request = CreateFundTransfer("a", "b", "c", Decimal(amount))
    key = partner_key()
    assert number in build_body(request, key).replace(b".0,", b",")
    assert text in build_body(request, key, amount_format="string")


def test_a_call_carries_the_body_unchanged() -> None:
    """The bytes that were signed are the bytes that are sent."""
    request = build_call(ENDPOINT, Token("t-1", 60), b"{signed}")
    assert (request.method, request.url) == ("POST", ENDPOINT.gateway_url)
    assert request.body == b"{signed}"
    assert dict(request.headers)["Authorization"] == "Bearer t-1"


def test_a_call_carries_bytes_only() -> None:
    """A body of text is refused, and so is an unclear choice of the connection."""
    body, fresh, token = build_body(CREATE_REQUEST, partner_key()), True, Token("t", 1)
    wrong: list[tuple[Any, Any]] = [(body.decode(), fresh), (None, fresh), (body, 1)]
    for one, choice in wrong:
        with pytest.raises(InputError):
            build_call(ENDPOINT, token, one, fresh=choice)


def test_only_what_moves_no_money_may_share_a_connection() -> None:
    """A call wants a fresh connection unless it says otherwise; a log-in does not."""
    token = Token("t-1", 60)
    assert build_call(ENDPOINT, token, b"{}").fresh
    assert not build_call(ENDPOINT, token, b"{}", fresh=False).fresh
    assert not build_token(ENDPOINT, credentials()).fresh


def test_any_service_can_be_called() -> None:
    """A service of the future is signed like the others, and its answer read."""
    key = partner_key()
    body = build_service_body("balance.query", {"wallet": "main"}, key)
    canonical = b'{"service":"balance.query","wallet":"main"}'
    assert key.public_key.verify_document(body) == canonical
    answer = signed(200, success({"balance": Decimal("12.30"), "n": 5}))
    result = parse_call("balance.query", answer, gateway_key())
    assert result.data == {"balance": Decimal("12.3"), "n": 5}
    assert type(result.data["balance"]) is Decimal
    assert gateway_key().verify_document(answer.body) == result.canonical


@pytest.mark.parametrize(
    ("service", "params", "error"),
    [
        ("", {}, FieldError),
        ("a b", {}, FieldError),
        ("x" * 65, {}, FieldError),
        (None, {}, FieldError),
        ("s", {"service": "other"}, FieldError),
        ("s", [("a", 1)], InputError),
        ("s", None, InputError),
        ("s", {"sign": "x"}, CanonicalizationError),
        ("s", {"amount": 1 + 2j}, CanonicalizationError),
    ],
)
def test_calls_that_are_refused(
    service: Any, params: Any, error: type[Exception]
) -> None:
    """What cannot be a call is refused before anything is signed."""
    with pytest.raises(error):
        build_service_body(service, params, partner_key())


@pytest.mark.parametrize(
    ("body", "expire_in"),
    [
        (b'{"access_token":"t","expire_in":3600}', 3600),
        (b'{"access_token":"t","expires_in":60}', 60),
        (b'{"access_token":"t","expire_in":"7200"}', 7200),
        (b'{"success":true,"data":{"access_token":"t","expire_in":5}}', 5),
        (b'{"data":{"access_token":"t"}}', None),
        (b'{"access_token":"t","data":{"expire_in":5}}', None),
        (b'{"access_token":"t","expire_in":0}', None),
        (b'{"access_token":"t","expire_in":"0"}', None),
        (b'{"access_token":"t","expire_in":-1}', None),
        (b'{"access_token":"t","expire_in":"-1"}', None),
        (b'{"access_token":"t","expire_in":1.5}', None),
        (b'{"access_token":"t","expire_in":1e400}', None),
        (b'{"access_token":"t","expire_in":"1e9"}', None),
        (b'{"access_token":"t","expire_in":true}', None),
        (b'{"access_token":"t","expire_in":null}', None),
        (b'{"access_token":"t","expire_in":[5]}', None),
        (b'{"access_token":"t","expire_in":"9999999999999"}', None),
        (b'{"access_token":"t","expire_in":99999999999999}', 99999999999999),
    ],
)
def test_log_ins_that_give_a_token(body: bytes, expire_in: int | None) -> None:
    """A token comes bare or in data; a senseless lifetime is no lifetime."""
    if b"1e400" in body:
        # No reader of ours takes it: an answer that holds it is no answer.
        with pytest.raises(NotSent):
            parse_token(plain(200, body))
        return
    for status in (200, 201, 203, 299):
        token = parse_token(plain(status, body))
        assert (token.access_token, token.expire_in) == ("t", expire_in)


@pytest.mark.parametrize(
    "response",
    [
        plain(200, b""),
        plain(200, b"<html>"),
        plain(200, b"[]"),
        plain(200, b"null"),
        plain(200, b'{"expire_in":1}'),
        plain(200, b'{"access_token":null}'),
        plain(200, b'{"access_token":7}'),
        plain(200, b'{"access_token":""}'),
        plain(200, b'{"access_token":"a\\r\\nX: y"}'),
        plain(200, b'{"access_token":"' + b"x" * 1201 + b'"}'),
        plain(200, b'{"success":false,"access_token":"t"}'),
        plain(200, b'{"success":"true","access_token":"t"}'),
        plain(200, b"[" * 100_000),
        plain(199, b'{"access_token":"t"}'),
        plain(300, b'{"access_token":"t"}'),
        plain(302, b'{"access_token":"t"}'),
        plain(500, b'{"access_token":"t"}'),
        plain(500, b'{"error_code":"SYSTEMERROR"}'),
    ],
    ids=lambda response: f"{response.status}-{response.body[:30]!r}",
)
def test_log_ins_that_give_nothing(response: HttpResponse) -> None:
    """Without a usable token nothing that waits for it is sent."""
    with pytest.raises(NotSent) as caught:
        parse_token(response)
    assert caught.value.safe_to_retry
    assert caught.value.evidence["phase"] == "log-in"


@pytest.mark.parametrize(
    "response",
    [
        plain(401, b'{"success":false,"error_code":"UNAUTHENTICATED"}'),
        plain(401, b"<html>"),
        plain(401, b'{"access_token":"t"}'),
        plain(200, b'{"success":false,"error_code":"UNAUTHENTICATED"}'),
    ],
)
def test_log_ins_that_are_refused(response: HttpResponse) -> None:
    """Wrong credentials are one error, a gateway that is down is another."""
    with pytest.raises(AuthenticationFailed):
        parse_token(response)


def test_a_log_in_answer_is_never_shown() -> None:
    """No error of a log-in quotes the answer."""
    broken = token_answer().body.replace(b'"expire_in"', b"\\")
    with pytest.raises(NotSent) as caught:
        parse_token(plain(200, broken))
    assert "canary" not in repr(vars(caught.value)) + str(caught.value)


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


#: What the partner's own records have of the transfer.
REFERENCE = TransferReference(
    out_trade_no="order-1", receiver_id="85512345678", amount=Decimal("0.50")
)


def result(service: str, data: dict[str, Any]) -> PreTransfer | FundTransfer:
    """Read a signed success as the client would."""
    response = signed(200, success(data))
    if service == "create":
        return parse_create(CREATE_REQUEST, response, gateway_key())
    if service == "confirm":
        return parse_confirm(CONFIRM_REQUEST, response, gateway_key())
    queried: dict[str, Queried] = {
        "query of a pre-transfer": PRE_TRANSFER,
        "query of a reference": REFERENCE,
    }
    asked = queried.get(service)
    query = QUERY_REQUEST if asked is None else QueryFundTransfer(asked)
    return parse_query(query, response, gateway_key())


#: The ways to ask that name a pre-transfer, whose id stands in the result.
WITH_AN_ID = {"confirm", "query of a pre-transfer"}
DATA: dict[str, dict[str, object]] = {
    "create": CREATE_DATA,
    "confirm": CONFIRM_DATA,
    "query": QUERY_DATA,
    "query of a pre-transfer": QUERY_DATA,
    "query of a reference": QUERY_DATA,
}


def test_create_returns_what_the_gateway_granted() -> None:
    """Every field of the document is in the result."""
    created = result("create", CREATE_DATA)
    assert created == PRE_TRANSFER
    assert b'"pre_transfer_id":"PT-1"' in created.canonical


@pytest.mark.parametrize("service", [name for name in DATA if name != "create"])
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
        pre_transfer_id="PT-1" if service in WITH_AN_ID else None,
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
        if field != "pre_transfer_id" or service in WITH_AN_ID
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


class Unchecked(TransferReference):
    """A reference of the caller's own class, which checks nothing."""

    def __post_init__(self) -> None:
        """Take everything."""


@pytest.mark.parametrize(
    ("field", "asked", "answered"),
    [
        *(("amount", 0.5, Decimal("0.5")), ("amount", None, None)),
        *(("out_trade_no", 1, True), ("out_trade_no", [], [])),
        *(("receiver_id", 85512345678, 85512345678), ("receiver_id", None, MISSING)),
        *(("currency", None, MISSING), ("currency", None, None)),
    ],
)
def test_a_field_that_no_request_can_have(
    field: str, asked: object, answered: object
) -> None:
    """An answer repeats a text and a Decimal only, whatever was asked for."""
    known: dict[str, Any] = {
        "out_trade_no": "order-1",
        "receiver_id": "85512345678",
        "amount": Decimal("0.5"),
    }
    data = {**QUERY_DATA, field: answered}
    if answered is MISSING:
        del data[field]
    request = QueryFundTransfer(Unchecked(**{**known, field: asked}))
    with pytest.raises(OutcomeUnknown) as caught:
        parse_query(request, signed(200, success(data)), gateway_key())
    assert caught.value.evidence["differs"] == field


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


@pytest.mark.parametrize(
    "other",
    [
        {"out_trade_no": "order-2"},
        {"receiver_id": "85512345679"},
        {"amount": Decimal("0.51")},
    ],
)
def test_a_reference_is_compared(other: dict[str, Any]) -> None:
    """An answer for another transfer proves nothing about this one."""
    asked = QueryFundTransfer(replace(REFERENCE, **other))
    with pytest.raises(OutcomeUnknown):
        parse_query(asked, signed(200, success(QUERY_DATA)), gateway_key())


def test_a_query_keeps_an_id_it_was_not_asked_for() -> None:
    """Where a query answers with a pre_transfer_id, the result has it."""
    found = result("query", {**QUERY_DATA, "pre_transfer_id": "PT-9"})
    assert isinstance(found, FundTransfer)
    assert found.pre_transfer_id == "PT-9"
