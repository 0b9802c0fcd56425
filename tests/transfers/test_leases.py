"""Leases: a payment is taken, worked on, and released, however that ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from kesspay._drive import drive
from kesspay.errors import (
    InputError,
    JournalUnavailable,
    LeaseHeld,
    LeaseLost,
    PaymentConflict,
    WrongAccount,
)
from kesspay.gateway.flow import Pause
from kesspay.transfers.attempt import STRICT, Happened, Rules
from kesspay.transfers.journal import Entry
from kesspay.transfers.leases import PAUSE, Leased, Leases, Limit, Steps
from tests.support.memory_journal import MemoryJournal
from tests.transfers.helpers import ACCOUNT, MOVED, payment


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.transfers.journal import Lease

H = Happened

GRANTED: dict[str, str | int | float] = {
    "pre_transfer_id": "PT-1",
    "receiver_name": "Sok Dara",
    "expire_in": 300,
}


class Journal(MemoryJournal):
    """
    A journal in memory.

    Attributes:
        is_away: True where it cannot give anything back.
        spans: the seconds of every lease that was granted.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin empty, and there."""
        super().__init__(clock)
        self.is_away = False
        self.spans: list[float] = []

    def lease(self, payment_id: str, owner: str, seconds: float) -> Lease:
        """Take a payment."""
        lease = super().lease(payment_id, owner, seconds)
        self.spans.append(seconds)
        return lease

    def release(self, lease: Lease) -> None:
        """Give a payment back, where the journal is there."""
        if self.is_away:
            raise JournalUnavailable("away")
        super().release(lease)


class Worker:
    """A worker with a journal of one payment, and a clock of its own."""

    def __init__(self) -> None:
        """Begin the payment."""
        self.now = 1000.0
        self.journal = Journal(self.clock)
        self.leases = self.others()
        self.journal.begin(payment("p-1"))

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def others(self, partner_id: str = ACCOUNT.partner_id) -> Leases:
        """Return the leases of another process."""
        engine = SimpleNamespace(
            clock=self.clock,
            endpoint=SimpleNamespace(base_url=ACCOUNT.base_url),
            credentials=SimpleNamespace(partner_id=partner_id),
            signer=None,
            verifier=None,
        )
        return Leases(cast("Any", engine), self.journal, STRICT)

    def run(self, steps: Steps[Any]) -> Any:  # noqa: ANN401 - what the steps return
        """Take every step; a pause lets time pass."""

        def act(step: Any) -> Any:  # noqa: ANN401 - of any kind
            if isinstance(step, Pause):
                self.now += step.seconds
                return None
            return step.act()

        return drive(steps, act)

    def work(self, work: Callable[[Leased, float], Steps[None]]) -> Any:  # noqa: ANN401 - of one payment
        """Work on the payment for ten seconds at most."""
        limit = Limit(self.now + 10)
        return self.run(self.leases.with_payment("p-1", limit, work))

    def is_free(self) -> bool:
        """Return whether another worker can take the payment."""
        try:
            lease = self.journal.lease("p-1", "another", 1.0)
        except LeaseHeld:
            return False
        self.journal.release(lease)
        return True


@pytest.fixture
def worker() -> Worker:
    """Return a worker."""
    return Worker()


def confirming(worker: Worker, leased: Leased) -> Steps[None]:
    """Write down all that comes before a confirm, and that it is about to leave."""
    for what, facts in (
        (H.CREATE_SENDING, {}),
        (H.CREATE_GRANTED, GRANTED),
        (H.DEBITED, {"debit_id": "debit-1", "shown_name": "Sok Dara"}),
        (H.CONFIRM_SENDING, {}),
    ):
        entry = Entry(1, what, worker.now, facts=dict(facts))
        yield from worker.leases.write(leased, entry)


def nothing(leased: Leased, until: float) -> Steps[None]:
    """Do nothing with a payment."""
    del leased, until
    yield from ()


# --------------------------------------------------------------------- releasing


def test_a_payment_is_given_back(worker: Worker) -> None:
    """It is the worker's while the work continues, and free after it."""

    def work(leased: Leased, until: float) -> Steps[None]:
        assert not worker.is_free()
        assert (leased.transfer.number, until) == (0, 1010.0)
        yield from ()

    transfer = worker.work(work)
    assert transfer.payment == payment("p-1")
    assert worker.is_free()


def test_an_error_gives_it_back(worker: Worker) -> None:
    """The error of the work reaches the caller, and the payment is free."""

    def work(leased: Leased, until: float) -> Steps[None]:
        del leased, until
        yield from ()
        raise PaymentConflict("no")

    with pytest.raises(PaymentConflict, match="no"):
        worker.work(work)
    assert worker.is_free()


def test_a_journal_that_does_not_take_it_back(worker: Worker) -> None:
    """What was written counts: that the lease continues is no failure of the call."""
    worker.journal.is_away = True
    assert worker.work(nothing).number == 0
    worker.journal.is_away = False
    assert not worker.is_free()
    worker.now += worker.leases.lease_seconds
    assert worker.is_free()


def test_an_interruption(worker: Worker) -> None:
    """The payment is free, and the answer that was waited for is lost, as written."""

    def work(leased: Leased, until: float) -> Steps[None]:
        del until
        yield from confirming(worker, leased)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        worker.work(work)
    worker.leases.releases.wait()
    assert "give nothing back" in caught.value.__notes__[0]
    record = worker.journal.read("p-1")
    assert record is not None
    last = record.entries[-1]
    assert (last.what, last.facts) == (H.CONFIRM_UNKNOWN, {"reason": "interrupted"})
    assert record.status.state == "unknown"
    assert worker.is_free()


def test_an_interruption_before_anything_was_sent(worker: Worker) -> None:
    """Nothing is written, and no note is added: no money can have moved."""

    def work(leased: Leased, until: float) -> Steps[None]:
        del leased, until
        yield from ()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        worker.work(work)
    worker.leases.releases.wait()
    assert not hasattr(caught.value, "__notes__")
    record = worker.journal.read("p-1")
    assert record is not None
    assert record.entries == ()
    assert worker.is_free()


# ------------------------------------------------------------------------ taking


def test_waiting_for_another_worker(worker: Worker) -> None:
    """The call waits as long as it may, and its time goes by."""
    worker.journal.lease("p-1", "another", 3.0)
    seen: list[float] = []

    def work(leased: Leased, until: float) -> Steps[None]:
        del leased
        seen.append(until)
        yield from ()

    worker.work(work)
    assert seen == [1010.0]
    assert 1003.0 <= worker.now <= 1003.0 + PAUSE


def test_another_worker_that_goes_on(worker: Worker) -> None:
    """When the time of the call ends the payment stays the other worker's."""
    worker.journal.lease("p-1", "another", 60.0)
    with pytest.raises(LeaseHeld):
        worker.work(nothing)
    assert worker.now <= 1010.0


def test_patience_is_not_taken_from_the_time_of_the_call(worker: Worker) -> None:
    """A call that outwaits a dead worker has its whole time after that."""
    worker.journal.lease("p-1", "dead", 60.0)
    seen: list[float] = []

    def work(leased: Leased, until: float) -> Steps[None]:
        del leased
        seen.append(until - worker.now)
        yield from ()

    limit = worker.leases.limit(None, 20.0)
    worker.run(worker.leases.with_payment("p-1", limit, work))
    assert seen == [20.0]


def test_the_limit_of_a_call(worker: Worker) -> None:
    """Seconds of the caller are all it has; without, it outwaits a dead worker."""
    assert worker.leases.limit(5.0, 60.0) == Limit(1005.0)
    usual = worker.leases.limit(None, 60.0)
    assert usual.until == 1060.0
    assert 60.0 + usual.patience == worker.leases.lease_seconds + 2 * PAUSE
    assert worker.leases.limit(None, 1000.0).patience == 0.0


def test_two_calls_are_two_owners(worker: Worker) -> None:
    """One of them never takes the lease of the other for its own."""
    assert worker.leases.owner() != worker.leases.owner()


# ------------------------------------------------------------- how long a lease is


def test_a_payment_of_longer_deadlines(worker: Worker) -> None:
    """Its lease is as long as its own rules need, whatever those of the worker are."""
    worker.journal.begin(payment("p-2"), Rules(deadline=100.0))
    limit = Limit(worker.now + 10)
    worker.run(worker.leases.with_payment("p-2", limit, nothing))
    assert worker.journal.spans == [90.0, 230.0]


def test_a_write_extends_the_lease(worker: Worker) -> None:
    """A worker that writes keeps its payment; one that is late writes nothing."""

    def work(leased: Leased, until: float) -> Steps[None]:
        del until
        worker.now += 80
        entry = Entry(1, H.CREATE_SENDING, worker.now)
        yield from worker.leases.write(leased, entry)
        worker.now += 80
        assert not worker.is_free()
        worker.now += 80
        assert worker.is_free()
        late = Entry(1, H.CREATE_UNKNOWN, worker.now)
        yield from worker.leases.write(leased, late)

    with pytest.raises(LeaseLost):
        worker.work(work)
    record = worker.journal.read("p-1")
    assert record is not None
    assert [entry.what for entry in record.entries] == [H.CREATE_SENDING]


# --------------------------------------------------------------- whose journal it is


def test_a_journal_of_another_account(worker: Worker) -> None:
    """It is refused, before anything of it is read."""
    worker.run(worker.leases.belong())
    other = worker.others("partner-2")
    with pytest.raises(WrongAccount):
        worker.run(other.belong())


def test_a_journal_that_was_rebound_before_the_lease(worker: Worker) -> None:
    """The account is looked at once more under the lease, and the payment is free."""
    worker.run(worker.leases.belong())
    worker.journal.rebind(ACCOUNT, MOVED, by="a person")
    with pytest.raises(WrongAccount):
        worker.work(nothing)
    assert worker.is_free()


def test_a_journal_without_accounts(worker: Worker) -> None:
    """A journal that cannot say whose it is is refused when the parts are put in."""
    engine = cast("Any", SimpleNamespace())
    with pytest.raises(InputError, match="offers no bind"):
        Leases(engine, cast("Any", object()), STRICT)
    del worker


def test_a_payment_that_was_not_started(worker: Worker) -> None:
    """The caller hears that nothing was sent."""
    with pytest.raises(PaymentConflict, match="'p-9' was not started"):
        worker.run(worker.leases.require("p-9"))
    worker.run(worker.leases.require("p-1"))


def test_a_payment_that_vanished(worker: Worker) -> None:
    """A lease of a payment that is gone leads to nothing."""
    lease = worker.journal.lease("p-1", "one", 60.0)
    del worker.journal._kept["p-1"]
    with pytest.raises(PaymentConflict, match="has no payment 'p-1'"):
        drive(
            worker.leases._open(lease),
            lambda step: cast("Any", step).act(),
        )
