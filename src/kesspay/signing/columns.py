"""Texts concatenated in one buffer with an array of offsets, as Arrow has them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, TypeAlias


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["Offsets", "Texts", "Written", "cut"]

Offsets: TypeAlias = "array[int] | memoryview[int]"


class Texts:
    """
    Text i is ``data[offsets[i]:offsets[i + 1]]``.

    Args:
        data: all texts; there may be more bytes before and after them.
        offsets: signed 64-bit integers, one more than there are texts.
        owner: an object that keeps the buffers alive.
    """

    __slots__ = ("_owner", "data", "offsets")

    def __init__(
        self, data: bytes | memoryview, offsets: Offsets, owner: object = None
    ) -> None:
        """Take the buffers as they are."""
        self.data = data
        self.offsets = offsets
        self._owner = owner

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Texts:
        """Concatenate separate texts."""
        ends = accumulate(map(len, texts), initial=0)
        return cls(b"".join(texts), array("q", ends))

    def __len__(self) -> int:
        """Count the texts."""
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[bytes]:
        """Yield a copy of each text."""
        start = self.offsets[0]
        for end in self.offsets[1:]:
            yield bytes(self.data[start:end])
            start = end

    def part(self, start: int, stop: int) -> Texts:
        """Return the texts from start to before stop, in the same buffer."""
        return Texts(self.data, memoryview(self.offsets)[start : stop + 1], self)


class Written(NamedTuple):
    """
    The outputs of a backend for many texts.

    Attributes:
        data: the outputs, concatenated.
        offsets: output i is ``data[offsets[i]:offsets[i + 1]]``, which is
            empty where there is none; the first of them is 0.
        statuses: a kess_status for each.
    """

    data: bytes
    offsets: array[int]
    statuses: list[int]


def cut(
    offsets: Offsets, *, max_texts: int, max_bytes: int
) -> Iterator[tuple[int, int]]:
    """Yield the bounds of slices within limits; a longer text is a slice alone."""
    start, count = 0, len(offsets) - 1
    while start < count:
        stop = min(start + max_texts, count)
        limit = offsets[start] + max_bytes
        # The last offset of the slice is at most the limit.
        stop = bisect_right(offsets, limit, start + 1, stop + 1) - 1
        stop = max(stop, start + 1)
        yield start, stop
        start = stop
