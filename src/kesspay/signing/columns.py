"""Columns of texts, most of them concatenated with offsets, as Arrow has them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, TypeAlias


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


__all__ = ["Column", "Listed", "Offsets", "Scattered", "Texts", "Written", "cut"]

Offsets: TypeAlias = "array[int] | memoryview[int]"
#: Texts that can be processed a part at a time.
Column: TypeAlias = "Texts | Scattered | Listed"


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

    def stop(self, start: int, max_texts: int, max_bytes: int) -> int:
        """Return where a part ends that begins at start, within limits."""
        return _stop(self.offsets, start, max_texts, max_bytes)


class Scattered:
    """
    Texts that are not concatenated; a part of them is when it is processed.

    A column may be longer than the memory that its texts would need: a
    dictionary holds a text once, whatever the number of rows that have it.

    Args:
        lengths: the length of each text.
        texts: returns the texts from start to before stop.
    """

    __slots__ = ("_texts", "offsets")

    def __init__(
        self, lengths: Iterable[int], texts: Callable[[int, int], Sequence[bytes]]
    ) -> None:
        """Add up the lengths."""
        self.offsets = array("q", accumulate(lengths, initial=0))
        self._texts = texts

    def __len__(self) -> int:
        """Count the texts."""
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[bytes]:
        """Yield each text."""
        for start, stop in cut(self.offsets, max_texts=1024, max_bytes=1 << 20):
            yield from self._texts(start, stop)

    def part(self, start: int, stop: int) -> Texts:
        """Return the texts from start to before stop, concatenated."""
        return Texts.of(self._texts(start, stop))

    def stop(self, start: int, max_texts: int, max_bytes: int) -> int:
        """Return where a part ends that begins at start, within limits."""
        return _stop(self.offsets, start, max_texts, max_bytes)


class Listed:
    """
    Separate texts, of which no offset is known before they are processed.

    Args:
        texts: the texts; nothing else may change them.
    """

    __slots__ = ("_texts",)

    def __init__(self, texts: Sequence[bytes]) -> None:
        """Take the texts as they are."""
        self._texts = texts

    def __len__(self) -> int:
        """Count the texts."""
        return len(self._texts)

    def __iter__(self) -> Iterator[bytes]:
        """Yield each text."""
        return iter(self._texts)

    def part(self, start: int, stop: int) -> Texts:
        """Return the texts from start to before stop, concatenated."""
        return Texts.of(self._texts[start:stop])

    def stop(self, start: int, max_texts: int, max_bytes: int) -> int:
        """Return where a part ends that begins at start, within limits."""
        part = self._texts[start : start + max_texts]
        if sum(map(len, part)) <= max_bytes:
            return start + len(part)
        ends = array("q", accumulate(map(len, part), initial=0))
        return start + _stop(ends, 0, max_texts, max_bytes)


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
        stop = _stop(offsets, start, max_texts, max_bytes)
        yield start, stop
        start = stop


def _stop(offsets: Offsets, start: int, max_texts: int, max_bytes: int) -> int:
    stop = min(start + max_texts, len(offsets) - 1)
    limit = offsets[start] + max_bytes
    # The last offset of the slice is at most the limit.
    stop = bisect_right(offsets, limit, start + 1, stop + 1) - 1
    return max(stop, start + 1)
