"""
The course of one call: every decision, and no I/O.

A flow is a generator. It yields what it needs, a token or a response, and the
client that drives it, with threads or with tasks, sends that in::

    need = next(flow)
    need = flow.send(response)      # or flow.throw(error)
    ...                             # until StopIteration carries the result

One call sends its body once; only an HTTP 401 makes it log in once more and
send the very same bytes a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from kesspay.errors import GatewayError, TokenRejected, TransportError
from kesspay.gateway.answers import (
    broken,
    log_in_failed_after_sending,
    refused_twice,
)
from kesspay.gateway.messages import HttpRequest, HttpResponse, Token
from kesspay.gateway.protocol import build_call


if TYPE_CHECKING:
    from kesspay.gateway.endpoint import Endpoint


__all__ = ["Flow", "Need", "Parse", "TokenWanted", "course_of_call"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TokenWanted:
    """A flow needs a token; ``rejected`` is the one that was not taken."""

    rejected: Token | None = None


#: What a flow asks its client for: a token, or the response to a request.
Need: TypeAlias = TokenWanted | HttpRequest
#: What comes in is a Token for a TokenWanted, an HttpResponse otherwise.
Flow: TypeAlias = Generator[Need, Any, _T]
#: Reads a response; the flag tells whether the body was sent only once.
Parse: TypeAlias = Callable[[HttpResponse, bool], _T]


def course_of_call(
    service: str, endpoint: Endpoint, body: bytes, parse: Parse[_T]
) -> Flow[_T]:
    """
    Yield what one call needs, and return its result.

    Args:
        service: name of the service, which decides what an error means.
        endpoint: where the gateway is.
        body: the signed body; it is sent unchanged, at most twice.
        parse: returns the result or raises a GatewayError.

    Raises:
        NotSent: the body did not leave.
        AuthenticationFailed: the credentials, or two tokens, were refused.
        Rejected, OutcomeUnknown: what ``parse`` raises, or the exchange broke.
    """
    token = yield TokenWanted()
    try:
        response = yield build_call(endpoint, token, body)
        return parse(response, True)  # noqa: FBT003 - the type names it
    except TransportError as error:
        raise broken(service, error, sent_before=False) from None
    except TokenRejected:
        pass
    try:
        token = yield TokenWanted(rejected=token)
    except GatewayError as error:
        raise log_in_failed_after_sending(service, error) from None
    try:
        response = yield build_call(endpoint, token, body)
        return parse(response, False)  # noqa: FBT003 - the type names it
    except TransportError as error:
        raise broken(service, error, sent_before=True) from None
    except TokenRejected as error:
        raise refused_twice(service, error) from None
