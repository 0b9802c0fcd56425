"""
What an answer to the log-in means. It is unsigned by design.

A log-in moves no money, so it is safe to repeat. But a wrong password that is
sent again and again locks the account, so it is repeated only where that may
help:

============================================  ====================  ==========
answer                                        error                 sent again
============================================  ====================  ==========
HTTP 401, or a code that refuses              AuthenticationFailed  no
HTTP 4xx, a JSON object that says no          NotSent               no
HTTP 408, 425 and 429, a code that passes     NotSent               yes
everything else that is no token              NotSent               yes
============================================  ====================  ==========

Source: API document, "GET ACCESS TOKEN"; RFC 6749, 5.2, whose codes Laravel
Passport gives; RFC 9110, 15.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from kesspay.errors import AuthenticationFailed, FieldError, NotSent
from kesspay.gateway.messages import Token, whole_seconds
from kesspay.gateway.services import UNAUTHORIZED, is_server_error, is_success
from kesspay.gateway.wording import look_at, next_step_of


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.errors import GatewayError
    from kesspay.gateway.messages import HttpResponse


__all__ = ["is_refusal", "read_log_in"]

#: The 4xx that are about the moment and not about the request.
_PASSING_STATUSES: Final = frozenset({408, 425, 429})

#: The credentials are wrong, or the partner may not log in with them. Passport
#: said ``invalid_credentials`` before its version 7.
_REFUSING: Final = frozenset(
    {
        "access_denied",
        "invalid_client",
        "invalid_credentials",
        "invalid_grant",
        "unauthenticated",
        "unauthorized_client",
    }
)
#: The gateway could not look at the credentials.
_PASSING: Final = frozenset({"server_error", "systemerror", "temporarily_unavailable"})
#: The gateway does not understand a log-in like ours; such a code is evidence.
_WRONG: Final = frozenset(
    {"invalid_request", "invalid_scope", "unsupported_grant_type"}
)


def read_log_in(response: HttpResponse) -> Token:
    """
    Return the token of a log-in, bare or wrapped in ``data``.

    Raises:
        AuthenticationFailed: the credentials were refused.
        NotSent: there is no token; the request that waited for it was not sent.
    """
    status = response.status
    look = look_at(response)
    evidence: dict[str, object] = {
        "phase": "log-in",
        "http_status": status,
        "content_type": look.content_type,
        "answer": look.kind,
    }
    answer = _object(response.body)
    code = _code(answer)
    if code:
        evidence["error_code"] = code
    if status == UNAUTHORIZED or code in _REFUSING:
        message = f"The log-in was refused: {look.words}."
        raise AuthenticationFailed(message, evidence=evidence)
    data = answer.get("data")
    found = data if isinstance(data, dict) and "access_token" in data else answer
    if is_success(status) and answer.get("success", True) is True:
        token = _token(found)
        if token is not None:
            return token
    says_no = answer.get("success") is False or bool(answer.get("error"))
    evidence["repeat"] = _may_help(status, code, says_no=says_no)
    message = f"The log-in gave no token, so nothing was sent: {look.words}."
    step = next_step_of(status, look.kind) or None
    raise NotSent(message, next_step=step, evidence=evidence)


def is_refusal(failure: GatewayError) -> bool:
    """Return whether a failed log-in will fail again, so that repeating it can harm."""
    return (
        isinstance(failure, AuthenticationFailed)
        or failure.evidence.get("repeat") is False
    )


def _may_help(status: int, code: str, *, says_no: bool) -> bool:
    """Return whether the same log-in may get another answer in a moment."""
    if code in _PASSING or status in _PASSING_STATUSES or is_server_error(status):
        return True
    # A gateway that looked at the log-in and said no may count wrong passwords.
    return not says_no and not 400 <= status < 500


def _code(answer: dict[str, Any]) -> str:
    """Return the code of an error, in small letters, or "" where none is known."""
    known = _REFUSING | _PASSING | _WRONG
    return next((code for code in _codes(answer) if code in known), "")


def _codes(answer: dict[str, Any]) -> Iterator[str]:
    """Find what may be a code, also in an object ``error`` or ``data``."""
    for part in (answer, answer.get("error"), answer.get("data")):
        if isinstance(part, dict):
            for name in ("error_code", "error", "code", "type"):
                yield str(part.get(name)).lower()


def _token(found: dict[str, Any]) -> Token | None:
    seconds = whole_seconds(found.get("expire_in", found.get("expires_in")))
    try:
        # A lifetime of 0 is no statement that a client could live by.
        return Token(found.get("access_token", ""), seconds or None)
    except FieldError:
        return None


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
