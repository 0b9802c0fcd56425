"""The order of the top-level keys, under each version of PHP."""

from __future__ import annotations

import json
import random
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kesspay.signing.reference import ksort
from kesspay.signing.reference.ksort import Key, order_keys, read_key, sort_like_php
from tests.conftest import missing
from tests.support import samples
from tests.support.php import find_php
from tests.support.rng import Rng
from tests.support.vectors import iter_profiles


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.signing.profile import Ksort
    from tests.support.php import Php


def key_sets(count: int) -> Iterator[list[str]]:
    """Yield hostile sets of keys."""
    rng = Rng("key sets")
    for _ in range(count):
        yield samples.key_set(rng, rng.between(2, 20))
    for size in (100, 1023, 1024, 1200):
        yield samples.key_set(rng, size)


def test_live(php: Php) -> None:
    """Hostile sets of keys, in PHP's order."""
    sets = list(key_sets(1500))
    documents = [
        json.dumps({key: at for at, key in enumerate(keys)}).encode() for keys in sets
    ]
    for keys, answer in zip(sets, php.canonicalize(documents), strict=True):
        assert answer.canonical is not None
        order = json.loads(answer.canonical)
        # A list has no keys; the values are the places.
        places = order if isinstance(order, list) else list(order.values())
        left = [key for key in order_keys(keys) if key not in {"sign", "sign_type"}]
        assert [keys[place] for place in places] == left


def emulated(keys: list[str], version: Ksort) -> list[str]:
    """Sort by PHP's algorithm alone, without any short cut."""
    read = [read_key(key, at, version) for at, key in enumerate(keys)]
    sort_like_php(read, ksort._AFTER[version])
    return [key.text for key in read]


PLAIN = ["", "a", "ab", "A", "_", "é", "z9", ":", "\U00010000"]
INTEGERS = ["0", "-1", "7", "10", "9", "-9223372036854775808", "9223372036854775807"]
NUMERIC = ["1.5", " 5", "007", "5 ", "1e1", "1e999", "12345678901234567890", ".5"]
LOW = [" ", "-", "1a", "10x", "!", "+", ".", "1 1", "0x1", "9e+"]


@pytest.mark.parametrize("version", ["8.2", "8.0", "7"])
@pytest.mark.parametrize(
    "pool",
    [
        PLAIN,
        INTEGERS,
        PLAIN + INTEGERS,
        PLAIN + LOW,
        [*PLAIN, *LOW, "1.5"],
        [*PLAIN, *LOW, "12"],
        [*PLAIN, "12"],
        INTEGERS + NUMERIC,
        PLAIN + INTEGERS + NUMERIC,
        LOW + INTEGERS,
    ],
)
def test_short_cuts(version: Ksort, pool: list[str]) -> None:
    """The short cuts give what the algorithm gives."""
    rng = random.Random(repr(pool))
    for _ in range(150):
        keys = rng.sample(pool, rng.randint(0, len(pool)))
        assert emulated(keys, version) == order_keys(keys, version)


def test_old_versions() -> None:
    """The answers of PHP 7.4 and 8.1, whose ksort knows other rules."""
    seen = set()
    for case in iter_profiles():
        version: Ksort = case.settings.ksort
        if version == "8.2" or case.answer.canonical is None:
            continue
        document = json.loads(case.document)
        canonical = json.loads(case.answer.canonical)
        if not isinstance(document, dict) or not isinstance(canonical, dict):
            continue
        order = [
            key
            for key in order_keys(document, version)
            if key not in {"sign", "sign_type"}
        ]
        assert list(canonical) == order, case.group
        seen.add(version)
    assert seen == {"8.0", "7"}


@pytest.mark.parametrize(
    ("text", "integer"),
    [
        ("0", 0),
        ("-1", -1),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("-0", None),
        ("00", None),
        ("01", None),
        ("+1", None),
        ("1.0", None),
        (" 1", None),
        ("1 ", None),
        ("1\n", None),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("99999999999999999999", None),
        ("\u0661", None),
        ("", None),
    ],
)
def test_integer_keys(text: str, integer: int | None) -> None:
    """Exactly the canonical spellings of 64-bit integers are integers."""
    key = read_key(text, 0)
    assert key.is_integer == (integer is not None)
    if integer is not None:
        assert key.number == integer


@pytest.mark.parametrize(
    ("text", "number", "overflow"),
    [
        ("1.", 1.0, 0),
        (".5", 0.5, 0),
        ("1.e3", 1000.0, 0),
        (" +1 ", 1, 0),
        ("\t\n\v\f\r 007\r\f\v\n\t ", 7, 0),
        ("-0", 0, 0),
        ("9223372036854775808", 2.0**63, 1),
        ("-9223372036854775808 ", -(2.0**63), -1),
        ("0009223372036854775807", 2**63 - 1, 0),
        ("123456789012345678901e-20", 1.23456789012345678901, 1),
        ("-12345678901234567890.5", -12345678901234567890.5, -1),
        ("1e999", float("inf"), 0),
        ("", None, 0),
        (" ", None, 0),
        (".", None, 0),
        ("-", None, 0),
        ("- 1", None, 0),
        ("1e", None, 0),
        ("1e+", None, 0),
        ("0x1", None, 0),
        ("1_0", None, 0),
        ("inf", None, 0),
        ("nan", None, 0),
        ("1 1", None, 0),
        ("1\0", None, 0),
        ("\xa01", None, 0),
        ("\u0661", None, 0),
    ],
)
def test_numeric_strings(text: str, number: float | None, overflow: int) -> None:
    """What a numeric string is, its value, and whether it overflows."""
    key = read_key(text, 0)
    assert not key.is_integer
    assert type(key.number) is type(number)
    assert key.number == number
    assert key.overflow == overflow


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("12abc", 12),
        ("1.5x", 1.5),
        ("-.5e1e", -5.0),
        ("1e+", 1),
        (" 7 x", 7),
        ("abc", 0),
        ("", 0),
        ("9223372036854775807\0", 2**63 - 1),
        ("9223372036854775807x", 2**63 - 1),
        ("9223372036854775808x", 2.0**63),
        ("-9223372036854775808x", -(2.0**63)),
        # PHP compares with one digit too few, and wraps.
        ("9300000000000000000e+x", 9300000000000000000 - 2**64),
        ("9990000000000000000E-", 9990000000000000000.0),
    ],
)
def test_prefixes(text: str, prefix: float) -> None:
    """The number that PHP before 8.2 takes a string for."""
    for version in ("8.0", "7"):
        key = read_key(text, 0, version)
        assert type(key.prefix) is type(prefix)
        assert key.prefix == prefix


def test_trailing_blanks() -> None:
    """Only PHP 7 does not take blanks behind a number."""
    assert read_key("5 ", 0, "8.0").number == 5
    assert read_key("5 ", 0, "7").number is None
    assert read_key("5 ", 0, "7").prefix == 5


def test_ties() -> None:
    """Equal numbers keep the order of the document, but not in PHP 7."""
    assert order_keys(["10.0", "1e1", "10"]) == ["10.0", "1e1", "10"]
    assert order_keys(["1e1", "10", "10.0"]) == ["1e1", "10", "10.0"]
    ties = [f"{'0' * zeros}5.0" for zeros in range(40)]
    assert order_keys(ties, "8.0") == ties
    assert order_keys(ties, "7") != ties
    assert sorted(order_keys(ties, "7")) == sorted(ties)


def test_many_digits() -> None:
    """Keys of a megabyte of digits are numbers like any other."""
    long = ["1" * 1_000_000, "2" * 1_000_000, "0" * 1_000_000 + "5"]
    assert order_keys([*long, "7"]) == [long[2], "7", long[0], long[1]]


def test_key_is_small() -> None:
    """A million of them have to fit into memory."""
    assert not hasattr(Key("a", 0), "__dict__")


SIZES = [*range(40), 100, 1022, 1023, 1024, 1025, 3000]

SHAPES: dict[str, Callable[[int, random.Random], list[int]]] = {
    "ascending": lambda size, _: list(range(size)),
    "descending": lambda size, _: list(range(size, 0, -1)),
    "shuffled": lambda size, rng: rng.sample(range(size), size),
    "two values": lambda size, rng: [rng.randrange(2) for _ in range(size)],
    "organ pipe": lambda size, _: [min(at, size - at) for at in range(size)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_sort_of_orders(shape: str) -> None:
    """What has an order is brought into it, whatever its size and shape."""
    rng = random.Random(shape)
    for size in SIZES:
        items = SHAPES[shape](size, rng)
        expected = sorted(items)
        sort_like_php(items, lambda x, y: x > y)
        assert expected == items


def test_all_small_permutations() -> None:
    """Each fixed sequence of comparisons sorts, and loses no element."""
    rng = random.Random(7)
    for size in range(17):
        for _ in range(300):
            items = rng.sample(range(size), size)
            sort_like_php(items, lambda x, y: x > y)
            assert items == list(range(size))


def test_comparisons_are_between_elements() -> None:
    """No element is ever compared with itself, and none gets lost."""
    rng = random.Random(11)
    for size in (*SIZES[:40], 1100):
        items = list(range(size))

        def after(x: int, y: int) -> bool:
            assert x != y
            return rng.random() < 0.5

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
    """Return whether x belongs after y by the same formula."""
    drawn = (min(x, y) * 31 + max(x, y) * 17 + seed) * 2654435761
    return ((drawn >> 13) & 1) == (x < y)


def test_sort_without_order() -> None:
    """Where the comparison is no order PHP's usort takes the same steps."""
    php = find_php()
    if php is None:
        missing("no PHP 8.2 or later is installed", "KESSPAY_REQUIRE_PHP")
    rng = random.Random(13)
    sizes = [size for size in range(2, 60) for _ in range(20)]
    tasks = [
        (rng.randrange(10_000), rng.sample(range(size), size))
        for size in (*sizes, 500, 1023, 1024, 1025, 2500)
    ]
    asked = json.dumps(tasks).encode()
    done = subprocess.run(
        [php, "-r", LOT], input=asked, capture_output=True, check=True
    )
    for (seed, items), answer in zip(tasks, done.stdout.splitlines(), strict=True):
        sort_like_php(items, partial(lot, seed=seed))
        assert json.loads(answer) == items
