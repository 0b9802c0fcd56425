"""
The wire protocol without I/O: build requests, parse responses.

Everything is a pure function over values, so any HTTP library can carry it::

    token    = parse_token(send(build_token(endpoint, credentials)))
    body     = build_body(request, private_key)
    response = send(build_call(endpoint, token, body))
    created  = parse_create(request, response, gateway_key)

What an answer means is decided in ``kesspay.gateway.answers``; here it is
compared with the request, field by field, since the protocol has no nonce: a
genuine answer to another transfer has a genuine signature.

Source: API document; section names are given with each function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import orjson

from kesspay._version import __version__
from kesspay.errors import FieldError, InputError
from kesspay.gateway.answers import read_answer
from kesspay.gateway.fields import check_service
from kesspay.gateway.log_in import read_log_in
from kesspay.gateway.messages import (
    CONFIRM,
    CREATE,
    QUERY,
    ConfirmFundTransfer,
    CreateFundTransfer,
    Credentials,
    FundTransfer,
    HttpRequest,
    HttpResponse,
    PreTransfer,
    QueryFundTransfer,
    Token,
    VerifiedAnswer,
)
from kesspay.gateway.results import carried_out, granted
from kesspay.signing.documents import signed_body
from kesspay.signing.profile import PHP_8, Profile


if TYPE_CHECKING:
    from decimal import Decimal

    from kesspay.gateway.endpoint import Endpoint
    from kesspay.signing.documents import Signer, Verifier
    from kesspay.signing.keyring import KeyRing


__all__ = [
    "AmountFormat",
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

#: How an amount is written: as PHP's shortest number (0.5), or as a string
#: with two places ("0.50").
AmountFormat = Literal["number", "string"]

_FIXED_HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json"),
    # What is verified are the bytes on the wire: no coding on top of them.
    ("Accept-Encoding", "identity"),
    ("User-Agent", f"kesspay/{__version__}"),
)


def build_token(endpoint: Endpoint, credentials: Credentials) -> HttpRequest:
    """Return the log-in request. Source: "GET ACCESS TOKEN"."""
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

    Source: "GET ACCESS TOKEN". The answer is unsigned by design.

    Raises:
        AuthenticationFailed: the credentials were refused.
        NotSent: there is no token; whatever waited for it was not sent.
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

    Source: "CREATE UNIFIED FUND TRANSFER", "CONFIRM FUND TRANSFER", "QUERY
    FUND TRANSFER", sample parameters.
    """
    if isinstance(request, CreateFundTransfer):
        params: dict[str, object] = {
            "out_trade_no": request.out_trade_no,
            "receiver_id": request.receiver_id,
            "sender_name": request.sender_name,
            "amount": _amount_on_the_wire(request.amount, amount_format),
            "currency": request.currency,
        }
    elif isinstance(request, ConfirmFundTransfer):
        params = {
            "partner_transaction_id": request.partner_transaction_id,
            "pre_transfer_id": request.transfer.pre_transfer_id,
        }
    else:
        params = {"out_trade_no": request.transfer.out_trade_no}
    return _signed(request.SERVICE, params, signer, profile)


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
        FieldError: the service name cannot be one, or params name a service.
        InputError: params are no mapping.
        CanonicalizationError: the parameters have no safe canonical form.

    Source: "API GATEWAY SPECIFICATION".
    """
    check_service("service", service)
    if not isinstance(params, Mapping):
        message = f"params must be a mapping, not a {type(params).__name__}"
        raise InputError(message)
    if "service" in params:
        rule = "is given twice"
        raise FieldError(field="service", rule=rule, value=params["service"])
    return _signed(service, params, signer, profile)


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

    Source: "API GATEWAY SPECIFICATION".
    """
    headers = (*_FIXED_HEADERS, ("Authorization", f"Bearer {token.access_token}"))
    return HttpRequest("POST", endpoint.gateway_url, headers, body, fresh=fresh)


def parse_create(
    request: CreateFundTransfer,
    response: HttpResponse,
    verifier: Verifier | KeyRing,
    *,
    profile: Profile = PHP_8,
) -> PreTransfer:
    """
    Return the pre-transfer that an answer grants.

    Raises:
        TokenRejected, Rejected, OutcomeUnknown: see ``answers.read_answer``;
            unknown as well where a field differs from the request.
    """
    answer = read_answer(CREATE, response, verifier, profile=profile, first_send=True)
    return granted(request, answer)


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
        response: what came back.
        verifier: the gateway's public key or keys.
        profile: the PHP settings of the gateway.
        first_send: False where a confirm of the same pre-transfer may have
            left before, also in an earlier process: no refusal is final then.

    Raises:
        TokenRejected, Rejected, OutcomeUnknown: see ``answers.read_answer``;
            unknown as well where ``result_code`` is not SUCCESS or a field
            differs from the request.
    """
    answer = read_answer(
        CONFIRM, response, verifier, profile=profile, first_send=first_send
    )
    return carried_out(CONFIRM, request.transfer, answer)


def parse_query(
    request: QueryFundTransfer,
    response: HttpResponse,
    verifier: Verifier | KeyRing,
    *,
    profile: Profile = PHP_8,
) -> FundTransfer:
    """
    Return the transfer that an answer says was carried out.

    Raises:
        TokenRejected, OutcomeUnknown: see ``parse_confirm``. A query is never
            Rejected: its error codes are evidence about the transfer, and
            no verdict.
    """
    answer = read_answer(QUERY, response, verifier, profile=profile, first_send=True)
    return carried_out(QUERY, request.transfer, answer)


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

    Raises:
        TokenRejected, Rejected, OutcomeUnknown: see ``answers.read_answer``.
    """
    answer = read_answer(
        service, response, verifier, profile=profile, first_send=first_send
    )
    return VerifiedAnswer(answer.data, answer.canonical)


def _signed(
    service: str, params: Mapping[str, object], signer: Signer, profile: Profile
) -> bytes:
    return signed_body(signer, {"service": service, **params}, profile=profile)


def _amount_on_the_wire(amount: Decimal, amount_format: AmountFormat) -> object:
    return f"{amount:.2f}" if amount_format == "string" else amount
