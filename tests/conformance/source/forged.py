"""Signatures for the cases of the kit: honest ones, and every forgery there is."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Final

import kesspay
from tests.conformance.broken_blocks import pss_block
from tests.conformance.source import Draft
from tests.support import forger
from tests.support import keymaker as make
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.conformance.kit import Level


__all__ = [
    "INFO",
    "block_of",
    "body",
    "digest_of",
    "modulus_of",
    "pem",
    "pss",
    "public_file",
    "public_pem",
    "raw",
    "signed",
    "verify_case",
]

#: DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2, note 1).
INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")


def pem(name: str) -> bytes:
    """Return a file of test keys."""
    return (KEYS / f"{name}.pem").read_bytes()


def public_pem(name: str) -> bytes:
    """Return the public half of a test key."""
    return pem(f"{name}.pub")


def public_file(n: int, e: int) -> bytes:
    """Return the PEM file of a public key with any numbers."""
    return make.pem("PUBLIC KEY", make.spki(make.pkcs1_public(n, e)))


def digest_of(text: bytes, name: str = "sha256") -> bytes:
    """Return the digest of a text."""
    return hashlib.new(name, text).digest()


@cache
def _numbers(key: str) -> tuple[int, int, int, int, int, int]:
    numbers = forger.private_key(key).private_numbers()
    n = numbers.public_numbers.n
    return n, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp


def modulus_of(key: str) -> int:
    """Return the modulus of a test key."""
    return _numbers(key)[0]


def raw(block: bytes, key: str = "rsa-2048") -> bytes:
    """Apply the private key to a whole block, whatever it holds."""
    n, p, q, dp, dq, inverse = _numbers(key)
    number = int.from_bytes(block, "big")
    assert number < n
    at_p, at_q = pow(number, dp, p), pow(number, dq, q)
    signed = at_q + q * (inverse * (at_p - at_q) % p)
    return signed.to_bytes(len(block), "big")


def block_of(payload: bytes, size: int = 256, *, fill: bytes = b"\xff") -> bytes:
    """Return the block of PKCS#1 v1.5 around a payload, with any fill."""
    return b"\0\1" + fill * (size - 3 - len(payload)) + b"\0" + payload


def pss(text: bytes, key: str = "rsa-2048", salt: bytes = b"kess" * 8) -> bytes:
    """Sign by PSS with SHA-256 and a fixed salt."""
    size = (modulus_of(key).bit_length() + 7) // 8
    return raw(pss_block(digest_of(text), size, salt), key)


def body(template: str, signature: bytes) -> bytes:
    """Put a signature where SIGN stands, with slashes escaped as PHP does."""
    sign = base64.b64encode(signature).decode().replace("/", "\\/")
    return template.replace("SIGN", sign).encode()


def signed(
    template: str,
    *,
    key: str = "rsa-2048",
    text: bytes | None = None,
    spelled: Callable[[str], str] | None = None,
) -> bytes:
    """
    Return a document with an honest signature where SIGN stands.

    Args:
        template: the document.
        key: name of the private key.
        text: what is signed; without it the canonical form of the document.
        spelled: how the base64 of the signature is changed.
    """
    if text is None:
        text = kesspay.canonicalize(template)
    signature = forger.pkcs1(text, key=key)
    if spelled is None:
        return body(template, signature)
    sign = spelled(base64.b64encode(signature).decode())
    return template.replace("SIGN", sign.replace("/", "\\/")).encode()


def verify_case(
    rule: str,
    text: bytes,
    comment: str,
    *,
    level: Level = "hostile",
    key: str = "rsa-2048",
    since: str = "1.0",
) -> Draft:
    """Return a case; without a point in its name it is a rule of verifying."""
    name = rule if "." in rule else f"verify.{rule}"
    return Draft(name, level, text, comment, key=public_pem(key), since=since)
