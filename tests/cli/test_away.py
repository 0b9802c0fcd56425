"""A journal that is away: pauses that grow, one line for each, and an end."""

from __future__ import annotations

import math
from typing import cast

import pytest

from kesspay.cli import away
from kesspay.cli.away import Away
from kesspay.errors import JournalUnavailable


class Clock:
    """A clock, and the event that ends a pause."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.now = 0.0
        self.pauses: list[float] = []
        self.stopped = False

    def wait(self, seconds: float) -> bool:
        """Let time go by."""
        self.now += seconds
        self.pauses.append(seconds)
        return self.stopped


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that is that of the module."""
    made = Clock()
    monkeypatch.setattr(away.time, "monotonic", lambda: made.now)  # type: ignore[attr-defined] # a module that it imports
    return made


def away_of(clock: Clock, patience: float) -> Away:
    """Return what waits by a clock."""
    return Away(cast("away.Event", clock), patience)  # type: ignore[name-defined] # for type checkers only


ERROR = JournalUnavailable("the journal is locked")


def test_pauses_grow(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """They double up to a minute, and begin anew when the journal was there."""
    waiting = away_of(clock, math.inf)
    assert all(waiting.wait(ERROR) for _ in range(8))
    assert clock.pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    told = capsys.readouterr().err.splitlines()
    assert told[1] == "kesspay: the journal is locked. Trying again in 2 s."
    waiting.is_back()
    waiting.is_back()
    assert capsys.readouterr().err == "kesspay: the journal is there again\n"
    assert waiting.wait(ERROR)
    assert clock.pauses[-1] == 1


def test_patience_ends(clock: Clock) -> None:
    """The last pause ends with it; then the error is raised as it is."""
    waiting = away_of(clock, 5)
    for _ in range(3):
        assert waiting.wait(ERROR)
    assert clock.pauses == [1, 2, 2]
    with pytest.raises(JournalUnavailable, match="locked"):
        waiting.wait(ERROR)


def test_somebody_ends_it(clock: Clock) -> None:
    """Then it is not tried again."""
    clock.stopped = True
    assert not away_of(clock, 5).wait(ERROR)
