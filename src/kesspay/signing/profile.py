"""The PHP settings of a gateway on which the canonical form depends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal, get_args

from kesspay._checks import named
from kesspay._shown import shown_value
from kesspay.errors import InputError


__all__ = ["PHP_8", "Ksort", "Precision", "Profile"]

Precision = Literal[-1, 17, 100]
Ksort = Literal["8.2", "8.0", "7"]

_PRECISION_FLAGS: Final[dict[int, int]] = {-1: 0, 17: 1, 100: 32}
_FLAGS: Final = {
    "unescaped_slashes": 2,
    "unescaped_unicode": 4,
    "preserve_zero_fraction": 64,
}
_KSORT_FLAGS: Final[dict[str, int]] = {"8.2": 0, "8.0": 8, "7": 16}

#: What each word of ``Profile.words`` says: a setting and its value.
_WORDS: Final[dict[str, tuple[str, object]]] = {
    "precision=-1": ("serialize_precision", -1),
    "precision=17": ("serialize_precision", 17),
    "precision=100": ("serialize_precision", 100),
    "unescaped_slashes": ("unescaped_slashes", True),
    "unescaped_unicode": ("unescaped_unicode", True),
    "ksort=8.2": ("ksort", "8.2"),
    "ksort=8.0": ("ksort", "8.0"),
    "ksort=7": ("ksort", "7"),
    "preserve_zero_fraction": ("preserve_zero_fraction", True),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """
    The PHP settings under which a gateway canonicalizes.

    Args:
        serialize_precision: the php.ini setting of this name, -1 (shortest
            digits, the default since PHP 7.1), 17 or 100.
        unescaped_slashes: True where json_encode gets JSON_UNESCAPED_SLASHES.
        unescaped_unicode: True where it gets JSON_UNESCAPED_UNICODE.
        ksort: whose ksort orders the top level: "8.2" (and later), "8.0"
            (and 8.1) or "7" (7.2 to 7.4). They differ only where a top-level
            key looks like a number.
        preserve_zero_fraction: True where json_encode gets
            JSON_PRESERVE_ZERO_FRACTION: 1.0 is written as ``1.0``, not as ``1``.

    Raises:
        InputError: for any other value.

    Source: PHP manual, json_encode, ksort, and php.ini core settings.
    """

    serialize_precision: Precision = -1
    unescaped_slashes: bool = False
    unescaped_unicode: bool = False
    ksort: Ksort = "8.2"
    preserve_zero_fraction: bool = False

    def __post_init__(self) -> None:
        """Refuse values that are no setting of any PHP (InputError)."""
        precision = self.serialize_precision
        if type(precision) is not int or precision not in _PRECISION_FLAGS:
            msg = "serialize_precision must be -1, 17 or 100"
            raise InputError(msg)
        if not isinstance(self.ksort, str) or self.ksort not in _KSORT_FLAGS:
            msg = 'ksort must be "8.2", "8.0" or "7"'
            raise InputError(msg)
        for name in _FLAGS:
            if type(getattr(self, name)) is not bool:
                msg = f"{name} must be True or False"
                raise InputError(msg)

    @classmethod
    def from_words(cls, text: str) -> Profile:
        """
        Return the profile that words describe, as in ``KESSPAY_PROFILE``.

        Args:
            text: any of ``precision=17`` or ``precision=100``,
                ``unescaped_slashes``, ``unescaped_unicode``, ``ksort=8.0`` or
                ``ksort=7``, and ``preserve_zero_fraction``, separated by
                blanks; "" for PHP_8.

        Raises:
            InputError: another word.
        """
        if not isinstance(text, str):
            kind = named(type(text))
            raise InputError(f"the words of a profile must be a str, not {kind}")
        settings: dict[str, Any] = {}
        for word in text.split():
            if word not in _WORDS:
                known, got = ", ".join(_WORDS), shown_value(word)
                raise InputError(f"the words of a profile are {known}; got {got}")
            name, value = _WORDS[word]
            settings[name] = value
        return cls(**settings) if settings else PHP_8

    @classmethod
    def every(cls) -> tuple[Profile, ...]:
        """Return all 72 profiles; those that differ least from PHP_8 come first."""
        either = (False, True)
        settings = product(get_args(Precision), either, either, get_args(Ksort), either)
        profiles = [cls(*values) for values in settings]
        return tuple(sorted(profiles, key=lambda one: len(one.words().split())))

    def words(self) -> str:
        """Return what ``from_words`` reads as this profile, "" for PHP_8."""
        return " ".join(
            word
            for word, (name, value) in _WORDS.items()
            if value == getattr(self, name) != getattr(PHP_8, name)
        )

    @property
    def flags(self) -> int:
        """The same settings as KESS_PROFILE_* bits of kess.h."""
        flags = _KSORT_FLAGS[self.ksort] | _PRECISION_FLAGS[self.serialize_precision]
        return flags | sum(bit for name, bit in _FLAGS.items() if getattr(self, name))


PHP_8: Final = Profile()
"""PHP 8.2 or later with its default settings."""
