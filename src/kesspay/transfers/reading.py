"""What the answers of the gateway mean for an attempt. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    Rejected,
)
from kesspay.gateway.services import SYSTEM_ERROR
from kesspay.transfers.attempt import Happened


if TYPE_CHECKING:
    from kesspay.gateway.messages import FundTransfer, PreTransfer


__all__ = ["Facts", "Reading", "read_confirm", "read_create", "read_query"]

Facts = dict[str, str | int | float]

#: What of the evidence of an error is kept.
_KEPT: Final = ("http_status", "transport", "reason", "differs", "field", "phase")


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
