"""PHP's sort algorithm: correct for orders, and step by step for the rest."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from kesspay.signing.sort import sort_like_php


if TYPE_CHECKING:
    from collections.abc import Callable


SIZES = [*range(40), 100, 1022, 1023, 1024, 1025, 3000]

SHAPES: dict[str, Callable[[int, random.Random], list[int]]] = {
    "ascending": lambda size, _: list(range(size)),
    "descending": lambda size, _: list(range(size, 0, -1)),
    "shuffled": lambda size, dice: dice.sample(range(size), size),
    "two values": lambda size, dice: [dice.randrange(2) for _ in range(size)],
    "organ pipe": lambda size, _: [min(at, size - at) for at in range(size)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_orders(shape: str) -> None:
    """What has an order is brought into it, whatever its size and shape."""
    dice = random.Random(shape)
    for size in SIZES:
        items = SHAPES[shape](size, dice)
        expected = sorted(items)
        sort_like_php(items, lambda x, y: x > y)
        assert expected == items


def test_all_small_permutations() -> None:
    """Each fixed sequence of comparisons sorts, and loses no element."""
    dice = random.Random(7)
    for size in range(17):
        for _ in range(300):
            items = dice.sample(range(size), size)
            sort_like_php(items, lambda x, y: x > y)
            assert items == list(range(size))


def test_comparisons_are_between_elements() -> None:
    """No element is ever compared with itself, and none gets lost."""
    dice = random.Random(11)
    for size in (*SIZES[:40], 1100):
        items = list(range(size))

        def after(x: int, y: int) -> bool:
            assert x != y
            return dice.random() < 0.5

        sort_like_php(items, after)
        assert sorted(items) == list(range(size))


@pytest.mark.parametrize(
    ("before", "behind"),
    [("abc", "abc"), ("acb", "bac"), ("bac", "bac")],
)
def test_circle(before: str, behind: str) -> None:
    """Where the comparison goes in a circle the steps decide."""
    items = list(before)
    # a before b before c before a.
    sort_like_php(items, lambda x, y: (x + y) in {"ba", "cb", "ac"})
    assert behind == "".join(items)
