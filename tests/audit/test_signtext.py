"""Every way in which the text of a signature may be spoiled is named."""

from __future__ import annotations

import base64
import urllib.parse

import pytest

from kesspay.audit.signtext import SLIPS, readings
from tests.support.forger import pkcs1


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
    """A length that base64 cannot have is told."""
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
