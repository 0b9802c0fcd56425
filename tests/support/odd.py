"""Values that a caller may pass by mistake: of each type, and of classes that fail."""

from __future__ import annotations

import math
from array import array
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final, Never, cast


class FailingText(str):
    """A text whose class fails whenever it is asked for something."""

    __slots__ = ()

    def __str__(self) -> Never:
        """Fail."""
        raise RuntimeError

    __repr__ = __str__

    def __format__(self, spec: str) -> Never:
        """Fail."""
        raise RuntimeError


class FailingRepr:
    """An object that has no repr."""

    def __repr__(self) -> Never:
        """Fail."""
        raise RuntimeError


class FailingPath:
    """An object that is a path, and does not say which."""

    def __fspath__(self) -> str:
        """Fail."""
        raise RuntimeError


class PathOfNumber:
    """An object that is a path by its method, and none by what that returns."""

    def __fspath__(self) -> str:
        """Return something else."""
        return cast("str", 5)


class UnlikeAll:
    """An object that cannot be compared, hashed or asked whether it is true."""

    __hash__ = None  # type: ignore[assignment] # such an object has none

    def __eq__(self, other: object) -> Never:
        """Fail, as an array of numpy does where its truth is asked for."""
        raise ValueError

    def __bool__(self) -> Never:
        """Fail."""
        raise ValueError


def deep(levels: int) -> dict[str, object]:
    """Return a dict of so many levels: more than a repr can write."""
    value: dict[str, object] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def released() -> memoryview:
    """Return a view of nothing."""
    view = memoryview(b"abc")
    view.release()
    return view


#: None of them is a text, a bool or a number of seconds that can be used.
ODD: Final[tuple[object, ...]] = (
    *(-(10**400), math.nan, math.inf, -math.inf, 1j),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("1E+1000000"), Fraction(-1, 2)),
    *(b"\xff", bytearray(b"a"), memoryview(b"abcdef")[::2], released()),
    *(array("i", [1]), [], [1], (), {}, {"a": 1}, set(), range(3), object(), len),
    *(deep(5000), FailingRepr(), FailingPath(), PathOfNumber(), UnlikeAll()),
    *(datetime(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)),  # noqa: DTZ001 - without a zone
)

#: Texts that are no name of anything.
ODD_TEXTS: Final = (
    *("\ud800", "a\udfffb", "\x00", "a\x00b", "x" * 100_000, "\u2028", "a\r\nb: c"),
)
