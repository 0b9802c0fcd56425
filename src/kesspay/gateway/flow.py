"""
The flow of one call, and the engine that makes it: every decision, and no I/O.

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

An engine turns requests into calls and calls into flows. Its owner drives the
flows and records them: the clients, and the transfers above them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
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
from kesspay.gateway.messages import (
    CONFIRM,
    CREATE,
    QUERY,
    AmountFormat,
    ConfirmFundTransfer,
    CreateFundTransfer,
    Credentials,
    FundTransfer,
    HoldsSecrets,
    HttpRequest,
    HttpResponse,
    PreTransfer,
    QueryFundTransfer,
    Token,
    VerifiedAnswer,
)
from kesspay.gateway.protocol import (
    build_body,
    build_call,
    build_service_body,
    build_token,
    parse_call,
    parse_confirm,
    parse_create,
    parse_query,
    parse_token,
)
from kesspay.gateway.retry_after import retry_after
from kesspay.http.message import setters


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.gateway.endpoint import Endpoint
    from kesspay.signing.documents import Signer, Verifier
    from kesspay.signing.keyring import KeyRing
    from kesspay.signing.profile import Profile


__all__ = [
    "Call",
    "CallOptions",
    "Engine",
    "Flow",
    "Need",
    "Parse",
    "Pause",
    "TokenWanted",
    "call_flow",
    "log_in_flow",
]

_T = TypeVar("_T")

#: The pause before retry n is random, up to this many seconds times 2 ** n.
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 8.0


class TokenWanted(NamedTuple):
    """A flow needs a token; ``rejected`` is the one that the gateway rejected."""

    rejected: Token | None = None


class Pause(NamedTuple):
    """A flow wants to wait for some seconds."""

    seconds: float


#: What a flow asks its client for.
Need: TypeAlias = TokenWanted | HttpRequest | Pause
_OF_A_RESPONSE: Final = setters(HttpResponse)

#: What comes in is a Token, an HttpResponse, or None after a pause.
Flow: TypeAlias = Generator[Need, Any, _T]
#: Reads a response; the flag is True where the body was sent only once.
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


class CallOptions(NamedTuple):
    """
    The options of one call.

    Args:
        call_id: names the call in events.
        until: the moment on the clock to give up.
        clock: seconds that never go back.
        retries: how often a request may be repeated where that is safe.
        random: returns a random number from 0 up to 1.
        listeners: where events go.
        wall: seconds since 1970.
    """

    call_id: str
    until: float
    clock: Callable[[], float]
    retries: int
    random: Callable[[], float]
    listeners: Listeners
    wall: Callable[[], float]


@dataclass(slots=True)
class _Progress:
    """
    How far a call got.

    Attributes:
        requests: that were handed to the transport.
        sends: those of them that may have left.
        rejected: the token that an HTTP 401 rejected.
    """

    requests: int = 0
    sends: int = 0
    rejected: Token | None = None


def call_flow(call: Call[_T], endpoint: Endpoint, options: CallOptions) -> Flow[_T]:
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
            return (yield from _attempt(call, endpoint, options, progress))
        except GatewayError as error:
            failure = error
        pause = _pause(failure, retries, options)
        if pause is None:
            raise failure
        retries += 1
        options.listeners.send(
            RetryEvent(
                call_id=options.call_id,
                service=call.service,
                reference=call.reference,
                attempt=progress.requests + 1,
                delay=pause,
                reason=type(failure).__name__,
            )
        )
        yield Pause(pause)


def log_in_flow(
    endpoint: Endpoint, credentials: Credentials, options: CallOptions
) -> Flow[Token]:
    """
    Yield what a log-in needs, and return the token.

    Raises:
        AuthenticationFailed: the credentials were refused.
        NotSent: there is no token; nothing that waited for it was sent.
    """
    call = Call(TOKEN, "", b"", lambda response, _: parse_token(response), fresh=False)
    request = build_token(endpoint, credentials)
    token = yield from _exchange(call, request, options, _Progress())
    options.listeners.send(
        TokenEvent(call_id=options.call_id, expire_in=token.expire_in)
    )
    return token


def _attempt(
    call: Call[_T], endpoint: Endpoint, options: CallOptions, progress: _Progress
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
            return (yield from _exchange(call, request, options, progress))
        except TokenRejected as error:
            if progress.rejected is not None:
                raise refused_twice(call.service, error) from None
            progress.rejected = rejected = token


def _answer_to(request: HttpRequest, given: HttpResponse) -> HttpResponse:
    """Return a response with what it answers; it was checked when it was made."""
    made = object.__new__(HttpResponse)
    put_status, put_headers, put_body, put_request = _OF_A_RESPONSE
    put_status(made, given.status)
    put_headers(made, given.headers)
    put_body(made, given.body)
    put_request(made, request)
    return made


def _exchange(
    call: Call[_T], request: HttpRequest, options: CallOptions, progress: _Progress
) -> Flow[_T]:
    """Send one request and read its answer; report both."""
    sent_before = progress.sends > 0
    progress.requests += 1
    progress.sends += 1
    reporter = _Reporter(call, request, options, progress.requests)
    response: HttpResponse | None = None
    try:
        response = _answer_to(request, (yield request))
        result = call.parse(response, not sent_before)
    except TransportError as error:
        failure = broken(call.service, error, sent_before=sent_before)
        if error.kind == "not_sent":
            progress.sends -= 1
    except GatewayError as error:
        failure = error
    except BaseException as error:
        reporter.answer(response, error)
        if not is_harmless(call.service):
            # A note and no exception of ours: the caller catches the one it raised.
            error.add_note(
                f"kesspay: {call.service} (out_trade_no {call.out_trade_no!r},"
                f" reference {call.reference!r}) was under way: the transfer may have"
                " been carried out. Query it; do not refund and do not create another."
            )
        raise
    else:
        reporter.answer(response, None)
        return result
    if response is not None:
        failure.retry_after = retry_after(response, options.wall())
    reporter.answer(response, failure)
    raise failure


@dataclass(frozen=True, slots=True, repr=False, eq=False, kw_only=True)
class Engine(HoldsSecrets):
    """
    The settings of a client, checked, and the calls made with them.

    Args:
        endpoint: where the gateway is.
        credentials: what the partner logs in with.
        signer: signs requests.
        verifier: verifies answers.
        profile: the PHP settings of the gateway.
        amount_format: "number" or "string".
        retries: how often a request is repeated where that is safe.
        listeners: where events go.
        clock: seconds that never go back.
        random: returns a random number from 0 up to 1.
        wall: seconds since 1970.
    """

    endpoint: Endpoint
    credentials: Credentials
    signer: Signer
    verifier: Verifier | KeyRing
    profile: Profile
    amount_format: AmountFormat
    retries: int
    listeners: Listeners
    clock: Callable[[], float]
    random: Callable[[], float]
    wall: Callable[[], float]

    def options(self, until: float, *, retries: int | None = None) -> CallOptions:
        """
        Return the options of one call.

        Args:
            until: the moment on the clock to give up.
            retries: None for those of the client.
        """
        return CallOptions(
            call_id=os.urandom(8).hex(),
            until=until,
            clock=self.clock,
            retries=self.retries if retries is None else retries,
            random=self.random,
            listeners=self.listeners,
            wall=self.wall,
        )

    def flow(self, call: Call[_T], options: CallOptions) -> Flow[_T]:
        """Return the flow of a call."""
        return call_flow(call, self.endpoint, options)

    def log_in(self, options: CallOptions) -> Flow[Token]:
        """Return the flow of a log-in."""
        return log_in_flow(self.endpoint, self.credentials, options)

    def create(self, request: CreateFundTransfer) -> Call[PreTransfer]:
        """Return the call of a create."""
        return Call(
            CREATE,
            request.out_trade_no,
            self._body(request),
            lambda response, _: parse_create(
                request, response, self.verifier, profile=self.profile
            ),
            fresh=False,
        )

    def confirm(
        self,
        request: ConfirmFundTransfer,
        *,
        sent_before: bool,
        is_only: Callable[[], bool] = lambda: True,
    ) -> Call[FundTransfer]:
        """
        Return the call of a confirm.

        Args:
            request: the request.
            sent_before: True where a confirm of the same pre-transfer may have
                left already: no refusal is final then.
            is_only: asked when the answer is here; False where another confirm of
                the same pre-transfer may have left meanwhile, with the same effect.
        """
        return Call(
            CONFIRM,
            request.transfer.pre_transfer_id,
            self._body(request),
            lambda response, once: parse_confirm(
                request,
                response,
                self.verifier,
                profile=self.profile,
                first_send=once and not sent_before and is_only(),
            ),
            fresh=True,
            out_trade_no=request.transfer.out_trade_no,
        )

    def query(self, request: QueryFundTransfer) -> Call[FundTransfer]:
        """Return the call of a query."""
        return Call(
            QUERY,
            request.transfer.out_trade_no,
            self._body(request),
            lambda response, _: parse_query(
                request, response, self.verifier, profile=self.profile
            ),
            fresh=False,
        )

    def service(
        self, service: str, params: Mapping[str, object]
    ) -> Call[VerifiedAnswer]:
        """Return the call of any service."""
        return Call(
            service,
            "",
            build_service_body(service, params, self.signer, profile=self.profile),
            lambda response, once: parse_call(
                service,
                response,
                self.verifier,
                profile=self.profile,
                # Nothing counts the sends of a confirm made this way.
                first_send=once and service != CONFIRM,
            ),
            fresh=True,
        )

    def _body(
        self, request: CreateFundTransfer | ConfirmFundTransfer | QueryFundTransfer
    ) -> bytes:
        return build_body(
            request,
            self.signer,
            profile=self.profile,
            amount_format=self.amount_format,
        )


class _Reporter:
    """Sends the two events of one request; makes none that no listener takes."""

    def __init__(
        self, call: Call[Any], request: HttpRequest, options: CallOptions, attempt: int
    ) -> None:
        """Report that the request is about to be sent."""
        self._call = call
        self._options = options
        self._attempt = attempt
        self._begun = options.clock()
        if options.listeners.wants(DEBUG):
            facts = self._facts(request.body)
            options.listeners.send(RequestEvent(**self._names(), **facts))

    def answer(
        self, response: HttpResponse | None, error: BaseException | None
    ) -> None:
        """Report the result."""
        verdict = _verdict(error)
        if not self._options.listeners.wants(level_of(verdict)):
            return
        ours = error if isinstance(error, GatewayError) else None
        self._options.listeners.send(
            AnswerEvent(
                **self._names(),
                **self._facts(None if response is None else response.body),
                verdict=verdict,
                http_status=None if response is None else response.status,
                # Errors of others have a code, too: SystemExit a number.
                code=getattr(ours, "code", ""),
                reason="" if error is None else type(error).__name__,
                transport=str(ours.evidence.get("transport", "")) if ours else "",
                seconds=self._options.clock() - self._begun,
            )
        )

    def _names(self) -> dict[str, Any]:
        return {
            "call_id": self._options.call_id,
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


def _pause(failure: GatewayError, retries: int, options: CallOptions) -> float | None:
    """Return how long to wait before a retry, or None where there is none."""
    if retries >= options.retries or not will_pass(failure):
        return None
    pause = options.random() * min(_FIRST_PAUSE * 2**retries, _LONGEST_PAUSE)
    pause = max(pause, failure.retry_after)
    return pause if options.clock() + pause < options.until else None
