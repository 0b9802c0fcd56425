"""
Compare an answer with what was asked, and make the result of it.

The protocol has no nonce: a genuine answer to another transfer has a genuine
signature. So an answer counts only where it repeats the request, field by
field and exactly; a field that is missing is a field that differs.

Source: API document, "Response success data" of each service.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from kesspay.errors import FieldError
from kesspay.gateway.answers import Answer, unknown
from kesspay.gateway.fields import is_server_id
from kesspay.gateway.messages import (
    CONFIRM,
    CREATE,
    CreateFundTransfer,
    FundTransfer,
    PreTransfer,
)
from kesspay.gateway.services import SUCCESS


__all__ = ["carried_out", "granted", "whole_seconds"]

_ECHOED: Final = ("out_trade_no", "receiver_id", "amount", "currency")
_AMOUNT_TEXT: Final = re.compile(r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,16})?")
_SECONDS_TEXT: Final = re.compile(r"[0-9]{1,12}")


def granted(request: CreateFundTransfer, answer: Answer) -> PreTransfer:
    """
    Return the pre-transfer that an answer to create grants.

    Raises:
        OutcomeUnknown: a field differs from the request or cannot be used.
    """
    _require_echo(CREATE, request, answer)
    data = answer.data
    try:
        return PreTransfer(
            out_trade_no=request.out_trade_no,
            receiver_id=request.receiver_id,
            amount=request.amount,
            currency=request.currency,
            # The class checks what comes from outside.
            pre_transfer_id=data.get("pre_transfer_id"),  # type: ignore[arg-type]
            receiver_name=data.get("receiver_name"),  # type: ignore[arg-type]
            expire_in=whole_seconds(data.get("expire_in")),  # type: ignore[arg-type]
            canonical=answer.canonical,
        )
    except FieldError as error:
        refused = error
    evidence = {**answer.evidence(), "field": refused.field}
    message = f"The signed answer to {CREATE} cannot be used: {refused}"
    message += f" ({answer.stated()})."
    raise unknown(CREATE, message, evidence)


def carried_out(
    service: str, transfer: CreateFundTransfer | PreTransfer, answer: Answer
) -> FundTransfer:
    """
    Return the transfer that an answer to confirm or query says was paid.

    Raises:
        OutcomeUnknown: ``result_code`` is not SUCCESS, a field differs from
            the transfer, or there is no ``fund_transfer_id``.
    """
    data = answer.data
    result_code = data.get("result_code")
    if result_code != SUCCESS:
        code = result_code if isinstance(result_code, str) else ""
        evidence = {**answer.evidence(), "result_code": code}
        said = f"{result_code!r:.64} ({answer.stated()})"
        message = f"{service} was answered with result_code {said}."
        raise unknown(service, message, evidence, code=code)
    _require_echo(service, transfer, answer)
    fund_transfer_id = data.get("fund_transfer_id")
    receiver_name = data.get("receiver_name", "")
    if not (is_server_id(fund_transfer_id) and isinstance(receiver_name, str)):
        message = f"The signed answer to {service} has no usable fund_transfer_id"
        message += f" ({answer.stated()})."
        raise unknown(service, message, answer.evidence())
    return FundTransfer(
        result_code=SUCCESS,
        fund_transfer_id=str(fund_transfer_id),
        out_trade_no=transfer.out_trade_no,
        receiver_id=transfer.receiver_id,
        amount=transfer.amount,
        currency=transfer.currency,
        pre_transfer_id=_pre_transfer_id(transfer, data),
        receiver_name=receiver_name,
        canonical=answer.canonical,
    )


def whole_seconds(value: object) -> int | None:
    """Read a duration: a whole number above or equal 0, also as a string."""
    if isinstance(value, str) and _SECONDS_TEXT.fullmatch(value):
        return int(value)
    return value if type(value) is int and value >= 0 else None


def _require_echo(
    service: str, transfer: CreateFundTransfer | PreTransfer, answer: Answer
) -> None:
    """Raise unless the answer repeats the transfer. Missing is different."""
    data = answer.data
    wrong = [
        name
        for name in _ECHOED
        if not _is_same(getattr(transfer, name), data.get(name))
    ]
    if isinstance(transfer, PreTransfer) and (
        service == CONFIRM or "pre_transfer_id" in data
    ):
        same = _is_same(transfer.pre_transfer_id, data.get("pre_transfer_id"))
        wrong += [] if same else ["pre_transfer_id"]
    if wrong:
        names = ", ".join(wrong)
        evidence = {**answer.evidence(), "differs": names}
        message = f"The signed answer to {service} is for another transfer: {names}"
        message += f" ({answer.stated()})."
        raise unknown(service, message, evidence)


def _is_same(asked: object, answered: object) -> bool:
    if isinstance(asked, Decimal):
        return _amount(answered) == asked
    return type(answered) is str and answered == asked


def _amount(value: object) -> Decimal | None:
    """Read an amount exactly: 0.5, 0.50 and "0.50" are one, true is none."""
    if type(value) is Decimal:
        return value
    if type(value) is int:
        return Decimal(value)
    if isinstance(value, str) and _AMOUNT_TEXT.fullmatch(value):
        return Decimal(value)
    return None


def _pre_transfer_id(
    transfer: CreateFundTransfer | PreTransfer, data: dict[str, object]
) -> str | None:
    if isinstance(transfer, PreTransfer):
        return transfer.pre_transfer_id
    value = data.get("pre_transfer_id")
    return str(value) if is_server_id(value) else None
