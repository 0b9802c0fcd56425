"""
The texts that the settings of PHP make of one document.

There are 72 profiles, but few of them write a document differently: keys that are no
numbers have one order, a text without slashes has nothing to escape. What one setting
does to a text does not depend on the others, so each is looked at alone first, and only
those that make a difference are put together.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from kesspay.errors import CanonicalizationError
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import PHP_8, Profile


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["PROFILES", "texts_by_profile"]

#: All settings of PHP; those that differ least from the default come first.
PROFILES: Final = Profile.every()

#: How to read the settings that are independent of the others. The two of numbers go
#: together: both change how a whole double is written.
_ASPECTS: Final = (
    attrgetter("ksort"),
    attrgetter("unescaped_slashes"),
    attrgetter("unescaped_unicode"),
    attrgetter("serialize_precision", "preserve_zero_fraction"),
)


def _only(aspect: attrgetter[object]) -> list[Profile]:
    """Return the profiles that have the default in every other aspect."""
    others = [other for other in _ASPECTS if other is not aspect]
    return [p for p in PROFILES if all(other(p) == other(PHP_8) for other in others)]


#: For each aspect, the profiles that show what it does.
_SAMPLES: Final = [(aspect, _only(aspect)) for aspect in _ASPECTS]


def texts_by_profile(text: str | bytes) -> Iterator[tuple[Profile, bytes]]:
    """
    Yield each text that a document has under some profile, and the first that has it.

    Args:
        text: the document.

    Returns:
        Pairs in the order of ``PROFILES``; none where a number is not finite, which no
        profile can write.
    """
    known: dict[Profile, bytes] = {}

    def write(profile: Profile) -> bytes:
        if profile not in known:
            known[profile] = canonicalize(text, profile=profile)
        return known[profile]

    different: list[set[object]] = []
    try:
        for aspect, samples in _SAMPLES:
            first: dict[bytes, object] = {}
            for profile in samples:
                first.setdefault(write(profile), aspect(profile))
            different.append(set(first.values()))
    except CanonicalizationError:
        return
    for profile in PROFILES:
        pairs = zip(_ASPECTS, different, strict=True)
        if all(aspect(profile) in values for aspect, values in pairs):
            yield profile, write(profile)
