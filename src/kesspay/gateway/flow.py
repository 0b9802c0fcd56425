"""
The course of one call: every decision, and no I/O.

A flow is a generator. It yields what it needs, a token, a response or a
pause, and the client that drives it, with threads or with tasks, sends that
in::

    need = next(flow)
    need = flow.send(response)      # or flow.throw(error)
    ...                             # until StopIteration carries the result

A body is signed once and never changes. It is sent again

- after an HTTP 401, once, with a new token;
- where no byte of it had left before;
- where the call changes nothing (a query) and the failure will pass.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from hashlib import sha256
from logging import DEBUG
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    NotSent,
    Rejected,
    TokenRejected,
    TransportError,
)
from kesspay.gateway.answers import (
    broken,
    is_harmless,
    log_in_failed_after_sending,
    refused_twice,
    will_pass,
)
from kesspay.gateway.events import (
    TOKEN,
    AnswerEvent,
    Listeners,
    RequestEvent,
    RetryEvent,
    TokenEvent,
    Verdict,
    level_of,
)
from kesspay.gateway.messages import Credentials, HttpRequest, HttpResponse, Token
from kesspay.gateway.protocol import build_call, build_token, parse_token
from kesspay.gateway.retry_after import retry_after


if TYPE_CHECKING:
    from kesspay.gateway.endpoint import Endpoint


__all__ = [
    "Call",
    "Flow",
    "Need",
    "Parse",
    "Pause",
    "Terms",
    "TokenWanted",
    "course_of_call",
    "course_of_log_in",
]

_T = TypeVar("_T")

#: The pause before retry n is random, up to this many seconds times 2 ** n.
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 8.0


class TokenWanted(NamedTuple):
    """A flow needs a token; ``rejected`` is the one that was not taken."""

    rejected: Token | None = None


class Pause(NamedTuple):
    """A flow wants to wait for some seconds."""

    seconds: float


#: What a flow asks its client for.
Need: TypeAlias = TokenWanted | HttpRequest | Pause
#: What comes in is a Token, an HttpResponse, or None after a pause.
Flow: TypeAlias = Generator[Need, Any, _T]
#: Reads a response; the flag tells whether the body was sent only once.
Parse: TypeAlias = Callable[[HttpResponse, bool], _T]


class Call(NamedTuple, Generic[_T]):
    """
    What is to be sent.

    Args:
        service: name of the service, which decides what an error means.
        reference: what events call it.
        body: the signed body; it is sent unchanged.
        parse: returns the result or raises a GatewayError.
        fresh: True where it needs a connection of its own.
        out_trade_no: of the transfer that it may carry out, or "".
    """

    service: str
    reference: str
    body: bytes
    parse: Parse[_T]
    fresh: bool
    out_trade_no: str = ""


class Terms(NamedTuple):
    """
    Under which terms a call runs.

    Args:
        call_id: names the call in events.
        until: the moment on the clock to give up.
        clock: seconds that never go back.
        retries: how often a request may be repeated where that is safe.
        dice: returns a random number from 0 up to 1.
        listeners: who takes events.
        wall: seconds since 1970.
    """

    call_id: str
    until: float
    clock: Callable[[], float]
    retries: int
    dice: Callable[[], float]
    listeners: Listeners
    wall: Callable[[], float]


@dataclass(slots=True)
class _Progress:
    """
    How far a call got.

    Attributes:
        requests: that were handed to the transport.
        sends: those of them that may have left.
        rejected: the token that a 401 did not take.
    """

    requests: int = 0
    sends: int = 0
    rejected: Token | None = None


def course_of_call(call: Call[_T], endpoint: Endpoint, terms: Terms) -> Flow[_T]:
    """
    Yield what one call needs, and return its result.

    Raises:
        NotSent: the body did not leave.
        AuthenticationFailed: the credentials, or two tokens, were refused.
        Rejected, OutcomeUnknown: what ``parse`` raises, or the exchange broke.
    """
    progress = _Progress()
    retries = 0
    while True:
        try:
            return (yield from _attempt(call, endpoint, terms, progress))
        except GatewayError as error:
            failure = error
        pause = _pause(failure, retries, terms)
        if pause is None:
            raise failure
        retries += 1
        terms.listeners.tell(
            RetryEvent(
                call_id=terms.call_id,
                service=call.service,
                reference=call.reference,
                attempt=progress.requests + 1,
                delay=pause,
                reason=type(failure).__name__,
            )
        )
        yield Pause(pause)


def course_of_log_in(
    endpoint: Endpoint, credentials: Credentials, terms: Terms
) -> Flow[Token]:
    """
    Yield what a log-in needs, and return the token.

    Raises:
        AuthenticationFailed: the credentials were refused.
        NotSent: there is no token; nothing that waited for it was sent.
    """
    call = Call(TOKEN, "", b"", lambda response, _: parse_token(response), fresh=False)
    request = build_token(endpoint, credentials)
    token = yield from _exchange(call, request, terms, _Progress())
    terms.listeners.tell(TokenEvent(call_id=terms.call_id, expire_in=token.expire_in))
    return token


def _attempt(
    call: Call[_T], endpoint: Endpoint, terms: Terms, progress: _Progress
) -> Flow[_T]:
    """Send once; after a 401, which a call may have one of, once more."""
    rejected: Token | None = None
    while True:
        try:
            token = yield TokenWanted(rejected)
        except GatewayError as error:
            if progress.sends == 0:
                raise
            raise log_in_failed_after_sending(call.service, error) from None
        request = build_call(endpoint, token, call.body, fresh=call.fresh)
        try:
            return (yield from _exchange(call, request, terms, progress))
        except TokenRejected as error:
            if progress.rejected is not None:
                raise refused_twice(call.service, error) from None
            progress.rejected = rejected = token


def _exchange(
    call: Call[_T], request: HttpRequest, terms: Terms, progress: _Progress
) -> Flow[_T]:
    """Send one request and read its answer, telling of both."""
    sent_before = progress.sends > 0
    progress.requests += 1
    progress.sends += 1
    told = _Told(call, request, terms, progress.requests)
    response: HttpResponse | None = None
    try:
        response = replace((yield request), request=request)
        result = call.parse(response, not sent_before)
    except TransportError as error:
        failure = broken(call.service, error, sent_before=sent_before)
        if error.kind == "not_sent":
            progress.sends -= 1
    except GatewayError as error:
        failure = error
    except BaseException as error:
        told.answer(response, error)
        if not is_harmless(call.service):
            # Not by an exception of ours: it belongs to whoever interrupted us.
            error.add_note(
                f"kesspay: {call.service} (out_trade_no {call.out_trade_no!r},"
                f" reference {call.reference!r}) was under way: the transfer may have"
                " been carried out. Query it; do not refund and do not create another."
            )
        raise
    else:
        told.answer(response, None)
        return result
    if response is not None:
        failure.retry_after = retry_after(response, terms.wall())
    told.answer(response, failure)
    raise failure


class _Told:
    """The two events about one request, made only where somebody takes them."""

    def __init__(
        self, call: Call[Any], request: HttpRequest, terms: Terms, attempt: int
    ) -> None:
        """Tell that the request is about to be sent."""
        self._call = call
        self._terms = terms
        self._attempt = attempt
        self._begun = terms.clock()
        if terms.listeners.want(DEBUG):
            facts = self._facts(request.body)
            terms.listeners.tell(RequestEvent(**self._names(), **facts))

    def answer(
        self, response: HttpResponse | None, error: BaseException | None
    ) -> None:
        """Tell what came of it."""
        verdict = _verdict(error)
        if not self._terms.listeners.want(level_of(verdict)):
            return
        evidence = error.evidence if isinstance(error, GatewayError) else {}
        self._terms.listeners.tell(
            AnswerEvent(
                **self._names(),
                **self._facts(None if response is None else response.body),
                verdict=verdict,
                http_status=None if response is None else response.status,
                code=getattr(error, "code", ""),
                reason="" if error is None else type(error).__name__,
                transport=str(evidence.get("transport", "")),
                seconds=self._terms.clock() - self._begun,
            )
        )

    def _names(self) -> dict[str, Any]:
        return {
            "call_id": self._terms.call_id,
            "service": self._call.service,
            "reference": self._call.reference,
            "attempt": self._attempt,
        }

    def _facts(self, body: bytes | None) -> dict[str, Any]:
        if body is None or self._call.service == TOKEN:
            return {"size": 0, "sha256": ""}
        return {"size": len(body), "sha256": sha256(body).hexdigest()}


def _verdict(error: BaseException | None) -> Verdict:
    if error is None:
        return "success"
    if isinstance(error, (TokenRejected, AuthenticationFailed)):
        return "unauthenticated"
    if isinstance(error, Rejected):
        return "rejected"
    return "not_sent" if isinstance(error, NotSent) else "unknown"


def _pause(failure: GatewayError, retries: int, terms: Terms) -> float | None:
    """Return how long to wait before a retry, or None where there is none."""
    if retries >= terms.retries or not will_pass(failure):
        return None
    pause = terms.dice() * min(_FIRST_PAUSE * 2**retries, _LONGEST_PAUSE)
    pause = max(pause, failure.retry_after)
    return pause if terms.clock() + pause < terms.until else None
