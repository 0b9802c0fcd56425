"""The token for tasks: one log-in at a time, whoever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import AuthenticationFailed, GatewayError, NotSent
from kesspay.gateway.async_token_cache import AsyncTokenCache
from kesspay.gateway.messages import Token
from kesspay.gateway.tokens import StoredToken, TokenBook
from tests.gateway.helpers import Clock


if TYPE_CHECKING:
    from collections.abc import Callable


class LogIns:
    """Counts log-ins; gives tokens, or raises; can be made to wait."""

    def __init__(self) -> None:
        """Begin with log-ins that work at once."""
        self.failure: Callable[[], Exception] | None = None
        self.made: list[Token] = []
        self.count = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, until: float) -> Token:
        """Log in."""
        assert until > 0
        self.count += 1
        self.begun.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure()
        self.made.append(Token(f"token-{self.count}", 600))
        return self.made[-1]


class SharedStore:
    """A store in memory."""

    stored: StoredToken | None = None

    def load(self) -> StoredToken | None:
        """Return what was saved last."""
        return self.stored

    def save(self, stored: StoredToken) -> None:
        """Keep it."""
        self.stored = stored


def parts(
    store: SharedStore | None = None,
) -> tuple[AsyncTokenCache, LogIns, Clock]:
    """Return a cache, its log-ins and its clock."""
    log_ins, clock = LogIns(), Clock()
    return AsyncTokenCache(TokenBook(clock, clock), log_ins, store), log_ins, clock


def test_a_token_is_kept_and_renewed() -> None:
    """One log-in serves until the last tenth begins."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        first = await cache.get(until=clock.now + 5)
        assert await cache.get(until=clock.now + 5) is first
        clock.now += 541
        assert await cache.get(until=clock.now + 5) is log_ins.made[1]
        assert await cache.get(until=clock.now + 5, rejected=first) is log_ins.made[1]
        assert log_ins.count == 2

    asyncio.run(main())


@pytest.mark.parametrize("revoked", [False, True])
def test_thirty_two_tasks_log_in_once(revoked: bool) -> None:  # noqa: FBT001
    """However many tasks need a token at once, there is one log-in."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        old = await cache.get(until=clock.now + 60) if revoked else None
        log_ins.gate.clear()
        tasks = [
            asyncio.create_task(cache.get(until=clock.now + 60, rejected=old))
            for _ in range(32)
        ]
        await asyncio.sleep(0)
        log_ins.gate.set()
        got = await asyncio.gather(*tasks)
        assert {id(token) for token in got} == {id(log_ins.made[-1])}
        assert log_ins.count == (2 if revoked else 1)

    asyncio.run(main())


def test_thirty_two_tasks_fail_once() -> None:
    """A log-in that fails is not tried again by everybody who waited for it."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        log_ins.failure = lambda: AuthenticationFailed("no")
        log_ins.gate.clear()
        tasks = [
            asyncio.create_task(cache.get(until=clock.now + 60)) for _ in range(32)
        ]
        await asyncio.sleep(0)
        log_ins.gate.set()
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(error) for error in errors} == {AuthenticationFailed}
        assert len({id(error) for error in errors}) == 32
        assert log_ins.count == 1

    asyncio.run(main())


def test_cancelling_one_takes_nothing_from_the_others() -> None:
    """The task that began the log-in goes away; the others get the token."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        log_ins.gate.clear()
        first = asyncio.create_task(cache.get(until=clock.now + 60))
        await log_ins.begun.wait()
        second = asyncio.create_task(cache.get(until=clock.now + 60))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        log_ins.gate.set()
        assert await second is log_ins.made[0]
        assert log_ins.count == 1

    asyncio.run(main())


def test_a_renewal_does_not_hold_up_the_others() -> None:
    """While one task renews, the others go on with the token at hand."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        first = await cache.get(until=clock.now + 5)
        log_ins.gate.clear()
        log_ins.begun.clear()
        clock.now += 545
        renewing = asyncio.create_task(cache.get(until=clock.now + 60))
        await log_ins.begun.wait()
        assert await cache.get(until=clock.now + 5) is first
        log_ins.failure = lambda: NotSent("down")
        log_ins.gate.set()
        assert await renewing is first, "a failed renewal keeps what still lives"

    asyncio.run(main())


def test_waiting_ends_at_the_deadline() -> None:
    """Who waits for another's log-in does not wait beyond its own deadline."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        log_ins.gate.clear()
        first = asyncio.create_task(cache.get(until=clock.now + 60))
        await log_ins.begun.wait()
        for seconds in (0.01, -1):
            with pytest.raises(NotSent, match="deadline"):
                await cache.get(until=clock.now + seconds)
        log_ins.gate.set()
        await first
        assert log_ins.count == 1

    asyncio.run(main())


def test_a_refused_log_in_rests() -> None:
    """After a failure the next log-in waits for a moment."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        log_ins.failure = lambda: NotSent("down")
        with pytest.raises(NotSent, match="down"):
            await cache.get(until=clock.now + 5)
        with pytest.raises(NotSent, match="due in") as caught:
            await cache.get(until=clock.now + 5)
        assert caught.value.retry_after > 0
        log_ins.failure = None
        clock.now += 2
        assert await cache.get(until=clock.now + 5) is log_ins.made[0]

    asyncio.run(main())


def test_a_log_in_that_crashes_lets_the_next_one_try() -> None:
    """An error that is none of ours passes, and blocks nobody."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        log_ins.failure = lambda: ZeroDivisionError("bug")
        with pytest.raises(ZeroDivisionError):
            await cache.get(until=clock.now + 5)
        log_ins.failure = None
        assert await cache.get(until=clock.now + 5) is log_ins.made[0]

    asyncio.run(main())


def test_forgetting_ends_a_log_in() -> None:
    """Who forgets the token ends the log-in under way; nothing is left running."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        log_ins.gate.clear()
        waiting = asyncio.create_task(cache.get(until=clock.now + 60))
        await log_ins.begun.wait()
        await cache.forget()
        with pytest.raises(NotSent, match="closed"):
            await waiting
        log_ins.gate.set()
        await cache.get(until=clock.now + 60)
        await cache.forget()
        await cache.get(until=clock.now + 60)
        assert log_ins.count == 3

    asyncio.run(main())


def test_another_event_loop() -> None:
    """A log-in of an event loop that is gone does not block the next loop."""
    store = SharedStore()
    cache, log_ins, clock = parts(store)
    tasks: list[asyncio.Task[Token]] = []

    async def begin() -> None:
        log_ins.gate = asyncio.Event()
        log_ins.begun = asyncio.Event()
        tasks.append(asyncio.create_task(cache.get(until=clock.now + 60)))
        await log_ins.begun.wait()

    async def again() -> Token:
        log_ins.gate.set()
        log_ins.begun = asyncio.Event()
        return await cache.get(until=clock.now + 60)

    asyncio.run(begin())
    token = asyncio.run(again())
    assert store.stored is not None
    assert store.stored.token is token
    assert log_ins.count == 2


def test_a_store() -> None:
    """A token in the store is used; a new one is saved there."""

    async def main() -> None:
        store = SharedStore()
        one, log_ins, clock = parts(store)
        first = await one.get(until=clock.now + 5)
        other = AsyncTokenCache(TokenBook(clock, clock), log_ins, store)
        assert await other.get(until=clock.now + 5) is first
        second = await other.get(until=clock.now + 5, rejected=first)
        assert await one.get(until=clock.now + 5, rejected=first) is second
        assert log_ins.count == 2

    asyncio.run(main())


def test_errors_are_of_our_own_tree() -> None:
    """What a log-in refuses is a GatewayError, the same object for its caller."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        error = AuthenticationFailed("no")
        log_ins.failure = lambda: error
        with pytest.raises(GatewayError) as caught:
            await cache.get(until=clock.now + 5)
        assert caught.value is error

    asyncio.run(main())
