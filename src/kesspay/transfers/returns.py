"""
Give back a payment whose call was interrupted, in a thread of its own.

What interrupts a call (a cancelled task, Ctrl-C, the time limit of a job queue)
wants to end it now, and may come a second time. So the payment is given back
beside it: no second interruption stops that, and no slow disk holds the first
one up for long.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from functools import partial
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final

from kesspay.errors import KesspayError


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.transfers.journal import Journal, Lease


__all__ = ["Returns", "Round"]

#: Seconds that an interrupted call waits for its payment to be given back.
_PATIENCE: Final = 0.5
_PAUSE: Final = 0.002


class Returns:
    """The payments that are being given back. Any number of threads may use it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._threads: list[Thread] = []

    def begin(self, act: Callable[[], None]) -> None:
        """Begin to give one back; ``act`` must raise nothing."""
        thread = Thread(target=act, name="kesspay-return", daemon=True)
        thread.start()
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)

    def wait(self) -> None:
        """Wait until all are given back, but not for long."""
        end = monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))

    async def wait_too(self) -> None:
        """Wait as ``wait`` does, in a task."""
        end = monotonic() + _PATIENCE
        # A thread cannot set an Event of a loop that may be closed by then.
        while monotonic() < end and any(  # noqa: ASYNC110 - the line above
            one.is_alive() for one in self._threads
        ):
            await asyncio.sleep(_PAUSE)


class Round:
    """
    The payments that a worker takes in one round, each given back in the end.

    A journal may grant a payment in the very moment in which the worker is
    interrupted. Only the thread that asked for it knows which one it was, so
    that this is where it is given back.

    Args:
        journal: that grants them.
        returns: where they are given back after an interruption.
    """

    def __init__(self, journal: Journal, returns: Returns) -> None:
        """Begin a round."""
        self._journal = journal
        self._returns = returns
        self._lock = Lock()
        self._kept: list[Lease] = []
        self._is_over = False

    def take(self, owner: str, seconds: float) -> Lease | None:
        """Take the payment that is most overdue; None where there is none."""
        leases = self._journal.take_due(owner, seconds, 1)
        with self._lock:
            is_late = self._is_over
            if not is_late:
                self._kept += leases
        if is_late:
            self._give_back(leases)
        return leases[0] if leases else None

    def take_beside(self, owner: str, seconds: float) -> Lease | None:
        """Take one in another thread: an interruption ends the wait alone."""
        taken: Future[Lease | None] = Future()

        def take() -> None:
            try:
                taken.set_result(self.take(owner, seconds))
            except BaseException as error:  # noqa: BLE001 - raised by the caller
                taken.set_exception(error)

        Thread(target=take, name="kesspay-round", daemon=True).start()
        return taken.result()

    def is_done(self, lease: Lease) -> None:
        """Leave a payment to its course, which has given it back."""
        self._kept.remove(lease)

    def end(self) -> list[Lease]:
        """End the round; return what is still to be given back."""
        with self._lock:
            self._is_over = True
            kept, self._kept = self._kept, []
        return kept

    def interrupt(self) -> None:
        """End the round, and begin to give back what it still has."""
        kept = self.end()
        if kept:
            self._returns.begin(partial(self._give_back, kept))

    def _give_back(self, leases: list[Lease]) -> None:
        for lease in leases:
            try:
                self._journal.release(lease)
            except KesspayError:
                # Its time ends.
                continue
