"""
Documents, written in any style.

With ``style_of(profile)`` the renderer writes exactly what ``canonicalize`` gives;
tests compare the two. Numbers in PHP's spelling are asked from ``canonicalize``
itself, so there is one source of digits.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote as quote_url
from urllib.parse import quote_plus

from kesspay.errors import CanonicalizationError
from kesspay.explain.alike import content_of, inside, matters_to, reduced
from kesspay.explain.characters import ENTITIES, changed
from kesspay.explain.mistakes import PRECISIONS
from kesspay.explain.nodes import (
    Duplicate,
    Member,
    Members,
    Node,
    Number,
    brief,
    count_values,
    duplicates,
    members_of,
    path_of,
    read,
)
from kesspay.explain.numbers import INT64, javascript
from kesspay.explain.orders import indexes_first, ordered
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kesspay.explain.alike import Matters
    from kesspay.explain.mistakes import Style
    from kesspay.signing.profile import Precision


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
    "gson": "<>&='",
    "hex": "<>&'\"",
    "dotnet": "<>&'\"+`\x7f",
}
_FALSY: Final = frozenset({"0", "-0", "0.0", "-0.0"})
_TRIMMED: Final = " \t\n\r\0\x0b"
#: What JSON.stringify of JavaScript writes otherwise.
_STRINGIFY: Final = {
    "slashes": "raw",
    "unicode": "raw_all",
    "empty": "object",
    "numbers": "javascript",
    "spacing": "none",
}
#: The fields that decide what is at the top.
_TOP: Final = attrgetter(
    *("scope", "with_sign", "with_type", "duplicates"),
    *("values", "order", "keys", "chars", "with_key"),
)
#: What stands between values without keys.
_BETWEEN: Final = {
    "values": "",
    "values_php": "",
    "values_comma": ",",
    "values_pipe": "|",
}
_NUMERIC: Final = re.compile(
    r"[ \t\n\r\v\f]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\r\v\f]*"
)
_LONGEST: Final = 40
_WIDEST: Final = 20


class _Piece(NamedTuple):
    """A container, what matters to it, and its texts by the fields of ``inside``."""

    node: Node
    matters: Matters
    texts: dict[tuple[str, ...], str]


@dataclass(slots=True)
class Renderer:
    """
    Writes one document in many styles.

    Args:
        document: as ``nodes.read`` gives it.
        secret: a secret that may be part of the text.
    """

    document: Node
    secret: bytes = field(default=b"", repr=False)
    _trees: dict[str, Node] = field(default_factory=dict, repr=False)
    #: What most styles have in common is made once: the top level, and each
    #: container in it, by the fields of the style on which it depends.
    _tops: dict[tuple[str, ...], Node | None] = field(default_factory=dict, repr=False)
    _pieces: dict[tuple[int, str], _Piece] = field(default_factory=dict, repr=False)
    _digits: dict[tuple[int, str], dict[str, str]] = field(default_factory=dict)
    _strings: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    def variant(self, document: Node) -> Renderer:
        """Return one for a document that is mostly the same, which is written once."""
        return Renderer(
            document,
            self.secret,
            _pieces=self._pieces,
            _digits=self._digits,
            _strings=self._strings,
        )

    def render(self, style: Style) -> bytes | None:
        """
        Write the document; None where the style does not apply to it.

        Raises:
            CanonicalizationError: a number in it is not finite.
        """
        if style.with_key != "none" and not self.secret:
            return None
        chosen = _TOP(style)
        if chosen not in self._tops:
            self._tops[chosen] = self._selected(style)
        top = self._tops[chosen]
        if top is None:
            return None
        text = self._written(top, style)
        return wrap(text.encode(), style, self.secret)

    def _selected(self, style: Style) -> Node | None:
        """Choose, reduce and sort the top level."""
        document = self._tree(style.chars)
        if not isinstance(document, Members):
            return document if style.scope == "whole" else None
        top = _reduced(document, style)
        if style.scope == "data":
            data = dict(top).get("data")
            if not isinstance(data, Members):
                return None
            return _kept(_placed(ordered(data, style.order), style), style)
        if style.with_type == "added" and "sign_type" not in dict(top):
            top = Members((*top, ("sign_type", "RSA2")))
        if style.with_key == "member":
            top = Members(
                {**dict(top), "key": self.secret.decode("utf-8", "replace")}.items()
            )
        # PHP sorts first and removes then, which matters for keys that have
        # no consistent order.
        left = _signless(ordered(top, style.order), style)
        return _kept(_placed(left, style), style)

    def _tree(self, chars: str) -> Node:
        """Return the document with its characters changed."""
        if chars == "as_is":
            return self.document
        if chars not in self._trees:
            self._trees[chars] = changed(self.document, chars)
        return self._trees[chars]

    def _written(self, top: Node, style: Style) -> str:
        """Put the top level into the form that was asked for."""
        if style.form == "json" or not isinstance(top, Members):
            return self._json(top, style, "", 1)
        if style.form in _ENCODERS:
            encode = _ENCODERS[style.form]
            return "&".join(
                f"{encode(name)}={encode(text)}"
                for name, text in self._query_php(top, style)
            )
        if style.form in ("query_json", "search_params"):
            return "&".join(self._query_json(top, style))
        if style.form == "values_list":
            return self._json([v for _, v in top], style, "", 1)
        if style.form in _BETWEEN:
            between = _BETWEEN[style.form]
            return between.join(self._plain(v, style) for _, v in top)
        if style.form == "pairs":
            return "".join(f"{k}{self._plain(v, style)}" for k, v in top)
        pairs = [f"{k}={self._plain(v, style)}" for k, v in top]
        return "&".join(pairs)

    def _json(self, node: Node, style: Style, key: str, level: int) -> str:
        """Write a value as JSON; key is the name of the member it is in."""
        if isinstance(node, Members):
            return self._container(node, style, level)
        if isinstance(node, list):
            if style.empty == "force":
                numbered = Members((str(i), v) for i, v in enumerate(node))
                return self._container(numbered, style, max(level, 2))
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
                members = ordered(members, style.order)
            members = _placed(members, style)
        if not members:
            return "[]" if style.empty == "array" else "{}"
        as_list = [k for k, _ in members] == [str(i) for i in range(len(members))]
        if as_list and style.empty == "array":
            inner = [self._json(v, style, k, level + 1) for k, v in members]
            return _bracketed("[", inner, "]", style, level)
        colon = ":" if style.spacing == "none" else ": "
        write = self._json if level > 1 else self._kept_json
        inner = [
            self._quoted(k, style) + colon + write(v, style, k, level + 1)
            for k, v in members
        ]
        return _bracketed("{", inner, "}", style, level)

    def _kept_json(self, node: Node, style: Style, key: str, level: int) -> str:
        """Write a value at the top; one container is written alike again and again."""
        if not isinstance(node, (list, Members)):
            return self._json(node, style, key, level)
        place = id(node), key
        if place not in self._pieces:
            # Kept with its texts, so that an id stays that of one container.
            self._pieces[place] = _Piece(node, matters_to(node, key), {})
        piece = self._pieces[place]
        fields = inside(style)
        text = piece.texts.get(fields)
        if text is None:
            alike = reduced(fields, piece.matters)
            text = piece.texts.get(alike)
            if text is None:
                text = piece.texts[alike] = self._json(node, style, key, level)
            piece.texts[fields] = text
        return text

    def _string(self, text: str, style: Style) -> str:
        """Write a string, or the number that JSON_NUMERIC_CHECK makes of it."""
        if style.numbers == "check" and len(text) <= _LONGEST:
            number = _numeric(text)
            if number is not None:
                return self._php(number)
        return self._quoted(text, style)

    def _quoted(self, text: str, style: Style) -> str:
        """Write a string or key, which most styles write alike."""
        place = (text, style.slashes, style.unicode, style.html, style.delete)
        known = self._strings.get(place)
        if known is None:
            known = self._strings[place] = quote(text, style)
        return known

    def _number(self, number: Number, style: Style, key: str) -> str:
        """Write a number in one of the spellings."""
        kind, text = style.numbers, number.text
        if kind == "written":
            return text
        if kind == "float":
            return text if number.is_integer else _repr(text)
        if kind == "javascript":
            return javascript(text)
        if kind.startswith("amount") and key == "amount":
            return self._amount(number, kind)
        php = self._php(text, PRECISIONS.get(kind, -1), style.fraction)
        return f'"{php}"' if kind == "text" else php

    def _amount(self, number: Number, kind: str) -> str:
        """Write the amount of money in one of its spellings."""
        text = number.text
        if kind == "amount_float":
            return _repr(text)
        if kind == "amount_text":
            return f'"{self._php(text)}"'
        value = Decimal(text)
        if abs(value.adjusted()) < _WIDEST:
            text = f"{value:.2f}"
        return text if kind == "amount_places" else f'"{text}"'

    def _php(
        self, text: str, precision: Precision = -1, fraction: str = "dropped"
    ) -> str:
        """Write a number as PHP does."""
        place = precision, fraction
        if place not in self._digits:
            self._digits[place] = self._all_digits(*place)
        digits = self._digits[place]
        if text not in digits:
            digits |= _digits_of([text], *place)
        return digits[text]

    def _all_digits(self, precision: Precision, fraction: str) -> dict[str, str]:
        """Write all numbers of the document at once; none where one is not finite."""
        try:
            return _digits_of(content_of(self.document).numbers, precision, fraction)
        except CanonicalizationError:
            return {}

    def _plain(self, node: Node, style: Style) -> str:
        """Write a value as the right side of ``key=value``."""
        if isinstance(node, str):
            return node
        if node is None:
            return ""
        if isinstance(node, bool) and style.form in ("query_php", "values_php"):
            return "1" if node else ""
        return self._json(node, style, "", 2)

    def _query_php(self, top: Members, style: Style) -> Iterable[tuple[str, str]]:
        """Give the pairs of PHP's http_build_query, before they are encoded."""
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
                text = self._php(node.text)
            else:
                text = node
            yield name, text

    def _query_json(self, top: Members, style: Style) -> Iterable[str]:
        """Write pairs whose nested values are JSON: of PHP, or of JavaScript."""
        javascript = style.form == "search_params"
        inner = style._replace(**_STRINGIFY) if javascript else style
        for name, node in top:
            if isinstance(node, str):
                text = node
            elif isinstance(node, bool) and not javascript:
                text = str(int(node))
            elif node is None and not javascript:
                continue
            else:
                text = self._json(node, inner, "", 2)
            safe = "*" if javascript else ""
            yield f"{_url(name, safe)}={_url(text, safe)}"


def _digits_of(
    numbers: list[str], precision: Precision, fraction: str
) -> dict[str, str]:
    """Ask PHP's spelling of numbers from ``canonicalize``."""
    if not numbers:
        return {}
    profile = Profile(
        serialize_precision=precision, preserve_zero_fraction=fraction == "kept"
    )
    answer = canonicalize(f"[{','.join(numbers)}]", profile=profile)
    return dict(zip(numbers, answer.decode()[1:-1].split(","), strict=True))


def wrap(text: bytes, style: Style, secret: bytes = b"") -> bytes:
    """Add what was put around a text, re-encode and hash it."""
    text = {
        "none": text,
        "after": text + b"&key=" + secret,
        "before": b"key=" + secret + b"&" + text,
        "appended": text + secret,
        "prepended": secret + text,
        "member": text,
    }[style.with_key]
    text = {
        "none": text,
        "lf": text + b"\n",
        "crlf": text + b"\r\n",
        "bom": b"\xef\xbb\xbf" + text,
    }[style.end]
    if style.encoding == "utf16le":
        text = text.decode().encode("utf-16-le")
    elif style.encoding == "entities":
        text = text.decode().translate(ENTITIES).encode()
    elif style.encoding == "percent":
        text = quote_url(text, safe="").encode()
    elif style.encoding == "json":
        text = quote(text.decode(), style).encode()
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
    loud = style.html not in ("tags", "gson") or upper
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


def _placed(members: Members, style: Style) -> Members:
    """Put the members where the objects of a language keep them."""
    return indexes_first(members) if style.keys == "javascript" else members


def _url(text: str, safe: str = "") -> str:
    """Percent-encode as PHP's urlencode does, which knows no safe ones."""
    return quote_plus(text, safe=safe).replace("~", "%7E")


#: How names and values of http_build_query are encoded.
_ENCODERS: Final[dict[str, Callable[[str], str]]] = {
    "query_encoded": _url,
    "query_rfc3986": partial(quote_url, safe=""),
    "query_decoded": str,
}


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
    if bare.lstrip("+-").isdigit() and int(bare) in INT64:
        return str(int(bare))
    value = float(bare)
    return repr(value) if abs(value) != float("inf") else None
