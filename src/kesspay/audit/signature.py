"""Read what can be read out of ``sign``: its text, its key, its digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kesspay.audit.recover import Recovered, recover
from kesspay.audit.report import Finding
from kesspay.audit.signtext import SLIPS, Reading, readings


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["Examined", "RsaKey", "examine", "findings_about"]


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
