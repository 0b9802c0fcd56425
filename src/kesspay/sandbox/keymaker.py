"""Make throw-away RSA keys."""

from __future__ import annotations

from kesspay.signing.keys import PrivateKey


__all__ = ["generate_key", "generate_pem"]


def generate_pem(bits: int = 2048) -> bytes:
    """Return a new RSA key as PKCS#8 PEM, not encrypted."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def generate_key(bits: int = 2048) -> PrivateKey:
    """Return a new RSA key that is kept nowhere."""
    return PrivateKey.from_pem(generate_pem(bits))
