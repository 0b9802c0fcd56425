"""
A payment: its entries replayed, what an answer adds to it, and its result. No I/O.

``replay`` makes a Transfer of what the journal has of a payment, ``read_create``
and its siblings say what came of a call, and ``result_of`` what a caller gets.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal

from kesspay.errors import (
    AuthenticationFailed,
    FieldError,
    GatewayError,
    JournalDamaged,
    JournalError,
    NotSent,
    OutcomeUnknown,
    Rejected,
)
from kesspay.gateway.messages import PreTransfer
from kesspay.gateway.services import SYSTEM_ERROR, is_no_answer
from kesspay.gateway.wording import shown_code
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
from kesspay.transfers.wording import REFUSED, WHY


if TYPE_CHECKING:
    from decimal import Decimal

    from kesspay.gateway.messages import FundTransfer
    from kesspay.transfers.journal import Entry, Payment, Record


__all__ = [
    "NAME_CHANGED",
    "TOO_MANY_ATTEMPTS",
    "Facts",
    "Outcome",
    "Reading",
    "Transfer",
    "TransferResult",
    "pending_fields",
    "raise_if_rejected",
    "read_confirm",
    "read_create",
    "read_query",
    "replay",
    "result_of",
    "result_of_trouble",
    "rules_of",
    "status_of",
]

Facts = dict[str, str | int | float]

Outcome = Literal["pending", "paid", "not_paid", "unknown", "manual"]
"""
What is known of the money. "pending": the caller has not reported its debit yet.
"manual": no answer of the gateway can decide it, and a person has to.
"""

#: Codes of ours, where a payment ends without the gateway saying so.
NAME_CHANGED: Final = "NAME_CHANGED"
TOO_MANY_ATTEMPTS: Final = "TOO_MANY_ATTEMPTS"

#: Pause before another attempt for a debit that is there, by its number. What the
#: gateway asks to wait is a lower bound, but no debit waits longer than the longest.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0

_SETTLED: Final[dict[State, Outcome]] = {
    State.PAID: "paid",
    State.NOT_PAID: "not_paid",
    State.REJECTED: "not_paid",
    State.MANUAL: "manual",
    # What a person says is no proof: only an answer of the gateway makes it "paid".
    State.DECIDED: "manual",
}

#: What of the evidence of an error is kept.
_KEPT: Final = ("http_status", "transport", "reason", "differs", "field", "phase")

_NEXT: Final[dict[Outcome, str]] = {
    "pending": "show the receiver's name, debit your customer, then confirm.",
    "paid": "capture the debit: the receiver has the money.",
    "not_paid": "give the debit back, or pay again under a new payment_id.",
    "unknown": (
        "keep the debit and do not pay again: a worker (kesspay resume) finds out, "
        "and so does another confirm of this payment."
    ),
    "manual": (
        "keep the debit and ask KESS with the evidence; nothing more is sent for it."
    ),
}

#: What to do where more is known than the outcome.
_NO_NAME: Final = (
    "call start again with the same payment_id, and debit no one before: there is no"
    " receiver's name yet."
)
_NO_DEBIT: Final = (
    "no debit was reported: give the debit back, if there is one, or pay again under a"
    " new payment_id."
)

#: What to do about a payment that a person decided, by the decision.
_DECIDED: Final = {
    "paid": "capture the debit: a person decided that the receiver has the money.",
    "not_paid": (
        "give the debit back, unless that was done: a person decided that the receiver"
        " will not get the money."
    ),
}

_PERSONAL: Final = ("receiver_id", "receiver_name", "sender_name")

_ENDED: Final = {
    NAME_CHANGED: "the receiver's name changed",
    TOO_MANY_ATTEMPTS: "too many pre-transfers got lost or came too late",
}

#: Stands for the attempt before the first.
_NONE: Final = Attempt(state=State.CLOSED)


@dataclass(frozen=True, slots=True)
class Transfer:
    """
    A payment, its newest attempt, and what came of it so far.

    Attributes:
        payment: what the caller wants paid.
        rules: that every reader judges it by (R11).
        number: of the newest attempt; 0 before the first.
        attempt: that attempt.
        pre_transfer: what the gateway granted for it, or None.
        debit_id: the caller's debit, or "".
        shown_name: the receiver's name that went with the debit, or "".
        declined: True where the caller, or a changed name, ended it.
        decision: of a person, "paid" or "not_paid", or "".
        fund_transfer_id: the gateway's id of the credit, or "".
        code: the last code of the gateway, or "".
        begun_at: when the first entry was written, in seconds since 1970; 0.0
            before it.
        changed_at: when the last one was.
        alerts: what a person should look at.
        retry_after: seconds that the gateway asked to wait in its last answer, or 0.
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
    decision: str = ""
    fund_transfer_id: str = ""
    code: str = ""
    begun_at: float = 0.0
    changed_at: float = 0.0
    alerts: tuple[str, ...] = ()
    retry_after: float = 0.0
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
            event = _event(entry)
            done = step(begun.attempt, event, self.rules)
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
            decision=str(entry.facts.get("decision", begun.decision)),
            fund_transfer_id=str(
                entry.facts.get("fund_transfer_id", begun.fund_transfer_id)
            ),
            code=entry.code or begun.code,
            begun_at=begun.begun_at or entry.at,
            changed_at=entry.at,
            alerts=(*begun.alerts, done.alert) if done.alert else begun.alerts,
            retry_after=event.retry_after,
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


def replay(record: Record) -> Transfer:
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
        pause = _FIRST_PAUSE * 2.0 ** min(transfer.number - 1, 16)
        pause = min(max(pause, transfer.retry_after), _LONGEST_PAUSE)
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


# ------------------------------------------------------------ what an answer adds


@dataclass(frozen=True, slots=True)
class Reading:
    """What happened, the gateway's code, and what is known besides."""

    what: Happened
    code: str = ""
    facts: Facts = field(default_factory=dict)


def read_create(result: PreTransfer | None, error: GatewayError | None) -> Reading:
    """Read what came of a create that was about to leave."""
    if result is not None:
        facts: Facts = {
            "pre_transfer_id": result.pre_transfer_id,
            "receiver_name": result.receiver_name,
            "expire_in": result.expire_in,
        }
        return Reading(Happened.CREATE_GRANTED, facts=facts)
    if isinstance(error, NotSent):
        return _reading(Happened.CREATE_NOT_SENT, error)
    if isinstance(error, Rejected):
        return _reading(Happened.CREATE_REFUSED, error)
    return _reading(Happened.CREATE_UNKNOWN, error)


def read_confirm(result: FundTransfer | None, error: GatewayError | None) -> Reading:
    """Read what came of a confirm that was about to leave."""
    if result is not None:
        return Reading(Happened.CONFIRM_PAID, facts=_paid(result))
    if isinstance(error, (NotSent, AuthenticationFailed)):
        return _reading(Happened.CONFIRM_NOT_SENT, error)
    if isinstance(error, Rejected):
        return _reading(Happened.CONFIRM_REFUSED, error)
    return _reading(Happened.CONFIRM_UNKNOWN, error)


def read_query(result: FundTransfer | None, error: GatewayError | None) -> Reading:
    """Read what came of a query."""
    if result is not None:
        return Reading(Happened.QUERY_PAID, facts=_paid(result))
    if not isinstance(error, OutcomeUnknown):
        return _reading(Happened.QUERY_UNKNOWN, error)
    differs = str(error.evidence.get("differs", "")).split(", ")
    if differs != [""]:
        # Another reference: an answer to another query, so no information.
        other = "out_trade_no" in differs
        what = Happened.QUERY_UNKNOWN if other else Happened.QUERY_DIFFERS
        return _reading(what, error)
    said = error.code not in {"", SYSTEM_ERROR} or "result_code" in error.evidence
    # A gateway that has no time for a query has not looked at the transfer.
    status = error.evidence.get("http_status")
    said = said and not (isinstance(status, int) and is_no_answer(status))
    return _reading(Happened.QUERY_SAID if said else Happened.QUERY_UNKNOWN, error)


def _paid(result: FundTransfer) -> Facts:
    return {"fund_transfer_id": result.fund_transfer_id}


def _reading(what: Happened, error: GatewayError | None) -> Reading:
    evidence = {} if error is None else error.evidence
    facts: Facts = {"error": type(error).__name__}
    for name in _KEPT:
        value = evidence.get(name)
        if isinstance(value, (str, int, float)):
            facts[name] = value
    if error is not None and error.retry_after > 0:
        facts["retry_after"] = error.retry_after
    return Reading(what, getattr(error, "code", ""), facts)


# --------------------------------------------------------- what a caller gets of it


@dataclass(frozen=True, slots=True)
class TransferResult:
    """
    What is known of a payment. It holds no secret, and its repr names no person.

    It has all that a status page of the caller needs, also after a restart: see
    ``Transfers.look``. What is not known is "" or None.

    Attributes:
        payment_id: the caller's id of the payment.
        outcome: "paid", "not_paid", "unknown" or "manual"; "pending" before
            the caller has reported its debit.
        fund_transfer_id: the gateway's id of the credit, where it is paid.
        code: the last code of the gateway, verbatim, or "".
        reason: why the payment is not paid, or not known to be paid; or "".
        next_step: what the caller should do now.
        check_at: when a worker resumes it, in seconds since 1970, or None.
        evidence: state, attempt, references and alerts; the messages are in
            the journal.
        receiver_id: KESS user ID or phone number.
        receiver_name: of the newest pre-transfer; before there is one, the name
            that was reported with the debit.
        amount: a Decimal in ``currency``; None where the record of the payment
            cannot be read.
        currency: "USD".
        sender_name: name of the caller's customer.
        debit_id: the caller's id of its debit.
        out_trade_no: the caller's reference of the newest attempt at the gateway.
        pre_transfer_id: the gateway's id of the newest attempt.
        begun_at: when the payment was recorded first, in seconds since 1970.
        changed_at: when the newest entry was recorded, in seconds since 1970.
        expires_at: until when a confirm of the newest pre-transfer can start, in
            seconds since 1970.
    """

    payment_id: str
    outcome: Outcome
    fund_transfer_id: str | None
    code: str
    reason: str
    next_step: str
    check_at: float | None
    evidence: dict[str, object] = field(repr=False)
    receiver_id: str = field(default="", repr=False)
    receiver_name: str = field(default="", repr=False)
    amount: Decimal | None = None
    currency: str = ""
    sender_name: str = field(default="", repr=False)
    debit_id: str = ""
    out_trade_no: str = ""
    pre_transfer_id: str = ""
    begun_at: float | None = None
    changed_at: float | None = None
    expires_at: float | None = None

    def as_json(self, *, personal: bool = True) -> dict[str, Any]:
        """
        Return the fields as JSON has them: the amount is text with two places.

        Args:
            personal: False leaves out the receiver and both names, for logs.
        """
        fields = asdict(self)
        if self.amount is not None:
            fields["amount"] = f"{self.amount:.2f}"
        if not personal:
            for name in _PERSONAL:
                del fields[name]
        return fields


def result_of(transfer: Transfer) -> TransferResult:
    """Return the result that a caller gets of a transfer."""
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
    if transfer.attempt.state is State.DECIDED:
        evidence["decision"] = transfer.decision
    return TransferResult(
        payment_id=payment.payment_id,
        outcome=outcome,
        fund_transfer_id=transfer.fund_transfer_id if outcome == "paid" else None,
        code=transfer.code,
        reason="" if outcome == "paid" else _reason(transfer),
        next_step=_next_step(transfer),
        check_at=status_of(transfer).due_at,
        evidence=evidence,
        receiver_id=payment.receiver_id,
        receiver_name=_receiver_name(transfer),
        amount=payment.amount,
        currency=payment.currency,
        sender_name=payment.sender_name,
        debit_id=transfer.debit_id,
        out_trade_no=payment.reference(transfer.number) if transfer.number else "",
        pre_transfer_id=granted.pre_transfer_id if granted else "",
        begun_at=transfer.begun_at or None,
        changed_at=transfer.changed_at or None,
        expires_at=attempt.window_ends(transfer.rules) if granted else None,
    )


def _next_step(transfer: Transfer) -> str:
    outcome = transfer.outcome
    if transfer.attempt.state is State.DECIDED:
        return _DECIDED.get(transfer.decision, _NEXT[outcome])
    if outcome == "pending" and not _receiver_name(transfer):
        return _NO_NAME
    if outcome == "not_paid" and not transfer.debit_id:
        return _NO_DEBIT
    return _NEXT[outcome]


def _receiver_name(transfer: Transfer) -> str:
    granted = transfer.pre_transfer
    return granted.receiver_name if granted else transfer.shown_name


def result_of_trouble(payment_id: str, error: JournalError) -> TransferResult:
    """Return the result of a payment whose record cannot be worked with."""
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
    Raise to a caller that starts a payment where its receiver cannot be paid.

    Raises:
        Rejected: the gateway refused the create; nothing is owed.
    """
    if transfer.attempt.state is State.REJECTED and not transfer.debit_id:
        message = (
            f"Payment {transfer.payment.payment_id!r} was refused:"
            f" {shown_code(transfer.code)}."
        )
        raise Rejected(message, code=transfer.code, next_step=REFUSED)


def pending_fields(transfer: Transfer) -> dict[str, Any]:
    """Return the fields of a pending transfer, for threads and for tasks."""
    return {
        "payment_id": transfer.payment.payment_id,
        "receiver_name": _receiver_name(transfer),
        "expires_at": transfer.attempt.window_ends(transfer.rules),
        "result": result_of(transfer),
    }


def _reason(transfer: Transfer) -> str:
    if transfer.trouble:
        return transfer.trouble
    if transfer.declined:
        return _ENDED.get(transfer.code, "it was closed")
    if transfer.alerts and transfer.attempt.state is not State.DECIDED:
        return transfer.alerts[-1]
    said = f"; the gateway said {shown_code(transfer.code)}" if transfer.code else ""
    why = WHY[transfer.attempt.state if transfer.number else State.NEW]
    return f"{why}{said}"
