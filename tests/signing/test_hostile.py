"""
Inputs made to break a parser: no crash, no RecursionError, one verdict.

None of them waits for a clock: what took quadratic time would not end here.
``KESSPAY_LONG=n`` with n above 1 adds 50 MB strings and a million keys.
"""

from __future__ import annotations

import os
import sys
import tracemalloc
from typing import TYPE_CHECKING, Final

import pytest

from kesspay import CanonicalizationError, PrivateKey, canonicalize
from kesspay.signing import backend as backends
from tests.support.messages import outcome
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.signing.backend import Backend


LONG: Final = int(os.environ.get("KESSPAY_LONG") or 1) > 1
PEM: Final = (KEYS / "rsa-2048.pem").read_bytes()

MANY: Final = 1_000_000 if LONG else 50_000
LARGE: Final = 50 << 20 if LONG else 2 << 20


def canonical_of(text: bytes) -> bytes | tuple[object, ...]:
    """Return the canonical bytes, or reason and position."""
    try:
        return canonicalize(text)
    except CanonicalizationError as error:
        return (error.reason, error.position)


def verdicts_of(text: bytes) -> list[object]:
    """Canonicalise and verify on both backends; return what must be one result."""
    results = []
    for name in ("native", "python"):
        with backends.override(name):
            key = PrivateKey.from_pem(PEM).public_key
            results.append((canonical_of(text), outcome(key, text)))
    assert results[0] == results[1], text[:100]
    return list(results[0])


@pytest.fixture(autouse=True)
def little_stack() -> Iterator[None]:
    """Leave little room for recursion: what recursed on the input would fail."""
    before = sys.getrecursionlimit()
    depth = 0
    frame = sys._getframe()
    while frame is not None:
        depth += 1
        frame = frame.f_back  # type: ignore[assignment] # never the last
    sys.setrecursionlimit(depth + 150)
    yield
    sys.setrecursionlimit(before)


# ------------------------------------------------------------------- nesting


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":', b'{"a":[0,'])
@pytest.mark.parametrize("head", [b"", b'{"sign":"x","a":'])
def test_deep(opening: bytes, head: bytes, both_backends: dict[str, Backend]) -> None:
    """A million brackets are refused at the first one too many."""
    canonical, verified = verdicts_of(head + opening * 1_000_000)
    assert canonical[0] == "depth"  # type: ignore[index] # an error has both
    assert verified[1] == "depth"  # type: ignore[index] # an error has both


@pytest.mark.parametrize("levels", [511, 512])
def test_deepest(levels: int, both_backends: dict[str, Backend]) -> None:
    """The limit is PHP's: 511 levels are read, one more is not."""
    text = b"[" * levels + b"]" * levels
    canonical, _ = verdicts_of(text)
    assert canonical == (text if levels == 511 else ("depth", 511))


# ---------------------------------------------------------------------- keys


def members(names: Iterator[str]) -> bytes:
    """Return an object with these keys, whose values are their places."""
    return ("{" + ",".join(f'"{n}":{i}' for i, n in enumerate(names)) + "}").encode()


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "pattern", ["k{}", "{}", "{}a", "a{:020}", "{:x}", "-{}", "\\u00e9{}", "é{}/"]
)
def test_many_keys(pattern: str, both_backends: dict[str, Backend]) -> None:
    """Many keys of one pattern, in no order, and each of them twice."""
    count = MANY if pattern == "k{}" else MANY // 10
    scattered = [pattern.format(i * 7919 % count) for i in range(count)]
    text = members(iter(scattered))
    canonical, _ = verdicts_of(text)
    assert isinstance(canonical, bytes)
    twice = members(iter(scattered + scattered))
    canonical, verified = verdicts_of(twice)
    assert isinstance(canonical, bytes)
    assert verified[1] == "duplicate"  # type: ignore[index] # an error has both


def test_one_key(both_backends: dict[str, Backend]) -> None:
    """One key a great many times: the last value, and the place of the second."""
    text = members("amount" for _ in range(MANY))
    canonical, verified = verdicts_of(text)
    assert canonical == b'{"amount":%d}' % (MANY - 1)
    assert verified == ("DocumentRefused", "duplicate", text.index(b'"amount"', 2))


# ------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9" * 300_000, ("infinite", 1)),
        ("0." + "0" * 300_000 + "1", b"[0.0]"),
        ("1" + "0" * 300_000 + "e-300000", ("infinite", 1)),
        ("0." + "3" * 300_000, b"[0.3333333333333333]"),
        ("1e" + "9" * 300_000, ("infinite", 1)),
        ("1e-" + "9" * 300_000, b"[0.0]"),
        ("-" + "9" * 300_000 + ".5e-299999", ("infinite", 1)),
        ("0e" + "9" * 300_000, b"[0.0]"),
    ],
    ids=range(8),
)
def test_long_numbers(
    text: str, expected: object, both_backends: dict[str, Backend]
) -> None:
    """Numbers of many digits are read as PHP reads them, without int's limit."""
    canonical, _ = verdicts_of(f"[{text}]".encode())
    if isinstance(expected, bytes):
        assert isinstance(canonical, bytes)
    else:
        assert canonical == expected


# ------------------------------------------------------------------- strings


@pytest.mark.parametrize("unit", ["x", "/", "\\u0000", "é", "😀", "\\ud83d\\ude00"])
def test_long_strings(unit: str, both_backends: dict[str, Backend]) -> None:
    """A string of many megabytes, as a value and as a key."""
    one = unit.encode()
    text = b'{"%s":"%s"}' % (one * 1000, one * (LARGE // len(one)))
    canonical, _ = verdicts_of(text)
    assert isinstance(canonical, bytes)
    assert len(canonical) >= LARGE // len(one)


def test_memory(
    backend: Backend,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """What Python allocates is in proportion to the text, whatever it holds."""
    units = [b'"' + b"x" * 99 + b'",', b"[],", b'{"a":1},', b"0.1,", b'"\\u0001",']
    for unit in units:
        text = b"[" + unit * ((300_000 if whole else 60_000) // len(unit)) + b"0]"
        canonicalize(text)
        tracemalloc.start()
        canonicalize(text)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 150 * len(text), unit


# -------------------------------------------------------- every cut, every byte


@pytest.mark.thorough
def test_every_truncation(both_backends: dict[str, Backend]) -> None:
    """No beginning of a signed body is taken for a body."""
    with backends.override("native"):
        params = {"a": [1.5, "é/\u2028", {"b": None}], "10": True, "9": -0.5, "": {}}
        body = PrivateKey.from_pem(PEM).signed_body(params)
    assert len(verdicts_of(body)[1]) == 1  # type: ignore[arg-type] # of one body
    for end in range(len(body)):
        canonical, verified = verdicts_of(body[:end])
        assert canonical[0] in ("syntax", "utf8", "escape")  # type: ignore[index] # an error has both
        assert verified[1] == canonical[0]  # type: ignore[index] # an error has both


#: One of each class of malformed UTF-8 (Unicode 15, table 3-7).
MALFORMED: Final = {
    "continuation alone": b"\x80",
    "last continuation alone": b"\xbf",
    "overlong, two bytes": b"\xc0\xaf",
    "overlong, highest of two": b"\xc1\xbf",
    "overlong, three bytes": b"\xe0\x80\xaf",
    "overlong, highest of three": b"\xe0\x9f\xbf",
    "overlong, four bytes": b"\xf0\x80\x80\xaf",
    "overlong, highest of four": b"\xf0\x8f\xbf\xbf",
    "surrogate, lowest": b"\xed\xa0\x80",
    "surrogate, highest": b"\xed\xbf\xbf",
    "surrogate pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "above the range": b"\xf4\x90\x80\x80",
    "far above": b"\xf5\x80\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "fe": b"\xfe",
    "ff": b"\xff",
    "cut, two bytes": b"\xc3",
    "cut, three bytes": b"\xe2\x82",
    "cut, four bytes": b"\xf0\x9f\x98",
    "starts twice": b"\xc3\xc3\xa9",
    "latin-1": b"caf\xe9",
    "utf-16": "é".encode("utf-16-le"),
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("place", ['{"a":"%s"}', '{"%s":1}', '{"a":["xx%syy"]}'])
def test_malformed(name: str, place: str, both_backends: dict[str, Backend]) -> None:
    """Malformed UTF-8 is refused where it begins, in keys as in values."""
    head, tail = (part.encode() for part in place.split("%s"))
    for front in (b"", b"x" * 40, "é".encode() * 40):
        text = head + front + MALFORMED[name] + tail
        canonical, verified = verdicts_of(text)
        assert canonical[0] in ("utf8", "control")  # type: ignore[index] # an error has both
        at = canonical[1]  # type: ignore[index] # an error has both
        assert len(head + front) <= at < len(text) - len(tail)
        assert verified[1:] == canonical  # type: ignore[index] # an error has both


def test_every_byte(both_backends: dict[str, Backend]) -> None:
    """Every byte in every place of a small document, replaced and inserted."""
    document = b'{"a":[-1.5e3,"\\u00e9",true],"b":null}'
    for at in range(len(document)):
        for byte in range(256):
            one = bytes([byte])
            for text in (
                document[:at] + one + document[at + 1 :],
                document[:at] + one + document[at:],
            ):
                results = []
                for name in ("native", "python"):
                    with backends.override(name):
                        results.append(canonical_of(text))
                assert results[0] == results[1], text


@pytest.mark.parametrize(
    "text", [b'{"a":"\x80"}', b'{"a":"\xc3', b'["\\ud800"]', b"[1e999]", b"[1,", b"x"]
)
def test_nothing_behind_an_error(text: bytes, backend: Backend) -> None:
    """No error carries another one, which could hold a piece of the document."""
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize(text)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
