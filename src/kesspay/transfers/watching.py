"""A worker: its pauses, and a journal that is unavailable for a while."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Final, Protocol

from kesspay.errors import InputError
from kesspay.gateway.flow import Pause


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.errors import JournalUnavailable
    from kesspay.transfers.leases import Steps


__all__ = ["Absence", "Stop", "Watch"]

#: Seconds of the first pause while the journal is unavailable, and of the longest one.
_FIRST: Final = 1.0
_LONGEST: Final = 60.0
#: Seconds after which a pause looks whether it was ended.
_STEP: Final = 0.5

_log = logging.getLogger("kesspay.transfers")


class Stop(Protocol):
    """What ends a worker: ``threading.Event``, ``asyncio.Event`` or the like."""

    def is_set(self) -> bool:
        """Return whether to end."""


class Absence:
    """
    The pauses while a journal is unavailable, each longer than the one before.

    Args:
        clock: seconds that never go back.
        patience: seconds that all pauses of one absence may take.
    """

    def __init__(self, clock: Callable[[], float], patience: float = math.inf) -> None:
        """Begin with a journal that is there."""
        self._clock = clock
        self._patience = patience
        self._since: float | None = None
        self._pause = _FIRST

    def pause(self, error: JournalUnavailable) -> float:
        """
        Return the seconds to wait before the journal is tried again.

        Raises:
            JournalUnavailable: this error, where the journal was unavailable too long,
                or a later try would fail as well.
        """
        if error.is_refused:
            raise error
        now = self._clock()
        if self._since is None:
            self._since = now
        left = self._since + self._patience - now
        if left <= 0:
            raise error
        pause = min(self._pause, left)
        self._pause = min(2 * self._pause, _LONGEST)
        return pause

    def is_over(self) -> bool:
        """Note that the journal is available; return whether it was not."""
        was_away = self._since is not None
        self._since = None
        self._pause = _FIRST
        return was_away


class Watch:
    """
    The rounds of a worker: the pause after each, and what is logged of the journal.

    Args:
        clock: seconds that never go back.
        every: seconds between two rounds.
        stop: ends a pause.
    """

    def __init__(
        self, clock: Callable[[], float], every: float, stop: Stop | None
    ) -> None:
        """
        Begin with the first round.

        Raises:
            InputError: what is to end it is no event.
        """
        if stop is not None and not callable(getattr(stop, "is_set", None)):
            raise InputError("stop must be None or an event, as threading.Event()")
        self._clock = clock
        self._every = every
        self._stop = stop
        self._absence = Absence(clock)

    @property
    def is_stopped(self) -> bool:
        """Whether the worker is to end."""
        return self._stop is not None and self._stop.is_set()

    def is_there(self) -> None:
        """Note that the journal was used."""
        if self._absence.is_over():
            _log.warning("the journal is available again")

    def is_away(self, error: JournalUnavailable) -> Steps[None]:
        """
        Wait until the journal is to be tried again.

        Raises:
            JournalUnavailable: a later try would fail as well.
        """
        pause = self._absence.pause(error)
        words = str(error).rstrip(".")
        _log.warning("%s. Trying again in %.0f s.", words, pause)
        yield from self._rest(pause)

    def rest(self) -> Steps[None]:
        """Wait until the next round."""
        yield from self._rest(self._every)

    def _rest(self, seconds: float) -> Steps[None]:
        until = self._clock() + seconds
        while not self.is_stopped and (left := until - self._clock()) > 0:
            # A worker that nothing ends need not look up.
            yield Pause(left if self._stop is None else min(left, _STEP))
