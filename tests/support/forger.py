"""Make signatures of every kind with ``cryptography``, right and wrong ones."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = [
    "HASHES",
    "body_of",
    "longest_pss",
    "pkcs1",
    "private_key",
    "pss",
    "raw_block",
]

#: hashlib name to the class in ``cryptography``.
HASHES: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha1": hashes.SHA1,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "md5": hashes.MD5,
    "sha224": hashes.SHA224,
    "sha512_224": hashes.SHA512_224,
    "sha512_256": hashes.SHA512_256,
    "sha3_224": hashes.SHA3_224,
    "sha3_256": hashes.SHA3_256,
    "sha3_384": hashes.SHA3_384,
    "sha3_512": hashes.SHA3_512,
}


@cache
def private_key(name: str = "rsa-2048") -> rsa.RSAPrivateKey:
    """Load a test key with ``cryptography``, which need not check whether it is one."""
    key = load_pem_private_key(
        (KEYS / f"{name}.pem").read_bytes(), None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def pkcs1(text: bytes, *, algorithm: str = "sha256", key: str = "rsa-2048") -> bytes:
    """Sign as RFC 8017, 8.2 has it."""
    digest = HASHES[algorithm]()
    return private_key(key).sign(text, padding.PKCS1v15(), digest)


def pss(
    text: bytes,
    *,
    algorithm: str = "sha256",
    key: str = "rsa-2048",
    salt: int | None = None,
    stretch: str = "",
) -> bytes:
    """Sign as RFC 8017, 8.1 has it, by default with a salt as long as the digest."""
    digest = HASHES[algorithm]()
    mask = padding.MGF1(HASHES[stretch or algorithm]())
    length = padding.PSS.DIGEST_LENGTH if salt is None else salt
    kind = padding.PSS(mask, length)
    return private_key(key).sign(text, kind, digest)


def longest_pss(text: bytes) -> bytes:
    """Sign with the longest salt, as Node does unless one is given."""
    return pss(text, salt=222)


def raw_block(payload: bytes, *, key: str = "rsa-2048") -> bytes:
    """Put a payload into PKCS#1 v1.5 padding as it is, and sign the block."""
    numbers = private_key(key).private_numbers()
    modulus = numbers.public_numbers.n
    size = (modulus.bit_length() + 7) // 8
    fill = b"\xff" * (size - 3 - len(payload))
    block = int.from_bytes(b"\x00\x01" + fill + b"\x00" + payload, "big")
    # Modulo each prime, which takes a quarter of the time.
    at_p = pow(block, numbers.dmp1, numbers.p)
    at_q = pow(block, numbers.dmq1, numbers.q)
    signed = at_q + numbers.q * (numbers.iqmp * (at_p - at_q) % numbers.p)
    return signed.to_bytes(size, "big")


def body_of(template: str, signature: bytes) -> bytes:
    """Put a signature in base64 where SIGN stands in a document."""
    sign = base64.b64encode(signature).decode()
    return template.replace("SIGN", sign).encode()
