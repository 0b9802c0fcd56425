"""What the entries of a payment come to, and entries that cannot be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest

from kesspay.errors import JournalDamaged
from kesspay.transfers.attempt import (
    RELAXED,
    STRICT,
    Attempt,
    Happened,
    Rules,
    State,
)
from kesspay.transfers.fold import Transfer, fold, rules_of, status_of
from kesspay.transfers.journal import Entry, Payment, Record, Status


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


def folded(*made: Entry) -> Transfer:
    """Fold entries."""
    return fold(Record(PAYMENT, Status("new", 0, None), made))


CREATED: Final = entries((H.CREATE_SENDING,), (H.CREATE_GRANTED,))
DEBITED: Final = [
    *CREATED,
    *entries((H.DEBITED, {"debit_id": "debit-1", "shown_name": "Sok Dara"})),
]
SENT: Final = [*DEBITED, *entries((H.CONFIRM_SENDING,))]
REFUSED: Final = [*SENT, *entries((H.CONFIRM_REFUSED, "EXPIRED"))]


def test_nothing_yet() -> None:
    """A payment without entries waits for its first attempt."""
    transfer = folded()
    assert (transfer.number, transfer.outcome) == (0, "pending")
    assert transfer.wants_attempt
    assert status_of(transfer) == Status("closed", 0, None)


def test_what_is_kept() -> None:
    """Ids, names, codes and times come out of the entries."""
    paid = entries((H.CONFIRM_PAID, {"fund_transfer_id": "FT-1"}))
    transfer = folded(*SENT, *paid)
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
    alerts = folded(*SENT, *used).alerts
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
    """What a caller is told follows from the state and from its debit."""
    assert folded(*made).outcome == outcome


def test_another_attempt() -> None:
    """It keeps the debit and forgets the pre-transfer of the one before."""
    again = entries((H.CREATE_SENDING,), attempt=2)
    transfer = folded(*DEBITED, *entries((H.WINDOW_CLOSED,)), *again)
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
        folded(*made)
    assert "'order-1'" in str(caught.value)


@pytest.mark.parametrize("value", ["soon", "", "1e999999x"])
def test_a_lifetime_that_is_none(value: str) -> None:
    """It is damage like any other, and no ValueError."""
    damaged: dict[str, str | int | float] = {**FACTS, "expire_in": value}
    with pytest.raises(JournalDamaged):
        folded(*entries((H.CREATE_SENDING,), (H.CREATE_GRANTED, damaged)))


# ------------------------------------------------------------- for workers


@pytest.mark.parametrize(
    ("made", "state", "due_at"),
    [
        # Nobody but the caller can go on.
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
    assert status_of(folded(*made)) == Status(state, 1, due_at)


def abandoned(number: int) -> Transfer:
    """Return a payment with a debit whose newest create got lost."""
    return replace(
        folded(*DEBITED, *entries((H.WINDOW_CLOSED,))),
        number=number,
        attempt=Attempt(state=State.ABANDONED),
    )


@pytest.mark.parametrize(
    ("number", "pause"), [(1, 1.0), (2, 2.0), (5, 16.0), (9, 256.0), (10, 300.0)]
)
def test_pauses_between_attempts(number: int, pause: float) -> None:
    """They double, up to five minutes."""
    assert status_of(abandoned(number)).due_at == 1000.0 + pause


def test_very_many_attempts() -> None:
    """A gateway that is away for days does not break the arithmetic."""
    assert status_of(abandoned(5000)).due_at == 1300.0


def test_a_granted_attempt_with_a_debit_is_due() -> None:
    """A worker takes the debit over to it."""
    again = entries((H.CREATE_SENDING,), (H.CREATE_GRANTED,), attempt=2)
    transfer = folded(*DEBITED, *entries((H.WINDOW_CLOSED,)), *again)
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
    assert fold(record).rules == wanted
