"""The writer: PHP's json_encode, character by character."""

from __future__ import annotations

import json
import sys
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import CanonicalizationError
from kesspay.signing.profile import Profile
from kesspay.signing.reference.decode import Array, decode
from kesspay.signing.reference.encode import encode
from tests.support.php_answers import Settings


if TYPE_CHECKING:
    from tests.support.php import Php


#: Every character that has a rule of its own, and the neighbours of them.
CHARACTERS = [
    *map(chr, range(0x180)),
    *"\u07ff\u0800\u2027\u2028\u2029\u202a\ud7ff\ue000\ufdd0\ufeff\ufffe\uffff",
    *"\U00010000\U0001f600\U0010fffd\U0010ffff",
]


@pytest.mark.parametrize(("slashes", "unicode"), list(product((False, True), repeat=2)))
def test_characters(
    php: Php,
    slashes: bool,  # noqa: FBT001 - as it is called
    unicode: bool,  # noqa: FBT001 - as it is called
) -> None:
    """Each character, in keys and values, alone and beside a backslash."""
    options = Settings(unescaped_slashes=slashes, unescaped_unicode=unicode)
    arrays: list[list[Any]] = [
        [text, {text: text}]
        for character in CHARACTERS
        for text in (character, f"\\{character}\\\\{character}u007f")
        if text != "0"
    ]
    documents = [json.dumps(array).encode() for array in arrays]
    answers = php.canonicalize(documents, options)
    for array, answer in zip(arrays, answers, strict=True):
        assert answer.canonical == encode(array, options.profile), array


@pytest.mark.parametrize(
    ("array", "text"),
    [
        ({}, "[]"),
        ([], "[]"),
        ({"a": {}, "b": []}, '{"a":[],"b":[]}'),
        ({"0": 1}, "[1]"),
        ({"0": 1, "1": {"0": {}}}, "[1,[[]]]"),
        ({"1": 1, "0": 2}, '{"1":1,"0":2}'),
        ({"0": 1, "2": 2}, '{"0":1,"2":2}'),
        ({"0": 1, "1": 2, "a": 3}, '{"0":1,"1":2,"a":3}'),
        ({"00": 1}, '{"00":1}'),
        ({"-0": 1}, '{"-0":1}'),
        ({"a": None, "b": True, "c": False}, '{"a":null,"b":true,"c":false}'),
        ([0, -1, 2**63 - 1, -(2**63)], f"[0,-1,{2**63 - 1},{-(2**63)}]"),
        ([1.0, -0.0, 1e25, 0.1], "[1,-0,1.0e+25,0.1]"),
        ([[1, [2, {"a": [3]}], 4], 5], '[[1,[2,{"a":[3]}],4],5]'),
    ],
)
def test_layout(array: Array, text: str) -> None:
    """Containers, literals and numbers, without any blanks."""
    assert text.encode() == encode(array)


def test_long_lists_of_objects() -> None:
    """A map is a list only if all of its keys are in order."""
    keys = [str(number) for number in range(1000)]
    assert encode(dict.fromkeys(keys, 0)) == encode([0] * 1000)
    swapped = [*keys[:-2], keys[-1], keys[-2]]
    assert encode(dict.fromkeys(swapped, 0)).startswith(b'{"0":0')


def test_precision() -> None:
    """serialize_precision 17 is for doubles, not for integers."""
    profile = Profile(serialize_precision=17)
    assert encode([0.1, 0.5, 1], profile) == b"[0.10000000000000001,0.5,1]"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        (b"[1e999]", 1),
        (b'{"b":-1e999,"a":1e999}', 5),
        (b'{"a":[{"x":1,"y":[1e309]},1e999],"b":1e999}', 18),
        # The place in the text counts, not the place in the array.
        (b'{"a":0,"b":1e999,"a":1e998}', 11),
        (b'{"a":1e999,"b":1e999,"a":1e998}', 15),
    ],
)
def test_infinite(text: bytes, position: int) -> None:
    """The first infinite number that is left is named by its place."""
    with pytest.raises(CanonicalizationError) as caught:
        encode(decode(text).value)
    assert caught.value.reason == "infinite"
    assert caught.value.position == position


def test_infinite_is_gone() -> None:
    """An infinite number that was replaced does no harm."""
    assert encode(decode(b'{"a":[1e999],"a":1}').value) == b'{"a":1}'


@pytest.mark.thorough
def test_depth() -> None:
    """Any depth is written, without recursion."""
    array: list[Any] = []
    for _ in range(10 * sys.getrecursionlimit()):
        array = [array]
    levels = 10 * sys.getrecursionlimit() + 1
    assert encode(array) == b"[" * levels + b"]" * levels
    # Python itself would recurse to release it.
    while array:
        array = array.pop()
