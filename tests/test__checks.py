"""Checks of arguments: each takes what is meant, and nothing that looks like it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kesspay._checks import (
    file_path,
    is_number,
    named,
    plain,
    plain_fields,
    require,
    require_flag,
    seconds,
    whole_number,
)
from kesspay.errors import InputError
from tests.support.odd import ODD, FailingText, PathOfNumber


if TYPE_CHECKING:
    from pathlib import Path


def test_the_name_of_a_class() -> None:
    """It has the article that it is read with, whatever the name is."""
    assert [named(kind) for kind in (str, int, OSError, type("", (), {}))] == [
        *("a str", "an int", "an OSError", "a "),
    ]


def test_an_object_of_a_class() -> None:
    """It is one of it; of an object of another class only the type is shown."""
    require(5, object, "number")
    with pytest.raises(InputError, match="name must be a str, not a bytes") as caught:
        require(b"canary", str, "name")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("value", [*ODD, "5", 5.0, True, None, 2, 8])
def test_a_whole_number_is_within_its_limits(value: object) -> None:
    """True is no 1 and 5.0 no 5."""
    for good in (3, 7):
        whole_number("count", good, 3, 7)
    with pytest.raises(InputError, match="count must be a whole number from 3 to 7"):
        whole_number("count", value, 3, 7)


@pytest.mark.parametrize("value", [*ODD, "false", "", 0, 1, None, FailingText("x")])
def test_a_switch_is_true_or_false(value: object) -> None:
    """A text is no switch: "false" would be taken for True."""
    with pytest.raises(InputError, match="flag must be True or False"):
        require_flag("flag", value)
    for flag in (True, False):
        require_flag("flag", flag)


@pytest.mark.parametrize("value", [0.25, 1, 30, 86_400])
def test_a_timeout_is_seconds(value: float) -> None:
    """An int and a float are one."""
    assert is_number(value)
    assert seconds(value) == float(value)
    assert type(seconds(value)) is float


@pytest.mark.parametrize("value", [*ODD, "5", Decimal(5), True, None, 0, -1, 10**400])
def test_what_is_no_timeout(value: object) -> None:
    """No number, and one that nothing can wait for, are refused by name."""
    assert not is_number(value) or value in (0, -1)
    with pytest.raises(InputError, match="every must be a number of seconds above 0"):
        seconds(value, "every")


def test_a_text_is_an_exact_one() -> None:
    """A class below str is left behind; another value stays what it is."""

    @dataclass(frozen=True, slots=True)
    class Message:
        text: str
        amount: Decimal

    text = plain(FailingText("x"))
    assert type(text) is str
    assert text == "x"
    for value in ("x", b"x", None, 5):
        assert plain(value) is value
    made = Message(FailingText("x"), Decimal(1))
    plain_fields(made)
    assert type(made.text) is str
    assert made == Message("x", Decimal(1))


def test_paths(tmp_path: Path) -> None:
    """A path is a str, bytes or a path object."""
    name = str(tmp_path)
    for path in (name, os.fsencode(name), tmp_path):
        assert file_path(path) == name
    for other in (None, 3, ["x"], PathOfNumber(), memoryview(b"x")):
        with pytest.raises(InputError, match="ca_file must be a str, bytes or path"):
            file_path(other, "ca_file")
