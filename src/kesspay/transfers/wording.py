"""Errors of a client, reworded for callers of transfers, who know a payment_id."""

from __future__ import annotations

from typing import Final, TypeVar

from kesspay.errors import AuthenticationFailed, GatewayError, Rejected


__all__ = ["REFUSED", "in_words_of_start", "what_happened"]

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


def what_happened(error: GatewayError) -> str:
    """Return the message of an error without what to do next."""
    return str(error).removesuffix(f" Next: {error.next_step}")


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
