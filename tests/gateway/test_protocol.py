# ruff: noqa: ANN401 - what tests are given is of any type

"""Requests as they are built, and the answers to a log-in."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    CanonicalizationError,
    FieldError,
    InputError,
    NotSent,
)
from kesspay.gateway.messages import (
    ConfirmFundTransfer,
    CreateFundTransfer,
    HttpResponse,
    QueryFundTransfer,
    Token,
)
from kesspay.gateway.protocol import (
    build_body,
    build_call,
    build_service_body,
    build_token,
    parse_call,
    parse_token,
)
from tests.gateway.helpers import (
    CANARIES,
    CONFIRM_REQUEST,
    CREATE_REQUEST,
    ENDPOINT,
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


def test_only_what_moves_no_money_may_share_a_connection() -> None:
    """A call wants a fresh connection unless told otherwise; a log-in does not."""
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
    """Wrong credentials are told apart from a gateway that is down."""
    with pytest.raises(AuthenticationFailed):
        parse_token(response)


def test_a_log_in_answer_is_never_shown() -> None:
    """No error of a log-in quotes the answer."""
    broken = token_answer().body.replace(b'"expire_in"', b"\\")
    with pytest.raises(NotSent) as caught:
        parse_token(plain(200, broken))
    assert "canary" not in repr(vars(caught.value)) + str(caught.value)
