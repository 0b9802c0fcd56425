"""What PHP is asked under, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal


if TYPE_CHECKING:
    from kesspay.signing.profile import Profile


__all__ = ["DEFAULT", "Answer", "Settings"]

Failure = Literal["", "decode", "type", "encode"]


@dataclass(frozen=True, slots=True)
class Settings:
    """
    The PHP settings that the canonical form depends on.

    The names are those of kesspay's Profile.

    Attributes:
        serialize_precision: the php.ini setting, -1, 17 or 100.
        unescaped_slashes: json_encode gets JSON_UNESCAPED_SLASHES.
        unescaped_unicode: json_encode gets JSON_UNESCAPED_UNICODE.
        ksort: whose ksort: "8.2", "8.0" (and 8.1), or "7". Only real old
            versions of PHP can answer for the last two.
        preserve_zero_fraction: json_encode gets JSON_PRESERVE_ZERO_FRACTION.
    """

    serialize_precision: Literal[-1, 17, 100] = -1
    unescaped_slashes: bool = False
    unescaped_unicode: bool = False
    ksort: Literal["8.2", "8.0", "7"] = "8.2"
    preserve_zero_fraction: bool = False

    @property
    def code(self) -> str:
        """A short form: letters of what differs from the default."""
        return "".join(
            letter
            for letter, is_set in (
                ("p", self.serialize_precision == 17),
                ("h", self.serialize_precision == 100),
                ("s", self.unescaped_slashes),
                ("u", self.unescaped_unicode),
                ("8", self.ksort == "8.0"),
                ("7", self.ksort == "7"),
                ("z", self.preserve_zero_fraction),
            )
            if is_set
        )

    @classmethod
    def from_code(cls, code: str) -> Settings:
        """Return the settings that have this short form."""
        return cls(
            serialize_precision=17 if "p" in code else 100 if "h" in code else -1,
            unescaped_slashes="s" in code,
            unescaped_unicode="u" in code,
            ksort="7" if "7" in code else "8.0" if "8" in code else "8.2",
            preserve_zero_fraction="z" in code,
        )

    @property
    def profile(self) -> Profile:
        """The kesspay Profile that stands for these settings."""
        # Imported late: the judges work where kesspay is not installed.
        from kesspay.signing.profile import Profile

        return Profile(
            self.serialize_precision,
            self.unescaped_slashes,
            self.unescaped_unicode,
            self.ksort,
            self.preserve_zero_fraction,
        )


#: PHP 8.2 as it comes.
DEFAULT: Final = Settings()


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What PHP answered.

    Attributes:
        canonical: the canonical bytes, or None where PHP fails.
        failure: "decode" (json_decode fails), "type" (the top level is a
            scalar), "encode" (json_encode fails), or "".
        code: json_last_error() of the failing call, 0 for "type".
        message: json_last_error_msg(), or the type of the scalar.
    """

    canonical: bytes | None
    failure: Failure = ""
    code: int = 0
    message: str = ""

    @property
    def ok(self) -> bool:
        """True where canonical bytes exist."""
        return self.canonical is not None
