"""
A seeded source of choices that gives the same sequence on every Python.

Of the methods of ``random.Random`` only ``random()`` promises to repeat its
sequence in later versions of Python (documentation of ``random``, "Notes on
reproducibility"). The stored vectors must not change with the interpreter,
so everything here is drawn from that one method.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar


if TYPE_CHECKING:
    from collections.abc import Sequence


T = TypeVar("T")


class Rng:
    """A generator of choices; equal seeds give equal sequences."""

    def __init__(self, seed: int | str) -> None:
        """Start the sequence that belongs to the seed."""
        self._random = random.Random(seed).random

    def below(self, limit: int) -> int:
        """Return an integer from 0 to limit - 1; limit is at most 2**53."""
        return int(self._random() * limit)

    def between(self, low: int, high: int) -> int:
        """Return an integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """Return True in this share of the calls."""
        return self._random() < probability

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[int(self._random() * len(items))]

    def bits(self, count: int) -> int:
        """Return an integer of count random bits, count a multiple of 16."""
        value = 0
        for _ in range(count // 16):
            value = value << 16 | self.below(1 << 16)
        return value

    def digits(self, count: int) -> str:
        """Return count decimal digits, the first not zero."""
        first = str(self.between(1, 9))
        return first + "".join(str(self.below(10)) for _ in range(count - 1))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in another order (Fisher and Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result
