"""The time of a sandbox, for clients that live in it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from kesspay.sandbox.world import World


__all__ = ["SandboxClock"]


class SandboxClock:
    """
    A ``Clock`` for clients: a pause puts the sandbox's time forward and takes none.

    ::

        client = Client(**sandbox.settings, transport=sandbox.transport,
                        clock=sandbox.clock)

    Args:
        world: whose time it is.
    """

    def __init__(self, world: World) -> None:
        """Take the sandbox."""
        self._world = world

    def monotonic(self) -> float:
        """Return the time of the sandbox."""
        return self._world.now()

    def time(self) -> float:
        """Return the time of the sandbox."""
        return self._world.now()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._world.advance(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Let time pass, and other tasks run."""
        self._world.advance(seconds)
        await asyncio.sleep(0)
