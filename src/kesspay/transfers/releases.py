"""
Release a payment whose call was interrupted, in a thread of its own.

What interrupts a call (a cancelled task, Ctrl-C, the time limit of a job queue)
wants to end it now, and may come a second time. So another thread releases
the payment: no second interruption stops that, and a slow disk delays the first
one only for a short time.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["Releases", "beside"]

_T = TypeVar("_T")

#: Seconds that an interrupted call waits for its payment to be released.
_PATIENCE: Final = 0.5
_PAUSE: Final = 0.002


class Releases:
    """The payments that are being released. Any number of threads may use it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._threads: list[Thread] = []

    def begin(self, act: Callable[[], None]) -> None:
        """Begin to release one; ``act`` must raise nothing."""
        thread = Thread(target=act, name="kesspay-release", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The system gives no thread. The lease ends with its time, and what
            # interrupted the call must not be replaced by this error.
            return
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)

    def wait(self) -> None:
        """Wait until all are released, but not for long."""
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


def beside(act: Callable[[], _T]) -> _T:
    """
    Do something in another thread: an interruption ends only the wait for it.

    Where the system gives no thread, in this one.
    """
    done: Future[_T] = Future()

    def work() -> None:
        try:
            done.set_result(act())
        except BaseException as error:  # noqa: BLE001 - raised by the caller
            done.set_exception(error)

    try:
        Thread(target=work, name="kesspay-round", daemon=True).start()
    except RuntimeError:
        work()
    return done.result()
