"""What a payment came to: its entries, folded one after the other. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

from kesspay.errors import FieldError, JournalDamaged
from kesspay.gateway.messages import PreTransfer
from kesspay.transfers.attempt import (
    RELAXED,
    STRICT,
    Attempt,
    Do,
    Event,
    Happened,
    Rules,
    State,
)
from kesspay.transfers.journal import Status
from kesspay.transfers.states import plan, step


if TYPE_CHECKING:
    from kesspay.transfers.journal import Entry, Payment, Record


__all__ = [
    "NAME_CHANGED",
    "TOO_MANY_ATTEMPTS",
    "Outcome",
    "Transfer",
    "fold",
    "rules_of",
    "status_of",
]

#: What is known of the money. "pending": the caller has reported no debit yet.
Outcome = Literal["pending", "paid", "not_paid", "unknown", "manual"]

#: Codes of ours, where a payment ends without the gateway saying so.
NAME_CHANGED: Final = "NAME_CHANGED"
TOO_MANY_ATTEMPTS: Final = "TOO_MANY_ATTEMPTS"

#: Pause before another attempt for a debit that is there, by its number.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0

_SETTLED: Final[dict[State, Outcome]] = {
    State.PAID: "paid",
    State.NOT_PAID: "not_paid",
    State.REJECTED: "not_paid",
    State.MANUAL: "manual",
}


#: Stands for the attempt before the first.
_NONE: Final = Attempt(state=State.CLOSED)


@dataclass(frozen=True, slots=True)
class Transfer:
    """
    A payment, its newest attempt, and what came of it so far.

    Attributes:
        payment: what the caller wants paid.
        rules: that it is judged by, whoever reads it (R11).
        number: of the newest attempt; 0 before the first.
        attempt: that attempt.
        pre_transfer: what the gateway granted for it, or None.
        debit_id: the caller's debit, or "".
        shown_name: the receiver's name that went with the debit, or "".
        declined: True where the caller, or a changed name, ended it.
        fund_transfer_id: the gateway's id of the credit, or "".
        code: the last code of the gateway, or "".
        changed_at: when the last entry was written, in seconds since 1970.
        alerts: what a person should look at.
        trouble: why the journal could not be written after something was
            sent, or ""; of this process, not of the record.
    """

    payment: Payment
    rules: Rules = STRICT
    number: int = 0
    attempt: Attempt = _NONE
    pre_transfer: PreTransfer | None = None
    debit_id: str = ""
    shown_name: str = ""
    declined: bool = False
    fund_transfer_id: str = ""
    code: str = ""
    changed_at: float = 0.0
    alerts: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def outcome(self) -> Outcome:
        """What is known of the money."""
        settled = _SETTLED.get(self.attempt.state)
        if settled is not None:
            return settled
        if self.declined:
            return "not_paid"
        return "unknown" if self.debit_id else "pending"

    @property
    def wants_attempt(self) -> bool:
        """Whether the newest attempt came to nothing and another may follow."""
        return not self.declined and self.attempt.state in {
            State.CLOSED,
            State.ABANDONED,
        }

    def advance(self, entry: Entry) -> Transfer:
        """
        Return the transfer after one more entry.

        Raises:
            JournalDamaged: the entry cannot follow the ones before it.
        """
        begun = self
        if entry.attempt == self.number + 1 and self.wants_attempt:
            begun = replace(
                self,
                number=entry.attempt,
                attempt=Attempt(jitter=_jitter(self.payment.reference(entry.attempt))),
                pre_transfer=None,
            )
        if entry.attempt != begun.number:
            raise _damaged(self, entry)
        try:
            done = step(begun.attempt, _event(entry), self.rules)
            pre_transfer = _granted(begun, entry)
        except (ValueError, KeyError):
            done = None
        if done is None:
            raise _damaged(self, entry)
        return replace(
            begun,
            attempt=done.attempt,
            pre_transfer=pre_transfer,
            debit_id=str(entry.facts.get("debit_id", begun.debit_id)),
            shown_name=str(entry.facts.get("shown_name", begun.shown_name)),
            declined=begun.declined or entry.what is Happened.DECLINED,
            fund_transfer_id=str(
                entry.facts.get("fund_transfer_id", begun.fund_transfer_id)
            ),
            code=entry.code or begun.code,
            changed_at=entry.at,
            alerts=(*begun.alerts, done.alert) if done.alert else begun.alerts,
        )


def rules_of(record: Record) -> Rules:
    """
    Return the rules that a payment is judged by: those it was started with (R11).

    Before they were recorded each reader had its own. Such a payment is judged
    by STRICT, so that no reader says "not paid" of money that may have moved. One
    that ended as "not paid" may have done so under RELAXED, and stays as it is.
    """
    if record.rules is not None:
        return record.rules
    return RELAXED if record.status.state == State.NOT_PAID else STRICT


def fold(record: Record) -> Transfer:
    """
    Return what a record came to, by the rules of its payment.

    Raises:
        JournalDamaged: its entries do not follow from each other.
    """
    transfer = Transfer(record.payment, rules_of(record))
    for entry in record.entries:
        transfer = transfer.advance(entry)
    return transfer


def status_of(transfer: Transfer) -> Status:
    """Return what the journal keeps for lists and workers."""
    return Status(
        state=transfer.attempt.state.value,
        attempt=transfer.number,
        due_at=_due_at(transfer),
    )


def _due_at(transfer: Transfer) -> float | None:
    """Return when a worker should look, None where it has nothing to do."""
    if transfer.wants_attempt or transfer.attempt.state is State.NEW:
        if not transfer.debit_id:
            return None
        pause = min(_FIRST_PAUSE * 2.0 ** min(transfer.number - 1, 16), _LONGEST_PAUSE)
        return transfer.changed_at + pause
    if transfer.attempt.state is State.CREATED:
        return transfer.changed_at if transfer.debit_id else None
    action = plan(transfer.attempt, transfer.changed_at, transfer.rules)
    if action.do is Do.NOTHING:
        return None
    return max(action.at, transfer.changed_at)


def _event(entry: Entry) -> Event:
    """Return what the state machine has to know of an entry."""
    facts = entry.facts
    return Event(
        entry.what,
        entry.at,
        entry.code,
        expire_in=float(facts.get("expire_in", 0)),
        status=int(facts.get("http_status", 0)),
        retry_after=float(facts.get("retry_after", 0)),
    )


def _jitter(reference: str) -> float:
    """Return a number from 0 up to 1 that is always the same for an attempt."""
    return int.from_bytes(sha256(reference.encode()).digest()[:4]) / 2**32


def _granted(transfer: Transfer, entry: Entry) -> PreTransfer | None:
    """Make the pre-transfer again that a create was granted."""
    if entry.what is not Happened.CREATE_GRANTED:
        return transfer.pre_transfer
    facts, payment = entry.facts, transfer.payment
    try:
        return PreTransfer(
            out_trade_no=payment.reference(entry.attempt),
            receiver_id=payment.receiver_id,
            amount=payment.amount,
            currency=payment.currency,
            pre_transfer_id=str(facts["pre_transfer_id"]),
            receiver_name=str(facts["receiver_name"]),
            expire_in=int(facts["expire_in"]),
        )
    except FieldError as error:
        raise ValueError(str(error)) from None


def _damaged(transfer: Transfer, entry: Entry) -> JournalDamaged:
    message = (
        f"The journal is damaged: {entry.what} of attempt {entry.attempt} cannot "
        f"follow what it holds of payment {transfer.payment.payment_id!r} "
        f"(attempt {transfer.number}, {transfer.attempt.state}). Nothing was "
        f"sent. Restore the journal from a back-up, or settle this by hand."
    )
    return JournalDamaged(message)
