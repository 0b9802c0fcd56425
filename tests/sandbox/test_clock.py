"""The time of a sandbox, for clients: a pause takes none of the machine's."""

from __future__ import annotations

import asyncio

from kesspay.gateway.clock import Clock
from tests.sandbox.parties import box


def test_it_is_a_clock() -> None:
    """Both times of a client are the sandbox's."""
    with box() as sandbox:
        clock = sandbox.clock
        assert isinstance(clock, Clock)
        sandbox.advance(100.0)
        assert clock.monotonic() == clock.time() == sandbox.now()


def test_a_pause_puts_it_forward() -> None:
    """In a thread and in a task, where others run meanwhile."""
    ran: list[str] = []

    async def other() -> None:
        ran.append("other")

    async def main() -> None:
        task = asyncio.create_task(other())
        await clock.sleep_async(30.0)
        ran.append("slept")
        await task

    with box() as sandbox:
        clock = sandbox.clock
        begun = sandbox.now()
        clock.sleep(60.0)
        assert sandbox.now() == begun + 60.0
        asyncio.run(main())
        assert sandbox.now() == begun + 90.0
    assert ran == ["other", "slept"]
