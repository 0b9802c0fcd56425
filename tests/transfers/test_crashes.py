"""
Crashes, late workers, and a journal that fails, at every single step.

The steps of a call are taken by hand, and left at step n: before it was carried
out, or after it was and before the call knew. Whatever was left, the next worker
has to find out, and the receiver has to get the money exactly once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import (
    GatewayError,
    JournalUnavailable,
    KesspayError,
    LeaseLost,
)
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY, HttpRequest
from kesspay.sandbox.faults import FAULTS as ALL_FAULTS
from kesspay.transfers.attempt import STRICT, Happened
from kesspay.transfers.journal import Payment
from kesspay.transfers.leases import Blocking, Limit, Within
from kesspay.transfers.workflow import Debit, PaymentWorkflow
from tests.transfers.virtual import DEBIT, ORDER, Dead, face, partner, service_of


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.transfers.leases import Steps
    from kesspay.transfers.payment import Transfer
    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]

H = Happened

#: More steps than any call below has.
MANY: Final = 60

#: What goes wrong besides: faults by service.
FAULTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "nothing": (),
    "lost answer": (("drop-after", CONFIRM),),
    "lost request": (("drop-before", CONFIRM),),
    "late 401": (("unauthenticated-after", CONFIRM),),
    "dead token": (("expired-token", CONFIRM),),
    "late credit": (("delayed-credit=20", CONFIRM),),
    "lost create": (("drop-after", CREATE),),
    "lost queries": (("drop-after", CONFIRM), ("drop-after", QUERY)),
}


@dataclass
class Worker:
    """
    Takes the steps of a call by hand, as far as it may.

    Attributes:
        here: the partner, whose client carries out the steps.
        call: the steps of it.
        steps: that were carried out.
        end: how it ended: a Transfer, an error, or None.
    """

    here: Partner
    call: Steps[Transfer]
    until: float
    steps: int = 0
    end: Transfer | KesspayError | None = None

    def __post_init__(self) -> None:
        """Go up to the first step."""
        self.client = self.here.client()
        self.need: Any = None
        self._go(lambda: next(self.call))

    def act(self) -> object:
        """Carry the step out; the call does not know yet."""
        self.steps += 1
        if isinstance(self.need, Blocking):
            return self.need.act()
        if isinstance(self.need, Within):
            return self.client.provide(self.need.need, self.until)
        return self.client.provide(self.need, self.until)

    def step(self) -> None:
        """Carry the step out and go up to the next one."""
        try:
            given = self.act()
        except KesspayError as error:
            caught = error
            self._go(lambda: self.call.throw(caught))
        else:
            self._go(lambda: self.call.send(given))

    def run(self, steps: int = MANY) -> bool:
        """Continue for some steps; say whether there are more."""
        for _ in range(steps):
            if self.end is not None:
                return False
            self.step()
        return self.end is None

    def crash(self, *, carried_out: bool) -> None:
        """Leave the call at this step, before or after it was carried out."""
        if carried_out:
            with suppress(KesspayError):
                self.act()
        self.call.close()

    def _go(self, move: Callable[[], object]) -> None:
        try:
            self.need = move()
        except StopIteration as stop:
            self.end = stop.value
        except KesspayError as error:
            self.end = error


def workflow(here: Partner) -> PaymentWorkflow:
    """Return the workflow of a new process."""
    made = PaymentWorkflow(here.client().engine, here.journal, STRICT)
    made.leases.releases = Dead()
    return made


def starting(here: Partner) -> Worker:
    """Return a worker that is about to start the payment."""
    until = here.sandbox.now() + 60
    return Worker(here, workflow(here).start(Payment(**ORDER), Limit(until)), until)


def confirming(here: Partner) -> Worker:
    """Return a worker that is about to confirm the payment."""
    until = here.sandbox.now() + 60
    return Worker(
        here, workflow(here).confirm("order-1", Debit(DEBIT), Limit(until)), until
    )


def ready(partner: MakePartner, faults: str) -> Partner:
    """Return a partner with a payment that was started, and faults to come."""
    here = partner()
    starting(here).run()
    for fault, service in FAULTS[faults]:
        here.plan(fault, service)
    return here


def finish(here: Partner) -> str:
    """
    Let a new process pay, and return what it hears.

    It is "paid" exactly where the receiver has the money; "manual" is for
    confirms that all got lost, on the way there or back.
    """
    transfers = here.transfers()
    here.sandbox.advance(95)
    transfers.start(**ORDER)
    result = transfers.confirm("order-1", debit_id=DEBIT, timeout=120)
    if result.outcome == "unknown":
        result = here.settle(transfers)
    credited = here.credited()
    if result.outcome == "paid":
        assert credited == 1
    else:
        assert (result.outcome, credited) == ("manual", 0)
    written_ahead(here)
    return str(result.outcome)


def written_ahead(here: Partner) -> None:
    """See that every create and confirm that left stands in the journal."""
    written = [
        (entry.attempt, entry.sent)
        for entry in here.entries()
        if entry.sent is not None
    ]
    bodies = [body for _, body in written]
    for request, _ in here.wire.sent:
        if service_of(request) in {CREATE, CONFIRM}:
            assert request.body in bodies
    creates = [
        request.body for request, _ in here.wire.sent if service_of(request) == CREATE
    ]
    assert len(creates) == len(set(creates))


def places(
    partner: MakePartner, make: Callable[[Partner], Worker], faults: str
) -> Iterator[tuple[Partner, Worker]]:
    """Yield workers that got n steps far, for every n that there is."""
    for steps in count():
        here = ready(partner, faults) if make is confirming else partner()
        if make is starting:
            for fault, service in FAULTS[faults]:
                here.plan(fault, service)
        worker = make(here)
        if not worker.run(steps):
            assert steps > 5
            return
        yield here, worker


@pytest.mark.few(3)
@pytest.mark.one_in(6)
@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_a_crash_during_a_confirm(
    partner: MakePartner,
    faults: str,
    carried_out: bool,  # noqa: FBT001 - parametrized
) -> None:
    """Wherever a confirm was left, the receiver is credited exactly once."""
    for here, worker in places(partner, confirming, faults):
        worker.crash(carried_out=carried_out)
        assert finish(here) == "paid"


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_a_crash_is_a_lost_answer(
    partner: MakePartner,
    carried_out: bool,  # noqa: FBT001 - parametrized
) -> None:
    """A confirm that was written down may have left: no worker takes it back."""
    crashes = 0
    for here, worker in places(partner, confirming, "nothing"):
        worker.crash(carried_out=carried_out)
        before = here.happened()
        if before[-1] != (1, H.CONFIRM_SENDING):
            continue
        crashes += 1
        assert finish(here) == "paid"
        assert here.happened()[len(before)] == (1, H.CONFIRM_UNKNOWN)
    assert crashes


@pytest.mark.few(3)
@pytest.mark.parametrize("faults", ["nothing", "lost create"])
@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_a_crash_during_a_start(
    partner: MakePartner,
    faults: str,
    carried_out: bool,  # noqa: FBT001 - parametrized
) -> None:
    """Wherever a start was left, no number is used twice, and it can be paid."""
    for here, worker in places(partner, starting, faults):
        worker.crash(carried_out=carried_out)
        assert finish(here) == "paid"


@pytest.mark.few(1)
@pytest.mark.one_in(3)
@pytest.mark.parametrize("faults", ["nothing", "lost answer", "late 401"])
def test_a_crash_after_a_crash(
    partner: MakePartner,
    faults: str,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Two crashes, anywhere: still nothing is paid twice or lost sight of."""
    for first in range(3, MANY):
        # A sample leaves out two of three places, other ones for each first crash.
        begin, apart = (3, 1) if whole else (3 + first % 3, 3)
        for second in range(begin, MANY, apart):
            here = ready(partner, faults)
            one = confirming(here)
            if not one.run(first):
                return
            one.crash(carried_out=True)
            here.sandbox.advance(95)
            two = confirming(here)
            if not two.run(second):
                break
            two.crash(carried_out=True)
            finish(here)


@pytest.mark.few(1)
@pytest.mark.one_in(6)
@pytest.mark.parametrize("faults", FAULTS)
def test_a_worker_that_wakes_up_late(partner: MakePartner, faults: str) -> None:
    """
    It writes nothing any more, and what it still sends credits nothing twice.

    It was slow for so long that its lease ended and another worker paid.
    """
    for here, worker in places(partner, confirming, faults):
        assert finish(here) == "paid"
        before = here.entries()
        worker.until += 1000
        worker.run()
        assert here.entries() == before
        assert here.credited() == 1
        if isinstance(worker.end, KesspayError):
            # Before the debit is written, a caller hears of it.
            assert isinstance(worker.end, LeaseLost)
        else:
            assert worker.end is not None
            assert worker.end.outcome in {"unknown", "paid"}


def is_confirm(need: object) -> bool:
    """Tell whether the next step sends a confirm."""
    request = need.need if isinstance(need, Within) else None
    return isinstance(request, HttpRequest) and service_of(request) == CONFIRM


def test_a_worker_sleeps_over_its_send(partner: MakePartner) -> None:
    """What a worker slept over after the journal took it is a late confirm."""
    here = ready(partner, "nothing")
    worker = confirming(here)
    while not is_confirm(worker.need):
        worker.step()
    here.sandbox.advance(100)
    (result,) = here.transfers().resume()
    # The other one asked, sent the same again, and knows.
    assert result.outcome == "paid"
    worker.until += 1000
    worker.step()
    assert here.credited() == 1
    worker.run()
    assert isinstance(worker.end, object)
    assert here.happened()[-1] == (1, H.CONFIRM_PAID)


# ------------------------------------------------------- a journal that fails


@pytest.mark.few(3)
@pytest.mark.one_in(6)
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("faults", FAULTS)
def test_a_journal_that_fails_during_a_confirm(
    partner: MakePartner,
    faults: str,
    for_ever: bool,  # noqa: FBT001 - parametrized
) -> None:
    """
    Only the caller whose debit could not be written gets an exception.

    Nothing leaves that is not written down; once the debit is, an outcome that
    cannot be written is unknown, and a later call finds out.
    """
    for fails in count(1):
        here = ready(partner, faults)
        begun = here.journal.appends
        here.journal.fails = lambda number, at=begun + fails: (  # type: ignore[misc] # bound here
            number == at or (for_ever and number > at)
        )
        transfers = here.transfers()
        if fails == 1:
            with pytest.raises(JournalUnavailable):
                transfers.confirm("order-1", debit_id=DEBIT)
            assert CONFIRM not in here.wire.services()
        else:
            result = transfers.confirm("order-1", debit_id=DEBIT)
            if here.journal.appends < begun + fails:
                assert fails > 3
                return
            assert result.outcome == "unknown"
            assert result.reason == "the disk is full"
            assert result.check_at is not None
        written_ahead(here)
        here.journal.fails = lambda _: False
        assert finish(here) == "paid"


@pytest.mark.parametrize("faults", ["nothing", "lost create"])
def test_a_journal_that_fails_during_a_start(partner: MakePartner, faults: str) -> None:
    """The caller hears it; no number is used twice."""
    for fails in count(1):
        here = partner()
        for fault, service in FAULTS[faults]:
            here.plan(fault, service)
        here.journal.fails = fails.__eq__
        transfers = here.transfers()
        try:
            transfers.start(**ORDER)
        except JournalUnavailable:
            written_ahead(here)
        else:
            assert fails > 2
            return
        here.journal.fails = lambda _: False
        assert finish(here) == "paid"


def test_a_lease_that_cannot_be_given_back(
    partner: MakePartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with its time: the result stands."""
    here = ready(partner, "nothing")

    def fail(_: object) -> None:
        raise JournalUnavailable("gone")

    monkeypatch.setattr(here.journal, "release", fail)
    assert here.transfers().confirm("order-1", debit_id=DEBIT).outcome == "paid"


# -------------------------------------------------------------- write ahead


def test_the_very_body_is_written_before_it_leaves(partner: MakePartner) -> None:
    """When a byte leaves, the body is in the journal."""
    here = partner()
    seen = []

    def look(request: HttpRequest) -> None:
        service = service_of(request)
        if service in {CREATE, CONFIRM}:
            last = here.entries()[-1]
            assert last.sent == request.body
            seen.append((service, last.what))
            if service == CONFIRM:
                assert (1, H.DEBITED) in here.happened()

    here.wire.look = look
    here.plan("expired-token", CONFIRM)
    here.plan("drop-before", CONFIRM)
    transfers = here.transfers()
    transfers.start(**ORDER)
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "paid"
    sending = (CONFIRM, H.CONFIRM_SENDING)
    assert seen == [(CREATE, H.CREATE_SENDING), sending, sending, sending]


def test_every_answer_is_kept_as_it_came(partner: MakePartner) -> None:
    """The journal holds the exact bytes of each exchange, queries included."""
    here = partner()
    here.plan("foreign-signature", CONFIRM)
    here.plan("html-200", QUERY)
    transfers = here.transfers()
    transfers.start(**ORDER)
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "paid"
    answers = [
        response.body
        for request, response in here.wire.sent
        if response is not None and service_of(request) != "token"
    ]
    kept = [entry.received for entry in here.entries() if entry.received is not None]
    assert kept == answers


def test_no_secret_is_written(partner: MakePartner) -> None:
    """Neither credentials nor a token nor a key stand in any entry."""
    here = partner()
    here.plan("expired-token", CONFIRM)
    here.plan("drop-after", QUERY)
    transfers = here.transfers()
    transfers.start(**ORDER)
    transfers.confirm("order-1", debit_id=DEBIT)
    written = repr(list(here.journal.export()))
    right = here.sandbox.settings["credentials"]
    secrets = {right.partner_secret_key, right.password}
    for request, _ in here.wire.sent:
        headers = dict(request.headers)
        secrets.add(headers.get("Authorization", "Bearer none-yet").split()[1])
    assert len(secrets) >= 4
    for secret in secrets:
        assert secret not in written


@pytest.mark.one_in(2)
def test_errors_of_the_gateway_never_come_out_of_a_confirm(
    partner: MakePartner,
) -> None:
    """Whatever happens to a confirm, its caller gets a result."""
    fitting = [name for name, one in ALL_FAULTS.items() if CONFIRM in one.services]
    assert len(fitting) > 25
    for fault in fitting:
        here = ready(partner, "nothing")
        here.plan(fault, CONFIRM, times=9)
        here.plan("drop-after", QUERY, times=2)
        try:
            result = here.transfers().confirm("order-1", debit_id=DEBIT)
        except GatewayError as error:
            pytest.fail(f"{fault}: {error}")
        assert result.outcome in {"paid", "unknown"}
