"""
The signature: the text of ``sign``, and the key.

The guard accepts one way to write ``sign``: padded standard base64 (RFC 4648, 4)
of exactly the length of the modulus. The other ways that are met in practice are
read here, so that an explanation can name the slip and still examine the signature.

What the keys make of a signature is read in ``recovered``. So a signature that does
not verify still distinguishes a wrong key from a wrong text.

Nothing here decides whether a document is authentic. ``verify_document`` alone
does; this module only explains its refusals.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from kesspay.explain.recovered import recover
from kesspay.explain.report import Finding


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kesspay.explain.recovered import Recovered


__all__ = [
    "SLIPS",
    "Examined",
    "Reading",
    "RsaKey",
    "examine",
    "findings_about",
    "readings",
    "unproved",
]


# ------------------------------------------------------------ the text of sign


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
        "has bits that are not zero after its last byte",
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
#: Base64 within base64, however it is written.
_INNER: Final = re.compile(r"[A-Za-z0-9+/_\\=\s-]+")
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
    if not _INNER.fullmatch(text):
        return []
    inner = _read(text, plus_lost=False)
    # A mail of base64 has its line ends by right; they are named once.
    slips = (*reading.slips, *inner.slips, "encoded_twice")
    if len(inner.value) < _SMALLEST:
        return []
    return [Reading(tuple(dict.fromkeys(slips)), inner.value)]


# ------------------------------------------------------------ findings


@dataclass(frozen=True, slots=True)
class RsaKey:
    """
    A public key as numbers.

    Args:
        modulus: n.
        exponent: e.
        own: whether it is the public half of one's own private key.
    """

    modulus: int
    exponent: int
    own: bool = False

    @property
    def size(self) -> int:
        """Length of a signature in bytes."""
        return (self.modulus.bit_length() + 7) // 8


@dataclass(frozen=True, slots=True)
class Examined:
    """
    What is known about a signature.

    Args:
        value: the signature in bytes.
        slips: how its text departs from what is accepted.
        recovered: what the fitting key makes of it, or None.
        made_by: index of the fitting key, or None.
    """

    value: bytes
    slips: tuple[str, ...]
    recovered: Recovered | None = None
    made_by: int | None = None

    def covers(self, text: bytes) -> bool:
        """Say whether the signature was made over exactly this text."""
        return self.recovered is not None and self.recovered.covers(text)


_STANDARD_DIGEST: Final = "sha256"


def examine(sign: str, keys: Sequence[RsaKey], text: bytes = b"") -> Examined:
    """
    Read a signature, if need be against the rules, and find its key.

    Args:
        sign: the value of ``sign``.
        keys: to be tried in order.
        text: that the signature may cover; it proves what looks like chance.

    Returns:
        What was read. Where ``recovered`` is not certain, it proves the key only
        with a text that it covers.
    """
    ways = list(_ways(sign, keys))
    likely = None
    for reading in ways:
        for index, key in enumerate(keys):
            recovered = recover(reading.value, key.modulus, key.exponent)
            if recovered.fits_key:
                slips = reading.slips + _length_slips(reading, key.size)
                proved = recovered.covering(text) if text else None
                found = Examined(reading.value, slips, proved or recovered, index)
                if recovered.certain or proved is not None:
                    return found
                likely = likely or found
    if likely is not None:
        return likely
    return _without_key(ways, keys)


def unproved(examined: Examined, keys: Sequence[RsaKey]) -> Examined:
    """Return the same where what looked like a padding turned out to be chance."""
    return _without_key([Reading(examined.slips, examined.value)], keys)


def _without_key(ways: Sequence[Reading], keys: Sequence[RsaKey]) -> Examined:
    """Choose the reading that a signature of these keys is most likely to be."""
    sizes = {key.size for key in keys}
    likely = [w for w in ways if len(w.value) in sizes] or [
        w for w in ways if "plus_lost" not in w.slips
    ]
    chosen = likely[0]
    length = () if len(chosen.value) in sizes else ("length",)
    return Examined(chosen.value, chosen.slips + length)


def findings_about(examined: Examined, keys: Sequence[RsaKey]) -> Iterator[Finding]:
    """Say what is wrong with the signature, its text aside."""
    for slip in examined.slips:
        text, advice = SLIPS[slip]
        yield Finding(f"sign_{slip}", f'"sign" {text}', advice)
    recovered = examined.recovered
    if recovered is None:
        yield _other_key(examined, keys)
    elif recovered.kind == "pss":
        yield Finding(
            "padding_pss",
            "the signature uses RSA-PSS padding",
            "sign with RSA PKCS#1 v1.5 (PHP: openssl_sign)",
        )
    elif recovered.kind == "pkcs1_bare":
        yield Finding(
            "digest_info_missing",
            "the signature does not name its digest: data were encrypted "
            "with the private key instead of signed",
            "use the signing function of the library (PHP: openssl_sign, not "
            "openssl_private_encrypt)",
        )
    elif recovered.null_missing:
        yield Finding(
            "digest_info_null",
            "the digest identifier in the signature lacks its NULL parameter",
            "use a signing function that follows RFC 8017, 9.2",
        )
    if recovered is not None and recovered.algorithm not in (
        "",
        _STANDARD_DIGEST,
    ):
        name = recovered.algorithm
        yield Finding(
            f"digest_{name}",
            f"the signature was made with {_spelled(name)}, not with SHA-256",
            "sign with SHA-256 (PHP: OPENSSL_ALGO_SHA256)",
        )


def _ways(sign: str, keys: Sequence[RsaKey]) -> Iterator[Reading]:
    """Give the readings of the text, then each with its bytes reversed."""
    plain = readings(sign)
    yield from plain
    sizes = {key.size for key in keys}
    for reading in plain:
        if len(reading.value) in sizes:
            yield Reading((*reading.slips, "reversed"), reading.value[::-1])


def _length_slips(reading: Reading, size: int) -> tuple[str, ...]:
    """Name a length that the number of a fitting signature hides."""
    length = len(reading.value)
    if length < size:
        return ("zero_stripped",)
    return ("length",) if length > size else ()


def _other_key(examined: Examined, keys: Sequence[RsaKey]) -> Finding:
    """Say that no key belongs to the signature."""
    bits = 8 * len(examined.value)
    if "length" in examined.slips:
        sizes = ", ".join(sorted({str(8 * key.size) for key in keys}))
        return Finding(
            "key_size",
            f"the signature has the length of a {bits}-bit key; the keys "
            f"given have {sizes} bits",
            "use the public key that belongs to the signing key, and check "
            "that the signature was not cut",
        )
    count = "the key given" if len(keys) == 1 else "any of the keys given"
    return Finding(
        "key_other",
        f"the signature was not made with the private half of {count}, or "
        "it was damaged",
        "get the current public key from the gateway, and check that the "
        "recording is complete",
    )


def _spelled(name: str) -> str:
    """Write the name of a digest as people do: SHA-1, SHA3-256, MD5."""
    if name.startswith("sha3_"):
        return "SHA3-" + name[5:]
    if name.startswith("sha"):
        return "SHA-" + name[3:].replace("_", "/")
    return name.upper()
