"""
Ways in which the text of ``sign`` may be written, and what bytes it means.

The guard accepts one way: padded standard base64 (RFC 4648, 4) of exactly the
length of the modulus. This module reads the others that are met in practice,
so that an explanation can name the slip and still look at the signature.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes


__all__ = ["SLIPS", "Reading", "readings"]

#: Every slip in the text of ``sign``: what it does, and what to do about it.
SLIPS: Final[dict[str, tuple[str, str]]] = {
    "percent_encoded": (
        "is percent-encoded (%2B, %2F, %3D)",
        "decode the form or URL once more before using it",
    ),
    "escaped": (
        "holds backslashes, as if the JSON had been escaped twice",
        "decode the JSON before using it",
    ),
    "quoted": ("is wrapped in quotes", "cut the quotes off"),
    "hex": (
        "is hexadecimal, not base64",
        "encode the raw signature in base64",
    ),
    "plus_lost": (
        "holds blanks where base64 has '+', as after form decoding",
        "percent-encode '+' on the way, or send JSON",
    ),
    "whitespace": (
        "holds white space or line breaks, as some tools wrap base64",
        "write it on one line (openssl: base64 -A)",
    ),
    "url_safe": (
        "uses the url-safe alphabet of base64 ('-' and '_')",
        "use the standard alphabet ('+' and '/')",
    ),
    "garbage": (
        "holds characters that are not base64",
        "check what was added to it on the way",
    ),
    "padding": (
        "has '=' padding that is missing, too long or misplaced",
        "fill it with '=' to a multiple of four characters",
    ),
    "trailing_bits": (
        "has bits that are not zero behind its last byte",
        "check that its end was not changed; a base64 encoder leaves zeros",
    ),
    "truncated": (
        "has a length that base64 cannot have",
        "record all of it",
    ),
    "encoded_twice": ("was encoded in base64 twice", "encode it once"),
    "length": (
        "is not exactly as long as the modulus of the key",
        "check that it was not cut, and that the key is the right one",
    ),
    "zero_stripped": (
        "lacks the leading zero byte of the signature",
        "write as many bytes as the modulus has (RFC 8017, I2OSP)",
    ),
    "reversed": (
        "holds the bytes in reverse order, as Windows CryptoAPI gives them",
        "reverse them before encoding",
    ),
}

_STRICT: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_HEX: Final = re.compile(r"(?:0[xX])?(?:[0-9A-Fa-f]{2}[:\s]?){32,}")
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_OUTSIDE: Final = re.compile(r"[^A-Za-z0-9+/=]")
_SPACES: Final = re.compile(r"[\t\n\v\f\r ]")
#: An RSA signature of the smallest key anyone still uses has 64 bytes.
_SMALLEST: Final = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One way to read the text of ``sign``.

    Args:
        slips: what is wrong with the text, keys of ``SLIPS``; empty for
            strict base64.
        value: the raw bytes it means.
    """

    slips: tuple[str, ...]
    value: bytes


def readings(text: str) -> tuple[Reading, ...]:
    """
    List the ways to read the text of ``sign``, the most likely one first.

    Args:
        text: the value of ``sign`` as it stands in the document.
    """
    clean = _STRICT.fullmatch(text) is not None
    found = [_decode(text, [])] if clean else []
    if " " in text.strip():
        found.append(_read(text, plus_lost=True))
    if not clean or _HEX.fullmatch(text):
        found.append(_read(text, plus_lost=False))
    found += [again for one in found for again in _unwrap(one)]
    return tuple(found)


def _read(text: str, *, plus_lost: bool) -> Reading:
    """Peel one layer of slips after the other, then decode."""
    slips: list[str] = []
    text = _peel(text, slips)
    if _HEX.fullmatch(text.strip()):
        digits = re.sub(r"^0[xX]|[:\s]", "", text.strip())
        return Reading((*slips, "hex"), bytes.fromhex(digits))
    if plus_lost:
        slips.append("plus_lost")
        text = text.strip().replace(" ", "+")
    if _SPACES.search(text):
        slips.append("whitespace")
        text = _SPACES.sub("", text)
    if "-" in text or "_" in text:
        slips.append("url_safe")
        text = text.replace("-", "+").replace("_", "/")
    if _OUTSIDE.search(text):
        slips.append("garbage")
        text = _OUTSIDE.sub("", text)
    return _decode(text, slips)


def _peel(text: str, slips: list[str]) -> str:
    """Take off what encodings around the base64 left behind."""
    if _PERCENT.search(text):
        slips.append("percent_encoded")
        text = unquote_to_bytes(text).decode("latin-1")
    if "\\" in text:
        slips.append("escaped")
        text = re.sub(r"\\[nrt]", "", text).replace("\\", "")
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        slips.append("quoted")
        text = bare[1:-1]
    return text


def _decode(text: str, slips: list[str]) -> Reading:
    """Decode base64 whose alphabet is clean, naming what is wrong with it."""
    digits = text.replace("=", "")
    if len(digits) % 4 == 1:
        slips.append("truncated")
        digits = digits[:-1]
    padded = digits + "=" * (-len(digits) % 4)
    if padded != text and "truncated" not in slips:
        slips.append("padding")
    value = base64.b64decode(padded)
    if base64.b64encode(value).decode() != padded:
        slips.append("trailing_bits")
    return Reading(tuple(slips), value)


def _unwrap(reading: Reading) -> list[Reading]:
    """Look whether the decoded bytes are themselves a written signature."""
    value = reading.value
    try:
        text = value.decode("ascii").strip()
    except UnicodeDecodeError:
        return []
    if _HEX.fullmatch(text):
        digits = re.sub(r"^0[xX]|[:\s]", "", text)
        return [Reading((*reading.slips, "hex"), bytes.fromhex(digits))]
    try:
        inner = base64.b64decode(re.sub(r"\s", "", text), validate=True)
    except (binascii.Error, ValueError):
        return []
    if len(inner) < _SMALLEST:
        return []
    return [Reading((*reading.slips, "encoded_twice"), inner)]
