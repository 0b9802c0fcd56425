"""
Open PKCS#12 files (.p12, .pfx), by ``cryptography``.

What is found is handed on as DER, so that the key is read and judged as every
other one. The library forgets whether a key is for RSA-PSS alone, and has one error
for all that is wrong in a key: where the key is plain or encrypted with PBES2, it is
taken as it is written in the file.

Source: RFC 7292.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kesspay.errors import KeyLoadError
from kesspay.signing.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    DerError,
    Element,
    children,
    few_children,
    integer,
    loose_children,
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
_CERTIFICATE_BAG: Final = bytes.fromhex("2a864886f70d010c0a0103")
_EMPTY_SEQUENCE: Final = b"\x30\0"
_LONG_FORM: Final = 0x80


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
    if not _are_keys_affordable(elements[1], password):
        raise _refused(need, "format")
    is_known = _is_digest_known(elements)
    try:
        file = _in_der(der, elements)
        found = _loaded(file, password, need, is_digest_known=is_known)
    except KeyLoadError:
        damaged = _beside_a_bad_key(elements, password, need)
        if damaged is None:
            raise
        return damaged
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
        _, _, *iterations = few_children(elements[2].content)
        algorithm, name = _mac_algorithm(elements)
        costs = [integer(part) for part in iterations]
        if name.content == _PBMAC1:
            costs.append(_cost(algorithm))
    except ValueError:
        return False
    return max(costs, default=1) <= _MAX_ITERATIONS


def _mac_algorithm(elements: list[Element]) -> tuple[Element, Element]:
    """Return the algorithm of the MAC's digest, and the name of it."""
    digest, *_ = few_children(elements[2].content)
    algorithm, *_ = few_children(digest.content)
    name, *_ = few_children(algorithm.content)
    return algorithm, name


def _is_digest_known(elements: list[Element]) -> bool:
    return len(elements) < _MAC_PARTS or _mac_algorithm(elements)[1].content in _DIGESTS


def _are_safes_affordable(authenticated: Element) -> bool:
    """
    Tell whether what is decrypted costs what a file may ask, also without a MAC.

    What cannot be taken apart here is left to the library.
    """
    try:
        schemes = [one for safe in _safes(authenticated) for one in _schemes(safe)]
    except ValueError:
        return True
    return _is_sum_affordable(schemes)


def _are_keys_affordable(authenticated: Element, password: bytes | None) -> bool:
    """Tell the same of keys that are encrypted once more in an encrypted safe."""
    schemes: list[Element] = []
    with _whatever_is_read():
        for safe in _safes(authenticated):
            inside = _decrypted(safe, password)
            if inside:
                schemes += (*_schemes(safe), *_schemes_of_bags(inside))
    return _is_sum_affordable(schemes)


def _is_sum_affordable(schemes: list[Element]) -> bool:
    try:
        return sum(map(_cost, schemes)) <= _MAX_ITERATIONS
    except ValueError:
        return False


def _safes(authenticated: Element) -> list[Element]:
    return _loose_sequence(_content(authenticated))


def _loose_sequence(data: bytes) -> list[Element]:
    (sequence,) = loose_children(data)
    if sequence.tag != SEQUENCE:
        raise DerError("not one SEQUENCE")
    return loose_children(sequence.content)


def _schemes(safe: Element) -> list[Element]:
    """Return how a safe, or each key in it, is encrypted."""
    kind, *rest = loose_children(safe.content)
    if kind.content != _ENCRYPTED_DATA:
        return _schemes_of_bags(_content(safe))
    (wrapped,) = rest
    _, inside = _loose_sequence(wrapped.content)
    _, scheme, *_ = loose_children(inside.content)
    return [scheme]


def _schemes_of_bags(data: bytes) -> list[Element]:
    found = []
    for bag in _loose_sequence(data):
        name, value, *_ = loose_children(bag.content)
        if name.content == _SHROUDED_KEY_BAG:
            scheme, _ = _loose_sequence(value.content)
            found.append(scheme)
    return found


def _decrypted(safe: Element, password: bytes | None) -> bytes:
    """Return what an encrypted safe holds; another one holds nothing."""
    kind, *rest = children(safe.content)
    if kind.content != _ENCRYPTED_DATA:
        return b""
    (wrapped,) = rest
    _, inside = only_sequence(wrapped.content)
    _, scheme, encrypted = children(inside.content)
    return decrypt(scheme.content, encrypted.content, password)


def _cost(scheme: Element) -> int:
    """
    Return the iterations that a scheme of encryption with a password asks for.

    Those of PKCS#12 and PBES1 have { salt, iterations }, as PBKDF2 does, and scrypt
    { salt, N, r, p }.
    """
    name, parameters, *_ = few_children(scheme.content)
    if name.content in {_PBES2, _PBMAC1}:
        function, *_ = few_children(parameters.content)
        name, parameters, *_ = few_children(function.content)
        if (name.tag, parameters.tag) != (OBJECT_IDENTIFIER, SEQUENCE):
            raise DerError("no function that derives keys")
    _, *numbers = few_children(parameters.content)
    count = 3 if name.content == _SCRYPT else 1
    factors = [integer(number) for number in numbers[:count]]
    if len(factors) < count or 0 in factors:
        raise DerError("no iterations")
    return math.prod(factors)


def _in_der(der: bytes, elements: list[Element]) -> bytes:
    """Return a file whose outermost parts are in DER: of BER the library warns."""
    with suppress(ValueError):
        kind, wrapped = loose_children(elements[1].content)
        (content,) = loose_children(wrapped.content)
        inside = _written(wrapped.tag, _written(*content))
        safes = _written(SEQUENCE, _written(*kind) + inside)
        rest = b"".join(_mac_in_der(mac) for mac in elements[2:])
        return _written(SEQUENCE, _written(*elements[0]) + safes + rest)
    return der


def _mac_in_der(mac: Element) -> bytes:
    """Return the MAC without the one iteration that goes without saying."""
    *parts, last = children(mac.content)
    if last != Element(INTEGER, b"\1"):
        parts.append(last)
    return _written(mac.tag, b"".join(_written(*part) for part in parts))


def _written(tag: int, content: bytes) -> bytes:
    """Return an element in DER."""
    length = len(content)
    if length < _LONG_FORM:
        return bytes([tag, length]) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, _LONG_FORM + len(digits)]) + digits + content


def _loaded(
    der: bytes,
    password: bytes | None,
    need: Need,
    *,
    is_digest_known: bool,
) -> PKCS12KeyAndCertificates:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import pkcs12
    from cryptography.x509 import InvalidVersion

    try:
        return pkcs12.load_pkcs12(der, password or None)
    except UnsupportedAlgorithm:
        reason = "format"
    except TypeError:
        # The library takes UTF-8 alone, and fails in this way.
        reason = "password"
    except ValueError as error:
        reason = _reason(str(error), is_digest_known=is_digest_known)
    except (Warning, InvalidVersion):
        # It warns of what it takes for BER, which may be an error to this process; and
        # a certificate of a version that does not exist has an error of its own.
        reason = "format"
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
    # The library knows more encodings and ciphers.
    with _whatever_is_read():
        for bag in _bags(elements, password):
            key = _key_in(bag, password)
            if key is not None:
                return key if kind_of(key)[0] is Kind.PKCS8 else None
    return None


def _bags(elements: list[Element], password: bytes | None) -> Iterator[Element]:
    for safe in only_sequence(_content(elements[1])):
        yield from only_sequence(_decrypted(safe, password) or _content(safe))


def _beside_a_bad_key(
    elements: list[Element], password: bytes | None, need: Need
) -> bytes | None:
    """
    Return what a file holds whose key the library does not load, or None.

    A file without a MAC proves no password, and for the library a key that it cannot
    load is a wrong one. So the key is judged as it is written, and the certificate next
    to it is as good as one in a file of its own.
    """
    key = _written_key(elements, password)
    if len(elements) >= _MAC_PARTS or key is None or _is_loadable(key):
        return None
    if need is Need.PRIVATE:
        return key
    with _whatever_is_read():
        bags = _bags(elements, password)
        (certificate,) = (one for bag in bags for one in _certificates_in(bag))
        return certificate
    return None


def _whatever_is_read() -> suppress:
    """Pass over what cannot be read here: the library says what is wrong with it."""
    from cryptography.exceptions import UnsupportedAlgorithm

    return suppress(ValueError, Unsupported, DecryptionFailed, UnsupportedAlgorithm)


def _is_loadable(key: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        load_der_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    except Warning:
        # An error to this process; the library says with it that it has read the key.
        return True
    return True


def _certificates_in(bag: Element) -> list[bytes]:
    kind, value, *_ = children(bag.content)
    if kind.content != _CERTIFICATE_BAG:
        return []
    _, wrapped = only_sequence(value.content)
    return [one.content for one in children(wrapped.content)]


def _content(info: Element) -> bytes:
    """Return what a ContentInfo of data holds; one of another kind holds nothing."""
    kind, *rest = loose_children(info.content)
    if kind.content != _DATA:
        return _EMPTY_SEQUENCE
    (wrapped,) = rest
    (content,) = loose_children(wrapped.content)
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
