"""The value that was signed: proved by its digest, never guessed."""

from __future__ import annotations

import hashlib
import json
from typing import get_args

import pytest

from kesspay.explain import values
from kesspay.explain.search import BUDGET
from kesspay.explain.values import find_signed_value, tries_within, values_of
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Precision, Profile
from tests.support.rng import Rng


ANSWER = (
    '{"code":200,"data":{"amount":9117.45,"currency":"USD","list":[{"amount":1}],'
    '"out_trade_no":"A-1","receiver_id":"012","receiver_name":"ស/é","x":{}},'
    '"message":"Success","success":true}'
)
CANONICAL = canonicalize(ANSWER.encode())


def digest(text: bytes) -> bytes:
    """Return what a signature over a text holds."""
    return hashlib.sha256(text).digest()


@pytest.mark.parametrize(
    ("stands", "signed", "path"),
    [
        (b"9117.45", b"0.01", "data.amount"),
        (b"9117.45", b"12", "data.amount"),
        (b"9117.45", b"20.5", "data.amount"),
        (b'"USD"', b'"KHR"', "data.currency"),
        (b"true", b"false", "success"),
    ],
)
def test_what_was_signed(stands: bytes, signed: bytes, path: str) -> None:
    """Words of a field and amounts are found."""
    found = find_signed_value(CANONICAL, digest(CANONICAL.replace(stands, signed)))
    assert found is not None
    assert str(found) == f"{path} was {signed.decode()} when signed"
    assert found.stands == stands.decode()


def test_the_spelling_of_an_amount() -> None:
    """It is that of the body: a text stays a text, 17 digits stay 17 digits."""
    text = CANONICAL.replace(b"9117.45", b'"9117.45"')
    found = find_signed_value(text, digest(text.replace(b"9117.45", b"1.50")))
    assert found is not None
    assert found.signed == '"1.50"'


@pytest.mark.parametrize("precision", get_args(Precision))
@pytest.mark.parametrize("fraction", [False, True])
@pytest.mark.parametrize("amount", ["0.01", "0.1", "2.1", "2.0", "3", "12.34"])
def test_the_spelling_under_other_settings(
    precision: Precision,
    fraction: bool,  # noqa: FBT001 - a parameter of the test
    amount: str,
) -> None:
    """It is that of the profile: the text that was signed is found."""
    profile = Profile(serialize_precision=precision, preserve_zero_fraction=fraction)
    right = canonicalize(ANSWER.replace("9117.45", amount).encode(), profile=profile)
    changed = canonicalize(ANSWER.encode(), profile=profile)
    found = find_signed_value(changed, digest(right), profile=profile)
    assert found is not None
    value = values_of(right)["data.amount"]
    assert found.signed.encode() == right[value.start : value.end]


def test_siblings() -> None:
    """The values of other records are tried, by path, then by name."""
    right = CANONICAL.replace(b'"012"', b'"855 12"')
    request = b'{"amount":1,"receiver_id":"855 12","service":"s"}'
    for sibling in (right, request):
        found = find_signed_value(CANONICAL, digest(right), siblings=[sibling])
        assert found is not None
        assert (found.path, found.signed) == ("data.receiver_id", '"855 12"')
    assert find_signed_value(CANONICAL, digest(right), tries=100) is None


def test_other_texts_are_not_explained_away() -> None:
    """Without a value that fits there is no answer, within any number of tries."""
    for tries in (0, 3, 1000):
        assert find_signed_value(CANONICAL, digest(b"x"), tries=tries) is None
    assert find_signed_value(b"[1]", digest(b"x")) is None
    assert find_signed_value(b'{"a":1}', digest(b"x")) is None


@pytest.mark.parametrize("profile", [Profile(), Profile(preserve_zero_fraction=True)])
@pytest.mark.parametrize("amount", [b"9117.45", b'"9117.45"'])
def test_the_end_of_the_amounts(
    amount: bytes, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no amount fits, there is no answer."""
    monkeypatch.setattr(values, "AMOUNTS", 300)
    text = CANONICAL.replace(b"9117.45", amount)
    sibling = b'{"other":1}'
    found = find_signed_value(text, digest(b"x"), siblings=[sibling], profile=profile)
    assert found is None


def test_a_long_text_is_tried_less_often() -> None:
    """What is hashed for a budget is bounded, however much follows the value."""
    assert tries_within(BUDGET, CANONICAL) > 400_000
    for size in (10_000, 100_000, 1_000_000):
        assert tries_within(BUDGET, bytes(size)) * size < 40 * BUDGET


def test_places_of_values() -> None:
    """Each value lies where its path says, whatever stands before it."""
    raw = canonicalize(ANSWER.encode(), profile=Profile(unescaped_unicode=True))
    for text in (CANONICAL, raw):
        document = json.loads(text)
        found = values_of(text)
        assert {"data.amount", "data.x", "message", "success"} <= set(found)
        for value in found.values():
            inside = document
            for name in value.path.split("."):
                inside = inside[name]
            assert json.loads(text[value.start : value.end]) == inside
            assert value.is_text is isinstance(inside, str)
    many = json.dumps({f"k{n}": {"v": n} for n in range(900)}).encode()
    assert len(values_of(many)) == 200
    deep = b'{"a":' * 9 + b"1" + b"}" * 9
    assert list(values_of(deep)) == ["a.a.a.a.a"]


@pytest.mark.exhaustive
def test_random_amounts() -> None:
    """Every planted amount is found."""
    rng = Rng(5)
    for _ in range(20):
        cents = rng.below(999_999) + 1
        amount = f"{cents / 100:.2f}".rstrip("0").rstrip(".").encode()
        right = CANONICAL.replace(b"9117.45", amount)
        found = find_signed_value(CANONICAL, digest(right))
        assert found is None or found.signed.encode() == amount
        assert found is not None or right == CANONICAL
