"""base64.b64decode without validate, and nothing is said about the length."""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.conformance.foreign.python.adapter import serve
from tests.conformance.foreign.python.php_json import canonical


def verify(text: bytes, key: bytes) -> bytes:
    """Return what was signed."""
    document = json.loads(text)
    signed = canonical(document)
    public = load_pem_public_key(key)
    assert isinstance(public, RSAPublicKey)
    public.verify(base64.b64decode(document["sign"]), signed, PKCS1v15(), SHA256())
    return signed


serve("verify_lax", verify=verify)
