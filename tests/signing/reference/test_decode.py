"""The reference decoder: PHP's values, and the first fault of a bad text."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings

from kesspay.errors import CanonicalizationError
from kesspay.signing.reference.decode import (
    END,
    READERS,
    Decoded,
    Infinite,
    decode,
    read_key,
    skip_blanks,
)
from tests.support.documents import hostile_documents, mutated_documents
from tests.support.vectors import iter_canonical


if TYPE_CHECKING:
    from collections.abc import Callable


_T = TypeVar("_T")

#: Faults that say that no text continues like this.
DEAD_ENDS = frozenset({"syntax", "control", "depth"})


def attempt(text: bytes, max_depth: int = 511) -> Decoded | tuple[str, int]:
    """Return what was decoded, or reason and position of the fault."""
    try:
        return decode(text, max_depth=max_depth)
    except CanonicalizationError as error:
        return error.reason, -1 if error.position is None else error.position


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"{}", {}),
        (b" [ ] ", []),
        (b'[1,"a",null,[true,{}]]', [1, "a", None, [True, {}]]),
        (b'\t{ "a" : { "b" : [ ] } , "" : false }\n', {"a": {"b": []}, "": False}),
        # Integers among the keys stay as they are spelled.
        (b'{"1":1,"01":2,"-0":3,"0":4}', {"1": 1, "01": 2, "-0": 3, "0": 4}),
        (b"[-0,-0.0,1e2,18446744073709551616]", [0, -0.0, 100.0, 2.0**64]),
    ],
)
def test_values(text: bytes, value: object) -> None:
    """Containers and their members arrive as they are written."""
    decoded = decode(text)
    assert repr(value) == repr(decoded.value)
    assert decoded.duplicate is None


def test_duplicates() -> None:
    """The first of two equal keys keeps the place, the last gives the value."""
    text = b'{"a":1,"b":2,"\\u0061":{"c":3}}'
    decoded = decode(text)
    assert repr(decoded.value) == repr({"a": {"c": 3}, "b": 2})
    assert text.index(b'"\\u0061"') == decoded.duplicate


@pytest.mark.parametrize(
    ("text", "second"),
    [
        (b'{"a":1,"b":{"a":1},"c":[{"a":1}]}', None),
        (b'{"a":{"x":1,"x":2},"a":3}', b'"x":2'),
        (b'{"a":1,"a":{"x":1,"x":2}}', b'"a":{'),
        (b'[{"k":1},{"k":1},{"k":1, "k" :1}]', b'"k" :1'),
        (b'{"":1,"":2}', b'"":2'),
        ('{"é":1,"\\u00e9":2}'.encode(), b'"\\u00e9"'),
        # Keys that PHP takes for different ones.
        (b'{"1":1,"01":2,"1 ":3,"1.0":4}', None),
    ],
)
def test_duplicate_position(text: bytes, second: bytes | None) -> None:
    """The earliest second occurrence is reported, at any depth."""
    expected = None if second is None else text.index(second)
    assert expected == decode(text).duplicate


def test_million_duplicates() -> None:
    """A replaced value leaves nothing behind, however often it happens."""
    text = b"{" + b",".join([b'"a":[1e999]'] * 100_000) + b',"a":0}'
    assert Decoded({"a": 0}, 13) == decode(text)


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        (b"", "syntax", 0),
        (b" \n", "syntax", 2),
        (b"\xef\xbb\xbf{}", "syntax", 0),
        (b"{}\x00", "syntax", 2),
        (b"{}{}", "syntax", 2),
        (b"[1,]", "syntax", 3),
        (b"[,1]", "syntax", 1),
        (b"[1 2]", "syntax", 3),
        (b"[1}", "syntax", 2),
        (b'{"a":1]', "syntax", 6),
        (b'{"a":1,}', "syntax", 7),
        (b'{"a",1}', "syntax", 4),
        (b"{1:1}", "syntax", 1),
        (b"{'a':1}", "syntax", 1),
        (b'{"a":}', "syntax", 5),
        (b'{"a":1', "syntax", 6),
        (b"[", "syntax", 1),
        (b"[01]", "syntax", 2),
        (b"[+1]", "syntax", 1),
        (b"[.5]", "syntax", 1),
        (b"[NaN]", "syntax", 1),
        (b"[nan]", "syntax", 2),
        (b"[/**/]", "syntax", 1),
        (b"[\xc3\xa9]", "syntax", 1),
        (b"]", "syntax", 0),
        (b"1", "top_level", 0),
        (b'  "a" ', "top_level", 2),
        (b"\n1e999", "top_level", 1),
        (b"1 x", "syntax", 2),
        (b'"\xff" x', "utf8", 1),
    ],
)
def test_faults(text: bytes, reason: str, position: int) -> None:
    """A fault in the structure lies at the first byte that cannot be."""
    assert attempt(text) == (reason, position)


def faulty_documents() -> list[bytes]:
    """Return stored and generated texts that have a fault."""
    stored = (case.document for case in iter_canonical() if not case.answer.ok)
    texts = {*stored, *hostile_documents("first fault", 2000)}
    return [text for text in sorted(texts) if isinstance(attempt(text), tuple)]


def check_first_fault(text: bytes) -> None:
    """Check that a fault is the first one, and that it is one."""
    result = attempt(text)
    if isinstance(result, Decoded) or result[0] == "top_level":
        return
    reason, position = result
    # Up to there nothing is wrong: some text continues like this.
    before = attempt(text[:position])
    if not isinstance(before, Decoded) and before[0] != "top_level":
        assert before == ("syntax", position), (text, result)
    # And from there on nothing can make it good.
    if reason in DEAD_ENDS and position < len(text):
        for behind in (b"", b'"', b"]"):
            assert attempt(text[: position + 1] + behind) == result, text


@pytest.mark.thorough
def test_first_fault() -> None:
    """No fault lies before the one reported, and none behind it matters."""
    texts = faulty_documents()
    assert len(texts) > 2000
    for text in texts:
        check_first_fault(text)


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(text=mutated_documents())
def test_first_fault_of_mutations(text: bytes) -> None:
    """The same for texts that were damaged."""
    check_first_fault(text)


@pytest.mark.parametrize("limit", [1, 2, 64, 511, 512])
def test_depth(limit: int) -> None:
    """So many containers may be open, and the next bracket is the fault."""
    good = b"[" * limit + b"]" * limit
    assert isinstance(attempt(good, limit), Decoded)
    assert attempt(b"[" + good + b"]", limit) == ("depth", limit)
    mixed = b'{"a":[' * limit
    assert attempt(mixed, limit)[0] == "depth"
    wide = b"[" + b",".join([good[1:-1] or b"1"] * 3) + b"]"
    assert isinstance(attempt(wide, limit), Decoded)


def test_depth_before_all_that_follows() -> None:
    """A bracket too many is a fault before anything behind it is read."""
    assert attempt(b"[" * 511 + b'{"\xff') == ("depth", 511)
    assert attempt(b"[" * 1_000_000) == ("depth", 511)


def test_infinite_stays() -> None:
    """An infinite number is decoded, with its place, and is no fault."""
    decoded = decode('{"é":1e999}'.encode())
    assert isinstance(decoded.value, dict)
    infinite = decoded.value["é"]
    assert isinstance(infinite, Infinite)
    assert infinite.position == 6


def near_the_limit(call: Callable[[], _T], frames: int = 30) -> _T:
    """Call something where only so many frames of the stack are left."""
    used = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        used += 1

    def descend(left: int) -> _T:
        return descend(left - 1) if left else call()

    return descend(sys.getrecursionlimit() - used - frames)


def test_no_recursion() -> None:
    """Depth of the text costs no depth of the stack."""
    text = b'{"a":[' * 255 + b"[]" + b"]}" * 255
    assert near_the_limit(lambda: decode(text)) == decode(text)


def read_token(token: bytes) -> tuple[Any, int]:
    """Read the token that a text starts with."""
    return READERS[token[0]](token + END, 0)


def token_fault(token: bytes) -> tuple[str, int | None]:
    """Return reason and position of the fault in a token."""
    with pytest.raises(CanonicalizationError) as caught:
        read_token(token)
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
def test_token_values(token: bytes) -> None:
    """A good token has the value that the standard library gives it."""
    expected = json.loads(token)
    value, end = read_token(token)
    assert end == len(token)
    assert type(value) is type(expected)
    assert repr(value) == repr(expected)


@pytest.mark.parametrize("behind", [b"", b",", b"]", b" ", b"\n1", b'"', b"x"])
def test_token_end(behind: bytes) -> None:
    """A token ends where it ends, whatever is behind it."""
    for token in (b'"a"', rb'"\n"', b"12", b"1.5", b"null"):
        assert read_token(token + behind)[1] == len(token)


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
def test_token_faults(token: bytes, reason: str, position: int) -> None:
    """A fault is named, and lies at the byte that the module text says."""
    assert token_fault(token) == (reason, position)


@pytest.mark.parametrize(("token", "sign"), [(b"1e999", 1), (b"-1e309", -1)])
def test_infinite_token(token: bytes, sign: int) -> None:
    """A number beyond the doubles is an Infinite that knows its place."""
    value, end = READERS[token[0]](b"[  " + token + END, 3)
    assert end == 3 + len(token)
    assert isinstance(value, Infinite)
    assert value == sign * math.inf
    assert value.position == 3


def test_infinite_integer() -> None:
    """An integer of a megabyte is infinite too, and is read at once."""
    value, _ = read_token(b"7" * 1_000_000)
    assert isinstance(value, Infinite)


@pytest.mark.parametrize(
    "text", [b'"a":1', b'"a" \n:\t 1', rb'"\u0061":1', b'"\\u0061" : 1']
)
def test_key_token(text: bytes) -> None:
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
