"""
PHP's sort algorithm, step by step (Zend/zend_sort.c, all versions since 7.0).

For an order without contradictions any stable algorithm does. ksort's is not
always one, and then the outcome depends on which elements are compared when.

``after(x, y)`` tells whether x belongs behind y. Elements are named by their
index; every comparison looks at what is there at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar


__all__ = ["sort_like_php"]

_T = TypeVar("_T")
_After: TypeAlias = Callable[[_T, _T], bool]

#: Ranges of up to this many elements are left to the insertion sort.
_SMALL: Final = 16
#: From this many on the pivot is taken from five elements instead of three.
_LARGE: Final = 1024
#: The insertion sort starts to take steps of two with this element.
_STRIDE_FROM: Final = 6


def sort_like_php(items: list[_T], after: _After[_T]) -> None:
    """
    Sort a list in place.

    Args:
        items: what to sort.
        after: the comparison. It need not be an order.
    """
    ranges = [(0, len(items))]
    while ranges:
        begin, end = ranges.pop()
        if end - begin <= _SMALL:
            part = items[begin:end]
            _sort_small(part, after)
            items[begin:end] = part
        else:
            pivot = _partition(items, begin, end, after)
            ranges += [(begin, pivot), (pivot + 1, end)]


def _partition(items: list[_T], begin: int, end: int, after: _After[_T]) -> int:
    """Divide a range by a pivot and return where the pivot has come to be."""
    half = (end - begin) // 2
    middle = begin + half
    last = end - 1
    candidates: tuple[int, ...] = (begin, middle, last)
    if end - begin >= _LARGE:
        quarter = half // 2
        candidates = (begin, begin + quarter, middle, middle + quarter, last)
    _sort_few(items, candidates, after)
    _swap(items, begin + 1, middle)
    meeting = _divide(items, begin + 1, last, after)
    _swap(items, begin + 1, meeting - 1)
    return meeting - 1


def _divide(items: list[_T], at: int, right: int, after: _After[_T]) -> int:
    """
    Gather what belongs behind the pivot behind what does not.

    Args:
        items: what to sort.
        at: where the pivot is.
        right: the last element of the range, known not to be before it.
        after: the comparison.

    Returns:
        The first element of the rear part.
    """
    pivot = items[at]
    left = at + 1
    while True:
        while after(pivot, items[left]):
            left += 1
            if left == right:
                return left
        right -= 1
        if right == left:
            return left
        while after(items[right], pivot):
            right -= 1
            if right == left:
                return left
        _swap(items, left, right)
        left += 1
        if left == right:
            return left


def _sort_small(items: list[_T], after: _After[_T]) -> None:
    """Sort up to 16 elements in place."""
    if len(items) <= 5:
        _sort_few(items, tuple(range(len(items))), after)
        return
    for at in range(1, len(items)):
        item = items[at]
        if after(items[at - 1], item):
            find = _find_far if at >= _STRIDE_FROM else _find_near
            items.insert(find(items, at, after), items.pop(at))


def _find_near(items: list[_T], at: int, after: _After[_T]) -> int:
    """Find where the element at belongs, going back one by one."""
    item = items[at]
    target = at - 1
    while target > 0 and after(items[target - 1], item):
        target -= 1
    return target


def _find_far(items: list[_T], at: int, after: _After[_T]) -> int:
    """Find where the element at belongs, going back in steps of two."""
    item = items[at]
    target = at - 1
    while True:
        target -= 2
        if not after(items[target], item):
            return target + (1 if after(items[target + 1], item) else 2)
        if target == 0:
            return 0
        if target == 1:
            return 1 if after(item, items[0]) else 0


def _sort_few(items: list[_T], at: tuple[int, ...], after: _After[_T]) -> None:
    """Sort the elements at up to five indexes among themselves."""
    inserted = 1
    if len(at) >= 3:
        _sort_three(items, at[0], at[1], at[2], after)
        inserted = 3
    for last in range(inserted, len(at)):
        for rear in range(last, 0, -1):
            if not after(items[at[rear - 1]], items[at[rear]]):
                break
            _swap(items, at[rear - 1], at[rear])


def _sort_three(items: list[_T], p: int, q: int, r: int, after: _After[_T]) -> None:
    """Sort the elements at three indexes among themselves."""
    if not after(items[p], items[q]):
        if after(items[q], items[r]):
            _swap(items, q, r)
            if after(items[p], items[q]):
                _swap(items, p, q)
    elif not after(items[r], items[q]):
        _swap(items, p, r)
    else:
        _swap(items, p, q)
        if after(items[q], items[r]):
            _swap(items, q, r)


def _swap(items: list[_T], first: int, second: int) -> None:
    """Exchange two elements."""
    items[first], items[second] = items[second], items[first]
