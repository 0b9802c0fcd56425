"""
The order of the top level: PHP's ksort with its default flags.

The keys of a PHP array are integers and strings (``Key`` says which).
ksort compares two keys x and y like this:

1.  Two strings that are both numeric strings: see below. Two other strings:
    byte by byte; where one ends, the shorter one is first. The order of code
    points, which is that of Python's ``str``, is the byte order of UTF-8.
2.  Two integers: by value.
3.  An integer i and a string s. PHP 8.2 and later: where s is numeric, by
    value, an integer against a double as two doubles; otherwise the decimal
    text of i against s, byte by byte. PHP before 8.2: by value in every case,
    the value of s being that of its longest numeric prefix, or 0.
4.  Where that gives no order, the key that came first in the document is
    first. (PHP before 8.0: there is no order.)

A numeric string is, with blanks (space, tab, LF, VT, FF, CR) and digits in
ASCII only::

    blanks* [+-]? ( digits ( . digits* )? | . digits ) ( [eE] [+-]? digits )?
    blanks*

Before PHP 8.0 blanks at the end are not allowed in 1. Its value and its
overflow o are found like this, L being its integer digits without leading
zeros:

-   L has 20 digits or more: a double; o is -1 with a minus sign, else +1. (So
    it is even where a negative exponent makes the value small.)
-   Otherwise, with a dot or an exponent: a double; o is 0.
-   L has 19 digits: the rest of the key (up to a NUL) is appended to L, and
    the bytes are compared with 9223372036854775808. Below it, or equal with a
    minus sign: an integer. Otherwise a double; o is -1 or +1 by its sign. (So
    a blank at the end makes a double of -9223372036854775808.) Where the rest
    is that of a prefix and starts with e or E and a sign, the first digit of
    L is left out of the comparison; what then wrongly counts as an integer is
    one modulo 2^64, from -2^63 up.
-   Fewer digits: an integer; o is 0.

Two numeric strings v and w:

a.  Both overflow in the same direction and v - w is 0: byte by byte.
b.  Only w is a double: by -o of w if it is not 0, else (double) v against w.
    Only v is a double: by o of v if it is not 0, else v against (double) w.
c.  Both are doubles: equal infinities byte by byte, otherwise by value.
d.  Both are integers: by value.

This is no total order: 2 < 10 < "1a" < 2. Where keys go round in such a
circle the outcome depends on which keys are compared when, so
``sort_like_php`` takes the steps of PHP's algorithm (Zend/zend_sort.c, all
versions since 7.0). Two kinds of sets cannot contain a circle, and any sort
will do for them: where no two keys are numbers everything is in byte order;
and integers stand in the order of their values after "" and before all keys
that start above "9".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isinf
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from kesspay.signing.reference.number import INTEGER_MAX, INTEGER_MIN, read_double


if TYPE_CHECKING:
    from collections.abc import Iterable

    from kesspay.signing.profile import Ksort


__all__ = ["Key", "comes_after", "order_keys", "read_key", "sort_like_php"]

_T = TypeVar("_T")
_After: TypeAlias = Callable[[_T, _T], bool]

_BLANKS: Final = " \t\n\v\f\r"

#: The digits of 2^63.
_LIMIT: Final = "9223372036854775808"
_LONGEST_INTEGER: Final = len(str(INTEGER_MIN))

_integer_key: Final = re.compile(r"0|-?+[1-9][0-9]{0,18}+").fullmatch

#: The longest numeric prefix. Groups: sign, the digits L, and what makes it a
#: double (a dot with digits on either side, an exponent).
_numeric_prefix: Final = re.compile(
    rf"[{_BLANKS}]*+([+-]?+)(?=\.?[0-9])0*+([0-9]*+)"
    r"((?:\.[0-9]*+)?+(?:[eE][+-]?+[0-9]++)?+)"
).match
_bare_exponent: Final = re.compile(r"[eE][+-]").match

#: Ranges of up to this many elements are sorted by insertion.
_SMALL: Final = 16
#: From this many elements on the pivot is chosen from five instead of three.
_LARGE: Final = 1024
#: From this element on the insertion sort takes steps of two.
_STRIDE_FROM: Final = 6


@dataclass(slots=True, eq=False)
class Key:
    """
    A top-level key, with what ksort compares.

    Attributes:
        text: the key.
        position: how many keys came before it in the document.
        is_integer: True where PHP turns the key into an integer, that is for
            ``0`` and ``-?[1-9][0-9]*`` within 64 bits.
        number: its value where it is an integer or a numeric string.
        overflow: -1, 0 or +1, as described above.
        prefix: the value of its longest numeric prefix, or 0.
    """

    text: str
    position: int
    is_integer: bool = False
    number: int | float | None = None
    overflow: int = 0
    prefix: int | float = 0


def order_keys(keys: Iterable[str], ksort: Ksort = "8.2") -> list[str]:
    """
    Sort the top-level keys of a document.

    Args:
        keys: all of them, "sign" and "sign_type" included, each once, in
            the order of their first occurrence.
        ksort: whose ksort: PHP "8.2" and later, "8.0" and 8.1, or "7".

    Source: PHP manual, ksort; PHP sources, ext/standard/array.c
    (php_array_key_compare), Zend/zend_operators.c and Zend/zend_sort.c.
    """
    keys = list(keys)
    # A number starts with a digit, a sign, a dot or a blank, all below ":".
    suspects = [key for key in keys if "" < key < ":"]
    if not suspects:
        return sorted(keys)
    integers = _sort_integers(suspects)
    if integers and len(integers) == len(keys):
        return integers
    # Before PHP 8.2 integers are compared with the other keys by value.
    if integers and ksort == "8.2":
        others = sorted(set(keys).difference(integers))
        empty = others[:1] if others[0] == "" else []
        return empty + integers + others[len(empty) :]
    read = [read_key(key, at, ksort) for at, key in enumerate(keys)]
    numbers = [key for key in read if key.number is not None]
    may_circle = ksort != "8.2" and any(key.is_integer for key in numbers)
    if len(numbers) <= 1 and not may_circle:
        return sorted(keys)
    sort_like_php(read, _AFTER[ksort])
    return [key.text for key in read]


def _sort_integers(keys: list[str]) -> list[str] | None:
    """Sort keys by value if all of them are integers to PHP."""
    # The length first: int() of a megabyte of digits is quadratic.
    if max(map(len, keys)) > _LONGEST_INTEGER:
        return None
    try:
        integers = list(map(int, keys))
    except ValueError:
        return None
    if min(integers) < INTEGER_MIN or max(integers) > INTEGER_MAX:
        return None
    # int() also reads spellings that leave the key a string.
    if list(map(str, integers)) != keys:
        return None
    return sorted(keys, key=int)


def read_key(text: str, position: int, ksort: Ksort = "8.2") -> Key:
    """Return a key as ksort sees it under the rules of a PHP version."""
    if _integer_key(text):
        integer = int(text)
        if INTEGER_MIN <= integer <= INTEGER_MAX:
            return Key(
                text,
                position,
                is_integer=True,
                number=integer,
                prefix=integer,
            )
    match = _numeric_prefix(text)
    if match is None:
        return Key(text, position)
    rest = text[match.end() :]
    number, overflow = _evaluate(match, rest)
    if rest and (ksort == "7" or rest.strip(_BLANKS)):
        return Key(text, position, prefix=number)
    return Key(text, position, number=number, overflow=overflow, prefix=number)


def _evaluate(match: re.Match[str], rest: str) -> tuple[int | float, int]:
    """Return value and overflow of a numeric prefix and the rest after it."""
    sign, digits, more = match.groups()
    overflow = -1 if sign == "-" else 1
    number = read_double(match[0].strip(_BLANKS).encode())
    if len(digits) > len(_LIMIT):
        return number, overflow
    if more:
        return number, 0
    if len(digits) == len(_LIMIT):
        compared = digits + rest.partition("\0")[0]
        if _bare_exponent(rest):
            # While PHP looks for an exponent it steps over the "e", and takes
            # the digits to start one byte later than they do.
            compared = compared[1:]
        if compared > _LIMIT or (compared == _LIMIT and sign != "-"):
            return number, overflow
    integer = int(sign + (digits or "0"))
    return (integer - INTEGER_MIN) % 2**64 + INTEGER_MIN, 0


def comes_after(x: Key, y: Key) -> bool:
    """Return whether x belongs after y under PHP 8.2."""
    if x.number is None or y.number is None:
        return x.text > y.text
    order = _compare_numbers(x, x.number, y, y.number)
    return order > 0 or (order == 0 and x.position > y.position)


def _after_8_0(x: Key, y: Key) -> bool:
    """Return whether x belongs after y under PHP 8.0 and 8.1."""
    order = _compare_before_8_2(x, y)
    return order > 0 or (order == 0 and x.position > y.position)


def _after_7(x: Key, y: Key) -> bool:
    """Return whether x belongs after y under PHP 7."""
    return _compare_before_8_2(x, y) > 0


_AFTER: Final[dict[Ksort, Callable[[Key, Key], bool]]] = {
    "8.2": comes_after,
    "8.0": _after_8_0,
    "7": _after_7,
}


def _compare_before_8_2(x: Key, y: Key) -> float:
    """Compare two keys as PHP did before 8.2: below, at or above zero."""
    if x.is_integer or y.is_integer:
        return _compare_values(x.prefix, y.prefix)
    if x.number is None or y.number is None:
        return _compare_texts(x, y)
    return _compare_numbers(x, x.number, y, y.number)


def _compare_numbers(x: Key, v: float, y: Key, w: float) -> float:
    """Compare two keys that are numbers, v and w, by the rules a to d."""
    if type(v) is int and type(w) is int:
        return v - w
    if x.is_integer or y.is_integer:
        # Rule 3, which does not use the overflow.
        return _compare_values(v, w)
    if x.overflow and x.overflow == y.overflow and v - w == 0:
        return _compare_texts(x, y)
    if type(v) is int and y.overflow:
        return -y.overflow
    if type(w) is int and x.overflow:
        return x.overflow
    if v == w and isinf(v):
        return _compare_texts(x, y)
    return _compare_values(v, w)


def _compare_values(v: float, w: float) -> int:
    """Compare two numbers, an integer with a double as two doubles."""
    if type(v) is not type(w):
        v, w = float(v), float(w)
    return (v > w) - (v < w)


def _compare_texts(x: Key, y: Key) -> int:
    """Compare two keys byte by byte."""
    return (x.text > y.text) - (x.text < y.text)


def sort_like_php(items: list[_T], after: _After[_T]) -> None:
    """
    Sort a list in place, with the comparisons of PHP's algorithm in its order.

    Where the comparison is an order without contradictions any stable sort gives
    the same. ksort's is not always one.

    Args:
        items: what to sort. The functions below name an element by its index;
            every comparison looks at what is there at that moment.
        after: whether the first argument belongs after the second one. It need
            not be an order.
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
    """Divide a range by a pivot and return the index of the pivot."""
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
    Move the elements that belong after the pivot to the rear of a range.

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
    """Return the index where an element belongs, going back one by one."""
    item = items[at]
    target = at - 1
    while target > 0 and after(items[target - 1], item):
        target -= 1
    return target


def _find_far(items: list[_T], at: int, after: _After[_T]) -> int:
    """Return the index where an element belongs, going back in steps of two."""
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
