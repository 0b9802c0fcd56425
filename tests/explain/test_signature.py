"""The text of ``sign`` in all its forms, and the key that made it."""

from __future__ import annotations

import base64
import urllib.parse

import pytest

from kesspay.explain.recovered import Recovered
from kesspay.explain.signature import (
    SLIPS,
    Examined,
    RsaKey,
    examine,
    readings,
    unproved,
)
from tests.support.forger import longest_pss, pkcs1, private_key


SIGNATURE = pkcs1(b"text 3")
STRICT = base64.b64encode(SIGNATURE).decode()

#: What was done to the signature, by the slips that it is.
SPOILED: dict[tuple[str, ...], str] = {
    (): STRICT,
    ("percent_encoded",): urllib.parse.quote(STRICT, safe=""),
    ("escaped",): STRICT.replace("/", "\\/"),
    ("escaped", "padding"): STRICT.rstrip("=").replace("/", "\\/") + "\\n",
    ("quoted",): f'"{STRICT}"',
    ("hex",): SIGNATURE.hex(),
    ("plus_lost",): STRICT.replace("+", " "),
    ("whitespace",): "\n".join(STRICT[i : i + 64] for i in range(0, 344, 64)),
    ("url_safe",): base64.urlsafe_b64encode(SIGNATURE).decode(),
    ("url_safe", "padding"): base64.urlsafe_b64encode(SIGNATURE).decode().rstrip("="),
    ("garbage",): "!" + STRICT + "\u00e9",
    ("padding",): STRICT + "=",
    ("encoded_twice",): base64.b64encode(STRICT.encode()).decode(),
    ("url_safe", "padding", "encoded_twice"): base64.b64encode(
        base64.urlsafe_b64encode(SIGNATURE).rstrip(b"=")
    ).decode(),
    ("whitespace", "encoded_twice"): base64.b64encode(
        base64.encodebytes(SIGNATURE)
    ).decode(),
}


def test_the_signature_has_every_character() -> None:
    """The examples below show what they are meant to show."""
    assert {"+", "/", "="} <= set(STRICT)


@pytest.mark.parametrize(("slips", "text"), SPOILED.items(), ids=map("+".join, SPOILED))
def test_a_slip_is_named_and_undone(slips: tuple[str, ...], text: str) -> None:
    """The first reading that has the signature names exactly what was done."""
    found = [r for r in readings(text) if r.value == SIGNATURE]
    assert slips == found[0].slips


@pytest.mark.parametrize(
    "text",
    [
        "0x" + SIGNATURE.hex().upper(),
        ":".join(f"{byte:02X}" for byte in SIGNATURE),
        base64.b64encode(SIGNATURE.hex().encode()).decode(),
    ],
)
def test_hexadecimal_of_any_kind(text: str) -> None:
    """Prefix, colons, upper case and base64 of hex are all hexadecimal."""
    assert readings(text)[-1].slips == ("hex",)
    assert readings(text)[-1].value == SIGNATURE


def test_trailing_bits() -> None:
    """A changed last character shows though the bytes are the same."""
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = len(STRICT.rstrip("=")) - 1
    text = STRICT[:at] + last[last.index(STRICT[at]) + 1] + STRICT[at + 1 :]
    assert readings(text)[0].slips == ("trailing_bits",)
    assert readings(text)[0].value == SIGNATURE


def test_truncated() -> None:
    """A length that base64 cannot have is reported."""
    assert readings(STRICT[:341])[0].slips == ("truncated",)


def test_blanks_can_be_lost_plus_signs_or_blanks() -> None:
    """Both readings are given, the lost plus signs first."""
    slips = [r.slips for r in readings("QUJD RUZH")]
    assert slips == [("plus_lost", "truncated"), ("whitespace",)]


@pytest.mark.parametrize(
    "text", ["", "=", "%", "\\", '"', " ", "\x00", "%zz", "\ud7ff"]
)
def test_nothing_breaks_it(text: str) -> None:
    """Texts that hold no signature at all are read as few bytes."""
    assert all(len(reading.value) <= 1 for reading in readings(text))


def test_every_slip_is_described() -> None:
    """Every slip that can be named has words and advice."""
    named = {slip for slips in SPOILED for slip in slips}
    elsewhere = {"trailing_bits", "truncated", "length", "zero_stripped", "reversed"}
    assert named | elsewhere == set(SLIPS)
    assert all(text and advice for text, advice in SLIPS.values())


def rsa_key(name: str) -> RsaKey:
    """Return the public half of a test key as numbers."""
    numbers = private_key(name).public_key().public_numbers()
    return RsaKey(numbers.n, numbers.e)


def test_the_longest_salt_needs_a_text_that_proves_it() -> None:
    """The key whose padding covers the text is chosen before one that looks like it."""
    text = b"text"
    sign = base64.b64encode(longest_pss(text)).decode()
    right = rsa_key("rsa-2048")
    assert examine(sign, [right], text).made_by == 0
    found = examine(sign, [right], b"another")
    assert found.recovered is not None
    assert not found.recovered.certain
    chance = unproved(found, [right])
    assert chance == Examined(found.value, ())


def test_what_is_certain_comes_before_what_may_be_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Noise that looks like the longest salt does not hide the right key."""
    right, other = rsa_key("rsa-2048"), rsa_key("other-2048")
    kinds = {
        right.modulus: Recovered("pkcs1", "sha256", bytes(32)),
        other.modulus: Recovered("pss", "sha256", bytes(32), certain=False),
    }
    monkeypatch.setattr(
        "kesspay.explain.signature.recover",
        lambda _signature, modulus, _exponent: kinds[modulus],
    )
    assert examine(STRICT, [other, right]).made_by == 1
    assert examine(STRICT, [other]).made_by == 0
