"""
The wire protocol without I/O: build requests, parse responses.

Every function is pure: it takes values and returns values, so any HTTP library
can send the requests::

    token    = parse_token(send(build_token(endpoint, credentials)))
    body     = build_body(request, private_key)
    response = send(build_call(endpoint, token, body))
    created  = parse_create(request, response, gateway_key)

``kesspay.gateway.answers`` decides what an answer means. The functions here
compare it with the request, since the protocol has no nonce: a genuine answer to
another transfer has a genuine signature. So an answer counts only where it
repeats the request, field by field and exactly; a field that is missing is a
field that differs.

Source: API document, "GET ACCESS TOKEN", "API GATEWAY SPECIFICATION" and the
tables of each service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import orjson

from kesspay._checks import named
from kesspay._version import __version__
from kesspay.errors import FieldError, InputError
from kesspay.gateway.answers import Answer, read_answer, unknown
from kesspay.gateway.log_in import read_log_in
from kesspay.gateway.messages import (
    CONFIRM,
    CREATE,
    QUERY,
    AmountFormat,
    ConfirmFundTransfer,
    CreateFundTransfer,
    Credentials,
    FundTransfer,
    HttpRequest,
    HttpResponse,
    PreTransfer,
    Queried,
    QueryFundTransfer,
    Token,
    VerifiedAnswer,
    check_granted,
    check_service,
    is_server_id,
    whole_seconds,
)
from kesspay.gateway.services import SUCCESS
from kesspay.gateway.wording import quote_code
from kesspay.http.message import setters
from kesspay.signing.documents import signed_body
from kesspay.signing.profile import PHP_8, Profile


if TYPE_CHECKING:
    from kesspay.gateway.endpoint import Endpoint
    from kesspay.signing.documents import Signer, Verifier
    from kesspay.signing.keyring import KeyRing


__all__ = [
    "build_body",
    "build_call",
    "build_service_body",
    "build_token",
    "parse_call",
    "parse_confirm",
    "parse_create",
    "parse_query",
    "parse_token",
]

_FIXED_HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json"),
    # What is verified are the bytes on the wire: no coding on top of them.
    ("Accept-Encoding", "identity"),
    ("User-Agent", f"kesspay/{__version__}"),
)

_OF_A_REQUEST: Final = setters(HttpRequest)
_AS_ASKED, _AS_GRANTED = setters(PreTransfer)[:4], setters(PreTransfer)[4:]
_ECHOED: Final = ("out_trade_no", "receiver_id", "amount", "currency")
_AMOUNT_TEXT: Final = re.compile(r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,16})?")


def build_token(endpoint: Endpoint, credentials: Credentials) -> HttpRequest:
    """
    Return the log-in request, which carries the credentials.

    Args:
        endpoint: where the gateway is.
        credentials: what KESS gave the partner to log in with.

    Source: API document, "GET ACCESS TOKEN".
    """
    fields = {"user_name": credentials.user_name, "password": credentials.password}
    headers = (
        *_FIXED_HEADERS,
        ("partner-id", credentials.partner_id),
        ("partner-secret-key", credentials.partner_secret_key),
    )
    body = orjson.dumps(fields)
    return HttpRequest("POST", endpoint.token_url, headers, body, fresh=False)


def parse_token(response: HttpResponse) -> Token:
    """
    Return the token of a log-in, bare or wrapped in ``data``.

    The answer is unsigned by design.

    Args:
        response: the whole response to ``build_token``.

    Raises:
        AuthenticationFailed: the credentials were refused.
        NotSent: there is no token; the request that waited for it was not sent.

    Source: API document, "GET ACCESS TOKEN".
    """
    return read_log_in(response)


def build_body(
    request: CreateFundTransfer | ConfirmFundTransfer | QueryFundTransfer,
    signer: Signer,
    *,
    profile: Profile = PHP_8,
    amount_format: AmountFormat = "number",
) -> bytes:
    """
    Return the signed body of a request.

    Args:
        request: what is asked of the gateway.
        signer: the partner's private key.
        profile: the PHP settings of the gateway.
        amount_format: "number" writes 0.5, "string" writes "0.50".

    Raises:
        CanonicalizationError: the parameters have no safe canonical form.
        InputError: another argument of the wrong type.
        BackendError: libcrypto failed; nothing was signed.

    Source: API document, "CREATE UNIFIED FUND TRANSFER", "CONFIRM FUND
    TRANSFER", "QUERY FUND TRANSFER", sample parameters.
    """
    params = {"service": request.SERVICE, **request.params(amount_format)}
    return signed_body(signer, params, profile=profile)


def build_service_body(
    service: str,
    params: Mapping[str, object],
    signer: Signer,
    *,
    profile: Profile = PHP_8,
) -> bytes:
    """
    Return the signed body of any service.

    Args:
        service: name of the service.
        params: its parameters, without ``service`` and the signature.
        signer: the partner's private key.
        profile: the PHP settings of the gateway.

    Raises:
        FieldError: the service name breaks a rule, or params hold ``service``.
        InputError: params is no mapping.
        CanonicalizationError: the parameters have no safe canonical form.
        BackendError: libcrypto failed; nothing was signed.

    Source: API document, "API GATEWAY SPECIFICATION".
    """
    check_service("service", service)
    if not isinstance(params, Mapping):
        message = f"params must be a mapping, not {named(type(params))}"
        raise InputError(message)
    if "service" in params:
        rule = "is given twice"
        raise FieldError(field="service", rule=rule, value=params["service"])
    return signed_body(signer, {"service": service, **params}, profile=profile)


def build_call(
    endpoint: Endpoint, token: Token, body: bytes, *, fresh: bool = True
) -> HttpRequest:
    """
    Return the request that carries a signed body.

    The body is sent as it was signed; a new token needs no new signature.

    Args:
        endpoint: where the gateway is.
        token: goes into the Authorization header.
        body: what ``build_body`` or ``build_service_body`` made.
        fresh: False where the service moves no money, and the request may
            go over a connection that was used before.

    Raises:
        InputError: the body is not bytes, or ``fresh`` neither True nor False.

    Source: API document, "API GATEWAY SPECIFICATION".
    """
    authorization = ("Authorization", f"Bearer {token.access_token}")
    url, headers = endpoint.gateway_url, (*_FIXED_HEADERS, authorization)
    if type(body) is not bytes or type(fresh) is not bool:
        # Its own checks refuse it; all else is right already.
        return HttpRequest("POST", url, headers, body, fresh=fresh)
    made = object.__new__(HttpRequest)
    put_method, put_url, put_headers, put_body, put_fresh = _OF_A_REQUEST
    put_method(made, "POST")
    put_url(made, url)
    put_headers(made, headers)
    put_body(made, body)
    put_fresh(made, fresh)
    return made


def parse_create(
    request: CreateFundTransfer,
    response: HttpResponse,
    verifier: Verifier | KeyRing,
    *,
    profile: Profile = PHP_8,
) -> PreTransfer:
    """
    Return the pre-transfer that an answer grants.

    Args:
        request: what was sent.
        response: the whole response.
        verifier: the gateway's public key or keys.
        profile: the PHP settings of the gateway.

    Raises:
        TokenRejected: HTTP 401: log in again and send the same body once more.
        Rejected: a signed refusal.
        OutcomeUnknown: everything else, also where a field differs from the
            request; caused by an InvalidSignature where the answer did not
            verify.

    Source: API document, "CREATE UNIFIED FUND TRANSFER".
    """
    answer = read_answer(CREATE, response, verifier, profile=profile, first_send=True)
    return _granted(request, answer)


def parse_confirm(
    request: ConfirmFundTransfer,
    response: HttpResponse,
    verifier: Verifier | KeyRing,
    *,
    profile: Profile = PHP_8,
    first_send: bool = True,
) -> FundTransfer:
    """
    Return the transfer that an answer says was carried out.

    Args:
        request: what was sent.
        response: the whole response.
        verifier: the gateway's public key or keys.
        profile: the PHP settings of the gateway.
        first_send: False where a confirm of the same pre-transfer may have
            been sent before, also by an earlier process: no refusal is final
            then.

    Raises:
        TokenRejected: HTTP 401: log in again and send the same body once more,
            with ``first_send=False``.
        Rejected: EXPIRED, NOTEXIST or VALIDATIONERROR, signed, on the first
            send.
        OutcomeUnknown: everything else, also where ``result_code`` is not
            SUCCESS or a field differs from the request; caused by an
            InvalidSignature where the answer did not verify.

    Source: API document, "CONFIRM FUND TRANSFER".
    """
    answer = read_answer(
        CONFIRM, response, verifier, profile=profile, first_send=first_send
    )
    return _carried_out(CONFIRM, request.transfer, answer)


def parse_query(
    request: QueryFundTransfer,
    response: HttpResponse,
    verifier: Verifier | KeyRing,
    *,
    profile: Profile = PHP_8,
) -> FundTransfer:
    """
    Return the transfer that an answer says was carried out.

    Args:
        request: what was sent.
        response: the whole response.
        verifier: the gateway's public key or keys.
        profile: the PHP settings of the gateway.

    Raises:
        TokenRejected: HTTP 401: log in again and send the same body once more.
        OutcomeUnknown: everything else. A query is never Rejected: its error
            codes are evidence about the transfer, and no verdict.

    Source: API document, "QUERY FUND TRANSFER".
    """
    answer = read_answer(QUERY, response, verifier, profile=profile, first_send=True)
    return _carried_out(QUERY, request.transfer, answer)


def parse_call(
    service: str,
    response: HttpResponse,
    verifier: Verifier | KeyRing,
    *,
    profile: Profile = PHP_8,
    first_send: bool = True,
) -> VerifiedAnswer:
    """
    Return the verified data of any service. The caller compares the fields.

    Args:
        service: name of the service that was called.
        response: the whole response.
        verifier: the gateway's public key or keys.
        profile: the PHP settings of the gateway.
        first_send: False where the same request may have been sent before: no
            refusal is final then.

    Raises:
        TokenRejected: HTTP 401: log in again and send the same body once more,
            with ``first_send=False``.
        Rejected: a signed refusal that is final.
        OutcomeUnknown: everything else; caused by an InvalidSignature where
            the answer did not verify.

    Source: API document, "API GATEWAY SPECIFICATION".
    """
    answer = read_answer(
        service, response, verifier, profile=profile, first_send=first_send
    )
    return VerifiedAnswer(answer.data, answer.canonical)


def _granted(request: CreateFundTransfer, answer: Answer) -> PreTransfer:
    """
    Return the pre-transfer that an answer to create grants.

    Raises:
        OutcomeUnknown: a field differs from the request or cannot be used.
    """
    _require_echo(CREATE, request, answer)
    data = answer.data
    made = object.__new__(PreTransfer)
    # The fields of the request were checked when it was made.
    put_own_id, put_receiver, put_amount, put_currency = _AS_ASKED
    put_own_id(made, request.out_trade_no)
    put_receiver(made, request.receiver_id)
    put_amount(made, request.amount)
    put_currency(made, request.currency)
    put_server_id, put_receiver_name, put_lifetime, put_canonical = _AS_GRANTED
    put_server_id(made, data.get("pre_transfer_id"))
    put_receiver_name(made, data.get("receiver_name"))
    put_lifetime(made, whole_seconds(data.get("expire_in")))
    put_canonical(made, answer.canonical)
    try:
        check_granted(made)
    except FieldError as error:
        refused = error
    else:
        return made
    evidence = {**answer.evidence(), "field": refused.field}
    message = f"The signed answer to {CREATE} cannot be used: {refused}"
    message += f" ({answer.stated()})."
    raise unknown(CREATE, message, evidence)


def _carried_out(service: str, transfer: Queried, answer: Answer) -> FundTransfer:
    """
    Return the transfer that an answer to confirm or query says was paid.

    Raises:
        OutcomeUnknown: ``result_code`` is not SUCCESS, a field differs from
            the transfer, or there is no ``fund_transfer_id``.
    """
    data = answer.data
    result_code = data.get("result_code")
    if result_code != SUCCESS:
        code = result_code if isinstance(result_code, str) else ""
        evidence = {**answer.evidence(), "result_code": code}
        said = f"{quote_code(answer.response, result_code)} ({answer.stated()})"
        message = f"{service} was answered with result_code {said}."
        raise unknown(service, message, evidence, code=code)
    _require_echo(service, transfer, answer)
    fund_transfer_id = data.get("fund_transfer_id")
    receiver_name = data.get("receiver_name", "")
    if not (is_server_id(fund_transfer_id) and isinstance(receiver_name, str)):
        message = f"The signed answer to {service} has no usable fund_transfer_id"
        message += f" ({answer.stated()})."
        raise unknown(service, message, answer.evidence())
    return FundTransfer(
        result_code=SUCCESS,
        fund_transfer_id=str(fund_transfer_id),
        out_trade_no=transfer.out_trade_no,
        receiver_id=transfer.receiver_id,
        amount=transfer.amount,
        currency=transfer.currency,
        pre_transfer_id=_pre_transfer_id(transfer, data),
        receiver_name=receiver_name,
        canonical=answer.canonical,
    )


def _require_echo(service: str, transfer: Queried, answer: Answer) -> None:
    """Raise unless the answer repeats the transfer. Missing is different."""
    data = answer.data
    wrong: list[str] = []
    if not _is_repeated(transfer, data):
        wrong = [
            name
            for name in _ECHOED
            if not _is_same(getattr(transfer, name), data.get(name))
        ]
    if isinstance(transfer, PreTransfer) and (
        service == CONFIRM or "pre_transfer_id" in data
    ):
        same = _is_same(transfer.pre_transfer_id, data.get("pre_transfer_id"))
        wrong += [] if same else ["pre_transfer_id"]
    if wrong:
        names = ", ".join(wrong)
        evidence = {**answer.evidence(), "differs": names}
        message = f"The signed answer to {service} is for another transfer: {names}"
        message += f" ({answer.stated()})."
        raise unknown(service, message, evidence)


def _is_repeated(transfer: Queried, data: dict[str, object]) -> bool:
    """Return whether the answer surely repeats the transfer, as most answers do."""
    get = data.get
    amount, own_id, receiver = get("amount"), get("out_trade_no"), get("receiver_id")
    currency, asked = get("currency"), transfer.amount
    # Of these types, also where a request of the caller's own was never checked.
    return (
        type(amount) is type(asked) is Decimal
        and type(own_id) is type(receiver) is type(currency) is str
        and amount == asked
        and own_id == transfer.out_trade_no
        and receiver == transfer.receiver_id
        and currency == transfer.currency
    )


def _is_same(asked: object, answered: object) -> bool:
    if isinstance(asked, Decimal):
        return _amount(answered) == asked
    return type(answered) is str and answered == asked


def _amount(value: object) -> Decimal | None:
    """Read an amount exactly: 0.5, 0.50 and "0.50" are one, true is none."""
    if type(value) is Decimal:
        return value
    if type(value) is int:
        return Decimal(value)
    if isinstance(value, str) and _AMOUNT_TEXT.fullmatch(value):
        return Decimal(value)
    return None


def _pre_transfer_id(transfer: Queried, data: dict[str, object]) -> str | None:
    if isinstance(transfer, PreTransfer):
        return transfer.pre_transfer_id
    value = data.get("pre_transfer_id")
    return str(value) if is_server_id(value) else None
