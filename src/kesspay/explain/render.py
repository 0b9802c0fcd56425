"""
Documents as they were written, and written in any style.

The canonical form forgets how a number was spelled, whether ``{}`` was an object
and in which order the members came. To find out what another side signed instead,
all of this is needed. Texts that come here were accepted by ``canonicalize`` before
and are at most 64 levels deep, so the parser of the standard library reads them as
PHP does and within its recursion limit.

With ``style_of(profile)`` the renderer writes exactly what ``canonicalize`` gives;
tests compare the two. Numbers in PHP's spelling are asked from ``canonicalize``
itself, so there is one source of digits.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote_plus

from kesspay.explain.mistakes import KSORTS
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Profile
from kesspay.signing.reference.ksort import order_keys


if TYPE_CHECKING:
    from collections.abc import Iterable

    from kesspay.explain.mistakes import Style


__all__ = [
    "Duplicate",
    "Member",
    "Members",
    "Node",
    "Number",
    "Renderer",
    "brief",
    "count_values",
    "duplicates",
    "members_of",
    "path_of",
    "read",
    "wrap",
]


# ------------------------------------------------------------ reading


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


# ------------------------------------------------------------ writing


_SHORT: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "/": "\\/",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}
#: Characters that are written as \uXXXX besides the control characters.
_HTML: Final = {
    "raw": "",
    "tags": "<>&",
    "hex": "<>&'\"",
    "dotnet": "<>&'\"+`\x7f",
}
_FALSY: Final = frozenset({"0", "-0", "0.0", "-0.0"})
_TRIMMED: Final = " \t\n\r\0\x0b"
_INT64: Final = range(-(2**63), 2**63)
_NUMERIC: Final = re.compile(
    r"[ \t\n\r\v\f]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\r\v\f]*"
)
_LONGEST: Final = 40
_WIDEST: Final = 20


@dataclass(slots=True)
class Renderer:
    """
    Writes one document in many styles.

    Args:
        document: as ``tree.read`` gives it.
    """

    document: Node
    _digits: dict[tuple[str, bool], str] = field(default_factory=dict)

    def render(self, style: Style) -> bytes | None:
        """
        Write the document; None where the style does not apply to it.

        Raises:
            CanonicalizationError: a number in it is not finite.
        """
        top = self._selected(style)
        if top is None:
            return None
        text = self._written(top, style)
        return wrap(text.encode(), style)

    def _selected(self, style: Style) -> Node | None:
        """Choose, reduce and sort the top level."""
        if not isinstance(self.document, Members):
            return self.document if style.scope == "whole" else None
        top = _reduced(self.document, style)
        if style.scope == "data":
            data = dict(top).get("data")
            if not isinstance(data, Members):
                return None
            return _kept(_sorted(data, style), style)
        if style.with_type == "added" and "sign_type" not in dict(top):
            top = Members((*top, ("sign_type", "RSA2")))
        # PHP sorts first and removes then, which matters for keys that have
        # no consistent order.
        return _kept(_signless(_sorted(top, style), style), style)

    def _written(self, top: Node, style: Style) -> str:
        """Put the top level into the form that was asked for."""
        if style.form == "json" or not isinstance(top, Members):
            return self._json(top, style, "", 1)
        if style.form == "query_encoded":
            return "&".join(self._query_php(top, style))
        pairs = [f"{k}={self._plain(v, style)}" for k, v in top]
        return "&".join(pairs)

    def _json(self, node: Node, style: Style, key: str, level: int) -> str:
        """Write a value as JSON; key is the name of the member it is in."""
        if isinstance(node, Members):
            return self._container(node, style, level)
        if isinstance(node, list):
            inner = [self._json(v, style, key, level + 1) for v in node]
            return _bracketed("[", inner, "]", style, level)
        if isinstance(node, Number):
            return self._number(node, style, key)
        if isinstance(node, str):
            return self._string(node, style)
        return {None: "null", True: "true", False: "false"}[node]

    def _container(self, node: Members, style: Style, level: int) -> str:
        """Write an object, or the list that PHP takes it for."""
        members = node
        if level > 1:
            members = _kept(_reduced(node, style), style, top=False)
            if style.order == "deep":
                members = _sorted(members, style)
        if not members:
            return "{}" if style.empty == "object" else "[]"
        as_list = [k for k, _ in members] == [str(i) for i in range(len(members))]
        if as_list and style.empty == "array":
            inner = [self._json(v, style, k, level + 1) for k, v in members]
            return _bracketed("[", inner, "]", style, level)
        colon = ":" if style.spacing == "none" else ": "
        inner = [
            quote(k, style) + colon + self._json(v, style, k, level + 1)
            for k, v in members
        ]
        return _bracketed("{", inner, "}", style, level)

    def _string(self, text: str, style: Style) -> str:
        """Write a string, or the number that JSON_NUMERIC_CHECK makes of it."""
        if style.numbers == "check" and len(text) <= _LONGEST:
            number = _numeric(text)
            if number is not None:
                return self._php(number, precise=False)
        return quote(text, style)

    def _number(self, number: Number, style: Style, key: str) -> str:
        """Write a number in one of the spellings."""
        kind, text = style.numbers, number.text
        if kind == "written":
            return text
        if kind == "float":
            return text if number.is_integer else _repr(text)
        if kind.startswith("amount") and key == "amount":
            return self._amount(number, kind)
        php = self._php(text, precise=kind == "php_17")
        return f'"{php}"' if kind == "text" else php

    def _amount(self, number: Number, kind: str) -> str:
        """Write the amount of money in one of its spellings."""
        text = number.text
        if kind == "amount_float":
            return _repr(text)
        if kind == "amount_text":
            return f'"{self._php(text, precise=False)}"'
        value = Decimal(text)
        if abs(value.adjusted()) < _WIDEST:
            text = f"{value:.2f}"
        return text if kind == "amount_places" else f'"{text}"'

    def _php(self, text: str, *, precise: bool) -> str:
        """Write a number as PHP does."""
        known = self._digits.get((text, precise))
        if known is None:
            profile = Profile(serialize_precision=17 if precise else -1)
            asked = f"[{text}]".encode()
            answer = canonicalize(asked, profile=profile)
            known = answer.decode()[1:-1]
            self._digits[text, precise] = known
        return known

    def _plain(self, node: Node, style: Style) -> str:
        """Write a value as the right side of ``key=value``."""
        if isinstance(node, str):
            return node
        if node is None:
            return ""
        if isinstance(node, bool) and style.form == "query_php":
            return "1" if node else ""
        return self._json(node, style, "", 2)

    def _query_php(self, top: Members, style: Style) -> Iterable[str]:
        """Write pairs as PHP's http_build_query does."""
        work: list[tuple[str, Node]] = list(reversed(top))
        while work:
            name, node = work.pop()
            if node is None:
                continue
            if isinstance(node, (list, Members)):
                inner = (
                    list(_reduced(node, style))
                    if isinstance(node, Members)
                    else [(str(i), v) for i, v in enumerate(node)]
                )
                work += [(f"{name}[{k}]", v) for k, v in reversed(inner)]
                continue
            if isinstance(node, bool):
                text = str(int(node))
            elif isinstance(node, Number):
                text = self._php(node.text, precise=False)
            else:
                text = node
            yield f"{_url(name)}={_url(text)}"


def wrap(text: bytes, style: Style) -> bytes:
    """Add what was put around a text, re-encode and hash it."""
    text = {
        "none": text,
        "lf": text + b"\n",
        "crlf": text + b"\r\n",
        "bom": b"\xef\xbb\xbf" + text,
    }[style.end]
    if style.encoding == "utf16le":
        text = text.decode().encode("utf-16-le")
    if style.hashing == "hex":
        return hashlib.sha256(text).hexdigest().encode()
    if style.hashing == "raw":
        return hashlib.sha256(text).digest()
    if style.hashing == "md5_hex":
        md5 = hashlib.md5(text, usedforsecurity=False)
        return md5.hexdigest().encode()
    if style.hashing == "base64":
        return base64.b64encode(text)
    return text


def quote(text: str, style: Style) -> str:
    """Write a string or key as JSON."""
    pattern = _escapes(style.slashes, style.unicode, style.html, style.delete)
    if not pattern.search(text):
        return f'"{text}"'
    upper = style.unicode == "upper"
    special = _HTML[style.html]
    loud = style.html != "tags" or upper
    return (
        '"'
        + pattern.sub(
            lambda m: (
                _unit(ord(m[0]), upper=loud)
                if m[0] in special
                else _SHORT.get(m[0]) or _unit(ord(m[0]), upper=upper)
            ),
            text,
        )
        + '"'
    )


@lru_cache(maxsize=64)
def _escapes(slashes: str, unicode: str, html: str, delete: str) -> re.Pattern[str]:
    """Compile the class of characters that are not written as such."""
    characters = '"\\\\\\x00-\\x1f' + re.escape(_HTML[html])
    if slashes == "escaped":
        characters += "/"
    if delete == "escaped":
        characters += "\\x7f"
    if unicode == "raw":
        characters += "\u2028\u2029"
    elif unicode != "raw_all":
        characters += "\x80-\U0010ffff"
    return re.compile(f"[{characters}]")


def _unit(point: int, *, upper: bool) -> str:
    r"""Write a code point as \uXXXX, beyond U+FFFF as two of them."""
    form = "\\u{:04X}" if upper else "\\u{:04x}"
    if point <= 0xFFFF:
        return form.format(point)
    point -= 0x10000
    high, low = 0xD800 + (point >> 10), 0xDC00 + (point & 0x3FF)
    return form.format(high) + form.format(low)


def _reduced(members: Members, style: Style) -> Members:
    """Let one value of each doubled key survive, in the first position."""
    if style.duplicates == "last":
        return Members(dict(members).items())
    first: dict[str, Node] = {}
    for key, value in members:
        first.setdefault(key, value)
    return Members(first.items())


def _signless(top: Members, style: Style) -> Members:
    """Remove, empty or keep ``sign`` and ``sign_type``."""
    kept: list[tuple[str, Node]] = []
    for key, value in top:
        if key == "sign":
            if style.with_sign != "dropped":
                kept.append((key, "" if style.with_sign == "empty" else None))
        elif key != "sign_type" or style.with_type != "dropped":
            kept.append((key, value))
    return Members(kept)


def _kept(members: Members, style: Style, *, top: bool = True) -> Members:
    """Leave out or change values, as some clients do before signing."""
    rule = style.values
    if rule == "all" or (rule.endswith("_top") and not top):
        return members
    if rule.startswith("trimmed"):
        return Members((k, _trimmed(v, rule)) for k, v in members)
    return Members((k, v) for k, v in members if not _dropped(v, rule))


def _trimmed(node: Node, rule: str) -> Node:
    """Trim a string as PHP's trim does, and turn an empty one into null."""
    if not isinstance(node, str):
        return node
    text = node.strip(_TRIMMED)
    return None if rule == "trimmed_null" and not text else text


def _dropped(node: Node, rule: str) -> bool:
    """Say whether a rule leaves this value out."""
    if node is None:
        return True
    if rule == "no_null":
        return False
    if node == "":
        return True
    if rule != "no_falsy_top":
        return False
    if isinstance(node, Number):
        return node.text in _FALSY
    return node is False or node == "0" or node in ([], Members())


def _sorted(members: Members, style: Style) -> Members:
    """Order the members of one object."""
    if style.order == "document":
        return members
    if style.order == "caseless":
        return Members(sorted(members, key=lambda m: m[0].lower()))
    ksort = KSORTS.get(style.order, "8.2")
    order = order_keys((k for k, _ in members), ksort)
    inside = dict(members)
    if style.order == "reverse":
        order.reverse()
    return Members((k, inside[k]) for k in order)


def _url(text: str) -> str:
    """Percent-encode as PHP's urlencode does."""
    return quote_plus(text).replace("~", "%7E")


def _bracketed(
    left: str, inner: list[str], right: str, style: Style, level: int
) -> str:
    """Join written values with the blanks of the style."""
    if not inner:
        return left + right
    if style.spacing == "none":
        return left + ",".join(inner) + right
    if style.spacing == "python":
        return left + ", ".join(inner) + right
    width = int(style.spacing[-1])
    pad = "\n" + " " * (width * level)
    last = "\n" + " " * (width * (level - 1))
    return left + pad + ("," + pad).join(inner) + last + right


def _repr(text: str) -> str:
    """Write a double as Python and Java do."""
    return repr(float(text))


def _numeric(text: str) -> str | None:
    """Return the JSON number that PHP reads from a numeric string."""
    if not _NUMERIC.fullmatch(text):
        return None
    bare = text.strip()
    if bare.lstrip("+-").isdigit() and int(bare) in _INT64:
        return str(int(bare))
    value = float(bare)
    return repr(value) if abs(value) != float("inf") else None
