"""
What a signature covers.

RSA signatures give back what was signed: ``s ** e mod n`` is the padded block that
the signer built (RFC 8017, 5.2.2). With the right key it holds the digest of the
signed text, and names the digest algorithm; with a wrong key it is noise. So the
digest lets any guess about the text be checked.

Nothing here decides whether a document is authentic: ``verify_document`` alone does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final, Literal


__all__ = ["DIGESTS", "Recovered", "digest_of", "recover"]


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
#: A digest, and the one that stretches the mask.
_PSS_PAIRS: Final = (
    *((name, name) for name in _PSS_DIGESTS),
    *((name, "sha1") for name in _PSS_DIGESTS if name != "sha1"),
)
_MIN_FILL: Final = 8
#: One signature of a key in 2 ** 64 begins with so many zero bits.
_LEADING: Final = 64
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
        certain: False for "pss" with so long a salt that one in 2 ** 12 damaged
            signatures looks like it: only a text that it covers proves it.
        null_missing: True where the digest's algorithm identifier lacks the
            NULL that RFC 8017 demands, which verifiers refuse.
        others: the other ways to read a "pss" that is not certain.
    """

    kind: Kind
    algorithm: str = ""
    payload: bytes = b""
    salt: bytes = b""
    null_missing: bool = False
    certain: bool = True
    others: tuple[Recovered, ...] = ()

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
        return self.covering(text) is not None

    def covering(self, text: bytes) -> Recovered | None:
        """Return the reading that was made over exactly this text, or None."""
        return next((r for r in (self, *self.others) if _made_over(r, text)), None)


def _made_over(reading: Recovered, text: bytes) -> bool:
    """Compare what one reading shows with a text."""
    if reading.kind == "pkcs1":
        return digest_of(reading.algorithm, text) == reading.payload
    if reading.kind == "pkcs1_bare":
        return reading.payload in (text, *_bare_forms(text))
    if reading.kind == "pss":
        inner = digest_of(reading.algorithm, text)
        block = bytes(8) + inner + reading.salt
        return digest_of(reading.algorithm, block) == reading.payload
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
    if modulus.bit_length() - number.bit_length() > _LEADING:
        # Of a shorter key: the power would take most of the time.
        return Recovered("noise")
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

    The unmasked block is zeros, a one, and the salt. The longer the salt, the fewer
    zeros are left, and the more often noise looks like this: far below 2 ** -64 with
    eight of them. Node and OpenSSL use the longest salt unless one is given, and
    Java stretches with SHA-1 whatever the digest. A salt of the longest leaves one
    byte that is known, which a wrong digest hits once in some hundred signatures: all
    readings are kept, and the text says which one it is.
    """
    bits = modulus.bit_length() - 1
    length = (bits + 7) // 8
    block = block[-length:]
    if block[-1] != _PSS_TRAILER:
        return None
    likely: list[Recovered] = []
    for algorithm, stretch in _PSS_PAIRS:
        size = _LENGTHS[algorithm]
        masked, salted = block[: -size - 1], block[-size - 1 : -1]
        mask = _mgf1(stretch, salted, len(masked))
        data = bytearray(a ^ b for a, b in zip(masked, mask, strict=True))
        if not data:
            continue
        data[0] &= 0xFF >> (8 * length - bits)
        salt = bytes(data).lstrip(b"\x00")
        certain = len(data) - len(salt) >= _MIN_FILL
        if salt.startswith(b"\x01"):
            found = Recovered("pss", algorithm, salted, salt[1:], certain=certain)
            if certain:
                return found
            likely.append(found)
    return replace(likely[0], others=tuple(likely[1:])) if likely else None


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
