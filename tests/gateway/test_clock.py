"""The clock of a client: that of the machine, or one that a test sets."""

from __future__ import annotations

import asyncio
import time

import pytest

from kesspay.errors import InputError, TransportError
from kesspay.gateway.clock import SYSTEM_CLOCK, Clock
from tests.gateway.helpers import (
    QUERY_DATA,
    HandSet,
    call,
    client,
    signed,
    success,
    token_answer,
)


QUERIED = signed(200, success(QUERY_DATA))


def test_the_system_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the machine's: its times, and its ways to wait."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(SYSTEM_CLOCK.sleep_async(2.5))
    assert slept == [2.5]
    assert SYSTEM_CLOCK.sleep is time.sleep
    assert SYSTEM_CLOCK.monotonic is time.monotonic
    assert SYSTEM_CLOCK.time is time.time
    assert isinstance(SYSTEM_CLOCK, Clock)


def test_a_client_waits_with_its_clock() -> None:
    """The pause before a repetition is one of the clock's."""
    clock = HandSet()
    broken = TransportError("not_sent", "refused")
    made, script = client(token_answer(), broken, QUERIED, retries=1, clock=clock)
    call(made, "query")
    assert len(clock.slept) == 1
    assert script.paths == ["token", "gateway", "gateway"]


def test_a_token_ages_with_the_clock() -> None:
    """A token that expired on the clock is not sent."""
    clock = HandSet()
    made, script = client(token_answer(), QUERIED, token_answer(), QUERIED, clock=clock)
    call(made, "query")
    clock.now += 3600
    call(made, "query")
    assert script.paths == ["token", "gateway", "token", "gateway"]


def test_something_else() -> None:
    """What cannot wait is no clock."""
    with pytest.raises(InputError, match="clock must be a Clock"):
        client(clock=time.time)
