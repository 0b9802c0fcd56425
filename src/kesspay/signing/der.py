"""
A strict reader of DER, for the elements of key files.

Tags have one byte, lengths are definite and in their shortest form, and no
bytes are left over (X.690, 8.1 and 10.1). Key files are parsed here and not by
a cryptographic library, so that the verdict on a file does not depend on the
version of that library. ``keyfile``, ``keyparts``, ``pbes2`` and ``pkcs12`` all
use this reader, so it is a module of its own and not a part of ``keyparts``.

``loose_children`` takes the lengths of BER as well: in a PKCS#12 file they are what
libraries read, so what a file costs must be seen behind them too.
"""

from __future__ import annotations

from typing import Final, NamedTuple


__all__ = [
    "BIT_STRING",
    "INTEGER",
    "MOST_CHILDREN",
    "NULL",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "SEQUENCE",
    "DerError",
    "Element",
    "children",
    "few_children",
    "first_element",
    "integer",
    "loose_children",
    "only_sequence",
    "tags",
]

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30

_CONSTRUCTED: Final = 0x20
_TAG_CONTINUES: Final = 0x1F
_INDEFINITE: Final = b"\x80"
_END: Final = b"\0\0"
#: Elements of indefinite length, and chunks of a string, within one another.
_MAX_DEPTH: Final = 16
_LONG_FORM: Final = 0x80
#: No element of a key file that is looked into has more; the native core has room
#: for so many.
MOST_CHILDREN: Final = 12
_MAX_LENGTH_BYTES: Final = 4


class DerError(ValueError):
    """Not strict DER, or another element. Callers of this package never see it."""


class Element(NamedTuple):
    """A tag and the content that follows it."""

    tag: int
    content: bytes


def children(content: bytes) -> list[Element]:
    """
    Split the content of a constructed element into its elements.

    Raises:
        DerError: an element is malformed or does not end within the content.
    """
    found = []
    at = 0
    while at < len(content):
        element, at = _element(content, at)
        found.append(element)
    return found


def few_children(content: bytes) -> list[Element]:
    """
    Split content, where it has no more elements than any key has.

    Raises:
        DerError: as of ``children``; or it has more.
    """
    found = children(content)
    if len(found) > MOST_CHILDREN:
        raise DerError("more elements than any key has")
    return found


def loose_children(content: bytes, depth: int = 0) -> list[Element]:
    """
    Split content in BER: any definite length, or one that ends with two zeros.

    An OCTET STRING in chunks comes as one. The rest of what an element holds is
    as it was, and may be in BER as well (X.690, 8.1 and 8.7).

    Raises:
        DerError: as of ``children``; or too much within one another.
    """
    found = []
    at = 0
    while at < len(content):
        element, at = _loose_element(content, at, depth)
        found.append(element)
    return found


def tags(elements: list[Element]) -> bytes:
    """Return the tags in order: the shape of an element."""
    return bytes(element.tag for element in elements)


def only_sequence(data: bytes) -> list[Element]:
    """
    Return the elements of the one SEQUENCE that fills the data exactly.

    Raises:
        DerError: the data are something else.
    """
    elements = children(data)
    if tags(elements) != bytes([SEQUENCE]):
        raise DerError("not one SEQUENCE")
    return children(elements[0].content)


def first_element(data: bytes) -> bytes:
    """Return the data up to the end of the first element, where there is one."""
    try:
        _, end = _element(data, 0)
    except (DerError, IndexError):
        return data
    return data[:end]


def integer(element: Element) -> int:
    """
    Return the value of an INTEGER that is not negative.

    Raises:
        DerError: empty, negative or not in the shortest form.
    """
    content = element.content
    if element.tag != INTEGER or not content or content[0] >= _LONG_FORM:
        raise DerError("no INTEGER, or a negative one")
    if len(content) > 1 and content[0] == 0 and content[1] < _LONG_FORM:
        raise DerError("an INTEGER that is not in its shortest form")
    return int.from_bytes(content, "big")


def _loose_element(data: bytes, at: int, depth: int) -> tuple[Element, int]:
    tag = data[at]
    if tag & _TAG_CONTINUES == _TAG_CONTINUES or depth > _MAX_DEPTH:
        raise DerError("a tag of several bytes, or too much within one another")
    if data[at + 1 : at + 2] == _INDEFINITE and tag & _CONSTRUCTED:
        start = end = at + 2
        while data[end : end + 2] != _END:
            if end >= len(data):
                raise DerError("an element that is cut off")
            _, end = _loose_element(data, end, depth + 1)
        after = end + len(_END)
    else:
        length, start = _loose_length(data, at + 1)
        after = end = start + length
        if end > len(data):
            raise DerError("an element that is cut off")
    content = data[start:end]
    if tag == OCTET_STRING | _CONSTRUCTED:
        chunks = loose_children(content, depth + 1)
        return Element(OCTET_STRING, b"".join(one.content for one in chunks)), after
    return Element(tag, content), after


def _loose_length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at : at + 1]
    if not first or first == _INDEFINITE:
        raise DerError("a length that cannot be used")
    if first[0] < _LONG_FORM:
        return first[0], at + 1
    after = at + 1 + first[0] - _LONG_FORM
    return int.from_bytes(data[at + 1 : after], "big"), after


def _element(data: bytes, at: int) -> tuple[Element, int]:
    tag = data[at]
    if tag & _TAG_CONTINUES == _TAG_CONTINUES:
        raise DerError("a tag of several bytes")
    length, start = _length(data, at + 1)
    end = start + length
    if end > len(data):
        raise DerError("an element that is cut off")
    return Element(tag, data[start:end]), end


def _length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at : at + 1]
    if not first:
        raise DerError("an element that is cut off")
    if first[0] < _LONG_FORM:
        return first[0], at + 1
    count = first[0] - _LONG_FORM
    digits = data[at + 1 : at + 1 + count]
    if not 1 <= count <= _MAX_LENGTH_BYTES or len(digits) != count:
        raise DerError("a length that cannot be used")
    length = int.from_bytes(digits, "big")
    if length < _LONG_FORM or digits[0] == 0:
        raise DerError("a length that is not in its shortest form")
    return length, at + 1 + count
