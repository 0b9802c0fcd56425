"""The emulated gateway answers as the API document says."""

# ruff: noqa: ANN401 - what tests are given is of any type

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import InvalidSignature
from kesspay.sandbox import Sandbox
from kesspay.sandbox.emulator import BASE_PATH
from kesspay.signing.keys import PrivateKey
from tests.support.php import Php, php_verify


if TYPE_CHECKING:
    from kesspay.gateway.messages import HttpResponse


KEYS = Path(__file__).resolve().parents[1] / "vectors" / "keys"
RECEIVER = "85512345678"
CREATE = {
    "service": "create.unified.fundTransfer",
    "out_trade_no": "order-1",
    "receiver_id": RECEIVER,
    "sender_name": "Chan Sophea",
    "amount": Decimal("0.50"),
    "currency": "USD",
}


def load(name: str) -> PrivateKey:
    """Load a test key."""
    return PrivateKey.from_pem((KEYS / name).read_bytes())


class Partner:
    """A client that signs by hand, and hides nothing."""

    def __init__(self) -> None:
        """Begin logged out."""
        self.key = load("rsa-2048.pem")
        self.sandbox = Sandbox(
            private_key=self.key, gateway_private_key=load("other-2048.pem")
        )
        self.token = ""

    def log_in(self, **changes: str) -> HttpResponse:
        """Log in with the right credentials, or with others."""
        right = self.sandbox.settings["credentials"]
        given = {
            "partner_id": right.partner_id,
            "partner_secret_key": right.partner_secret_key,
            "user_name": right.user_name,
            "password": right.password,
            **changes,
        }
        body = {key: given[key] for key in ("user_name", "password")}
        headers = {
            "partner-id": given["partner_id"],
            "partner-secret-key": given["partner_secret_key"],
        }
        path = f"{BASE_PATH}/token"
        answer = self.sandbox.emulator.respond(
            "POST", path, headers, json.dumps(body).encode()
        )
        if answer.status == 200:
            self.token = json.loads(answer.body)["access_token"]
        return answer

    def send(self, body: bytes, *, path: str = "gateway") -> HttpResponse:
        """Send bytes as they are."""
        headers = {"authorization": f"Bearer {self.token}"}
        path = f"{BASE_PATH}/{path}"
        return self.sandbox.emulator.respond("POST", path, headers, body)

    def call(self, **params: Any) -> dict[str, Any]:
        """Sign and send parameters; verify the answer and return it whole."""
        return self.read(self.send(self.key.signed_body(params)))

    def read(self, response: HttpResponse) -> dict[str, Any]:
        """Verify an answer, and return it with its status."""
        key = self.sandbox.settings["gateway_key"]
        answer: dict[str, Any] = json.loads(key.verify_document(response.body))
        return {"status": response.status, **answer}


@pytest.fixture
def partner() -> Partner:
    """Return a partner that is logged in."""
    made = Partner()
    assert made.log_in().status == 200
    return made


def test_a_transfer_by_the_document(partner: Partner) -> None:
    """Each service answers with every field of its table."""
    created = partner.call(**CREATE)
    data = created["data"]
    echo = {
        "out_trade_no": "order-1",
        "receiver_id": RECEIVER,
        "amount": 0.5,
        "currency": "USD",
        "receiver_name": "Sok Dara",
    }
    identity = {"pre_transfer_id": data["pre_transfer_id"]}
    assert data == {**echo, **identity, "expire_in": 300}
    assert (created["status"], created["success"], created["code"]) == (200, True, 200)

    confirmed = partner.call(
        service="confirm.fundTransfer", partner_transaction_id="d-1", **identity
    )
    data = confirmed["data"]
    paid = {"result_code": "SUCCESS", "fund_transfer_id": data["fund_transfer_id"]}
    assert data == {**echo, **identity, **paid}

    queried = partner.call(service="query.fundTransfer", out_trade_no="order-1")
    assert queried["data"] == {**echo, **paid}
    assert partner.sandbox.ledger.balance(RECEIVER) == Decimal("0.50")


def test_a_query_before_the_confirm(partner: Partner) -> None:
    """A pre-transfer that lives is PENDING, and has no fund_transfer_id."""
    partner.call(**CREATE)
    data = partner.call(service="query.fundTransfer", out_trade_no="order-1")["data"]
    assert data["result_code"] == "PENDING"
    assert "fund_transfer_id" not in data


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({**CREATE, "receiver_id": "85500000000"}, "NOTELIGIBLE"),
        ({**CREATE, "receiver_id": ""}, "VALIDATIONERROR"),
        ({**CREATE, "receiver_id": "8" * 26}, "VALIDATIONERROR"),
        ({**CREATE, "receiver_id": 855}, "VALIDATIONERROR"),
        ({**CREATE, "out_trade_no": ""}, "VALIDATIONERROR"),
        ({**CREATE, "out_trade_no": "x" * 65}, "VALIDATIONERROR"),
        ({**CREATE, "out_trade_no": None}, "VALIDATIONERROR"),
        ({**CREATE, "sender_name": " padded "}, "VALIDATIONERROR"),
        ({**CREATE, "sender_name": "x" * 97}, "VALIDATIONERROR"),
        ({**CREATE, "amount": 0}, "VALIDATIONERROR"),
        ({**CREATE, "amount": -1}, "VALIDATIONERROR"),
        ({**CREATE, "amount": Decimal("0.001")}, "VALIDATIONERROR"),
        ({**CREATE, "amount": "1e2"}, "VALIDATIONERROR"),
        ({**CREATE, "amount": True}, "VALIDATIONERROR"),
        ({**CREATE, "amount": [1]}, "VALIDATIONERROR"),
        ({**CREATE, "currency": "KHR"}, "VALIDATIONERROR"),
        ({**CREATE, "service": "no.such.service"}, "VALIDATIONERROR"),
        ({**CREATE, "service": None}, "VALIDATIONERROR"),
        ({**CREATE, "service": ["a"]}, "VALIDATIONERROR"),
        ({}, "VALIDATIONERROR"),
        (
            {
                "service": "confirm.fundTransfer",
                "pre_transfer_id": "PT-9",
                "partner_transaction_id": "d",
            },
            "NOTEXIST",
        ),
        (
            {"service": "confirm.fundTransfer", "pre_transfer_id": "PT-9"},
            "VALIDATIONERROR",
        ),
        ({"service": "query.fundTransfer", "out_trade_no": "order-9"}, "NOTEXIST"),
        ({"service": "query.fundTransfer"}, "VALIDATIONERROR"),
    ],
)
def test_refusals(partner: Partner, params: dict[str, Any], code: str) -> None:
    """A refusal is signed, has HTTP 400 and the code of the document."""
    answer = partner.call(**params)
    assert (answer["status"], answer["error_code"]) == (400, code)
    assert answer["success"] is False
    assert answer["error_desc"]
    assert partner.sandbox.ledger.credits() == ()


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("0.50", 50), (1, 100), ("19.9", 1990), (Decimal("7.25"), 725)],
)
def test_amounts_that_are_taken(partner: Partner, amount: Any, cents: int) -> None:
    """Numbers and strings of at most two places are amounts."""
    answer = partner.call(**{**CREATE, "amount": amount})
    assert round(answer["data"]["amount"] * 100) == cents


def test_used_and_expired(partner: Partner) -> None:
    """A confirm works once, and only while the pre-transfer lives."""
    ids = [
        partner.call(**{**CREATE, "out_trade_no": f"order-{n}"})["data"] for n in (1, 2)
    ]

    def confirm(number: int) -> Any:
        answer = partner.call(
            service="confirm.fundTransfer",
            partner_transaction_id=f"d-{number}",
            pre_transfer_id=ids[number - 1]["pre_transfer_id"],
        )
        return answer.get("error_code", answer.get("data", {}).get("result_code"))

    assert confirm(1) == "SUCCESS"
    assert confirm(1) == "USED"
    partner.sandbox.advance(300)
    assert confirm(2) == "EXPIRED"
    query = partner.call(service="query.fundTransfer", out_trade_no="order-2")
    assert query["error_code"] == "EXPIRED"
    assert len(partner.sandbox.ledger.credits()) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"<xml>",
        b'{"service":"query.fundTransfer","out_trade_no":"order-1"}',
        b'{"service":"query.fundTransfer","sign":"AAAA"}',
        b'{"a":1,"a":2,"sign":"AAAA"}',
    ],
)
def test_requests_that_are_not_signed(partner: Partner, body: bytes) -> None:
    """A request that does not verify does nothing, and the answer says why."""
    answer = partner.read(partner.send(body))
    assert (answer["status"], answer["error_code"]) == (400, "VALIDATIONERROR")
    assert "signature" in answer["error_desc"]


def test_requests_that_another_key_signed(partner: Partner) -> None:
    """Another key, or a change after signing, is noticed."""
    body = load("rsa-3072.pem").signed_body(CREATE)
    assert partner.read(partner.send(body))["error_code"] == "VALIDATIONERROR"
    own = partner.key.signed_body(CREATE).replace(b"0.5", b"9.5")
    assert partner.read(partner.send(own))["error_code"] == "VALIDATIONERROR"


def test_answers_are_signed_with_a_key_of_its_own(partner: Partner) -> None:
    """The partner's key verifies no answer."""
    response = partner.send(b"{}")
    with pytest.raises(InvalidSignature):
        partner.key.public_key.verify_document(response.body)


@pytest.mark.parametrize(
    "changes",
    [
        {"partner_id": "other"},
        {"partner_secret_key": "other"},
        {"user_name": "other"},
        {"password": "other"},
        {"password": "pässword"},
        {"partner_id": ""},
        {"partner_id": "other", "password": "other"},
    ],
)
def test_wrong_credentials(partner: Partner, changes: dict[str, str]) -> None:
    """A wrong credential is an unsigned 401 UNAUTHENTICATED, which names it."""
    answer = partner.log_in(**changes)
    assert answer.status == 401
    where = {
        "partner_id": "the header partner-id",
        "partner_secret_key": "the header partner-secret-key",
        "user_name": "user_name in the JSON body",
        "password": "password in the JSON body",
    }
    why = ", ".join(f"{where[name]} is another one" for name in changes)
    assert json.loads(answer.body) == {
        "success": False,
        "error_code": "UNAUTHENTICATED",
        "error_desc": f"Unauthorized: {why}",
    }


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b"\xff"])
def test_log_ins_that_are_none(partner: Partner, body: bytes) -> None:
    """A log-in that cannot be read is refused like a wrong one."""
    answer = partner.send(body, path="token")
    assert answer.status == 401
    assert "password in the JSON body is missing" in answer.body.decode()


def test_a_refused_token_says_why(partner: Partner) -> None:
    """The sandbox names the mistake, which a gateway does not."""
    emulator = partner.sandbox.emulator

    def why(headers: dict[str, str]) -> str:
        answer = emulator.respond("POST", f"{BASE_PATH}/gateway", headers, b"{}")
        assert answer.status == 401
        return str(json.loads(answer.body)["error_desc"])

    right = {"authorization": f"Bearer {partner.token}"}
    assert why({}).endswith("Authorization is missing")
    assert why({"authorization": partner.token}).endswith("begin with Bearer")
    assert why({"authorization": "Bearer x"}).startswith("Unauthorized: another token")
    partner.sandbox.advance(3600)
    assert why(right).endswith("the token has expired; log in")
    emulator.revoke_token()
    assert why(right).endswith("no token is valid; log in")


def test_a_new_token_ends_the_old_one(partner: Partner) -> None:
    """Only the last token counts, for its life, and until it is revoked."""
    old = partner.token
    partner.log_in()
    new, partner.token = partner.token, old
    assert partner.send(b"{}").status == 401
    partner.token = new
    assert partner.send(b"{}").status == 400
    partner.sandbox.advance(3599)
    assert partner.send(b"{}").status == 400
    partner.sandbox.advance(1)
    assert partner.send(b"{}").status == 401
    partner.log_in()
    assert partner.send(b"{}").status == 400
    partner.sandbox.emulator.revoke_token()
    assert partner.send(b"{}").status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{BASE_PATH}/token", 405),
        ("PUT", f"{BASE_PATH}/gateway", 405),
        ("POST", "/", 404),
        ("POST", f"{BASE_PATH}/gateway/", 404),
        ("POST", f"{BASE_PATH}/other", 404),
    ],
)
def test_other_paths(partner: Partner, method: str, path: str, status: int) -> None:
    """There are two paths, and each takes POST."""
    response = partner.sandbox.emulator.respond(method, path, {}, b"")
    assert response.status == status


def test_a_defect_is_a_signed_system_error(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong inside is a signed 500 SYSTEMERROR, and logged."""
    monkeypatch.setattr(partner.sandbox.ledger, "find", lambda _: 1 / 0)
    answer = partner.call(service="query.fundTransfer", out_trade_no="order-1")
    assert (answer["status"], answer["error_code"]) == (500, "SYSTEMERROR")
    assert "ZeroDivisionError" in caplog.text


def test_php_verifies_the_answers(php: Php, partner: Partner) -> None:
    """Answers verify in the class of the API document."""
    bodies = [
        partner.send(partner.key.signed_body(CREATE)).body,
        partner.send(b"{}").body,
    ]
    pem = KEYS / "other-2048.pub.pem"
    assert php_verify(pem, bodies) == [True, True]
    assert php_verify(pem, bodies, "documented") == [True, True]
