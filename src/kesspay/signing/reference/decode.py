r"""
JSON text to an array, exactly where and as PHP's json_decode accepts it.

The grammar is RFC 8259 without any extension: one value, with blanks (space,
tab, line feed, carriage return) allowed around its tokens. PHP reads an object
and a list into the same kind of ordered map; here they become a ``dict`` and a
``list``, and ``encode`` decides how each is written.

Strings
    Well-formed UTF-8 without the bytes 00 to 1f. Escapes are
    ``\" \\ \/ \b \f \n \r \t`` and ``\uXXXX`` with hexadecimal digits of
    either case. An escaped low surrogate must follow an escaped high one
    directly; both are one character. ``\u0000`` is allowed.

Numbers
    ``-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?``; ``number`` defines
    their values. One beyond the range of a double is an Infinite.

Literals
    ``true``, ``false`` and ``null``, in lower case.

Keys
    PHP turns a key that spells a 64-bit integer (``0`` or ``-?[1-9][0-9]*``)
    into an integer. Each integer has exactly one such spelling, so every key
    can stay a ``str``; ``ksort`` and ``encode``, where the type matters, look
    at the spelling.

A key that occurs twice (compared after unescaping)
    The first occurrence sets the position, the last one the value, as in a
    Python dict. The value that was replaced has no effect.

Nesting
    At most 511 containers may be open at once. PHP's "depth 512" counts the
    innermost scalar as a level, but an empty 512th container fails as well.

Infinity
    A number beyond the range of a double is infinite. PHP decodes it without
    an error, and fails to encode it if it is still in the array; so it is kept
    as an Infinite with its position in the text.

The first fault in reading order is reported. Faults and their positions:

==========  ==============================================================
syntax      the first byte that cannot continue any JSON text; the length
            of the text where it ends too early
control     the raw byte 00 - 1f in a string
utf8        the first byte of the malformed sequence (in a string; outside
            of strings any byte above 7f is a syntax fault)
escape      the backslash of an unknown or incomplete escape
surrogate   the backslash of a ``\uXXXX`` that is an unpaired surrogate
depth       the bracket that opens one container too many
top_level   the first byte of a scalar that is all of an otherwise good text
==========  ==============================================================

The functions that read a token take the text with one NUL byte appended, and
an offset. A NUL continues no token, so the end of the text needs no case of its
own: it is a fault like any other bad byte, at the offset that is the length of
the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn, TypeAlias, cast

from kesspay.errors import CanonicalizationError
from kesspay.signing.reference.number import read_double, read_integer


__all__ = ["MAX_DEPTH", "Array", "Decoded", "Infinite", "Value", "decode"]

#: How many nested containers json_decode accepts.
MAX_DEPTH: Final = 511

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
Array: TypeAlias = "list[Value] | dict[str, Value]"


class Decoded(NamedTuple):
    """
    The result of decoding a JSON text.

    Attributes:
        value: its top-level array.
        duplicate: offset in bytes of the opening quote of the first key that
            occurs for the second time in its object, or None. The canonical
            form does not depend on it; the guard refuses such a text.
    """

    value: Array
    duplicate: int | None


class Infinite(float):
    """
    A number of the text beyond the range of a double.

    Attributes:
        position: offset in bytes of its first byte in the text.
    """

    __slots__ = ("position",)

    position: int


#: What is appended to the text.
END: Final = b"\0"

#: No blank is above it.
SPACE: Final = ord(" ")

#: A pattern that matches at every offset, at least the empty text.
_Always: TypeAlias = Callable[[bytes, int], re.Match[bytes]]

_BLANKS: Final = rb"[ \t\n\r]*+"
_PLAIN: Final = rb'[^"\\\x00-\x1f]'

_blanks = cast("_Always", re.compile(_BLANKS).match)
_plain_string = re.compile(rb'"(' + _PLAIN + rb'*+)"').match
_plain_key = re.compile(rb'"(' + _PLAIN + rb'*+)"' + _BLANKS + rb":" + _BLANKS).match

#: The longest run of correct characters of a string; UTF-8 is checked later.
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


_COMMA: Final = ord(",")
_EMPTY: Final[dict[int, type[Array]]] = {ord("{"): dict, ord("["): list}
_CLOSING: Final[dict[type[Array], int]] = {dict: ord("}"), list: ord("]")}


def fail(reason: str, position: int) -> NoReturn:
    """Raise the error for a fault at an offset in bytes."""
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
    # The first of two faults is reported: UTF-8 before the escape.
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
        # Not raised here: the context of the error would hold the document.
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
    """Raise the error for a number that ends in a minus, a dot, an e or a sign."""
    match = _broken_number(data, at)
    if match is None:
        # A minus without a digit after it.
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


#: The reader of each value that is no container, by its first byte.
READERS: Final[
    dict[int, Callable[[bytes, int], tuple[str | float | bool | None, int]]]
] = {
    _QUOTE: _read_string,
    **dict.fromkeys(b"-0123456789", _read_number),
    **dict.fromkeys(_WORDS, _read_literal),
}


# One loop in place of recursion, with its branches in plain sight.
def decode(  # noqa: C901, PLR0912 - one loop over tokens
    text: bytes, *, max_depth: int = MAX_DEPTH
) -> Decoded:
    """
    Read a JSON text whose top level is an object or a list.

    Args:
        text: the bytes of the text, to be UTF-8.
        max_depth: how many containers may be open at once.

    Raises:
        CanonicalizationError: for the faults listed above, with the offset
            in bytes of the first one.

    Source: RFC 8259; PHP manual, json_decode with associative = true.
    """
    data = text + END
    duplicate: int | None = None
    # The innermost open container, and those around it. The outermost of them
    # is no part of the text: it is where the top-level value goes.
    top: list[Value] = []
    array: Array = top
    around: list[Array] = []
    closing = 0
    key = ""
    at = start = skip_blanks(data, 0)
    while True:
        # A value starts here. A container is put in place as soon as it opens.
        opened: Array | None = None
        value: Value
        read = READERS.get(data[at])
        if read is not None:
            value, at = read(data, at)
        else:
            value = opened = _open(data, at, max_depth - len(around))
            at += 1
        if isinstance(array, dict):
            array[key] = value
        else:
            array.append(value)
        if opened is not None:
            around.append(array)
            array = opened
            closing = _CLOSING[type(array)]

        # Continue with the next value, closing the containers that end before it.
        at = skip_blanks(data, at) if data[at] <= SPACE else at
        while around and data[at] == closing:
            opened = None
            array = around.pop()
            closing = _CLOSING[type(array)]
            at = skip_blanks(data, at + 1)
        if not around:
            break
        if opened is None:
            if data[at] != _COMMA:
                fail("syntax", at)
            at += 1
            at = skip_blanks(data, at) if data[at] <= SPACE else at
        if isinstance(array, dict):
            quote = at
            key, at = read_key(data, at)
            if key in array and duplicate is None:
                duplicate = quote
    if at != len(text):
        fail("syntax", at)
    if not isinstance(top[0], dict | list):
        fail("top_level", start)
    return Decoded(top[0], duplicate)


def _open(data: bytes, at: int, room: int) -> Array:
    """Return the container that opens here, if its level is allowed."""
    if data[at] not in _EMPTY:
        fail("syntax", at)
    if room <= 0:
        fail("depth", at)
    return _EMPTY[data[at]]()
