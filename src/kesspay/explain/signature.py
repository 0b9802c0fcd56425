"""
The signature: the text of ``sign``, the key, and what the signature covers.

The guard accepts one way to write ``sign``: padded standard base64 (RFC 4648, 4)
of exactly the length of the modulus. The other ways that are met in practice are
read here, so that an explanation can name the slip and still examine the signature.

RSA signatures give back what was signed: ``s ** e mod n`` is the padded block that
the signer built (RFC 8017, 5.2.2). With the right key it holds the digest of the
signed text, and names the digest algorithm; with a wrong key it is noise. So a
signature that does not verify still distinguishes a wrong key from a wrong text,
and the digest lets any guess about the text be checked.

Nothing here decides whether a document is authentic. ``verify_document`` alone
does; this module only explains its refusals.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote_to_bytes

from kesspay.explain.report import Finding


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = [
    "DIGESTS",
    "SLIPS",
    "Examined",
    "Reading",
    "Recovered",
    "RsaKey",
    "digest_of",
    "examine",
    "findings_about",
    "readings",
    "recover",
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


# ------------------------------------------------------------ what a signature covers


Kind = Literal["pkcs1", "pkcs1_bare", "pss", "noise", "too_large"]

#: DER object identifiers of digest algorithms (RFC 8017, appendix B.1, and
#: NIST CSOR), by their hashlib names.
_OIDS: Final[dict[str, str]] = {
    "sha256": "608648016503040201",
    "sha1": "2b0e03021a",
    "sha384": "608648016503040202",
    "sha512": "608648016503040203",
    "md5": "2a864886f70d0205",
    "sha224": "608648016503040204",
    "sha512_224": "608648016503040205",
    "sha512_256": "608648016503040206",
    "sha3_224": "608648016503040207",
    "sha3_256": "608648016503040208",
    "sha3_384": "608648016503040209",
    "sha3_512": "60864801650304020a",
    "ripemd160": "2b24030201",
}
#: The digests that are recognised, the right one first.
DIGESTS: Final = tuple(_OIDS)
_LENGTHS: Final[dict[str, int]] = {
    "sha256": 32,
    "sha1": 20,
    "sha384": 48,
    "sha512": 64,
    "md5": 16,
    "sha224": 28,
    "sha512_224": 28,
    "sha512_256": 32,
    "sha3_224": 28,
    "sha3_256": 32,
    "sha3_384": 48,
    "sha3_512": 64,
    "ripemd160": 20,
}
#: Digests that signers pair with PSS. Others were not met in the wild.
_PSS_DIGESTS: Final = ("sha256", "sha1", "sha384", "sha512")
_MIN_FILL: Final = 8
_PSS_TRAILER: Final = 0xBC


@dataclass(frozen=True, slots=True)
class Recovered:
    """
    What the public key makes of a signature.

    Args:
        kind: "pkcs1" (PKCS#1 v1.5 with a named digest), "pkcs1_bare"
            (PKCS#1 v1.5 padding around something that names no digest),
            "pss" (RSASSA-PSS), "noise" (no known padding: another key, or a
            damaged signature) or "too_large" (the signature is not below the
            modulus: surely another key).
        algorithm: hashlib name of the digest for "pkcs1" and "pss", else "".
        payload: the digest for "pkcs1", the content for "pkcs1_bare", the
            salted hash for "pss", else empty.
        salt: the salt for "pss".
        null_missing: True where the digest's algorithm identifier lacks the
            NULL that RFC 8017 demands, which verifiers refuse.
    """

    kind: Kind
    algorithm: str = ""
    payload: bytes = b""
    salt: bytes = b""
    null_missing: bool = False

    @property
    def fits_key(self) -> bool:
        """Whether the key that was asked belongs to the signature."""
        return self.kind in ("pkcs1", "pkcs1_bare", "pss")

    @property
    def digest(self) -> str:
        """The digest of the signed text in hex, or "" where it is hidden."""
        return self.payload.hex() if self.kind == "pkcs1" else ""

    def covers(self, text: bytes) -> bool:
        """Say whether the signature was made over exactly this text."""
        if self.kind == "pkcs1":
            return digest_of(self.algorithm, text) == self.payload
        if self.kind == "pkcs1_bare":
            return self.payload in (text, *_bare_forms(text))
        if self.kind == "pss":
            inner = digest_of(self.algorithm, text)
            block = bytes(8) + inner + self.salt
            return digest_of(self.algorithm, block) == self.payload
        return False


def digest_of(algorithm: str, text: bytes) -> bytes:
    """Digest a text; empty where this Python does not offer the algorithm."""
    try:
        return hashlib.new(algorithm, text, usedforsecurity=False).digest()
    except ValueError:
        return b""


def recover(signature: bytes, modulus: int, exponent: int) -> Recovered:
    """
    Undo an RSA signature with a public key and read its padding.

    Args:
        signature: big-endian, as in RFC 8017; any length.
        modulus: of the public key.
        exponent: the public exponent.

    Source: RFC 8017, 8.2.2 (PKCS#1 v1.5) and 9.1.2 (PSS).
    """
    number = int.from_bytes(signature, "big")
    if number >= modulus:
        return Recovered("too_large")
    size = (modulus.bit_length() + 7) // 8
    block = pow(number, exponent, modulus).to_bytes(size, "big")
    return _read_pkcs1(block) or _read_pss(block, modulus) or Recovered("noise")


def _read_pkcs1(block: bytes) -> Recovered | None:
    """Read 00 01 FF .. FF 00 payload."""
    if not block.startswith(b"\x00\x01"):
        return None
    rest = block[2:].lstrip(b"\xff")
    fill = len(block) - 2 - len(rest)
    if fill < _MIN_FILL or not rest.startswith(b"\x00"):
        return None
    payload = rest[1:]
    for algorithm in _OIDS:
        for null_missing in (False, True):
            prefix = _digest_info(algorithm, null_missing=null_missing)
            digest = payload[len(prefix) :]
            if payload.startswith(prefix) and len(digest) == _LENGTHS[algorithm]:
                return Recovered("pkcs1", algorithm, digest, null_missing=null_missing)
    return Recovered("pkcs1_bare", payload=payload)


def _digest_info(algorithm: str, *, null_missing: bool) -> bytes:
    """Build the DER that stands in front of a digest (RFC 8017, 9.2)."""
    oid = bytes.fromhex(_OIDS[algorithm])
    inner = b"\x06" + bytes([len(oid)]) + oid
    if not null_missing:
        inner += b"\x05\x00"
    length = _LENGTHS[algorithm]
    head = b"\x30" + bytes([len(inner)]) + inner + b"\x04" + bytes([length])
    return b"\x30" + bytes([len(head) + length]) + head


def _read_pss(block: bytes, modulus: int) -> Recovered | None:
    """
    Read the structure of PSS, which shows without knowing the text.

    The unmasked block is zeros, a one, and the salt; noise looks like this
    with a probability far below 2 ** -64.
    """
    bits = modulus.bit_length() - 1
    length = (bits + 7) // 8
    block = block[-length:]
    if block[-1] != _PSS_TRAILER:
        return None
    for algorithm in _PSS_DIGESTS:
        size = _LENGTHS[algorithm]
        masked, salted = block[: -size - 1], block[-size - 1 : -1]
        mask = _mgf1(algorithm, salted, len(masked))
        data = bytearray(a ^ b for a, b in zip(masked, mask, strict=True))
        if not data:
            continue
        data[0] &= 0xFF >> (8 * length - bits)
        salt = bytes(data).lstrip(b"\x00")
        zeros = len(data) - len(salt)
        if zeros >= _MIN_FILL and salt.startswith(b"\x01"):
            return Recovered("pss", algorithm, salted, salt[1:])
    return None


def _mgf1(algorithm: str, seed: bytes, length: int) -> bytes:
    """Stretch a seed (RFC 8017, appendix B.2.1)."""
    out = b""
    counter = 0
    while len(out) < length:
        out += digest_of(algorithm, seed + counter.to_bytes(4, "big"))
        counter += 1
    return out[:length]


def _bare_forms(text: bytes) -> tuple[bytes, ...]:
    """List what signers put into the padding instead of a DigestInfo."""
    forms: list[bytes] = []
    for algorithm in ("sha256", "sha1", "md5", "sha512"):
        digest = digest_of(algorithm, text)
        forms += [digest, digest.hex().encode(), digest.hex().upper().encode()]
    return tuple(forms)


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


def examine(sign: str, keys: Sequence[RsaKey]) -> Examined:
    """
    Read a signature, if need be against the rules, and find its key.

    Args:
        sign: the value of ``sign``.
        keys: to be tried in order.
    """
    ways = list(_ways(sign, keys))
    for reading in ways:
        for index, key in enumerate(keys):
            recovered = recover(reading.value, key.modulus, key.exponent)
            if recovered.fits_key:
                slips = reading.slips + _length_slips(reading, key.size)
                return Examined(reading.value, slips, recovered, index)
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
