"""Doubles, as their 64 bits."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from tests.support.rng import Rng


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["SPECIAL", "all_bits"]

_INFINITY: Final = 0x7FF << 52

#: Zeros, the ends of every range, and infinities and NaNs.
SPECIAL: Final = (
    *(0, 1 << 63, 1, 2, 0xFFFFFFFFFFFFF, 1 << 52, (1 << 52) + 1, 1023 << 52),
    *(_INFINITY - 1, _INFINITY, _INFINITY | 1, _INFINITY | 1 << 51),
    *(_INFINITY | 1 << 63, (_INFINITY - 1) | 1 << 63, 1 | 1 << 63),
)


def _bits(value: float) -> int:
    return int.from_bytes(struct.pack(">d", value), "big")


def all_bits() -> list[int]:
    """Return the doubles in the order in which they are stored, each once."""
    return list(dict.fromkeys(_candidates()))


def _candidates() -> Iterator[int]:
    yield from SPECIAL
    # Around powers of two the neighbours lie at two distances: there the
    # shortest digits are easily wrong.
    for exponent in range(-1074, 1024):
        bits = _bits(2.0**exponent)
        yield from (max(bits - 1, 0), bits, bits + 1)
    for exponent in range(-323, 309):
        bits = _bits(float(f"1e{exponent}"))
        yield from (bits - 1, bits, bits + 1)
    yield from _short()
    yield from _money()
    yield from _whole()
    rng = Rng("vectors: doubles")
    for _ in range(6000):
        yield rng.bits(64) & ~(1 << 63) | rng.below(2) << 63
    for _ in range(600):
        yield rng.bits(64) >> 12 >> rng.below(52)


def _short() -> Iterator[int]:
    """Yield decimals of one to 17 digits at every place."""
    rng = Rng("vectors: short doubles")
    for _ in range(3500):
        digits = rng.digits(rng.between(1, 17))
        exponent = rng.choice((rng.between(-8, 20), rng.between(-320, 290)))
        yield _bits(float(f"{digits[0]}.{digits[1:]}e{exponent}"))


def _money() -> Iterator[int]:
    for cents in range(1500):
        yield _bits(cents / 100)
    rng = Rng("vectors: money")
    for _ in range(1500):
        yield _bits(rng.below(10 ** rng.between(4, 13)) / 100)


def _whole() -> Iterator[int]:
    """Yield whole numbers around 2^53 and around PHP's change of layout."""
    for base in (10**15, 2**53, 10**16, 10**17, 10**18, 2**63, 2**64, 10**22):
        bits = _bits(float(base))
        yield from range(bits - 40, bits + 40)
    rng = Rng("vectors: whole doubles")
    for _ in range(500):
        yield _bits(float(rng.digits(rng.between(14, 22))))
