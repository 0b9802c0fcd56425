"""
What an answer of the gateway means for the money. The one place that decides.

The codes of each service stand in ``services``. The rules, from the strictest
down:

- An answer is verified before anything of it is read, at every HTTP status,
  and every value comes from the bytes that verified.
- Only an HTTP status 2xx, ``success`` exactly true and an object ``data`` is a
  success. The status is not signed, so which of the 2xx it is says nothing.
- Unsigned is accepted with HTTP 401 only, and its only effect is a log-in.
- A signed refusal is final only where nothing else can have moved money:
  never of a query, and of a confirm only for some codes, on its first send.
  With HTTP 3xx, 429 or 5xx none is: the gateway did not get to the request.
- Everything else is unknown.

Source: API document, "Error code review" of each service.
"""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from kesspay._signals import raised_by_a_signal
from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    InvalidSignature,
    NotSent,
    OutcomeUnknown,
    Rejected,
    TokenRejected,
    TransportError,
)
from kesspay.gateway.events import TOKEN
from kesspay.gateway.services import (
    SYSTEM_ERROR,
    UNAUTHENTICATED,
    UNAUTHORIZED,
    Service,
    is_no_answer,
    is_overloaded,
    is_success,
    service_of,
)
from kesspay.gateway.wording import look_at, quote, quote_code
from kesspay.signing.documents import verify_document


if TYPE_CHECKING:
    from kesspay.gateway.messages import HttpResponse
    from kesspay.signing.documents import Verifier
    from kesspay.signing.keyring import KeyRing
    from kesspay.signing.profile import Profile


__all__ = [
    "Answer",
    "broken",
    "is_harmless",
    "log_in_failed_after_sending",
    "read_answer",
    "refused_twice",
    "unknown",
    "will_pass",
]

#: Reads the bytes that verified; made once, for it is used at every call.
_DECODER: Final = json.JSONDecoder(parse_float=Decimal)


class Answer(NamedTuple):
    """
    A verified success.

    Attributes:
        data: the object ``data``.
        canonical: the bytes it was read from.
        service: name of the service that was called.
        response: the whole response.
    """

    data: dict[str, object]
    canonical: bytes
    service: str
    response: HttpResponse

    def evidence(self) -> dict[str, object]:
        """Return the evidence for an error about this answer."""
        return _evidence(self.service, self.response)

    def stated(self) -> str:
        """Return HTTP status and content type for an error about this answer."""
        return _stated(self.response)


def read_answer(
    service: str,
    response: HttpResponse,
    verifier: Verifier | KeyRing,
    *,
    profile: Profile,
    first_send: bool,
) -> Answer:
    """
    Verify an answer, then read what it means.

    Args:
        service: name of the service that was called.
        response: the whole response.
        verifier: the gateway's public key or keys.
        profile: the PHP settings of the gateway.
        first_send: False where this request may have been sent before.

    Raises:
        TokenRejected: HTTP 401 with UNAUTHENTICATED or no code, signed or not.
        Rejected: a signed refusal that is final.
        OutcomeUnknown: everything else; caused by an InvalidSignature where
            the answer did not verify.
    """
    try:
        canonical = verify_document(verifier, response.body, profile=profile)
    except InvalidSignature as error:
        evidence = _evidence(service, response)
        if response.status == UNAUTHORIZED and _is_bare_refusal(response, error):
            raise _token_rejected(response, evidence) from None
        evidence["reason"] = error.reason
        message = f"The answer to {service} is not authentic: {_look(response)}."
        raise unknown(service, message, evidence) from error
    except Exception as error:
        if raised_by_a_signal(error):
            raise
        evidence = _evidence(service, response)
        evidence["reason"] = type(error).__name__
        message = f"The answer to {service} could not be verified: {_look(response)}."
        raise unknown(service, message, evidence) from None
    # There is nothing behind the value: it was parsed whole before.
    answer, _ = _DECODER.raw_decode(canonical.decode())
    success = answer.get("success") if isinstance(answer, dict) else None
    if success is True:
        return _success(service, response, answer, canonical)
    evidence = _evidence(service, response)
    if success is False:
        raise _refusal(service, response, answer, evidence, first_send)
    what = _stated(response)
    message = f'The answer to {service} has no true or false "success": {what}.'
    raise unknown(service, message, evidence)


def unknown(
    service: str,
    message: str,
    evidence: dict[str, object],
    *,
    code: str = "",
    description: str = "",
) -> OutcomeUnknown:
    """Return the error for an outcome that is not known."""
    rules = service_of(service)
    return OutcomeUnknown(
        message,
        code=code,
        description=description,
        safe_to_retry=rules.repeatable,
        next_step=rules.when_unknown,
        evidence=evidence,
    )


def broken(service: str, error: TransportError, *, sent_before: bool) -> GatewayError:
    """
    Return what a broken exchange means.

    Args:
        service: name of the service that was called, or TOKEN.
        error: how the exchange broke off.
        sent_before: True where the request had been sent once already.
    """
    if service == TOKEN:
        # However it broke: what waited for the token was not sent.
        phase: dict[str, object] = {"phase": "log-in", "transport": error.kind}
        return NotSent(f"The log-in failed: {error}.", evidence=phase)
    evidence: dict[str, object] = {"service": service, "transport": error.kind}
    if error.kind == "not_sent" and not sent_before:
        return NotSent(f"{service} was not sent: {error}.", evidence=evidence)
    return unknown(service, f"{service} was not answered: {error}.", evidence)


def is_harmless(service: str) -> bool:
    """Return whether a request of a service, or a log-in, can move no money."""
    return service == TOKEN or service_of(service).harmless


def will_pass(error: GatewayError) -> bool:
    """
    Return whether a call may be retried automatically: it is safe and may help.

    It is safe where nothing left, and where the call changes nothing; of
    the latter it helps where the gateway did not get to answer. An answer
    about the transfer, and one that is not authentic, are for the caller.
    """
    if isinstance(error, NotSent):
        # A log-in that is answered knows whether another one may help.
        return error.evidence.get("repeat") is not False
    if not (isinstance(error, OutcomeUnknown) and error.safe_to_retry):
        return False
    status = error.evidence.get("http_status")
    overloaded = type(status) is int and is_overloaded(status)
    return overloaded or "transport" in error.evidence or error.code == SYSTEM_ERROR


def log_in_failed_after_sending(service: str, error: GatewayError) -> GatewayError:
    """Return what it means that a log-in failed after the request had left."""
    if isinstance(error, AuthenticationFailed) and service_of(service).harmless:
        return error
    evidence = {**error.evidence, "service": service}
    said = str(error).removesuffix(f" Next: {error.next_step}")
    message = f"{service} had no usable answer, and the new log-in failed: {said}"
    return unknown(service, message, evidence)


def refused_twice(service: str, error: TokenRejected) -> GatewayError:
    """Return what it means that a brand-new token was rejected as well."""
    said = error.evidence.get("words")
    message = f"{service} was answered with HTTP 401 twice, with two tokens: {said}."
    if service_of(service).harmless:
        return AuthenticationFailed(message, evidence=error.evidence)
    return unknown(service, message, error.evidence)


def _success(
    service: str, response: HttpResponse, answer: dict[str, object], canonical: bytes
) -> Answer:
    if not is_success(response.status):
        message = f"{service} was answered with success and {_stated(response)}."
        raise unknown(service, message, _evidence(service, response))
    data = answer.get("data")
    if not isinstance(data, dict):
        message = f'The answer to {service} has no object "data": {_stated(response)}.'
        raise unknown(service, message, _evidence(service, response))
    return Answer(data, canonical, service, response)


def _refusal(
    service: str,
    response: HttpResponse,
    answer: dict[str, object],
    evidence: dict[str, object],
    first_send: bool,  # noqa: FBT001 - private, and the callers pass a name
) -> GatewayError:
    code, description = answer.get("error_code"), answer.get("error_desc")
    status = response.status
    if status == UNAUTHORIZED and code in {None, UNAUTHENTICATED}:
        return _token_rejected(response, evidence)
    if not isinstance(code, str) or not code:
        message = f"{service} was refused without an error code: {_stated(response)}."
        return unknown(service, message, evidence)
    description = description if isinstance(description, str) else ""
    evidence["error_code"] = code
    said = f"{quote(response, description)} ({_stated(response)})"
    message = f"{service} was answered with {quote_code(response, code)}: {said}"
    rules = service_of(service)
    if not (first_send or rules.harmless) or not _is_final(rules, code, status):
        return unknown(service, message, evidence, code=code, description=description)
    return Rejected(
        message,
        code=code,
        description=description,
        next_step=rules.when_refused,
        evidence=evidence,
    )


def _is_final(rules: Service, code: str, status: int) -> bool:
    if is_no_answer(status) or code in {SYSTEM_ERROR, UNAUTHENTICATED}:
        return False
    return rules.final is None or code in rules.final


def _is_bare_refusal(response: HttpResponse, error: InvalidSignature) -> bool:
    """
    Return whether an unsigned body is one that HTTP 401 may carry.

    A signature that is there but wrong, or another error code, is not.
    """
    if error.reason != "sign_missing":
        return False
    # The guard has decoded it already: it is JSON, and has no depths.
    body = json.loads(response.body)
    return (
        isinstance(body, dict)
        and body.get("success", False) is False
        and body.get("error_code", UNAUTHENTICATED) == UNAUTHENTICATED
    )


def _token_rejected(
    response: HttpResponse, evidence: dict[str, object]
) -> TokenRejected:
    words = _look(response)
    evidence["words"] = words
    message = f"The gateway rejected the token: {words}."
    return TokenRejected(message, evidence=evidence)


def _look(response: HttpResponse) -> str:
    """Describe an answer that is not authentic, with its own words."""
    return look_at(response).words


def _stated(response: HttpResponse) -> str:
    """Describe a signed answer: what it says stands in its fields."""
    return look_at(response, speaks=False).words


def _evidence(service: str, response: HttpResponse) -> dict[str, object]:
    look = look_at(response)
    return {
        "service": service,
        "http_status": response.status,
        "content_type": look.content_type,
        "answer": look.kind,
        "answer_sha256": sha256(response.body).hexdigest(),
    }
