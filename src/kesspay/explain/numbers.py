"""Numbers as other languages and other settings of PHP write them."""

from __future__ import annotations

from decimal import Context, Decimal
from math import isinf
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from kesspay.explain.nodes import Number


__all__ = ["INT64", "exact", "is_double", "javascript"]

INT64: Final = range(-(2**63), 2**63)
#: No integer of 64 bits has more characters.
_LONGEST: Final = 20
#: The digits of serialize_precision = 100, and where its exponents begin.
_DIGITS: Final = 100
_HUNDRED: Final = Context(prec=_DIGITS)
_SMALLEST: Final = -3
#: Beyond these powers of ten JavaScript writes an exponent.
_LARGE: Final = 21
_SMALL: Final = -6


def is_double(number: Number) -> bool:
    """Return whether PHP reads a number as a double."""
    if not number.is_integer:
        return True
    return len(number.text) > _LONGEST or int(number.text) not in INT64


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
    sign, digits, power = _parts(Decimal(repr(value)).normalize())
    place = len(digits) + power
    if _SMALL < place <= _LARGE:
        return sign + _plain(digits, place)
    return f"{sign}{_pointed(digits)}e{place - 1:+d}"


def exact(text: str) -> str:
    """
    Write a double with up to 100 digits, as PHP does for serialize_precision = 100.

    Source: PHP, main/snprintf.c, php_gcvt.
    """
    value = float(text)
    if value == 0:
        return "-0" if text.startswith("-") else "0"
    rounded = _HUNDRED.create_decimal(Decimal(value)).normalize(_HUNDRED)
    sign, digits, power = _parts(rounded)
    place = len(digits) + power
    if _SMALLEST <= place <= _DIGITS:
        return sign + _plain(digits, place)
    return f"{sign}{_pointed(digits, always=True)}e{place - 1:+d}"


def _parts(number: Decimal) -> tuple[str, str, int]:
    """Take sign, digits and power of ten of a finite number."""
    sign, digits, power = number.as_tuple()
    return "-" if sign else "", "".join(map(str, digits)), int(power)


def _plain(digits: str, place: int) -> str:
    """Write digits without an exponent; the point stands behind so many of them."""
    if place <= 0:
        return "0." + "0" * -place + digits
    if place >= len(digits):
        return digits + "0" * (place - len(digits))
    return f"{digits[:place]}.{digits[place:]}"


def _pointed(digits: str, *, always: bool = False) -> str:
    """Put the point behind the first digit."""
    rest = digits[1:] or ("0" if always else "")
    return f"{digits[0]}.{rest}" if rest else digits
