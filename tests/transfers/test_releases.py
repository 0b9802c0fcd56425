# ruff: noqa: ANN401, FBT001 - arguments of any type, and parameters of tests

"""A call that is interrupted gives its payment back at once, in any way it ends."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from kesspay.errors import JournalUnavailable
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.attempt import Happened
from kesspay.transfers.releases import Releases, beside
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.sandbox.parties import box
from tests.support.memory_journal import MemoryJournal
from tests.transfers.helpers import QUICK
from tests.transfers.virtual import DEBIT, ORDER, service_of


if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.sandbox import Sandbox
    from kesspay.transfers.journal import Entry, Journal


class TimeLimit(Exception):
    """What a job queue raises."""


KINDS: Final = [KeyboardInterrupt, SystemExit, GeneratorExit, TimeLimit, MemoryError]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Return a gateway."""
    made = box()
    yield made
    made.close()


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    """Return a journal."""
    if request.param == "memory":
        yield MemoryJournal(time.time)
        return
    with SqliteJournal(tmp_path / "journal.sqlite") as made:
        yield made


def entries(journal: Journal) -> tuple[Entry, ...]:
    """Return what the journal holds."""
    record = journal.read("order-1")
    return () if record is None else record.entries


class Interrupted:
    """A transport in which a call is interrupted, before or after it was sent."""

    def __init__(self, sandbox: Sandbox, service: str, error: BaseException) -> None:
        """Take what is behind; ``sent`` says whether the request leaves."""
        self.sandbox, self.service, self.error = sandbox, service, error
        self.sent = True

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Send, or be interrupted once."""
        if service_of(request) != self.service:
            return self.sandbox.transport.send(request, timeout=timeout)
        self.service = ""
        if self.sent:
            self.sandbox.transport.send(request, timeout=timeout)
        raise self.error


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if not issubclass(kind, Exception)]
)
def test_an_interrupted_confirm(
    sandbox: Sandbox, journal: Journal, kind: type[BaseException], sent: bool
) -> None:
    """It says so in the journal, and the next call continues at once and pays once."""
    error = kind("over")
    wire = Interrupted(sandbox, CONFIRM, error)
    wire.sent = sent
    transfers = Transfers(
        Client(**sandbox.settings, transport=wire), journal, rules=QUICK
    )
    pending = transfers.start(**ORDER)
    with pytest.raises(kind) as caught:
        pending.confirm(DEBIT)
    assert caught.value is error
    if kind is not GeneratorExit:
        # It closes a generator, which gets one of its own then.
        notes = "\n".join(error.__notes__)
        assert "may have been carried out" in notes
        assert "order-1-1" in notes
    last = entries(journal)[-1]
    assert (last.what, last.facts) == (
        Happened.CONFIRM_UNKNOWN,
        {"reason": "interrupted"},
    )
    begun = time.monotonic()
    assert pending.confirm(DEBIT).outcome == "paid"
    assert time.monotonic() - begun < 5
    assert len(sandbox.ledger.credits()) == 1


@pytest.mark.parametrize("service", ["token", CREATE, QUERY])
def test_an_interruption_elsewhere(
    sandbox: Sandbox, journal: Journal, service: str
) -> None:
    """A log-in, a create and a query give the payment back as well."""
    wire = Interrupted(sandbox, service, KeyboardInterrupt())
    transfers = Transfers(
        Client(**sandbox.settings, transport=wire), journal, rules=QUICK
    )
    sandbox.faults.plan("drop-after", service=CONFIRM)

    def pay() -> str:
        return transfers.start(**ORDER).confirm(DEBIT).outcome

    with pytest.raises(KeyboardInterrupt):
        pay()
    begun = time.monotonic()
    assert pay() == "paid"
    assert time.monotonic() - begun < 5
    assert len(sandbox.ledger.credits()) == 1


def test_a_confirm_sent_again_that_is_interrupted(
    sandbox: Sandbox, journal: Journal
) -> None:
    """Of one that was unknown before it is written down, too."""
    error = KeyboardInterrupt()
    wire = Interrupted(sandbox, CONFIRM, error)
    sandbox.faults.plan("drop-before", service=CONFIRM)
    transfers = Transfers(
        Client(**sandbox.settings, transport=sandbox.transport), journal, rules=QUICK
    )
    transfers.start(**ORDER)
    assert (
        transfers.confirm("order-1", debit_id=DEBIT, timeout=0.2).outcome == "unknown"
    )
    again = Transfers(Client(**sandbox.settings, transport=wire), journal, rules=QUICK)
    time.sleep(0.4)
    with pytest.raises(KeyboardInterrupt):
        list(again.resume())
    assert entries(journal)[-1].facts == {"reason": "interrupted"}
    time.sleep(0.1)
    assert again.confirm("order-1", debit_id=DEBIT).outcome == "paid"
    assert len(sandbox.ledger.credits()) == 1


def test_what_is_kept_for_the_next_round(sandbox: Sandbox, journal: Journal) -> None:
    """A round that its caller leaves releases what it kept."""
    transfers = Transfers(
        Client(**sandbox.settings, transport=sandbox.transport), journal, rules=QUICK
    )
    transfers.start(**ORDER)
    sandbox.faults.plan("bad-gateway-before", service=CONFIRM, times=9)
    transfers.confirm("order-1", debit_id=DEBIT, timeout=0.1)
    time.sleep(0.4)
    with closing(cast("Generator[object]", transfers.resume())) as rounds:
        next(rounds)
    sandbox.faults.clear()
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "paid"


def test_a_journal_that_is_slow(sandbox: Sandbox, tmp_path: Path) -> None:
    """A signal reaches the caller within a second while the journal is locked."""

    def over(*_: object) -> None:
        raise TimeLimit

    with SqliteJournal(tmp_path / "journal.sqlite") as journal:
        transfers = Transfers(
            Client(**sandbox.settings, transport=sandbox.transport), journal
        )
        pending = transfers.start(**ORDER)
        other = SqliteJournal(tmp_path / "journal.sqlite")
        locked, free = threading.Event(), threading.Event()

        def hold() -> None:
            with other._connections.writing() as connection:
                connection.execute("BEGIN IMMEDIATE")
                locked.set()
                free.wait(10)
                connection.execute("ROLLBACK")

        thread = threading.Thread(target=hold)
        thread.start()
        locked.wait(10)
        before = signal.signal(signal.SIGALRM, over)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            begun = time.monotonic()
            with pytest.raises(TimeLimit):
                pending.confirm(DEBIT)
            assert time.monotonic() - begun < 2
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            free.set()
            thread.join()
        assert pending.confirm(DEBIT).outcome == "paid"
        other.close()


# ---------------------------------------------------------------------- tasks


async def cancelled_after(
    transfers: AsyncTransfers, seconds: float, *, twice: bool
) -> None:
    """Cancel a confirm after some time, and once more at once."""
    task = asyncio.create_task(transfers.confirm("order-1", debit_id=DEBIT))
    await asyncio.sleep(seconds)
    task.cancel()
    if twice:
        await asyncio.sleep(0)
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("seconds", [0, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.02])
def test_a_cancelled_confirm(
    sandbox: Sandbox,
    journal: Journal,
    seconds: float,
    twice: bool,
) -> None:
    """Wherever it is cancelled, the next call continues at once and pays once."""

    async def main() -> None:
        async with (
            AsyncClient(
                **sandbox.settings, transport=sandbox.async_transport
            ) as client,
            AsyncTransfers(client, journal, rules=QUICK) as transfers,
        ):
            await transfers.start(**ORDER)
            await cancelled_after(transfers, seconds, twice=twice)
            begun = time.monotonic()
            result = await transfers.confirm("order-1", debit_id=DEBIT)
            assert result.outcome == "paid"
            assert time.monotonic() - begun < 5

    asyncio.run(main())
    assert len(sandbox.ledger.credits()) == 1


def test_a_loop_that_ends(sandbox: Sandbox, journal: Journal) -> None:
    """A task that ends with its loop gives its payment back, too."""
    gone = asyncio.Event()

    class Silent:
        async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
            if service_of(request) == CONFIRM:
                gone.set()
                await asyncio.sleep(timeout)
            return await sandbox.async_transport.send(request, timeout=timeout)

    async def main() -> AsyncTransfers:
        client = AsyncClient(**sandbox.settings, transport=Silent())
        transfers = AsyncTransfers(client, journal, rules=QUICK)
        pending = await transfers.start(**ORDER)
        task = asyncio.create_task(pending.confirm(DEBIT))
        await gone.wait()
        assert not task.done()
        return transfers

    asyncio.run(main())
    transfers = Transfers(
        Client(**sandbox.settings, transport=sandbox.transport), journal, rules=QUICK
    )
    begun = time.monotonic()
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "paid"
    assert time.monotonic() - begun < 5
    assert len(sandbox.ledger.credits()) == 1


def test_a_coroutine_that_is_closed(sandbox: Sandbox, journal: Journal) -> None:
    """Nothing can be waited for there, and the payment is released all the same."""
    client = AsyncClient(**sandbox.settings, transport=sandbox.async_transport)
    transfers = AsyncTransfers(client, journal, rules=QUICK)

    async def main() -> None:
        await transfers.start(**ORDER)
        coroutine = transfers.confirm("order-1", debit_id=DEBIT)
        coroutine.send(None)
        coroutine.close()
        result = await transfers.confirm("order-1", debit_id=DEBIT)
        assert result.outcome == "paid"
        await transfers.aclose()

    asyncio.run(main())


def test_a_lease_that_is_granted_too_late(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that gets the payment for a task that is gone gives it back."""
    journal = MemoryJournal(time.time)
    lease = journal.lease
    asked, go_on = threading.Event(), threading.Event()

    def slow(*args: Any) -> Any:
        if not asked.is_set():
            asked.set()
            go_on.wait(10)
        return lease(*args)

    async def main() -> None:
        client = AsyncClient(**sandbox.settings, transport=sandbox.async_transport)
        async with AsyncTransfers(client, journal, rules=QUICK) as transfers:
            await transfers.start(**ORDER)
            monkeypatch.setattr(journal, "lease", slow)
            task = asyncio.create_task(transfers.confirm("order-1", debit_id=DEBIT))
            await asyncio.to_thread(asked.wait, 10)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            go_on.set()
            begun = time.monotonic()
            result = await transfers.confirm("order-1", debit_id=DEBIT)
            assert result.outcome == "paid"
            assert time.monotonic() - begun < 5

    asyncio.run(main())


# --------------------------------------------------------------- what may fail


def test_a_journal_that_fails(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the payment cannot be released, the interruption comes through."""
    journal = MemoryJournal(time.time)
    wire = Interrupted(sandbox, CONFIRM, KeyboardInterrupt())
    transfers = Transfers(
        Client(**sandbox.settings, transport=wire), journal, rules=QUICK
    )
    pending = transfers.start(**ORDER)
    lease = journal.lease
    calls: list[str] = []

    def fail(*args: Any) -> Any:
        calls.append(args[0])
        if len(calls) > 1:
            raise JournalUnavailable("away")
        return lease(*args)

    monkeypatch.setattr(journal, "lease", fail)
    with pytest.raises(KeyboardInterrupt):
        pending.confirm(DEBIT)
    assert len(calls) == 2


def test_a_thread_that_cannot_be_started(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interruption comes through, the lease ends with its time, rounds continue."""
    error = KeyboardInterrupt()
    wire = Interrupted(sandbox, CONFIRM, error)
    transfers = Transfers(
        Client(**sandbox.settings, transport=wire),
        MemoryJournal(time.time),
        rules=QUICK,
    )
    pending = transfers.start(**ORDER)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(KeyboardInterrupt) as caught:
        pending.confirm(DEBIT)
    assert caught.value is error
    assert beside(threading.current_thread) is threading.current_thread()
    with pytest.raises(JournalUnavailable, match="away"):
        beside(_away)


def _away() -> None:
    raise JournalUnavailable("away")


def test_a_return_that_takes_long() -> None:
    """A caller that waits for it does not wait long."""
    free = threading.Event()
    releases = Releases()

    def wait() -> None:
        free.wait(10)

    releases.begin(wait)
    begun = time.monotonic()
    releases.wait()
    asyncio.run(releases.wait_too())
    assert 0.8 < time.monotonic() - begun < 5
    free.set()
