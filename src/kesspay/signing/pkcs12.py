"""
Open PKCS#12 files (.p12, .pfx), by ``cryptography``.

What is found is handed on as DER, so that the key is read and judged as every
other one. The library forgets whether a key is for RSA-PSS alone: where the key
is plain or encrypted with PBES2, it is taken as it is written in the file.

Source: RFC 7292.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from kesspay.signing.der import (
    OBJECT_IDENTIFIER,
    SEQUENCE,
    DerError,
    Element,
    children,
    integer,
    only_sequence,
)
from kesspay.signing.keyfile import Kind, Need, key_error, kind_of
from kesspay.signing.pbes2 import DecryptionFailed, Unsupported, decrypt
from kesspay.signing.status import Found


if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.serialization.pkcs12 import (
        PKCS12KeyAndCertificates,
    )

    from kesspay.errors import KeyLoadError


__all__ = ["opened"]

_LONGEST_PASSWORD: Final = 1023
_MAX_ITERATIONS: Final = 10_000_000
#: With a password; PBMAC1 has the parameters of PBES2.
_PBES2: Final = bytes.fromhex("2a864886f70d01050d")
_PBMAC1: Final = bytes.fromhex("2a864886f70d01050e")
_SCRYPT: Final = bytes.fromhex("2b06010401da47040b")
_SHA_2_AND_3: Final = bytes.fromhex("6086480165030402")
#: The digests of a MAC that OpenSSL knows. With any other one no password fits.
_DIGESTS: Final = {
    _PBMAC1,
    *(_SHA_2_AND_3 + bytes([number]) for number in range(1, 11)),
    bytes.fromhex("2b0e03021a"),  # SHA-1
    bytes.fromhex("2a864886f70d0204"),  # MD4
    bytes.fromhex("2a864886f70d0205"),  # MD5
    bytes.fromhex("2b24030201"),  # RIPEMD-160
    bytes.fromhex("2a811ccf55018311"),  # SM3
}
#: Digest, salt and iterations of the MAC.
_MAC_PARTS: Final = 3
_DATA: Final = bytes.fromhex("2a864886f70d010701")
_ENCRYPTED_DATA: Final = bytes.fromhex("2a864886f70d010706")
_KEY_BAG: Final = bytes.fromhex("2a864886f70d010c0a0101")
_SHROUDED_KEY_BAG: Final = bytes.fromhex("2a864886f70d010c0a0102")
_EMPTY_SEQUENCE: Final = b"\x30\0"


def opened(
    der: bytes, elements: list[Element], password: bytes | None, need: Need
) -> bytes:
    """
    Return what is needed of a PKCS#12 file: PKCS#8 or a certificate, as DER.

    Args:
        der: the file.
        elements: those of its outermost SEQUENCE.
        password: None or empty is none, which also opens a file whose
            password is empty.
        need: which half.

    Raises:
        KeyLoadError: ``format``, ``kind``, ``ambiguous`` or ``password``.
    """
    if not (_is_mac_affordable(elements) and _are_safes_affordable(elements[1])):
        raise _refused(need, "format")
    if password and (len(password) > _LONGEST_PASSWORD or b"\0" in password):
        raise _refused(need, "password")
    found = _loaded(der, password, need, is_digest_known=_is_digest_known(elements))
    if need is Need.PUBLIC:
        return _certificate(found)
    return _written_key(elements, password) or _key(found)


def _refused(need: Need, reason: str) -> KeyLoadError:
    return key_error(need, reason, Found.PKCS12)


def _is_mac_affordable(elements: list[Element]) -> bool:
    """Tell whether the MAC, which is checked first, costs what a file may ask."""
    if len(elements) < _MAC_PARTS:
        return True
    try:
        _, _, *iterations = children(elements[2].content)
        algorithm, name = _mac_algorithm(elements)
        costs = [integer(part) for part in iterations]
        if name.content == _PBMAC1:
            costs.append(_cost(algorithm))
    except ValueError:
        return False
    return max(costs, default=1) <= _MAX_ITERATIONS


def _mac_algorithm(elements: list[Element]) -> tuple[Element, Element]:
    """Return the algorithm of the MAC's digest, and the name of it."""
    digest, *_ = children(elements[2].content)
    algorithm, *_ = children(digest.content)
    name, *_ = children(algorithm.content)
    return algorithm, name


def _is_digest_known(elements: list[Element]) -> bool:
    return len(elements) < _MAC_PARTS or _mac_algorithm(elements)[1].content in _DIGESTS


def _are_safes_affordable(authenticated: Element) -> bool:
    """
    Tell whether what is decrypted costs what a file may ask, also without a MAC.

    What is encrypted twice shows only half of its cost, and what this reader of DER
    cannot take apart is left to the library.
    """
    try:
        safes = only_sequence(_content(authenticated))
        schemes = [scheme for safe in safes for scheme in _schemes(safe)]
    except ValueError:
        return True
    try:
        return sum(_cost(scheme) for scheme in schemes) <= _MAX_ITERATIONS
    except ValueError:
        return False


def _schemes(safe: Element) -> Iterator[Element]:
    """Return how a safe, or each key in it, is encrypted."""
    kind, *rest = children(safe.content)
    if kind.content == _ENCRYPTED_DATA:
        (wrapped,) = rest
        _, inside = only_sequence(wrapped.content)
        _, scheme, *_ = children(inside.content)
        yield scheme
    for bag in only_sequence(_content(safe)):
        name, value, *_ = children(bag.content)
        if name.content == _SHROUDED_KEY_BAG:
            scheme, _ = only_sequence(value.content)
            yield scheme


def _cost(scheme: Element) -> int:
    """
    Return the iterations that a scheme of encryption with a password asks for.

    Those of PKCS#12 and PBES1 have { salt, iterations }, as PBKDF2 does, and scrypt
    { salt, N, r, p }.
    """
    name, parameters, *_ = children(scheme.content)
    if name.content in {_PBES2, _PBMAC1}:
        function, *_ = children(parameters.content)
        name, parameters, *_ = children(function.content)
        if (name.tag, parameters.tag) != (OBJECT_IDENTIFIER, SEQUENCE):
            raise DerError("no function that derives keys")
    _, *numbers = children(parameters.content)
    count = 3 if name.content == _SCRYPT else 1
    factors = [integer(number) for number in numbers[:count]]
    if len(factors) < count or 0 in factors:
        raise DerError("no iterations")
    return math.prod(factors)


def _loaded(
    der: bytes, password: bytes | None, need: Need, *, is_digest_known: bool
) -> PKCS12KeyAndCertificates:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import pkcs12

    try:
        return pkcs12.load_pkcs12(der, password or None)
    except UnsupportedAlgorithm:
        reason = "format"
    except TypeError:
        # The library takes UTF-8 alone, and fails in this way.
        reason = "password"
    except ValueError as error:
        reason = _reason(str(error), is_digest_known=is_digest_known)
    found = "" if reason == "inconsistent" else Found.PKCS12
    raise key_error(need, reason, found)


def _reason(words: str, *, is_digest_known: bool) -> str:
    """Tell failures apart by the words of the library, which are all there is."""
    if "private key" in words:
        return "inconsistent"
    is_format = "deserialize" in words or not is_digest_known
    return "format" if is_format else "password"


def _key(found: PKCS12KeyAndCertificates) -> bytes:
    from cryptography.hazmat.primitives import serialization

    if found.key is None:
        raise _refused(Need.PRIVATE, "kind")
    return found.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _written_key(elements: list[Element], password: bytes | None) -> bytes | None:
    """Return the first key as it is written, or None where it cannot be read here."""
    try:
        for safe in only_sequence(_content(elements[1])):
            for bag in only_sequence(_content(safe)):
                key = _key_in(bag, password)
                if key is not None:
                    return key if kind_of(key)[0] is Kind.PKCS8 else None
    except (ValueError, Unsupported, DecryptionFailed):
        # The library has opened the file: it knows more encodings and ciphers.
        return None
    return None


def _content(info: Element) -> bytes:
    """Return what a ContentInfo of data holds; one of another kind holds nothing."""
    kind, *rest = children(info.content)
    if kind.content != _DATA:
        return _EMPTY_SEQUENCE
    (wrapped,) = rest
    (content,) = children(wrapped.content)
    return content.content


def _key_in(bag: Element, password: bytes | None) -> bytes | None:
    kind, value, *_ = children(bag.content)
    if kind.content == _KEY_BAG:
        return value.content
    if kind.content == _SHROUDED_KEY_BAG:
        scheme, encrypted = only_sequence(value.content)
        return decrypt(scheme.content, encrypted.content, password)
    return None


def _certificate(found: PKCS12KeyAndCertificates) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    certificates = [found.cert] if found.cert else found.additional_certs
    if not certificates:
        raise _refused(Need.PUBLIC, "kind")
    if len(certificates) > 1:
        raise _refused(Need.PUBLIC, "ambiguous")
    return certificates[0].certificate.public_bytes(Encoding.DER)
