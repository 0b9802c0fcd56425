"""The keys that verify; see ``keys``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, final

from kesspay.signing.arguments import (
    buffer_bytes,
    file_path,
    key_bytes,
    password_bytes,
    require_depth,
    require_flag,
    require_profile,
)
from kesspay.signing.backend import current
from kesspay.signing.batch import verify_documents
from kesspay.signing.keyformats import explained
from kesspay.signing.keysource import Sealed, from_file, read_again
from kesspay.signing.profile import PHP_8
from kesspay.signing.reference.guard import MAX_DEPTH
from kesspay.signing.text import body_bytes


if TYPE_CHECKING:
    from kesspay.signing.arguments import Buffer, Password, PathLike
    from kesspay.signing.backend import PublicHandle
    from kesspay.signing.batch import Documents
    from kesspay.signing.profile import Profile
    from kesspay.signing.status import VerifyStatus
    from kesspay.signing.text import Text


__all__ = ["PublicKey"]


@final
class PublicKey(Sealed):
    """
    An RSA public key, which verifies. Equal keys have equal fingerprints.

    Verification raises instead of returning a verdict that could be ignored.
    """

    __slots__ = ("_handle", "_weak", "bits", "fingerprint")

    _handle: PublicHandle
    _weak: bool
    #: Bits of the modulus.
    bits: int
    #: SHA-256 of the DER SubjectPublicKeyInfo, in lower-case hex.
    fingerprint: str

    @classmethod
    def from_pem(
        cls,
        data: Text,
        password: Password = None,
        *,
        dangerously_allow_weak_key: bool = False,
    ) -> PublicKey:
        """
        Load a public key from PEM, DER or base64.

        Args:
            data: SPKI, PKCS#1 or an X.509 certificate, whose names and dates
                are not checked; in the wrappings of ``PrivateKey.from_pem``.
                Of PKCS#12 the certificate of the private key is read.
            password: for PKCS#12 only.
            dangerously_allow_weak_key: accept 512 bits and more, and public
                exponents from 3. Anybody can forge signatures of such a key:
                it is for tests against old sandboxes.

        Raises:
            KeyLoadError: no such key, or the key policy refuses it.
            InputError: an argument of the wrong type.

        Source: RFC 5280 (4.1), RFC 7468, RFC 8017.
        """
        require_flag("dangerously_allow_weak_key", dangerously_allow_weak_key)
        text, secret = key_bytes(data), password_bytes(password)
        handle = explained(
            lambda: current().load_public(
                text, allow_weak=dangerously_allow_weak_key, password=secret
            ),
            lambda: text,
            password=bool(secret),
        )
        return cls._of(handle, dangerously_allow_weak_key)

    @classmethod
    def from_file(
        cls,
        path: PathLike,
        password: Password = None,
        *,
        dangerously_allow_weak_key: bool = False,
    ) -> PublicKey:
        """
        Load a public key from a file; see ``from_pem``.

        Raises:
            KeyLoadError: also ``file``, where it cannot be read.
            InputError: an argument of the wrong type.
        """
        require_flag("dangerously_allow_weak_key", dangerously_allow_weak_key)
        name, secret = file_path(path), password_bytes(password)
        handle = from_file(
            name,
            lambda: explained(
                lambda: current().load_public_file(
                    name, allow_weak=dangerously_allow_weak_key, password=secret
                ),
                lambda: read_again(name),
                password=bool(secret),
            ),
        )
        return cls._of(handle, dangerously_allow_weak_key)

    @classmethod
    def _of(cls, handle: PublicHandle, weak: bool) -> PublicKey:  # noqa: FBT001
        key = object.__new__(cls)
        key._handle = handle
        key._weak = weak
        key.bits = handle.bits
        # hashlib.sha256 alone fails where OpenSSL has no provider; this does not.
        key.fingerprint = hashlib.new("sha256", handle.spki).hexdigest()
        return key

    def verify(self, signature: Buffer, message: Buffer) -> None:
        """
        Return only if this is the PKCS#1 v1.5 SHA-256 signature of a message.

        Args:
            signature: exactly as many bytes as the modulus has.
            message: the bytes that were signed.

        Raises:
            InvalidSignature: it is not.
            InputError: an argument that is no buffer of bytes.
            BackendError: libcrypto failed; nothing was verified.

        Source: RFC 8017, 8.2.2.
        """
        self._handle.verify(
            buffer_bytes("signature", signature),
            buffer_bytes("message", message),
        )

    def verify_document(
        self,
        body: Text,
        *,
        profile: Profile = PHP_8,
        max_depth: int = MAX_DEPTH,
    ) -> bytes:
        """
        Return the canonical bytes of a body whose signature is right.

        Read values only from the bytes returned: they are what was signed.

        Args:
            body: the response body as it was received, ``sign`` inside.
            profile: the PHP settings of the gateway.
            max_depth: nested containers allowed, 1 to 511.

        Raises:
            DocumentRefused: the body has no canonical form, or holds what no
                honest message holds (see ``guard``).
            InvalidSignature: the body is not authentic.
            InputError: an argument of the wrong type.

        Source: API document, "Verify response".
        """
        if profile is not PHP_8 or max_depth is not MAX_DEPTH:
            require_profile(profile)
            require_depth(max_depth)
        text = body if type(body) is bytes else body_bytes(body)
        return self._handle.verify_document(text, profile, max_depth)

    def verify_documents(
        self,
        bodies: Documents,
        *,
        threads: int | None = None,
        profile: Profile = PHP_8,
        max_depth: int = MAX_DEPTH,
    ) -> list[VerifyStatus]:
        """
        Return for each body the verdict that ``verify_document`` comes to.

        Args:
            bodies: bodies as they were received, or an Arrow array of them.
            threads: how many may work at once; None for one on each usable
                processor. Pure Python gains nothing from threads.
            profile: the PHP settings of the gateway.
            max_depth: nested containers allowed, 1 to 511.

        Raises:
            CanonicalizationError: ``type`` where a body is no text.
            InputError: another argument of the wrong type.
        """
        require_profile(profile)
        require_depth(max_depth)
        return verify_documents(self._handle, bodies, profile, max_depth, threads)

    def __repr__(self) -> str:
        """Show size and fingerprint."""
        return f"<PublicKey RSA-{self.bits} fingerprint={self.fingerprint}>"

    def __eq__(self, other: object) -> bool:
        """Tell whether two keys have one modulus and one exponent."""
        if not isinstance(other, PublicKey):
            return NotImplemented
        return self._handle.spki == other._handle.spki

    def __hash__(self) -> int:
        """Hash what ``__eq__`` compares."""
        return hash(self.fingerprint)

    def __reduce__(self) -> tuple[object, ...]:
        """Travel to other processes as a SubjectPublicKeyInfo."""
        return _restored, (self._handle.spki, self._weak)


def _restored(spki: bytes, weak: bool) -> PublicKey:  # noqa: FBT001
    return PublicKey.from_pem(spki, dangerously_allow_weak_key=weak)
