"""Where the client has the time from: the machine, or a test that lets it pass."""

from __future__ import annotations

import asyncio
import time as machine
from typing import Protocol, runtime_checkable


__all__ = ["SYSTEM_CLOCK", "Clock"]


@runtime_checkable
class Clock(Protocol):
    """
    What a client has the time from, and what it waits with.

    The one of a sandbox, ``Sandbox.clock``, passes only while something waits. Seconds
    are floats.
    """

    def monotonic(self) -> float:
        """Return seconds that never go back; deadlines are measured with them."""

    def time(self) -> float:
        """Return seconds since 1970."""

    def sleep(self, seconds: float, /) -> None:
        """Wait, in a thread."""

    async def sleep_async(self, seconds: float, /) -> None:
        """Wait, in a task."""


class _SystemClock:
    """The clock of the machine."""

    monotonic = staticmethod(machine.monotonic)
    time = staticmethod(machine.time)
    sleep = staticmethod(machine.sleep)

    async def sleep_async(self, seconds: float, /) -> None:
        """Let the task sleep."""
        await asyncio.sleep(seconds)


#: The clock of the machine.
SYSTEM_CLOCK: Clock = _SystemClock()
