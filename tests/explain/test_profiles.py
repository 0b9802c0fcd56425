"""Of the settings of PHP, those that write a document differently are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kesspay.errors import CanonicalizationError
from kesspay.explain.profiles import PROFILES, texts_by_profile
from kesspay.signing.documents import canonicalize
from tests.support.vectors import iter_profiles


if TYPE_CHECKING:
    from kesspay.signing.profile import Profile


#: Of the documents of the vectors, those that are looked at.
LONGEST, EACH, MANY = 500, 50, 40


def one_by_one(document: bytes) -> list[tuple[Profile, bytes]]:
    """Write a document with all profiles; keep the first of those that are alike."""
    found: dict[bytes, Profile] = {}
    for profile in PROFILES:
        try:
            text = canonicalize(document, profile=profile)
        except CanonicalizationError:
            continue
        found.setdefault(text, profile)
    return [(profile, text) for text, profile in found.items()]


def test_each_text_comes_once_with_the_first_profile_that_writes_it() -> None:
    """What is not tried is what another profile writes, in every vector of PHP."""
    documents = {case.document for case in iter_profiles()}
    few = sorted(one for one in documents if len(one) < LONGEST)[::EACH]
    assert len(few) > MANY
    for document in few:
        assert list(texts_by_profile(document)) == one_by_one(document), document


@pytest.mark.parametrize(
    ("document", "count"),
    [
        ('{"b":[1],"a":"x"}', 1),
        ('{"a":"x/y"}', 2),
        ('{"a":"\u00e9/"}', 4),
        ('{"a":1.0}', 2),
        ('{"a":0.1}', 3),
        ('{"a":0.1,"b":1.0}', 6),
        ('{"a":1,"10":1,"9":2,"9a":3," 1":4,"":5}', 2),
        ('{"a":"/\u00e9","b":0.1,"c":1.0,"10":1,"9":2,"9a":3," 1":4,"":5}', 48),
    ],
)
def test_what_makes_no_difference_is_not_put_together(
    document: str, count: int
) -> None:
    """The settings multiply only where each of them changes something."""
    found = list(texts_by_profile(document))
    assert found == one_by_one(document.encode())
    assert len(found) == count


def test_what_no_profile_can_write_has_no_text() -> None:
    """A number that is not finite stands in the way of all settings."""
    assert not list(texts_by_profile('{"a":1e999}'))
