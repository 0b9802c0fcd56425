"""Decoding by orjson: the same as the reference, for every text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from kesspay.errors import CanonicalizationError
from kesspay.signing.reference import decode as reference
from kesspay.signing.reference import fast_decode
from tests.support.documents import documents, hostile_documents
from tests.support.vectors import iter_canonical, iter_profiles


if TYPE_CHECKING:
    from collections.abc import Callable


def result_of(decode: Callable[..., object], text: bytes, max_depth: int = 511) -> str:
    """Return all there is to know of a result or an error."""
    try:
        # repr shows 0.0 and -0.0, and the order of the keys.
        return repr(decode(text, max_depth=max_depth))
    except CanonicalizationError as error:
        return f"{error.reason} {error.position}"


def check(text: bytes, max_depth: int = 511) -> None:
    """Compare both functions of fast_decode with the reference."""
    expected = result_of(reference.decode, text, max_depth)
    assert expected == result_of(fast_decode.decode, text, max_depth), text[:300]
    array = result_of(fast_decode.read_array, text, max_depth)
    assert expected.startswith((f"Decoded(value={array}, ", array)), text[:300]


@pytest.mark.thorough
def test_stored_documents() -> None:
    """Every stored text."""
    texts = {case.document for case in (*iter_canonical(), *iter_profiles())}
    assert len(texts) > 8000
    for text in sorted(texts):
        check(text)


def test_generated_documents() -> None:
    """Generated texts, and a limit of levels that some of them exceed."""
    for text in hostile_documents("lane", 2000):
        check(text)
        check(text, 3)


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(text=documents())
def test_documents(text: bytes) -> None:
    """Texts that Hypothesis finds."""
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        # What looks like structure inside of strings is none.
        b'{"a:{[":"}]:","b\\"":[{"c\\\\":"\\\\\\":"}]}',
        b'["\\\\","\\\\\\"[","]\\\\"]',
        b'{"a\\u003a":1,"b":"\\u003a:"}',
        b'{"a":1,"\\u0061":":"}',
        # Integers at the edge of 64 bits, and beyond it.
        b"[999999999999999999,1000000000000000000,9223372036854775807]",
        b"[9223372036854775808,18446744073709551615,18446744073709551616]",
        b"[-9223372036854775808,-9223372036854775809]",
        b"[1.0000000000000000001,0.12345678901234567890123]",
        # Numbers under the clamp.
        b"[1" + b"0" * 20_000 + b"e-20001]",
        b"[0." + b"0" * 20_000 + b"1e20001]",
        # Infinite numbers that go, and ones that stay.
        b'{"a":1e999,"a":1}',
        b"[1e999,-1e999]",
        # orjson reads deeper than PHP.
        b"[" * 512 + b"]" * 512,
        b'{"a":' * 600 + b"1" + b"}" * 600,
        b'{"a":' + b"[" * 511 + b"]" * 511 + b',"a":1}',
        b"[" + b",".join([b"[" * 510 + b"]" * 510] * 2) + b"]",
        b"[" * 100_000,
        # No arrays.
        b"1",
        b'"a"',
        b"null",
        b"",
    ],
)
def test_borders(text: bytes) -> None:
    """The texts at the border between orjson and the reference."""
    check(text)


def test_orjson_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary answer of the gateway does not need the reference."""
    text = b'{"success":true,"data":{"amount":0.5,"n":12},"sign":"a\\/b:"}'
    expected = reference.decode(text)
    monkeypatch.delattr(reference, "decode")
    assert expected == fast_decode.decode(text)
    assert expected.value == fast_decode.read_array(text)
