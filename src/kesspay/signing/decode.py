r"""
JSON text to an array, exactly where and as PHP's json_decode accepts it.

The grammar is RFC 8259 without any extension: one value, with blanks (space,
tab, line feed, carriage return) allowed around its tokens (see ``tokens``).
PHP reads an object and a list into the same kind of ordered map; here they
become a ``dict`` and a ``list``, and ``encode`` decides what is written as
what.

Keys
    PHP turns a key that spells a 64-bit integer (``0`` or ``-?[1-9][0-9]*``)
    into an integer. As each integer has exactly one such spelling, nothing is
    lost by keeping every key a ``str``; the two places where being an integer
    matters (``ksort`` and ``encode``) look at the spelling.

A key that occurs twice (compared after unescaping)
    The first occurrence fixes the position, the last one gives the value. A
    dict does just that. The value that was replaced leaves no trace.

Nesting
    At most 511 containers may be open at once. PHP's "depth 512" counts the
    innermost scalar as a level, but an empty 512th container fails as well.

Infinity
    A number beyond the range of a double is infinite. PHP decodes it without
    complaint, and fails to encode it only if it is still there; so it stays
    in the array, as an Infinite that knows its place in the text.

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
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from kesspay.signing.tokens import END, READERS, SPACE, fail, read_key, skip_blanks


__all__ = ["MAX_DEPTH", "Array", "Decoded", "Value", "decode"]

#: How many nested containers json_decode accepts.
MAX_DEPTH: Final = 511

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
Array: TypeAlias = "list[Value] | dict[str, Value]"


class Decoded(NamedTuple):
    """
    What a JSON text says.

    Attributes:
        value: its top-level array.
        duplicate: offset in bytes of the opening quote of the first key that
            is there for the second time in its object, or None. Faithful
            canonicalisation has no use for it; a guard refuses the text.
    """

    value: Array
    duplicate: int | None


_COMMA: Final = ord(",")
_EMPTY: Final[dict[int, type[Array]]] = {ord("{"): dict, ord("["): list}
_CLOSING: Final[dict[type[Array], int]] = {dict: ord("}"), list: ord("]")}


# One loop in place of recursion, with its branches in plain sight.
def decode(  # noqa: C901, PLR0912
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

        # Go on to the next value, closing the containers that end before it.
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
    """Return the container that opens here, if there is room for its level."""
    if data[at] not in _EMPTY:
        fail("syntax", at)
    if room <= 0:
        fail("depth", at)
    return _EMPTY[data[at]]()
