"""The time a call has left, and what a failure says about how far it got."""

from __future__ import annotations

import math
import socket
from typing import TYPE_CHECKING

import pytest

from kesspay.http.transport import Deadline, Limits
from tests.gateway.helpers import Clock


if TYPE_CHECKING:
    from collections.abc import Iterator


NONE = Limits(connecting=math.inf, reading=math.inf, writing=math.inf)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock, which a test moves."""
    made = Clock()
    monkeypatch.setattr("kesspay.http.transport.monotonic", made)
    return made


@pytest.fixture
def connected() -> Iterator[socket.socket]:
    """Return a socket that is not used."""
    with socket.socket() as unused:
        yield unused


def test_every_step_ends_at_the_deadline(
    clock: Clock, connected: socket.socket
) -> None:
    """What is left only shrinks, however many steps there are."""
    deadline = Deadline(NONE, 10)
    assert deadline.left() == 10
    deadline.begin_to_connect("gateway.example:443")
    clock.now += 4
    assert deadline.left() == 6
    deadline.begin_to_send(connected)
    clock.now += 5
    assert deadline.left() == deadline.left(writing=True) == 1
    clock.now += 1
    for writing in (True, False):
        with pytest.raises(TimeoutError):
            deadline.left(writing=writing)


def test_steps_have_limits_of_their_own(clock: Clock, connected: socket.socket) -> None:
    """A limit shortens a step; it never makes one longer than the deadline."""
    deadline = Deadline(Limits(connecting=3, reading=5, writing=4), 10)
    deadline.begin_to_connect("gateway.example:443")
    clock.now += 2
    assert deadline.left() == 1
    deadline.begin_to_send(connected)
    assert (deadline.left(), deadline.left(writing=True)) == (5, 4)
    clock.now += 6
    assert (deadline.left(), deadline.left(writing=True)) == (2, 2)


def test_nothing_is_sent_after_the_deadline(
    clock: Clock, connected: socket.socket
) -> None:
    """A request whose time is over does not leave, and the failure says so."""
    deadline = Deadline(NONE, 10)
    clock.now += 10
    with pytest.raises(TimeoutError) as caught:
        deadline.begin_to_send(connected)
    assert deadline.failure(caught.value).kind == "not_sent"


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(), KeyError()])
def test_what_may_have_left(
    clock: Clock, connected: socket.socket, error: Exception
) -> None:
    """From the first byte on no failure is "not sent", whatever it was."""
    deadline = Deadline(NONE, 10)
    assert deadline.failure(error).kind == "not_sent"
    deadline.begin_to_connect("gateway.example:443")
    failure = deadline.failure(error)
    assert failure.kind == "not_sent"
    of_system = isinstance(error, OSError)
    assert str(failure).endswith(", connecting to gateway.example:443") == of_system
    deadline.begin_to_send(connected)
    failure = deadline.failure(error)
    assert failure.kind == "no_reply"
    assert "gateway.example" not in str(failure)
