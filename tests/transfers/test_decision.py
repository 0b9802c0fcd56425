# ruff: noqa: ANN401 - transfers of both kinds

"""What a person decides is recorded, proves nothing, and moves no money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import (
    FieldError,
    JournalError,
    LeaseHeld,
    LeaseLost,
    OutcomeUnknown,
    PaymentConflict,
)
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.attempt import Happened, State
from kesspay.transfers.decision import Decision
from kesspay.transfers.journal import Entry
from kesspay.transfers.payment import replay, status_of
from kesspay.transfers.summary import OPEN, listed, summarize
from kesspay.transfers.transfers import Transfers
from tests.sandbox.parties import box
from tests.support.odd import ODD_TEXTS
from tests.transfers.helpers import payment
from tests.transfers.virtual import (
    DEBIT,
    ORDER,
    Blocked,
    Waiting,
    Wire,
    face,
    partner,
    service_of,
)


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import HttpRequest
    from tests.transfers.helpers import Bench
    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]

NOTE: Final = "answer of KESS of 1 December, ticket 4711"
H = Happened


def manual(here: Partner) -> Any:
    """Pay, lose each answer, and let queries say no until a person has to decide."""
    here.plan("drop-after", CONFIRM, times=99)
    here.plan("refused=NOTEXIST", QUERY, times=999)
    transfers = here.transfers()
    transfers.start(**ORDER)
    transfers.confirm("order-1", debit_id=DEBIT)
    assert here.settle(transfers).outcome == "manual"
    return transfers


def test_what_is_decided(partner: MakePartner) -> None:
    """It is one entry after one query; the outcome is no more proved than before."""
    here = partner()
    transfers = manual(here)
    entries, sent = here.entries(), here.wire.services()
    result = transfers.decide("order-1", "not_paid", note=NOTE)
    assert (result.outcome, result.evidence["state"]) == ("manual", "decided")
    assert result.evidence["decision"] == "not_paid"
    assert result.next_step.startswith("give the debit back")
    assert result.reason == "a person decided it; the gateway said NOTEXIST"
    assert result.check_at is None
    *_, query, decided = here.entries()
    assert here.entries()[:-2] == entries
    assert (query.what, decided.what) == (H.QUERY_SAID, H.DECIDED)
    facts = dict(decided.facts)
    assert facts.pop("by")
    assert facts == {"decision": "not_paid", "note": NOTE}
    assert (decided.sent, decided.received) == (None, None)
    assert here.wire.services() == sent
    # It is not open any more, and no call sends anything for it.
    assert listed(here.journal, OPEN, limit=5) == []
    assert summarize(here.journal, only_open=True).unfinished.count == 0
    assert list(here.transfers().resume()) == []
    calls: tuple[Callable[[], Any], ...] = (
        lambda: here.transfers().look("order-1"),
        lambda: here.transfers().confirm("order-1", debit_id=DEBIT),
        lambda: here.transfers().start(**ORDER).result,
        lambda: here.transfers().decide("order-1", "not_paid", note="again"),
    )
    for call in calls:
        assert call() == result
    with pytest.raises(PaymentConflict, match="was decided as not_paid before"):
        here.transfers().decide("order-1", "paid", note=NOTE)
    with pytest.raises(PaymentConflict, match="cannot be declined"):
        here.transfers().decline("order-1")
    assert len(here.entries()) == len(entries) + 2
    assert here.wire.services() == sent


def test_decided_as_paid(partner: MakePartner) -> None:
    """The debit is to be captured; the gateway has not said so."""
    here = partner()
    transfers = manual(here)
    result = transfers.decide("order-1", "paid", note=NOTE)
    assert (result.outcome, result.fund_transfer_id) == ("manual", None)
    assert result.next_step.startswith("capture the debit")


@pytest.mark.parametrize("verdict", ["paid", "not_paid"])
def test_a_proof_goes_before_a_decision(partner: MakePartner, verdict: str) -> None:
    """A query that says SUCCESS makes it paid, and nothing is decided."""
    here = partner()
    transfers = manual(here)
    here.sandbox.faults.clear()
    result = transfers.decide("order-1", verdict, note=NOTE)
    assert (result.outcome, here.credited()) == ("paid", 1)
    assert H.DECIDED not in {entry.what for entry in here.entries()}
    with pytest.raises(PaymentConflict, match="is paid, and a person decides only"):
        here.transfers().decide("order-1", verdict, note=NOTE)


@pytest.mark.parametrize("fault", ["drop-before", "error-500-after", "too-many"])
def test_a_gateway_that_cannot_be_asked(partner: MakePartner, fault: str) -> None:
    """Nothing is decided without an answer: it could be a SUCCESS."""
    here = partner()
    transfers = manual(here)
    here.sandbox.faults.clear()
    here.plan(fault, QUERY, times=9)
    with pytest.raises(OutcomeUnknown, match="Nothing was decided") as caught:
        transfers.decide("order-1", "not_paid", note=NOTE)
    assert "keep the debit" in caught.value.next_step
    assert here.transfers().look("order-1").evidence["state"] == "manual"


def test_a_query_for_other_fields(partner: MakePartner) -> None:
    """Money moved under the reference: it is not for a person to say that none did."""
    here = partner()
    transfers = manual(here)
    here.sandbox.faults.clear()
    here.plan("wrong-amount", QUERY, times=9)
    with pytest.raises(PaymentConflict, match="money moved under its reference"):
        transfers.decide("order-1", "not_paid", note=NOTE)
    result = transfers.decide("order-1", "paid", note=NOTE)
    assert result.evidence["decision"] == "paid"


@pytest.mark.parametrize("stage", ["created", "unknown"])
def test_what_is_not_for_a_person(partner: MakePartner, stage: str) -> None:
    """Any other state is refused before anything is sent."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    if stage == "unknown":
        here.plan("drop-after", CONFIRM, times=99)
        here.plan("drop-after", QUERY, times=99)
        transfers.confirm("order-1", debit_id=DEBIT, timeout=1)
    sent, entries = len(here.wire.sent), here.entries()
    with pytest.raises(PaymentConflict, match="decides only what is manual"):
        transfers.decide("order-1", "not_paid", note=NOTE)
    with pytest.raises(PaymentConflict, match="was not started"):
        transfers.decide("order-2", "not_paid", note=NOTE)
    assert (len(here.wire.sent), here.entries()) == (sent, entries)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "failed"},
        {"verdict": None},
        {"note": ""},
        {"note": "  "},
        {"note": "x" * 501},
        {"note": b"bytes"},
        *({"note": text} for text in ODD_TEXTS),
    ],
)
def test_decisions_that_are_refused(change: dict[str, Any]) -> None:
    """A verdict is one of two words, and a note is something to read."""
    with pytest.raises(FieldError):
        Decision(**{"verdict": "paid", "note": NOTE, **change})


# ------------------------------------------------------------- on every journal


def left_manual(bench: Bench) -> None:
    """Leave a payment that a query for other fields has made manual."""
    journal = bench.journal
    record = journal.begin(payment("order-1"))
    transfer, now = replay(record), journal.now()
    granted: dict[str, str | int | float] = {
        "pre_transfer_id": "PRE-1",
        "receiver_name": "Sok Dara",
        "expire_in": 300,
    }
    debit: dict[str, str | int | float] = {
        "debit_id": DEBIT,
        "shown_name": "Sok Dara",
    }
    entries = [
        Entry(1, H.CREATE_SENDING, now, sent=b"{}"),
        Entry(1, H.CREATE_GRANTED, now, facts=granted),
        Entry(1, H.DEBITED, now, facts=debit),
        Entry(1, H.CONFIRM_SENDING, now, sent=b"{}"),
        Entry(1, H.CONFIRM_UNKNOWN, now),
        Entry(1, H.QUERY_DIFFERS, now),
    ]
    for entry in entries:
        transfer = transfer.advance(entry)
    assert transfer.attempt.state is State.MANUAL
    lease = journal.lease("order-1", "test", 60)
    journal.append(lease, entries, status_of(transfer), 60)
    journal.release(lease)


def over(kind: str, wire: Wire, journal: Any) -> Any:
    """Return transfers of a kind over a journal."""
    settings: dict[str, Any] = {**wire.sandbox.settings, "clock": wire.sandbox.clock}
    if kind == "sync":
        return Transfers(Client(**settings, transport=wire), journal)
    client = AsyncClient(**settings, transport=Waiting(wire))
    return Blocked(AsyncTransfers(client, journal))


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    """Run the test with threads and with tasks."""
    return str(request.param)


def test_it_is_durable(bench: Bench, kind: str) -> None:
    """Another process finds the decision, with its note and who made it."""
    left_manual(bench)
    wire = Wire(box())
    over(kind, wire, bench.journal).decide("order-1", "not_paid", note=NOTE)
    record = bench.again().read("order-1")
    assert record is not None
    assert (record.status.state, record.status.due_at) == ("decided", None)
    assert record.entries[-1].facts["note"] == NOTE
    assert replay(record).decision == "not_paid"
    assert listed(bench.journal, OPEN, limit=5) == []
    assert bench.journal.list(state="unknown") == []
    services = {service_of(request) for request, _ in wire.sent}
    assert services == {"token", QUERY}
    assert not wire.sandbox.ledger.credits()
    # In another process, the same again, and another one.
    other = over(kind, wire, bench.again())
    again = other.decide("order-1", "not_paid", note="x")
    assert again.evidence["decision"] == "not_paid"
    with pytest.raises(PaymentConflict, match="before"):
        other.decide("order-1", "paid", note=NOTE)
    assert bench.journal.read("order-1") == record


def test_a_worker_that_has_the_payment(bench: Bench, kind: str) -> None:
    """Nothing is sent or decided while a live worker has it."""
    left_manual(bench)
    before = bench.journal.read("order-1")
    wire = Wire(box())
    transfers = over(kind, wire, bench.journal)
    lease = bench.journal.lease("order-1", "another", 600)
    with pytest.raises(LeaseHeld):
        transfers.decide("order-1", "not_paid", note=NOTE, timeout=0.1)
    assert wire.sent == []
    bench.journal.release(lease)
    assert bench.journal.read("order-1") == before


def test_a_worker_that_takes_the_payment(bench: Bench, kind: str) -> None:
    """A decision that lost its lease during the query is not written."""
    left_manual(bench)
    wire = Wire(box())
    taken: list[object] = []

    def look(request: HttpRequest) -> None:
        if service_of(request) == QUERY:
            bench.pass_time(1000)
            taken.append(bench.journal.lease("order-1", "another", 600))

    wire.look = look
    with pytest.raises(LeaseLost):
        over(kind, wire, bench.journal).decide("order-1", "not_paid", note=NOTE)
    record = bench.journal.read("order-1")
    assert record is not None
    assert record.status.state == "manual"
    assert taken


def test_a_journal_that_fails(partner: MakePartner) -> None:
    """The decision is an error and not half written."""
    here = partner()
    transfers = manual(here)
    here.journal.fails = lambda number: number == here.journal.appends
    with pytest.raises(JournalError, match="full"):
        transfers.decide("order-1", "not_paid", note=NOTE)
    here.journal.fails = lambda _: False
    assert here.transfers().look("order-1").evidence["state"] == "manual"
    assert here.wire.services().count(CREATE) == 1
