"""
Transfers as JSON: what ``create`` prints, ``confirm`` and ``query`` read.

The protocol has no nonce, so an answer counts only where it repeats the
transfer field by field. Whoever confirms later therefore needs every field.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from kesspay._shown import shown_path, shown_value
from kesspay.cli.files import read_file
from kesspay.errors import InputError
from kesspay.gateway.messages import FundTransfer, PreTransfer, check_amount


if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["fields_of", "read_amount", "read_pre_transfer", "rows_of"]

_AMOUNT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_PRE_TRANSFER: Final = (
    "out_trade_no",
    "receiver_id",
    "amount",
    "currency",
    "pre_transfer_id",
    "receiver_name",
    "expire_in",
)
_FUND_TRANSFER: Final = (
    "result_code",
    "fund_transfer_id",
    "out_trade_no",
    "receiver_id",
    "amount",
    "currency",
    "pre_transfer_id",
    "receiver_name",
)


def read_amount(text: object) -> Decimal:
    """
    Read an amount from a text: digits, and a point with digits behind it.

    Raises:
        FieldError: it is something else, also "1e2", a float, or "+1".
    """
    if not (isinstance(text, str) and _AMOUNT.fullmatch(text)):
        check_amount("amount", text)
    amount = Decimal(str(text))
    check_amount("amount", amount)
    return amount


def read_pre_transfer(path: str) -> PreTransfer:
    """
    Read what ``kesspay transfer create`` printed.

    Args:
        path: of the file, or "-". It holds the whole JSON object, or only
            what stands in it under "transfer".

    Raises:
        InputError: it is something else.
        FieldError: a field breaks a rule.
    """
    found: object = None
    content = read_file(path)
    try:
        found = json.loads(content, object_pairs_hook=_object)
    except InputError:
        raise
    except (ValueError, RecursionError):
        # Its error holds the whole text, so it must not be the context.
        pass
    if isinstance(found, dict) and isinstance(found.get("transfer"), dict):
        found = found["transfer"]
    if not isinstance(found, dict):
        raise InputError(f"{shown_path(path)} holds no JSON object")
    missing = [name for name in _PRE_TRANSFER if name not in found]
    if missing:
        names = ", ".join(missing)
        raise InputError(
            f"{shown_path(path)} holds no pre-transfer: there is no {names}"
        )
    fields = {name: found[name] for name in _PRE_TRANSFER}
    return PreTransfer(**{**fields, "amount": read_amount(fields["amount"])})


def fields_of(transfer: PreTransfer | FundTransfer) -> dict[str, Any]:
    """Return the fields of a transfer as JSON has them; amounts are texts."""
    is_paid = isinstance(transfer, FundTransfer)
    names = _FUND_TRANSFER if is_paid else _PRE_TRANSFER
    fields = {name: getattr(transfer, name) for name in names}
    return {**fields, "amount": f"{transfer.amount:f}"}


def rows_of(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the same for people."""
    return [
        (name.replace("_", " "), str(value))
        for name, value in fields.items()
        if value is not None
    ]


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse two members of one name: nobody knows which was meant."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(
                f"the JSON object has a member twice ({shown_value(name)})"
            )
        found[name] = value
    return found
