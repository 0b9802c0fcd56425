"""
Read the numbers of an RSA key from its DER.

The tags of the elements decide which structure it is, and a PEM label does
not. The algorithm is checked before the key bits are read, so that an EC key
is reported as an EC key even where its content is malformed.

Own, because the verdict on a file must be that of the native core, and the same
with every version of ``cryptography``: its loaders differ in both
(``tests/signing/test_pbes2.py`` and ``test_key_memory.py`` show how).

Source: RFC 8017 (A.1), RFC 5958, RFC 5280 (4.1), RFC 3279 (2.3).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kesspay.signing.der import (
    BIT_STRING,
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    DerError,
    Element,
    children,
    integer,
    only_sequence,
    tags,
)
from kesspay.signing.keyfile import (
    FOUND_OF,
    SECRET_KINDS,
    Kind,
    Need,
    key_error,
    kind_of,
    secret_error,
    unwrap,
)
from kesspay.signing.pbes2 import DecryptionFailed, Unsupported, decrypt
from kesspay.signing.pkcs12 import opened
from kesspay.signing.status import Found


__all__ = ["PrivateNumbers", "PublicNumbers", "private_numbers", "public_numbers"]


class PublicNumbers(NamedTuple):
    """Modulus and public exponent, as they are in the file."""

    n: int
    e: int


class PrivateNumbers(NamedTuple):
    """The eight numbers of RFC 8017, A.1.2. Never shown."""

    n: int
    e: int
    d: int
    p: int
    q: int
    dp: int
    dq: int
    q_inverse: int


_CONTEXT_0: Final = 0xA0
_PRIVATE_INTEGERS: Final = 9
_SPKI_FIELD: Final = 5

_RSA: Final = bytes.fromhex("2a864886f70d010101")
_OTHER_ALGORITHMS: Final[dict[bytes, str]] = {
    bytes.fromhex("2a864886f70d01010a"): Found.RSA_PSS_KEY,
    bytes.fromhex("2a8648ce3d0201"): Found.EC_KEY,
    bytes.fromhex("2b656e"): Found.ED_KEY,
    bytes.fromhex("2b656f"): Found.ED_KEY,
    bytes.fromhex("2b6570"): Found.ED_KEY,
    bytes.fromhex("2b6571"): Found.ED_KEY,
    bytes.fromhex("2a8648ce380401"): Found.DSA_KEY,
    bytes.fromhex("2a864886f70d010301"): Found.DH_KEY,
    bytes.fromhex("2a8648ce3e0201"): Found.DH_KEY,
}


def private_numbers(data: bytes, password: bytes | None) -> PrivateNumbers:
    """
    Return the numbers of the one RSA private key in the data.

    Args:
        data: what the file holds.
        password: for encrypted PKCS#8 and PKCS#12, else not used.

    Raises:
        KeyLoadError: ``format``, ``kind``, ``ambiguous``, ``password`` or
            ``algorithm``. It holds nothing of the key.
    """
    der = unwrap(data, Need.PRIVATE)
    try:
        kind, elements = _structure(der, Need.PRIVATE)
        if kind is Kind.PKCS12:
            _, elements = kind_of(opened(der, elements, password, Need.PRIVATE))
        elif kind is Kind.ENCRYPTED_PKCS8:
            elements = _decrypted(elements, password)
        elif kind is Kind.PKCS1_PRIVATE:
            return _pkcs1_private(elements)
        return _pkcs8(elements)
    except DerError:
        raise key_error(Need.PRIVATE, "format") from None


def public_numbers(data: bytes, password: bytes | None = None) -> PublicNumbers:
    """
    Return the numbers of the one RSA public key in the data.

    Args:
        data: what the file holds: SPKI, PKCS#1, an X.509 certificate, or
            PKCS#12 with one.
        password: for PKCS#12, else not used.

    Raises:
        KeyLoadError: ``format``, ``kind``, ``ambiguous``, ``secret``,
            ``password`` or ``algorithm``.
    """
    der = unwrap(data, Need.PUBLIC)
    try:
        kind, elements = _structure(der, Need.PUBLIC)
        if kind is Kind.PKCS12:
            kind, elements = kind_of(opened(der, elements, password, Need.PUBLIC))
        if kind is Kind.PKCS1_PUBLIC:
            return _pkcs1_public(elements)
        if kind is Kind.CERTIFICATE:
            fields = children(elements[0].content)
            skipped = 1 if fields[0].tag == _CONTEXT_0 else 0
            elements = children(fields[skipped + _SPKI_FIELD].content)
        return _spki(elements)
    except DerError:
        raise key_error(Need.PUBLIC, "format") from None


def _structure(der: bytes, need: Need) -> tuple[Kind, list[Element]]:
    """Return the elements of a key of the wanted half."""
    kind, elements = kind_of(der)
    found = FOUND_OF[kind]
    if kind is Kind.PKCS12:
        return kind, elements
    secret = kind in SECRET_KINDS
    if need is Need.PUBLIC and secret:
        raise secret_error(found)
    if kind is Kind.REQUEST or (need is Need.PRIVATE and not secret):
        raise key_error(need, "kind", found)
    if kind in (Kind.EC_PRIVATE, Kind.DSA_PRIVATE):
        raise key_error(need, "algorithm", found)
    return kind, elements


def _decrypted(elements: list[Element], password: bytes | None) -> list[Element]:
    scheme, encrypted = elements
    if not encrypted.content:
        raise DerError("nothing was encrypted")
    found = Found.ENCRYPTED_PRIVATE_KEY
    try:
        data = decrypt(scheme.content, encrypted.content, password)
        kind, inner = kind_of(data)
    except Unsupported:
        reason = "format"
    except (DecryptionFailed, DerError):
        reason = "password"
    else:
        if kind is Kind.PKCS8:
            return inner
        reason = "password"
    raise key_error(Need.PRIVATE, reason, found)


def _pkcs8(elements: list[Element]) -> PrivateNumbers:
    if integer(elements[0]) > 1:
        raise DerError("a version of PrivateKeyInfo that does not exist")
    _require_rsa(elements[1], Need.PRIVATE)
    kind, inner = kind_of(elements[2].content)
    if kind is not Kind.PKCS1_PRIVATE:
        raise DerError("no RSAPrivateKey where one should be")
    return _pkcs1_private(inner)


def _pkcs1_private(elements: list[Element]) -> PrivateNumbers:
    version = integer(elements[0])
    if version == 1:
        # More than two primes: valid RSA, but nothing here can use it.
        raise key_error(Need.PRIVATE, "kind", Found.OTHER_KEY)
    if version != 0 or len(elements) != _PRIVATE_INTEGERS:
        raise DerError("a version of RSAPrivateKey that does not exist")
    return PrivateNumbers(*(integer(element) for element in elements[1:]))


def _spki(elements: list[Element]) -> PublicNumbers:
    if tags(elements) != bytes([SEQUENCE, BIT_STRING]):
        raise DerError("no SubjectPublicKeyInfo where one should be")
    _require_rsa(elements[0], Need.PUBLIC)
    bits = elements[1].content
    if bits[:1] != b"\0":
        raise DerError("a BIT STRING that does not hold whole bytes")
    return _pkcs1_public(only_sequence(bits[1:]))


def _pkcs1_public(elements: list[Element]) -> PublicNumbers:
    if tags(elements) != bytes([INTEGER, INTEGER]):
        raise DerError("no RSAPublicKey where one should be")
    return PublicNumbers(integer(elements[0]), integer(elements[1]))


def _require_rsa(identifier: Element, need: Need) -> None:
    parts = children(identifier.content)
    if not 1 <= len(parts) <= 2 or parts[0].tag != OBJECT_IDENTIFIER:
        raise DerError("no AlgorithmIdentifier")
    algorithm = parts[0].content
    if algorithm != _RSA:
        found = _OTHER_ALGORITHMS.get(algorithm, Found.OTHER_KEY)
        raise key_error(need, "algorithm", found)
    if parts[1:] not in ([], [Element(NULL, b"")]):
        raise DerError("parameters where RSA has none")
