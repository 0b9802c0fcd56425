"""The flow of a call: what is repeated, when, and which events report it."""

from __future__ import annotations

import logging
from copy import copy
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    Broken,
    GatewayError,
    InputError,
    KesspayError,
    NotSent,
    OutcomeUnknown,
    Rejected,
    TokenRejected,
    TransportError,
)
from kesspay.gateway import flow as flow_module
from kesspay.gateway.answers import unknown
from kesspay.gateway.events import (
    AnswerEvent,
    Event,
    Listeners,
    RequestEvent,
    RetryEvent,
    TokenEvent,
)
from kesspay.gateway.flow import (
    Call,
    CallOptions,
    Engine,
    Pause,
    TokenWanted,
    call_flow,
    log_in_flow,
)
from kesspay.gateway.messages import (
    CONFIRM,
    CREATE,
    QUERY,
    HttpRequest,
    HttpResponse,
    Token,
)
from kesspay.signing.profile import PHP_8
from tests.gateway.helpers import (
    CANARIES,
    CONFIRM_REQUEST,
    CREATE_REQUEST,
    ENDPOINT,
    QUERY_REQUEST,
    Clock,
    credentials,
    failure,
    gateway_key,
    partner_key,
    plain,
    signed,
    token_answer,
)


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.flow import Flow


NO_REPLY = TransportError("no_reply", "reset")
NOT_SENT = TransportError("not_sent", "refused")
OVERLOADED = unknown(QUERY, "busy", {"http_status": 503})
ANSWER = plain(200, b"answer")


_Result = TypeVar("_Result")


class Driver:
    """Drives a flow with what a test gives, and keeps what it asked for."""

    def __init__(self, *given: object, retries: int = 2, until: float = 60) -> None:
        """Take what is given for each request, in order."""
        self.clock = Clock()
        self.events: list[Event] = []
        self.requests: list[HttpRequest] = []
        self.rejected: list[Token | None] = []
        self.pauses: list[float] = []
        self.given = list(given)
        self.firsts: list[bool] = []
        self.tokens: Callable[[], Token] = lambda: Token("t", 60)
        self.options = CallOptions(
            call_id="c-1",
            until=self.clock.now + until,
            clock=self.clock,
            retries=retries,
            random=lambda: 0.5,
            wall=self.clock,
            listeners=Listeners(self.events.append),
        )

    def parse(self, response: HttpResponse, first: bool) -> str:  # noqa: FBT001 - as it is called
        """Return the body as text, or raise what stands in for an answer."""
        self.firsts.append(first)
        answer = self.given_answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return response.body.decode()

    def run(self, service: str) -> object:
        """Drive a call of a service to its end."""
        self.given_answers: list[object] = []
        call = Call(service, "ref-1", b"body", self.parse, fresh=service == CONFIRM)
        return self.drive(call_flow(call, ENDPOINT, self.options))

    def drive(self, flow: Flow[_Result]) -> _Result:
        """Give a flow what it needs."""
        try:
            need = next(flow)
            while True:
                try:
                    given = self.provide(need)
                except KesspayError as error:
                    need = flow.throw(error)
                else:
                    need = flow.send(given)
        except StopIteration as stop:
            result: _Result = stop.value
            return result

    def provide(self, need: object) -> object:
        """Return what is needed; time passes."""
        self.clock.now += 0.25
        if isinstance(need, TokenWanted):
            self.rejected.append(need.rejected)
            return self.tokens()
        if isinstance(need, Pause):
            self.pauses.append(need.seconds)
            self.clock.now += need.seconds
            return None
        assert isinstance(need, HttpRequest)
        self.requests.append(need)
        given = self.given.pop(0)
        if isinstance(given, TransportError):
            raise given
        self.given_answers.append(given)
        return ANSWER

    def names(self) -> list[str]:
        """Return the names of the events."""
        return [type(event).__name__ for event in self.events]


@pytest.mark.parametrize("service", [CREATE, CONFIRM, QUERY, "some.service"])
def test_what_did_not_leave_is_repeated(service: str) -> None:
    """After "not sent" every service is tried again, with pauses that grow."""
    driver = Driver(NOT_SENT, NOT_SENT, ANSWER)
    assert driver.run(service) == "answer"
    assert driver.pauses == [0.125, 0.25]
    assert driver.firsts == [True], "what did not leave does not count as sent"
    assert len({request.body for request in driver.requests}) == 1
    assert driver.names() == [
        "RequestEvent", "AnswerEvent", "RetryEvent",
        "RequestEvent", "AnswerEvent", "RetryEvent",
        "RequestEvent", "AnswerEvent",
    ]  # fmt: skip


@pytest.mark.parametrize("service", [CREATE, CONFIRM, "some.service"])
@pytest.mark.parametrize("failure", [NO_REPLY, TransportError("bad_reply", "html")])
def test_what_may_have_left_is_not_repeated(
    service: str, failure: TransportError
) -> None:
    """Nothing but a query is sent again once it may have been received."""
    driver = Driver(failure, ANSWER)
    with pytest.raises(OutcomeUnknown):
        driver.run(service)
    assert len(driver.requests) == 1
    assert driver.pauses == []


@pytest.mark.parametrize(
    "failure",
    [
        NO_REPLY,
        TransportError("bad_reply", "html"),
        OVERLOADED,
        unknown(QUERY, "slow down", {"http_status": 429}),
        unknown(QUERY, "system", {"http_status": 200}, code="SYSTEMERROR"),
    ],
)
def test_a_query_is_repeated(failure: KesspayError) -> None:
    """A query changes nothing: it is repeated where the gateway gave no answer."""
    driver = Driver(failure, failure, ANSWER)
    assert driver.run(QUERY) == "answer"
    assert len(driver.requests) == 3
    retries = [event for event in driver.events if isinstance(event, RetryEvent)]
    assert [(event.attempt, event.delay) for event in retries] == [
        (2, 0.125),
        (3, 0.25),
    ]
    assert {event.reason for event in retries} == {"OutcomeUnknown"}


@pytest.mark.parametrize(
    "answer",
    [
        unknown(QUERY, "pending", {"http_status": 200}, code="PENDING"),
        unknown(QUERY, "no such", {"http_status": 400}, code="NOTEXIST"),
        unknown(QUERY, "not authentic", {"http_status": 200}),
        unknown(QUERY, "odd", {"http_status": True}),
        Rejected("no", code="EXPIRED"),
    ],
)
def test_an_answer_is_not_asked_for_again(answer: GatewayError) -> None:
    """What the gateway said, or an attacker forged, goes to the caller at once."""
    driver = Driver(answer, ANSWER)
    with pytest.raises(type(answer)) as caught:
        driver.run(QUERY)
    assert caught.value is answer
    assert len(driver.requests) == 1


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_retries_end(retries: int) -> None:
    """There are as many retries as the client allows, and the last error stays."""
    driver = Driver(*[NOT_SENT] * 9, retries=retries)
    with pytest.raises(NotSent):
        driver.run(CONFIRM)
    assert len(driver.requests) == retries + 1


def test_pauses_have_a_limit() -> None:
    """However many retries there are, a pause stays below eight seconds."""
    driver = Driver(*[NOT_SENT] * 11, retries=10, until=1000)
    with pytest.raises(NotSent):
        driver.run(CONFIRM)
    assert driver.pauses[-1] == 4.0
    assert sorted(driver.pauses) == driver.pauses


def test_no_pause_beyond_the_deadline() -> None:
    """Where the pause would end after the deadline, the error comes at once."""
    driver = Driver(NOT_SENT, ANSWER, until=0.6)
    with pytest.raises(NotSent):
        driver.run(CONFIRM)
    assert driver.pauses == []


def test_a_pause_is_at_least_as_long_as_the_backoff() -> None:
    """While no log-in may start, a retry waits for the end of that time."""
    driver = Driver(ANSWER)
    errors = [NotSent("too early"), NotSent("down")]
    errors[0].retry_after = 3.0

    def tokens() -> Token:
        if errors:
            raise errors.pop(0)
        return Token("t", 60)

    driver.tokens = tokens
    assert driver.run(CONFIRM) == "answer"
    assert driver.pauses == [3.0, 0.25]
    assert driver.firsts == [True]


def test_refused_credentials_are_not_tried_again() -> None:
    """A wrong password is no matter of patience."""
    driver = Driver(ANSWER)

    def tokens() -> Token:
        raise AuthenticationFailed("no")

    driver.tokens = tokens
    with pytest.raises(AuthenticationFailed):
        driver.run(QUERY)
    assert driver.pauses == []


def rejected() -> TokenRejected:
    """Return what a 401 is."""
    return TokenRejected("401", evidence={"http_status": 401})


def test_one_401_for_each_call() -> None:
    """A second 401 of one call ends it, also after a retry."""
    driver = Driver(rejected(), OVERLOADED, rejected(), ANSWER)
    with pytest.raises(AuthenticationFailed):
        driver.run(QUERY)
    assert [one is not None for one in driver.rejected] == [False, True, False]
    assert len(driver.requests) == 3


def test_a_send_after_a_401_is_a_second_send() -> None:
    """The answer to the second send is read as one, and "not sent" is unknown."""
    driver = Driver(rejected(), ANSWER)
    assert driver.run(CONFIRM) == "answer"
    assert driver.firsts == [True, False]
    driver = Driver(rejected(), NOT_SENT, ANSWER)
    with pytest.raises(OutcomeUnknown):
        driver.run(CONFIRM)
    assert len(driver.requests) == 2


def test_a_log_in_that_fails_after_a_retry() -> None:
    """A query that had left and finds no token any more is not called unsent."""
    driver = Driver(NO_REPLY, ANSWER, retries=1)
    tokens = [Token("t", 60)]

    def next_token() -> Token:
        if tokens:
            return tokens.pop()
        raise NotSent("down", evidence={"phase": "log-in"})

    driver.tokens = next_token
    with pytest.raises(OutcomeUnknown, match="no usable answer"):
        driver.run(QUERY)


def test_only_a_confirm_wants_a_fresh_connection() -> None:
    """The call says it, and the request carries it."""
    for service in (CONFIRM, QUERY):
        driver = Driver(ANSWER)
        driver.run(service)
        assert driver.requests[0].fresh is (service == CONFIRM)


def test_the_events_of_a_call() -> None:
    """Each request has its answer; both carry the facts of the bytes."""
    driver = Driver(Rejected("no", code="EXPIRED"))
    with pytest.raises(Rejected):
        driver.run(CONFIRM)
    request, answer = driver.events
    assert request == RequestEvent(
        call_id="c-1",
        service=CONFIRM,
        reference="ref-1",
        attempt=1,
        size=4,
        sha256="230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5",
    )
    assert isinstance(answer, AnswerEvent)
    assert (answer.verdict, answer.code, answer.reason) == (
        "rejected",
        "EXPIRED",
        "Rejected",
    )
    assert (answer.http_status, answer.size, answer.transport) == (200, 6, "")
    assert answer.seconds == pytest.approx(0.25)


def test_events_without_a_hook_are_not_made(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a hook only what the logger takes is made, and that is whole."""
    caplog.set_level(logging.WARNING, logger="kesspay")
    hashed: list[bytes] = []

    def digest(body: bytes) -> Any:  # noqa: ANN401 - stands in for hashlib
        hashed.append(body)
        return sha256(body)

    monkeypatch.setattr(flow_module, "sha256", digest)
    driver = Driver("good", Rejected("no", code="EXPIRED"), NO_REPLY, NO_REPLY)
    driver.options = driver.options._replace(listeners=Listeners(None))
    assert driver.run(CREATE) == "answer"
    with pytest.raises(Rejected):
        driver.run(CONFIRM)
    assert (caplog.records, hashed) == ([], [])
    with pytest.raises(OutcomeUnknown):
        driver.run(CONFIRM)
    (record,) = caplog.records
    assert "verdict='unknown'" in record.getMessage()
    assert "transport='no_reply'" in record.getMessage()
    caplog.set_level(logging.DEBUG, logger="kesspay")
    with pytest.raises(OutcomeUnknown):
        driver.run(CONFIRM)
    assert [one.levelname for one in caplog.records[1:]] == ["DEBUG", "WARNING"]
    assert hashed == [b"body"]


def test_the_events_of_a_call_that_is_given_up() -> None:
    """A flow that is closed, as by a cancelled task, sends its last event."""
    driver = Driver()
    call = Call(CONFIRM, "ref-1", b"body", driver.parse, fresh=True)
    flow = call_flow(call, ENDPOINT, driver.options)
    assert isinstance(next(flow), TokenWanted)
    assert isinstance(flow.send(Token("t", 60)), HttpRequest)
    flow.close()
    assert driver.names() == ["RequestEvent", "AnswerEvent"]
    answer = driver.events[-1]
    assert isinstance(answer, AnswerEvent)
    assert (answer.verdict, answer.reason) == ("unknown", "GeneratorExit")


def test_the_events_of_a_log_in() -> None:
    """An event has neither size nor digest of a log-in: both depend on secrets."""
    driver = Driver()
    flow = log_in_flow(ENDPOINT, credentials(), driver.options)
    request = next(flow)
    assert isinstance(request, HttpRequest)
    with pytest.raises(StopIteration) as stop:
        flow.send(token_answer())
    assert stop.value.value.expire_in == 3600
    begun, answer, token = driver.events
    assert isinstance(begun, RequestEvent)
    assert isinstance(answer, AnswerEvent)
    assert (begun.service, begun.size, begun.sha256) == ("token", 0, "")
    assert (answer.verdict, answer.size, answer.sha256) == ("success", 0, "")
    assert token == TokenEvent(call_id="c-1", expire_in=3600)


@pytest.mark.parametrize("kind", ["not_sent", "no_reply", "bad_reply"])
def test_a_log_in_that_breaks(kind: Broken) -> None:
    """However a log-in breaks, what waited for it was not sent."""
    driver = Driver()
    flow = log_in_flow(ENDPOINT, credentials(), driver.options)
    next(flow)
    with pytest.raises(NotSent) as caught:
        flow.throw(TransportError(kind, "why"))
    assert caught.value.evidence == {"phase": "log-in", "transport": kind}


def engine(**settings: Any) -> Engine:  # noqa: ANN401 - any argument of the class
    """Return an engine on a clock of its own."""
    clock = Clock()
    made: dict[str, Any] = {
        "endpoint": ENDPOINT,
        "credentials": credentials(),
        "signer": partner_key(),
        "verifier": gateway_key(),
        "profile": PHP_8,
        "amount_format": "number",
        "retries": 2,
        "listeners": Listeners(None),
        "clock": clock,
        "random": lambda: 0.5,
        "wall": clock,
    }
    return Engine(**{**made, **settings})


def test_the_options_of_a_call() -> None:
    """Each call has an id of its own; retries are those of the client, or fewer."""
    made = engine(retries=4)
    first, second = made.options(7.0), made.options(7.0, retries=0)
    assert (first.until, first.retries, second.retries) == (7.0, 4, 0)
    assert first.call_id != second.call_id
    assert first.clock is made.clock
    assert first.listeners is made.listeners


def test_the_calls_of_an_engine() -> None:
    """A call names its service and its reference, and whether it can move money."""
    made = engine()
    calls: list[Call[Any]] = [
        made.create(CREATE_REQUEST),
        made.confirm(CONFIRM_REQUEST, sent_before=False),
        made.query(QUERY_REQUEST),
        made.service("some.service", {"a": 1}),
    ]
    assert [(one.service, one.reference, one.fresh) for one in calls] == [
        (CREATE, "order-1", False),
        (CONFIRM, "PT-1", True),
        (QUERY, "order-1", False),
        ("some.service", "", True),
    ]
    assert [one.out_trade_no for one in calls] == ["", "order-1", "", ""]
    for one in calls:
        partner_key().public_key.verify_document(one.body)


@pytest.mark.parametrize(
    ("once", "sent_before", "final"),
    [(True, False, True), (False, False, False), (True, True, False)],
)
def test_which_confirm_an_engine_lets_be_refused(
    once: bool,  # noqa: FBT001 - a row of the table
    sent_before: bool,  # noqa: FBT001 - a row of the table
    final: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """Only the first and only send; a confirm by its name never."""
    made = engine()
    refusal = signed(400, failure("EXPIRED"))
    call = made.confirm(CONFIRM_REQUEST, sent_before=sent_before)
    with pytest.raises(Rejected if final else OutcomeUnknown):
        call.parse(refusal, once)
    by_name = made.service(CONFIRM, {"pre_transfer_id": "PT-1"})
    with pytest.raises(OutcomeUnknown):
        by_name.parse(refusal, once)


def test_an_engine_is_not_copied() -> None:
    """It holds the credentials and the key."""
    with pytest.raises(InputError, match="Engine"):
        copy(engine())
    assert CANARIES["password"] not in repr(engine())
