"""Where two texts part, and what that means for the values in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kesspay.audit.tree import Members, Number, brief, path_of


if TYPE_CHECKING:
    from kesspay.audit.tree import Node


__all__ = [
    "Difference",
    "ValueDifference",
    "first_difference",
    "value_differences",
]

_AROUND: Final = 24
_MANY: Final = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """
    The first place where two texts differ.

    Args:
        position: offset in bytes, from 0.
        ours: the bytes of the canonical form from a little before this
            place, as printable text.
        theirs: the same of the other text.
        marker: number of characters before the differing byte in both.
        summary: what stands there, in words.
    """

    position: int
    ours: str
    theirs: str
    marker: int
    summary: str


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """
    A value that differs between two documents.

    Args:
        path: as in ``document["data"]["amount"]``.
        ours: the value, short, or None where it is missing.
        theirs: the same of the other document.
    """

    path: str
    ours: str | None
    theirs: str | None


def first_difference(ours: bytes, theirs: bytes) -> Difference | None:
    """Find the first byte in which two texts differ; None if they are equal."""
    if ours == theirs:
        return None
    position = _common(ours, theirs)
    start = max(0, position - _AROUND)
    stop = position + _AROUND
    before = _shown(ours[start:position])
    return Difference(
        position=position,
        ours=_shown(ours[start:stop]),
        theirs=_shown(theirs[start:stop]),
        marker=len(before),
        summary=(
            f"at byte {position} the canonical form has "
            f"{_named(ours, position)}, the other text "
            f"{_named(theirs, position)}"
        ),
    )


def value_differences(ours: Node, theirs: Node) -> tuple[ValueDifference, ...]:
    """
    List the values that differ, whatever their order and spelling.

    ``sign`` and ``sign_type`` at the top are left out; at most 20 are listed.
    """
    found: list[ValueDifference] = []
    work: list[tuple[str, Node, Node]] = [
        ("document", _unsigned(ours), _unsigned(theirs))
    ]
    while work and len(found) < _MANY:
        path, mine, other = work.pop()
        left, right = _children(mine), _children(other)
        if left is None or right is None:
            if not _same(mine, other):
                found.append(ValueDifference(path, brief(mine), brief(other)))
            continue
        inner: list[tuple[str, Node, Node]] = []
        for key in left | right:
            place = _place(path, key, mine, other)
            if key in left and key in right:
                inner.append((place, left[key], right[key]))
                continue
            found.append(
                ValueDifference(
                    place,
                    brief(left[key]) if key in left else None,
                    brief(right[key]) if key in right else None,
                )
            )
        work += reversed(inner)
    return tuple(found[:_MANY])


def _common(ours: bytes, theirs: bytes) -> int:
    """Measure how far two texts agree, by halving the piece in doubt."""
    low, high = 0, min(len(ours), len(theirs))
    while low < high:
        middle = (low + high + 1) // 2
        if ours[low:middle] == theirs[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shown(piece: bytes) -> str:
    r"""Show bytes as printable ASCII; the others as \xNN."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in piece
    )


def _named(text: bytes, position: int) -> str:
    """Name the byte at a position, or the end of the text."""
    if position == len(text):
        return "its end"
    byte = text[position]
    if 0x20 < byte < 0x7F:
        return f"{chr(byte)!r}"
    names = {0x20: "a blank", 0x0A: "a line feed", 0x0D: "a carriage return"}
    return names.get(byte, f"the byte {byte:02x}")


def _unsigned(node: Node) -> Node:
    """Leave out the members that are not signed."""
    if not isinstance(node, Members):
        return node
    return Members((k, v) for k, v in node if k not in ("sign", "sign_type"))


def _children(node: Node) -> dict[str, Node] | None:
    """
    Give the values inside, by key; None for a value without inside.

    An array is what PHP makes of it: keys 0, 1, and so on.
    """
    if isinstance(node, Members):
        return dict(node)
    if isinstance(node, list):
        return {str(i): value for i, value in enumerate(node)}
    return None


def _place(path: str, key: str, mine: Node, other: Node) -> str:
    """Append a key to a path, as an index where both are arrays."""
    if isinstance(mine, Members) or isinstance(other, Members):
        return path_of(path, key)
    return f"{path}[{key}]"


def _same(mine: Node, other: Node) -> bool:
    """Compare two values by their exact spelling, but strings unescaped."""
    if isinstance(mine, Number) and isinstance(other, Number):
        return mine.text == other.text or _float(mine) == _float(other)
    return type(mine) is type(other) and json.dumps(mine) == json.dumps(other)


def _float(number: Number) -> float | int:
    """Read a number as PHP would, near enough to compare."""
    text = number.text
    if number.is_integer and len(text) < _AROUND:
        return int(text)
    return float(text)
