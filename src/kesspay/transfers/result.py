"""What transfers give back: a pending transfer, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import JournalDamaged, JournalError, Rejected
from kesspay.transfers.attempt import State
from kesspay.transfers.fold import NAME_CHANGED, TOO_MANY_ATTEMPTS, status_of
from kesspay.transfers.wording import REFUSED


if TYPE_CHECKING:
    from kesspay.transfers.fold import Outcome, Transfer


__all__ = [
    "TransferResult",
    "pending_fields",
    "raise_if_rejected",
    "result_of",
    "result_of_trouble",
]

_NEXT: Final[dict[Outcome, str]] = {
    "pending": "show the receiver's name, debit your customer, then confirm.",
    "paid": "capture the debit: the receiver has the money.",
    "not_paid": "give the debit back, or pay again under a new payment_id.",
    "unknown": (
        "keep the debit and do not pay again; resume() finds out, and so does "
        "calling confirm again."
    ),
    "manual": (
        "keep the debit and ask KESS with the evidence; nothing more happens by itself."
    ),
}


_ENDED: Final = {
    NAME_CHANGED: "the receiver's name changed",
    TOO_MANY_ATTEMPTS: "too many pre-transfers got lost or came too late",
}


@dataclass(frozen=True, slots=True)
class TransferResult:
    """
    What is known of a payment. It holds no secret.

    Attributes:
        payment_id: the caller's id.
        outcome: "paid", "not_paid", "unknown" or "manual"; "pending" before
            the caller has reported its debit.
        fund_transfer_id: the gateway's id of the credit, where it is paid.
        code: the last code of the gateway, verbatim, or "".
        reason: why it is not settled or not paid, in words, or "".
        next_step: what the caller should do now.
        check_at: seconds since 1970 when a worker looks at it next, or None.
        evidence: state, attempt, references and alerts; the messages are in
            the journal.
    """

    payment_id: str
    outcome: Outcome
    fund_transfer_id: str | None
    code: str
    reason: str
    next_step: str
    check_at: float | None
    evidence: dict[str, object] = field(repr=False)


def result_of(transfer: Transfer) -> TransferResult:
    """Return what a caller is told of a transfer."""
    payment, attempt, outcome = transfer.payment, transfer.attempt, transfer.outcome
    granted = transfer.pre_transfer
    evidence: dict[str, object] = {
        "state": attempt.state.value,
        "attempt": transfer.number,
        "out_trade_no": payment.reference(transfer.number) if transfer.number else "",
        "pre_transfer_id": granted.pre_transfer_id if granted else "",
        "debit_id": transfer.debit_id,
        "confirms_sent": attempt.sends,
        "alerts": list(transfer.alerts),
    }
    return TransferResult(
        payment_id=payment.payment_id,
        outcome=outcome,
        fund_transfer_id=transfer.fund_transfer_id if outcome == "paid" else None,
        code=transfer.code,
        reason="" if outcome == "paid" else _reason(transfer),
        next_step=_NEXT[outcome],
        check_at=status_of(transfer).due_at,
        evidence=evidence,
    )


def result_of_trouble(payment_id: str, error: JournalError) -> TransferResult:
    """Return what is told of a payment whose record cannot be worked with."""
    outcome: Outcome = "manual" if isinstance(error, JournalDamaged) else "unknown"
    return TransferResult(
        payment_id=payment_id,
        outcome=outcome,
        fund_transfer_id=None,
        code="",
        reason=str(error),
        next_step=_NEXT[outcome],
        check_at=None,
        evidence={"journal": type(error).__name__},
    )


def raise_if_rejected(transfer: Transfer) -> None:
    """
    Tell a caller that starts a payment that its receiver cannot be paid.

    Raises:
        Rejected: the gateway refused the create; nothing is owed.
    """
    if transfer.attempt.state is State.REJECTED and not transfer.debit_id:
        message = (
            f"Payment {transfer.payment.payment_id!r} was refused: {transfer.code}."
        )
        raise Rejected(message, code=transfer.code, next_step=REFUSED)


def pending_fields(transfer: Transfer) -> dict[str, Any]:
    """Return the fields of a pending transfer, for threads and for tasks."""
    granted = transfer.pre_transfer
    return {
        "payment_id": transfer.payment.payment_id,
        "receiver_name": granted.receiver_name if granted else transfer.shown_name,
        "expires_at": transfer.attempt.window_ends(transfer.rules),
        "result": result_of(transfer),
    }


def _reason(transfer: Transfer) -> str:
    if transfer.trouble:
        return transfer.trouble
    if transfer.declined:
        return _ENDED.get(transfer.code, "it was closed")
    if transfer.alerts:
        return transfer.alerts[-1]
    said = f"; the gateway said {transfer.code}" if transfer.code else ""
    return f"it is {transfer.attempt.state}{said}"
