"""Strings: bytes, escapes, surrogates, and every class of malformed UTF-8."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from tests.support.samples import BAD_UTF8


if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import Case


__all__ = ["cases"]

#: The first and last code point of each form of UTF-8, with neighbours, and
#: what PHP could treat in a special way.
_EDGES: Final = (
    *(0x00, 0x08, 0x0B, 0x1F, 0x20, 0x22, 0x2F, 0x5C, 0x7E, 0x7F, 0x80, 0x9F),
    *(0xA0, 0xE9, 0xFF, 0x100, 0x7FF, 0x800, 0xFFF, 0x1000, 0x2027, 0x2028),
    *(0x2029, 0x202A, 0xCFFF, 0xD000, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD),
    *(0xFFFE, 0xFFFF, 0x10000, 0x1FFFF, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000),
    *(0x10FFFE, 0x10FFFF),
)

_UNITS: Final = ("d7ff", "d800", "dbff", "dc00", "dfff", "e000", "D83D", "DE00")


def cases() -> Iterator[Case]:
    """Yield documents whose strings are right or wrong."""
    yield from _every_byte()
    yield from _escapes()
    yield from _code_points()
    yield from _surrogates()
    yield from _malformed()
    yield from _long()


def _every_byte() -> Iterator[Case]:
    for value in range(256):
        byte = bytes([value])
        yield "raw byte", b'{"k":"a' + byte + b'b"}'
        yield "escaped byte", b'["\\' + byte + b'"]'
        if value < 0x20 or value >= 0x7F:
            yield "raw byte in key", b'{"a' + byte + b'":1}'


def _escapes() -> Iterator[Case]:
    for value in range(256):
        yield "unicode escape", f'["\\u{value:04x}"]'.encode()
    for at, wrong in product(range(4), 'gG/:@`[ "-+xX\\\x00\u00e9'):
        digits = "0041"[:at] + wrong + "0041"[at + 1 :]
        yield "bad hexadecimal", f'["\\u{digits}"]'.encode()
    for text in ("\\", "\\u", "\\u0", "\\u00", "\\u004", "\\U0041", "\\\\\\"):
        yield "cut escape", f'["{text}"]'.encode()
        yield "cut escape", f'["{text}'.encode()


def _code_points() -> Iterator[Case]:
    for point in _EDGES:
        char = chr(point)
        units = char.encode("utf-16-be").hex()
        parts = [units[at : at + 4] for at in range(0, len(units), 4)]
        lower = "".join(f"\\u{part}" for part in parts)
        upper = "".join(f"\\u{part.upper()}" for part in parts)
        yield "code point", f'{{"k":"{lower}"}}'.encode()
        yield "code point", f'{{"k":"{upper}x{lower}"}}'.encode()
        yield "code point in key", f'{{"b":1,"{lower}":2,"a":3}}'.encode()
        if char >= " " and char not in '"\\':
            yield "code point", f'{{"k":"{char}"}}'.encode()
            yield "code point in key", f'{{"z":1,"{char}":2,"A":3}}'.encode()


def _surrogates() -> Iterator[Case]:
    for unit in _UNITS:
        yield "surrogate", f'["\\u{unit}"]'.encode()
        yield "surrogate", f'{{"\\u{unit}":1}}'.encode()
        yield "surrogate", f'["\\u{unit}'.encode()
    for first, between, second in product(_UNITS, ("", "x", "\\n"), _UNITS):
        yield "surrogates", f'["\\u{first}{between}\\u{second}"]'.encode()
    for tail in ("\\", "\\u", "\\ud", "\\udc0", "\\udc0g", "u", "\u00e9"):
        yield "cut surrogates", f'["\\ud800{tail}"]'.encode()
    yield "surrogates", b'["\\ud83d\\ud83d\\ude00"]'
    yield "surrogates", b'["\\ud83d\\ude00\\ude00"]'


def _malformed() -> Iterator[Case]:
    leads = (0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF)
    for lead, second in product((*leads, 0xF0, 0xF1, 0xF4, 0xF5), (0x22, 0x61)):
        yield "malformed", b'["' + bytes([lead, second]) + b'"]'
    edges = (0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0)
    for lead, second in product(leads, edges):
        for rest in (b"", b"\x7f", b"\x80", b"\xbf", b"\xc0", b"\x80\x80"):
            yield "malformed", b'["' + bytes([lead, second]) + rest + b'"]'
    ends = (b"", b"\x80", b"\x80\x7f", b"\x80\x80", b"\xbf\xbf", b"\xc0\x80")
    for lead, second in product((0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7), edges):
        for rest in ends:
            yield "malformed", b'["' + bytes([lead, second]) + rest + b'"]'
    for raw in BAD_UTF8:
        yield "malformed in value", b'{"a":"x' + raw + b'y"}'
        yield "malformed in key", b'{"x' + raw + b'y":1}'
        yield "malformed at end", b'["' + raw
        yield "malformed outside", b"[" + raw + b"]"
        yield "malformed, removed", b'{"sign":"' + raw + b'"}'
        yield "malformed, replaced", b'{"a":"' + raw + b'","a":1}'


def _long() -> Iterator[Case]:
    """Yield strings around the block sizes of vector code, and long ones."""
    for length in (*range(1, 70), 127, 128, 129, 255, 256, 257, 4096):
        yield "length", b'["' + b"a" * length + b'"]'
    for at in range(0, 34, 3):
        for raw in (b"/", b'\\"', b"\xc3\xa9", b"\x01", b"\xff", b"\\ud800"):
            yield "place", b'["' + b"a" * at + raw + b"b" * 20 + b'"]'
    yield "long", b'{"' + b"k" * 70000 + b'":"' + b"/" * 70000 + b'"}'
    yield "long", '["{}"]'.format("\u1780" * 30000).encode()
    yield "long", b'["' + b"\\u0041\\n" * 9000 + b'"]'
