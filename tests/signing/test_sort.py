"""PHP's sort algorithm: correct for orders, and step by step for the rest."""

from __future__ import annotations

import json
import random
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kesspay.signing.sort import sort_like_php
from tests.conftest import missing
from tests.support.php import find_php


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


#: A comparison without any order in it: who beats whom is drawn by a formula.
LOT = """
    function lot($x, $y, $seed) {
        $drawn = (min($x, $y) * 31 + max($x, $y) * 17 + $seed) * 2654435761;
        return ((($drawn >> 13) & 1) === (int) ($x < $y)) ? 1 : -1;
    }
    foreach (json_decode(stream_get_contents(STDIN)) as [$seed, $items]) {
        usort($items, fn ($x, $y) => lot($x, $y, $seed));
        echo json_encode($items), "\n";
    }
"""


def lot(x: int, y: int, seed: int) -> bool:
    """Tell whether x belongs behind y by the same formula."""
    drawn = (min(x, y) * 31 + max(x, y) * 17 + seed) * 2654435761
    return ((drawn >> 13) & 1) == (x < y)


def test_without_order() -> None:
    """Where the comparison is no order PHP's usort takes the same steps."""
    php = find_php()
    if php is None:
        missing("no PHP 8.2 or later is installed", "KESSPAY_REQUIRE_PHP")
    dice = random.Random(13)
    sizes = [size for size in range(2, 60) for _ in range(20)]
    tasks = [
        (dice.randrange(10_000), dice.sample(range(size), size))
        for size in (*sizes, 500, 1023, 1024, 1025, 2500)
    ]
    asked = json.dumps(tasks).encode()
    done = subprocess.run(
        [php, "-r", LOT], input=asked, capture_output=True, check=True
    )
    for (seed, items), answer in zip(tasks, done.stdout.splitlines(), strict=True):
        sort_like_php(items, partial(lot, seed=seed))
        assert json.loads(answer) == items
