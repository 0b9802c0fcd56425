"""Numbers: integers, rounding, range, the clamp of exponents, layout."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.support.rng import Rng
from tests.support.samples import NUMBERS, number


if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Case


__all__ = ["cases", "double_of", "texts"]


def cases() -> Iterator[Case]:
    """Yield documents that hold one number each."""
    for group, text in texts():
        yield group, f'{{"n":{text}}}'.encode()
    yield from _vanishing()


def texts() -> Iterator[tuple[str, str]]:
    """Yield the texts of the numbers, each with its subject."""
    for text in NUMBERS:
        yield "number", text
        yield "number", "-" + text.lstrip("-")
    yield from _integers()
    yield from _layout()
    yield from _powers()
    yield from _halfway()
    yield from _clamped()
    yield from _long()
    rng = Rng("vectors: numbers")
    for _ in range(500):
        yield "random number", number(rng)


def double_of(bits: int) -> float:
    """Return the double with these 64 bits."""
    value: float = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
    return value


def _integers() -> Iterator[tuple[str, str]]:
    for exponent in (31, 32, 52, 53, 54, 62, 63, 64, 65):
        for offset in (-2, -1, 0, 1, 2):
            yield "integer", str(2**exponent + offset)
            yield "integer", str(-(2**exponent) + offset)
    for count in (18, 19, 20, 21):
        for digit in "123456789":
            yield "integer", digit * count
        yield "integer", "1" + "0" * (count - 1)
        yield "integer", "-" + "9" * count
    for text in ("00", "-00", "-01", "00.5", "0e", "0.e1", "1e1.5", "- 1"):
        yield "bad number", text


def _layout() -> Iterator[tuple[str, str]]:
    """Yield numbers around the places where the layout changes."""
    for digits in ("1", "9", "12", "123456789012345", "99999999999999999"):
        for exponent in (*range(-9, 3), *range(13, 26), 99, 100, -99, -100):
            yield "layout", f"{digits}e{exponent}"
    for zeros in range(9):
        yield "layout", f"0.{'0' * zeros}1"
        yield "layout", f"1{'0' * (zeros + 11)}.0"
        yield "layout", f"-1.5{'0' * zeros}e{zeros}"


def _powers() -> Iterator[tuple[str, str]]:
    for exponent in range(-1074, 1024, 7):
        yield "power of two", repr(2.0**exponent)
    for exponent in (*range(-345, -300, 3), *range(-30, 31), *range(295, 312)):
        yield "power of ten", f"1e{exponent}"
        yield "power of ten", f"-9.999999999999999e{exponent}"


def _exact(value: Fraction) -> str:
    """Return the exact decimal of a fraction whose denominator is 2^n."""
    power = value.denominator.bit_length() - 1
    digits = str(value.numerator * 5**power).rjust(power + 1, "0")
    return f"{digits[:-power]}.{digits[-power:]}" if power else f"{digits}.0"


def _halfway() -> Iterator[tuple[str, str]]:
    """Yield the exact middle between two doubles, and its neighbours."""
    rng = Rng("vectors: halfway")
    # Exponents near zero give texts of about 60 digits; a few far away give
    # the longest that exist, above 700 digits.
    places = [rng.between(0x3D0, 0x440) for _ in range(100)]
    places += [0, 0, 1, 0x001, 0x100, 0x300, 0x500, 0x7FE]
    for place in places:
        bits = place << 52 | rng.bits(64) >> 12
        middle = (Fraction(double_of(bits)) + _next(bits)) / 2
        text = _exact(middle)
        yield "halfway", text
        yield "halfway", text + "1"
        yield "halfway", _slightly_less(text)
    # The middle between the largest double and what would follow.
    edge = str(2**1024 - 2**970)
    for text in (edge, f"{edge}.0", str(int(edge) - 1), f"{edge}.1"):
        yield "halfway", text
    # Half of the smallest double: the border to zero.
    tiny = _exact(Fraction(1, 2**1075))
    for text in (tiny, tiny + "1", tiny[:-1]):
        yield "halfway", text


def _slightly_less(text: str) -> str:
    """Return a decimal below the one in text by less than its last digit."""
    head = text.rstrip("0.")
    rest = text[len(head) :].replace("0", "9")
    return f"{head[:-1]}{int(head[-1]) - 1}{rest}9"


def _next(bits: int) -> Fraction:
    """Return the double that follows, or what would follow the largest."""
    if bits + 1 == 0x7FF << 52:
        return Fraction(2**1024)
    return Fraction(double_of(bits + 1))


def _clamped() -> Iterator[tuple[str, str]]:
    """Yield numbers on which PHP's limit of exponents, 19999, is visible."""
    for written in (
        *("19998", "19999", "20000", "20001", "32768", "65536", "2147483648"),
        *("4294967296", "9223372036854775808", "0" * 40 + "5", "0" * 40 + "20001"),
        "9" * 400,
    ):
        for mark in ("e", "e+", "E-"):
            yield "exponent", f"1{mark}{written}"
            yield "exponent", f"0{mark}{written}"
            yield "exponent", f"-0.0{mark}{written}"
    for zeros in (19500, 19690, 19990, 19998, 19999, 20000, 20001, 20300):
        for exponent in (zeros, zeros + 1, zeros - 1, 19999, 20001):
            yield "clamp", f"0.{'0' * zeros}1e{exponent}"
            yield "clamp", f"1{'0' * zeros}e-{exponent}"
    yield "clamp", f"0.{'0' * 40000}17e40001"
    yield "clamp", f"17{'0' * 40000}.5e-40001"
    yield "clamp", f"{'0.' + '0' * 20000}1e+00000000020001"


def _long() -> Iterator[tuple[str, str]]:
    rng = Rng("vectors: long numbers")
    for count in (25, 40, 100, 300, 309, 310, 800, 1000, 3000):
        digits = rng.digits(count)
        yield "long number", digits
        yield "long number", f"0.{digits}"
        yield "long number", f"{digits[:20]}.{digits[20:]}e-{count}"
        yield "long number", "9" * count
        yield "long number", "0." + "9" * count
        yield "long number", f"1.{'0' * count}1"
        yield "long number", f"9007199254740993.{'0' * count}1"
    yield "long number", "1" + "0" * 50000
    yield "long number", "0." + "3" * 50000


def _vanishing() -> Iterator[Case]:
    """Yield infinities, most of which are removed or replaced in time."""
    for text in (
        *('{"sign":1e999}', '{"sign_type":-1e999,"a":1}', "[1e999]", "1e999"),
        *('{"a":{"sign":1e999}}', '{"a":1e999,"a":0}', '{"a":0,"a":1e999}'),
        *('{"a":[1e999],"a":[]}', '{"sign":{"b":[-1e999]},"c":1}'),
        *('{"a":{"b":1e999,"b":2}}', '{"a":{"b":1e999},"a":{"c":1}}'),
        *('{"Sign":1e999}', '{"0":1e999,"0":2}', '{"sig\\u006e":1e999}'),
        *('{"sign":1,"sign":1e999}', '{"a":1e999,"b":{"a":1}}', "[[],1e999]"),
        '{"sign":' + "9" * 400 + "}",
    ):
        yield "infinity", text.encode()
