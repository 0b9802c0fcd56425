"""Texts in one buffer: their offsets, parts of them, and slices within limits."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest

from kesspay.signing.columns import Listed, Scattered, Texts, cut


if TYPE_CHECKING:
    from kesspay.signing.columns import Column


TEXTS = [b"{}", b"", b'{"a":1}', b"[]"]


def test_separate_texts() -> None:
    """Texts are concatenated, with one offset more than there are texts."""
    column = Texts.of(TEXTS)
    assert column.data == b"".join(TEXTS)
    assert list(column.offsets) == [0, 2, 2, 9, 11]
    assert len(column) == len(TEXTS)
    assert list(column) == TEXTS


def test_no_text() -> None:
    """No texts have the one offset 0."""
    column = Texts.of([])
    assert list(column.offsets) == [0]
    assert len(column) == 0
    assert list(column) == []


def test_buffers_with_more() -> None:
    """What stands before the first offset and after the last one is no text."""
    column = Texts(memoryview(b"xx{}[]yy"), array("q", [2, 4, 6]))
    assert list(column) == [b"{}", b"[]"]


def test_part() -> None:
    """A part shares the buffers, and keeps what it was cut from alive."""
    column = Texts.of(TEXTS)
    part = column.part(1, 3)
    assert list(part) == TEXTS[1:3]
    assert part.data is column.data
    assert part._owner is column


@pytest.mark.parametrize(
    ("sizes", "max_texts", "max_bytes", "expected"),
    [
        ([], 5, 100, []),
        ([1], 5, 100, [(0, 1)]),
        ([1] * 5, 2, 100, [(0, 2), (2, 4), (4, 5)]),
        ([4, 4, 4], 5, 8, [(0, 2), (2, 3)]),
        ([4, 5, 4], 5, 8, [(0, 1), (1, 2), (2, 3)]),
        # A text that is longer than the limit is a slice of its own.
        ([3, 50, 3, 3], 5, 8, [(0, 1), (1, 2), (2, 4)]),
        ([50, 50], 5, 8, [(0, 1), (1, 2)]),
        ([0, 0, 0], 2, 8, [(0, 2), (2, 3)]),
    ],
)
def test_cut(
    sizes: list[int], max_texts: int, max_bytes: int, expected: list[tuple[int, int]]
) -> None:
    """Slices hold at most so many texts and bytes, and together every text once."""
    texts = [bytes(size) for size in sizes]
    column = Texts.of(texts)
    limits = {"max_texts": max_texts, "max_bytes": max_bytes}
    assert list(cut(column.offsets, **limits)) == expected
    columns: list[Column] = [column, Listed(texts), Scattered(sizes, lambda *_: [])]
    for one in columns:
        assert [one.stop(start, **limits) for start, _ in expected] == [
            stop for _, stop in expected
        ]


def test_listed_texts() -> None:
    """Separate texts are concatenated where a part of them is asked for."""
    column = Listed(TEXTS)
    assert len(column) == len(TEXTS)
    assert list(column) == TEXTS
    assert list(column.part(1, 3)) == TEXTS[1:3]


def test_cut_of_a_part() -> None:
    """The limit of bytes counts from the start of each slice."""
    offsets = Texts.of([bytes(4)] * 6).part(2, 6).offsets
    assert list(cut(offsets, max_texts=9, max_bytes=8)) == [(0, 2), (2, 4)]
