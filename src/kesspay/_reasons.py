"""The stable words in the ``reason`` of an exception, and what they mean."""

from __future__ import annotations

from typing import Final


__all__ = ["DOCUMENT_REASONS", "KEY_REASONS", "SIGNATURE_REASONS"]

#: What each ``reason`` of a document error means. The words are stable.
DOCUMENT_REASONS: Final[dict[str, str]] = {
    "syntax": "the text is not JSON (RFC 8259)",
    "utf8": "malformed UTF-8",
    "control": "a raw control character in a string",
    "escape": "an unknown or incomplete escape",
    "surrogate": "an unpaired UTF-16 surrogate",
    "depth": "too many nested containers",
    "top_level": "the top level is neither an object nor an array",
    "infinite": "a number that is not finite",
    "type": "a value of a type that has no place in a document",
    "range": "an integer beyond 64 bits",
    "duplicate": "a key occurs twice",
    "not_object": "the top level is not an object",
    "not_stable": (
        "a server that decodes the body would canonicalize it to other bytes"
    ),
    "order": "many keys at the top level, some of which begin like numbers",
    "sign_present": (
        'the parameters already hold "sign", or a "sign_type" other than "RSA2"'
    ),
}

#: What each ``reason`` of an InvalidSignature means. The words are stable.
SIGNATURE_REASONS: Final[dict[str, str]] = {
    "mismatch": "the signature does not fit the canonical bytes and the key",
    "sign_missing": 'the document has no "sign"',
    "sign_not_string": '"sign" is not a string',
    "sign_base64": '"sign" is not strict padded base64',
    "sign_length": '"sign" is not exactly as long as the modulus',
    "sign_type": '"sign_type" is neither absent nor "RSA2"',
}

#: What each ``reason`` of a KeyLoadError means. The words are stable.
KEY_REASONS: Final[dict[str, str]] = {
    "file": "the key file cannot be read",
    "format": "no key was found in any known format",
    "kind": "something other than the needed key was found",
    "ambiguous": "more than one key was found",
    "secret": "a private key was found where a public key is needed",
    "password": "the private key is encrypted and the password is missing or wrong",
    "algorithm": "not an RSA key",
    "size": "the modulus must have 2048 to 8192 bits",
    "modulus": "the modulus is even",
    "exponent": "the public exponent must be odd, from 65537 up to 256 bits",
    "inconsistent": "the parts of the private key do not belong together",
}
