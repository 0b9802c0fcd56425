r"""
The tokens of a JSON text: blanks, strings, numbers and literals.

Every function takes the text with one NUL byte behind it, and an offset. The
NUL can continue nothing. So the end of the text needs no case of its own: it
is a fault like any other bad byte, and its offset is the length of the text.

Strings
    Well-formed UTF-8 without the bytes 00 to 1f. Escapes are
    ``\" \\ \/ \b \f \n \r \t`` and ``\uXXXX`` with hexadecimal digits of
    either case. An escaped high surrogate has to be followed at once by an
    escaped low one; both are one character. ``\u0000`` is allowed.

Numbers
    ``-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?``; their values are the
    matter of ``number``. One beyond the range of a double is an Infinite.

Literals
    ``true``, ``false`` and ``null``, in lower case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, NoReturn, TypeAlias, cast

from kesspay.errors import CanonicalizationError
from kesspay.signing.number import read_double, read_integer


__all__ = ["END", "READERS", "SPACE", "Infinite", "fail", "read_key", "skip_blanks"]

#: What has to stand behind the text.
END: Final = b"\0"

#: No blank is above it.
SPACE: Final = ord(" ")

#: A pattern that matches everywhere, if only the empty text.
_Always: TypeAlias = Callable[[bytes, int], re.Match[bytes]]

_BLANKS: Final = rb"[ \t\n\r]*+"
_PLAIN: Final = rb'[^"\\\x00-\x1f]'

_blanks = cast("_Always", re.compile(_BLANKS).match)
_plain_string = re.compile(rb'"(' + _PLAIN + rb'*+)"').match
_plain_key = re.compile(rb'"(' + _PLAIN + rb'*+)"' + _BLANKS + rb":" + _BLANKS).match

#: The longest run of faultless characters of a string, UTF-8 left aside.
_characters = cast(
    "_Always",
    re.compile(
        rb"(?:" + _PLAIN + rb"++"
        rb'|\\["\\/bfnrt]'
        rb"|\\u(?:[0-9abcefABCEF][0-9a-fA-F]{3}"
        rb"|[dD][0-7][0-9a-fA-F]{2}"
        rb"|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
        rb")*+"
    ).match,
)
_surrogate = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}").match

_NUMBER: Final = rb"-?+(?:0|[1-9][0-9]*+)(\.[0-9]++)?+([eE][+-]?+[0-9]++)?+"

_number = re.compile(_NUMBER + rb"(?![.eE])").match
_broken_number = re.compile(_NUMBER).match

#: Resolves the escapes of a string that is known to be good.
_unescape = json.JSONDecoder().raw_decode

_QUOTE: Final = ord('"')
_BACKSLASH: Final = ord("\\")
_COLON: Final = ord(":")
_DOT: Final = ord(".")
_SIGNS: Final = frozenset(b"+-")
_WORDS: Final[dict[int, tuple[bytes, bool | None]]] = {
    ord("t"): (b"true", True),
    ord("f"): (b"false", False),
    ord("n"): (b"null", None),
}


class Infinite(float):
    """
    A number of the text beyond the range of a double.

    Attributes:
        position: offset in bytes of its first byte in the text.
    """

    __slots__ = ("position",)

    position: int


def fail(reason: str, position: int) -> NoReturn:
    """Refuse the text for a fault at an offset in bytes."""
    raise CanonicalizationError(reason, position=position)


def skip_blanks(data: bytes, at: int) -> int:
    """Return the offset of what follows the blanks at an offset, if any."""
    return _blanks(data, at).end()


def read_key(data: bytes, at: int) -> tuple[str, int]:
    """
    Read a key and its colon.

    Returns:
        The key, and the offset of its value.
    """
    match = _plain_key(data, at)
    if match:
        return _decode_utf8(match[1], at + 1), match.end()
    if data[at] != _QUOTE:
        fail("syntax", at)
    key, at = _read_string(data, at)
    at = skip_blanks(data, at)
    if data[at] != _COLON:
        fail("syntax", at)
    return key, skip_blanks(data, at + 1)


def _read_string(data: bytes, at: int) -> tuple[str, int]:
    """Read the string whose opening quote is here; return what follows it."""
    match = _plain_string(data, at)
    if match:
        return _decode_utf8(match[1], at + 1), match.end()
    end = _characters(data, at + 1).end()
    # Of two faults the one that comes first counts: UTF-8 before the escape.
    raw = _decode_utf8(data[at + 1 : end], at + 1)
    if data[end] == _QUOTE:
        return _unescape(f'"{raw}"')[0], end + 1
    if data[end] == _BACKSLASH:
        fail("surrogate" if _surrogate(data, end) else "escape", end)
    return fail("syntax" if end == len(data) - 1 else "control", end)


def _decode_utf8(characters: bytes, at: int) -> str:
    """Decode characters of a string that start at an offset."""
    try:
        return characters.decode()
    except UnicodeDecodeError as error:
        # Not raised from here: that error holds a piece of the document.
        fault = at + error.start
    fail("utf8", fault)


def _read_number(data: bytes, at: int) -> tuple[int | float, int]:
    """Read the number that starts here; return what follows it."""
    match = _number(data, at)
    if match is None:
        _fail_in_number(data, at)
    if match.lastindex is None:
        value = read_integer(match[0])
        if type(value) is int:
            return value, match.end()
    else:
        value = read_double(match[0])
    if value - value == 0:
        return value, match.end()
    infinite = Infinite(value)
    infinite.position = at
    return infinite, match.end()


def _fail_in_number(data: bytes, at: int) -> NoReturn:
    """Find the fault where a number goes on with a dot or an e, in vain."""
    match = _broken_number(data, at)
    if match is None:
        # There is a minus, and no digit behind it.
        fail("syntax", at + 1)
    at = match.end()
    fraction, exponent = match.groups()
    if exponent or (fraction and data[at] == _DOT):
        fail("syntax", at)
    if data[at] != _DOT and data[at + 1] in _SIGNS:
        fail("syntax", at + 2)
    fail("syntax", at + 1)


def _read_literal(data: bytes, at: int) -> tuple[bool | None, int]:
    """Read the literal that starts here; return what follows it."""
    word, value = _WORDS[data[at]]
    for place, byte in enumerate(word, at):
        if data[place] != byte:
            fail("syntax", place)
    return value, at + len(word)


#: By the first byte of a value: what reads it, unless it is a container.
READERS: Final[
    dict[int, Callable[[bytes, int], tuple[str | float | bool | None, int]]]
] = {
    _QUOTE: _read_string,
    **dict.fromkeys(b"-0123456789", _read_number),
    **dict.fromkeys(_WORDS, _read_literal),
}
