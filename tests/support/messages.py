"""Make signed messages of any shape, honest and forged ones."""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

import kesspay

from .forger import private_key
from .vectors import KEYS


__all__ = [
    "judge_signature",
    "openssl",
    "openssl_accepts",
    "openssl_signature",
    "outcome",
    "signed_text",
]


def judge_signature(message: bytes, key: str = "rsa-2048") -> bytes:
    """Return the PKCS#1 v1.5 SHA-256 signature that ``cryptography`` makes."""
    return private_key(key).sign(message, padding.PKCS1v15(), hashes.SHA256())


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    """Return what the openssl command writes; skip the test where it is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed")
    done = subprocess.run(
        ["openssl", *arguments], input=stdin, capture_output=True, check=True
    )
    return done.stdout


def openssl_signature(message: bytes, key: str = "rsa-2048") -> bytes:
    """Return the PKCS#1 v1.5 SHA-256 signature that the openssl command makes."""
    path = str(KEYS / f"{key}.pem")
    return openssl("dgst", "-sha256", "-sign", path, stdin=message)


def openssl_accepts(signature: bytes, message: bytes, key: str = "rsa-2048") -> bool:
    """Tell whether ``openssl dgst -verify`` accepts a signature."""
    public = str(KEYS / f"{key}.pub.pem")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signature"
        path.write_bytes(signature)
        options = ("-verify", public, "-signature", str(path))
        try:
            answer = openssl("dgst", "-sha256", *options, stdin=message)
        except subprocess.CalledProcessError:
            return False
    return answer == b"Verified OK\n"


def signed_text(
    text: str, key: kesspay.PrivateKey, sign: str = "SIGN", **options: kesspay.Profile
) -> bytes:
    """
    Replace SIGN in a text by the signature over its canonical form.

    The canonical form does not depend on what stands in "sign".

    Args:
        text: a JSON text with the word SIGN where the signature belongs.
        key: signs.
        sign: the word to be replaced.
        options: ``profile``.
    """
    signature = key.sign(kesspay.canonicalize(text, **options))
    return text.replace(sign, base64.b64encode(signature).decode()).encode()


def outcome(
    key: kesspay.PublicKey | kesspay.KeyRing, body: bytes | str, **options: object
) -> tuple[object, ...]:
    """Verify a body; return its canonical bytes, or reason and position."""
    try:
        return (key.verify_document(body, **options),)  # type: ignore[arg-type] # any options
    except kesspay.DocumentRefused as error:
        return ("DocumentRefused", error.reason, error.position)
    except kesspay.InvalidSignature as error:
        return (type(error).__name__, error.reason)
