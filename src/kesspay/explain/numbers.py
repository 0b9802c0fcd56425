"""Numbers as other languages write them."""

from __future__ import annotations

from decimal import Decimal
from math import isinf
from typing import Final


__all__ = ["INT64", "javascript"]

INT64: Final = range(-(2**63), 2**63)
#: Beyond these powers of ten JavaScript writes an exponent.
_LARGE: Final = 21
_SMALL: Final = -6


def javascript(text: str) -> str:
    """
    Write a number as JavaScript does, whose numbers are all doubles.

    Source: ECMA-262, Number::toString. encoding/json of Go writes the same.
    """
    value = float(text)
    if value == 0:
        return "0"
    if isinf(value):
        return "null"
    sign, digits, power = _parts(Decimal(repr(value)))
    place = len(digits) + power
    if _SMALL < place <= _LARGE:
        return sign + _plain(digits, place)
    return f"{sign}{_pointed(digits)}e{place - 1:+d}"


def _parts(number: Decimal) -> tuple[str, str, int]:
    """Take sign, digits without zeros at their end, and power of ten of a number."""
    # Not normalize(): a context of the caller's may round.
    sign, written, power = number.as_tuple()
    digits = "".join(map(str, written))
    kept = digits.rstrip("0")
    return "-" if sign else "", kept, int(power) + len(digits) - len(kept)


def _plain(digits: str, place: int) -> str:
    """Write digits without an exponent; the point stands behind so many of them."""
    if place <= 0:
        return "0." + "0" * -place + digits
    if place >= len(digits):
        return digits + "0" * (place - len(digits))
    return f"{digits[:place]}.{digits[place:]}"


def _pointed(digits: str) -> str:
    """Put the point behind the first digit."""
    return f"{digits[0]}.{digits[1:]}" if digits[1:] else digits
