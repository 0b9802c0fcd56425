# ruff: noqa: FBT001 - what tests are given is of any type

"""The token for threads and tasks: renewed early, one log-in at a time, no storm."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import AuthenticationFailed, GatewayError, NotSent
from kesspay.gateway.messages import Token
from kesspay.gateway.token_cache import AsyncTokenCache, TokenCache
from kesspay.gateway.tokens import StoredToken, TokenBook
from tests.gateway.helpers import Clock
from tests.support.forks import in_child, needs_fork


if TYPE_CHECKING:
    from collections.abc import Callable


PATIENCE = 20.0


class LogIns:
    """Counts log-ins; gives tokens, or raises what it is given."""

    def __init__(self, expire_in: int | None = 600) -> None:
        """Begin with log-ins that work."""
        self.expire_in = expire_in
        self.failure: Callable[[], GatewayError] | None = None
        self.made: list[Token] = []
        self.count = 0
        self.deadlines: list[float] = []

    def __call__(self, until: float) -> Token:
        """Log in."""
        self.count += 1
        self.deadlines.append(until)
        if self.failure is not None:
            raise self.failure()
        token = Token(f"token-{self.count}", self.expire_in)
        self.made.append(token)
        return token


def cache_of(log_ins: LogIns) -> tuple[TokenCache, Clock]:
    """Return a cache on a clock of its own."""
    clock = Clock()
    return TokenCache(TokenBook(clock, clock), log_ins), clock


def test_a_token_is_kept() -> None:
    """One log-in serves until the last tenth begins."""
    log_ins = LogIns(600)
    cache, clock = cache_of(log_ins)
    first = cache.get(until=clock.now + 5)
    clock.now += 539
    assert cache.get(until=clock.now + 5) is first
    assert log_ins.count == 1
    clock.now += 1
    assert cache.get(until=clock.now + 5) is log_ins.made[1]
    assert log_ins.deadlines == [1005, 1545]


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_while_another_thread_logs_in() -> None:
    """That thread is not in the child: the next one there logs in."""
    begun, may_end = threading.Event(), threading.Event()
    log_ins = LogIns()

    def log_in(until: float) -> Token:
        if threading.current_thread() is thread:
            begun.set()
            may_end.wait(PATIENCE)
        return log_ins(until)

    clock = Clock()
    cache = TokenCache(TokenBook(clock, clock), log_in)
    thread = threading.Thread(target=cache.get, kwargs={"until": clock.now + 5})

    def work() -> None:
        signal.alarm(30)
        assert cache.get(until=clock.now + 5) is log_ins.made[0]

    thread.start()
    begun.wait(PATIENCE)
    with cache._changed:
        assert in_child(work) == 0
        # As in the child, where nothing measures.
        cache.after_fork_in_child()
        work()
        signal.alarm(0)
    may_end.set()
    thread.join()


class Interrupting(threading.Condition):
    """Raises what a signal handler raises, the first time that it is given back."""

    interrupt: BaseException | None = KeyboardInterrupt()

    def __exit__(self, *exception: object) -> None:
        """Give it back, and be interrupted."""
        super().__exit__(None, None, None)
        error, self.interrupt = self.interrupt, None
        if error is not None:
            raise error


def test_an_interruption_before_a_log_in() -> None:
    """No caller waits for a log-in that was never made."""
    log_ins = LogIns()
    cache, clock = cache_of(log_ins)
    cache._changed = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        cache.get(until=clock.now + 5)
    assert log_ins.count == 0
    assert cache.get(until=clock.now + 5) is log_ins.made[0]


def test_the_life_counts_from_the_sending() -> None:
    """A slow log-in does not make a token live longer."""
    log_ins = LogIns(600)
    clock = Clock()

    def slow(until: float) -> Token:
        clock.now += 100
        return log_ins(until)

    cache = TokenCache(TokenBook(clock, clock), slow)
    cache.get(until=clock.now + 500)
    clock.now += 441
    cache.get(until=clock.now + 500)
    assert log_ins.count == 2


def test_a_failed_renewal_keeps_the_token_to_its_end() -> None:
    """While the old token lives, a log-in that fails disturbs no caller."""
    log_ins = LogIns(600)
    cache, clock = cache_of(log_ins)
    first = cache.get(until=clock.now + 5)
    log_ins.failure = lambda: NotSent("down")
    clock.now += 560
    assert cache.get(until=clock.now + 5) is first
    assert cache.get(until=clock.now + 5) is first
    assert log_ins.count == 2, "the second one rested"
    clock.now += 1.5
    assert cache.get(until=clock.now + 5) is first
    assert log_ins.count == 3
    clock.now = 1000 + 600
    with pytest.raises(NotSent):
        cache.get(until=clock.now + 5)


@pytest.mark.parametrize(
    ("kind", "backoffs"),
    [
        (NotSent, [1, 2, 4, 8, 16, 30, 30, 30]),
        (AuthenticationFailed, [15, 30, 60, 120, 240, 300, 300, 300]),
    ],
)
def test_the_backoff_grows_with_each_failure(
    kind: type[GatewayError], backoffs: list[int]
) -> None:
    """A failure is not kept, but the next log-in waits; a refused one longer."""
    log_ins = LogIns()
    log_ins.failure = lambda: kind("down", evidence={"phase": "log-in"})
    cache, clock = cache_of(log_ins)
    for number, backoff in enumerate(backoffs, 1):
        with pytest.raises(kind, match="down"):
            cache.get(until=clock.now + 5)
        clock.now += backoff - 0.25
        with pytest.raises(kind, match=r"due in 0\.2 s") as caught:
            cache.get(until=clock.now + 5)
        assert caught.value.evidence == {"phase": "log-in"}
        assert log_ins.count == number
        clock.now += 0.25
    log_ins.failure = None
    assert cache.get(until=clock.now + 5).access_token == "token-9"
    log_ins.failure = lambda: kind("down")
    clock.now += 700
    with pytest.raises(kind, match="down"):
        cache.get(until=clock.now + 5)
    clock.now += backoffs[0]
    log_ins.failure = None
    assert cache.get(until=clock.now + 5).access_token == "token-11"


def test_a_caller_in_a_hurry_causes_no_backoff() -> None:
    """A log-in that ran out of its caller's time is tried again at once."""
    log_ins = LogIns()
    clock = Clock()

    def slow(until: float) -> Token:
        clock.now = until
        return log_ins(until)

    cache = TokenCache(TokenBook(clock, clock), slow)
    log_ins.failure = lambda: NotSent("the deadline passed")
    for number in (1, 2, 3):
        with pytest.raises(NotSent, match="the deadline passed"):
            cache.get(until=clock.now + 0.5)
        assert log_ins.count == number


def test_a_rejected_token_is_dropped_only_while_it_is_held() -> None:
    """A caller with an older token gets the newer one, and no log-in."""
    log_ins = LogIns()
    cache, clock = cache_of(log_ins)
    first = cache.get(until=clock.now + 5)
    second = cache.get(until=clock.now + 5, rejected=first)
    assert second is not first
    assert cache.get(until=clock.now + 5, rejected=first) is second
    assert log_ins.count == 2


def test_forgetting() -> None:
    """A token that was forgotten is not used again."""
    log_ins = LogIns()
    cache, clock = cache_of(log_ins)
    cache.get(until=clock.now + 5)
    cache.forget()
    cache.get(until=clock.now + 5)
    assert log_ins.count == 2


class SlowLogIns(LogIns):
    """Log-ins that wait until they are let go."""

    def __init__(self) -> None:
        """Begin closed."""
        super().__init__()
        self.begun = threading.Event()
        self.gate = threading.Event()

    def __call__(self, until: float) -> Token:
        """Wait, then log in."""
        self.begun.set()
        assert self.gate.wait(PATIENCE)
        return super().__call__(until)


def in_threads(count: int, act: Callable[[], object]) -> list[threading.Thread]:
    """Start threads that do one thing."""
    threads = [threading.Thread(target=act, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread]) -> None:
    """Wait for threads, but not for ever."""
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.mark.parametrize("revoked", [False, True])
def test_thirty_two_threads_log_in_once(revoked: bool) -> None:
    """However many threads need a token at once, there is one log-in."""
    log_ins = SlowLogIns()
    cache, clock = cache_of(log_ins)
    old = None
    if revoked:
        log_ins.gate.set()
        old = cache.get(until=clock.now + 60)
        log_ins.gate.clear()
        log_ins.begun.clear()
    got: list[Token] = []
    threads = in_threads(
        32, lambda: got.append(cache.get(until=clock.now + 60, rejected=old))
    )
    assert log_ins.begun.wait(PATIENCE)
    log_ins.gate.set()
    join(threads)
    assert len(got) == 32
    assert {id(token) for token in got} == {id(log_ins.made[-1])}
    assert log_ins.count == (2 if revoked else 1)


def test_thirty_two_threads_fail_once() -> None:
    """A log-in that fails is not tried again by everybody who waited for it."""
    log_ins = SlowLogIns()
    log_ins.failure = lambda: AuthenticationFailed("no")
    cache, clock = cache_of(log_ins)
    errors: list[GatewayError] = []

    def ask() -> None:
        try:
            cache.get(until=clock.now + 60)
        except GatewayError as error:
            errors.append(error)

    threads = in_threads(32, ask)
    assert log_ins.begun.wait(PATIENCE)
    log_ins.gate.set()
    join(threads)
    assert log_ins.count == 1
    assert {type(error) for error in errors} == {AuthenticationFailed}
    assert len({id(error) for error in errors}) == 32


def test_a_renewal_does_not_hold_up_the_others() -> None:
    """While one thread renews, the others continue with the token at hand."""
    log_ins = SlowLogIns()
    log_ins.gate.set()
    cache, clock = cache_of(log_ins)
    first = cache.get(until=clock.now + 5)
    log_ins.gate.clear()
    log_ins.begun.clear()
    clock.now += 545
    threads = in_threads(1, lambda: cache.get(until=clock.now + 60))
    assert log_ins.begun.wait(PATIENCE)
    assert cache.get(until=clock.now + 5) is first
    log_ins.gate.set()
    join(threads)
    assert cache.get(until=clock.now + 5) is log_ins.made[1]


def test_waiting_ends_at_the_deadline() -> None:
    """Who waits for another's log-in does not wait beyond its own deadline."""
    log_ins = SlowLogIns()
    cache, clock = cache_of(log_ins)
    threads = in_threads(1, lambda: cache.get(until=clock.now + 60))
    assert log_ins.begun.wait(PATIENCE)
    with pytest.raises(NotSent, match="deadline"):
        cache.get(until=clock.now + 0.01)
    with pytest.raises(NotSent, match="deadline"):
        cache.get(until=clock.now - 1)
    log_ins.gate.set()
    join(threads)
    assert log_ins.count == 1


def test_a_log_in_that_crashes_lets_the_next_one_try() -> None:
    """An error that is none of ours passes, and blocks no caller."""
    log_ins = LogIns()
    log_ins.failure = lambda: ZeroDivisionError("bug")  # type: ignore[assignment] # a bug
    cache, clock = cache_of(log_ins)
    with pytest.raises(ZeroDivisionError):
        cache.get(until=clock.now + 5)
    log_ins.failure = None
    assert cache.get(until=clock.now + 5).access_token == "token-2"


class SharedStore:
    """A store that several caches share."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.stored: StoredToken | None = None

    def load(self) -> StoredToken | None:
        """Return what was saved last."""
        return self.stored

    def save(self, stored: StoredToken) -> None:
        """Keep it."""
        self.stored = stored


def test_two_clients_share_a_token() -> None:
    """The second client finds the token of the first, and does not log in."""
    log_ins, store, clock = LogIns(), SharedStore(), Clock()
    one, other = (TokenCache(TokenBook(clock, clock), log_ins, store) for _ in range(2))
    first = one.get(until=clock.now + 5)
    assert other.get(until=clock.now + 5) is first
    assert log_ins.count == 1


def test_a_rejected_token_is_looked_up_before_logging_in() -> None:
    """Where another client has a newer token, it is used; else there is a log-in."""
    log_ins, store, clock = LogIns(), SharedStore(), Clock()
    one, other = (TokenCache(TokenBook(clock, clock), log_ins, store) for _ in range(2))
    first = one.get(until=clock.now + 5)
    other.get(until=clock.now + 5)
    second = one.get(until=clock.now + 5, rejected=first)
    assert other.get(until=clock.now + 5, rejected=first) is second
    assert log_ins.count == 2
    third = other.get(until=clock.now + 5, rejected=second)
    assert log_ins.count == 3
    assert store.stored is not None
    assert store.stored.token is third


class AsyncLogIns:
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


def parts(
    store: SharedStore | None = None,
) -> tuple[AsyncTokenCache, AsyncLogIns, Clock]:
    """Return a cache, its log-ins and its clock."""
    log_ins, clock = AsyncLogIns(), Clock()
    return AsyncTokenCache(TokenBook(clock, clock), log_ins, store), log_ins, clock


def test_tasks_keep_and_renew_a_token() -> None:
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
def test_thirty_two_tasks_log_in_once(revoked: bool) -> None:
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


def test_a_renewal_does_not_hold_up_other_tasks() -> None:
    """While one task renews, the others continue with the token at hand."""

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


def test_a_task_waits_to_its_deadline() -> None:
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


def test_tasks_wait_after_a_failed_log_in() -> None:
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


def test_a_log_in_that_crashes_lets_the_next_task_try() -> None:
    """An error that is none of ours passes, and blocks no other task."""

    async def main() -> None:
        cache, log_ins, clock = parts()
        log_ins.failure = lambda: ZeroDivisionError("bug")
        with pytest.raises(ZeroDivisionError):
            await cache.get(until=clock.now + 5)
        log_ins.failure = None
        assert await cache.get(until=clock.now + 5) is log_ins.made[0]

    asyncio.run(main())


def test_forgetting_ends_the_log_in_of_a_task() -> None:
    """Forgetting the token ends the log-in under way; nothing is left running."""

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


def test_tasks_share_a_store() -> None:
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
