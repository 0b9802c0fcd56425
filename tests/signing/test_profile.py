"""Settings of PHP: what is refused, and profiles as words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kesspay import PHP_8, InputError, Profile
from tests.support.pages import ROOT


@pytest.mark.parametrize(
    "settings",
    [
        {"serialize_precision": 16},
        {"serialize_precision": -1.0},
        {"serialize_precision": True},
        {"serialize_precision": "17"},
        {"ksort": "8.1"},
        {"ksort": "8"},
        {"unescaped_slashes": 1},
        {"unescaped_unicode": None},
        {"preserve_zero_fraction": 1},
        {"serialize_precision": 99},
        {"serialize_precision": 100.0},
        {"ksort": ["8.2"]},
        {"ksort": 8.2},
    ],
)
def test_refused(settings: dict[str, Any]) -> None:
    """No value is rounded to the nearest one that is known."""
    with pytest.raises(InputError):
        Profile(**settings)


@pytest.mark.parametrize("profile", Profile.every(), ids=lambda one: one.words())
def test_words(profile: Profile) -> None:
    """Written as words and read again, a profile is the same."""
    words = profile.words()
    assert Profile.from_words(words) == profile
    assert Profile.from_words("\n".join(reversed(words.split()))) == profile
    assert (words == "") is (profile == PHP_8)


def test_words_of_each_setting() -> None:
    """Each setting has its word, also one that PHP 8.2 has by default."""
    profile = Profile(17, unescaped_slashes=True, unescaped_unicode=True, ksort="7")
    words = "precision=17 unescaped_slashes unescaped_unicode ksort=7"
    assert profile.words() == words
    assert Profile.from_words(words) == profile
    assert Profile.from_words("precision=-1 ksort=8.2") == PHP_8
    profile = Profile(100, preserve_zero_fraction=True)
    assert profile.words() == "precision=100 preserve_zero_fraction"
    assert Profile.from_words(profile.words()) == profile
    assert Profile.from_words(" \t") is PHP_8
    assert Profile.from_words("ksort=8.0 ksort=7") == Profile(ksort="7")


@pytest.mark.parametrize("text", [None, 5, b"ksort=7", ["ksort=7"]])
def test_words_that_are_no_text(text: Any) -> None:  # noqa: ANN401 - of any type
    """They are refused, and not shown."""
    with pytest.raises(InputError, match=r"words of a profile must be a str, not an? "):
        Profile.from_words(text)


@pytest.mark.parametrize(
    "word", ["precision=16", "precision", "ksort=8", "unescaped_slashes=1", "PHP", ","]
)
def test_unknown_word(word: str) -> None:
    """A word that is none is refused; the known ones are named, and it is not shown."""
    with pytest.raises(InputError) as caught:
        Profile.from_words(f"ksort=7 {word}")
    message = str(caught.value)
    assert message.startswith("the words of a profile are precision=-1, precision=17,")
    assert "ksort=8.0, ksort=7, preserve_zero_fraction; got " in message


def test_every() -> None:
    """All 72 profiles are there once; few differences from PHP 8.2 come first."""
    every = Profile.every()
    assert len(every) == len(set(every)) == 72
    assert every[0] == PHP_8
    differences = [len(profile.words().split()) for profile in every]
    assert differences == sorted(differences)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"serialize_precision": 17}, "PRECISION_17"),
        ({"unescaped_slashes": True}, "UNESCAPED_SLASHES"),
        ({"unescaped_unicode": True}, "UNESCAPED_UNICODE"),
        ({"ksort": "8.0"}, "KSORT_PHP_8_0"),
        ({"ksort": "7"}, "KSORT_PHP_7"),
        ({"serialize_precision": 100}, "PRECISION_100"),
        ({"preserve_zero_fraction": True}, "PRESERVE_ZERO_FRACTION"),
    ],
)
def test_flags(settings: dict[str, Any], name: str) -> None:
    """Each setting is the bit of this name in kess.h; PHP 8.2 has none."""
    header = (ROOT / "csrc/include/kess.h").read_text(encoding="utf-8")
    found = re.search(rf"^#define KESS_PROFILE_{name} (\d+)u", header, re.MULTILINE)
    assert found is not None
    assert Profile(**settings).flags == int(found[1])
    assert PHP_8.flags == 0
