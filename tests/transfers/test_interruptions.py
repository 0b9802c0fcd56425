"""Calls that are interrupted, over HTTP and on the journals that are built in."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import threading
import time
import types
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, QUERY
from kesspay.sandbox import Sandbox
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.sandbox.parties import load
from tests.support.relay import Relay
from tests.transfers.helpers import QUICK
from tests.transfers.virtual import ORDER


if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Iterator
    from pathlib import Path

    from tests.support.postgres import Postgres

#: Far more than anything here takes, and far less than a lease.
SOON: Final = 10.0


class TimeLimit(Exception):
    """What a job queue raises."""


class Late(TimeoutError):
    """What another one raises."""


class Broken(OSError):
    """An error of an application that looks like one of a socket."""


KINDS: Final = [TimeLimit, Late, Broken, KeyboardInterrupt]


@dataclass
class Place:
    """
    A gateway behind a line that can be cut, and a journal to open any number of times.

    Attributes:
        sandbox: the gateway.
        line: to it.
        open: opens the journal, as another program would.
        made: what is to be closed.
    """

    sandbox: Sandbox
    line: Relay
    open: Callable[[], SqliteJournal | PostgresJournal]
    made: ExitStack = field(default_factory=ExitStack)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a client behind the line."""
        url = f"http://127.0.0.1:{self.line.port}/partnerapi/v1"
        return {**self.sandbox.settings, "base_url": url}

    def transfers(self) -> Transfers:
        """Return transfers as another program has them."""
        journal = self.open()
        self.made.enter_context(journal)
        client = self.made.enter_context(Client(**self.settings))
        return Transfers(client, journal, rules=QUICK)

    def credited(self, payment_id: str) -> int:
        """Return how often a payment was credited."""
        made = self.sandbox.ledger.credits()
        return sum(one.out_trade_no.startswith(f"{payment_id}-") for one in made)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Return a place with one of the journals."""
    schema = ""
    if request.param == "sqlite":

        def opened() -> SqliteJournal | PostgresJournal:
            return SqliteJournal(tmp_path / "journal.db", busy_timeout=30)

    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        schema = request.getfixturevalue("schema")

        def opened() -> SqliteJournal | PostgresJournal:
            return PostgresJournal(
                postgres.conninfo, schema=schema, connections=2, timeout=30
            )

    sandbox = Sandbox(
        private_key=load("rsa-2048.pem"), gateway_private_key=load("other-2048.pem")
    )
    with sandbox:
        port = int(sandbox.base_url.split(":")[2].split("/")[0])
        with Relay(port) as line:
            made = Place(sandbox, line, opened)
            with made.made:
                yield made
    if schema:
        with postgres.connect() as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def interrupted(
    kind: type[BaseException], after: Callable[[], object] = lambda: None
) -> Iterator[list[str]]:
    """Let a signal handler raise something in a moment; yield what is noted on it."""
    error, notes = kind("the job is over its time"), list[str]()
    sent: list[float] = []
    caught_here = threading.Event()

    def over(*_: object) -> None:
        raise error

    def send() -> None:
        caught_here.wait()
        after()
        time.sleep(0.1)
        sent.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, over)
    thread = threading.Thread(target=send)
    thread.start()
    try:
        with pytest.raises(kind) as caught:  # noqa: PT012 - no signal comes before it
            caught_here.set()
            yield notes
    finally:
        thread.join()
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - sent[0] < SOON
    assert caught.value is error
    assert error.__cause__ is None
    notes += getattr(error, "__notes__", [])


def pay(transfers: Transfers) -> None:
    """Confirm, at once."""
    begun = time.monotonic()
    result = transfers.confirm("order-1", debit_id="debit-1")
    assert result.outcome == "paid"
    assert time.monotonic() - begun < SOON


@pytest.mark.few(3)
@pytest.mark.one_in(2)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("carried_out", [True, False])
def test_a_signal_during_a_confirm(
    place: Place, kind: type[BaseException], *, carried_out: bool
) -> None:
    """The caller gets what was raised, with a note; another program continues."""
    transfers = place.transfers()
    transfers.start(**ORDER)
    if carried_out:
        place.sandbox.faults.plan("latency=2", service=CONFIRM)
    else:
        place.line.cut_at(CONFIRM.encode(), "silence")

    def is_sent() -> None:
        end = time.monotonic() + 30
        while not place.credited("order-1") and time.monotonic() < end:
            time.sleep(0.01)

    after = is_sent if carried_out else lambda: place.line.was_cut
    with interrupted(kind, after) as notes:
        transfers.confirm("order-1", debit_id="debit-1")
    assert any("may have been carried out" in note for note in notes)
    pay(place.transfers())
    assert place.credited("order-1") == 1


@pytest.mark.few(2)
@pytest.mark.one_in(2)
@pytest.mark.parametrize("kind", [Late, KeyboardInterrupt])
@pytest.mark.parametrize("service", [CONFIRM, QUERY])
def test_a_signal_during_a_round(
    place: Place, kind: type[BaseException], service: str
) -> None:
    """A worker that is interrupted leaves nothing that has to be waited for."""
    transfers = place.transfers()
    transfers.start(**ORDER)
    if service == CONFIRM:
        place.sandbox.faults.plan("drop-before", service=CONFIRM)
    else:
        place.sandbox.faults.plan("drop-after", service=CONFIRM)
        place.sandbox.faults.plan("drop-after", service=QUERY)
    transfers.confirm("order-1", debit_id="debit-1", timeout=0.1)
    place.line.cut_at(service.encode(), "silence")
    with interrupted(kind, lambda: place.line.was_cut) as notes:
        while True:
            list(transfers.resume())
    assert any("may have been carried out" in note for note in notes)
    pay(place.transfers())
    assert place.credited("order-1") == 1


@pytest.mark.few(2)
@pytest.mark.parametrize("kind", [Broken, KeyboardInterrupt])
def test_a_signal_between_the_payments_of_a_round(
    place: Place, kind: type[BaseException]
) -> None:
    """What the loop of the caller raises ends the round."""
    transfers = place.transfers()
    transfers.start(**ORDER)
    place.sandbox.faults.plan("bad-gateway-before", service=CONFIRM, times=2)
    transfers.confirm("order-1", debit_id="debit-1", timeout=0.1)
    came = threading.Event()
    with interrupted(kind, lambda: came.wait(30)):
        while True:
            for _ in transfers.resume():
                came.set()
                time.sleep(SOON)
    pay(place.transfers())
    assert place.credited("order-1") == 1


# ------------------------------------------------------- waits for the journal


@contextmanager
def locked(place: Place, transfers: Transfers) -> Iterator[None]:
    """Keep every other worker from the payment while the block runs."""
    journal = transfers._workflow.journal
    if isinstance(journal, SqliteJournal):
        other = sqlite3.connect(journal._path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()
        return
    assert isinstance(journal, PostgresJournal)
    free, inside = threading.Event(), threading.Event()

    def hold() -> None:
        def work(connection: Any) -> list[Any]:  # noqa: ANN401 - psycopg's
            table = f"{journal._pool.schema}.payments"
            connection.execute(f"SELECT FROM {table} FOR UPDATE")
            inside.set()
            free.wait(30)
            return []

        journal._pool.use(work)

    thread = threading.Thread(target=hold)
    thread.start()
    assert inside.wait(30)
    try:
        yield
    finally:
        free.set()
        thread.join()


@contextmanager
def exhausted(transfers: Transfers) -> Iterator[None]:
    """Use every connection of the pool while the block runs."""
    journal = transfers._workflow.journal
    assert isinstance(journal, PostgresJournal)
    free, inside = threading.Event(), threading.Semaphore(0)

    def work(_: object) -> list[Any]:
        inside.release()
        free.wait(30)
        return []

    threads = [threading.Thread(target=journal._pool.use, args=(work,)) for _ in "12"]
    for thread in threads:
        thread.start()
        assert inside.acquire(timeout=30)
    try:
        yield
    finally:
        free.set()
        for thread in threads:
            thread.join()


@pytest.mark.few(2)
@pytest.mark.one_in(2)
@pytest.mark.parametrize("kind", KINDS)
def test_a_signal_while_the_journal_is_locked(
    place: Place, kind: type[BaseException]
) -> None:
    """Nothing was sent; the payment can continue once the lock is gone."""
    transfers = place.transfers()
    transfers.start(**ORDER)
    with locked(place, transfers), interrupted(kind):
        transfers.confirm("order-1", debit_id="debit-1")
    assert place.credited("order-1") == 0
    pay(place.transfers())
    assert place.credited("order-1") == 1


@pytest.mark.parametrize("kind", [TimeLimit, KeyboardInterrupt])
@pytest.mark.parametrize("call", ["confirm", "resume"])
@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_signal_while_the_pool_is_exhausted(
    place: Place, kind: type[BaseException], call: str
) -> None:
    """The same for a call that waits for a connection."""
    transfers = place.transfers()
    transfers.start(**ORDER)
    with exhausted(transfers), interrupted(kind):
        if call == "confirm":
            transfers.confirm("order-1", debit_id="debit-1")
        list(transfers.resume())
    pay(place.transfers())
    assert place.credited("order-1") == 1


@pytest.mark.parametrize("kind", [Late, KeyboardInterrupt])
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_signal_while_a_round_waits_for_a_lock(
    place: Place, kind: type[BaseException]
) -> None:
    """A worker that waits to take what is due leaves it to others."""
    transfers = place.transfers()
    transfers.start(**ORDER)
    place.sandbox.faults.plan("drop-before", service=CONFIRM)
    transfers.confirm("order-1", debit_id="debit-1", timeout=0.1)
    time.sleep(0.4)
    with locked(place, transfers), interrupted(kind):
        list(transfers.resume())
    # The thread that asked for it may get it once more, and gives it back.
    pay(place.transfers())
    assert place.credited("order-1") == 1


# ----------------------------------------------------------------------- tasks


@types.coroutine
def stepped(
    work: Coroutine[Any, Any, Any], cancelled_at: set[int], steps: list[int]
) -> Generator[Any, Any, Any]:
    """Run a coroutine inside of a task, which is cancelled in some of its awaits."""
    steps[0], error, given = 0, None, None
    while True:
        try:
            wanted = work.send(given) if error is None else work.throw(error)
        except StopIteration as stop:
            return stop.value
        steps[0] += 1
        task = asyncio.current_task()
        if steps[0] in cancelled_at and task is not None:
            task.cancel()
        error = given = None
        try:
            given = yield wanted
        except BaseException as raised:  # noqa: BLE001 - it is for the coroutine
            error = raised


@pytest.mark.few(1)
@pytest.mark.one_in(2)
@pytest.mark.parametrize("twice", [False, True])
def test_a_cancellation_in_each_await(place: Place, *, twice: bool) -> None:
    """Wherever it comes, the next call continues at once, and one credit is made."""

    async def main() -> int:
        journal = place.open()
        async with (
            AsyncClient(**place.settings) as client,
            AsyncTransfers(client, journal, rules=QUICK) as transfers,
        ):
            number, steps, go_on = 0, [0], True
            while go_on:
                number += 1
                name = f"order-{number}"
                await transfers.start(**{**ORDER, "payment_id": name})
                work = transfers.confirm(name, debit_id=name)
                at = {number, number + 1} if twice else {number}

                async def run(
                    work: Coroutine[Any, Any, object] = work, at: set[int] = at
                ) -> object:
                    return await stepped(work, at, steps)

                task = asyncio.create_task(run())
                with suppress(asyncio.CancelledError):
                    await task
                go_on = steps[0] >= number
                begun = time.monotonic()
                result = await transfers.confirm(name, debit_id=name)
                assert result.outcome == "paid", number
                assert time.monotonic() - begun < SOON, number
                assert place.credited(name) == 1, number
        journal.close()
        return number

    # It was cancelled in many places, and not in the last run any more.
    assert asyncio.run(main()) > 8


def test_a_time_out_around_a_confirm(place: Place) -> None:
    """``asyncio.timeout`` ends the wait, and nothing has to be waited for after it."""

    async def main() -> None:
        journal = place.open()
        async with (
            AsyncClient(**place.settings) as client,
            AsyncTransfers(client, journal, rules=QUICK) as transfers,
        ):
            await transfers.start(**ORDER)
            place.line.cut_at(CONFIRM.encode(), "silence")
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.2):
                    await transfers.confirm("order-1", debit_id="debit-1")
            notes = getattr(caught.value.__cause__, "__notes__", [])
            assert any("may have been carried out" in note for note in notes)
        journal.close()

    asyncio.run(main())
    pay(place.transfers())
    assert place.credited("order-1") == 1


def test_a_loop_that_ends(place: Place) -> None:
    """A task that ends with its loop gives its payment back, too."""

    async def main() -> None:
        client = AsyncClient(**place.settings)
        journal = place.open()
        place.made.enter_context(journal)
        transfers = AsyncTransfers(client, journal, rules=QUICK)
        pending = await transfers.start(**ORDER)
        place.line.cut_at(CONFIRM.encode(), "silence")
        task = asyncio.create_task(pending.confirm("debit-1"))
        assert await asyncio.to_thread(lambda: place.line.was_cut)
        assert not task.done()

    asyncio.run(main())
    pay(place.transfers())
    assert place.credited("order-1") == 1
