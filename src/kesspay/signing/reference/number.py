"""
Numbers: from JSON text to a value, and from a double to PHP's text.

Two types exist, as in PHP: the 64-bit integer (``int``) and the IEEE 754
double (``float``). Nothing here depends on a locale or on a PHP ``precision``
setting.

Reading (PHP: ext/json scanner, Zend/zend_strtod.c)
    A token without fraction and exponent whose value fits 64 bits is an
    integer; ``-0`` is the integer 0. Every other token is the double nearest
    to the *whole* decimal text, ties to even. Beyond the range of a double
    it is infinite, which is an error only when it is written. One quirk: an
    exponent below -19999 or above 19999 counts as that limit. It has an effect
    only after some 19,600 digits, where ``0.<20000 zeros>1e20001`` is 0.01
    instead of 1.

Writing (PHP: smart_str_append_double with serialize_precision)
    Take the significant digits d1 d2 ... dk, without zeros at either end,
    and E with value = d1.d2...dk x 10^E. With serialize_precision -1 they are
    the shortest digits that read back as the same double, and the nearest to
    it among the shortest, which is what ``repr`` gives. With 17 they are the
    value rounded to 17 digits, with 100 to 100, ties to even: no double needs
    more than 767 digits, and those behind the hundredth are rounded as exactly.

    ==================  ==============================================
    -4 <= E <= 16       positional, filled up with zeros where there are
                        too few digits; no exponent and no ".0"; with a
                        precision of 100 up to E = 99
    any other E         d1.d2...dk e sign |E|; ".0" where k is 1
    negative zero       ``-0`` (positive zero is ``0``)
    ==================  ==============================================

    With JSON_PRESERVE_ZERO_FRACTION ".0" is put behind a double that is written
    without a point: ``1.0``, ``0.0``, ``-0.0``, ``9223372036854775808.0``.
"""

from __future__ import annotations

from typing import Final, Literal

from kesspay.errors import CanonicalizationError


__all__ = ["INTEGER_MAX", "INTEGER_MIN", "read_double", "read_integer", "write_double"]

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1

#: An integer of at most this many characters, sign included, fits 64 bits.
_SURELY_FITS: Final = 18
#: An integer of more characters than this, sign included, does not.
_LONGEST_INTEGER: Final = 20

#: PHP's strtod clamps an explicit exponent to this magnitude.
_EXPONENT_CLAMP: Final = 19_999
#: The limit has an effect only after about 19,600 digits: a shorter number with
#: an exponent beyond it is zero or infinite either way.
_CLAMP_SHOWS: Final = 19_000

#: Positional notation is used from 10^-4 up to as many digits as there may be.
_LOWEST_POSITIONAL: Final = -4
_HIGHEST_POSITIONAL: Final = {-1: 16, 17: 16, 100: 99}


def read_integer(token: bytes) -> int | float:
    """
    Read a number token that has neither fraction nor exponent.

    Args:
        token: text of the form ``-?[0-9]+``.

    Returns:
        An int within 64 bits, or a float beyond them (infinite from about
        310 digits on).
    """
    if len(token) <= _SURELY_FITS:
        return int(token)
    # The length decides first: int() of a megabyte of digits is quadratic.
    if len(token) <= _LONGEST_INTEGER:
        value = int(token)
        if INTEGER_MIN <= value <= INTEGER_MAX:
            return value
    return float(token)


def read_double(token: bytes) -> float:
    """
    Read a number token as a double, correctly rounded.

    Args:
        token: decimal digits with an optional sign, fraction and exponent.

    Returns:
        The nearest double, with PHP's limit of the exponent; signed zero on
        underflow, an infinity on overflow.
    """
    if len(token) > _CLAMP_SHOWS:
        token = _clamp_exponent(token)
    return float(token)


def write_double(
    value: float, precision: Literal[-1, 17, 100] = -1, *, zero_fraction: bool = False
) -> str:
    """
    Write a double as PHP's json_encode does.

    Args:
        value: any finite double.
        precision: PHP's serialize_precision.
        zero_fraction: as with JSON_PRESERVE_ZERO_FRACTION.

    Returns:
        Text such as ``0.5``, ``100``, ``-0`` or ``1.0e+25``.

    Raises:
        CanonicalizationError: "infinite", for infinities and NaN.
    """
    # Both ways of formatting round exactly, as PHP does: they are its algorithm.
    text = repr(value) if precision == -1 else f"{value:.{precision - 1}e}"
    if "n" in text:
        raise CanonicalizationError("infinite")
    if "e" not in text:
        # repr switches to an exponent at the same lower bound as PHP and one
        # step before PHP's upper bound, so its positional text is PHP's.
        return text if zero_fraction else text.removesuffix(".0")
    mantissa, _, exponent = text.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0")
    highest = _HIGHEST_POSITIONAL[precision]
    written = sign + _lay_out(digits or "0", int(exponent), highest)
    return written + ".0" if zero_fraction and "." not in written else written


def _lay_out(digits: str, exponent: int, highest: int) -> str:
    """Place d1...dk x 10^exponent, whose decimal point follows d1."""
    if not _LOWEST_POSITIONAL <= exponent <= highest:
        return f"{digits[0]}.{digits[1:] or '0'}e{exponent:+d}"
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{whole}.{fraction}" if fraction else whole


def _clamp_exponent(token: bytes) -> bytes:
    """Limit the magnitude of an explicit exponent as PHP's strtod does."""
    mantissa, mark, exponent = token.lower().partition(b"e")
    magnitude = exponent.lstrip(b"+-0")
    if not mark or len(magnitude) < len(str(_EXPONENT_CLAMP)):
        return token
    # Six digits are enough to see that a magnitude is beyond the limit.
    limited = min(int(magnitude[:6]), _EXPONENT_CLAMP)
    sign = b"-" if exponent.startswith(b"-") else b"+"
    return b"%be%b%d" % (mantissa, sign, limited)
