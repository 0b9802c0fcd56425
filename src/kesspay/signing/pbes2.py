"""
Decrypt the password-based encryption of PKCS#8 files.

Only PBES2 with the parts that current tools write: PBKDF2 or scrypt, and AES
or triple DES in CBC mode. The costs a file may ask for are limited.

Own, because with the loaders of the libraries the backends would differ. Each
reason was measured with ``cryptography`` 50 and OpenSSL 3.0, and
``tests/signing/test_pbes2.py`` asks the installed versions again:

- ``cryptography`` loads an encrypted RSA-PSS key as a plain RSA key;
- it has one error for nearly everything that is wrong in a decrypted key;
- OpenSSL opens ARIA, Camellia, SM4, OFB and CFB, and ``cryptography`` does not;
- both refuse version 1 of RFC 5958 with its public key, which loads here.

Source: RFC 8018 (PBES2, PBKDF2), RFC 7914 (scrypt).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from kesspay.signing.der import (
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    children,
    integer,
    tags,
)


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["DecryptionFailed", "Unsupported", "decrypt"]


class Unsupported(Exception):
    """The encryption is not supported. Callers of this package never see it."""


class DecryptionFailed(Exception):
    """The password is missing or wrong. Callers of this package never see it."""


class _Cipher(NamedTuple):
    name: str
    key_bytes: int
    block_bytes: int


class _Scrypt(NamedTuple):
    n: int
    r: int
    p: int


MAX_PASSWORD_BYTES: Final = 1023
_MAX_SALT_BYTES: Final = 1024
_MAX_ITERATIONS: Final = 10_000_000
_MAX_SCRYPT_MEMORY: Final = 32 << 20
_MAX_SCRYPT_P: Final = 16
_SCRYPT_N_LIMIT_R_1: Final = 1 << 16

_PBES2: Final = bytes.fromhex("2a864886f70d01050d")
_PBKDF2: Final = bytes.fromhex("2a864886f70d01050c")
_SCRYPT: Final = bytes.fromhex("2b06010401da47040b")
_HMAC: Final[dict[bytes, str]] = {
    bytes.fromhex("2a864886f70d0207"): "SHA1",
    bytes.fromhex("2a864886f70d0208"): "SHA224",
    bytes.fromhex("2a864886f70d0209"): "SHA256",
    bytes.fromhex("2a864886f70d020a"): "SHA384",
    bytes.fromhex("2a864886f70d020b"): "SHA512",
}
_CIPHERS: Final[dict[bytes, _Cipher]] = {
    bytes.fromhex("60864801650304012a"): _Cipher("AES", 32, 16),
    bytes.fromhex("608648016503040116"): _Cipher("AES", 24, 16),
    bytes.fromhex("608648016503040102"): _Cipher("AES", 16, 16),
    bytes.fromhex("2a864886f70d0307"): _Cipher("TripleDES", 24, 8),
}


def decrypt(scheme: bytes, encrypted: bytes, password: bytes | None) -> bytes:
    """
    Return what was encrypted.

    Args:
        scheme: content of the AlgorithmIdentifier.
        encrypted: the ciphertext.
        password: 1 to 1023 bytes; None or empty is no password.

    Raises:
        Unsupported: another scheme, malformed, or beyond the cost limits.
        DecryptionFailed: no password, or the padding came out wrong.
    """
    try:
        derive, cipher, vector = _scheme(scheme)
    except DerError:
        raise Unsupported from None
    if not password or len(password) > MAX_PASSWORD_BYTES:
        raise DecryptionFailed
    key = derive(password, cipher.key_bytes)
    return _decrypted(cipher, key, vector, encrypted)


def _scheme(
    scheme: bytes,
) -> tuple[Callable[[bytes, int], bytes], _Cipher, bytes]:
    algorithm, parameters = _identifier(scheme)
    if algorithm != _PBES2:
        raise Unsupported
    kdf, encryption = _exactly(parameters, [SEQUENCE, SEQUENCE])
    algorithm, vector = _identifier(encryption.content, OCTET_STRING)
    cipher = _CIPHERS.get(algorithm)
    if cipher is None or len(vector) != cipher.block_bytes:
        raise Unsupported
    algorithm, parameters = _identifier(kdf.content)
    if algorithm == _PBKDF2:
        return _pbkdf2(parameters, cipher), cipher, vector
    if algorithm == _SCRYPT:
        return _scrypt(parameters, cipher), cipher, vector
    raise Unsupported


def _identifier(content: bytes, tag: int = SEQUENCE) -> tuple[bytes, bytes]:
    algorithm, parameters = _exactly(content, [OBJECT_IDENTIFIER, tag])
    return algorithm.content, parameters.content


def _exactly(content: bytes, expected: list[int]) -> list[Element]:
    elements = children(content)
    if tags(elements) != bytes(expected):
        raise Unsupported
    return elements


def _salt(element: Element) -> bytes:
    if not 1 <= len(element.content) <= _MAX_SALT_BYTES:
        raise Unsupported
    return element.content


def _take_key_length(rest: list[Element], cipher: _Cipher) -> None:
    """Remove the optional keyLength, which must be that of the cipher."""
    if rest and rest[0].tag == INTEGER and integer(rest.pop(0)) != cipher.key_bytes:
        raise Unsupported


def _pbkdf2(parameters: bytes, cipher: _Cipher) -> Callable[[bytes, int], bytes]:
    salt, iterations, *rest = _at_least(parameters, [OCTET_STRING, INTEGER])
    salt_bytes, count = _salt(salt), integer(iterations)
    if not 1 <= count <= _MAX_ITERATIONS:
        raise Unsupported
    _take_key_length(rest, cipher)
    hash_name = _hmac_hash(rest)

    def derive(password: bytes, length: int) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.kdf import pbkdf2

        algorithm = getattr(hashes, hash_name)()
        return pbkdf2.PBKDF2HMAC(algorithm, length, salt_bytes, count).derive(password)

    return derive


def _at_least(content: bytes, expected: list[int]) -> list[Element]:
    elements = children(content)
    if tags(elements[: len(expected)]) != bytes(expected):
        raise Unsupported
    return elements


def _hmac_hash(rest: list[Element]) -> str:
    if not rest:
        return "SHA1"
    if tags(rest) != bytes([SEQUENCE]):
        raise Unsupported
    algorithm, *parameters = _at_least(rest[0].content, [OBJECT_IDENTIFIER])
    name = _HMAC.get(algorithm.content)
    if name is None or parameters not in ([], [Element(NULL, b"")]):
        raise Unsupported
    return name


def _scrypt(parameters: bytes, cipher: _Cipher) -> Callable[[bytes, int], bytes]:
    salt, n, r, p, *rest = _at_least(
        parameters, [OCTET_STRING, INTEGER, INTEGER, INTEGER]
    )
    cost = _Scrypt(integer(n), integer(r), integer(p))
    salt_bytes = _salt(salt)
    _take_key_length(rest, cipher)
    if rest or not _affordable(cost):
        raise Unsupported

    def derive(password: bytes, length: int) -> bytes:
        from cryptography.hazmat.primitives.kdf import scrypt

        return scrypt.Scrypt(
            salt=salt_bytes, length=length, n=cost.n, r=cost.r, p=cost.p
        ).derive(password)

    return derive


def _affordable(cost: _Scrypt) -> bool:
    n, r, p = cost
    power_of_two = n > 1 and n & (n - 1) == 0
    memory = 128 * r * (n + p + 2)
    within_rfc_7914 = r > 1 or n < _SCRYPT_N_LIMIT_R_1
    return (
        power_of_two
        and r >= 1
        and 1 <= p <= _MAX_SCRYPT_P
        and memory <= _MAX_SCRYPT_MEMORY
        and within_rfc_7914
    )


def _decrypted(cipher: _Cipher, key: bytes, vector: bytes, encrypted: bytes) -> bytes:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    algorithm = TripleDES if cipher.name == "TripleDES" else algorithms.AES
    decryptor = Cipher(algorithm(key), modes.CBC(vector)).decryptor()
    unpadder = PKCS7(cipher.block_bytes * 8).unpadder()
    try:
        padded = decryptor.update(encrypted) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise DecryptionFailed from None
