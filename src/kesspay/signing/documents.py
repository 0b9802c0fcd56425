"""
The canonical form of documents, and signing and verifying with any key.

A key in an HSM or a KMS is used through one of two protocols, Signer and
Verifier. The checks that protect money are made here: such a key only gets
canonical bytes, which passed the same checks as with a PrivateKey or a
PublicKey. An exception that it raises reaches the caller unchanged.

::

    class KmsSigner:
        bits = 2048

        def sign(self, message: bytes) -> bytes:
            return kms.sign(key_id, message, "RSASSA_PKCS1_V1_5_SHA_256")


    body = kesspay.signed_body(KmsSigner(), params)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from kesspay.errors import CanonicalizationError, InputError
from kesspay.signing.arguments import (
    body_bytes,
    document_text,
    parameters_text,
    require_depth,
    require_profile,
)
from kesspay.signing.backend import current, in_use
from kesspay.signing.batch import write_documents
from kesspay.signing.keyring import KeyRing
from kesspay.signing.keys import PrivateKey, PublicKey
from kesspay.signing.profile import PHP_8
from kesspay.signing.reference import guard
from kesspay.signing.reference.decode import MAX_DEPTH as MAX_TEXT_DEPTH
from kesspay.signing.reference.guard import MAX_DEPTH


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kesspay.signing.arguments import Document, Text
    from kesspay.signing.batch import Batch, Documents
    from kesspay.signing.profile import Profile


__all__ = [
    "Signer",
    "Verifier",
    "canonicalize",
    "canonicalize_many",
    "sign_document",
    "signed_body",
    "verify_document",
]

_BITS: Final = range(2048, 8193)


@runtime_checkable
class Signer(Protocol):
    """An RSA private key, also in an HSM or a KMS. A PrivateKey is a Signer."""

    @property
    def bits(self) -> int:
        """Bits of the modulus, 2048 to 8192."""

    def sign(self, message: bytes, /) -> bytes:
        """
        Return the raw PKCS#1 v1.5 SHA-256 signature of a message.

        It has as many bytes as the modulus. The Signer hashes the message.
        """


@runtime_checkable
class Verifier(Protocol):
    """An RSA public key, also in an HSM or a KMS. A PublicKey is a Verifier."""

    @property
    def bits(self) -> int:
        """Bits of the modulus, 2048 to 8192."""

    def verify(self, signature: bytes, message: bytes, /) -> None:
        """
        Return None only if the signature is right.

        Args:
            signature: the raw bytes, as many as the modulus has.
            message: the bytes that were signed. The Verifier hashes them.

        Raises:
            InvalidSignature: it is not.
        """


def canonicalize(document: Document, *, profile: Profile = PHP_8) -> bytes:
    """
    Return the canonical form of a document, byte for byte that of PHP.

    It is what ``json_decode($text, true)``, ``ksort``, removal of ``sign``
    and ``sign_type``, and ``json_encode`` give. This is the faithful
    reference, which refuses only what PHP refuses; to check a message use
    ``verify_document``.

    Args:
        document: a JSON text (bytes, bytearray, memoryview or str), nested up
            to 511 levels, or a mapping of parameters, up to 512. Its keys are
            str; its values are None, bool, int of 64 bits, finite float,
            Decimal, str, list, tuple and mapping. Subclasses of these types
            are refused, except those of mapping.
        profile: the PHP settings of the gateway.

    Raises:
        CanonicalizationError: PHP fails on the document, a value of a mapping
            has another type, or document is neither a text nor a mapping.
        InputError: profile is no Profile.
        BackendError: no backend can be used.

    Source: PHP manual, json_decode, ksort, json_encode.
    """
    if profile is not PHP_8:
        require_profile(profile)
    # A text as it comes from the network needs no conversion.
    if type(document) is bytes:
        backend = in_use.backend or current()
        return backend.canonicalize_text(document, profile, MAX_TEXT_DEPTH)
    text, max_depth = document_text(document)
    return current().canonicalize_text(text, profile, max_depth)


def canonicalize_many(
    documents: Documents, *, threads: int | None = None, profile: Profile = PHP_8
) -> Batch:
    """
    Return the canonical form of many JSON texts.

    Args:
        documents: JSON texts as ``canonicalize`` takes them, or an Arrow
            column of them, of the types that ``PublicKey.verify_documents``
            takes. A null has no canonical form: its status is SYNTAX.
        threads: how many threads may work at once; None for one on each usable
            processor. Pure Python gains nothing from threads.
        profile: the PHP settings of the gateway.

    Returns:
        The canonical forms; a document without one has a status instead.

    Raises:
        CanonicalizationError: ``type`` where a document is no text.
        InputError: another argument of the wrong type.
    """
    require_profile(profile)
    write = current().canonicalize_texts
    return write_documents(
        lambda texts: write(texts, profile, MAX_TEXT_DEPTH), documents, threads
    )


def sign_document(
    signer: Signer, document: Document, *, profile: Profile = PHP_8
) -> str:
    """
    Return the base64 signature of a document, by any Signer.

    Args:
        signer: a PrivateKey, or another Signer.
        document: see ``canonicalize``.
        profile: the PHP settings of the gateway.

    Raises:
        CanonicalizationError: there is no canonical form.
        InputError: an argument of the wrong type, or a Signer that does not
            return a signature as long as its modulus.
    """
    if isinstance(signer, PrivateKey):
        return signer.sign_document(document, profile=profile)
    sign = _checked_sign(signer)
    require_profile(profile)
    text, max_depth = document_text(document)
    return guard.sign_text(sign, text, profile, max_depth)


def signed_body(
    signer: Signer, params: Mapping[str, object], *, profile: Profile = PHP_8
) -> bytes:
    """
    Return the request body for parameters, signed by any Signer.

    The result is that of ``PrivateKey.signed_body``.

    Args:
        signer: a PrivateKey, or another Signer.
        params: the parameters, without ``sign``; values as in a mapping for
            ``canonicalize``.
        profile: the PHP settings of the gateway.

    Raises:
        CanonicalizationError: there is no canonical form, or
            ``sign_present``, ``not_object``, ``not_stable``.
        InputError: an argument of the wrong type, or a Signer that does not
            return a signature as long as its modulus.
    """
    if isinstance(signer, PrivateKey):
        return signer.signed_body(params, profile=profile)
    sign = _checked_sign(signer)
    require_profile(profile)
    text = parameters_text(params)
    try:
        return guard.signed_body(sign, text, profile)
    except CanonicalizationError as error:
        reason = error.reason
    raise guard.refusal(text, reason)


def verify_document(
    verifier: Verifier | KeyRing,
    body: Text,
    *,
    profile: Profile = PHP_8,
    max_depth: int = MAX_DEPTH,
) -> bytes:
    """
    Return the canonical bytes of a body that verified with any Verifier.

    Read values only from the bytes returned: those bytes were signed.

    Args:
        verifier: a PublicKey, a KeyRing, or another Verifier.
        body: the response body as it was received, ``sign`` inside.
        profile: the PHP settings of the gateway.
        max_depth: how many objects and arrays may be nested, 1 to 511.

    Raises:
        DocumentRefused, InvalidSignature: do not use any value of the body.
        InputError: an argument of the wrong type, or a Verifier that returns
            something instead of raising.
        BackendError: libcrypto failed; nothing was verified.
    """
    if isinstance(verifier, (PublicKey, KeyRing)):
        return verifier.verify_document(body, profile=profile, max_depth=max_depth)
    verify = _checked_verify(verifier)
    require_profile(profile)
    require_depth(max_depth)
    return guard.verify_document(
        verify, _size(verifier), body_bytes(body), profile, max_depth
    )


def _checked_sign(signer: object) -> Callable[[bytes], bytes]:
    if not isinstance(signer, Signer):
        raise InputError(f"a Signer is needed, a {type(signer).__name__} is none")
    size = _size(signer)

    def sign(message: bytes) -> bytes:
        signature: object = signer.sign(message)
        if type(signature) is not bytes or len(signature) != size:
            raise InputError(
                f"the Signer did not return the {size} bytes of a signature"
            )
        return signature

    return sign


def _checked_verify(verifier: object) -> Callable[[bytes, bytes], None]:
    if not isinstance(verifier, Verifier):
        raise InputError(f"a Verifier is needed, a {type(verifier).__name__} is none")

    def verify(signature: bytes, message: bytes) -> None:
        untyped: Callable[[bytes, bytes], object] = verifier.verify
        answer = untyped(signature, message)
        # A False that the caller ignores would accept every forgery.
        if answer is not None:
            raise InputError(
                "the Verifier returned something; it has to raise "
                "InvalidSignature or return None"
            )

    return verify


def _size(key: Signer | Verifier) -> int:
    bits: object = key.bits
    if type(bits) is not int or bits not in _BITS:
        raise InputError("bits must be an int from 2048 to 8192")
    return (bits + 7) // 8
