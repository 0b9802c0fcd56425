"""What callers are told, and what they are told to do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.errors import JournalDamaged, LeaseLost, Rejected
from kesspay.gateway.messages import PreTransfer
from kesspay.transfers.attempt import Attempt, State
from kesspay.transfers.fold import Transfer
from kesspay.transfers.journal import Payment
from kesspay.transfers.result import (
    pending_fields,
    raise_if_rejected,
    result_of,
    result_of_trouble,
)


if TYPE_CHECKING:
    from kesspay.errors import JournalError


PAYMENT: Final = Payment("order-1", "85512345678", "Chan Sophea", Decimal("0.50"))
GRANTED: Final = PreTransfer(
    out_trade_no="order-1-1",
    receiver_id="85512345678",
    amount=Decimal("0.50"),
    currency="USD",
    pre_transfer_id="PT-1",
    receiver_name="Sok Dara",
    expire_in=300,
)
ATTEMPT: Final = Attempt(
    state=State.CREATED, sent_at=1000.0, received_at=1001.0, expire_in=300.0
)
CREATED: Final = Transfer(
    PAYMENT, number=1, attempt=ATTEMPT, pre_transfer=GRANTED, changed_at=1001.0
)
DEBITED: Final = replace(CREATED, debit_id="debit-1", shown_name="Sok Dara")


def at(state: State, **more: object) -> Transfer:
    """Return the payment, with its debit, in a state."""
    attempt = replace(ATTEMPT, state=state, sends=1, polled_at=1001.0)
    return replace(DEBITED, attempt=attempt, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("transfer", "outcome", "next_step"),
    [
        (CREATED, "pending", "show the receiver's name"),
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
    """It has what support asks for, and stays out of a repr."""
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
    assert "look at this" not in repr(replace(result, reason=""))


@pytest.mark.parametrize(
    ("transfer", "reason"),
    [
        (at(State.UNKNOWN), "it is unknown"),
        (at(State.UNKNOWN, code="USED"), "it is unknown; the gateway said USED"),
        (at(State.UNKNOWN, alerts=("one", "two"), code="USED"), "two"),
        (
            at(State.UNKNOWN, alerts=("one",), trouble="the disk is full"),
            "the disk is full",
        ),
        (
            replace(CREATED, declined=True, attempt=Attempt(State.CLOSED)),
            "it was closed",
        ),
        (
            replace(
                DEBITED,
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
    """A damaged one is for a person; one that was taken is somebody else's."""
    result = result_of_trouble("order-1", error)
    assert (result.outcome, result.reason) == (outcome, str(error))
    assert result.next_step.startswith("keep the debit")
    assert result.evidence == {"journal": type(error).__name__}


def test_a_rejected_start() -> None:
    """It is raised to who has no debit; who has one is told "not_paid"."""
    refused = replace(CREATED, attempt=Attempt(State.REJECTED), code="NOTELIGIBLE")
    with pytest.raises(Rejected, match="no money is involved") as caught:
        raise_if_rejected(refused)
    assert caught.value.code == "NOTELIGIBLE"
    raise_if_rejected(replace(refused, debit_id="debit-1"))
    raise_if_rejected(CREATED)


def test_a_pending_transfer() -> None:
    """It shows the name that was granted, or the one that was shown."""
    fields = pending_fields(CREATED)
    assert fields["receiver_name"] == "Sok Dara"
    assert fields["expires_at"] == 1000 + 300 - 40
    gone = replace(DEBITED, pre_transfer=None, shown_name="Somebody")
    assert pending_fields(gone)["receiver_name"] == "Somebody"
    assert result_of(gone).evidence["pre_transfer_id"] == ""
