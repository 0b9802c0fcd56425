"""
Take the numbers of an RSA key out of its DER.

The structure is told by the tags it is made of, and must agree with the label
where there was one: a label that lies about its content is no key. The
algorithm is named before its key bits are looked at, so that an EC key is
reported as an EC key whatever it holds.

Source: RFC 8017 (A.1), RFC 5958, RFC 5280 (4.1), RFC 3279 (2.3).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from kesspay.signing.der import (
    BIT_STRING,
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    children,
    integer,
    only_sequence,
    tags,
)
from kesspay.signing.keyfile import (
    SECRET_KINDS,
    Kind,
    Need,
    Wrapped,
    key_error,
    secret_error,
    unwrap,
)
from kesspay.signing.pbes2 import DecryptionFailed, Unsupported, decrypt
from kesspay.signing.status import Found


__all__ = ["PrivateNumbers", "PublicNumbers", "private_numbers", "public_numbers"]


class PublicNumbers(NamedTuple):
    """Modulus and public exponent, as they stand in the file."""

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


_MAX_CHILDREN: Final = 12
_PRIVATE_INTEGERS: Final = 9
_CONTEXT_0: Final = 0xA0
_CONTEXT_1: Final = 0xA1
_CONTEXT_1_PRIMITIVE: Final = 0x81
_SPKI_FIELD: Final = 5

_SIGNED: Final = bytes([SEQUENCE, SEQUENCE, BIT_STRING])
_PKCS8: Final = bytes([INTEGER, SEQUENCE, OCTET_STRING])
_PKCS8_TAILS: Final = frozenset(
    bytes(attributes + public)
    for attributes in ([], [_CONTEXT_0])
    for public in ([], [_CONTEXT_1_PRIMITIVE], [_CONTEXT_1])
)
_PKCS1_PRIVATE: Final = bytes([INTEGER] * _PRIVATE_INTEGERS)
_CERTIFICATE: Final = bytes([INTEGER] + [SEQUENCE] * 5)
_REQUEST: Final = bytes([INTEGER, SEQUENCE, SEQUENCE, _CONTEXT_0])
_SHAPES: Final[dict[bytes, Kind]] = {
    _PKCS1_PRIVATE: Kind.PKCS1_PRIVATE,
    _PKCS1_PRIVATE + bytes([SEQUENCE]): Kind.PKCS1_PRIVATE,
    bytes([INTEGER] * 6): Kind.DSA_PRIVATE,
    bytes([SEQUENCE, OCTET_STRING]): Kind.ENCRYPTED_PKCS8,
    bytes([INTEGER, INTEGER]): Kind.PKCS1_PUBLIC,
    bytes([SEQUENCE, BIT_STRING]): Kind.SPKI,
} | {_PKCS8 + tail: Kind.PKCS8 for tail in _PKCS8_TAILS}

_FOUND: Final[dict[Kind, str]] = {
    Kind.PKCS8: Found.PRIVATE_KEY,
    Kind.ENCRYPTED_PKCS8: Found.ENCRYPTED_PRIVATE_KEY,
    Kind.PKCS1_PRIVATE: Found.PRIVATE_KEY,
    Kind.EC_PRIVATE: Found.EC_KEY,
    Kind.DSA_PRIVATE: Found.DSA_KEY,
    Kind.SPKI: Found.PUBLIC_KEY,
    Kind.PKCS1_PUBLIC: Found.PUBLIC_KEY,
    Kind.CERTIFICATE: Found.CERTIFICATE,
    Kind.REQUEST: Found.CSR,
}

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
        password: for encrypted PKCS#8, else not used.

    Raises:
        KeyLoadError: ``format``, ``kind``, ``ambiguous``, ``password`` or
            ``algorithm``. It holds nothing of the key.
    """
    wrapped = unwrap(data, Need.PRIVATE)
    try:
        kind, elements = _structure(wrapped, Need.PRIVATE)
        if kind is Kind.ENCRYPTED_PKCS8:
            elements = _decrypted(elements, password)
        elif kind is Kind.PKCS1_PRIVATE:
            return _pkcs1_private(elements)
        return _pkcs8(elements)
    except DerError:
        raise key_error(Need.PRIVATE, "format") from None


def public_numbers(data: bytes) -> PublicNumbers:
    """
    Return the numbers of the one RSA public key in the data.

    Args:
        data: what the file holds: SPKI, PKCS#1 or an X.509 certificate.

    Raises:
        KeyLoadError: ``format``, ``kind``, ``ambiguous``, ``secret`` or
            ``algorithm``.
    """
    wrapped = unwrap(data, Need.PUBLIC)
    try:
        kind, elements = _structure(wrapped, Need.PUBLIC)
        if kind is Kind.PKCS1_PUBLIC:
            return _pkcs1_public(elements)
        if kind is Kind.CERTIFICATE:
            fields = children(elements[0].content)
            skipped = 1 if fields[0].tag == _CONTEXT_0 else 0
            elements = children(fields[skipped + _SPKI_FIELD].content)
        return _spki(elements)
    except DerError:
        raise key_error(Need.PUBLIC, "format") from None


def _structure(wrapped: Wrapped, need: Need) -> tuple[Kind, list[Element]]:
    elements = only_sequence(wrapped.der)
    if len(elements) > _MAX_CHILDREN:
        raise DerError("more elements than any key has")
    kind = _kind(elements)
    found = _FOUND[kind]
    if need is Need.PUBLIC and kind in SECRET_KINDS:
        raise secret_error(found)
    if wrapped.kind is not None:
        if kind is not wrapped.kind:
            raise DerError("the label does not fit the content")
    elif kind is Kind.REQUEST:
        raise key_error(need, "kind", found)
    elif need is Need.PRIVATE:
        if kind not in SECRET_KINDS:
            raise key_error(need, "kind", found)
        if kind in (Kind.EC_PRIVATE, Kind.DSA_PRIVATE):
            raise key_error(need, "algorithm", found)
    return kind, elements


def _kind(elements: list[Element]) -> Kind:
    shape = tags(elements)
    if shape in _SHAPES:
        return _SHAPES[shape]
    if shape[:2] == bytes([INTEGER, OCTET_STRING]):
        return Kind.EC_PRIVATE
    if shape == _SIGNED:
        inner = tags(children(elements[0].content))
        if inner.removeprefix(bytes([_CONTEXT_0])).startswith(_CERTIFICATE):
            return Kind.CERTIFICATE
        if inner in (_REQUEST, _REQUEST[:-1]):
            return Kind.REQUEST
    raise DerError("no structure that holds a key")


def _decrypted(elements: list[Element], password: bytes | None) -> list[Element]:
    scheme, encrypted = elements
    if not encrypted.content:
        raise DerError("nothing was encrypted")
    found = Found.ENCRYPTED_PRIVATE_KEY
    try:
        data = decrypt(scheme.content, encrypted.content, password)
        inner = only_sequence(data)
    except Unsupported:
        reason = "format"
    except (DecryptionFailed, DerError):
        reason = "password"
    else:
        if _SHAPES.get(tags(inner)) is Kind.PKCS8:
            return inner
        reason = "password"
    raise key_error(Need.PRIVATE, reason, found)


def _pkcs8(elements: list[Element]) -> PrivateNumbers:
    if integer(elements[0]) > 1:
        raise DerError("a version of PrivateKeyInfo that does not exist")
    _require_rsa(elements[1], Need.PRIVATE)
    inner = only_sequence(elements[2].content)
    if _SHAPES.get(tags(inner)) is not Kind.PKCS1_PRIVATE:
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
