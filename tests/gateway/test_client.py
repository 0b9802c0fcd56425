# ruff: noqa: ANN401 - what tests are given is of any type

"""The calls of both clients: what is sent how often, and what an error means."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    TransportError,
)
from kesspay.gateway.messages import FundTransfer, PreTransfer
from tests.gateway.helpers import (
    CANARIES,
    CONFIRM_DATA,
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    QUERY_DATA,
    UNAUTHENTICATED,
    HandSet,
    Script,
    Scripted,
    call,
    client,
    failure,
    plain,
    signed,
    success,
    token_answer,
)


pytestmark = pytest.mark.usefixtures("face")

CREATED = signed(200, success(CREATE_DATA))
CONFIRMED = signed(200, success(CONFIRM_DATA))
QUERIED = signed(200, success(QUERY_DATA))

SERVICES = ["create", "confirm", "query", "call"]
GOOD = {
    "create": CREATED,
    "confirm": CONFIRMED,
    "query": QUERIED,
    "call": signed(200, success({"n": 1})),
}


def error_of(service: str, *answers: Scripted) -> tuple[GatewayError, Script]:
    """Return the error that a scripted call ends in, and what was sent."""
    made, script = client(*answers)
    with pytest.raises(GatewayError) as caught:
        call(made, service)
    return caught.value, script


def test_a_whole_transfer() -> None:
    """One log-in, then each request once."""
    made, script = client(token_answer(), CREATED, CONFIRMED, QUERIED)
    with made:
        created = made.create_fund_transfer(CREATE_REQUEST)
        paid = made.confirm_fund_transfer(created, partner_transaction_id="debit-1")
        asked = made.query_fund_transfer(created)
        assert created == PRE_TRANSFER
        assert isinstance(created, PreTransfer)
        assert isinstance(paid, FundTransfer)
        assert paid == asked
        assert made.token().access_token == CANARIES["access_token"]
    assert script.paths == ["token", "gateway", "gateway", "gateway"]


def test_what_may_move_money_has_a_connection_of_its_own() -> None:
    """A confirm has, and so has a service that is not known; the others share."""
    made, script = client(token_answer(), *GOOD.values())
    for service in SERVICES:
        call(made, service)
    assert [request.fresh for request in script.sent] == [
        False,
        *(service in {"confirm", "call"} for service in SERVICES),
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_401_leads_to_one_log_in_and_the_same_body(service: str) -> None:
    """After a 401 the very same bytes go out once more, with a new token."""
    made, script = client(
        token_answer(),
        UNAUTHENTICATED,
        token_answer(CANARIES["second_token"]),
        GOOD[service],
    )
    call(made, service)
    assert script.paths == ["token", "gateway", "token", "gateway"]
    first, second = script.sent[1], script.sent[3]
    assert first.body == second.body
    assert ("Authorization", f"Bearer {CANARIES['access_token']}") in first.headers
    assert ("Authorization", f"Bearer {CANARIES['second_token']}") in second.headers


@pytest.mark.parametrize("service", SERVICES)
def test_a_second_401_ends_it(service: str) -> None:
    """Two 401s: of a confirm the outcome is unknown, elsewhere the log-in failed."""
    error, script = error_of(
        service, token_answer(), UNAUTHENTICATED, token_answer("t-2"), UNAUTHENTICATED
    )
    harmless = service in {"create", "query"}
    assert type(error) is (AuthenticationFailed if harmless else OutcomeUnknown)
    assert len(script.sent) == 4


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "answer", [UNAUTHENTICATED, plain(500, b""), TransportError("not_sent", "refused")]
)
def test_a_log_in_that_fails_after_a_401(service: str, answer: Scripted) -> None:
    """The request had left: nothing says any more that it had no effect."""
    error, script = error_of(service, token_answer(), UNAUTHENTICATED, answer)
    refused = answer is UNAUTHENTICATED and service in {"create", "query"}
    assert type(error) is (AuthenticationFailed if refused else OutcomeUnknown)
    assert script.paths == ["token", "gateway", "token"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["not_sent", "no_reply", "bad_reply"])
def test_broken_exchanges(service: str, kind: Any) -> None:
    """An exchange that broke off is never repeated automatically."""
    error, script = error_of(service, token_answer(), TransportError(kind, "why"))
    assert type(error) is (NotSent if kind == "not_sent" else OutcomeUnknown)
    assert error.evidence["transport"] == kind
    assert script.paths == ["token", "gateway"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_second_send_that_fails(service: str) -> None:
    """After a 401 even "not sent" is unknown: the first one had left."""
    error, _ = error_of(
        service,
        token_answer(),
        UNAUTHENTICATED,
        token_answer("t-2"),
        TransportError("not_sent", "refused"),
    )
    assert type(error) is OutcomeUnknown


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (UNAUTHENTICATED, AuthenticationFailed),
        (plain(503, b"<html>"), NotSent),
        (TransportError("not_sent", "refused"), NotSent),
        (TransportError("no_reply", "reset"), NotSent),
        (TransportError("bad_reply", "gzip"), NotSent),
    ],
)
def test_without_a_token_nothing_is_sent(
    service: str, answer: Scripted, kind: type[GatewayError]
) -> None:
    """A log-in that fails is certain: the request did not leave."""
    error, script = error_of(service, answer)
    assert type(error) is kind
    assert error.outcome == "not_sent"
    assert error.evidence["phase"] == "log-in"
    assert script.paths == ["token"]


def test_a_refusal_after_a_401_is_not_final() -> None:
    """The second send after a 401 is a second send."""
    error, _ = error_of(
        "confirm",
        token_answer(),
        UNAUTHENTICATED,
        token_answer("t-2"),
        signed(400, failure("EXPIRED")),
    )
    assert type(error) is OutcomeUnknown


def test_a_confirm_by_call_is_never_final() -> None:
    """Nothing counts the sends of a confirm that is called by its name."""
    made, _ = client(token_answer(), signed(400, failure("EXPIRED")))
    with pytest.raises(OutcomeUnknown):
        made.call("confirm.fundTransfer", {"pre_transfer_id": "PT-1"})


@pytest.mark.parametrize("service", SERVICES)
def test_a_transport_that_raises_something_else(service: str) -> None:
    """A foreign error after sending may not be taken for "not sent"."""
    error, _ = error_of(service, token_answer(), RuntimeError("canary-password-c09a"))
    assert type(error) is OutcomeUnknown
    assert "RuntimeError" in str(error)
    assert "canary" not in str(error)


def test_one_deadline_for_everything() -> None:
    """Log-ins and sends share the time of the call; the last one gets the rest."""
    made, script = client(
        token_answer(), UNAUTHENTICATED, token_answer("t-2"), CREATED, timeout=50
    )
    call(made, "create", timeout=7)
    assert 7 >= script.timeouts[0] >= script.timeouts[1] >= script.timeouts[2]
    assert min(script.timeouts) > 0
    made, script = client(token_answer(), CREATED, timeout=50)
    call(made, "create")
    assert 7 < script.timeouts[0] <= 50


def test_a_deadline_that_passed_sends_nothing() -> None:
    """When the log-in ate the time, the request does not leave."""
    clock = HandSet()

    def slow(_: object) -> Any:
        clock.now += 31
        return token_answer()

    made, script = client(slow, clock=clock)
    with pytest.raises(NotSent, match="deadline"):
        call(made, "confirm")
    assert script.paths == ["token"]


def test_closing_forgets_the_token() -> None:
    """After close the next call logs in again."""
    made, script = client(token_answer(), QUERIED, token_answer(), QUERIED)
    call(made, "query")
    made.close()
    call(made, "query")
    assert script.paths == ["token", "gateway", "token", "gateway"]


def test_the_log_says_what_and_how_long(caplog: pytest.LogCaptureFixture) -> None:
    """The log names service, status and verdict, and a failure at a higher level."""
    caplog.set_level(logging.DEBUG, logger="kesspay")
    made, _ = client(token_answer(), QUERIED, TransportError("no_reply", "reset"))
    call(made, "query")
    with pytest.raises(OutcomeUnknown):
        call(made, "query")
    records = [one for one in caplog.records if one.name == "kesspay.gateway"]
    answers = [one for one in records if one.getMessage().startswith("AnswerEvent")]
    logged = [(one.levelname, vars(one)["kesspay"]["verdict"]) for one in answers]
    assert logged == [
        ("DEBUG", "success"),
        ("DEBUG", "success"),
        ("WARNING", "unknown"),
    ]
    assert "http_status=200" in answers[1].getMessage()
    assert "transport='no_reply'" in answers[2].getMessage()
