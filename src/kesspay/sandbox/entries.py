"""What stands in the ledger, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal  # noqa: TC003 - typing.get_type_hints needs it
from typing import Literal


__all__ = ["Credit", "PreTransferRow", "Refusal", "State", "User"]

State = Literal["open", "due", "credited", "expired"]


class Refusal(Exception):
    """
    The gateway says no.

    Attributes:
        status: HTTP status.
        code: ``error_code``.
    """

    def __init__(self, status: int, code: str, description: str) -> None:
        """Store what the answer will say."""
        self.status = status
        self.code = code
        super().__init__(description)


@dataclass(frozen=True, slots=True)
class PreTransferRow:
    """
    A pre-transfer as the ledger has it.

    Attributes:
        state: "open" can be confirmed, "due" was and will be credited,
            "credited" was, "expired" never will be.
        fund_transfer_id: of the credit, once it has been made.
    """

    pre_transfer_id: str
    out_trade_no: str
    receiver_id: str
    receiver_name: str
    amount: Decimal
    expires_at: float
    state: State
    fund_transfer_id: str | None


@dataclass(frozen=True, slots=True)
class Credit:
    """A receiver got money."""

    fund_transfer_id: str
    out_trade_no: str
    receiver_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class User:
    """Who can, or could, receive money."""

    receiver_id: str
    name: str
    eligible: bool
    balance: Decimal
