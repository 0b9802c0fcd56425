"""Make RSA keys and write them to files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from kesspay._shown import shown_path
from kesspay.cli.files import create_file, require_path
from kesspay.errors import InputError
from kesspay.signing.keys import PrivateKey, PublicKey


__all__ = ["make_keys"]

_EXPONENT: Final = 65537
_OWNER_ONLY: Final = 0o600
_READABLE: Final = 0o644
#: OpenSSL reads at most this much of a password.
_LONGEST_PASSWORD: Final = 1023


def make_keys(
    private_path: str, public_path: str, bits: int, password: bytes | None
) -> str:
    """
    Make a key and write its halves to two new files.

    What was written is read again and compared before this returns.

    Args:
        private_path: PKCS#8 PEM, mode 0600.
        public_path: SubjectPublicKeyInfo PEM, mode 0644.
        bits: of the modulus.
        password: to encrypt the private key with, or None.

    Returns:
        The fingerprint of the public key.

    Raises:
        InputError: a file exists or cannot be written, or the password is
            too long.

    Source: RFC 5958, RFC 7468.
    """
    for path in (private_path, public_path):
        require_path(path)
        if os.path.lexists(path):
            raise InputError(f"{shown_path(path)} exists and is never overwritten")
    if password is not None and len(password) > _LONGEST_PASSWORD:
        raise InputError(f"the password is longer than {_LONGEST_PASSWORD} bytes")
    encryption: KeySerializationEncryption = NoEncryption()
    if password is not None:
        encryption = BestAvailableEncryption(password)
    key = rsa.generate_private_key(_EXPONENT, bits)
    public = key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    create_file(private_path, private, _OWNER_ONLY)
    try:
        create_file(public_path, public, _READABLE)
    except InputError:
        # Half a pair is of no use, and this private key was never used.
        Path(private_path).unlink()
        raise
    return _checked(private_path, public_path, password)


def _checked(private_path: str, public_path: str, password: bytes | None) -> str:
    """Read both files again and compare them."""
    private = PrivateKey.from_file(private_path, password)
    public = PublicKey.from_file(public_path)
    if private.public_key != public:
        raise InputError("the files that were written do not belong together")
    return public.fingerprint
