# ruff: noqa: ANN401, FBT001 - what tests are given is of any type

"""What answers mean: verified first, and never more than they say."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import (
    GatewayError,
    InvalidSignature,
    NotSent,
    OutcomeUnknown,
    Rejected,
    TokenRejected,
    TransportError,
)
from kesspay.gateway.answers import Answer, broken, read_answer
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY, HttpResponse
from kesspay.gateway.protocol import parse_confirm, parse_create, parse_query
from kesspay.signing.keyring import KeyRing
from kesspay.signing.profile import PHP_8
from tests.gateway.helpers import (
    CONFIRM_DATA,
    CONFIRM_REQUEST,
    CREATE_DATA,
    CREATE_REQUEST,
    QUERY_DATA,
    QUERY_REQUEST,
    failure,
    gateway_key,
    gateway_private_key,
    partner_key,
    plain,
    signed,
    success,
)


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend


SERVICES = [CREATE, CONFIRM, QUERY, "service.of.the.future"]
DATA: dict[str, dict[str, object]] = {
    CREATE: CREATE_DATA,
    CONFIRM: CONFIRM_DATA,
    QUERY: QUERY_DATA,
}
STATUSES = [200, 201, 204, 301, 302, 307, 400, 401, 403, 404, 422, 429, 500, 502, 503]
CODES = [
    "NOTELIGIBLE",
    "VALIDATIONERROR",
    "SYSTEMERROR",
    "USED",
    "NOTEXIST",
    "EXPIRED",
    "UNAUTHENTICATED",
    "SOMETHING NEW",
]


def parse(service: str, response: HttpResponse, *, first_send: bool = True) -> object:
    """Read an answer as the client would."""
    key = gateway_key()
    if service == CREATE:
        return parse_create(CREATE_REQUEST, response, key)
    if service == CONFIRM:
        return parse_confirm(CONFIRM_REQUEST, response, key, first_send=first_send)
    if service == QUERY:
        return parse_query(QUERY_REQUEST, response, key)
    return read_answer(service, response, key, profile=PHP_8, first_send=first_send)


def error_of(
    service: str, response: HttpResponse, *, first_send: bool = True
) -> GatewayError:
    """Return the error that an answer ends in."""
    with pytest.raises(GatewayError) as caught:
        parse(service, response, first_send=first_send)
    return caught.value


def unsigned_bodies() -> list[bytes]:
    """Return everything a gateway, a proxy or an attacker may send unsigned."""
    answers: list[dict[str, Any]] = [
        success({"result_code": "SUCCESS"}),
        success(json.loads(json.dumps(CONFIRM_DATA, default=float))),
        *[failure(code) for code in CODES],
        {"success": False},
        {"message": "Unauthenticated."},
        {},
    ]
    texts = [json.dumps(answer).encode() for answer in answers]
    return [*texts, b"", b"null", b"[]", b'"x"', b"<html></html>", b"\xff", b"{"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", STATUSES)
def test_unsigned_answers(backend: Backend, service: str, status: int) -> None:
    """
    Unsigned is believed of HTTP 401 only, and then it means: log in.

    Everything else is unknown, whatever it says, and so is a 401 that claims
    anything but UNAUTHENTICATED.
    """
    for body in unsigned_bodies():
        error = error_of(service, plain(status, body))
        is_bare = body.startswith(b"{") and body != b"{"
        claims = json.loads(body) if is_bare else {"success": True}
        may_log_in = (
            status == 401
            and not claims.get("success")
            and claims.get("error_code", "UNAUTHENTICATED") == "UNAUTHENTICATED"
        )
        if may_log_in:
            assert type(error) is TokenRejected, body
            continue
        assert type(error) is OutcomeUnknown, body
        assert isinstance(error.__cause__, InvalidSignature)
        assert error.code == ""
        assert error.evidence["http_status"] == status


@pytest.mark.parametrize("service", [CREATE, CONFIRM, QUERY])
@pytest.mark.parametrize(
    "status", [0, 100, 103, 199, *STATUSES, 202, 203, 205, 206, 226, 299, 300, 600]
)
def test_a_signed_success_needs_http_2xx(service: str, status: int) -> None:
    """
    A success with any 2xx is one; with any other status it is unknown.

    RFC 9110, 15.3, is the judge of what a 2xx is. The status is not signed,
    and the body is there and verified, whatever 204 or 206 say about it.
    """
    response = signed(status, success(DATA[service]))
    if status // 100 == 2:
        parse(service, response)
        return
    error = error_of(service, response)
    assert type(error) is OutcomeUnknown
    assert str(status) in str(error)


@pytest.mark.parametrize("service", SERVICES)
def test_a_401_that_is_signed_wrongly(service: str) -> None:
    """A signature that is there and wrong is a forgery, and no log-in helps."""
    refusal = failure("UNAUTHENTICATED")
    whole = json.loads(partner_key().signed_body(refusal))
    for sign in (whole["sign"], whole["sign"][:-4], "", "!", None, 1):
        body = json.dumps({**refusal, "sign_type": "RSA2", "sign": sign}).encode()
        error = error_of(service, plain(401, body))
        assert type(error) is OutcomeUnknown
        assert isinstance(error.__cause__, InvalidSignature)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "value", [1, 0, "true", "false", "", None, [], [True], Decimal("1.5")]
)
def test_success_is_exactly_true_or_false(service: str, value: object) -> None:
    """Nothing that is merely true-ish or false-ish counts."""
    answer = {**success(DATA.get(service)), **failure("USED"), "success": value}
    assert type(error_of(service, signed(200, answer))) is OutcomeUnknown
    del answer["success"]
    assert type(error_of(service, signed(200, answer))) is OutcomeUnknown


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("data", [None, [], "", 1, [{"result_code": "SUCCESS"}], {}])
def test_data_is_an_object(service: str, data: object) -> None:
    """A success without an object data is unknown; {} signs as a list."""
    error = error_of(service, signed(200, success(data)))
    assert type(error) is OutcomeUnknown
    assert "data" in str(error)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 429, 500, 503])
@pytest.mark.parametrize("first_send", [True, False])
def test_signed_refusals(
    service: str, code: str, status: int, first_send: bool
) -> None:
    """
    A signed refusal is final only where nothing can have moved money.

    With HTTP 3xx, 429 and 5xx: never.
    Create: every code but SYSTEMERROR and UNAUTHENTICATED.
    Confirm: EXPIRED, NOTEXIST, VALIDATIONERROR, first send.
    Query: never. A service of the future: like create, on a first send.
    """
    response = signed(status, failure(code, "why not"))
    error = error_of(service, response, first_send=first_send)
    if status == 401 and code == "UNAUTHENTICATED":
        assert type(error) is TokenRejected
        return
    final = status in {200, 400, 401, 403}
    final &= code not in {"SYSTEMERROR", "UNAUTHENTICATED"}
    if service == CONFIRM:
        final &= first_send and code in {"EXPIRED", "NOTEXIST", "VALIDATIONERROR"}
    elif service == QUERY:
        final = False
    elif service != CREATE:
        final &= first_send
    assert isinstance(error, Rejected | OutcomeUnknown)
    assert type(error) is (Rejected if final else OutcomeUnknown)
    assert (error.code, error.description) == (code, "why not")
    assert error.evidence["error_code"] == code
    assert error.safe_to_retry is (service == QUERY)
    assert error.next_step
    assert error.next_step in str(error)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("code", [None, "", 7, True, ["USED"], {"a": "b"}])
def test_a_refusal_without_a_code(service: str, code: object) -> None:
    """A refusal that names no code is unknown."""
    error = error_of(service, signed(400, failure(code)))
    assert type(error) is OutcomeUnknown
    assert error.code == ""


def test_a_signed_401_without_a_code_asks_for_a_log_in() -> None:
    """A bare signed 401 is treated like the unsigned one."""
    response = signed(401, {"success": False, "message": "Unauthenticated."})
    assert type(error_of(CONFIRM, response)) is TokenRejected


def test_what_to_do_when_create_is_unknown() -> None:
    """A lost create involves no money: the way on is a new number."""
    error = error_of(CREATE, signed(500, failure("SYSTEMERROR")))
    assert "new out_trade_no" in error.next_step
    assert not error.safe_to_retry


def test_what_to_do_when_confirm_is_unknown() -> None:
    """After a confirm the way on is a query, never money back."""
    error = error_of(CONFIRM, signed(400, failure("USED")))
    assert "query" in error.next_step
    assert "do not refund" in error.next_step


@pytest.mark.parametrize("service", [CREATE, CONFIRM, QUERY])
def test_tampering_with_any_field(backend: Backend, service: str) -> None:
    """A change of any value, name or of the signature itself is noticed."""
    response = signed(200, success(DATA[service]))
    parse(service, response)
    body: dict[str, Any] = json.loads(response.body)
    changed: list[dict[str, Any]] = []
    for name, value in body["data"].items():
        other = f"{value}1" if isinstance(value, str) else value + 1
        changed.append({**body, "data": {**body["data"], name: other}})
        without = {k: v for k, v in body["data"].items() if k != name}
        changed.append({**body, "data": without})
    changed += [
        {**body, "data": {**body["data"], "extra": 1}},
        {**body, "message": "success"},
        {**body, "code": "200"},
        {**body, "extra": None},
        {**body, "sign": "A" + body["sign"][1:]},
        {**body, "sign": body["sign"][:-4]},
        {**body, "sign": ""},
        {**body, "sign": None},
        {**body, "sign_type": "RSA"},
        {key: value for key, value in body.items() if key != "sign"},
    ]
    for answer in changed:
        if answer == body:
            continue
        error = error_of(service, plain(200, json.dumps(answer).encode()))
        assert type(error) is OutcomeUnknown
        assert isinstance(error.__cause__, InvalidSignature)
        assert error.evidence["reason"] == error.__cause__.reason


def test_an_answer_signed_by_another_key(backend: Backend) -> None:
    """Our own key, or any other, does not sign answers; a reflection is none."""
    forged = partner_key().signed_body(success(CONFIRM_DATA))
    error = error_of(CONFIRM, plain(200, forged))
    assert isinstance(error.__cause__, InvalidSignature)


def test_a_duplicate_key_cannot_hide_an_amount(backend: Backend) -> None:
    """A body that two readers could read differently is refused."""
    body = signed(200, success(CONFIRM_DATA)).body
    doubled = body.replace(b'"amount":0.5', b'"amount":900,"amount":0.5')
    assert doubled != body
    error = error_of(CONFIRM, plain(200, doubled))
    assert error.evidence["reason"] == "duplicate"


def test_values_are_those_that_were_signed() -> None:
    """Digits that PHP cannot see are not covered by the signature, nor read."""
    service = SERVICES[-1]
    response = signed(200, success({"amount": Decimal("0.5"), "n": 1}))
    spelled = response.body.replace(b"0.5", b"0.500000000000000000001")
    assert spelled != response.body
    answer = parse(service, plain(200, spelled))
    assert isinstance(answer, Answer)
    assert answer.data == {"amount": Decimal("0.5"), "n": 1}
    assert b"0.5," in answer.canonical


def test_bytes_around_the_body_are_no_matter() -> None:
    """White space and another order of keys verify, as they do in PHP."""
    body = json.loads(signed(200, success(CREATE_DATA)).body)
    turned = dict(reversed(body.items()))
    spaced = json.dumps(turned, indent=3).encode()
    parse(CREATE, plain(200, b"\r\n " + spaced + b"\n"))


def test_a_key_ring_verifies_answers() -> None:
    """During a change of keys either key verifies."""
    ring = KeyRing([partner_key().public_key, gateway_key()])
    response = signed(200, success(QUERY_DATA))
    paid = parse_query(QUERY_REQUEST, response, ring)
    assert paid.fund_transfer_id == "FT-1"


class BrokenVerifier:
    """A Verifier whose machine is down."""

    bits = 2048

    def verify(self, _signature: bytes, _message: bytes) -> None:
        """Fail in a way that kesspay knows nothing of."""
        raise ConnectionError("canary: the HSM is down")


def test_a_verifier_that_breaks_leaves_the_outcome_unknown() -> None:
    """An answer that could not be checked says nothing, and is no traceback."""
    response = signed(200, success(CONFIRM_DATA))
    with pytest.raises(OutcomeUnknown) as caught:
        parse_confirm(CONFIRM_REQUEST, response, BrokenVerifier())
    assert caught.value.evidence["reason"] == "ConnectionError"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["not_sent", "no_reply", "bad_reply"])
@pytest.mark.parametrize("sent_before", [True, False])
def test_broken_exchanges(service: str, kind: Any, sent_before: bool) -> None:
    """Only what never left is not sent; everything else is unknown."""
    error = broken(service, TransportError(kind, "why"), sent_before=sent_before)
    certain = kind == "not_sent" and not sent_before
    assert type(error) is (NotSent if certain else OutcomeUnknown)
    assert error.safe_to_retry is (certain or service == QUERY)
    assert error.evidence == {"service": service, "transport": kind}


def test_the_evidence_is_a_hash_and_not_a_body() -> None:
    """An error keeps what identifies the answer, not the answer."""
    error = error_of(CONFIRM, plain(200, b'{"secret":"canary"}'))
    assert "canary" not in repr(error.evidence) + str(error)
    assert len(str(error.evidence["answer_sha256"])) == 64


def test_the_gateways_words_cannot_break_a_log_line() -> None:
    """An error_desc with line ends is shown escaped and cut short."""
    private = gateway_private_key()
    text = "x\r\nERROR forged line" + "y" * 500
    body = private.signed_body(failure("NOTELIGIBLE", text))
    error = error_of(CREATE, plain(400, body))
    assert "\n" not in str(error)
    assert len(str(error)) < 500
    assert isinstance(error, Rejected)
    assert error.description == text
