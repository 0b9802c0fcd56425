"""Settings of PHP: what is refused, and profiles as words."""

from __future__ import annotations

from typing import Any

import pytest

from kesspay import PHP_8, InputError, Profile


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
    assert Profile.from_words(" \t") is PHP_8
    assert Profile.from_words("ksort=8.0 ksort=7") == Profile(ksort="7")


@pytest.mark.parametrize(
    "word", ["precision=16", "precision", "ksort=8", "unescaped_slashes=1", "PHP", ","]
)
def test_unknown_word(word: str) -> None:
    """A word that is none is refused; the known ones are named, and it is not shown."""
    with pytest.raises(InputError) as caught:
        Profile.from_words(f"ksort=7 {word}")
    message = str(caught.value)
    assert message.startswith("the words of a profile are precision=-1, precision=17,")
    assert "unescaped_unicode, ksort=8.2, ksort=8.0, ksort=7; got " in message


def test_every() -> None:
    """All 24 profiles are there once; few differences from PHP 8.2 come first."""
    every = Profile.every()
    assert len(every) == len(set(every)) == 24
    assert every[0] == PHP_8
    differences = [len(profile.words().split()) for profile in every]
    assert differences == sorted(differences)
