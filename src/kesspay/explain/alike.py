"""
Which styles write a container alike.

A search writes one document in hundreds of styles, and most of them change nothing in
most containers: a list of numbers has no slash to escape. ``matters_to`` looks at a
container once, so that it is written once for all the styles that agree in what
matters to it. What is not certain matters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from kesspay.explain.mistakes import MISTAKES, Style
from kesspay.explain.nodes import Members, Number


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.explain.nodes import Node


__all__ = ["Content", "Matters", "content_of", "inside", "matters_to", "reduced"]

#: The fields that decide how a container below the top is written.
_FIELDS: Final = (
    *("duplicates", "values", "order", "keys", "numbers", "fraction"),
    *("slashes", "unicode", "html", "delete", "empty", "spacing"),
)
#: Reads them from a style.
inside: Final[Callable[[Style], tuple[str, ...]]] = attrgetter(*_FIELDS)
#: For each of them, the values that can change what is written.
Matters: TypeAlias = "tuple[frozenset[str], ...]"

_DEFAULTS: Final = inside(Style())
_VALUES: Final = {
    name: frozenset(
        value
        for mistake in MISTAKES
        for changed, value in mistake.changes
        if changed == name and value != default
    )
    for name, default in zip(_FIELDS, _DEFAULTS, strict=True)
}
_AMOUNTS: Final = {one for one in _VALUES["numbers"] if one.startswith("amount")}
_AT_THE_TOP: Final = {one for one in _VALUES["values"] if one.endswith("_top")}
_NOTHING: Final[frozenset[str]] = frozenset()

_HTML: Final = re.compile("[<>&='\"+`\x7f]")
_SPECIAL: Final = re.compile("[^ -~]")
_DIGIT: Final = re.compile("[0-9]")
#: What is certainly an integer below 2**53, which is a number in any language.
_PLAIN_INTEGER: Final = re.compile("-?[1-9][0-9]{0,14}|0")


@dataclass(slots=True)
class Content:
    """All that occurs in a document, at any depth."""

    strings: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    objects: list[Members] = field(default_factory=list)
    has_list: bool = False
    has_null: bool = False


def content_of(node: Node) -> Content:
    """Gather what occurs in a document."""
    content = Content()
    work = [node]
    while work:
        here = work.pop()
        if isinstance(here, Members):
            content.objects.append(here)
            content.keys += [key for key, _ in here]
            work += [value for _, value in here]
        elif isinstance(here, list):
            content.has_list = True
            work += here
        elif isinstance(here, Number):
            content.numbers.append(here.text)
        elif isinstance(here, str):
            content.strings.append(here)
        elif here is None:
            content.has_null = True
    return content


def matters_to(node: Node, key: str) -> Matters:
    """
    Say which values of which fields can change what is written for a container.

    Args:
        node: the container.
        key: the name of the member it is in.

    Returns:
        Sets of values in the order of ``inside``.
    """
    content = content_of(node)
    text = "".join((*content.strings, *content.keys))
    is_html = _HTML.search(text) is not None
    is_blank = content.has_null or any(
        not one or one[0] <= " " or one[-1] <= " " for one in content.strings
    )
    # Objects of which members are left out can become empty, or lists.
    is_listed = is_blank or not all(content.objects) or "0" in content.keys
    is_doubled = any(len(dict(one)) < len(one) for one in content.objects)
    is_double = not all(map(_PLAIN_INTEGER.fullmatch, content.numbers))
    return (
        _values("duplicates", when=is_doubled),
        _values("values", when=is_blank) - _AT_THE_TOP,
        _values("order", when=any(len(one) > 1 for one in content.objects)) & {"deep"},
        _values("keys", when=any(one[:1].isdigit() for one in content.keys)),
        _spellings(content, key, is_double=is_double),
        _values("fraction", when=is_double),
        _values("slashes", when="/" in text),
        _values("unicode", when=is_html or _SPECIAL.search(text) is not None),
        _values("html", when=is_html),
        _values("delete", when="\x7f" in text),
        _values("empty", when=is_listed)
        | ({"force"} if content.has_list else _NOTHING),
        _VALUES["spacing"],
    )


def reduced(fields: tuple[str, ...], matters: Matters) -> tuple[str, ...]:
    """Use the default where a value does not matter; equal results look alike."""
    return tuple(
        value if value in kept else default
        for value, kept, default in zip(fields, matters, _DEFAULTS, strict=True)
    )


def _values(name: str, *, when: bool) -> frozenset[str]:
    return _VALUES[name] if when else _NOTHING


def _spellings(content: Content, key: str, *, is_double: bool) -> frozenset[str]:
    """Return the spellings of numbers that can differ from the default one."""
    found: set[str] = set()
    if content.numbers:
        found |= _VALUES["numbers"] if is_double else {"text"}
        if key == "amount" or "amount" in content.keys:
            found |= _AMOUNTS
        else:
            found -= _AMOUNTS
    if any(map(_DIGIT.search, content.strings)):
        found.add("check")
    else:
        found.discard("check")
    return frozenset(found)
