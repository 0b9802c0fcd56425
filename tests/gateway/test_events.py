"""The events of calls: in the log, and in the hook of a client."""

from __future__ import annotations

import logging
from dataclasses import fields
from typing import TYPE_CHECKING, NoReturn

import pytest

from kesspay.errors import InputError, OutcomeUnknown, TransportError
from kesspay.gateway.events import (
    AnswerEvent,
    Event,
    RequestEvent,
    RetryEvent,
    TokenEvent,
    log_event,
)
from tests.gateway.helpers import (
    CANARIES,
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    client,
    signed,
    success,
    token_answer,
)


if TYPE_CHECKING:
    from kesspay.gateway.events import Verdict


def answer(verdict: Verdict, code: str = "") -> AnswerEvent:
    """Return an answer with a verdict."""
    return AnswerEvent(
        call_id="c",
        service="s",
        reference="r",
        attempt=1,
        verdict=verdict,
        http_status=200,
        code=code,
        reason="",
        transport="",
        seconds=0.5,
        size=1,
        sha256="",
    )


RETRY = RetryEvent(
    call_id="c", service="s", reference="r", attempt=2, delay=1.0, reason="NotSent"
)


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (answer("success"), "DEBUG"),
        (answer("rejected"), "DEBUG"),
        (answer("unauthenticated"), "DEBUG"),
        (answer("not_sent"), "WARNING"),
        (answer("unknown"), "WARNING"),
        (RETRY, "WARNING"),
        (TokenEvent(call_id="c", expire_in=None), "DEBUG"),
    ],
)
def test_levels(event: Event, level: str, caplog: pytest.LogCaptureFixture) -> None:
    """What needs attention is a warning; the others are for debugging."""
    caplog.set_level(logging.DEBUG, logger="kesspay")
    log_event(event)
    (record,) = caplog.records
    assert record.levelname == level
    logged = vars(record)["kesspay"]
    assert logged["event"] == type(event).__name__
    for field in fields(event):
        assert logged[field.name] == getattr(event, field.name)
        assert f" {field.name}={getattr(event, field.name)!r}" in record.getMessage()


def test_a_code_cannot_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """A line break in a code of the gateway is shown as an escape."""
    log_event(answer("unknown", "A\nWARNING forged"))
    assert len(caplog.records[0].getMessage().splitlines()) == 1


def test_events_below_the_log_level_are_not_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Below the level of the logger nothing is made."""
    caplog.set_level(logging.WARNING, logger="kesspay")
    log_event(answer("success"))
    assert caplog.records == []


@pytest.mark.usefixtures("face")
def test_a_hook_gets_every_event() -> None:
    """The hook sees the log-in and the call, in order, each with its answer."""
    seen: list[Event] = []
    made, _ = client(
        token_answer(),
        TransportError("not_sent", "refused"),
        signed(200, success(CREATE_DATA)),
        on_event=seen.append,
        retries=1,
    )
    made.create_fund_transfer(CREATE_REQUEST)
    assert [type(event) for event in seen] == [
        RequestEvent, AnswerEvent, TokenEvent,
        RequestEvent, AnswerEvent, RetryEvent,
        RequestEvent, AnswerEvent,
    ]  # fmt: skip
    log_in, call = {event.call_id for event in seen[:3]}, seen[3].call_id
    assert len(log_in) == 1
    assert call not in log_in
    assert {event.call_id for event in seen[3:]} == {call}
    assert not [one for one in CANARIES.values() if one in repr(seen)]


@pytest.mark.usefixtures("face")
def test_a_hook_that_raises_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An error of the hook is logged by its type; the call continues."""

    def broken(event: Event) -> NoReturn:
        raise RuntimeError(f"canary-secret {event}")

    made, _ = client(token_answer(), signed(200, success(CREATE_DATA)), on_event=broken)
    assert made.create_fund_transfer(CREATE_REQUEST) == PRE_TRANSFER
    assert "on_event raised RuntimeError" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.usefixtures("face")
@pytest.mark.parametrize("value", ["print", 5])
def test_a_hook_must_be_a_function(value: object) -> None:
    """Anything else is refused when the client is made."""
    with pytest.raises(InputError, match="on_event"):
        client(on_event=value)


@pytest.mark.usefixtures("face")
def test_a_transport_that_returns_nothing() -> None:
    """What is no response says nothing about the transfer."""
    made, _ = client(token_answer(), lambda _: None)  # type: ignore[arg-type,return-value] # two parts
    with pytest.raises(OutcomeUnknown, match="returned a NoneType"):
        made.confirm_fund_transfer(PRE_TRANSFER, partner_transaction_id="d-1")


def test_the_code_of_an_event_is_one_of_the_gateway() -> None:
    """SystemExit has a code, too, and of any type: it says nothing of the gateway."""

    def ends(_: object) -> NoReturn:
        raise SystemExit(3)

    events: list[Event] = []
    made, _ = client(token_answer(), ends, on_event=events.append)
    with pytest.raises(SystemExit):
        made.query_fund_transfer(PRE_TRANSFER)
    last = events[-1]
    assert isinstance(last, AnswerEvent)
    assert (last.code, last.reason, last.verdict) == ("", "SystemExit", "unknown")
