"""Where two texts part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kesspay.explain.expected import first_difference, value_differences
from kesspay.explain.render import read


def test_equal_texts_have_no_difference() -> None:
    """There is nothing to tell about two equal texts."""
    assert first_difference(b"{}", b"{}") is None


def test_the_first_differing_byte() -> None:
    """Position, surroundings and a marker lead to the same byte."""
    found = first_difference(b'{"a":"x\\/y"}', b'{"a":"x/y"}')
    assert found is not None
    assert found.position == 7
    assert found.ours[found.marker] == "\\"
    assert found.theirs[found.marker] == "/"
    assert "at byte 7" in found.summary
    assert "'/'" in found.summary


def test_ends_and_invisible_bytes_are_named() -> None:
    """A missing end, a blank and line ends can be distinguished."""
    for other, name in {
        b"{}": "its end",
        b"{} ": "a blank",
        b"{}\n": "a line feed",
        b"{}\r": "a carriage return",
        b"{}\x1b": "the byte 1b",
    }.items():
        found = first_difference(b"{}}", other)
        assert found is not None
        assert found.position == 2
        assert found.summary.endswith(name)


def test_what_is_shown_is_printable() -> None:
    """No byte of a text reaches a terminal as it is."""
    found = first_difference(b"\x1b[31m\xe2\x80\xae", b"\x1b[31m\xff")
    assert found is not None
    assert found.ours == r"\x1b[31m\xe2\x80\xae"
    assert found.marker == len(r"\x1b[31m")


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_the_position_is_that_of_a_plain_walk(
    head: bytes, ours: bytes, theirs: bytes
) -> None:
    """Halving finds what looking at each byte finds."""
    left, right = head + ours, head + theirs
    found = first_difference(left, right)
    if left == right:
        assert found is None
        return
    pairs = zip(left, right, strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
    assert found is not None
    assert found.position == (min(len(left), len(right)) if same is None else same)


def test_values_are_compared_whatever_their_order() -> None:
    """Only values that differ are listed, with their paths."""
    ours = read('{"b":1,"a":{"x":[1,2,"s"],"y":0.50},"only":null,"sign":"1"}')
    theirs = read('{"a":{"y":0.5,"x":[1,3]},"b":"1","more":{},"sign":"2"}')
    found = {v.path: (v.ours, v.theirs) for v in value_differences(ours, theirs)}
    assert found == {
        'document["b"]': ("1", '"1"'),
        'document["a"]["x"][1]': ("2", "3"),
        'document["a"]["x"][2]': ('"s"', None),
        'document["only"]': ("null", None),
        'document["more"]': (None, "an object of 0 members"),
    }


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [('{"a":true}', '{"a":1}'), ("[null]", '[""]'), ("[1]", '["1"]'), ("[0]", "[[]]")],
)
def test_kinds_of_values_are_distinguished(ours: str, theirs: str) -> None:
    """True is no 1, null is no empty string, 1 is no "1"."""
    assert len(value_differences(read(ours), read(theirs))) == 1


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("{}", "[]"), ('{"a":[1]}', '{"a":{"0":1}}'), ("[1, 1e2]", "[1.0, 100]")],
)
def test_what_is_one_to_php_is_one(ours: str, theirs: str) -> None:
    """An object with the keys 0, 1, ... is an array, and 1.0 is 1."""
    assert not value_differences(read(ours), read(theirs))


def test_only_some_values_are_listed() -> None:
    """A document that is all different does not fill the screen."""
    ours = read("[" + ",".join(map(str, range(100))) + "]")
    theirs = read("[" + ",".join(map(str, range(100, 200))) + "]")
    assert len(value_differences(ours, theirs)) == 20
