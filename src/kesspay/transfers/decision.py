"""What a person decides of a payment that no answer of the gateway decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from kesspay._checks import plain_fields
from kesspay.errors import FieldError, OutcomeUnknown, PaymentConflict
from kesspay.transfers.account import this_process
from kesspay.transfers.attempt import Happened, State


if TYPE_CHECKING:
    from kesspay.transfers.payment import Facts, Transfer


__all__ = ["Decision", "Verdict", "is_to_record", "require_answer"]

Verdict = Literal["paid", "not_paid"]
"""What a person can decide: whether the receiver has the money."""

#: Characters of a note.
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """
    The decision of a person.

    Args:
        verdict: "paid" or "not_paid".
        note: who said so and where that is filed, 1 to 500 printable characters.
    """

    verdict: Verdict
    note: str

    def __post_init__(self) -> None:
        """Check both (FieldError)."""
        plain_fields(self)
        if self.verdict not in get_args(Verdict):
            raise FieldError("verdict", 'must be "paid" or "not_paid"', self.verdict)
        rule = f"must be 1 to {_LONGEST} printable characters"
        if not isinstance(self.note, str):
            raise FieldError("note", rule, self.note)
        is_whole = bool(self.note.strip()) and self.note.isprintable()
        if not is_whole or len(self.note) > _LONGEST:
            raise FieldError("note", rule, self.note)

    def facts(self) -> Facts:
        """Return what the journal records of it."""
        return {"decision": self.verdict, "note": self.note, "by": this_process()}


def is_to_record(transfer: Transfer, decision: Decision) -> bool:
    """
    Return whether a decision is new; False where the journal has the same one.

    Raises:
        PaymentConflict: the payment is not for a person to decide, or was decided
            otherwise.
    """
    name, state = transfer.payment.payment_id, transfer.attempt.state
    if state is State.DECIDED:
        if transfer.decision == decision.verdict:
            return False
        raise PaymentConflict(
            f"Payment {name!r} was decided as {transfer.decision} before. Nothing was"
            " sent or changed: look at its note in kesspay journal show."
        )
    if state is not State.MANUAL:
        raise PaymentConflict(
            f"Payment {name!r} is {state}, and a person decides only what is manual."
            " Nothing was sent or changed."
        )
    return True


def require_answer(transfer: Transfer, decision: Decision, said: Happened) -> None:
    """
    Refuse a decision that a query before it does not allow.

    Args:
        transfer: after the query.
        decision: what is to be recorded.
        said: what came of the query.

    Raises:
        OutcomeUnknown: the gateway could not be asked.
        PaymentConflict: the gateway says that money moved.
    """
    name = transfer.payment.payment_id
    if said is Happened.QUERY_UNKNOWN:
        raise OutcomeUnknown(
            f"The gateway has not answered the query about payment {name!r} that comes"
            " before a decision. Nothing was decided.",
            next_step="keep the debit, and decide once the gateway answers queries.",
        )
    if said is Happened.QUERY_DIFFERS and decision.verdict == "not_paid":
        raise PaymentConflict(
            f"A query says SUCCESS for other fields than those of payment {name!r}, so"
            " money moved under its reference. Nothing was decided: keep the debit and"
            " ask KESS."
        )
