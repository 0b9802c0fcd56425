"""Keys of the top level: PHP's comparison and PHP's sort algorithm."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

from tests.support import samples
from tests.support.rng import Rng

from .structure import object_of


if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Case


__all__ = ["cases", "cases_for_old_versions"]

#: One key or more for every branch of the comparison.
_COMPARED: Final = (
    *("0", "2", "10", "-1", "9007199254740993", "9223372036854775807"),
    *("9223372036854775808", "9223372036854775809", "-9223372036854775808"),
    *("-9223372036854775809", "9223372036854775807 ", "9223372036854775808 "),
    *("-9223372036854775808 ", "18446744073709551616", "1e1", "10.0", "010"),
    *(" 10", "10 ", "9007199254740992.0", "1e1000", "2e1000", "-1e1000", ".5"),
    *("123456789012345678901e-20", "1a", "10a", "-", " ", "", "a", "Z", "\x00"),
    *("-0", "0.0", "1.e1", "-1a", "\u00e9", "10\x00"),
)

#: Names without digits: their order is plain byte order.
_NAMES: Final = ("sign", "sign_type", "amount", "currency", "service", "data")


def cases() -> Iterator[Case]:
    """Yield objects whose keys exercise ksort."""
    for pair in permutations(_COMPARED, 2):
        yield "two keys", object_of(pair).encode()
    yield from _orders()
    yield from _sets()
    yield from _names()


def cases_for_old_versions() -> Iterator[Case]:
    """Yield the objects that versions of PHP before 8.2 are asked."""
    rng = Rng("vectors: pairs for old versions")
    pairs = list(permutations(_COMPARED, 2))
    for pair in rng.shuffled(pairs)[:600]:
        yield "two keys", object_of(pair).encode()
    yield from _orders()
    yield from _sets()


def _orders() -> Iterator[Case]:
    """Yield small sets in many orders: three cycles show in the result."""
    rng = Rng("vectors: orders")
    small = ("2", "10", "1a", "9", "-1", "1e1", "", " ", "a", "10 ", "-", "0.5")
    groups: list[tuple[str, ...]] = [("2", "10", "1a"), ("10", "9a", "9", "1e1")]
    for size, count in ((3, 20), (4, 10), (5, 6)):
        pool = (small, _COMPARED, samples.KEYS)
        groups += [tuple(rng.shuffled(rng.choice(pool))[:size]) for _ in range(count)]
    for keys in groups:
        orders = list(permutations(keys))
        for order in rng.shuffled(orders)[:24]:
            yield f"orders of {len(keys)} keys", object_of(order).encode()


def _sets() -> Iterator[Case]:
    """Yield sets of every size class of the sort: up to 16, 1023, above."""
    rng = Rng("vectors: sets")
    sizes = [rng.between(2, 16) for _ in range(450)]
    sizes += [rng.between(17, 48) for _ in range(220)]
    sizes += [6, 15, 16, 17, 18] * 8
    sizes += [rng.between(49, 260) for _ in range(24)]
    sizes += [500, 1022, 1023, 1024, 1025, 1026, 1500]
    for size in sizes:
        keys = samples.key_set(rng, size)
        yield f"set of {_size_class(size)}", object_of(keys).encode()


def _size_class(size: int) -> str:
    if size <= 16:
        return "up to 16"
    return "17 to 1023" if size < 1024 else "1024 and more"


def _names() -> Iterator[Case]:
    """Yield sets that any stable sort orders alike."""
    rng = Rng("vectors: names")
    for size in (2, 6, 12, 16, 17, 40, 200, 1023, 1024, 1300):
        names = [*_NAMES, *(f"field_{at:04d}" for at in range(size))][:size]
        for order in (sorted(names), sorted(names)[::-1], rng.shuffled(names)):
            yield "names", object_of(order).encode()
    for size in (4, 16, 30, 300):
        numbers = [str(rng.between(-999, 999)) for _ in range(size)]
        keys = list(dict.fromkeys([*numbers, "", *_NAMES]))
        yield "integers and names", object_of(rng.shuffled(keys)).encode()
