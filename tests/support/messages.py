"""Make signed messages of any shape, honest and forged ones."""

from __future__ import annotations

import base64
import subprocess
import tempfile
from pathlib import Path

import kesspay

from .vectors import KEYS


__all__ = ["openssl_signature", "outcome", "signed_text"]


def openssl_signature(message: bytes, key: str = "rsa-2048") -> bytes:
    """Return the PKCS#1 v1.5 SHA-256 signature that the openssl command makes."""
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", str(KEYS / f"{key}.pem")],
        input=message,
        capture_output=True,
        check=True,
    )
    return done.stdout


def openssl_accepts(signature: bytes, message: bytes, key: str = "rsa-2048") -> bool:
    """Tell whether ``openssl dgst -verify`` accepts a signature."""
    public = str(KEYS / f"{key}.pub.pem")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signature"
        path.write_bytes(signature)
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", public, "-signature", str(path)],
            input=message,
            capture_output=True,
            check=False,
        )
    return done.returncode == 0 and done.stdout == b"Verified OK\n"


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
        return (key.verify_document(body, **options),)  # type: ignore[arg-type]
    except kesspay.DocumentRefused as error:
        return ("DocumentRefused", error.reason, error.position)
    except kesspay.InvalidSignature as error:
        return (type(error).__name__, error.reason)
