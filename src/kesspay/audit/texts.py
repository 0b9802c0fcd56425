"""
Blocks of whole lines from files of any size, plain or compressed.

A file is read in parts by several threads: to a part belong the lines that begin in
it. No more is in memory than a block and the longest line that is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kesspay.audit.rows import Damaged


if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from numpy.typing import NDArray


__all__ = ["Block", "LineCounts", "blocks", "line_ends", "patiently", "whole_lines"]

#: How much is read at a time.
BLOCK: Final = 4 << 20
#: How much is looked through for line ends at a time.
_PIECE: Final = 256 << 10
_NEWLINE: Final = b"\n"
_LINE_FEED: Final = 10
_MOST_LINES: Final = 1 << 15
_NO_ENDS: Final = np.zeros(0, np.int64)


@dataclass(slots=True)
class Block:
    """
    Some lines.

    Attributes:
        data: the lines, each with its end.
        row: the number of the first line, from 0.
        offset: byte at which the first line begins.
        is_cut: whether it is one line, and ``data`` only its beginning, since the line
            is too long.
        size: bytes that were read.
        ends: where each line ends in ``data``, with its line feed.
    """

    data: bytes
    row: int
    offset: int
    is_cut: bool
    size: int
    ends: NDArray[Any]


class LineCounts:
    """
    The number of the first line of each part of a file, counted when it is needed.

    Args:
        open_file: opens the file.
        bounds: the offsets at which the parts begin, from 0.
    """

    def __init__(self, open_file: Callable[[], Any], bounds: list[int]) -> None:
        """Count nothing yet."""
        self._open = open_file
        self._bounds = bounds
        self._before = [0]
        self._lock = Lock()

    def before(self, start: int) -> int:
        """Return how many line ends there are before an offset of the bounds."""
        at = self._bounds.index(start)
        with self._lock:
            if at >= len(self._before):
                with self._open() as file:
                    while at >= len(self._before):
                        self._count(file)
            return self._before[at]

    def _count(self, file: Any) -> None:  # noqa: ANN401 - of pyarrow
        done = len(self._before)
        place, end = self._bounds[done - 1], self._bounds[done]
        count = self._before[-1]
        file.seek(place)
        while place < end:
            data = file.read(min(BLOCK, end - place))
            if not data:
                break
            # A tenth of the time of bytes.count.
            count += int(np.count_nonzero(np.frombuffer(data, np.uint8) == _LINE_FEED))
            place += len(data)
        self._before.append(count)


def blocks(
    file: Any,  # noqa: ANN401 - of pyarrow
    start: int,
    stop: int,
    ends_before: Callable[[], int],
    longest: int,
) -> Iterator[Block]:
    """
    Yield the lines that begin in a part of a file.

    Args:
        file: can be moved to an offset.
        start: where the part begins.
        stop: where the next one begins.
        ends_before: returns how many line ends there are before ``start``.
        longest: the bytes of the longest line that is read.
    """
    row, place = 0, start
    if start:
        row = ends_before()
        file.seek(start - 1)
        if file.read(1) != _NEWLINE:
            row += 1
            place = _next_line(file, start)
    if place < stop:
        file.seek(place)
        yield from whole_lines(file.read, place, row, stop, longest)


def _next_line(file: Any, place: int) -> int:  # noqa: ANN401 - of pyarrow
    """Return where the next line begins, or the end of the file."""
    while True:
        data = file.read(1 << 16)
        if not data:
            return place
        found: int = data.find(_NEWLINE)
        if found >= 0:
            return place + found + 1
        place += len(data)


def patiently(read: Callable[[int], bytes], step: int) -> Callable[[int], bytes]:
    """
    Return a function that reads in small steps, and loses no more than one.

    A decompressor that finds its input cut off gives nothing of what was asked for.

    Args:
        read: returns the next bytes, at most so many; nothing at the end.
        step: bytes that are asked for at a time.
    """
    failures: list[Exception] = []

    def read_steps(size: int) -> bytes:
        if failures:
            raise failures[0]
        parts = []
        left = size
        try:
            while left and (data := read(min(step, left))):
                parts.append(data)
                left -= len(data)
        except (OSError, ValueError) as error:
            if not parts:
                raise
            failures.append(error)
        return b"".join(parts)

    return read_steps


def whole_lines(
    read: Callable[[int], bytes],
    place: int,
    row: int,
    stop: int | None,
    longest: int,
) -> Iterator[Block]:
    """
    Yield blocks of whole lines.

    Args:
        read: returns the next bytes, at most so many; nothing at the end.
        place: offset of what it returns first.
        row: number of the line that begins there.
        stop: no line is read that begins here or later; None for all lines.
        longest: the bytes of the longest line that is read.

    Raises:
        Damaged: the file cannot be read any further.
    """
    kept = b""
    skipping = False
    while stop is None or place < stop:
        try:
            data = read(BLOCK)
        except (OSError, ValueError) as error:
            raise Damaged(_why(error), row) from None
        if skipping:
            end = data.find(_NEWLINE) + 1
            if data and not end:
                place += len(data)
                yield Block(
                    b"", row, place, is_cut=False, size=len(data), ends=_NO_ENDS
                )
                continue
            # The rest of the line that was too long.
            place += end
            row += 1
            data, skipping = data[end:], False
            if stop is not None and place >= stop:
                return
        # What is kept is the beginning of a line, and has no line end.
        at_end = not data
        end = _end_of_lines(data, place + len(kept), stop)
        if end or at_end:
            # Joined from a view, the lines are copied once.
            lines = b"".join((kept, memoryview(data)[:end]))
            kept, size = data[end:], len(lines)
            found = _few_lines(lines, row, place)
            # Who reads them has the only reference, so that what is read next gets the
            # same memory: the system would have to clear other pages first.
            del data, lines
            row += yield from found
            place += size
        else:
            kept += data
        if at_end:
            return
        if len(kept) > longest:
            yield Block(
                kept[:longest],
                row,
                place,
                is_cut=True,
                size=len(kept),
                ends=_NO_ENDS,
            )
            place += len(kept)
            kept, skipping = b"", True


def _end_of_lines(data: bytes, place: int, stop: int | None) -> int:
    """Return where the last line ends that begins before a place; 0 for none."""
    end = data.rfind(_NEWLINE) + 1
    if stop is not None and place + end > stop:
        end = data.find(_NEWLINE, max(0, stop - place - 1)) + 1 or end
    return end


def _few_lines(data: bytes, row: int, place: int) -> Generator[Block, None, int]:
    """
    Divide lines into blocks: a row takes memory, however short its line is.

    Returns:
        The number of lines.
    """
    found = line_ends(data)
    start = 0
    for first in range(0, len(found), _MOST_LINES):
        ends = found[first : first + _MOST_LINES]
        stop = int(ends[-1])
        # Of a block alone, Python makes no copy.
        part = data[start:stop]
        yield Block(
            part,
            row + first,
            place + start,
            is_cut=False,
            size=len(part),
            ends=ends - start,
        )
        start = stop
    return len(found)


def line_ends(data: bytes) -> NDArray[Any]:
    """Return where each line ends, with its line feed; the last may have none."""
    octets = np.frombuffer(data, np.uint8)
    # What a comparison gives has as many bytes as the text: a piece at a time, it stays
    # in the processor's cache and takes no memory anew.
    found = [
        np.flatnonzero(octets[at : at + _PIECE] == _LINE_FEED) + (at + 1)
        for at in range(0, len(octets), _PIECE)
    ]
    ends = np.concatenate(found) if found else _NO_ENDS
    if data and (not len(ends) or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    return ends


def _why(error: OSError | ValueError) -> str:
    words = str(error)
    if "Truncated" in words:
        return "it is cut off within its compression"
    if "inflate" in words or "ZSTD" in words or "zstd" in words.lower():
        return "its compression is damaged"
    return getattr(error, "strerror", None) or "it cannot be read to its end"
