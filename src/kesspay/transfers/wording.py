"""Errors as callers of transfers read them, who know a payment_id and a journal."""

from __future__ import annotations

from typing import Final, TypeVar

from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    JournalUnavailable,
    Rejected,
)
from kesspay.transfers.attempt import State


__all__ = [
    "REFUSED",
    "WHY",
    "in_words_of_start",
    "no_threads",
    "unusable",
    "what_happened",
]

_Error = TypeVar("_Error", bound=GatewayError)

#: What to do where the gateway refused a create: the payment is over.
REFUSED: Final = (
    "no money is involved: correct what the code names, then start again with a new"
    " payment_id."
)
_AGAIN: Final = "no money is involved: call start again with the same payment_id."
_LOG_IN: Final = (
    "check partner id, partner secret, user name and password; then call start again"
    " with the same payment_id."
)


#: Why a payment is not paid, or not known to be, by the state of its newest attempt.
WHY: Final = {
    State.NEW: "no request was sent",
    State.CREATING: "it is not known whether the create arrived",
    State.CREATED: "the confirm was not sent",
    State.REJECTED: "the gateway refused the create",
    State.ABANDONED: "no create was answered",
    State.CLOSED: "no pre-transfer was confirmed in time",
    State.DEBITED: "the confirm was not sent",
    State.CONFIRMING: "the confirm may have been sent, and no answer is recorded",
    State.UNKNOWN: "no answer has decided yet whether the confirm was carried out",
    State.REFUSED: "the gateway refused the confirm, and no query has agreed yet",
    State.NOT_PAID: "the gateway did not carry out the confirm",
    State.MANUAL: "no answer of the gateway decides it",
    State.DECIDED: "a person decided it",
}


def what_happened(error: GatewayError) -> str:
    """Return the message of an error without what to do next."""
    return str(error).removesuffix(f" Next: {error.next_step}")


def unusable(message: str) -> JournalUnavailable:
    """Return the error of a journal that this program will not reach any more."""
    error = JournalUnavailable(message)
    error.is_refused = True
    return error


def no_threads(why: str) -> JournalUnavailable:
    """Return the error of a journal whose thread cannot be started."""
    return JournalUnavailable(
        "the journal cannot be used: the system gives this process no more threads"
        f" ({why}); nothing was written. Start fewer threads, or allow this process"
        " more."
    )


def in_words_of_start(error: _Error) -> _Error:
    """
    Return an error of a create that says what a caller of ``start`` does next.

    Its text has no number of the attempt, which such a caller does not know.
    """
    next_step = _AGAIN
    if isinstance(error, Rejected):
        next_step = REFUSED
    elif isinstance(error, AuthenticationFailed):
        next_step = _LOG_IN
    message = what_happened(error)
    error.next_step = next_step
    error.args = (f"{message} Next: {next_step}",)
    return error
