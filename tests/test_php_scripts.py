"""The scripts that ask PHP say what PHP says, its holes included."""

from __future__ import annotations

import http.client
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.php import (
    Answer,
    Php,
    PhpError,
    Settings,
    find_php,
    php_doubles,
    php_sign,
    php_verify,
)
from tests.support.php_server import PhpGateway
from tests.support.vectors import KEYS, iter_signatures


if TYPE_CHECKING:
    from collections.abc import Iterator


#: A message of the documented form, without a signature that fits.
_MESSAGE = b'{"amount":0.5,"sign_type":"RSA2","sign":"QUJD"}'


@pytest.fixture(scope="module", autouse=True)
def _need_php() -> None:
    """Skip without PHP, or fail where it is required."""
    if find_php() is not None:
        return
    if os.environ.get("KESSPAY_REQUIRE_PHP") == "1":
        pytest.fail("PHP 8.2 or later is not installed")
    pytest.skip("PHP 8.2 or later is not installed")


@pytest.fixture(scope="module")
def asked() -> Iterator[Php]:
    """One process for the whole module."""
    with Php(timeout=60) as php:
        yield php


def test_one_process_answers_documents_and_parameters_in_turn(asked: Php) -> None:
    """The answers come in the order of the questions, across calls."""
    first = asked.canonicalize([b'{"b":1,"a":"/"}', b"{", b"1", b"[1e999]"])
    second = asked.canonicalize_parameters([{"b": 0.5, "1": [None]}, {"a": math.nan}])
    third = asked.canonicalize([])

    assert [
        Answer(b'{"a":"\\/","b":1}'),
        Answer(None, "decode", 4, "Syntax error"),
        Answer(None, "type", 0, "integer"),
        Answer(None, "encode", 7, "Inf and NaN cannot be JSON encoded"),
    ] == first
    assert Answer(b'{"1":[null],"b":0.5}') == second[0]
    assert second[1].code == 7
    assert third == []


def test_settings_hold_for_one_question_only(asked: Php) -> None:
    """A later question is answered under its own settings."""
    text = '{"a":[0.1,"/\u00e9"]}'.encode()
    settings = Settings(17, unescaped_slashes=True, unescaped_unicode=True)

    (changed,) = asked.canonicalize([text], settings)
    (default,) = asked.canonicalize([text])

    assert '{"a":[0.10000000000000001,"/\u00e9"]}'.encode() == changed.canonical
    assert default.canonical == b'{"a":[0.1,"\\/\\u00e9"]}'


def test_lone_surrogates_reach_php_as_malformed_bytes(asked: Php) -> None:
    """Every lone surrogate of a Python string is refused by json_encode."""
    trees: list[dict[str, object]] = [{"a": "\udcff"}, {"a": "\ud800"}, {"\udfff": 1}]

    answers = asked.canonicalize_parameters(trees)

    assert [answer.code for answer in answers] == [5, 5, 5]


def test_trees_deeper_than_php_encodes_arrive(asked: Php) -> None:
    """512 containers are encoded and 513 are not; neither breaks the way."""
    tree: dict[str, object] = {}
    for _ in range(511):
        tree = {"a": tree}

    fits, deeper = asked.canonicalize_parameters([tree, {"a": tree}])

    assert fits.ok
    assert deeper.code == 1


def test_a_late_answer_ends_the_process() -> None:
    """A call that takes too long raises instead of hanging."""
    with Php(timeout=0.2) as php, pytest.raises(PhpError, match="no answer within"):
        php.canonicalize([b"[" + b"1," * 500_000 + b"1]"] * 60)


def test_too_little_memory_is_reported() -> None:
    """What PHP says when it dies is in the exception."""
    with Php(memory_limit="4M") as php, pytest.raises(PhpError, match="memory size"):
        php.canonicalize([b"[" + b"1," * 500_000 + b"1]"])


def test_doubles_are_given_as_bits() -> None:
    """The two precisions differ where PHP's do; infinities are refused."""
    answers = php_doubles([0x3FB999999999999A, 1 << 63, 0x7FF << 52])

    assert answers == [(b"0.1", b"0.10000000000000001"), (b"-0", b"-0"), (None, None)]


def test_what_php_signs_php_verifies_in_both_modes() -> None:
    """A signed message verifies; a changed one, or one by another key, not."""
    signed = php_sign(KEYS / "rsa-2048.pem", [b'{"amount":0.5}', {"amount": 0.5}])

    assert signed[0] == signed[1]
    assert signed[0] is not None
    body = signed[0].body
    for mode in ("strict", "documented"):
        bodies = [body, body.replace(b"0.5", b"5.0")]
        assert php_verify(KEYS / "rsa-2048.pub.pem", bodies, mode) == [True, False]
        assert php_verify(KEYS / "other-2048.pub.pem", [body], mode) == [False]


def test_strict_mode_closes_what_the_documented_one_leaves_open() -> None:
    """The three holes of the documented class exist, and only there."""
    empty = php_sign(KEYS / "rsa-2048.pem", [b"[]"])[0]
    assert empty is not None
    forged = _sign_of_nothing()
    cases = (
        # Any RSA signature of the empty text fits all that cannot be encoded.
        ("rsa-2048.pub.pem", b'{"amount":1e999,"sign":"%s"}' % forged),
        # openssl_verify gives -1 for a key that is not RSA; (bool) -1 is true.
        ("ec-p256.pub.pem", _MESSAGE),
        # base64_decode skips what is no base64.
        (
            "rsa-2048.pub.pem",
            b'{"sign":"!%s"}' % empty.sign.encode(),
        ),
    )
    for key, body in cases:
        assert php_verify(KEYS / key, [body], "documented") == [True], body
        assert php_verify(KEYS / key, [body], "strict") == [False], body


def _sign_of_nothing() -> bytes:
    """Return the stored signature of the empty text."""
    return next(
        case.sign.encode()
        for case in iter_signatures()
        if case.why == "the empty text" and case.key == "rsa-2048"
    )


def test_what_cannot_be_encoded_is_not_signed() -> None:
    """The scripts never sign the empty text in place of a failure."""
    answers = php_sign(KEYS / "rsa-2048.pem", [b'{"a":1e999}', b"1", {"a": "\udcff"}])

    assert answers == [None, None, None]


def test_messages_without_a_usable_sign_do_not_verify() -> None:
    """Missing, null and odd signatures are refused in strict mode."""
    bodies = [b"{}", b'{"sign":null}', b'{"sign":[]}', b"1", b"{", b'{"sign":""}']

    answers = php_verify(KEYS / "rsa-2048.pub.pem", bodies)

    assert answers == [False] * 6


# -------------------------------------------------------------- the gateway


@pytest.fixture(scope="module")
def gateway() -> Iterator[PhpGateway]:
    """One PHP server for the module."""
    with PhpGateway() as started:
        yield started


def ask(
    gateway: PhpGateway, path: str, body: bytes, method: str = "POST", **headers: str
) -> tuple[int, dict[str, Any]]:
    """Make one HTTP request, and return status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, f"/partnerapi/v1/{path}", body, named)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text) if text else {}


def log_in(gateway: PhpGateway) -> str:
    """Return the Authorization header of a new token."""
    given = gateway.credentials
    body = {name: given.pop(name) for name in ("user_name", "password")}
    status, answer = ask(gateway, "token", json.dumps(body).encode(), **given)
    assert (status, answer["expire_in"]) == (200, 3600)
    return f"Bearer {answer['access_token']}"


def call(gateway: PhpGateway, token: str, **params: object) -> dict[str, Any]:
    """Let PHP sign a request, send it, and let PHP verify the answer."""
    (body,) = php_sign(KEYS / "rsa-2048.pem", [json.dumps(params).encode()])
    assert body is not None
    status, answer = ask(gateway, "gateway", body.body, Authorization=token)
    text = json.dumps(answer).encode()
    assert php_verify(KEYS / "other-2048.pub.pem", [text], "documented") == [True]
    assert answer["sign_type"] == "RSA2"
    return {"status": status, **answer}


_CREATE = {
    "service": "create.unified.fundTransfer",
    "out_trade_no": "order-1",
    "receiver_id": "85512345678",
    "sender_name": "Chan Sophea",
    "amount": 0.5,
    "currency": "USD",
}


def test_the_gateway_without_any_other_code(gateway: PhpGateway) -> None:
    """A whole transfer, and every error code of the document, by PHP alone."""
    gateway.reset()
    token = log_in(gateway)
    created = [call(gateway, token, **_CREATE)["data"] for _ in range(2)]
    ids = [data["pre_transfer_id"] for data in created]
    confirms = [
        {
            "service": "confirm.fundTransfer",
            "partner_transaction_id": f"debit-{one}",
            "pre_transfer_id": one,
        }
        for one in (*ids, "pre-unknown")
    ]
    query = {"service": "query.fundTransfer", "out_trade_no": "order-1"}

    assert "fund_transfer_id" not in call(gateway, token, **query)["data"]
    assert call(gateway, token, **confirms[0])["data"]["result_code"] == "SUCCESS"
    assert call(gateway, token, **query)["data"]["result_code"] == "SUCCESS"
    gateway.configure(now=1_000_300)
    refusals = [
        (call(gateway, token, **{**_CREATE, "receiver_id": "8550"}), "NOTELIGIBLE"),
        (call(gateway, token, **{**_CREATE, "amount": 0.125}), "VALIDATIONERROR"),
        (call(gateway, token, **confirms[0]), "USED"),
        (call(gateway, token, **confirms[1]), "EXPIRED"),
        (call(gateway, token, **confirms[2]), "NOTEXIST"),
    ]
    assert [(one["status"], one["error_code"]) for one, _ in refusals] == [
        (400, code) for _, code in refusals
    ]
    gateway.configure(fail="before")
    busy = call(gateway, token, **query)
    assert (busy["status"], busy["error_code"]) == (500, "SYSTEMERROR")
    assert gateway.credits() == [("85512345678", 50)]
    assert gateway.complaints() == ""


def test_what_the_gateway_does_not_sign(gateway: PhpGateway) -> None:
    """Only UNAUTHENTICATED is an answer without a signature."""
    gateway.reset()
    refused = (
        401,
        {
            "success": False,
            "error_code": "UNAUTHENTICATED",
            "error_desc": "Unauthorized",
        },
    )
    assert ask(gateway, "token", b"{}") == refused
    assert ask(gateway, "gateway", b"{}") == refused
    assert ask(gateway, "gateway", b"{}", Authorization="Bearer x") == refused
    assert ask(gateway, "gateway", b"", "GET") == (405, {})
    assert ask(gateway, "other", b"") == (404, {})
    assert [seen.body for seen in gateway.seen()] == [None] * 5


def test_a_gateway_leaves_nothing_behind() -> None:
    """Process and folder are gone, also where the test failed."""
    started = PhpGateway()
    process, folder = started._process, Path(started._folder.name)
    assert folder.exists()
    with pytest.raises(ZeroDivisionError), started:
        raise ZeroDivisionError
    assert process.poll() is not None
    assert not folder.exists()


def test_a_gateway_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is taken each time is an error, not a hang."""
    with PhpGateway() as first:
        taken = first.port
        monkeypatch.setattr("tests.support.php_server._free_port", lambda: taken)
        with pytest.raises(PhpError, match="did not start"):
            PhpGateway()
