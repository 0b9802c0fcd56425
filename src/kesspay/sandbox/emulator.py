"""
What the emulated gateway answers: the API document, without sockets.

The document leaves open what a gateway does in several cases; where it does,
this one takes the choice that is hardest on a client: a new token ends the
old one, and two creates with one reference are two pre-transfers.

Source: API document, all sections.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from decimal import Decimal
from hmac import compare_digest
from secrets import token_urlsafe
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import unquote_plus

import orjson

from kesspay.errors import KesspayError
from kesspay.gateway.messages import (
    CONFIRM,
    CREATE,
    QUERY,
    Credentials,
    HttpResponse,
)
from kesspay.gateway.services import (
    PENDING,
    SYSTEM_ERROR,
    UNAUTHENTICATED,
    VALIDATIONERROR,
)
from kesspay.sandbox.ledger import Refusal
from kesspay.sandbox.teacher import Teacher


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kesspay.sandbox.ledger import Ledger, PreTransferRow
    from kesspay.signing.keys import PrivateKey, PublicKey


__all__ = [
    "BASE_PATH",
    "GATEWAY_PATH",
    "HTML",
    "JSON",
    "TOKEN_PATH",
    "Emulator",
    "Ending",
    "Reply",
    "as_json",
    "plain",
    "read_object",
]


# ------------------------------------------------------------ replies


#: "whole" is an answer, "dropped" none at all, "truncated" the half of one.
Ending = Literal["whole", "dropped", "truncated"]

JSON: Final = ("Content-Type", "application/json")
HTML: Final = ("Content-Type", "text/html; charset=utf-8")
_TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Reply:
    """
    One answer, and what happens to it on its way.

    Attributes:
        status: HTTP status.
        headers: name and value pairs, without Content-Length.
        body: the whole body, also where less of it is sent.
        delay: seconds before it is sent.
        ending: how much of it is sent before the connection closes.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    delay: float = 0.0
    ending: Ending = "whole"


def plain(status: int, text: str) -> Reply:
    """Return a reply of plain text."""
    return Reply(status, (_TEXT,), text.encode())


def as_json(status: int, value: object) -> Reply:
    """Return a reply of JSON; what JSON has not is written as a string."""
    return Reply(status, (JSON,), json.dumps(value, default=str).encode())


def read_object(body: bytes) -> dict[str, Any] | None:
    """Return the object of a body, with Decimals for fractions, or None."""
    try:
        value = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


# ------------------------------------------------------------ the gateway


_log = logging.getLogger("kesspay.sandbox")

BASE_PATH: Final = "/partnerapi/v1"
TOKEN_PATH: Final = f"{BASE_PATH}/token"
GATEWAY_PATH: Final = f"{BASE_PATH}/gateway"

_REFERENCE: Final = re.compile(r"[!-~]{1,64}")
_AMOUNT: Final = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")
_JSON: Final = (("Content-Type", "application/json"),)

#: Stands where a credential or a token was.
_HIDDEN: Final = "(secret)"
_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\(.)", re.DOTALL)


class Emulator:
    """
    A gateway for one partner. Any number of threads may use one.

    Args:
        credentials: what the partner logs in with.
        partner_key: verifies requests.
        private_key: signs answers.
        ledger: the books.
        clock: seconds, on which tokens expire.
        token_life: seconds a token lives.
        transfer_life: seconds a pre-transfer lives.

    Attributes:
        teacher: says why the signature of a request does not verify.
    """

    def __init__(
        self,
        *,
        credentials: Credentials,
        partner_key: PublicKey,
        private_key: PrivateKey,
        ledger: Ledger,
        clock: Callable[[], float],
        token_life: int,
        transfer_life: int,
    ) -> None:
        """Store the settings; no token is valid yet."""
        self._credentials = credentials
        self._partner_key = partner_key
        self._private_key = private_key
        self._ledger = ledger
        self._clock = clock
        self._token_life = token_life
        self._transfer_life = transfer_life
        self._lock = Lock()
        self._token: tuple[str, float] | None = None
        self.teacher = Teacher(
            partner_key,
            private_key.public_key,
            self.redacted,
            credentials.partner_secret_key.encode("utf-8", "surrogateescape"),
        )

    def respond(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        credit_delay: float = 0.0,
    ) -> HttpResponse:
        """
        Answer one request.

        Args:
            method: HTTP method.
            path: path of the URL.
            headers: names in lower case.
            body: the whole body.
            credit_delay: seconds after which a confirm credits; until then
                the transfer is PENDING.
        """
        if path not in {TOKEN_PATH, GATEWAY_PATH}:
            return _plain(404, f"Not Found; there are {TOKEN_PATH} and {GATEWAY_PATH}")
        if method != "POST":
            return _plain(405, "Method Not Allowed; send POST")
        if path == TOKEN_PATH:
            return self._log_in(headers, body)
        why_not = self._why_not_logged_in(headers.get("authorization"))
        if why_not:
            return _unauthenticated(why_not)
        try:
            return self._signed(200, self._serve(headers, body, credit_delay))
        except Refusal as refusal:
            return self._refused(refusal)
        except Exception:  # noqa: BLE001 - a gateway answers, whatever happens
            _log.exception("the sandbox failed")
            return self._refused(Refusal(500, SYSTEM_ERROR, "Server error or busy."))

    def revoke_token(self) -> None:
        """End the token that is out."""
        with self._lock:
            self._token = None

    def redacted(self, text: str) -> str:
        """Return a text without the credentials and the token that is out."""
        with self._lock:
            held = self._token
        secrets = [self._credentials.partner_secret_key, self._credentials.password]
        secrets += [held[0]] if held else []
        for secret in secrets:
            text = text.replace(secret, _HIDDEN)
        if any(one in read for read in _readings(text) for one in secrets):
            return _HIDDEN
        return text

    def _log_in(self, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        wanted = self._credentials
        fields = _object(body)
        values = (
            ("the header partner-id", headers.get("partner-id"), wanted.partner_id),
            (
                "the header partner-secret-key",
                headers.get("partner-secret-key"),
                wanted.partner_secret_key,
            ),
            ("user_name in the JSON body", fields.get("user_name"), wanted.user_name),
            ("password in the JSON body", fields.get("password"), wanted.password),
        )
        wrong = [
            f"{name} is {'missing' if given is None else 'another one'}"
            for name, given, right in values
            if not _is_equal(given, right)
        ]
        if wrong:
            return _unauthenticated(", ".join(wrong))
        token = token_urlsafe(48)
        with self._lock:
            self._token = (token, self._clock() + self._token_life)
        answer = {"access_token": token, "expire_in": self._token_life}
        return HttpResponse(200, _JSON, json.dumps(answer).encode())

    def _why_not_logged_in(self, given: str | None) -> str:
        """Return why the header Authorization does not do, or ""."""
        with self._lock:
            held = self._token
        if given is None:
            return "the header Authorization is missing"
        if not given.startswith("Bearer "):
            return "the header Authorization does not begin with Bearer"
        if held is None:
            return "no token is valid; log in"
        if self._clock() >= held[1]:
            return "the token has expired; log in"
        if not _is_equal(given, f"Bearer {held[0]}"):
            return "another token is valid; a log-in ends the one before"
        return ""

    def _serve(
        self, headers: Mapping[str, str], body: bytes, credit_delay: float
    ) -> dict[str, object]:
        try:
            canonical = self._partner_key.verify_document(body)
        except KesspayError as error:
            lesson = self.teacher.lesson(body, headers.get("user-agent", ""))
            more = f" | {lesson}" if lesson else ""
            raise _invalid(f"signature: {error}{more}") from None
        params = json.loads(canonical, parse_float=Decimal)
        service = params.get("service") if isinstance(params, dict) else None
        if service == CREATE:
            data = self._create(params)
        elif service == CONFIRM:
            data = self._confirm(params, credit_delay)
        elif service == QUERY:
            data = self._query(params)
        else:
            raise _invalid("service")
        return {"success": True, "code": 200, "message": "Success", "data": data}

    def _create(self, params: dict[str, Any]) -> dict[str, object]:
        if params.get("currency") != "USD":
            raise _invalid("currency")
        row = self._ledger.create(
            out_trade_no=_reference(params, "out_trade_no"),
            receiver_id=_text(params, "receiver_id", 25),
            sender_name=_text(params, "sender_name", 96),
            amount=_amount(params),
            life=self._transfer_life,
        )
        return {**_echo(row), "expire_in": self._transfer_life}

    def _confirm(self, params: dict[str, Any], delay: float) -> dict[str, object]:
        row = self._ledger.confirm(
            _reference(params, "pre_transfer_id"),
            _reference(params, "partner_transaction_id"),
            delay=delay,
        )
        return {**_echo(row), **_result(row)}

    def _query(self, params: dict[str, Any]) -> dict[str, object]:
        row = self._ledger.find(_reference(params, "out_trade_no"))
        data = {**_echo(row), **_result(row)}
        del data["pre_transfer_id"]
        return data

    def _refused(self, refusal: Refusal) -> HttpResponse:
        answer: dict[str, object] = {
            "success": False,
            "error_code": refusal.code,
            "error_desc": str(refusal),
        }
        return self._signed(refusal.status, answer)

    def _signed(self, status: int, answer: dict[str, object]) -> HttpResponse:
        return HttpResponse(status, _JSON, self._private_key.signed_body(answer))


def _echo(row: PreTransferRow) -> dict[str, object]:
    return {
        "out_trade_no": row.out_trade_no,
        "receiver_id": row.receiver_id,
        "amount": row.amount,
        "currency": "USD",
        "pre_transfer_id": row.pre_transfer_id,
        "receiver_name": row.receiver_name,
    }


def _result(row: PreTransferRow) -> dict[str, object]:
    if row.fund_transfer_id is None:
        return {"result_code": PENDING}
    return {"result_code": "SUCCESS", "fund_transfer_id": row.fund_transfer_id}


def _reference(params: dict[str, Any], field: str) -> str:
    value = params.get(field)
    if not (isinstance(value, str) and _REFERENCE.fullmatch(value)):
        raise _invalid(field)
    return value


def _text(params: dict[str, Any], field: str, limit: int) -> str:
    value = params.get(field)
    # PHP frameworks trim; a value that changes is refused here.
    if not (isinstance(value, str) and 1 <= len(value.strip()) == len(value) <= limit):
        raise _invalid(field)
    return value


def _amount(params: dict[str, Any]) -> Decimal:
    value = params.get("amount")
    text = str(value) if type(value) in {int, str, Decimal} else ""
    if not _AMOUNT.fullmatch(text) or not Decimal(text):
        raise _invalid("amount")
    return Decimal(text)


def _invalid(what: str) -> Refusal:
    return Refusal(400, VALIDATIONERROR, f"Parameters validation incorrect: {what}.")


def _readings(text: str) -> Iterator[str]:
    """Yield what a text says to readers of JSON, of a form, and of both."""
    unescaped = _ESCAPED.sub(
        lambda one: chr(int(one[1], 16)) if one[1] else one[2], text
    )
    # Two escapes may stand for the halves of one character.
    halves = unescaped.encode("utf-16", "surrogatepass")
    for read in (text, halves.decode("utf-16", "replace")):
        yield read
        yield unquote_plus(read)


def _is_equal(given: object, right: str) -> bool:
    text = given if isinstance(given, str) else ""
    return compare_digest(text.encode("utf-8", "replace"), right.encode())


def _object(body: bytes) -> dict[str, Any]:
    try:
        # Strict about UTF-8 and NaN, as PHP's json_decode is.
        value = orjson.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _unauthenticated(why: str) -> HttpResponse:
    """Refuse; a gateway says "Unauthorized", and a sandbox also why."""
    answer = {
        "success": False,
        "error_code": UNAUTHENTICATED,
        "error_desc": f"Unauthorized: {why}",
    }
    return HttpResponse(401, _JSON, json.dumps(answer).encode())


def _plain(status: int, text: str) -> HttpResponse:
    return HttpResponse(status, (("Content-Type", "text/plain"),), text.encode())
