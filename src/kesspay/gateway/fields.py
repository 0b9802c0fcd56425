"""
The rules of single request fields.

The API document gives types and lengths; what it leaves open is decided here,
always towards refusing: a value that the gateway's framework could trim, turn
into null or round would no longer be the value that was signed.

Source: API document, "CREATE UNIFIED FUND TRANSFER" and "CONFIRM FUND
TRANSFER", tables of parameters.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from kesspay._shown import HIDDEN
from kesspay.errors import FieldError


__all__ = [
    "check_amount",
    "check_currency",
    "check_header",
    "check_lifetime",
    "check_own_id",
    "check_payment_id",
    "check_receiver",
    "check_secret_text",
    "check_sender_name",
    "check_server_id",
    "check_service",
    "check_shown_name",
    "is_amount",
    "is_server_id",
    "whole_seconds",
]

_OWN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Room is left for "-" and the number of an attempt.
_PAYMENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_VISIBLE_ASCII: Final = re.compile(r"[!-~]+")
_ID_LENGTH: Final = 64
_SECONDS_TEXT: Final = re.compile(r"[0-9]{1,12}")

#: Longest life of a pre-transfer that is believed, in seconds: 100 years.
_LONGEST_LIFE: Final = 3_155_760_000

#: Whole digits an amount may have. With two places that makes 15 significant
#: digits, and a double keeps 15 digits exactly.
_WHOLE_DIGITS: Final = 13
_PLACES: Final = 2

#: Characters that PHP frameworks trim besides white space: zero width space,
#: left-to-right and right-to-left mark, word joiner, byte order mark.
_INVISIBLE: Final = "\u200b\u200e\u200f\u2060\ufeff"

#: Control characters and lone surrogates: the categories Cc and Cs, which no
#: version of Unicode adds to.
_UNCLEAN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_own_id(field: str, value: object) -> None:
    """
    Check an id that the partner chooses: 1 to 64 of ``A-Z a-z 0-9 _ -``.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not (isinstance(value, str) and _OWN_ID.fullmatch(value)):
        raise FieldError(field, "must be 1 to 64 of A-Z a-z 0-9 _ -", value)


def check_payment_id(field: str, value: object) -> None:
    """
    Check an id from which references are made: 1 to 60 of ``A-Z a-z 0-9 _ -``.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not (isinstance(value, str) and _PAYMENT_ID.fullmatch(value)):
        raise FieldError(field, "must be 1 to 60 of A-Z a-z 0-9 _ -", value)


def is_server_id(value: object) -> bool:
    """Tell whether a value can be an id of the gateway: opaque, 1 to 64."""
    return (
        isinstance(value, str)
        and 1 <= len(value) <= _ID_LENGTH
        and value.isprintable()
        and not _has_edge_space(value)
    )


def check_server_id(field: str, value: object) -> None:
    """
    Check an id that the gateway chose: 1 to 64 printable characters.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not is_server_id(value):
        raise FieldError(field, "must be 1 to 64 printable characters", value)


def check_receiver(field: str, value: object) -> None:
    """
    Check a receiver: a user id or a phone number, as the caller has it.

    Raises:
        FieldError: it is empty, longer than 25, has control characters, or
            white space at an edge.
    """
    _check_text(field, value, 25)


def check_sender_name(field: str, value: object) -> None:
    """
    Check a sender's name: 1 to 96 code points.

    Raises:
        FieldError: it is empty, longer, has control characters, or white
            space at an edge.
    """
    _check_text(field, value, 96)


def is_amount(value: object) -> bool:
    """Tell whether a value is an amount of money that the wire can carry."""
    if type(value) is not Decimal or not value.is_finite() or value <= 0:
        return False
    if value.adjusted() >= _WHOLE_DIGITS:
        return False
    _, digits, exponent = value.as_tuple()
    spare = int(exponent) + _PLACES
    # Zeros at the end do not count as places.
    return spare >= 0 or not any(digits[spare:])


def check_amount(field: str, value: object) -> None:
    """
    Check an amount: a Decimal above zero with at most two places.

    A float is refused: ``0.1 + 0.2`` is not an amount of money.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not is_amount(value):
        rule = "must be a Decimal above 0 and below 10**13 with at most 2 places"
        raise FieldError(field, rule, value)


def check_currency(field: str, value: object) -> None:
    """
    Check a currency: the gateway takes USD only.

    Raises:
        FieldError: it is something else.
    """
    if value != "USD" or type(value) is not str:
        raise FieldError(field, 'must be "USD"', value)


def check_shown_name(field: str, value: object) -> None:
    """
    Check a name that the sender is to be shown: it must show something.

    Raises:
        FieldError: it is no string, or blank.
    """
    if not (isinstance(value, str) and value.strip()):
        raise FieldError(field, "must be a name to show to the sender", value)


def check_lifetime(field: str, value: object) -> None:
    """
    Check how long a pre-transfer lives: whole seconds.

    Raises:
        FieldError: it is no int, negative, or beyond 100 years.
    """
    if type(value) is not int or not 0 <= value <= _LONGEST_LIFE:
        raise FieldError(field, f"must be 0 to {_LONGEST_LIFE} seconds", value)


def whole_seconds(value: object) -> int | None:
    """Read a duration: a whole number above or equal 0, also as a string."""
    if isinstance(value, str) and _SECONDS_TEXT.fullmatch(value):
        return int(value)
    return value if type(value) is int and value >= 0 else None


def check_service(field: str, value: object) -> None:
    """
    Check the name of a service: 1 to 64 visible ASCII characters.

    Raises:
        FieldError: the value breaks the rule.
    """
    check_header(field, value, _ID_LENGTH, secret=False)


def check_header(field: str, value: object, limit: int, *, secret: bool) -> None:
    """
    Check a value that travels in an HTTP header: visible ASCII only.

    Args:
        field: name of the field.
        value: the value.
        limit: characters it may have.
        secret: True keeps the value out of the error.

    Raises:
        FieldError: the value breaks the rule.
    """
    if not (
        isinstance(value, str)
        and len(value) <= limit
        and _VISIBLE_ASCII.fullmatch(value)
    ):
        rule = f"must be 1 to {limit} visible ASCII characters"
        raise FieldError(field, rule, HIDDEN if secret else value)


def check_secret_text(field: str, value: object, limit: int) -> None:
    """
    Check a text of the log-in body; the error never shows it.

    Raises:
        FieldError: it is empty, longer than limit, or has control characters.
    """
    if not (isinstance(value, str) and 1 <= len(value) <= limit and _is_clean(value)):
        rule = f"must be 1 to {limit} characters, no control characters"
        raise FieldError(field, rule, HIDDEN)


def _check_text(field: str, value: object, limit: int) -> None:
    if not isinstance(value, str):
        raise FieldError(field, "must be a string", value)
    if not 1 <= len(value) <= limit:
        raise FieldError(field, f"must have 1 to {limit} characters", value)
    if not _is_clean(value):
        raise FieldError(field, "must have no control characters", value)
    if _has_edge_space(value):
        raise FieldError(field, "must have no white space at its edges", value)


def _is_clean(text: str) -> bool:
    return _UNCLEAN.search(text) is None


def _has_edge_space(text: str) -> bool:
    return text.strip() != text or text.strip(_INVISIBLE) != text
