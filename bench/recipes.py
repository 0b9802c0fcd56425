"""
What people write in Python: the same work with other libraries.

Each recipe is right for the documents that are measured here, not for every
document. A library that is not installed is left out (``bench`` extra).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


__all__ = ["Cryptography", "canonical_by_hand", "canonical_of_text", "libraries"]

UNSIGNED: Final = {"sign", "sign_type"}


def canonical_by_hand(values: dict[str, Any]) -> bytes:
    """Write the canonical form with the standard library."""
    kept = {k: v for k, v in sorted(values.items()) if k not in UNSIGNED}
    return json.dumps(kept, separators=(",", ":")).replace("/", "\\/").encode()


def canonical_of_text(text: bytes) -> bytes:
    """Read and write with the standard library: the naive recipe."""
    return canonical_by_hand(json.loads(text))


class Cryptography:
    """
    Sign and verify with orjson, json and ``cryptography``.

    Args:
        pem: a private key without a password.
    """

    def __init__(self, pem: bytes) -> None:
        """Load the key once."""
        key = serialization.load_pem_private_key(pem, password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self._key = key
        self._public = key.public_key()

    def signed_body(self, params: dict[str, Any]) -> bytes:
        """Return a request body."""
        signature = self._key.sign(
            canonical_by_hand(params), padding.PKCS1v15(), hashes.SHA256()
        )
        sign = base64.b64encode(signature).decode()
        return orjson.dumps({**params, "sign_type": "RSA2", "sign": sign})

    def verify_document(self, body: bytes) -> bytes:
        """Return the canonical bytes that verified."""
        values = orjson.loads(body)
        canonical = canonical_by_hand(values)
        signature = base64.b64decode(values["sign"], validate=True)
        self._public.verify(signature, canonical, padding.PKCS1v15(), hashes.SHA256())
        return canonical


#: What signs a message, and what verifies signature and message.
Pair: TypeAlias = tuple[Callable[[bytes], bytes], Callable[[bytes, bytes], object]]


def libraries(pem: bytes) -> dict[str, Pair]:
    """Return the signature alone, with each library that is installed."""
    found: dict[str, Pair] = {}
    for make in (_cryptography, _awscrt, _pycryptodome, _rsa, _pyjwt, _joserfc):
        try:
            found[make.__name__.removeprefix("_")] = make(pem)
        except ImportError:
            continue
    return found


def _cryptography(pem: bytes) -> Pair:
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    public = key.public_key()
    how = padding.PKCS1v15(), hashes.SHA256()
    return lambda m: key.sign(m, *how), lambda s, m: public.verify(s, m, *how)


def _awscrt(pem: bytes) -> Pair:
    import hashlib

    from awscrt.crypto import RSA, RSASignatureAlgorithm

    key = RSA.new_private_key_from_pem_data(pem)
    how = RSASignatureAlgorithm.PKCS1_5_SHA256

    def verify(signature: bytes, message: bytes) -> None:
        assert key.verify(how, hashlib.sha256(message).digest(), signature)

    return lambda m: key.sign(how, hashlib.sha256(m).digest()), verify


def _pycryptodome(pem: bytes) -> Pair:
    from Crypto.Hash import SHA256
    from Crypto.PublicKey import RSA
    from Crypto.Signature import pkcs1_15

    key = RSA.import_key(pem)
    signer, verifier = pkcs1_15.new(key), pkcs1_15.new(key.public_key())
    return (
        lambda m: signer.sign(SHA256.new(m)),
        lambda s, m: verifier.verify(SHA256.new(m), s),
    )


def _rsa(pem: bytes) -> Pair:
    import rsa as library

    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    old_form = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    private = library.PrivateKey.load_pkcs1(old_form)
    public = library.PublicKey(private.n, private.e)
    return (
        lambda m: library.sign(m, private, "SHA-256"),
        lambda s, m: library.verify(m, s, public),
    )


def _pyjwt(pem: bytes) -> Pair:
    from jwt.algorithms import RSAAlgorithm

    algorithm = RSAAlgorithm(RSAAlgorithm.SHA256)
    key = algorithm.prepare_key(pem)
    assert isinstance(key, rsa.RSAPrivateKey)
    public = key.public_key()

    def verify(signature: bytes, message: bytes) -> None:
        assert algorithm.verify(message, public, signature)

    return lambda m: algorithm.sign(m, key), verify


def _joserfc(pem: bytes) -> Pair:
    from joserfc.jwk import RSAKey
    from joserfc.jws import JWSRegistry

    key = RSAKey.import_key(pem)
    algorithm = JWSRegistry.algorithms["RS256"]

    def verify(signature: bytes, message: bytes) -> None:
        assert algorithm.verify(message, signature, key)

    return lambda m: algorithm.sign(m, key), verify
