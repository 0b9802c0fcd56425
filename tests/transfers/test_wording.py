"""Errors say what to do in the words of who reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    Rejected,
)
from kesspay.gateway.messages import CONFIRM, CREATE, Credentials
from kesspay.transfers.wording import in_words_of_start, what_happened
from tests.transfers.virtual import DEBIT, ORDER, face, partner


if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]


def failing(transfers: Any) -> GatewayError:  # noqa: ANN401 - of either face
    """Return the error of a start."""
    with pytest.raises(GatewayError) as caught:
        transfers.start(**ORDER)
    error: GatewayError = caught.value
    assert str(error).endswith(f" Next: {error.next_step}")
    assert str(error).count("Next:") == 1
    assert "out_trade_no" not in str(error)
    return error


def test_every_create_is_lost(partner: MakePartner) -> None:
    """Starting again with the same payment_id makes another attempt."""
    here = partner()
    here.plan("drop-after", CREATE, times=5)
    error = failing(here.transfers())
    assert isinstance(error, OutcomeUnknown)
    assert "the same payment_id" in error.next_step
    assert here.transfers().start(**ORDER).receiver_name


def test_no_create_leaves(partner: MakePartner) -> None:
    """So it is where none left."""
    here = partner()
    here.wire.not_sent[CREATE] = 99
    error = failing(here.transfers())
    assert isinstance(error, NotSent)
    assert "the same payment_id" in error.next_step
    here.wire.not_sent.clear()
    assert here.transfers().start(**ORDER).receiver_name


@pytest.mark.parametrize("code", ["NOTELIGIBLE", "VALIDATIONERROR"])
def test_a_receiver_who_cannot_be_paid(partner: MakePartner, code: str) -> None:
    """The payment is over, however often it is started: another id is needed."""
    here = partner()
    here.plan(f"refused={code}", CREATE)
    for _ in range(2):
        error = failing(here.transfers())
        assert isinstance(error, Rejected)
        assert error.code == code
        assert "a new payment_id" in error.next_step
    again = {**ORDER, "payment_id": "order-2"}
    assert here.transfers().start(**again).receiver_name


def test_wrong_credentials(partner: MakePartner) -> None:
    """They are to be checked first."""
    here = partner()
    here.sandbox.emulator._credentials = Credentials("other", "a", "b", "c")
    error = failing(here.transfers())
    assert isinstance(error, AuthenticationFailed)
    assert "password; then call start again" in error.next_step


def test_a_reason_has_no_next_step(partner: MakePartner) -> None:
    """A result says in next_step what to do, and in its reason what happened."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.wire.not_sent[CONFIRM] = 999
    result = transfers.confirm("order-1", debit_id=DEBIT, timeout=2)
    assert "was not sent" in result.reason
    assert "Next:" not in result.reason
    assert "keep the debit" in result.next_step


def test_an_error_without_a_next_step() -> None:
    """Its message is all there is, until it gets one."""
    error = OutcomeUnknown("It broke.", next_step="")
    assert what_happened(error) == "It broke."
    assert str(in_words_of_start(error)).startswith("It broke. Next: no money")
