"""Lines of files of any size: parts, line numbers, and lines that are too long."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from kesspay.audit import texts
from kesspay.audit.rows import Damaged
from kesspay.audit.texts import LineCounts, blocks, whole_lines
from tests.support.rng import Rng


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kesspay.audit.texts import Block


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a few bytes at a time."""
    monkeypatch.setattr(texts, "BLOCK", 16)


def lines_of(found: Iterable[Block]) -> list[tuple[int, int, bytes]]:
    """Return number, offset and text of each line, in place of blocks."""
    lines = []
    for block in found:
        row, offset = block.row, block.offset
        parts = [block.data] if block.is_cut else block.data.splitlines(keepends=True)
        for line in parts:
            lines.append((row, offset, b"CUT" if block.is_cut else line))
            row += 1
            offset += len(line)
    return lines


def expected(text: bytes, longest: int) -> list[tuple[int, int, bytes]]:
    """Return the same of the whole text."""
    lines, offset = [], 0
    for row, line in enumerate(text.splitlines(keepends=True)):
        # A line is looked at a block at a time.
        lines.append((row, offset, line))
        offset += len(line)
    return lines


def test_whole() -> None:
    """A text in one go, with and without a line end at its end."""
    for text in (b"", b"a\n", b"a", b"\n\n", b"abc\n" * 20, b"abc\n" * 20 + b"x"):
        found = whole_lines(io.BytesIO(text).read, 0, 0, None, 1000)
        assert lines_of(found) == expected(text, 1000)


def test_short_lines_are_few_in_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block of line ends alone would be millions of rows at a time."""
    monkeypatch.setattr(texts, "_MOST_LINES", 3)
    for text in (b"\n" * 16, b"\n" * 17, b"a\n" * 8, b"\n" * 15 + b"x", b"\n\n\nab"):
        found = list(whole_lines(io.BytesIO(text).read, 0, 0, None, 1000))
        assert lines_of(found) == expected(text, 1000)
        assert max(block.data.count(b"\n") for block in found) <= 4
        assert sum(block.size for block in found) == len(text)


@pytest.mark.parametrize("seed", range(30))
def test_parts(seed: int) -> None:
    """However a text is divided, each line is read once, with its number and place."""
    rng = Rng(seed)
    text = b"".join(
        b"x" * rng.below(40) + (b"\n" if rng.chance(0.95) else b"")
        for _ in range(rng.below(60))
    )
    size = rng.between(1, 70)
    bounds = list(range(0, len(text), size)) or [0]
    counts = LineCounts(lambda: io.BytesIO(text), bounds)
    found = []
    for start in bounds:
        found += lines_of(
            blocks(
                io.BytesIO(text),
                start,
                min(start + size, len(text)),
                lambda start=start: counts.before(start),  # type: ignore[misc] # bound here
                1000,
            )
        )
    assert found == expected(text, 1000)


def test_counts_in_any_order() -> None:
    """The number of a line is known whichever part is read first."""
    text = b"a\nb\n" * 20
    counts = LineCounts(lambda: io.BytesIO(text), [0, 30, 60])
    assert counts.before(60) == 30
    assert counts.before(0) == 0
    assert counts.before(30) == 15
    # A file that became shorter is no endless loop.
    assert LineCounts(lambda: io.BytesIO(b""), [0, 30]).before(30) == 0


def test_too_long() -> None:
    """A line over the limit is one row and not in memory; others stay as they were."""
    text = b"short\n" + b"y" * 100 + b"\nnext\n" + b"z" * 90
    found = list(whole_lines(io.BytesIO(text).read, 0, 0, None, 40))
    cut = [block for block in found if block.is_cut]
    assert [(block.row, block.offset) for block in cut] == [(1, 6), (3, 112)]
    assert all(len(block.data) == 40 for block in cut)
    assert sum(block.size for block in found) >= len(text) - 16
    rows = [line for line in lines_of(found) if line[2] != b"CUT"]
    assert rows == [(0, 0, b"short\n"), (2, 107, b"next\n")]


def test_too_long_over_the_end_of_a_part() -> None:
    """A long line belongs to the part in which it begins, and none is read twice."""
    text = b"y" * 100 + b"\nnext\n"
    first = list(blocks(io.BytesIO(text), 0, 50, lambda: 0, 40))
    assert [line for line in lines_of(first) if line[2]] == [(0, 0, b"CUT")]
    for stop in (97, 99, 100, 101):
        first = list(blocks(io.BytesIO(text), 0, stop, lambda: 0, 40))
        assert [line for line in lines_of(first) if line[2]] == [(0, 0, b"CUT")]
    second = lines_of(blocks(io.BytesIO(text), 50, len(text), lambda: 0, 40))
    assert second == [(1, 101, b"next\n")]
    assert lines_of(blocks(io.BytesIO(b"y" * 90), 50, 90, lambda: 0, 40)) == []


def _fail(_: int) -> bytes:
    raise OSError("y")


def test_patiently() -> None:
    """What comes before a failure is returned, and the failure after it."""
    parts: Iterator[bytes | Exception] = iter([b"ab", b"cd", OSError("x"), b"e"])

    def read(size: int) -> bytes:
        assert size <= 3
        part = next(parts)
        if isinstance(part, Exception):
            raise part
        return part

    patient = texts.patiently(read, 3)
    assert patient(3) == b"abcd"
    for _ in range(2):
        with pytest.raises(OSError, match="x"):
            patient(100)
    with pytest.raises(OSError, match="y"):
        texts.patiently(_fail, 3)(9)
    source = io.BytesIO(b"0123456789")
    patient = texts.patiently(source.read, 3)
    assert [patient(8), patient(8), patient(8)] == [b"01234567", b"89", b""]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError("Truncated compressed stream"), "cut off"),
        (OSError("zlib inflate failed: x"), "compression is damaged"),
        (OSError("ZSTD decompress failed"), "compression is damaged"),
        (OSError(5, "Input/output error"), "Input/output error"),
        (ValueError("x"), "cannot be read to its end"),
    ],
)
def test_damaged(error: Exception, why: str) -> None:
    """What was read before a damage is kept, and the damage has a row."""
    parts: Iterator[bytes | Exception] = iter([b"a\nb\n", error])

    def read(_: int) -> bytes:
        part = next(parts)
        if isinstance(part, Exception):
            raise part
        return part

    found = whole_lines(read, 0, 0, None, 100)
    assert next(found).data == b"a\nb\n"
    with pytest.raises(Damaged, match=why) as caught:
        next(found)
    assert caught.value.row == 2
