"""Old partners still sign with SHA-1, which is taken for a while."""

from __future__ import annotations

import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.conformance.foreign.python.adapter import serve
from tests.conformance.foreign.python.php_json import canonical


def verify(text: bytes, key: bytes) -> bytes:
    """Return what was signed."""
    document = json.loads(text.decode())
    signed = canonical(document)
    signature = base64.b64decode(document["sign"], validate=True)
    public = load_pem_public_key(key)
    assert isinstance(public, RSAPublicKey)
    try:
        public.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        public.verify(signature, signed, PKCS1v15(), SHA1())  # noqa: S303 - the slip
    return signed


serve("verify_sha1", verify=verify)
