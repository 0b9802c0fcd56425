"""A payment: what its entries come to, what answers add, and what a caller gets."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    JournalDamaged,
    LeaseLost,
    NotSent,
    OutcomeUnknown,
    Rejected,
)
from kesspay.gateway.messages import FundTransfer, PreTransfer
from kesspay.transfers.attempt import (
    RELAXED,
    STRICT,
    Attempt,
    Happened,
    Rules,
    State,
)
from kesspay.transfers.journal import Entry, Payment, Record, Status
from kesspay.transfers.payment import (
    Facts,
    Reading,
    Transfer,
    pending_fields,
    raise_if_rejected,
    read_confirm,
    read_create,
    read_query,
    replay,
    result_of,
    result_of_trouble,
    rules_of,
    status_of,
)
from kesspay.transfers.wording import WHY


if TYPE_CHECKING:
    from kesspay.errors import JournalError


H = Happened

PAYMENT: Final = Payment("order-1", "85512345678", "Chan Sophea", Decimal("0.50"))
FACTS: Final[dict[str, str | int | float]] = {
    "pre_transfer_id": "PT-1",
    "receiver_name": "Sok Dara",
    "expire_in": 300,
}


def entries(*wanted: tuple[Any, ...], attempt: int = 1) -> list[Entry]:
    """Return entries a second apart; a granted create has its facts."""
    made = []
    for number, (what, *rest) in enumerate(wanted):
        facts = dict(FACTS) if what is H.CREATE_GRANTED else {}
        code = ""
        for one in rest:
            facts, code = (one, code) if isinstance(one, dict) else (facts, one)
        made.append(Entry(attempt, what, 1000.0 + number, code, facts))
    return made


def replayed(*made: Entry) -> Transfer:
    """Replay entries."""
    return replay(Record(PAYMENT, Status("new", 0, None), made))


CREATED: Final = entries((H.CREATE_SENDING,), (H.CREATE_GRANTED,))
DEBITED: Final = [
    *CREATED,
    *entries((H.DEBITED, {"debit_id": "debit-1", "shown_name": "Sok Dara"})),
]
SENT: Final = [*DEBITED, *entries((H.CONFIRM_SENDING,))]
REFUSED: Final = [*SENT, *entries((H.CONFIRM_REFUSED, "EXPIRED"))]


def test_nothing_yet() -> None:
    """A payment without entries waits for its first attempt."""
    transfer = replayed()
    assert (transfer.number, transfer.outcome) == (0, "pending")
    assert transfer.wants_attempt
    assert status_of(transfer) == Status("closed", 0, None)


def test_what_is_kept() -> None:
    """Ids, names, codes and times come out of the entries."""
    paid = entries((H.CONFIRM_PAID, {"fund_transfer_id": "FT-1"}))
    transfer = replayed(*SENT, *paid)
    assert transfer.pre_transfer is not None
    assert transfer.pre_transfer.pre_transfer_id == "PT-1"
    assert transfer.pre_transfer.out_trade_no == "order-1-1"
    assert transfer.debit_id == "debit-1"
    assert transfer.shown_name == "Sok Dara"
    assert transfer.fund_transfer_id == "FT-1"
    assert transfer.changed_at == 1000.0
    assert transfer.outcome == "paid"


def test_alerts_add_up() -> None:
    """Every alert is kept, oldest first."""
    used = entries((H.CONFIRM_UNKNOWN, "USED"), (H.QUERY_DIFFERS,))
    alerts = replayed(*SENT, *used).alerts
    assert len(alerts) == 2
    assert "USED" in alerts[0]
    assert "other fields" in alerts[1]


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (CREATED, "pending"),
        (DEBITED, "unknown"),
        (SENT, "unknown"),
        ([*CREATED, *entries((H.DECLINED,))], "not_paid"),
        ([*DEBITED, *entries((H.DECLINED,))], "not_paid"),
        ([*DEBITED, *entries((H.WINDOW_CLOSED,))], "unknown"),
        ([*CREATED, *entries((H.WINDOW_CLOSED,))], "pending"),
        (entries((H.CREATE_SENDING,), (H.CREATE_REFUSED, "NOTELIGIBLE")), "not_paid"),
        ([*SENT, *entries((H.CONFIRM_UNKNOWN,))], "unknown"),
        (REFUSED, "unknown"),
        (
            [
                *SENT,
                *entries((H.CONFIRM_REFUSED, "EXPIRED"), (H.QUERY_SAID, "EXPIRED")),
            ],
            "not_paid",
        ),
        ([*SENT, *entries((H.CONFIRM_UNKNOWN,), (H.QUERY_DIFFERS,))], "manual"),
        ([*SENT, *entries((H.CONFIRM_PAID,))], "paid"),
    ],
)
def test_the_outcome(made: list[Entry], outcome: str) -> None:
    """What a caller gets follows from the state and from its debit."""
    assert replayed(*made).outcome == outcome


def test_another_attempt() -> None:
    """It keeps the debit and forgets the pre-transfer of the one before."""
    again = entries((H.CREATE_SENDING,), attempt=2)
    transfer = replayed(*DEBITED, *entries((H.WINDOW_CLOSED,)), *again)
    assert (transfer.number, transfer.attempt.state) == (2, State.CREATING)
    assert (transfer.debit_id, transfer.pre_transfer) == ("debit-1", None)


@pytest.mark.parametrize(
    "made",
    [
        # In no order.
        entries((H.CONFIRM_SENDING,)),
        [*CREATED, *CREATED],
        [*SENT, *entries((H.DECLINED,))],
        # Of another attempt.
        [*CREATED, *entries((H.DEBITED,), attempt=2)],
        [*SENT, *entries((H.CREATE_SENDING,), attempt=2)],
        entries((H.CREATE_SENDING,), attempt=3),
        [*entries((H.DECLINED,), attempt=0), *entries((H.CREATE_SENDING,))],
        # Without what a pre-transfer needs.
        entries((H.CREATE_SENDING,), (H.CREATE_GRANTED, {})),
        entries((H.CREATE_SENDING,), (H.CREATE_GRANTED, {**FACTS, "expire_in": -1})),
        entries(
            (H.CREATE_SENDING,), (H.CREATE_GRANTED, {**FACTS, "receiver_name": ""})
        ),
    ],
)
def test_entries_that_cannot_be(made: list[Entry]) -> None:
    """A record whose entries do not follow from each other is damaged."""
    with pytest.raises(JournalDamaged, match="Nothing was sent") as caught:
        replayed(*made)
    assert "'order-1'" in str(caught.value)


@pytest.mark.parametrize("value", ["soon", "", "1e999999x"])
def test_a_lifetime_that_is_none(value: str) -> None:
    """It is damage like any other, and no ValueError."""
    damaged: dict[str, str | int | float] = {**FACTS, "expire_in": value}
    with pytest.raises(JournalDamaged):
        replayed(*entries((H.CREATE_SENDING,), (H.CREATE_GRANTED, damaged)))


# ------------------------------------------------------------- for workers


@pytest.mark.parametrize(
    ("made", "state", "due_at"),
    [
        # Only the caller can continue.
        (CREATED, "created", None),
        (entries((H.CREATE_SENDING,), (H.CREATE_NOT_SENT,)), "new", None),
        (entries((H.CREATE_SENDING,), (H.CREATE_UNKNOWN,)), "abandoned", None),
        # A crash, with and without a debit.
        (entries((H.CREATE_SENDING,)), "creating", 1000.0),
        (SENT, "confirming", 1000.0),
        # There is a debit.
        (DEBITED, "debited", 1000.0),
        ([*DEBITED, *entries((H.WINDOW_CLOSED,))], "closed", 1001.0),
        ([*SENT, *entries((H.CONFIRM_UNKNOWN,))], "unknown", 1000.0),
        (
            [*SENT, *entries((H.CONFIRM_UNKNOWN, "USED"), (H.QUERY_SAID, "PENDING"))],
            "unknown",
            1002.0,
        ),
        # It is settled.
        ([*SENT, *entries((H.CONFIRM_PAID,))], "paid", None),
        ([*DEBITED, *entries((H.DECLINED,))], "closed", None),
    ],
)
def test_when_a_worker_looks(
    made: list[Entry], state: str, due_at: float | None
) -> None:
    """The journal keeps when something is to be done without the caller."""
    assert status_of(replayed(*made)) == Status(state, 1, due_at)


def abandoned(number: int) -> Transfer:
    """Return a payment with a debit whose newest create got lost."""
    return replace(
        replayed(*DEBITED, *entries((H.WINDOW_CLOSED,))),
        number=number,
        attempt=Attempt(state=State.ABANDONED),
    )


@pytest.mark.parametrize(
    ("number", "pause"), [(1, 1.0), (2, 2.0), (5, 16.0), (9, 256.0), (10, 300.0)]
)
def test_pauses_between_attempts(number: int, pause: float) -> None:
    """They double, up to five minutes."""
    assert status_of(abandoned(number)).due_at == 1000.0 + pause


@pytest.mark.parametrize(
    ("number", "asked", "pause"),
    [(1, 0.5, 1.0), (1, 60, 60.0), (7, 60, 64.0), (1, 300, 300.0), (1, 86_400, 300.0)],
)
def test_a_gateway_that_asks_to_wait(number: int, asked: float, pause: float) -> None:
    """It gets the time before the next create, but no debit waits for hours."""
    lost = entries(
        (H.CREATE_SENDING,), (H.CREATE_UNKNOWN, {"retry_after": asked}), attempt=2
    )
    transfer = replayed(*DEBITED, *entries((H.WINDOW_CLOSED,)), *lost)
    assert transfer.retry_after == asked
    changed_at = transfer.changed_at
    assert status_of(replace(transfer, number=number)).due_at == changed_at + pause
    # What was asked once is over with the next entry.
    again = entries((H.CREATE_SENDING,), (H.CREATE_UNKNOWN,), attempt=3)
    later = replayed(*DEBITED, *entries((H.WINDOW_CLOSED,)), *lost, *again)
    assert status_of(replace(later, number=1)).due_at == later.changed_at + 1.0


def test_very_many_attempts() -> None:
    """A gateway that is away for days does not break the arithmetic."""
    assert status_of(abandoned(5000)).due_at == 1300.0


def test_a_granted_attempt_with_a_debit_is_due() -> None:
    """A worker takes the debit over to it."""
    again = entries((H.CREATE_SENDING,), (H.CREATE_GRANTED,), attempt=2)
    transfer = replayed(*DEBITED, *entries((H.WINDOW_CLOSED,)), *again)
    assert status_of(transfer).due_at == 1001.0


@pytest.mark.parametrize(
    ("recorded", "state", "wanted"),
    [
        (STRICT, "not_paid", STRICT),
        (RELAXED, "unknown", RELAXED),
        (None, "unknown", STRICT),
        (None, "paid", STRICT),
        (None, "not_paid", RELAXED),
    ],
)
def test_whose_rules(recorded: Rules | None, state: str, wanted: Rules) -> None:
    """Those of the payment; where it has none, the safe ones, unless it is settled."""
    record = Record(PAYMENT, Status(state, 1, None), (), recorded)
    assert rules_of(record) == wanted
    assert replay(record).rules == wanted


# -------------------------------------------------------------- what an answer adds


GRANTED: Final = PreTransfer(
    out_trade_no="order-1-1",
    receiver_id="85512345678",
    amount=Decimal("0.50"),
    currency="USD",
    pre_transfer_id="PT-1",
    receiver_name="Sok Dara",
    expire_in=300,
)
PAID: Final = FundTransfer(
    result_code="SUCCESS",
    fund_transfer_id="FT-1",
    out_trade_no="order-1-1",
    receiver_id="85512345678",
    amount=Decimal("0.50"),
    currency="USD",
    pre_transfer_id="PT-1",
    receiver_name="Sok Dara",
    canonical=b"{}",
)
NOT_SENT: Final = NotSent("no", evidence={"transport": "not_sent"})
NO_LOG_IN: Final = AuthenticationFailed("no", evidence={"phase": "log-in"})
REFUSAL: Final = Rejected("no", code="EXPIRED", evidence={"http_status": 400})
LOST: Final = OutcomeUnknown("no", evidence={"transport": "no_reply"})
USED: Final = OutcomeUnknown("no", code="USED")


@pytest.mark.parametrize(
    ("error", "what", "code"),
    [
        (NOT_SENT, H.CREATE_NOT_SENT, ""),
        (REFUSAL, H.CREATE_REFUSED, "EXPIRED"),
        (LOST, H.CREATE_UNKNOWN, ""),
        (USED, H.CREATE_UNKNOWN, "USED"),
        # After the create had left: it may be there.
        (NO_LOG_IN, H.CREATE_UNKNOWN, ""),
    ],
)
def test_a_create(error: GatewayError, what: Happened, code: str) -> None:
    """Without a signed refusal a create that left is unknown."""
    read = read_create(None, error)
    assert (read.what, read.code) == (what, code)


@pytest.mark.parametrize(
    ("error", "what", "code"),
    [
        (NOT_SENT, H.CONFIRM_NOT_SENT, ""),
        (NO_LOG_IN, H.CONFIRM_NOT_SENT, ""),
        (REFUSAL, H.CONFIRM_REFUSED, "EXPIRED"),
        (LOST, H.CONFIRM_UNKNOWN, ""),
        (USED, H.CONFIRM_UNKNOWN, "USED"),
    ],
)
def test_a_confirm(error: GatewayError, what: Happened, code: str) -> None:
    """Only "not sent" and a signed refusal say anything."""
    read = read_confirm(None, error)
    assert (read.what, read.code) == (what, code)


def unknown(code: str = "", **evidence: object) -> OutcomeUnknown:
    """Return what a query raises."""
    return OutcomeUnknown("no", code=code, evidence=evidence)


@pytest.mark.parametrize(
    ("error", "what", "code"),
    [
        (NOT_SENT, H.QUERY_UNKNOWN, ""),
        (NO_LOG_IN, H.QUERY_UNKNOWN, ""),
        (LOST, H.QUERY_UNKNOWN, ""),
        (
            unknown("SYSTEMERROR", error_code="SYSTEMERROR"),
            H.QUERY_UNKNOWN,
            "SYSTEMERROR",
        ),
        (unknown(reason="mismatch"), H.QUERY_UNKNOWN, ""),
        (unknown("NOTEXIST"), H.QUERY_SAID, "NOTEXIST"),
        (unknown("NOTEXIST", http_status=400), H.QUERY_SAID, "NOTEXIST"),
        # Of a server that did not get to it.
        (unknown("NOTEXIST", http_status=302), H.QUERY_UNKNOWN, "NOTEXIST"),
        (unknown("NOTEXIST", http_status=429), H.QUERY_UNKNOWN, "NOTEXIST"),
        (unknown("NOTEXIST", http_status=500), H.QUERY_UNKNOWN, "NOTEXIST"),
        (unknown("EXPIRED", http_status=503), H.QUERY_UNKNOWN, "EXPIRED"),
        (unknown("PENDING", result_code="PENDING"), H.QUERY_SAID, "PENDING"),
        # A result_code that is no text is not SUCCESS either.
        (unknown("", result_code=""), H.QUERY_SAID, ""),
        (unknown(differs="amount"), H.QUERY_DIFFERS, ""),
        (unknown(differs="receiver_id, amount"), H.QUERY_DIFFERS, ""),
        # An answer to another question.
        (unknown(differs="out_trade_no"), H.QUERY_UNKNOWN, ""),
        (unknown(differs="out_trade_no, amount"), H.QUERY_UNKNOWN, ""),
    ],
)
def test_a_query(error: GatewayError, what: Happened, code: str) -> None:
    """A query says SUCCESS, something else, or nothing."""
    read = read_query(None, error)
    assert (read.what, read.code) == (what, code)


def test_successes() -> None:
    """What a payment needs later is kept with them."""
    granted: Facts = {
        "pre_transfer_id": "PT-1",
        "receiver_name": "Sok Dara",
        "expire_in": 300,
    }
    assert read_create(GRANTED, None) == Reading(H.CREATE_GRANTED, facts=granted)
    paid: Facts = {"fund_transfer_id": "FT-1"}
    assert read_confirm(PAID, None) == Reading(H.CONFIRM_PAID, facts=paid)
    assert read_query(PAID, None) == Reading(H.QUERY_PAID, facts=paid)


def test_evidence() -> None:
    """The plain parts of the evidence are kept, and only those named."""
    error = unknown(
        "USED", http_status=400, answer_sha256="ab", service="x", reason=["no", "text"]
    )
    assert read_confirm(None, error).facts == {
        "error": "OutcomeUnknown",
        "http_status": 400,
    }


def test_no_result_and_no_error() -> None:
    """Whatever that is, it proves nothing."""
    assert read_create(None, None).what is H.CREATE_UNKNOWN
    assert read_confirm(None, None).what is H.CONFIRM_UNKNOWN
    assert read_query(None, None).what is H.QUERY_UNKNOWN


# ------------------------------------------------------------ what a caller gets of it


ATTEMPT: Final = Attempt(
    state=State.CREATED, sent_at=1000.0, received_at=1001.0, expire_in=300.0
)
SHOWN: Final = Transfer(
    PAYMENT, number=1, attempt=ATTEMPT, pre_transfer=GRANTED, changed_at=1001.0
)
OWED: Final = replace(SHOWN, debit_id="debit-1", shown_name="Sok Dara")


def at(state: State, **more: object) -> Transfer:
    """Return the payment, with its debit, in a state."""
    attempt = replace(ATTEMPT, state=state, sends=1, polled_at=1001.0)
    return replace(OWED, attempt=attempt, **more)  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize(
    ("transfer", "outcome", "next_step"),
    [
        (SHOWN, "pending", "show the receiver's name"),
        (
            replace(SHOWN, attempt=Attempt(State.ABANDONED), pre_transfer=None),
            "pending",
            "call start again",
        ),
        (Transfer(PAYMENT), "pending", "call start again"),
        (
            replace(SHOWN, attempt=Attempt(State.REJECTED)),
            "not_paid",
            "no debit was reported",
        ),
        (at(State.PAID), "paid", "capture the debit"),
        (at(State.NOT_PAID), "not_paid", "give the debit back"),
        (at(State.UNKNOWN), "unknown", "keep the debit and do not pay again"),
        (at(State.CONFIRMING), "unknown", "keep the debit and do not pay again"),
        (at(State.MANUAL), "manual", "keep the debit and ask KESS"),
    ],
)
def test_every_outcome_says_what_to_do(
    transfer: Transfer, outcome: str, next_step: str
) -> None:
    """Only "not_paid" says to give anything back, only "paid" to capture."""
    result = result_of(transfer)
    assert result.outcome == outcome
    assert result.next_step.startswith(next_step)
    assert ("give the debit back" in result.next_step) == (outcome == "not_paid")
    assert ("capture" in result.next_step) == (outcome == "paid")


def test_paid() -> None:
    """The gateway's id of the credit is given with "paid", and no reason."""
    paid = at(State.PAID, fund_transfer_id="FT-1", trouble="", alerts=("look",))
    result = result_of(paid)
    assert (result.fund_transfer_id, result.reason) == ("FT-1", "")
    assert result.check_at is None
    differs = result_of(at(State.MANUAL, fund_transfer_id="FT-1"))
    assert differs.fund_transfer_id is None


def test_the_evidence() -> None:
    """It has what support asks for, and stays out of a repr, as names do."""
    result = result_of(at(State.UNKNOWN, alerts=("look at this",)))
    assert result.evidence == {
        "state": "unknown",
        "attempt": 1,
        "out_trade_no": "order-1-1",
        "pre_transfer_id": "PT-1",
        "debit_id": "debit-1",
        "confirms_sent": 1,
        "alerts": ["look at this"],
    }
    shown = repr(replace(result, reason=""))
    assert "look at this" not in shown
    for one in (PAYMENT.receiver_id, PAYMENT.sender_name, "Sok Dara"):
        assert one not in shown


def test_what_a_page_of_the_caller_shows() -> None:
    """Names, amount, debit, references and times, all from the journal."""
    result = result_of(replayed(*SENT))
    assert (result.receiver_id, result.receiver_name) == (
        PAYMENT.receiver_id,
        "Sok Dara",
    )
    assert (result.amount, result.currency) == (PAYMENT.amount, "USD")
    assert (result.sender_name, result.debit_id) == (PAYMENT.sender_name, "debit-1")
    assert (result.out_trade_no, result.pre_transfer_id) == ("order-1-1", "PT-1")
    assert (result.begun_at, result.changed_at) == (1000.0, 1000.0)
    assert result.expires_at == 1000 + 300 - 40


def test_what_is_not_known_yet() -> None:
    """Before the first entry there are no times and no references."""
    result = result_of(replayed())
    assert (result.receiver_name, result.out_trade_no, result.debit_id) == ("", "", "")
    assert result.pre_transfer_id == ""
    assert (result.begun_at, result.changed_at, result.expires_at) == (None, None, None)


def test_the_first_entry_dates_the_payment() -> None:
    """Later entries, also of another attempt, change only ``changed_at``."""
    later = [replace(one, at=one.at + 50) for one in entries((H.CREATE_REFUSED,))]
    result = result_of(replayed(*entries((H.CREATE_SENDING,)), *later))
    assert (result.begun_at, result.changed_at) == (1000.0, 1050.0)


def test_as_json() -> None:
    """An amount is text with two places, never a float."""
    fields = result_of(replayed(*SENT)).as_json()
    assert fields["amount"] == f"{PAYMENT.amount:.2f}"
    assert json.loads(json.dumps(fields)) == fields
    for name in ("receiver_id", "receiver_name", "sender_name"):
        assert fields.pop(name)
    assert result_of(replayed(*SENT)).as_json(personal=False) == fields
    lost = result_of_trouble("order-1", JournalDamaged("it is damaged")).as_json()
    assert lost["amount"] is None


def test_every_state_has_a_reason() -> None:
    """Only "paid" needs none, and no reason is the bare word of the state."""
    assert {*State} - {*WHY} == {State.PAID}
    assert all(len(words.split()) > 3 for words in WHY.values())


@pytest.mark.parametrize(
    ("transfer", "reason"),
    [
        (at(State.UNKNOWN), WHY[State.UNKNOWN]),
        (
            at(State.UNKNOWN, code="USED"),
            f"{WHY[State.UNKNOWN]}; the gateway said USED",
        ),
        (Transfer(PAYMENT), "no request was sent"),
        (at(State.UNKNOWN, alerts=("one", "two"), code="USED"), "two"),
        (
            at(State.UNKNOWN, alerts=("one",), trouble="the disk is full"),
            "the disk is full",
        ),
        (
            replace(SHOWN, declined=True, attempt=Attempt(State.CLOSED)),
            "it was closed",
        ),
        (
            replace(
                OWED,
                declined=True,
                attempt=Attempt(State.CLOSED),
                code="NAME_CHANGED",
            ),
            "the receiver's name changed",
        ),
    ],
)
def test_the_reason(transfer: Transfer, reason: str) -> None:
    """The most telling one comes first."""
    assert result_of(transfer).reason == reason


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(JournalDamaged("bad"), "manual"), (LeaseLost("gone"), "unknown")],
)
def test_a_record_that_cannot_be_worked_with(error: JournalError, outcome: str) -> None:
    """A damaged one is for a person; one that was taken is another worker's."""
    result = result_of_trouble("order-1", error)
    assert (result.outcome, result.reason) == (outcome, str(error))
    assert result.next_step.startswith("keep the debit")
    assert result.evidence == {"journal": type(error).__name__}


def test_a_rejected_start() -> None:
    """A caller without a debit gets the exception; one with a debit gets "not_paid"."""
    refused = replace(SHOWN, attempt=Attempt(State.REJECTED), code="NOTELIGIBLE")
    with pytest.raises(Rejected, match="no money is involved") as caught:
        raise_if_rejected(refused)
    assert caught.value.code == "NOTELIGIBLE"
    with pytest.raises(Rejected, match=r"refused: 'A\\nB'") as caught:
        raise_if_rejected(replace(refused, code="A\nB"))
    assert caught.value.code == "A\nB"
    assert result_of(at(State.UNKNOWN, code="A\nB")).reason.endswith(r"said 'A\nB'")
    raise_if_rejected(replace(refused, debit_id="debit-1"))
    raise_if_rejected(SHOWN)


def test_a_pending_transfer() -> None:
    """It shows the name that was granted, or the one that was shown."""
    fields = pending_fields(SHOWN)
    assert fields["receiver_name"] == "Sok Dara"
    assert fields["expires_at"] == 1000 + 300 - 40
    gone = replace(OWED, pre_transfer=None, shown_name="Sok Dara II")
    assert pending_fields(gone)["receiver_name"] == "Sok Dara II"
    assert result_of(gone).evidence["pre_transfer_id"] == ""
