"""
Documents as they were written.

The canonical form forgets how a number was spelled, whether ``{}`` was an object and
in which order the members came. To find out what another side signed instead, all of
this is needed. Texts that come here were accepted by ``canonicalize`` before and are at
most 64 levels deep, so the parser of the standard library reads them as PHP does and
within its recursion limit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, TypeAlias

from kesspay.errors import CanonicalizationError
from kesspay.signing.reference.canonical import canonicalize_text


__all__ = [
    "Duplicate",
    "Member",
    "Members",
    "Node",
    "Number",
    "brief",
    "count_values",
    "duplicates",
    "members_of",
    "path_of",
    "read",
    "read_document",
]

#: What ``read`` can read, and the search for mistakes can write.
_MAX_DEPTH: Final = 64


@dataclass(frozen=True, slots=True)
class Number:
    """A number, as the text that stands in the document."""

    text: str

    @property
    def is_integer(self) -> bool:
        """Whether the token has neither a fraction nor an exponent."""
        return self.text.lstrip("-").isdigit()


class Members(tuple["tuple[str, Node]", ...]):
    """The members of an object in document order, duplicates included."""

    __slots__ = ()


Node: TypeAlias = "bool | str | Number | list[Node] | Members | None"


@dataclass(frozen=True, slots=True)
class Member:
    """
    A top-level member and where it lies in the text.

    Args:
        key: unescaped.
        start: character offset of the key's opening quote.
        value_start: character offset of the first character of the value.
        end: character offset behind the value.
    """

    key: str
    start: int
    value_start: int
    end: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """
    A key that occurs more than once in one object.

    Args:
        path: of the key, as in ``document["data"]["amount"]``.
        count: how many times it occurs.
        first: its first value, as a short JSON text.
        last: its last value, which is the one PHP believes.
    """

    path: str
    count: int
    first: str
    last: str


def read_document(text: bytes) -> Node:
    """Read a text that has a canonical form and is not too deep; None of others."""
    try:
        canonicalize_text(text, max_depth=_MAX_DEPTH)
    except CanonicalizationError:
        return None
    return read(text.decode())


def read(text: str) -> Node:
    """
    Read a JSON text that ``canonicalize`` accepts.

    Args:
        text: at most 64 levels deep.
    """
    node: Node = json.loads(
        text,
        object_pairs_hook=Members,
        parse_float=Number,
        parse_int=Number,
    )
    return node


def members_of(text: str) -> tuple[Member, ...]:
    """
    Locate the members of the top-level object; none if it is an array.

    Args:
        text: a JSON text that ``canonicalize`` accepts.
    """
    if not text.lstrip(_BLANKS).startswith("{"):
        return ()
    scan = json.JSONDecoder(parse_float=Number, parse_int=Number)
    found: list[Member] = []
    at = _skip(text, text.index("{") + 1)
    while text[at] == '"':
        key, behind = scan.raw_decode(text, at)
        value_start = _skip(text, _skip(text, behind) + 1)
        _, end = scan.raw_decode(text, value_start)
        found.append(Member(key, at, value_start, end))
        at = _skip(text, end)
        if text[at] == "}":
            break
        at = _skip(text, at + 1)
    return tuple(found)


def duplicates(node: Node) -> tuple[Duplicate, ...]:
    """List the keys that occur twice, at any depth, in document order."""
    found: list[Duplicate] = []
    work: list[tuple[str, Node]] = [("document", node)]
    while work:
        path, here = work.pop()
        if isinstance(here, Members):
            found += _doubled(path, here)
            inner = [(path_of(path, key), value) for key, value in here]
            work += reversed(inner)
        elif isinstance(here, list):
            inner = [(f"{path}[{i}]", value) for i, value in enumerate(here)]
            work += reversed(inner)
    return tuple(found)


def count_values(node: Node) -> int:
    """Count the values of a document, itself included."""
    count = 0
    work = [node]
    while work:
        here = work.pop()
        count += 1
        if isinstance(here, Members):
            work += [value for _, value in here]
        elif isinstance(here, list):
            work += here
    return count


def path_of(path: str, key: str) -> str:
    """Append a key to a path, quoted as in JSON."""
    return f"{path}[{json.dumps(key)}]"


def brief(node: Node) -> str:
    """Write a value for a human, at most 40 characters of it."""
    if isinstance(node, Members):
        return f"an object of {len(node)} members"
    if isinstance(node, list):
        return f"an array of {len(node)} values"
    text = node.text if isinstance(node, Number) else json.dumps(node)
    return text if len(text) <= _BRIEF else text[: _BRIEF - 3] + "..."


_BLANKS = " \t\n\r"
_BRIEF = 40


def _skip(text: str, at: int) -> int:
    """Step over white space."""
    while text[at] in _BLANKS:
        at += 1
    return at


def _doubled(path: str, members: Members) -> list[Duplicate]:
    """Find the doubled keys of one object."""
    seen: dict[str, list[Node]] = {}
    for key, value in members:
        seen.setdefault(key, []).append(value)
    return [
        Duplicate(path_of(path, key), len(values), brief(values[0]), brief(values[-1]))
        for key, values in seen.items()
        if len(values) > 1
    ]
