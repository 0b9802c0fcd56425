# ruff: noqa: ANN401 - what is refused is of any type

"""What both kinds of transfers do besides the workflow of a payment."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import (
    FieldError,
    InputError,
    JournalUnavailable,
    LeaseHeld,
    LeaseLost,
    PaymentConflict,
)
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.attempt import RELAXED, STRICT, Happened, Rules
from kesspay.transfers.journal import Entry, Lease, Payment, Status
from kesspay.transfers.transfers import PendingTransfer, Transfers
from tests.support.odd import ODD, ODD_TEXTS
from tests.transfers.virtual import DEBIT, ORDER, Waiting, face, partner, service_of


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.http.transport import Transport
    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]


class Orders(str, Enum):  # noqa: UP042 - a StrEnum writes itself as its text
    """References as some programs keep them: each is a text, and writes itself so."""

    ORDER = "order-1"
    RECEIVER = "85512345678"
    SENDER = "Chan Sophea"
    DEBIT = "debit-1"
    CURRENCY = "USD"


class Name(str):
    """A name that escapes itself, as those of template engines do."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """Return something else."""
        return "escaped"

    def __eq__(self, other: object) -> bool:
        """Be equal to nothing."""
        return False

    __hash__ = str.__hash__


def left_behind(here: Partner, *names: str) -> None:
    """Leave payments with a debit and a confirm whose answer got lost."""
    transfers = here.transfers()
    for name in names:
        transfers.start(**{**ORDER, "payment_id": name})
        here.plan("drop-after", CONFIRM)
        here.plan("drop-after", QUERY, times=99)
        result = transfers.confirm(name, debit_id=f"debit-{name}", timeout=5)
        assert result.outcome == "unknown"
        here.sandbox.faults.clear()


def test_a_pending_transfer(partner: MakePartner) -> None:
    """It has what to show, until when, and the payment's own methods."""
    here = partner()
    pending = here.transfers().start(**ORDER)
    assert pending.payment_id == "order-1"
    assert pending.receiver_name == "Sok Dara"
    assert pending.expires_at == here.sandbox.now() + 260
    assert pending.result.outcome == "pending"
    assert pending.confirm(DEBIT, timeout=10).outcome == "paid"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_id", "order 1"),
        ("payment_id", "x" * 61),
        ("receiver_id", ""),
        ("amount", Decimal(0)),
        ("amount", Decimal("0.505")),
        ("amount", 0.5),
        ("sender_name", "x" * 97),
    ],
)
def test_fields_that_break_a_rule(partner: MakePartner, field: str, value: Any) -> None:
    """They are refused before anything is written or sent."""
    here = partner()
    with pytest.raises(FieldError, match=field):
        here.transfers().start(**{**ORDER, field: value})
    assert here.wire.sent == []
    assert list(here.journal.export()) == []


@pytest.mark.parametrize("debit_id", ["", "debit 1", "x" * 65, 1, None])
def test_a_debit_id_that_breaks_the_rule(partner: MakePartner, debit_id: Any) -> None:
    """It is refused before it is written."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    with pytest.raises(FieldError, match="debit_id"):
        transfers.confirm("order-1", debit_id=debit_id)
    assert len(here.entries()) == 2


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan"), True, "1"])
def test_a_time_that_is_none(partner: MakePartner, timeout: Any) -> None:
    """It is refused, for every call and for all."""
    here = partner()
    with pytest.raises(InputError, match="timeout"):
        here.transfers(timeout=timeout)
    with pytest.raises(InputError, match="timeout"):
        here.transfers().start(**ORDER, timeout=timeout)


def test_looking(partner: MakePartner) -> None:
    """It sends nothing, and returns None of a payment that was not started."""
    here = partner()
    transfers = here.transfers()
    assert transfers.look("order-1") is None
    left_behind(here, "order-1")
    sent = len(here.wire.sent)
    assert transfers.look("order-1").outcome == "unknown"
    assert len(here.wire.sent) == sent


def test_looking_with_other_rules(partner: MakePartner) -> None:
    """The next look of a worker comes out of the rules in use."""
    here = partner()
    rules = replace(STRICT, polls=(0.0, 7.0))
    transfers = here.transfers(rules)
    transfers.start(**ORDER)
    here.plan("unknown-code", CONFIRM)
    here.plan("pending", QUERY)
    result = transfers.confirm("order-1", debit_id=DEBIT, timeout=3)
    assert result.check_at == here.sandbox.now() + 7
    assert transfers.look("order-1") == result


def test_a_confirm_under_another_number_of_seconds(partner: MakePartner) -> None:
    """A short call leaves the rest to a later one."""
    here = partner()
    left_behind(here, "order-1")
    result = here.transfers().confirm("order-1", debit_id="debit-order-1", timeout=60)
    assert result.outcome == "paid"


# ------------------------------------------------------------------ workers


def test_resuming_what_is_due(partner: MakePartner) -> None:
    """Every payment that is due is taken once; what is settled is not."""
    here = partner()
    left_behind(here, "order-1", "order-2", "order-3")
    transfers = here.transfers()
    transfers.start(**{**ORDER, "payment_id": "order-4"})
    here.sandbox.advance(60)
    results = list(transfers.resume())
    assert sorted(result.payment_id for result in results) == [
        "order-1",
        "order-2",
        "order-3",
    ]
    assert {result.outcome for result in results} == {"paid"}
    assert list(transfers.resume()) == []
    assert here.credited() == 3


def test_resuming_does_not_wait(partner: MakePartner) -> None:
    """A payment that stays unknown comes once in a round, and time stands still."""
    here = partner()
    left_behind(here, "order-1")
    here.sandbox.advance(60)
    here.plan("drop-after", QUERY, times=9)
    before = here.sandbox.now()
    (result,) = here.transfers().resume()
    assert result.outcome == "unknown"
    assert here.sandbox.now() == before


def test_resuming_gives_back_what_is_due_at_once(partner: MakePartner) -> None:
    """A payment that is due again is left to the next round, and to any worker."""
    here = partner()
    here.transfers().start(**ORDER)
    here.wire.not_sent[CONFIRM] = 1
    here.transfers().confirm("order-1", debit_id=DEBIT, timeout=0.4)
    here.wire.not_sent["token"] = 9
    (result,) = here.transfers().resume()
    assert result.outcome == "unknown"
    here.wire.not_sent.clear()
    assert [one.outcome for one in here.transfers().resume()] == ["paid"]


def test_resuming_past_a_damaged_record(partner: MakePartner) -> None:
    """Its result says so; the others are taken all the same."""
    here = partner()
    left_behind(here, "order-1", "order-2")
    here.sandbox.advance(60)
    lease = here.journal.lease("order-1", "another", 10)
    wrong = Entry(7, Happened.DEBITED, here.sandbox.now())
    here.journal.append(lease, [wrong], Status("unknown", 1, 0.0), 10)
    here.journal.release(lease)
    results = {result.payment_id: result for result in here.transfers().resume()}
    assert results["order-1"].outcome == "manual"
    assert "damaged" in results["order-1"].reason
    assert results["order-2"].outcome == "paid"


@pytest.mark.parametrize(
    "names",
    [
        ("order-2", "order-1"),
        ("order-1", "order-2"),
    ],
)
def test_resuming_what_is_taken_away(
    partner: MakePartner, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """A worker that cannot continue with a payment continues with the others."""
    here = partner()
    left_behind(here, *names)
    here.sandbox.advance(60)
    append = here.journal.append

    def lose(lease: Lease, *rest: Any) -> None:
        if lease.payment_id == "order-1":
            raise LeaseLost("taken")
        append(lease, *rest)

    monkeypatch.setattr(here.journal, "append", lose)
    results = {result.payment_id: result for result in here.transfers().resume()}
    assert (results["order-1"].outcome, results["order-1"].reason) == (
        "unknown",
        "taken",
    )
    assert results["order-2"].outcome == "paid"


def test_resuming_without_a_journal(partner: MakePartner) -> None:
    """A journal that fails ends the round."""
    here = partner()
    left_behind(here, "order-1")
    here.sandbox.advance(60)
    here.journal.fails = lambda _: True
    with pytest.raises(JournalUnavailable):
        list(here.transfers().resume())


# ------------------------------------------------------------------- leases


def test_a_payment_that_another_worker_has(partner: MakePartner) -> None:
    """A call waits for it, up to its time-out, and does nothing meanwhile."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.journal.lease("order-1", "another", 30)
    with pytest.raises(LeaseHeld):
        transfers.start(**ORDER, timeout=5)
    with pytest.raises(LeaseHeld):
        transfers.confirm("order-1", debit_id=DEBIT, timeout=5)
    with pytest.raises(LeaseHeld):
        transfers.decline("order-1", timeout=5)
    assert here.wire.services() == [CREATE]
    assert list(transfers.resume()) == []
    assert transfers.confirm("order-1", debit_id=DEBIT, timeout=60).outcome == "paid"


def test_a_payment_that_a_dead_worker_has(partner: MakePartner) -> None:
    """A call without a time of its own waits until the lease ended, and pays."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.journal.lease("order-1", "another", 90)
    begun = here.sandbox.now()
    here.plan("bad-gateway-before", CONFIRM, times=4)
    assert transfers.confirm("order-1", debit_id=DEBIT).outcome == "paid"
    # What it waited is not taken from its own time.
    assert 110 <= here.sandbox.now() - begun < 150


def test_a_lease_is_given_back(partner: MakePartner) -> None:
    """After each call, also one that raised, the payment is free."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    transfers.confirm("order-1", debit_id=DEBIT)
    with pytest.raises(PaymentConflict):
        transfers.decline("order-1")
    assert here.journal._kept["order-1"].owner == ""


def test_a_payment_that_vanished(
    partner: MakePartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that leases what it does not have is not worked with."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    reads = [here.journal.read("order-1"), None]
    monkeypatch.setattr(here.journal, "read", lambda _: reads.pop(0))
    with pytest.raises(PaymentConflict, match="has no payment"):
        transfers.confirm("order-1", debit_id=DEBIT)


# ------------------------------------------------------------ hard cases


def test_pre_transfers_that_live_too_short(partner: MakePartner) -> None:
    """A gateway whose pre-transfers cannot be confirmed is not stormed."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.sandbox.advance(280)
    here.sandbox.emulator._transfer_life = 30

    def look(_: object) -> None:
        # Without this the call would never end: no time passes.
        assert len(here.wire.sent) < 40

    here.wire.look = look
    result = transfers.confirm("order-1", debit_id=DEBIT)
    assert result.outcome == "unknown"
    assert here.wire.services().count(CREATE) < 10


def test_a_start_that_can_never_be_confirmed(partner: MakePartner) -> None:
    """A lifetime below the deadline of the rules is an error that says so."""
    here = partner(transfer_life=30)
    with pytest.raises(InputError, match="live 30 s"):
        here.transfers().start(**ORDER)
    assert here.wire.services().count(CREATE) == 1


def test_a_name_that_another_call_saw(partner: MakePartner) -> None:
    """Who was shown one name does not pay another that a second call got."""
    here = partner()
    pending = here.transfers().start(**ORDER)
    here.sandbox.advance(270)
    here.sandbox.ledger.add_user(ORDER["receiver_id"], "Somebody Else")
    here.transfers().start(**ORDER)
    assert pending.receiver_name == "Sok Dara"
    assert pending.confirm(DEBIT).outcome == "not_paid"


def test_a_long_id_and_many_attempts(partner: MakePartner) -> None:
    """An id of 60 characters has no attempt 1000; that is no exception."""
    here = partner()
    long = "x" * 60
    transfers = here.transfers()
    transfers.start(**{**ORDER, "payment_id": long})
    lease = here.journal.lease(long, "another", 10)
    facts: dict[str, str | int | float] = {"debit_id": DEBIT, "shown_name": "Sok Dara"}
    now = here.sandbox.now()
    made = [
        Entry(1, Happened.DEBITED, now, facts=facts),
        Entry(1, Happened.WINDOW_CLOSED, now),
    ]
    for number in range(2, 1000):
        made.append(Entry(number, Happened.CREATE_SENDING, now))
        made.append(Entry(number, Happened.CREATE_UNKNOWN, now))
    here.journal.append(lease, made, Status("abandoned", 999, now), 10)
    here.journal.release(lease)
    # No confirm has left, so either is true.
    result = transfers.confirm(long, debit_id=DEBIT)
    assert result.outcome in {"unknown", "not_paid"}


def test_a_confirm_without_a_start(partner: MakePartner) -> None:
    """``confirm`` promises a PaymentConflict for what was never started."""
    with pytest.raises(PaymentConflict):
        partner().transfers().confirm("order-1", debit_id=DEBIT)


# ------------------------------------------------------------------- values


PENDING_FIELDS: Final = ("payment_id", "receiver_name", "expires_at", "result")


@pytest.mark.parametrize("face", ["sync"], indirect=True)
def test_a_pending_transfer_is_a_value(partner: MakePartner) -> None:
    """Two starts of one payment give equal values, whose repr shows no parts."""
    here = partner()
    first, second = here.transfers().start(**ORDER), here.transfers().start(**ORDER)
    assert isinstance(first, PendingTransfer)
    assert first == second
    assert "_transfers" not in repr(first)
    for name in PENDING_FIELDS:
        assert name in repr(first)


def test_a_payment_names_its_attempts() -> None:
    """The references fit into 64 characters for every id that is allowed."""
    payment = Payment("x" * 60, "85512345678", "Chan Sophea", Decimal("0.50"))
    assert payment.reference(1) == "x" * 60 + "-1"
    assert len(payment.reference(999)) == 64


# ------------------------------------------------------------------ whose rules


def lost(here: Partner, transfers: Any, **options: Any) -> None:
    """Leave a payment whose confirm never arrived; queries say so."""
    transfers.start(**ORDER, **options)
    here.plan("drop-before", CONFIRM, times=100)
    transfers.confirm("order-1", debit_id=DEBIT, timeout=0.5)


@pytest.mark.few(3)
@pytest.mark.parametrize("started", [STRICT, RELAXED])
@pytest.mark.parametrize("reading", [STRICT, RELAXED])
def test_one_payment_one_set_of_rules(
    partner: MakePartner, started: Rules, reading: Rules
) -> None:
    """Every worker and every look judges by the rules it began with."""
    here = partner()
    lost(here, here.transfers(started))
    reader = here.transfers(reading)
    result = here.settle(reader)
    assert result.outcome == ("not_paid" if started.relaxed else "manual")
    assert here.transfers(started).look("order-1") == result
    # What a list and a worker go by is judged by the same rules.
    (listed,) = here.journal.list()
    assert listed.status.state == result.outcome
    assert reader.confirm("order-1", debit_id=DEBIT) == result
    assert here.credited() == 0


def test_a_second_start_changes_no_rules(partner: MakePartner) -> None:
    """The first start counts."""
    here = partner()
    here.transfers().start(**ORDER)
    lost(here, here.transfers(RELAXED))
    assert here.settle(here.transfers(RELAXED)).outcome == "manual"


def test_a_payment_of_an_older_version(partner: MakePartner) -> None:
    """Without recorded rules no reader calls it not paid after the fence."""
    here = partner()
    here.journal.begin(Payment(**ORDER))
    lost(here, here.transfers(RELAXED))
    record = here.journal.read("order-1")
    assert record is not None
    assert record.rules is None
    assert here.settle(here.transfers(RELAXED)).outcome == "manual"


@pytest.mark.parametrize("reading", [1.0, 100.0])
def test_the_deadline_of_the_payment(
    partner: MakePartner, monkeypatch: pytest.MonkeyPatch, reading: float
) -> None:
    """Its exchanges end with it, and a lease of another worker is long enough."""
    here = partner()
    own = replace(STRICT, deadline=20.0)
    here.transfers(own).start(**ORDER)
    worker = here.transfers(replace(STRICT, deadline=reading))
    seconds: list[float] = []
    leased: list[float] = []
    lease, send = here.journal.lease, here.wire.send

    def listened(payment_id: str, owner: str, held: float) -> Lease:
        leased.append(held)
        return lease(payment_id, owner, held)

    def timed(request: HttpRequest, *, timeout: float) -> HttpResponse:
        if service_of(request) == CONFIRM:
            seconds.append(timeout)
        return send(request, timeout=timeout)

    monkeypatch.setattr(here.journal, "lease", listened)
    monkeypatch.setattr(here.wire, "send", timed)
    assert worker.confirm("order-1", debit_id=DEBIT, timeout=300).outcome == "paid"
    assert seconds == [20.0]
    assert leased[-1] >= 2 * 20.0 + 3 * STRICT.reserve
    assert worker.look("order-1").outcome == "paid"


def test_a_window_that_its_rules_cannot_meet(partner: MakePartner) -> None:
    """The caller hears that a payment keeps its rules."""
    here = partner()
    transfers = here.transfers(replace(STRICT, deadline=400.0))
    with pytest.raises(InputError, match=r"new payment_id: a payment keeps its rules"):
        transfers.start(**ORDER)
    with pytest.raises(InputError, match="keeps its rules"):
        here.transfers().start(**ORDER)
    other = {**ORDER, "payment_id": "order-2"}
    assert here.transfers().start(**other).result.outcome == "pending"


def test_texts_of_a_class_below_str(partner: MakePartner) -> None:
    """Journal and gateway get the text, however its class writes it."""
    here = partner()
    transfers = here.transfers()
    order: dict[str, Any] = {
        **ORDER,
        "payment_id": Orders.ORDER,
        "receiver_id": Orders.RECEIVER,
        "sender_name": Orders.SENDER,
    }
    pending = transfers.start(**order)
    assert type(pending.payment_id) is str
    shown = Name(pending.receiver_name)
    result = transfers.confirm(
        Orders.ORDER, debit_id=Orders.DEBIT, receiver_name=shown, timeout=10
    )
    assert (result.outcome, result.debit_id) == ("paid", "debit-1")
    assert transfers.look("order-1") == transfers.look(Orders.ORDER) == result
    assert Payment(Orders.ORDER, "8", "A", Decimal(1), Orders.CURRENCY).reference(
        1
    ) == ("order-1-1")


def test_names_of_another_type_are_no_other_names(partner: MakePartner) -> None:
    """A payment is not declined because its caller mistook the name that it showed."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    for value in (*ODD, 5, True, None):
        with pytest.raises(FieldError, match="receiver_name must be a str"):
            transfers.confirm("order-1", debit_id=DEBIT, receiver_name=value)
        assert here.happened()[-1][1] is Happened.CREATE_GRANTED
    assert transfers.confirm("order-1", debit_id=DEBIT, timeout=10).outcome == "paid"


def test_ids_that_no_payment_has(partner: MakePartner) -> None:
    """They are unknown, and no journal is asked: it may not take such a text."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    for payment_id in (*ODD_TEXTS, "", "order 1", "x" * 61):
        assert transfers.look(payment_id) is None
        for act in (
            partial(transfers.confirm, payment_id, debit_id=DEBIT),
            partial(transfers.decline, payment_id),
        ):
            with pytest.raises(PaymentConflict, match="was not started") as caught:
                act()
            assert len(str(caught.value)) < 150


def test_ids_that_are_no_texts(partner: MakePartner) -> None:
    """They are refused by name."""
    transfers = partner().transfers()
    for payment_id in (*ODD, 5, None):
        for act in (
            partial(transfers.look, payment_id),
            partial(transfers.confirm, payment_id, debit_id=DEBIT),
            partial(transfers.decline, payment_id),
        ):
            with pytest.raises(FieldError, match="payment_id must be a str"):
                act()


@pytest.mark.parametrize("value", [None, 5, "client", STRICT])
def test_parts_that_are_refused(partner: MakePartner, value: Any) -> None:
    """A client, the rules and the number of threads are checked at once."""
    here = partner()
    client = here.client()
    for kind, own in ((Transfers, "Client"), (AsyncTransfers, "AsyncClient")):
        with pytest.raises(InputError, match=rf"client must be an? {own}, not an? "):
            kind(value, here.journal)
    with pytest.raises(InputError, match="client must be an AsyncClient, not a Client"):
        AsyncTransfers(client, here.journal)  # type: ignore[arg-type] # that is the test
    if value is not STRICT:
        with pytest.raises(InputError, match=r"rules must be a Rules, not an? "):
            here.transfers(rules=value)
    made = AsyncClient(**here.sandbox.settings, transport=Waiting(here.wire))
    for threads in (0, -1, True, 1.0):
        with pytest.raises(InputError, match="journal_threads must be a whole number"):
            AsyncTransfers(made, here.journal, journal_threads=threads)  # type: ignore[arg-type] # the same


def made(here: Partner, transport: Transport) -> Transfers:
    """Return transfers of threads, with a transport of the test."""
    client = Client(
        **here.sandbox.settings, clock=here.sandbox.clock, transport=transport
    )
    return Transfers(client, here.journal)


@pytest.mark.parametrize("face", ["sync"], indirect=True)
def test_the_end_of_with(partner: MakePartner) -> None:
    """After it nothing more is done; the journal and the client are still open."""
    here = partner()
    with here.transfers() as transfers:
        pending = transfers.start(**ORDER)
    sent = len(here.wire.sent)
    calls: tuple[Callable[[], object], ...] = (
        lambda: transfers.start(**ORDER),
        lambda: transfers.confirm("order-1", debit_id=DEBIT),
        lambda: pending.confirm(DEBIT),
        pending.close,
        lambda: transfers.decline("order-1"),
        lambda: transfers.look("order-1"),
        lambda: next(transfers.resume()),
        lambda: next(transfers.watch()),
    )
    for call in calls:
        with pytest.raises(JournalUnavailable, match=r"closed.*; make others"):
            call()
    transfers.close()
    assert len(here.wire.sent) == sent
    record = here.journal.read("order-1")
    assert record is not None
    assert record.status.state == "created"
    assert here.transfers().confirm("order-1", debit_id=DEBIT).outcome == "paid"


@pytest.mark.parametrize("face", ["sync"], indirect=True)
@pytest.mark.parametrize(("service", "confirms"), [(CONFIRM, 1), ("token", 0)])
def test_the_end_of_with_during_a_confirm(
    partner: MakePartner, service: str, confirms: int
) -> None:
    """Its outcome is unknown, which is a result; the payment is released."""
    here = partner()
    here.transfers().start(**ORDER)
    ended: list[Transfers] = []

    class Ending:
        def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
            response = here.wire.send(request, timeout=timeout)
            if service_of(request) == service:
                ended[0].close()
            return response

    ended.append(made(here, Ending()))
    result = ended[0].confirm("order-1", debit_id=DEBIT)
    assert (result.outcome, "make others" in result.reason) == ("unknown", True)
    assert here.wire.services().count(CONFIRM) == confirms
    again = here.transfers().confirm("order-1", debit_id=DEBIT, timeout=30)
    assert (again.outcome, here.wire.services().count(CONFIRM)) == ("paid", 1)
