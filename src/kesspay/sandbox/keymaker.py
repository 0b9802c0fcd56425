"""Make throw-away RSA keys."""

from __future__ import annotations

from kesspay.signing.keys import PrivateKey


__all__ = ["generate_key", "generate_pem", "public_pem"]


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


def public_pem(private_pem: bytes) -> bytes:
    """Return the public half of such a key as SubjectPublicKeyInfo PEM."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    key = load_pem_private_key(private_pem, None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def generate_key(bits: int = 2048) -> PrivateKey:
    """Return a new RSA key that is kept nowhere."""
    return PrivateKey.from_pem(generate_pem(bits))
