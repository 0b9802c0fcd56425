"""The orders that standard functions give to the members of an object."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from kesspay.explain.mistakes import KSORTS
from kesspay.explain.nodes import Members, Number
from kesspay.signing.reference.ksort import (
    comes_after,
    order_keys,
    read_key,
    sort_like_php,
)


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.explain.nodes import Node


#: A member and its place.
_Item: TypeAlias = "tuple[int, tuple[str, Node]]"
_Comparable = TypeVar("_Comparable", float, bytes)

__all__ = ["indexes_first", "ordered"]

_INDEX: Final = re.compile("0|[1-9][0-9]{0,9}")
_LARGEST_INDEX: Final = 2**32 - 2
_NUMERIC: Final = re.compile(
    r"[ \t\n\r\v\f]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\r\v\f]*"
)

#: What keys are compared by, where it is no ksort.
_BY: Final[dict[str, Callable[[str], str | bytes]]] = {
    "caseless": str.lower,
    "bytes": lambda key: key.encode("utf-8", "surrogatepass"),
    "utf16": lambda key: key.encode("utf-16-be", "surrogatepass"),
}


def ordered(members: Members, order: str) -> Members:
    """
    Order the members of one object, in which no key occurs twice.

    Args:
        members: of the object.
        order: as in ``Style``.
    """
    if order == "document":
        return members
    if order == "document_reverse":
        return Members(reversed(members))
    if order in _VALUES:
        items = list(enumerate(members))
        sort_like_php(items, _VALUES[order])
        return Members(member for _, member in items)
    by = _BY.get(order)
    if by is not None:
        return Members(sorted(members, key=lambda member: by(member[0])))
    names = [key for key, _ in members]
    keys = (
        _krsort(names)
        if order == "reverse"
        else order_keys(names, KSORTS.get(order, "8.2"))
    )
    inside = dict(members)
    return Members((key, inside[key]) for key in keys)


def indexes_first(members: Members) -> Members:
    """
    Put keys that are array indexes in front, in ascending order.

    So objects of JavaScript keep them, whatever the order in which they came.

    Source: ECMA-262, OrdinaryOwnPropertyKeys.
    """
    first = [member for member in members if _is_index(member[0])]
    if not first:
        return members
    first.sort(key=lambda member: int(member[0]))
    return Members((*first, *(m for m in members if not _is_index(m[0]))))


def _is_index(key: str) -> bool:
    return _INDEX.fullmatch(key) is not None and int(key) <= _LARGEST_INDEX


def _krsort(names: list[str]) -> list[str]:
    """Sort keys as krsort of PHP 8.2 does: equal ones keep their order."""
    keys = [read_key(name, -at) for at, name in enumerate(names)]
    sort_like_php(keys, lambda x, y: comes_after(y, x))
    return [key.text for key in keys]


def _ascending(left: _Item, right: _Item) -> bool:
    """Return whether asort of PHP 8 has a member behind another one."""
    (at, (_, mine)), (place, (_, other)) = left, right
    return (_compared(mine, other) or _sign(at, place)) > 0


def _descending(left: _Item, right: _Item) -> bool:
    """Return whether arsort of PHP 8 has a member behind another one."""
    (at, (_, mine)), (place, (_, other)) = left, right
    return (-_compared(mine, other) or _sign(at, place)) > 0


def _compared(left: Node, right: Node) -> int:
    """Compare two values as <=> of PHP 8 does."""
    if isinstance(left, (bool, type(None))) or isinstance(right, (bool, type(None))):
        if left is None and isinstance(right, str):
            return -bool(right)
        if right is None and isinstance(left, str):
            return int(bool(left))
        return _sign(_truth(left), _truth(right))
    both = (left, right)
    arrays = [_as_array(one) for one in both if isinstance(one, (list, Members))]
    if len(arrays) == 2:
        return _compared_inside(*arrays)
    if arrays:
        return 1 if isinstance(left, (list, Members)) else -1
    texts = [one.text if isinstance(one, Number) else str(one) for one in both]
    if all(map(_NUMERIC.fullmatch, texts)):
        return _sign(float(texts[0]), float(texts[1]))
    return _sign(texts[0].encode(), texts[1].encode())


def _as_array(node: list[Node] | Members) -> dict[str, Node]:
    """Return what PHP makes of an array or of an object."""
    if isinstance(node, Members):
        return dict(node)
    return {str(at): value for at, value in enumerate(node)}


def _compared_inside(left: dict[str, Node], right: dict[str, Node]) -> int:
    """Compare two arrays: the larger one, or one with a key of its own, is greater."""
    if len(left) != len(right):
        return _sign(len(left), len(right))
    for key, value in left.items():
        order = _compared(value, right[key]) if key in right else 1
        if order:
            return order
    return 0


def _truth(node: Node) -> bool:
    """Return what PHP takes a value for where a bool is needed."""
    if isinstance(node, Number):
        return float(node.text) != 0
    return bool(node) and node != "0"


def _sign(left: _Comparable, right: _Comparable) -> int:
    """Return -1, 0 or 1."""
    return (left > right) - (left < right)


#: Orders by value.
_VALUES: Final[dict[str, Callable[[_Item, _Item], bool]]] = {
    "values": _ascending,
    "values_reverse": _descending,
}
