"""
A plain canonicaliser that can make every known mistake, one switch for each.

It is written from docs/explanation/canonical-form.md and shares no code with kesspay.
With every switch off it gives PHP's answer to every stored vector (test_broken.py);
with one switch on it is a program that breaks one rule. `make vectors` runs it over
the cases of the conformance kit and stores what each mistake answers. What the
switches mean is in source/mistakes.py.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
import struct
import sys
import unicodedata
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias
from urllib.parse import quote, quote_plus, unquote_plus


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet


__all__ = ["canonicalize", "canonicalize_tree", "each"]

Switches: TypeAlias = frozenset[str]
#: A value of JSON: None, bool, str, Number, list or Map.
Json: TypeAlias = Any

_INT: Final = range(-(2**63), 2**63)
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER: Final = re.compile(r"([+-]?)([0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_NUMERIC: Final = re.compile(
    r"([ \t\n\r\v\f]*)([+-]?)([0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]+)?([ \t\n\r\v\f]*)"
)
_ESCAPES: Final = {
    **{c: c for c in '"\\/'},
    **dict(zip("bfnrt", "\b\f\n\r\t", strict=True)),
}
_SHORT: Final = {meant: letter for letter, meant in _ESCAPES.items()}


#: Switches that do not follow a setting of PHP.
_SETTINGS: Final = {
    "numbers_php": ("precision=17", "precision=100"),
    "slashes_escaped": ("unescaped_slashes",),
    "unicode_lower": ("unescaped_unicode",),
    "order_ksort": ("ksort=8.0", "ksort=7"),
    "fraction_dropped": ("preserve_zero_fraction",),
}


class Refusal(Exception):
    """The program refuses the text."""


class Number(NamedTuple):
    """A number, and how it was spelled."""

    value: float
    token: str


class Key(str):
    """A key, and how it was spelled."""

    __slots__ = ("raw",)
    raw: str


class Map(list[tuple[Any, Any]]):
    """The members of an object, in order."""

    def __init__(self, members: Iterable[tuple[Any, Any]] = ()) -> None:
        super().__init__(members)
        self.seen: set[str] = set()

    def names(self) -> list[str]:
        """Return the keys."""
        return [name for name, _ in self]


def canonicalize(text: bytes, *switches: str, profile: str = "") -> bytes | None:
    """
    Return what a program with these mistakes makes of a JSON text.

    Args:
        text: the text.
        switches: codes of mistakes.
        profile: words of a Profile.

    Returns:
        The bytes; None where the program refuses.
    """
    return _answer(lambda on: _read(text, on), switches, profile)


def canonicalize_tree(tree: bytes, *switches: str, profile: str = "") -> bytes | None:
    """Return the same for parameters in the form of tests/support/trees.py."""
    # A text has a limit of its own, which parameters know nothing of.
    made = [one for one in switches if one != "depth_none"]
    return _answer(lambda on: _read_tree(tree, on), made, profile)


def each(
    text: bytes, codes: Iterable[str], *, profile: str = "", tree: bool = False
) -> Iterator[tuple[str, bytes | None]]:
    """
    Yield the code of each of these mistakes, and what a program with it alone answers.

    Where a right program does not ask for the switch, the answer is the right one.

    Args:
        text: a JSON text, or parameters.
        codes: of mistakes.
        profile: words of a Profile.
        tree: whether they are parameters.
    """
    of = canonicalize_tree if tree else canonicalize
    reads, writes = _Asking(profile.split()), _Asking(profile.split())
    made: list[Json] = []

    def read(_on: Switches) -> Json:
        made.append((_read_tree if tree else _read)(text, reads))
        return made[0]

    right = _run(read, writes)
    if tree:
        # As in canonicalize_tree.
        writes.asked.discard("depth_none")
    for code in codes:
        if code in reads.asked or code in _SETTINGS:
            yield code, of(text, code, profile=profile)
        elif made and code in writes.asked:
            # It changes nothing of what was read.
            on = frozenset((code, *profile.split()))
            yield code, _run(lambda _on: made[0], on)
        else:
            yield code, right


class _Asking(frozenset[str]):
    """Switches that note which ones a program asks for."""

    asked: set[str]

    def __init__(self, _on: Iterable[str]) -> None:
        self.asked = set()

    def __contains__(self, one: object) -> bool:
        self.asked.add(str(one))
        return super().__contains__(one)

    def __and__(self, others: AbstractSet[object]) -> frozenset[str]:
        self.asked.update(map(str, others))
        return super().__and__(others)

    def isdisjoint(self, others: Iterable[object]) -> bool:
        others = set(others)
        self.asked.update(map(str, others))
        return super().isdisjoint(others)

    def __iter__(self) -> Iterator[str]:
        msg = "ask for a switch by its name"
        raise TypeError(msg)


def _answer(
    read: Callable[[Switches], Any], switches: Iterable[str], profile: str
) -> bytes | None:
    ignored = {
        word for code, words in _SETTINGS.items() if code in switches for word in words
    }
    return _run(read, frozenset((*switches, *profile.split())) - ignored)


def _run(read: Callable[[Switches], Any], on: Switches) -> bytes | None:
    with _room():
        try:
            return _around(_Writer(on).document(read(on)), on)
        except Refusal:
            return None


def _read(text: bytes, on: Switches) -> Json:
    return _Reader(text, on).document()


@contextmanager
def _room() -> Iterator[None]:
    """Let recursion go as deep as the deepest case."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


# ------------------------------------------------------------ reading

_SPECIAL: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_DEPTHS: Final = {"depth_512": 512, "depth_scalar": 512, "depth_none": 10**9}
_SMALL_DEPTHS: Final = {"depth_64": 64, "depth_128": 128, "depth_256": 256}


class _Reader:
    """
    Reads a JSON text; every character of ``text`` is a byte.

    A switch is asked for only where it would change something: ``each`` reads the text
    again for each one that was.
    """

    def __init__(self, data: bytes, on: Switches) -> None:
        self.on = on
        self.at = 0
        is_plain = data.isascii() and b"\0" not in data
        if data.startswith(b"\xef\xbb\xbf") and "read_bom" in on:
            data = data.removeprefix(b"\xef\xbb\xbf")
        if not is_plain and "read_utf16" in on:
            data = data.decode(json.detect_encoding(data), "replace").encode()
        if not is_plain and "read_latin1" in on:
            data = data.decode("latin-1").encode()
        if not is_plain and "read_to_nul" in on:
            data = data.partition(b"\0")[0]
        self.text = data.decode("latin-1")
        self.depth = 511
        if data.count(b"[") + data.count(b"{") > min(_SMALL_DEPTHS.values()) - 2:
            depth = min(
                (_SMALL_DEPTHS[one] for one in on & set(_SMALL_DEPTHS)), default=511
            )
            self.depth = max((_DEPTHS[one] for one in on & set(_DEPTHS)), default=depth)
        blanks = " \t\n\r"
        more = "\v\f\xa0\xc2"
        if not set(more).isdisjoint(self.text) and "read_more_blanks" in on:
            blanks += more
        comments = ""
        if ("/" in self.text or "#" in self.text) and "read_comments" in on:
            comments = r"|//[^\n]*|/\*.*?\*/|#[^\n]*"
        self._blanks = re.compile(f"(?:[{blanks}]{comments})*", re.DOTALL)

    def document(self) -> Json:
        self.blanks()
        if self.at == len(self.text) and "read_nothing" in self.on:
            return Map()
        value = self.value(1)
        self.blanks()
        if self.at != len(self.text) and "read_trailing" not in self.on:
            raise Refusal
        if not isinstance(value, list):
            if "top_level_any" not in self.on and "top_level_empty" not in self.on:
                raise Refusal
            return value if "top_level_any" in self.on else Map()
        if not isinstance(value, Map) and "top_level_object" in self.on:
            raise Refusal
        return value

    def blanks(self) -> None:
        found = self._blanks.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, wanted: str) -> bool:
        """Step over blanks and one character, if it is the one."""
        self.blanks()
        if self.peek() != wanted:
            return False
        self.at += 1
        return True

    def value(self, level: int) -> Json:
        self.blanks()
        first = self.peek()
        if first in ("{", "["):
            if level > self.depth:
                raise Refusal
            self.at += 1
            value = self.members(level) if first == "{" else self.items(level)
            if level == 512 and value and "depth_scalar" in self.on:
                raise Refusal
            return value
        if first == '"' or (first == "'" and "read_quotes" in self.on):
            return self.string()[1]
        word = self.match(r"-?[A-Za-z]+")
        if word:
            return self.literal(word[0])
        return self.number()

    def match(self, pattern: str) -> re.Match[str] | None:
        found = re.compile(pattern).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def literal(self, word: str) -> Json:
        words = {"true": True, "false": False, "null": None}
        if "read_literal_case" in self.on:
            word = word.lower()
        if word in words:
            return words[word]
        if word in _SPECIAL and "read_nan" in self.on:
            return Number(_SPECIAL[word], word)
        raise Refusal

    def items(self, level: int) -> list[Json]:
        items: list[Json] = []
        if self.take("]"):
            return items
        while True:
            items.append(self.value(level + 1))
            if self.take("]"):
                return items
            if not self.take(","):
                raise Refusal
            if "read_comma" in self.on and self.take("]"):
                return items

    def members(self, level: int) -> Map:
        members = Map()
        if self.take("}"):
            return members
        while True:
            key = self.key()
            if not self.take(":"):
                raise Refusal
            self.put(members, key, self.value(level + 1))
            if self.take("}"):
                return members
            if not self.take(","):
                raise Refusal
            if "read_comma" in self.on and self.take("}"):
                return members

    def key(self) -> Key:
        self.blanks()
        is_bare = self.peek() != '"' and "read_bare_keys" in self.on
        bare = is_bare and self.match(r"[A-Za-z_][A-Za-z_0-9]*")
        raw, text = (bare[0], bare[0]) if bare else self.string()
        return _key(text, raw, self.on)

    def put(self, members: Map, key: Key, value: Json) -> None:
        """Add a member, or replace the one of the same name."""
        on = self.on
        if key not in members.seen or "duplicates_kept" in on:
            members.seen.add(key)
            members.append((key, value))
            return
        if "duplicates_refused" in on:
            raise Refusal
        at = members.names().index(key)
        old = members[at]
        if "duplicates_unescaped" in on and old[0].raw != key.raw:
            members.append((key, value))
        elif "duplicates_last_place" in on:
            del members[at]
            members.append((key, value))
        elif "duplicates_merged" in on and isinstance(old[1], Map):
            if isinstance(value, Map):
                for name, one in value:
                    self.put(old[1], name, one)
            else:
                members[at] = (old[0], value)
        else:
            members[at] = old if "duplicates_first" in on else (old[0], value)

    def string(self) -> tuple[str, str]:
        """Return a string as it was spelled, and what it means."""
        on = self.on
        quote = self.peek()
        if quote != '"' and not (quote == "'" and "read_quotes" in on):
            raise Refusal
        self.at += 1
        start = self.at
        text: list[str] = []
        while True:
            raw = self.match(r"[^\"'\\\x00-\x1f]+")
            if raw:
                text.append(_utf8(raw[0].encode("latin-1"), on))
                continue
            here = self.peek()
            self.at += 1
            if here == quote:
                break
            if here == "\\":
                text.append(self.escape())
            elif here in ("'", '"') or (here and "read_control" in on):
                text.append(here)
            else:
                raise Refusal
        raw_text = self.text[start : self.at - 1]
        if "escapes_kept" in on:
            return raw_text, _utf8(raw_text.encode("latin-1"), on)
        return raw_text, _string("".join(text), on)

    def escape(self) -> str:
        on = self.on
        letter = self.peek()
        self.at += 1
        if letter in _ESCAPES and not ("escape_slash" in on and letter == "/"):
            return _ESCAPES[letter]
        if letter == "u" or (letter == "U" and "escape_upper" in on):
            digits = self.match(r"[0-9a-fA-F]{4}")
            if not digits and "escape_short" in on:
                digits = self.match(r"[0-9a-fA-F]{1,3}")
            if digits and not ("escape_lower" in on and digits[0] != digits[0].lower()):
                return self.unit(int(digits[0], 16))
        elif letter == "x" and "escape_hex" in on:
            digits = self.match(r"[0-9a-fA-F]{2}")
            if digits:
                return chr(int(digits[0], 16))
        elif letter and "escape_any" in on:
            return letter
        raise Refusal

    def unit(self, unit: int) -> str:
        r"""Return the character that begins with one \uXXXX."""
        if unit // 0x400 == 0x36:
            low = self.match(r"\\u[dD]([c-fC-F][0-9a-fA-F]{2})")
            if low:
                return chr(0x10000 + (unit % 0x400) * 0x400 + int(low[1], 16) - 0xC00)
        if unit // 0x800 == 0x1B:
            return _lone(unit, self.on)
        return chr(unit)

    def number(self) -> Json:
        on = self.on
        if "number_hex" in on:
            digits = self.match(r"0[xX]([0-9a-fA-F]+)")
            if digits:
                return Number(int(digits[1], 16), digits[0])
        found = _NUMBER.match(self.text, self.at)
        if not found or not found[0]:
            raise Refusal
        sign, whole, fraction, exponent = found.groups()
        loose = "number_point" in on
        if (
            (sign == "+" and "number_plus" not in on)
            or (whole[1:] and whole[0] == "0" and "number_zeros" not in on)
            or (not whole and not (loose and fraction and fraction != "."))
            or (fraction == "." and not loose)
        ):
            raise Refusal
        self.at = found.end()
        return _number(sign, whole, fraction, exponent, on)


def _key(text: str, raw: str, on: Switches) -> Key:
    if text[:1] == "\0" and "keys_nul" in on:
        raise Refusal
    if not text and "keys_empty" in on:
        text = "_empty_"
    is_other = re.fullmatch(r"-?0*[0-9]{1,18}", text) and str(int(text)) != text
    if is_other and "keys_zeros" in on:
        text = str(int(text))
    if text != text.strip() and "keys_trimmed" in on:
        text = text.strip()
    if text != text.lower() and "keys_lower" in on:
        text = text.lower()
    key = Key(text)
    key.raw = raw
    return key


def _utf8(raw: bytes, on: Switches) -> str:
    """Decode bytes; the switches are what programs do with malformed ones."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        if "utf8_replaced" in on:
            return raw.decode(errors="replace")
        if "utf8_dropped" in on:
            return raw.decode(errors="ignore")
        if "utf8_latin1" in on:
            return raw.decode("latin-1")
        if "utf8_bytes" in on:
            return raw.decode(errors="surrogateescape")
        if "utf8_loose" in on:
            return _loose_utf8(raw)
    raise Refusal


def _loose_utf8(raw: bytes) -> str:
    """Decode as a reader does that checks no ranges: overlong forms, surrogates."""
    text, at = "", 0
    while at < len(raw):
        size = next(
            (
                n
                for n, top in enumerate((0x80, 0xC0, 0xE0, 0xF0, 0xF8))
                if raw[at] < top
            ),
            0,
        )
        rest = raw[at + 1 : at + size] if size > 1 else b""
        if (
            size == 1
            or (size == 0 and raw[at] > 0x7F)
            or any(b >> 6 != 2 for b in rest)
        ):
            raise Refusal
        if size and len(rest) != size - 1:
            raise Refusal
        point = raw[at] & (0x7F if size == 0 else 0x7F >> size)
        for byte in rest:
            point = point << 6 | byte & 0x3F
        if point > 0x10FFFF:
            raise Refusal
        text += chr(point)
        at += max(size, 1)
    return text


def _lone(unit: int, on: Switches) -> str:
    r"""Return what is made of half a surrogate pair."""
    if "surrogates_kept" in on:
        return chr(unit)
    if "surrogates_replaced" in on:
        return "\ufffd"
    if "surrogates_dropped" in on:
        return ""
    raise Refusal


def _string(text: str, on: Switches) -> str:
    if "\0" in text and "string_nul" in on:
        raise Refusal
    if "\0" in text and "string_to_nul" in on:
        text = text.partition("\0")[0]
    if "\x7f" in text and "string_delete" in on:
        raise Refusal
    if (
        not text.isascii()
        and "string_noncharacters" in on
        and any(ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF for c in text)
    ):
        raise Refusal
    return text


def _number(
    sign: str, whole: str, fraction: str | None, exponent: str | None, on: Switches
) -> Json:
    """Return the value of a number, an integer or a double."""
    token = f"{sign}{whole}{fraction or ''}{exponent or ''}"
    if fraction is None and exponent is None and len(whole) < 4000:
        value = int(token)
        if value == 0 and sign == "-" and "integer_minus_zero" in on:
            return Number(-0.0, token)
        if value == 0 or "numbers_double" not in on:
            made = _integer(value, token, on)
            if made is not None:
                return made
    return Number(_double(sign, whole, fraction or "", exponent or "", on), token)


def _integer(value: int, token: str, on: Switches) -> Json:
    """Return an integer, or None where it becomes a double."""
    if "integers_32" in on:
        value = (value + 2**31) % 2**32 - 2**31
    if "integers_53" in on and abs(value) > 2**53:
        return None
    if value in _INT:
        return (
            None if "integers_min" in on and value == -(2**63) else Number(value, token)
        )
    if "integers_big" in on or ("integers_u64" in on and 0 < value < 2**64):
        return Number(value, token)
    if "integers_text" in on:
        return token
    if "integers_clamped" in on:
        return Number(_INT[-1] if value > 0 else _INT[0], token)
    if "integers_wrapped" in on:
        return Number((value + 2**63) % 2**64 - 2**63, token)
    if "integers_refused" in on:
        raise Refusal
    return None


def _double(sign: str, whole: str, fraction: str, exponent: str, on: Switches) -> float:
    power = exponent[1:].lstrip("+-0") or "0"
    if "exponent_unclamped" not in on and (len(power) > 5 or int(power) > 19999):
        exponent = f"e{'-' if exponent[1] == '-' else '+'}19999"
    if "digits_17" in on:
        whole, fraction = _cut(whole, fraction, 17)
    value = float(f"{sign}{whole or '0'}{fraction}{exponent}")
    if "single" in on and abs(value) < 3e38:
        value = struct.unpack("f", struct.pack("f", value))[0]
    if value - value != 0:
        if "overflow_refused" in on:
            raise Refusal
        if "overflow_largest" in on:
            return math.copysign(sys.float_info.max, value)
    if (
        value == 0
        and re.search("[1-9]", whole + fraction)
        and "underflow_refused" in on
    ):
        raise Refusal
    if abs(value) < sys.float_info.min and "underflow_early" in on:
        value = math.copysign(0.0, value)
    return 0.0 if value == 0 and "minus_zero" in on else value


def _cut(whole: str, fraction: str, most: int) -> tuple[str, str]:
    """Replace all digits after the first so many by zeros."""
    seen = 0
    cut = ""
    for digit in whole + fraction:
        if digit != ".":
            seen += seen > 0 or digit != "0"
            digit = digit if seen <= most else "0"  # noqa: PLW2901 - a plain loop
        cut += digit
    return cut[: len(whole)], cut[len(whole) :]


def _read_tree(tree: bytes, on: Switches) -> Json:
    """Read parameters in the typed form."""
    stack: list[list[Json]] = [[]]
    at = 0
    while at < len(tree):
        kind, at = tree[at : at + 1], at + 1
        if kind in b"[{":
            stack.append([])
            continue
        if kind in b"]}":
            items: list[Json] = stack.pop()
            value: Json = items
            if kind == b"}":
                reader = _Reader(b"", on)
                value = Map()
                for name, one in zip(items[::2], items[1::2], strict=True):
                    reader.put(value, _key(name, name, on), one)
        elif kind in b"ntf":
            value = {b"n": None, b"t": True, b"f": False}[kind]
        elif kind == b"s":
            size, _, _ = tree[at:].partition(b":")
            start = at + len(size) + 1
            at = start + int(size)
            value = _string(_utf8_later(tree[start:at], on), on)
        else:
            word, _, _ = tree[at:].partition(b";")
            at += len(word) + 1
            value = _tree_number(kind, word.decode(), on)
        stack[-1].append(value)
    return stack[0][0]


def _utf8_later(raw: bytes, on: Switches) -> str:
    """Decode; malformed bytes fail when they are written, if they still are."""
    try:
        return _utf8(raw, on)
    except Refusal:
        return raw.decode(errors="surrogateescape")


def _tree_number(kind: bytes, word: str, on: Switches) -> Json:
    if kind == b"i":
        sign, digits = ("-", word[1:]) if word[0] == "-" else ("", word)
        return _number(sign, digits, None, None, on)
    value: float = struct.unpack(">d", bytes.fromhex(word))[0]
    if "minus_zero" in on and value == 0:
        value = 0.0
    if "single" in on and abs(value) < 3e38:
        value = struct.unpack("f", struct.pack("f", value))[0]
    if "overflow_largest" in on and math.isinf(value):
        value = math.copysign(sys.float_info.max, value)
    return Number(value, repr(value))


# ------------------------------------------------------------ sorting


def _sorted(members: Map, on: Switches, *, top: bool = True) -> Map:
    """Return the members in the order of ksort, or of what is taken for it."""
    if "order_document" in on and top:
        return members
    names = members.names()
    places = list(range(len(names)))
    for switch, key in _ORDERS.items():
        if switch in on:
            keys = list(map(key, names))
            return Map(members[at] for at in sorted(places, key=keys.__getitem__))
    ties = "ksort=7" not in on and "order_ksort_7" not in on

    def after(x: int, y: int) -> bool:
        order = _compare(names[x], names[y], on)
        if order == 0 and ties:
            return y > x if "order_ties" in on else x > y
        return order > 0

    def compare(x: int, y: int) -> int:
        return _compare(names[x], names[y], on)

    if "order_stable" in on:
        places.sort(key=cmp_to_key(compare))
    elif "order_insertion" in on:
        _insertion(places, after)
    else:
        _Zend(places, after, five="sort_1024" not in on).sort()
    if "order_reverse" in on:
        places.reverse()
    return Map(members[place] for place in places)


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


#: The ASCII characters in the order of Unicode's collation, which ICU follows; letters
#: come behind, without regard to case at first.
_COLLATED: Final = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"


def _collated(key: str) -> Json:
    """Return what localeCompare of Node compares, of ASCII."""
    parts = [
        (0, _COLLATED.index(c)) if c in _COLLATED else (1, ord(c.lower())) for c in key
    ]
    return parts, key.swapcase()


#: What other orders than that of ksort sort by.
_ORDERS: Final[dict[str, Callable[[str], Json]]] = {
    "order_caseless": str.lower,
    "order_bytes": _bytes,
    "order_utf16": _utf16,
    "order_length": lambda key: (len(_bytes(key)), _bytes(key)),
    "order_natural": lambda key: [
        (0, int(part), b"") if part.isdecimal() else (1, 0, _bytes(part))
        for part in re.findall("[0-9]+|[^0-9]+", key)
    ],
    "order_numeric": lambda key: float(_numeric(key, frozenset(), prefix=True)[0]),
    "order_locale": lambda key: (
        re.sub(r"[^\w]|_", "", key).casefold(),
        key.swapcase(),
    ),
    "order_collated": _collated,
    "order_javascript": lambda key: (
        (0, int(key), b"") if _is_index(key) else (1, 0, _utf16(key))
    ),
}


def _is_index(key: str) -> bool:
    """Whether a key is an array index of JavaScript, which objects put in front."""
    return bool(re.fullmatch("0|[1-9][0-9]{0,9}", key)) and int(key) < 2**32 - 1


def _is_integer(key: str, on: Switches) -> bool:
    """Whether PHP makes an integer of a key."""
    if key == "-0" and "keys_minus_zero" in on:
        return True
    return len(key) <= 20 and bool(_INTEGER.fullmatch(key)) and int(key) in _INT


def _compare(x: str, y: str, on: Switches) -> int:
    """Compare two keys as ksort does: below zero, zero or above."""
    x_int, y_int = _is_integer(x, on), _is_integer(y, on)
    if x_int and y_int:
        return int(x) - int(y)
    if x_int:
        return _mixed(int(x), y, on)
    if y_int:
        return -_mixed(int(y), x, on)
    old = "ksort=7" in on or "order_ksort_7" in on
    first, second = _numeric(x, on, old=old), _numeric(y, on, old=old)
    if first is None or second is None or "numeric_never" in on:
        return _sign(_bytes(x), _bytes(y))
    return _numbers(first, second, x, y, on)


def _sign(x: Json, y: Json) -> int:
    return int(x > y) - int(x < y)


def _mixed(number: int, key: str, on: Switches) -> int:
    """Compare an integer key with a string key."""
    if "order_integers_first" in on:
        return -1
    if "order_integers_last" in on:
        return 1
    ancient = {"ksort=7", "ksort=8.0", "order_ksort_7", "order_ksort_8_0"}
    found = _numeric(key, on, prefix=not on.isdisjoint(ancient))
    if found is None or "numeric_never" in on:
        return _sign(str(number).encode(), _bytes(key))
    value = found[0]
    return _sign(number if isinstance(value, int) else float(number), value)


def _numeric(
    key: str, on: Switches, *, prefix: bool = False, old: bool = False
) -> Json:
    """
    Return the value and the overflow sign of a numeric string, or None.

    Args:
        key: the string.
        on: the switches.
        prefix: take the number at its beginning, or 0, as PHP before 8.2 does.
        old: refuse blanks behind, as PHP 7 does.
    """
    found = _NUMERIC.match(key)
    assert found is not None
    _, sign, whole, fraction, exponent, behind = found.groups()
    if not whole and (fraction or ".") == ".":
        return (0, 0) if prefix else None
    if prefix:
        behind = ""
    elif found.end() != len(key) or not _allowed(found, on) or (old and behind):
        return None
    digits = whole.lstrip("0")
    overflow = (-1 if sign == "-" else 1) if len(digits) >= 20 else 0
    is_integer = fraction is None and exponent is None and len(digits) < 20
    if is_integer and len(digits) == 19:
        text, most = digits + behind, "9223372036854775808"
        text = digits if "numeric_behind" in on else text
        if text > most or (text == most and sign != "-"):
            is_integer, overflow = False, -1 if sign == "-" else 1
    if is_integer:
        return int(f"{sign}{whole}"), 0
    value = _double(sign, whole, fraction or "", exponent or "", frozenset())
    return value, 0 if "numeric_no_overflow" in on else overflow


def _allowed(found: re.Match[str], on: Switches) -> bool:
    """Whether a program takes a numeric string for one."""
    before, sign, whole, fraction, exponent, behind = found.groups()
    return not (
        ("numeric_blanks" in on and (before or behind))
        or ("numeric_point" in on and (not whole or fraction == "."))
        or ("numeric_exponent" in on and exponent)
        or ("numeric_plus" in on and sign == "+")
        or ("numeric_zeros" in on and whole[:1] == "0" and len(whole) > 1)
        or ("numeric_fraction" in on and fraction)
    )


def _numbers(first: Json, second: Json, x: str, y: str, on: Switches) -> int:
    """Compare two numeric strings."""
    (v1, o1), (v2, o2) = first, second
    if o1 and o1 == o2 and v1 - v2 == 0:
        return _sign(_bytes(x), _bytes(y))
    whole1, whole2 = isinstance(v1, int), isinstance(v2, int)
    if whole1 and whole2:
        return _sign(v1, v2)
    if "numeric_exact" in on:
        return _sign(v1, v2)
    if whole1:
        return int(-o2 or _sign(float(v1), v2))
    if whole2:
        return int(o1 or _sign(v1, float(v2)))
    if v1 == v2 and math.isinf(v1) and "numeric_infinite" not in on:
        return _sign(_bytes(x), _bytes(y))
    return _sign(v1, v2)


def _insertion(a: list[int], after: Callable[[int, int], bool]) -> None:
    """Sort by plain insertion."""
    for i in range(1, len(a)):
        one, j = a[i], i
        while j and after(a[j - 1], one):
            a[j] = a[j - 1]
            j -= 1
        a[j] = one


class _Zend:
    """zend_sort: networks up to 5, insertion up to 16, else a quick sort."""

    def __init__(
        self, a: list[int], after: Callable[[int, int], bool], *, five: bool
    ) -> None:
        self.a = a
        self._after = after
        self.five = five

    def sort(self) -> None:
        work = [(0, len(self.a))]
        while work:
            start, end = work.pop()
            if end - start > 16:
                work += self.split(start, end)
            else:
                self.few(start, end)

    def after(self, x: int, y: int) -> bool:
        return self._after(self.a[x], self.a[y])

    def swap(self, x: int, y: int) -> bool:
        """Swap two elements if they are in the wrong order; return whether."""
        if not self.after(x, y):
            return False
        self.exchange(x, y)
        return True

    def exchange(self, x: int, y: int) -> None:
        self.a[x], self.a[y] = self.a[y], self.a[x]

    def network(self, *places: int) -> None:
        """Sort two to five elements."""
        if len(places) == 2:
            self.swap(*places)
            return
        p, q, r = places[:3]
        if not self.after(p, q):
            if self.swap(q, r):
                self.swap(p, q)
        elif not self.after(r, q):
            self.exchange(p, r)
        else:
            self.exchange(p, q)
            self.swap(q, r)
        for size in range(4, len(places) + 1):
            for at in range(size - 1, 0, -1):
                if not self.swap(places[at - 1], places[at]):
                    break

    def few(self, start: int, end: int) -> None:
        size = end - start
        if size < 2:
            return
        if size <= 5:
            self.network(*range(start, end))
            return
        for i in range(start + 1, end):
            if self.after(i - 1, i):
                self.a.insert(self.target(start, i), self.a.pop(i))

    def target(self, start: int, i: int) -> int:
        """Find the place of an element among those before it."""
        j = i - 1
        if i - start < 6:
            while j > start and self.after(j - 1, i):
                j -= 1
            return j
        while True:
            j -= 2
            if not self.after(j, i):
                return j + 1 if self.after(j + 1, i) else j + 2
            if j == start:
                return start
            if j == start + 1:
                return j if self.after(i, start) else start

    def split(self, b: int, e: int) -> list[tuple[int, int]]:
        half = (e - b) // 2
        m = b + half
        if e - b >= 1024 and self.five:
            d = half // 2
            self.network(b, b + d, m, m + d, e - 1)
        else:
            self.network(b, m, e - 1)
        pivot = b + 1
        self.exchange(pivot, m)
        i = self.part(pivot, b + 2, e - 1)
        self.exchange(pivot, i - 1)
        return [(b, i - 1), (i, e)]

    def part(self, pivot: int, i: int, j: int) -> int:
        while True:
            while self.after(pivot, i):
                i += 1
                if i == j:
                    return i
            j -= 1
            if j == i:
                return i
            while self.after(j, pivot):
                j -= 1
                if j == i:
                    return i
            self.exchange(i, j)
            i += 1
            if i == j:
                return i


# ------------------------------------------------------------ writing


class _Writer:
    """Arranges and writes what was read."""

    def __init__(self, on: Switches) -> None:
        self.on = on
        deep = {"depth_tree_511": 511, "depth_tree_none": 10**9, "depth_none": 10**9}
        self.depth = next((deep[one] for one in on & set(deep)), 512)
        self.top_names: list[str] = []

    def document(self, value: Json) -> str | bytes:
        on = self.on
        if isinstance(value, Map):
            value = self.arrange(value)
        try:
            text = self.value(value, "", 1)
            if isinstance(value, Map) and not on.isdisjoint(_QUERIES):
                return self.query(value)
        except Refusal:
            if "fails_empty" in on:
                return b""
            raise
        return text

    def arrange(self, top: Map) -> Map:
        """Sort the top level and remove what is not signed."""
        on = self.on
        data = next((one for name, one in top if name == "data"), None)
        if "scope_data" in on and isinstance(data, Map):
            top = data
        if "with_type_added" in on and "sign_type" not in top.names():
            top = Map([*top, ("sign_type", "RSA2")])
        top = self.kept(top, top=True)
        if "remove_first" in on:
            top = self.signless(top)
        self.listed = [*map(str, range(len(top)))] == top.names()
        arranged = self.signless(_sorted(top, on))
        self.top_names = arranged.names()
        return arranged

    def signless(self, members: Map) -> Map:
        kept = Map()
        for name, value in members:
            member: Json = value
            if self.is_sign(name, value):
                wanted = name.strip().lower() != "sign_type"
                if "with_sign_empty" in self.on and wanted:
                    member = ""
                elif "with_sign_null" in self.on and wanted:
                    member = None
                elif "with_sign_kept" in self.on and wanted:
                    member = value
                elif (
                    not ("with_type_kept" in self.on or "with_type_added" in self.on)
                    or wanted
                ):
                    continue
            kept.append((name, member))
        return kept

    def is_sign(self, name: str, value: Json) -> bool:
        """Whether a member is removed."""
        on = self.on
        if "remove_spelled" in on:
            name = getattr(name, "raw", name)
        if "remove_caseless" in on:
            name = name.lower()
        if "remove_trimmed" in on:
            name = name.strip(" \t\n\r\0\v")
        if "remove_zero" in on and name == "0":
            return True
        if "remove_prefix" in on and name.startswith("sign"):
            return True
        if value is None and "remove_set" in on:
            return False
        return name in ("sign", "sign_type")

    def kept(self, members: Map, *, top: bool) -> Map:
        """Leave out or change members, as some programs do."""
        on = self.on
        nulls = _NO_NULL | _NO_NULL_TOP if top else _NO_NULL
        strings = _NO_STRING | _NO_STRING_TOP if top else _NO_STRING
        return Map(
            (name, self.trimmed(value))
            for name, value in members
            if not (
                (value is None and not on.isdisjoint(nulls))
                or (value == "" and not on.isdisjoint(strings))
                or (
                    value == []
                    and isinstance(value, list)
                    and "values_no_containers" in on
                )
                or (top and "values_no_falsy_top" in on and _falsy(value))
            )
        )

    def trimmed(self, value: Json) -> Json:
        if isinstance(value, str):
            if "values_trimmed" in self.on or "values_trimmed_null" in self.on:
                value = value.strip(" \t\n\r\0\v")
            if not value and "values_trimmed_null" in self.on:
                return None
        return value

    def value(  # noqa: C901 - a branch for each mistake
        self, value: Json, key: str, level: int
    ) -> str:
        on = self.on
        if isinstance(value, list) and level == 2 and "nested_text" in on:
            inner = _Writer(on - {"nested_text"})
            return self.string(inner.value(value, key, level))
        if isinstance(value, Map):
            return self.members(value, level)
        if isinstance(value, list):
            if level > self.depth:
                raise Refusal
            if level == 1 and value and "top_level_numbered" in on:
                return self.pairs(enumerate(value), level)
            return self.items(value, key, level)
        if isinstance(value, Number):
            return self.number(value, key)
        if isinstance(value, str):
            return "null" if not value and "empty_null" in on else self.string(value)
        if value is None:
            return '""' if "null_empty" in on else "null"
        for code, (true, false) in _BOOLEANS.items():
            if code in on:
                return true if value else false
        return "true" if value else "false"

    def items(self, items: list[Json], key: str, level: int) -> str:
        if "arrays_objects" in self.on and items:
            return self.pairs(enumerate(items), level)
        if "elements_no_null" in self.on:
            items = [one for one in items if one is not None]
        if "elements_no_empty" in self.on:
            items = [one for one in items if one != ""]
        inner = [self.value(one, key, level + 1) for one in items]
        if "elements_sorted" in self.on:
            inner.sort()
        if "elements_unique" in self.on:
            inner = list(dict.fromkeys(inner))
        return self.bracketed("[", inner, "]", level)

    def members(self, members: Map, level: int) -> str:
        on = self.on
        if level > self.depth:
            raise Refusal
        if level > 1:
            members = self.kept(members, top=False)
            if "remove_deep" in on:
                members = self.signless(members)
            if "order_deep" in on:
                members = _sorted(members, on, top=False)
            if "members_listed" in on and members:
                names = self.top_names
                members = Map(one for one in members if one[0] in names)
                members.sort(key=lambda one: names.index(one[0]))
                if not members:
                    return "{}"
            if "nested_indexes_first" in on:
                members = Map(
                    sorted(
                        members,
                        key=lambda one: int(one[0]) if _is_index(one[0]) else 2**32,
                    )
                )
        if not members:
            is_object = "empty_object" in on or "empty_kept" in on
            return "{}" if is_object else "[]"
        if self.is_list(members, level):
            return self.items([one for _, one in members], members[-1][0], level)
        return self.pairs(members, level)

    def is_list(self, members: Map, level: int) -> bool:
        on = self.on
        names: list[Json] = members.names()
        wanted = [*map(str, range(len(names)))]
        if "empty_object" in on or "lists_kept" in on:
            return False
        if "lists_zeros" in on and all(re.fullmatch("[0-9]+", one) for one in names):
            names = [str(int(one)) for one in names]
        if "keys_minus_zero" in on:
            names = ["0" if one == "-0" else one for one in names]
        if "lists_unsorted" in on:
            return set(names) == set(wanted)
        if "lists_integers" in on:
            return all(_is_integer(one, on) for one in names)
        if "lists_growing" in on:
            indexes = all(_is_index(one) for one in names)
            return indexes and sorted(names, key=int) == names
        if "lists_first" in on and level == 1 and not self.listed:
            return False
        if "lists_top_kept" in on and level == 1:
            return False
        return names == wanted

    def pairs(self, members: Iterable[tuple[Json, Json]], level: int) -> str:
        on = self.on
        colon = ": " if not on.isdisjoint(_SPACED) else ":"
        inner = []
        for key, value in members:
            name = self.string(str(key), is_key=True)
            if "keys_bare" in on and _is_integer(str(key), on):
                name = str(key)
            inner.append(name + colon + self.value(value, str(key), level + 1))
        return self.bracketed("{", inner, "}", level)

    def bracketed(self, left: str, inner: list[str], right: str, level: int) -> str:
        on = self.on
        for code, width in _INDENTED.items():
            if code in on and inner:
                pad = "\n" + width * level
                end = "\n" + width * (level - 1)
                return left + pad + ("," + pad).join(inner) + end + right
        is_spaced = "spacing_python" in on or "spacing_commas" in on
        return left + (", " if is_spaced else ",").join(inner) + right

    def string(self, text: str, *, is_key: bool = False) -> str:
        on = self.on
        if "numbers_check" in on and not is_key:
            found = _numeric(text, frozenset())
            if found and not math.isinf(found[0]):
                return self.number(Number(found[0], text), "")
        if not is_key:
            text = _changed(text, on)
            date = _date(text, on) if _DATE.fullmatch(text) else None
            if date is not None:
                return date
        raw = is_key and "keys_raw" in on
        return f'"{"".join(c if raw else _escape(c, on) for c in text)}"'

    def number(  # noqa: C901 - a branch for each mistake
        self, number: Number, key: str
    ) -> str:
        on = self.on
        value = number.value
        if value - value != 0:
            return self.infinite(number)
        if "numbers_written" in on:
            return number.token
        if "numbers_java" in on:
            return _double_text(float(value), on | {"float_java"})
        if "numbers_places" in on:
            return f"{value:.2f}"
        is_double = not isinstance(value, int)
        if is_double and "doubles_places_text" in on:
            return f'"{value:.2f}"'
        if is_double and "doubles_text" in on:
            # Tokens of thousands of digits would fill the kit.
            return f'"{number.token[:64]}"'
        text = _double_text(value, on) if is_double else str(value)
        if key == "amount":
            if "numbers_amount_cents" in on:
                return f"{value * 100:.0f}"
            if "numbers_amount_places" in on:
                return f"{value:.2f}"
            if "numbers_amount_text" in on:
                return f'"{text}"'
            if "numbers_amount_places_text" in on:
                return f'"{value:.2f}"'
            if "numbers_amount_float" in on:
                return repr(float(value))
        return f'"{text}"' if "numbers_text" in on else text

    def infinite(self, number: Number) -> str:
        value = number.value
        if number.token in _SPECIAL:
            return number.token
        answers = {
            "fails_null": "null",
            "fails_zero": "0",
            "fails_word": "-Infinity" if value < 0 else "Infinity",
            "fails_text": '"-INF"' if value < 0 else '"INF"',
        }
        if math.isnan(value):
            answers = {"nan_null": "null", "nan_zero": "0", "nan_word": "NaN"}
        for code, text in answers.items():
            if code in self.on:
                return text
        raise Refusal

    def query(self, members: Map) -> str:
        on = self.on
        if "form_values" in on or "form_pairs" in on:
            names = "form_pairs" in on
            return "".join(f"{k if names else ''}{self.plain(v)}" for k, v in members)
        if "form_query_encoded" not in on:
            return "&".join(f"{name}={self.plain(value)}" for name, value in members)
        work: list[tuple[str, Json]] = list(reversed(members))
        parts = []
        while work:
            name, value = work.pop()
            if isinstance(value, list):
                pairs = value if isinstance(value, Map) else list(enumerate(value))
                work += [(f"{name}[{key}]", one) for key, one in reversed(pairs)]
            elif value is not None:
                text = str(int(value)) if isinstance(value, bool) else self.plain(value)
                parts.append(f"{quote_plus(name)}={quote_plus(text)}")
        return "&".join(parts)

    def plain(self, value: Json) -> str:
        if isinstance(value, str):
            return value
        if value is None:
            return ""
        if isinstance(value, bool) and "form_query_php" in self.on:
            return "1" if value else ""
        return self.value(value, "", 2)


_NO_NULL: Final = frozenset({"values_no_null", "values_no_empty"})
_NO_NULL_TOP: Final = frozenset({"values_no_null_top", "values_no_empty_top"})
_NO_STRING: Final = frozenset({"values_no_empty", "values_no_empty_strings"})
_NO_STRING_TOP: Final = frozenset(
    {"values_no_empty_top", "values_no_empty_strings_top"}
)
_QUERIES: Final = (
    *("form_query", "form_query_php", "form_query_encoded"),
    *("form_values", "form_pairs"),
)
_INDENTED: Final = {
    "spacing_pretty_4": "    ",
    "spacing_pretty_2": "  ",
    "spacing_tab": "\t",
}
_SPACED: Final = ("spacing_python", "spacing_colons", *_INDENTED)
_BOOLEANS: Final = {
    "booleans_numbers": ("1", "0"),
    "booleans_text": ('"true"', '"false"'),
    "booleans_digits": ('"1"', '"0"'),
    "booleans_php": ('"1"', '""'),
    "booleans_python": ('"True"', '"False"'),
}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d.*)?")


def _falsy(value: Json) -> bool:
    """Whether a value is false in PHP."""
    if isinstance(value, Number):
        return value.value == 0
    return not value or value == "0"


def _date(text: str, on: Switches) -> str | None:
    """Write a string that holds a date, as programs do that read dates."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if "dates_number" in on:
        return str(int(moment.timestamp()))
    # A reader that knows ISO 8601 alone takes the others for text.
    if "T" not in text:
        return None
    seconds = f"{moment:%Y-%m-%dT%H:%M:%S}"
    if "dates_javascript" in on:
        return f'"{seconds}.{moment.microsecond // 1000:03}Z"'
    return f'"{seconds}Z"' if "dates_short" in on else None


def _changed(text: str, on: Switches) -> str:
    """Change the characters of a string that is a value, as some programs do."""
    for code, form in _FORMS.items():
        if code in on:
            text = unicodedata.normalize(form, text)
    for code, (pattern, replacement) in _REPLACED.items():
        if code in on:
            text = re.sub(pattern, replacement, text)
    if "text_entities" in on:
        text = html.escape(text).replace("&#x27;", "&#039;")
    return unquote_plus(text) if "text_percent" in on else text


_FORMS: Final[dict[str, Literal["NFC", "NFD", "NFKC"]]] = {
    "text_composed": "NFC",
    "text_decomposed": "NFD",
    "text_compatible": "NFKC",
}
_REPLACED: Final = {
    "text_lines": ("\r\n", "\n"),
    "text_blanks": (r"[ \t\r\n]+", " "),
    "text_tags": ("<[^>]*>", ""),
    "text_backslashes": (r"\\(.?)", r"\1"),
    "text_invisible": ("[\u200b-\u200d\u2060\ufeff]", ""),
    "text_control": (r"[\x00-\x1f]", ""),
    "text_question": ("[^\x00-\xff]", "?"),
    "text_ascii": (r"[^\x00-\x7f]", ""),
}


def _escape(  # noqa: C901, PLR0912 - a branch for each mistake
    c: str, on: Switches
) -> str:
    """Write one character of a string."""
    point = ord(c)
    if 0xDC80 <= point <= 0xDCFF and "utf8_bytes" in on:
        return c
    if (
        0xD800 <= point <= 0xDFFF
        and "surrogates_kept" not in on
        and "utf8_loose" not in on
    ):
        raise Refusal
    if c == '"' and "quotes_raw" in on:
        return c
    if c == '"' and "quotes_hex" in on:
        return "\\u0022"
    if c == "\\" and "backslashes_raw" in on:
        return c
    if "html_tags" in on and c in "<>&":
        return f"\\u{point:04x}"
    if ("html_hex" in on and c in "<>&'\"") or (
        "html_dotnet" in on and c in "<>&'\"+`\x7f"
    ):
        return f"\\u{point:04X}"
    if "html_apostrophe" in on and c == "'":
        return "\\u0027"
    if c == "/":
        bare = "slashes_raw" in on or "unescaped_slashes" in on
        return "/" if bare else "\\\\/" if "slashes_doubled" in on else "\\/"
    if c in _SHORT and not ("control_long" in on and point < 0x20):
        if "control_backspace" in on and c in "\b\f":
            return f"\\u{point:04x}"
        return "\\" + _SHORT[c]
    if point < 0x20:
        if "control_raw" in on:
            return c
        if "control_vertical" in on and c == "\v":
            return "\\v"
        if "control_hex" in on:
            return f"\\x{point:02x}"
        return f"\\u{point:04X}" if "unicode_upper" in on else f"\\u{point:04x}"
    if c == "\x7f" and "control_hex" in on:
        return "\\x7f"
    if c == "\x7f":
        return "\\u007f" if "delete_escaped" in on else c
    return c if point < 0x80 else _beyond_ascii(c, on)


def _beyond_ascii(  # noqa: C901, PLR0912 - a branch for each mistake
    c: str, on: Switches
) -> str:
    point = ord(c)
    if "unicode_raw_all" in on:
        return c
    raw = "unicode_raw" in on or "unescaped_unicode" in on
    if raw and (c not in "\u2028\u2029" or "separators_raw" in on):
        return c
    if "unicode_astral_raw" in on and point > 0xFFFF:
        return c
    if "unicode_latin_raw" in on and point < 0x100:
        return c
    form = "\\u{:04X}" if "unicode_upper" in on else "\\u{:04x}"
    if "unicode_entities" in on:
        form = "&#{};"
    if "unicode_unpadded" in on:
        form = "\\u{:x}"
    if "unicode_bytes" in on:
        return "".join(form.format(byte) for byte in c.encode("utf-8", "surrogatepass"))
    if point <= 0xFFFF:
        return form.format(point)
    if "unicode_eight" in on:
        return f"\\U{point:08x}"
    if "unicode_brace" in on:
        return f"\\u{{{point:x}}}"
    if "unicode_point" in on:
        return form.format(point)
    if "unicode_cut" in on:
        return form.format(point & 0xFFFF)
    if "unicode_question" in on:
        return "?"
    point -= 0x10000
    return form.format(0xD800 + (point >> 10)) + form.format(0xDC00 + (point & 0x3FF))


def _double_text(  # noqa: C901, PLR0912 - a branch for each mistake
    value: float, on: Switches
) -> str:
    """Write a double."""
    if "digits_2" in on:
        return f"{value:.2f}"
    if "digits_rounded" in on:
        value = round(value, 2)
    whole = value == int(value)
    sign = "-" if math.copysign(1, value) < 0 else ""
    if "numbers_float" in on:
        return repr(value)
    if "float_fixed" in on:
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    if "float_whole_exact" in on and whole and abs(value) < 1e17:
        return f"{value:.0f}"
    digits, exponent, high = _digits(abs(value), on)
    low = -4
    if "float_javascript" in on:
        low, high = -6, 20
    if "float_java" in on:
        low, high = -3, 6
    if "float_small_late" in on:
        low = -6
    if "float_small_early" in on:
        low = -3
    high = next((n for code, n in _HIGH.items() if code in on), high)
    if not low <= exponent <= high:
        return sign + _scientific(digits, exponent, on)
    if exponent < 0:
        text = "0." + "0" * (-exponent - 1) + digits
    else:
        text = digits[: exponent + 1].ljust(exponent + 1, "0")
        text += f".{digits[exponent + 1 :]}" if digits[exponent + 1 :] else ""
    if "." not in text and not on.isdisjoint(_POINT):
        text += ".0"
    return sign + (text.replace(".", ",") if "float_comma" in on else text)


_POINT: Final = {"float_point", "float_java", "preserve_zero_fraction"}
_HIGH: Final = {"float_large_15": 14, "float_large_16": 15, "float_large_late": 20}


def _digits(value: float, on: Switches) -> tuple[str, int, int]:
    """Return the digits without zeros around them, the exponent, and its limit."""
    high = 16
    if "numbers_php_17" in on or "precision=17" in on:
        text = f"{value:.16e}"
    elif "precision=100" in on:
        text, high = f"{value:.99e}", 99
    elif "digits_15" in on:
        text, high = f"{value:.14e}", 14
    elif "digits_14" in on:
        text, high = f"{value:.13e}", 13
    elif "digits_c" in on:
        text = next(
            f"{value:.{n}e}" for n in range(14, 17) if float(f"{value:.{n}e}") == value
        )
    else:
        mantissa, _, power = repr(value).partition("e")
        whole, _, fraction = mantissa.partition(".")
        digits = (whole + fraction).lstrip("0")
        zeros = len(whole + fraction) - len(digits)
        exponent = int(power or 0) + len(whole) - 1 - zeros
        digits = digits.rstrip("0")
        return (digits, exponent, high) if digits else ("0", 0, high)
    mantissa, _, power = text.partition("e")
    return mantissa.replace(".", "").rstrip("0") or "0", int(power), high


def _scientific(digits: str, exponent: int, on: Switches) -> str:
    fraction = digits[1:] or "0"
    if fraction == "0" and ("float_bare" in on or "float_javascript" in on):
        fraction = ""
    text = digits[0] + (f".{fraction}" if fraction else "")
    letter = "E" if "float_upper" in on or "float_java" in on else "e"
    sign = "-" if exponent < 0 else "+"
    if sign == "+" and ("float_unsigned" in on or "float_java" in on):
        sign = ""
    power = str(abs(exponent))
    return text + letter + sign + (power.zfill(2) if "float_padded" in on else power)


def _around(  # noqa: C901 - a branch for each mistake
    text: str | bytes, on: Switches
) -> bytes:
    """Encode the text, and do to it what some programs do before they sign."""
    if isinstance(text, bytes):
        return text
    errors = "surrogateescape" if "utf8_bytes" in on else "surrogatepass"
    data = text.encode("utf-8", errors)
    if "end_lf" in on:
        data += b"\n"
    if "end_crlf" in on:
        data += b"\r\n"
    if "end_bom" in on:
        data = b"\xef\xbb\xbf" + data
    if "encoding_utf16le" in on:
        data = data.decode("utf-8", errors).encode("utf-16-le", errors)
    if "encoding_percent" in on:
        return quote(data, safe="").encode()
    if "encoding_json" in on:
        written = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        return b'"' + written + b'"'
    if "hashing_hex" in on:
        return hashlib.sha256(data).hexdigest().encode()
    if "hashing_raw" in on:
        return hashlib.sha256(data).digest()
    if "hashing_md5_hex" in on:
        return hashlib.md5(data, usedforsecurity=False).hexdigest().encode()
    return base64.b64encode(data) if "hashing_base64" in on else data
