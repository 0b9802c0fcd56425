"""The PHP settings of a gateway on which the canonical form depends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Literal, get_args

from kesspay._shown import shown_value
from kesspay.errors import InputError


__all__ = ["PHP_8", "Ksort", "Precision", "Profile"]

Precision = Literal[-1, 17]
Ksort = Literal["8.2", "8.0", "7"]

_FLAG_PRECISION_17: Final = 1
_FLAG_UNESCAPED_SLASHES: Final = 2
_FLAG_UNESCAPED_UNICODE: Final = 4
_KSORT_FLAGS: Final[dict[str, int]] = {"8.2": 0, "8.0": 8, "7": 16}

#: What each word of ``Profile.words`` says: a setting and its value.
_WORDS: Final[dict[str, tuple[str, object]]] = {
    "precision=-1": ("serialize_precision", -1),
    "precision=17": ("serialize_precision", 17),
    "unescaped_slashes": ("unescaped_slashes", True),
    "unescaped_unicode": ("unescaped_unicode", True),
    "ksort=8.2": ("ksort", "8.2"),
    "ksort=8.0": ("ksort", "8.0"),
    "ksort=7": ("ksort", "7"),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """
    The PHP settings under which a gateway canonicalises.

    Args:
        serialize_precision: the php.ini setting of this name, -1 (shortest
            digits, the default since PHP 7.1) or 17.
        unescaped_slashes: True where json_encode gets JSON_UNESCAPED_SLASHES.
        unescaped_unicode: True where it gets JSON_UNESCAPED_UNICODE.
        ksort: whose ksort orders the top level: "8.2" (and later), "8.0"
            (and 8.1) or "7" (7.2 to 7.4). They differ only where a top-level
            key looks like a number.

    Raises:
        InputError: for any other value.

    Source: PHP manual, json_encode, ksort, and php.ini core settings.
    """

    serialize_precision: Precision = -1
    unescaped_slashes: bool = False
    unescaped_unicode: bool = False
    ksort: Ksort = "8.2"

    def __post_init__(self) -> None:
        """Refuse values that are no setting of any PHP (InputError)."""
        if type(
            self.serialize_precision
        ) is not int or self.serialize_precision not in (-1, 17):
            msg = "serialize_precision must be -1 or 17"
            raise InputError(msg)
        if self.ksort not in _KSORT_FLAGS:
            msg = 'ksort must be "8.2", "8.0" or "7"'
            raise InputError(msg)
        for name in ("unescaped_slashes", "unescaped_unicode"):
            if type(getattr(self, name)) is not bool:
                msg = f"{name} must be True or False"
                raise InputError(msg)

    @classmethod
    def from_words(cls, text: str) -> Profile:
        """
        Return the profile that words describe, as in ``KESSPAY_PROFILE``.

        Args:
            text: any of ``precision=17``, ``unescaped_slashes``,
                ``unescaped_unicode`` and ``ksort=8.0`` or ``ksort=7``,
                separated by blanks; "" for PHP_8.

        Raises:
            InputError: another word.
        """
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
        """Return all profiles; those that differ least from PHP_8 come first."""
        settings = product(
            get_args(Precision), (False, True), (False, True), get_args(Ksort)
        )
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
        flags = _KSORT_FLAGS[self.ksort]
        if self.serialize_precision == 17:
            flags |= _FLAG_PRECISION_17
        if self.unescaped_slashes:
            flags |= _FLAG_UNESCAPED_SLASHES
        if self.unescaped_unicode:
            flags |= _FLAG_UNESCAPED_UNICODE
        return flags


#: PHP 8.2 or later with its default settings.
PHP_8: Final = Profile()
