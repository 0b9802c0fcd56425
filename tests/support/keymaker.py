"""
Write key files of any shape: also those no key tool would write.

A small DER writer that checks nothing, and the structures of key files on top
of it. What must be right in a test is made by the openssl command or by
``cryptography``; this is for what must be refused.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa


__all__ = [
    "NULL",
    "RSA",
    "bit_string",
    "certificate",
    "element",
    "identifier",
    "integer",
    "numbers",
    "octets",
    "oid",
    "pem",
    "pkcs1_private",
    "pkcs1_public",
    "pkcs8",
    "sequence",
    "spki",
]

RSA: Final = "1.2.840.113549.1.1.1"


def element(tag: int, content: bytes) -> bytes:
    """Return a tag, the shortest length, and the content."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of elements."""
    return element(0x30, b"".join(parts))


def integer(value: int) -> bytes:
    """Return an INTEGER, negative ones too."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return element(0x02, value.to_bytes(size, "big", signed=True))


def octets(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return element(0x04, content)


def bit_string(content: bytes, unused: int = 0) -> bytes:
    """Return a BIT STRING."""
    return element(0x03, bytes([unused]) + content)


NULL: Final = element(0x05, b"")


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for arc in (40 * first + second, *rest):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.insert(0, arc & 0x7F | 0x80)
        content += bytes(digits)
    return element(0x06, content)


def identifier(dotted: str, *parameters: bytes) -> bytes:
    """Return an AlgorithmIdentifier."""
    return sequence(oid(dotted), *parameters)


def pkcs1_private(*values: int, version: int = 0) -> bytes:
    """Return an RSAPrivateKey: n, e, d, p, q, dP, dQ, qInv."""
    return sequence(integer(version), *map(integer, values))


def pkcs1_public(n: int, e: int) -> bytes:
    """Return an RSAPublicKey."""
    return sequence(integer(n), integer(e))


def pkcs8(key: bytes, algorithm: bytes = identifier(RSA, NULL)) -> bytes:
    """Return a PrivateKeyInfo around an encoded key."""
    return sequence(integer(0), algorithm, octets(key))


def spki(key: bytes, algorithm: bytes = identifier(RSA, NULL)) -> bytes:
    """Return a SubjectPublicKeyInfo around an encoded key."""
    return sequence(algorithm, bit_string(key))


def certificate(public: bytes, *, version: bool = True, more: int = 0) -> bytes:
    """
    Return a Certificate around a SubjectPublicKeyInfo; its signature is void.

    Args:
        public: the SubjectPublicKeyInfo.
        version: whether it says that it is one of version 3.
        more: how many parts follow the key.
    """
    empty = sequence()
    head = [element(0xA0, integer(2))] if version else []
    body = sequence(
        *head, integer(1), empty, empty, empty, empty, public, *[NULL] * more
    )
    return sequence(body, empty, bit_string(b"void"))


def pem(label: str, der: bytes) -> bytes:
    """Return a PEM block."""
    lines = base64.encodebytes(der)
    return f"-----BEGIN {label}-----\n".encode() + (
        lines + f"-----END {label}-----\n".encode()
    )


def numbers(key: rsa.RSAPrivateKey) -> dict[str, int]:
    """Return the numbers of a key, in the order of ``pkcs1_private``."""
    private = key.private_numbers()
    return {
        "n": private.public_numbers.n,
        "e": private.public_numbers.e,
        "d": private.d,
        "p": private.p,
        "q": private.q,
        "dp": private.dmp1,
        "dq": private.dmq1,
        "q_inverse": private.iqmp,
    }
