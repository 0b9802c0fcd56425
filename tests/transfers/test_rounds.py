"""A round of a worker that is interrupted holds no payment, wherever it was."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import pytest

from kesspay.errors import JournalUnavailable, LeaseHeld
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.releases import Releases, beside
from kesspay.transfers.rounds import Round
from kesspay.transfers.transfers import Transfers
from tests.sandbox.parties import box
from tests.support.memory_journal import MemoryJournal
from tests.transfers.helpers import QUICK
from tests.transfers.virtual import DEBIT, ORDER


if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kesspay.sandbox import Sandbox
    from kesspay.transfers.journal import Lease


class TimeLimit(Exception):
    """What a job queue raises."""


class Slow(MemoryJournal):
    """
    A journal that takes its time to grant what is due.

    Attributes:
        asked: set once it is asked.
        go_on: what it waits for before and after it grants.
        released: what was released.
    """

    def __init__(self) -> None:
        """Begin empty, and quick."""
        super().__init__(time.time)
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.is_away = False
        self.released: list[Lease] = []

    def take_due(self, owner: str, seconds: float, limit: int) -> list[Lease]:
        """Grant, in the end."""
        leases = super().take_due(owner, seconds, limit)
        self.asked.set()
        self.go_on.wait(30)
        return leases

    def release(self, lease: Lease) -> None:
        """Release, where the journal is there."""
        if self.is_away:
            raise JournalUnavailable("away")
        super().release(lease)
        self.released.append(lease)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Return a gateway."""
    made = box()
    yield made
    made.close()


@pytest.fixture
def transfers(sandbox: Sandbox) -> Transfers:
    """Return a payment that is due."""
    client = Client(**sandbox.settings, transport=sandbox.transport)
    made = Transfers(client, Slow(), rules=QUICK)
    made.start(**ORDER)
    sandbox.faults.plan("drop-before", service=CONFIRM)
    made.confirm("order-1", debit_id=DEBIT, timeout=0.1)
    time.sleep(0.4)
    return made


def journal_of(transfers: Transfers) -> Slow:
    """Return the journal of transfers."""
    return cast("Slow", transfers._workflow.journal)


@contextmanager
def alarm(seconds: float, error: BaseException) -> Iterator[None]:
    """Raise an error out of a signal handler after some seconds."""

    def over(*_: object) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_free(journal: Slow) -> bool:
    """Wait until the payment can be taken; say whether it was in time."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with suppress(LeaseHeld):
            journal.release(journal.lease("order-1", "another", 5.0))
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    "error", [TimeLimit("over"), TimeoutError("over"), KeyboardInterrupt()], ids=repr
)
def test_a_signal_while_a_payment_is_granted(
    sandbox: Sandbox, transfers: Transfers, error: BaseException
) -> None:
    """It reaches the caller soon, and the payment is free once it was granted."""
    journal = journal_of(transfers)
    journal.go_on.clear()
    begun = time.monotonic()
    with alarm(0.2, error), pytest.raises(type(error)) as caught:
        list(transfers.resume())
    assert caught.value is error
    assert time.monotonic() - begun < 5
    journal.go_on.set()
    assert is_free(journal)
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "paid"
    assert len(sandbox.ledger.credits()) == 1


def test_a_task_that_is_cancelled_while_a_payment_is_granted(
    sandbox: Sandbox, transfers: Transfers
) -> None:
    """The thread of the journal gives it back."""
    journal = journal_of(transfers)
    journal.go_on.clear()
    journal.asked.clear()

    async def main() -> None:
        client = AsyncClient(**sandbox.settings, transport=sandbox.async_transport)
        async with AsyncTransfers(client, journal) as worker:

            async def work() -> None:
                async for _ in worker.resume():
                    pass

            task = asyncio.create_task(work())
            await asyncio.to_thread(journal.asked.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            journal.go_on.set()
            assert await asyncio.to_thread(is_free, journal)
            result = await worker.confirm("order-1", debit_id=DEBIT)
            assert result.outcome == "paid"

    asyncio.run(main())
    assert len(sandbox.ledger.credits()) == 1


def test_a_round_that_a_caller_leaves(sandbox: Sandbox, transfers: Transfers) -> None:
    """What is due once more is kept for the round, and free after it."""
    sandbox.faults.plan("bad-gateway-before", service=CONFIRM, times=9)
    journal = journal_of(transfers)
    with closing(cast("Generator[object]", transfers.resume())) as rounds:
        next(rounds)
    assert is_free(journal)


@pytest.mark.parametrize("raises", [True, False])
def test_a_round_of_tasks_that_a_caller_leaves(
    sandbox: Sandbox, transfers: Transfers, *, raises: bool
) -> None:
    """The same for tasks, and for what the caller raises inside of its loop."""
    sandbox.faults.plan("bad-gateway-before", service=CONFIRM, times=9)
    journal = journal_of(transfers)

    async def main() -> None:
        client = AsyncClient(**sandbox.settings, transport=sandbox.async_transport)
        async with AsyncTransfers(client, journal) as worker:
            rounds: Any = worker.resume()
            await anext(rounds)
            if raises:
                with pytest.raises(TimeLimit):
                    await rounds.athrow(TimeLimit())
            else:
                await rounds.aclose()
            assert await asyncio.to_thread(is_free, journal)

    asyncio.run(main())


def test_a_round_over_an_error_of_the_journal(
    transfers: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the journal raises reaches the caller through the thread."""

    def fail(*_: object) -> list[Lease]:
        raise JournalUnavailable("away")

    monkeypatch.setattr(journal_of(transfers), "take_due", fail)
    with pytest.raises(JournalUnavailable, match="away"):
        list(transfers.resume())


def test_what_is_kept(transfers: Transfers) -> None:
    """A round ends with what it still has, and releases what comes later."""
    journal = journal_of(transfers)
    releases = Releases()
    this = Round(journal, releases)
    lease = this.take("one", 30.0)
    assert lease is not None
    assert beside(lambda: this.take("two", 30.0)) is None
    this.is_done(lease)
    assert this.end() == []
    journal.release(lease)
    late = this.take("three", 30.0)
    assert late is not None
    assert journal.released[-1] == late


@pytest.mark.parametrize("is_away", [True, False])
def test_an_interruption(transfers: Transfers, *, is_away: bool) -> None:
    """What cannot be released is left to the end of its lease."""
    journal = journal_of(transfers)
    releases = Releases()
    this = Round(journal, releases)
    lease = this.take("one", 30.0)
    journal.is_away = is_away
    this.interrupt()
    releases.wait()
    journal.is_away = False
    assert (lease in journal.released) is not is_away
    this.interrupt()
    assert this.end() == []
