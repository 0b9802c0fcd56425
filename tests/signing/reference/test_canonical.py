"""The canonical form as a whole, in pure Python."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import CanonicalizationError
from kesspay.signing.profile import Profile
from kesspay.signing.reference.canonical import (
    arrange,
    canonicalize_parameters,
    canonicalize_text,
    decode,
    encode,
)


if TYPE_CHECKING:
    from tests.support.php import Php


def test_steps() -> None:
    """The whole is the sum of its steps."""
    text = b'{"b":{"sign":1},"sign":2,"a":[1.50],"sign_type":"RSA2"}'
    decoded = decode(text)
    arranged = arrange(decoded.value)
    assert list(arranged) == ["a", "b"]
    assert encode(arranged) == b'{"a":[1.5],"b":{"sign":1}}'
    assert encode(arranged) == canonicalize_text(text)


def test_arrange_leaves_the_array() -> None:
    """What was decoded is not changed: the guard still needs its "sign"."""
    array = decode(b'{"b":1,"sign":"x","a":2}').value
    arrange(array)
    assert list(array) == ["b", "sign", "a"]


REMOVALS = [
    b'{"sign":1,"a":2,"sign_type":3}',
    rb'{"sig\u006e":1,"a":2}',
    b'{"Sign":1,"sign ":2,"sign\\u0000":3,"SIGN_TYPE":4,"sign_typ":5}',
    b'{"d":{"sign":1,"sign_type":2},"sign":3}',
    b'["sign","sign_type"]',
    b'[{"sign":1}]',
    b'{"sign":{"a":[]}}',
    b'{"0":"a","1":"b","sign":"x"}',
    b'{"sign":1e999,"a":1}',
    b'{"a":1e999,"sign":1}',
    # The keys that go have been part of the sort.
    b'{"10":1,"sign":0,"1a":2,"9":3,"sign_type":0,"2":4}',
]


def test_removal(php: Php) -> None:
    """Exactly "sign" and "sign_type" of the top level go, after sorting."""
    for text, answer in zip(REMOVALS, php.canonicalize(REMOVALS), strict=True):
        try:
            canonical = canonicalize_text(text)
        except CanonicalizationError:
            assert answer.failure == "encode"
        else:
            assert answer.canonical == canonical


def test_profile() -> None:
    """Every setting reaches the step that it belongs to."""
    text = '{"x":0.1,"0":"é/"}'.encode()
    assert canonicalize_text(text) == rb'{"0":"\u00e9\/","x":0.1}'
    profile = Profile(17, unescaped_slashes=True, unescaped_unicode=True, ksort="8.0")
    expected = '{"x":0.10000000000000001,"0":"é/"}'.encode()
    assert expected == canonicalize_text(text, profile)
    assert expected == canonicalize_parameters({"x": 0.1, "0": "é/"}, profile)


def test_levels() -> None:
    """A text may have 511 levels, or as many as asked; parameters 512."""
    text = b'{"a":' * 511 + b"1" + b"}" * 511
    assert canonicalize_text(text) == text
    deeper = b'{"a":' + text + b"}"
    assert canonicalize_text(deeper, max_depth=512) == deeper
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize_text(deeper)
    assert (caught.value.reason, caught.value.position) == ("depth", 511 * 5)
    parameters: dict[str, object] = {"a": 1}
    for _ in range(511):
        parameters = {"a": parameters}
    assert canonicalize_parameters(parameters) == deeper


def test_parameters() -> None:
    """A mapping has the canonical form of the text that says the same."""
    parameters = {"b": Decimal("0.50"), "a": [True, None, {"é": -1}], "sign": "x"}
    text = '{"b":0.50,"a":[true,null,{"é":-1}],"sign":"x"}'.encode()
    assert canonicalize_parameters(parameters) == canonicalize_text(text)
