"""The reference decoder: PHP's values, and the first fault of a bad text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings

from kesspay.errors import CanonicalizationError
from kesspay.signing.decode import Decoded, decode
from kesspay.signing.tokens import Infinite
from tests.support.documents import hostile_documents, mutated_documents
from tests.support.vectors import iter_canonical


if TYPE_CHECKING:
    from collections.abc import Callable


_T = TypeVar("_T")

#: Faults that say that no text goes on like this.
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
def test_values(text: bytes, value: Any) -> None:  # noqa: ANN401
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
    # Up to there nothing is wrong: some text goes on like this.
    before = attempt(text[:position])
    if not isinstance(before, Decoded) and before[0] != "top_level":
        assert before == ("syntax", position), (text, result)
    # And from there on nothing can make it good.
    if reason in DEAD_ENDS and position < len(text):
        for behind in (b"", b'"', b"]"):
            assert attempt(text[: position + 1] + behind) == result, text


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
