"""
Tables from the status numbers of kess.h to the reason words of the exceptions.

The numbers are ABI of the C library and never change; the words are the
``reason`` of an exception. Both backends use these tables, so that their words
are the same.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from kesspay.errors import (
    BackendError,
    CanonicalizationError,
    InputError,
    InvalidSignature,
)


__all__ = [
    "DOCUMENT_STATUS",
    "FOUND",
    "KEY_STATUS",
    "NO_PROVIDER",
    "SIGNATURE_STATUS",
    "Found",
    "VerifyStatus",
    "status_of",
]

#: kess_status 200 - 224 to the reason of a CanonicalizationError.
DOCUMENT_STATUS: Final[dict[int, str]] = {
    200: "syntax",
    201: "utf8",
    202: "control",
    203: "escape",
    204: "surrogate",
    205: "depth",
    206: "top_level",
    207: "infinite",
    220: "duplicate",
    221: "not_object",
    222: "not_stable",
    223: "sign_present",
    224: "order",
}

#: kess_status 400 - 405 to the reason of an InvalidSignature.
SIGNATURE_STATUS: Final[dict[int, str]] = {
    400: "mismatch",
    401: "sign_missing",
    402: "sign_not_string",
    403: "sign_base64",
    404: "sign_length",
    405: "sign_type",
}

#: kess_status 102 and 300 - 309 to the reason of a KeyLoadError.
KEY_STATUS: Final[dict[int, str]] = {
    102: "file",
    300: "format",
    301: "kind",
    302: "ambiguous",
    303: "secret",
    304: "password",
    305: "algorithm",
    306: "size",
    307: "modulus",
    308: "exponent",
    309: "inconsistent",
}


#: Why libcrypto fails where neither the key nor missing memory is the reason.
NO_PROVIDER: Final = (
    "OpenSSL has no provider for it, or its configuration forbids it. Look at "
    "OPENSSL_CONF and openssl.cnf (fips=yes needs the FIPS module), and at "
    "`openssl list -providers`"
)


class Found:
    """The words for what was found (``KeyLoadError.found``)."""

    PRIVATE_KEY: Final = "a private key"
    ENCRYPTED_PRIVATE_KEY: Final = "an encrypted private key"
    PUBLIC_KEY: Final = "a public key"
    CERTIFICATE: Final = "an X.509 certificate"
    EC_KEY: Final = "an EC key"
    ED_KEY: Final = "an Edwards or Montgomery curve key"
    DSA_KEY: Final = "a DSA key"
    DH_KEY: Final = "a Diffie-Hellman key"
    RSA_PSS_KEY: Final = "an RSA-PSS key"
    OTHER_KEY: Final = "a key of another algorithm"
    CSR: Final = "a certificate request"
    OPENSSH_KEY: Final = "an OpenSSH key"
    LEGACY_ENCRYPTED_KEY: Final = "a private key in OpenSSL's old encrypted form"
    OTHER_PEM: Final = "a PEM block that is no key"
    PKCS12: Final = "a PKCS#12 file"


#: kess_found to the words of ``KeyLoadError.found``.
FOUND: Final[dict[int, str]] = {
    0: "",
    1: Found.PRIVATE_KEY,
    2: Found.ENCRYPTED_PRIVATE_KEY,
    3: Found.PUBLIC_KEY,
    4: Found.CERTIFICATE,
    5: Found.EC_KEY,
    6: Found.ED_KEY,
    7: Found.DSA_KEY,
    8: Found.DH_KEY,
    9: Found.RSA_PSS_KEY,
    10: Found.OTHER_KEY,
    11: Found.CSR,
    12: Found.OPENSSH_KEY,
    13: Found.LEGACY_ENCRYPTED_KEY,
    14: Found.OTHER_PEM,
    15: Found.PKCS12,
}


class VerifyStatus(IntEnum):
    """
    The verdict on one document of a batch; the values are those of kess.h.

    Of ``verify_documents`` only ``OK`` says that a body is authentic; of
    ``canonicalize_many`` and ``sign_documents``, that there is an output.
    ``LENGTH``, ``MEMORY`` and ``CRYPTO`` say that the document was not checked;
    every other value is a refusal, which the function for one document raises
    as an exception. A status has no truth value: compare it.
    """

    OK = 0
    """The body is authentic, or there is an output."""
    LENGTH = 3
    """The text is too long to be processed; it was not checked."""
    MEMORY = 100
    """There was no memory; the document was not checked."""
    CRYPTO = 101
    """libcrypto failed; the document was not checked."""
    SYNTAX = 200
    """The text is not JSON (RFC 8259)."""
    UTF8 = 201
    """Malformed UTF-8."""
    CONTROL = 202
    """A raw control character in a string."""
    ESCAPE = 203
    """An unknown or incomplete escape."""
    SURROGATE = 204
    """An unpaired UTF-16 surrogate."""
    DEPTH = 205
    """Too many nested containers."""
    TOP_LEVEL = 206
    """The top level is neither an object nor an array."""
    INFINITE = 207
    """A number beyond the range of a double."""
    DUPLICATE = 220
    """A key occurs twice."""
    NOT_OBJECT = 221
    """The top level is not an object."""
    ORDER = 224
    """More than 256 top-level keys, some of which begin like numbers."""
    MISMATCH = 400
    """The signature does not fit the canonical bytes and the key."""
    SIGN_MISSING = 401
    """The document has no "sign"."""
    SIGN_NOT_STRING = 402
    """The member "sign" is not a string."""
    SIGN_BASE64 = 403
    """The member "sign" is not strict padded base64."""
    SIGN_LENGTH = 404
    """The member "sign" is not exactly as long as the modulus."""
    SIGN_TYPE = 405
    """The member "sign_type" is neither absent nor "RSA2"."""

    def __bool__(self) -> bool:
        """Refuse: OK is 0, so ``if status`` would accept every forgery."""
        raise InputError("compare a VerifyStatus with VerifyStatus.OK")

    @property
    def reason(self) -> str:
        """
        The ``reason`` of the exception that the function for one document raises.

        "ok" for OK; "length", "memory" or "crypto" where the document was not
        checked.
        """
        return self.name.lower()


_STATUS_OF: Final[dict[str, VerifyStatus]] = {
    status.reason: status
    for status in VerifyStatus
    if status in DOCUMENT_STATUS or status in SIGNATURE_STATUS
}


def status_of(
    error: BackendError | CanonicalizationError | InvalidSignature | MemoryError,
) -> VerifyStatus:
    """Return the status for the exception that one document raised."""
    if isinstance(error, (CanonicalizationError, InvalidSignature)):
        return _STATUS_OF[error.reason]
    if isinstance(error, MemoryError):
        return VerifyStatus.MEMORY
    return VerifyStatus.CRYPTO
