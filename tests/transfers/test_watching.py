# ruff: noqa: ANN401 - options and arguments are of any type

"""A worker without end: its rounds, its pauses, and a journal that is away."""

from __future__ import annotations

import asyncio
import math
import threading
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import InputError, JournalUnavailable, WrongAccount
from kesspay.gateway.client import Client
from kesspay.gateway.flow import Pause
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from kesspay.transfers.watching import Absence, Watch


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.sandbox import Sandbox
    from kesspay.transfers.async_transfers import AsyncTransfers
    from kesspay.transfers.payment import TransferResult

ORDER: Final[dict[str, Any]] = {
    "receiver_id": "85512345678",
    "amount": Decimal("0.50"),
    "sender_name": "Chan Sophea",
}
AWAY: Final = JournalUnavailable("the journal is locked.")


class Time:
    """Seconds that pass by the pauses of a worker."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def walk(self, steps: Iterator[Any]) -> None:
        """Take the steps of a pause."""
        for step in steps:
            assert isinstance(step, Pause)
            self.now += step.seconds
            self.pauses.append(step.seconds)


class StopAfter:
    """Is set once it was asked some times."""

    def __init__(self, asked: int) -> None:
        """Take the number."""
        self.left = asked

    def is_set(self) -> bool:
        """Count."""
        self.left -= 1
        return self.left < 0


# ------------------------------------------------------------------ pauses


def test_pauses_grow() -> None:
    """They double up to a minute, and begin anew when the journal was there."""
    time = Time()
    absence = Absence(time)
    assert not absence.is_over()
    assert [absence.pause(AWAY) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert absence.is_over()
    assert not absence.is_over()
    assert absence.pause(AWAY) == 1


def test_patience_ends() -> None:
    """The last pause ends with it; then the error is raised as it is."""
    time = Time()
    absence = Absence(time, 5.0)
    found = []
    for _ in range(3):
        found.append(absence.pause(AWAY))
        time.now += found[-1]
    assert found == [1, 2, 2]
    with pytest.raises(JournalUnavailable, match="locked"):
        absence.pause(AWAY)


def test_waiting_does_not_help() -> None:
    """A database that refuses is not asked again."""
    refused = JournalUnavailable("the password is wrong")
    refused.is_refused = True
    with pytest.raises(JournalUnavailable, match="password"):
        Absence(Time(), math.inf).pause(refused)


def test_a_pause_without_a_stop() -> None:
    """It is one pause."""
    time = Time()
    watch = Watch(time, 5.0, None)
    time.walk(watch.rest())
    assert time.pauses == [5.0]
    assert not watch.is_stopped


def test_a_pause_that_is_ended() -> None:
    """The worker looks up every half second."""
    time = Time()
    time.walk(Watch(time, 5.0, StopAfter(3)).rest())
    assert time.pauses == [0.5] * 3
    whole = Time()
    whole.walk(Watch(whole, 1.2, threading.Event()).rest())
    assert whole.now == pytest.approx(1.2)


def test_what_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An absence, each pause of it, and its end; nothing while all is well."""
    time = Time()
    watch = Watch(time, 5.0, None)
    watch.is_there()
    assert caplog.messages == []
    time.walk(watch.is_away(AWAY))
    time.walk(watch.is_away(AWAY))
    watch.is_there()
    assert caplog.messages == [
        "the journal is locked. Trying again in 1 s.",
        "the journal is locked. Trying again in 2 s.",
        "the journal is available again",
    ]
    assert {record.name for record in caplog.records} == {"kesspay.transfers"}


# ------------------------------------------------------------------ workers


def leave(transfers: Transfers, sandbox: Sandbox, *payment_ids: str) -> None:
    """Leave payments whose outcome is unknown, and due."""
    for payment_id in payment_ids:
        transfers.start(payment_id=payment_id, **ORDER)
        sandbox.faults.plan("drop-after", service="confirm.fundTransfer")
        sandbox.faults.plan("drop-after", service="query.fundTransfer", times=3)
        result = transfers.confirm(payment_id, debit_id=f"d-{payment_id}", timeout=1)
        assert result.outcome == "unknown"
        sandbox.faults.clear()


def watched(
    made: Transfers | AsyncTransfers, most: int, **options: Any
) -> list[TransferResult]:
    """Watch until there were so many results."""
    results: list[TransferResult] = []
    if isinstance(made, Transfers):
        for result in made.watch(**options):
            results.append(result)
            if len(results) == most:
                break
        return results

    async def main() -> None:
        async with aclosing(made.watch(**options)) as found:
            async for result in found:
                results.append(result)
                if len(results) == most:
                    break

    asyncio.run(main())
    return results


@pytest.fixture(params=["kess_transfers", "kess_async_transfers"])
def worker(request: pytest.FixtureRequest) -> Transfers | AsyncTransfers:
    """Return transfers for threads, and for tasks."""
    made: Transfers | AsyncTransfers = request.getfixturevalue(request.param)
    return made


def test_it_goes_on(
    kess_sandbox: Sandbox,
    kess_transfers: Transfers,
    worker: Transfers | AsyncTransfers,
) -> None:
    """What falls due later comes in a later round."""
    leave(kess_transfers, kess_sandbox, "order-1", "order-2")
    results = watched(worker, 2)
    assert sorted(result.payment_id for result in results) == ["order-1", "order-2"]
    assert {result.outcome for result in results} == {"paid"}
    assert len(kess_sandbox.ledger.credits()) == 2


def test_a_closed_journal_ends_it(
    kess_journal: SqliteJournal, worker: Transfers | AsyncTransfers
) -> None:
    """No later round can succeed, so the error is raised at once."""
    kess_journal.close()
    with pytest.raises(JournalUnavailable, match="closed; open it again"):
        watched(worker, 1)


def test_it_is_stopped(
    kess_sandbox: Sandbox,
    kess_transfers: Transfers,
    worker: Transfers | AsyncTransfers,
) -> None:
    """Before a round, and after the payment at hand."""
    leave(kess_transfers, kess_sandbox, "order-1", "order-2")
    kess_sandbox.advance(60)
    stop = threading.Event()
    stop.set()
    assert watched(worker, 99, stop=stop) == []
    # Asked before the round, and after its first payment.
    assert len(watched(worker, 99, stop=StopAfter(1))) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("every", 0), ("every", 10**400), ("stop", 1), ("stop", "yes")]
)
def test_what_cannot_be_used_is_named(
    worker: Transfers | AsyncTransfers, name: str, value: Any
) -> None:
    """The error names the argument of the worker, not one of a call within it."""
    with pytest.raises(InputError, match=f"^{name} must be "):
        watched(worker, 99, **{name: value})


def test_the_journal_is_away_for_a_while(
    kess_sandbox: Sandbox,
    kess_transfers: Transfers,
    worker: Transfers | AsyncTransfers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The worker tries again, and finds what is due."""
    leave(kess_transfers, kess_sandbox, "order-1")
    left = [1, 2, 3]
    real = SqliteJournal.take_due

    def take_due(self: SqliteJournal, *arguments: Any) -> Any:
        if left:
            left.pop()
            raise AWAY
        return real(self, *arguments)

    monkeypatch.setattr(SqliteJournal, "take_due", take_due)
    begun = kess_sandbox.now()
    (result,) = watched(worker, 1)
    assert result.outcome == "paid"
    assert kess_sandbox.now() - begun >= 1 + 2 + 4
    assert "the journal is available again" in caplog.messages


def test_another_account(
    kess_sandbox: Sandbox, kess_transfers: Transfers, kess_journal: SqliteJournal
) -> None:
    """Waiting does not help, so it is raised."""
    kess_transfers.start(payment_id="order-1", **ORDER)
    settings: dict[str, Any] = {
        **kess_sandbox.settings,
        "base_url": "https://pay.example/partnerapi/v1",
    }
    other = Client(**settings, transport=kess_sandbox.transport)
    with pytest.raises(WrongAccount):
        next(Transfers(other, kess_journal).watch())


def test_a_task_that_is_cancelled(
    kess_sandbox: Sandbox, kess_async_transfers: AsyncTransfers
) -> None:
    """A worker that rests ends at once."""

    async def main() -> None:
        async with kess_async_transfers as transfers:

            async def work() -> None:
                async for _ in transfers.watch():
                    pytest.fail("nothing is due")

            task = asyncio.create_task(work())
            while kess_sandbox.now() < begun + 20:  # noqa: ASYNC110 - its clock
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    begun = kess_sandbox.now()
    asyncio.run(main())
