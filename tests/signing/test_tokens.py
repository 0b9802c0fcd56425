"""Tokens: what a string, a number or a literal may be, and where it breaks."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from kesspay.errors import CanonicalizationError
from kesspay.signing.tokens import (
    END,
    READERS,
    Infinite,
    read_key,
    skip_blanks,
)


def read(token: bytes) -> tuple[Any, int]:
    """Read the token that a text starts with."""
    return READERS[token[0]](token + END, 0)


def fault(token: bytes) -> tuple[str, int | None]:
    """Return reason and position of the fault in a token."""
    with pytest.raises(CanonicalizationError) as caught:
        read(token)
    return caught.value.reason, caught.value.position


@pytest.mark.parametrize(
    "token",
    [
        b'""',
        b'"plain"',
        '"é€😀\ufffe\ufeff\x7f"'.encode(),
        rb'"\"\\\/\b\f\n\r\t"',
        rb'"\u0000\u00E9\u20ac\uFFFF\ud83d\ude00\uDBFF\uDFFF"',
        b'"a' + rb"\n" * 1000 + b'z"',
        b"0",
        b"-0",
        b"-9223372036854775808",
        b"9223372036854775807",
        b"1.5e-3",
        b"-0.0",
        b"1E+2",
        b"true",
        b"false",
        b"null",
    ],
)
def test_values(token: bytes) -> None:
    """A good token has the value that the standard library gives it."""
    expected = json.loads(token)
    value, end = read(token)
    assert end == len(token)
    assert type(value) is type(expected)
    assert repr(value) == repr(expected)


@pytest.mark.parametrize("behind", [b"", b",", b"]", b" ", b"\n1", b'"', b"x"])
def test_end(behind: bytes) -> None:
    """A token ends where it ends, whatever is behind it."""
    for token in (b'"a"', rb'"\n"', b"12", b"1.5", b"null"):
        assert read(token + behind)[1] == len(token)


@pytest.mark.parametrize(
    ("token", "reason", "position"),
    [
        # A string that does not end.
        (b'"', "syntax", 1),
        (b'"abc', "syntax", 4),
        (rb'"a\n', "syntax", 4),
        # Raw control characters; the end of the text is none, a NUL is.
        (b'"a\nb"', "control", 2),
        (b'"\x00"', "control", 1),
        (b'"\x00', "control", 1),
        (b'"\x1f"', "control", 1),
        (b'"\\n\x01"', "control", 3),
        # Escapes that are unknown or cut off.
        (rb'"\x"', "escape", 1),
        (rb'"ab\U0041"', "escape", 3),
        (rb'"\u12G4"', "escape", 1),
        (rb'"\u12', "escape", 1),
        (b'"\\', "escape", 1),
        (b'"\\\xff"', "escape", 1),
        (b'"\\\'"', "escape", 1),
        (rb'"\n\u"', "escape", 3),
        # Surrogates that are unpaired, in every way there is.
        (rb'"\ud800"', "surrogate", 1),
        (rb'"\udc00"', "surrogate", 1),
        (rb'"a\ud800\ud800\udc00"', "surrogate", 2),
        (rb'"\udbff\n"', "surrogate", 1),
        (rb'"\uD800\uDBFF"', "surrogate", 1),
        (rb'"\ud800\u0041"', "surrogate", 1),
        (rb'"\ud800\udc0"', "surrogate", 1),
        (rb'"\ud800\x"', "surrogate", 1),
        (rb'"\ud800', "surrogate", 1),
        (rb'"\ud80', "escape", 1),
        # Malformed UTF-8: overlong, surrogate, too high, cut off, stray.
        (b'"a\xc0\x80"', "utf8", 2),
        (b'"\xe0\x80\x80"', "utf8", 1),
        (b'"\xed\xa0\x80"', "utf8", 1),
        (b'"\xf4\x90\x80\x80"', "utf8", 1),
        (b'"\xf5\x80\x80\x80"', "utf8", 1),
        (b'"\xc3\xa9\x80"', "utf8", 3),
        (b'"\xe2\x82"', "utf8", 1),
        (b'"\xe2\x82', "utf8", 1),
        (b'"\xe2\\n"', "utf8", 1),
        (b'"\xff"', "utf8", 1),
        # The first of two faults is the one that counts.
        (b'"\xff\n"', "utf8", 1),
        (b'"\n\xff"', "control", 1),
        (b'"\\x\xff"', "escape", 1),
        (b'"\xff\\x"', "utf8", 1),
        (b'"\xff', "utf8", 1),
        (b'"\\ud800\xff"', "surrogate", 1),
        # Numbers.
        (b"-", "syntax", 1),
        (b"-x", "syntax", 1),
        (b"-.5", "syntax", 1),
        (b"1.", "syntax", 2),
        (b"1.e5", "syntax", 2),
        (b"1.5.", "syntax", 3),
        (b"1e5.", "syntax", 3),
        (b"1e", "syntax", 2),
        (b"1ex", "syntax", 2),
        (b"1e+", "syntax", 3),
        (b"1E-x", "syntax", 3),
        (b"1.5e", "syntax", 4),
        (b"1e5e", "syntax", 3),
        (b"0.e", "syntax", 2),
        # Literals, up to the first letter that is not theirs.
        (b"t", "syntax", 1),
        (b"truE", "syntax", 3),
        (b"nul", "syntax", 3),
        (b"fals\x00", "syntax", 4),
    ],
)
def test_faults(token: bytes, reason: str, position: int) -> None:
    """A fault is named, and lies at the byte that the module text says."""
    assert fault(token) == (reason, position)


@pytest.mark.parametrize(("token", "sign"), [(b"1e999", 1), (b"-1e309", -1)])
def test_infinite(token: bytes, sign: int) -> None:
    """A number beyond the doubles is an Infinite that knows its place."""
    value, end = READERS[token[0]](b"[  " + token + END, 3)
    assert end == 3 + len(token)
    assert isinstance(value, Infinite)
    assert value == sign * math.inf
    assert value.position == 3


def test_infinite_integer() -> None:
    """An integer of a megabyte is infinite too, and takes no time to tell."""
    value, _ = read(b"7" * 1_000_000)
    assert isinstance(value, Infinite)


@pytest.mark.parametrize(
    "text", [b'"a":1', b'"a" \n:\t 1', rb'"\u0061":1', b'"\\u0061" : 1']
)
def test_key(text: bytes) -> None:
    """A key is unescaped, and its value is found behind the colon."""
    key, at = read_key(text + END, 0)
    assert key == "a"
    assert at == text.index(b"1", 7 if b"\\" in text else 3)


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        (b"a", "syntax", 0),
        (b"", "syntax", 0),
        (b'"a"', "syntax", 3),
        (b'"a" ;', "syntax", 4),
        (b'"\\n"', "syntax", 4),
        (b'"\xff":1', "utf8", 1),
        (b'"\\q":1', "escape", 1),
    ],
)
def test_key_faults(text: bytes, reason: str, position: int) -> None:
    """A key that is none, or has no colon, is a fault where it ends."""
    with pytest.raises(CanonicalizationError) as caught:
        read_key(text + END, 0)
    assert (caught.value.reason, caught.value.position) == (reason, position)


def test_blanks() -> None:
    """Exactly the four blanks of RFC 8259 are skipped."""
    assert skip_blanks(b" \t\n\r\x0b" + END, 0) == 4
    for other in (b"\x0b", b"\x0c", b"\xa0", b"\x00", b"\xef\xbb\xbf"):
        assert skip_blanks(other + END, 0) == 0
