"""
Private keys, which sign, and public keys, which verify.

A key is parsed, checked and tried once, when it is loaded. A key object never
changes; any number of threads may use one, also after a fork. It keeps the
backend that was in use when it was loaded.

``reference.guard`` has the rules for documents and their order; ``keyfile``,
``keyparts`` and ``keypolicy`` have those for keys, ``keypath`` those for their files.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NoReturn, final

from kesspay.errors import CanonicalizationError, InputError
from kesspay.signing.arguments import (
    body_bytes,
    buffer_bytes,
    document_text,
    file_path,
    key_bytes,
    parameters_text,
    password_bytes,
    require_depth,
    require_flag,
    require_profile,
)
from kesspay.signing.backend import current, is_multibuffer_off
from kesspay.signing.batch import verify_documents, write_documents
from kesspay.signing.keyformats import explained, read_again
from kesspay.signing.keypath import load_file, warn_if_open
from kesspay.signing.profile import PHP_8
from kesspay.signing.reference import guard
from kesspay.signing.reference.decode import MAX_DEPTH as MAX_TEXT_DEPTH
from kesspay.signing.reference.guard import MAX_DEPTH


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.signing.arguments import Buffer, Document, Password, PathLike, Text
    from kesspay.signing.backend import PrivateHandle, PublicHandle
    from kesspay.signing.batch import Batch, Documents
    from kesspay.signing.profile import Profile
    from kesspay.signing.status import VerifyStatus


__all__ = ["PrivateKey", "PublicKey"]


class _Sealed:
    """A base of classes whose objects only ``from_pem`` and ``from_file`` make."""

    __slots__ = ()

    def __init__(self) -> None:
        """Refuse: a key comes from ``from_pem`` or ``from_file``."""
        raise InputError(f"a {type(self).__name__} is made by from_pem or from_file")


@final
class PublicKey(_Sealed):
    """
    An RSA public key, which verifies. Equal keys have equal fingerprints.

    ``from_pem`` and ``from_file`` load one. Verification raises instead of
    returning a verdict that could be ignored.
    """

    __slots__ = ("_handle", "_openssl_only", "_weak", "bits", "fingerprint")

    _handle: PublicHandle
    _openssl_only: bool
    _weak: bool
    bits: int
    """Bits of the modulus."""
    fingerprint: str
    """SHA-256 of the DER SubjectPublicKeyInfo, in lower-case hex."""

    @classmethod
    def from_pem(
        cls,
        data: Text,
        password: Password = None,
        *,
        dangerously_allow_weak_key: bool = False,
        openssl_only: bool = False,
    ) -> PublicKey:
        """
        Load a public key from PEM, DER or base64.

        Args:
            data: SPKI, PKCS#1 or an X.509 certificate, whose names and dates
                are not checked; in the wrappings of ``PrivateKey.from_pem``,
                at most 1 MiB. Of PKCS#12 the certificate of the private key
                is read.
            password: for PKCS#12 only; a str stands for its UTF-8 bytes.
            dangerously_allow_weak_key: accept 512 bits and more, and public
                exponents from 3. Anyone can forge signatures of such a key: it
                is for tests against old sandboxes.
            openssl_only: OpenSSL verifies all bodies of ``verify_documents``.
                Without it, and without ``KESSPAY_MULTIBUFFER=0``, the native core
                may accept eight at a time with arithmetic of its own over public
                numbers. The verdicts are the same.

        Raises:
            KeyLoadError: data holds no such key, the password is missing or
                wrong, or the key policy refuses the key.
            InputError: an argument of the wrong type.
            BackendError: no backend can be used, or libcrypto failed.

        Source: RFC 5280 (4.1), RFC 7292, RFC 7468, RFC 8017.
        """
        require_flag("dangerously_allow_weak_key", dangerously_allow_weak_key)
        require_flag("openssl_only", openssl_only)
        text, secret = key_bytes(data), password_bytes(password)
        handle = explained(
            lambda: current().load_public(
                text,
                allow_weak=dangerously_allow_weak_key,
                password=secret,
                openssl_only=openssl_only or is_multibuffer_off(),
            ),
            lambda: text,
            password=bool(secret),
        )
        return cls._of(handle, dangerously_allow_weak_key, openssl_only)

    @classmethod
    def from_file(
        cls,
        path: PathLike,
        password: Password = None,
        *,
        dangerously_allow_weak_key: bool = False,
        openssl_only: bool = False,
    ) -> PublicKey:
        """
        Load a public key from a file; the arguments are those of ``from_pem``.

        Raises:
            KeyLoadError: as ``from_pem``; ``file`` where it cannot be read.
            InputError: an argument of the wrong type.
            BackendError: no backend can be used, or libcrypto failed.
        """
        require_flag("dangerously_allow_weak_key", dangerously_allow_weak_key)
        require_flag("openssl_only", openssl_only)
        name, secret = file_path(path), password_bytes(password)
        handle = load_file(
            name,
            lambda: explained(
                lambda: current().load_public_file(
                    name,
                    allow_weak=dangerously_allow_weak_key,
                    password=secret,
                    openssl_only=openssl_only or is_multibuffer_off(),
                ),
                lambda: read_again(name),
                password=bool(secret),
            ),
        )
        return cls._of(handle, dangerously_allow_weak_key, openssl_only)

    @classmethod
    def _of(
        cls,
        handle: PublicHandle,
        weak: bool,  # noqa: FBT001 - private
        openssl_only: bool,  # noqa: FBT001 - private
    ) -> PublicKey:
        key = object.__new__(cls)
        key._handle = handle
        key._openssl_only = openssl_only
        key._weak = weak
        key.bits = handle.bits
        # hashlib.sha256 alone fails where OpenSSL has no provider; this does not.
        key.fingerprint = hashlib.new("sha256", handle.spki).hexdigest()
        return key

    def verify(self, signature: Buffer, message: Buffer) -> None:
        """
        Return only if this is the PKCS#1 v1.5 SHA-256 signature of a message.

        Args:
            signature: the raw bytes, as many as the modulus has.
            message: the bytes that were signed, not their hash.

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

        Read values only from the bytes returned: those bytes were signed.

        Args:
            body: the response body as it was received, ``sign`` inside.
            profile: the PHP settings of the gateway.
            max_depth: how many objects and arrays may be nested, 1 to 511.

        Raises:
            DocumentRefused: the body is no JSON object, is nested too deep, has no
                canonical form, holds a key twice, or has more than 256 keys at
                the top level of which one begins like a number.
            InvalidSignature: the body is not authentic (DocumentRefused is one).
            InputError: an argument of the wrong type.
            BackendError: libcrypto failed; nothing was verified.

        Source: API document, "Verify signature".
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
        Return the verdict on each body; only ``VerifyStatus.OK`` is authentic.

        Args:
            bodies: bodies as they were received, or an Arrow column of them:
                binary, text or null, of any width, as views, as a dictionary
                or in chunks; a Series of polars, or of pandas with Arrow data.
                A null of Arrow is no body. Its verdict is SYNTAX, that of an
                empty body; count the nulls of the column to tell them apart.
            threads: how many threads may work at once; None for one on each
                usable processor. Pure Python gains nothing from threads.
            profile: the PHP settings of the gateway.
            max_depth: how many objects and arrays may be nested, 1 to 511.

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
        """Return whether two keys have the same modulus and exponent."""
        if not isinstance(other, PublicKey):
            return NotImplemented
        return self._handle.spki == other._handle.spki

    def __hash__(self) -> int:
        """Hash what ``__eq__`` compares."""
        return hash(self.fingerprint)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the key as a SubjectPublicKeyInfo."""
        return _restored, (self._handle.spki, self._weak, self._openssl_only)


@final
class PrivateKey(_Sealed):
    """
    An RSA private key, which signs. It never shows what it holds.

    ``from_pem`` and ``from_file`` load one. There is no way to export it, and
    it refuses to be pickled or copied (InputError).
    """

    __slots__ = ("_handle", "_public")

    _handle: PrivateHandle
    _public: PublicKey

    @classmethod
    def from_pem(
        cls,
        data: Text,
        password: Password = None,
        *,
        dangerously_allow_weak_key: bool = False,
        openssl_only: bool = False,
    ) -> PrivateKey:
        """
        Load a private key from PEM, DER or base64.

        Args:
            data: PKCS#1, PKCS#8, encrypted PKCS#8 or PKCS#12; as PEM, as DER, as bare
                base64 on one line or wrapped; line ends may be written as a
                backslash and an ``n``. The content of a PEM block decides,
                not its label. At most 1 MiB.
            password: for encrypted PKCS#8 and PKCS#12, at most 1023 bytes;
                a str stands for its UTF-8 bytes. Not used for a key that is
                not encrypted.
            dangerously_allow_weak_key: accept 512 bits and more, and public
                exponents from 3. Anyone can break such a key: it is for tests
                against old sandboxes.
            openssl_only: for the public half; see ``PublicKey.from_pem``.

        Raises:
            KeyLoadError: data holds no such key, the password is missing or
                wrong, or the key policy refuses the key.
            InputError: an argument of the wrong type.
            BackendError: no backend can be used, or libcrypto failed.

        Source: RFC 5958, RFC 7292, RFC 7468, RFC 8017, RFC 8018.
        """
        require_flag("dangerously_allow_weak_key", dangerously_allow_weak_key)
        require_flag("openssl_only", openssl_only)
        text, secret = key_bytes(data), password_bytes(password)
        handle = explained(
            lambda: current().load_private(
                text,
                secret,
                allow_weak=dangerously_allow_weak_key,
                openssl_only=openssl_only or is_multibuffer_off(),
            ),
            lambda: text,
            password=bool(secret),
        )
        return cls._of(handle, dangerously_allow_weak_key, openssl_only)

    @classmethod
    def from_file(
        cls,
        path: PathLike,
        password: Password = None,
        *,
        dangerously_allow_weak_key: bool = False,
        openssl_only: bool = False,
    ) -> PrivateKey:
        """
        Load a private key from a file; the arguments are those of ``from_pem``.

        The native core reads the file itself and wipes its buffers, so that
        the text of the key is never a Python object.

        Raises:
            KeyLoadError: as ``from_pem``; ``file`` where it cannot be read.
            InputError: an argument of the wrong type.
            BackendError: no backend can be used, or libcrypto failed.

        Warns:
            KeyPermissionWarning: the group or others have any access to the
                file (POSIX).
        """
        require_flag("dangerously_allow_weak_key", dangerously_allow_weak_key)
        require_flag("openssl_only", openssl_only)
        name, secret = file_path(path), password_bytes(password)
        handle = load_file(
            name,
            lambda: explained(
                lambda: current().load_private_file(
                    name,
                    secret,
                    allow_weak=dangerously_allow_weak_key,
                    openssl_only=openssl_only or is_multibuffer_off(),
                ),
                lambda: read_again(name),
                password=bool(secret),
            ),
        )
        warn_if_open(name)
        return cls._of(handle, dangerously_allow_weak_key, openssl_only)

    @classmethod
    def _of(
        cls,
        handle: PrivateHandle,
        weak: bool,  # noqa: FBT001 - private
        openssl_only: bool,  # noqa: FBT001 - private
    ) -> PrivateKey:
        key = object.__new__(cls)
        key._handle = handle
        public = handle.public()
        key._public = PublicKey._of(public, weak, openssl_only)  # noqa: SLF001 - one package
        return key

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        return self._public

    @property
    def bits(self) -> int:
        """Bits of the modulus."""
        return self._public.bits

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, in lower-case hex."""
        return self._public.fingerprint

    def sign(self, message: Buffer) -> bytes:
        """
        Return the raw PKCS#1 v1.5 SHA-256 signature of a message.

        Args:
            message: any bytes; they are hashed as they are.

        Raises:
            InputError: the message is no buffer of bytes.
            BackendError: libcrypto failed.

        Source: RFC 8017, 8.2.1.
        """
        return self._handle.sign(buffer_bytes("message", message))

    def sign_document(self, document: Document, *, profile: Profile = PHP_8) -> str:
        """
        Return the base64 signature of the canonical form of a document.

        Args:
            document: a JSON text or a mapping of parameters, as
                ``canonicalize`` takes it. Its ``sign`` and ``sign_type`` are
                not part of the canonical form.
            profile: the PHP settings of the gateway.

        Raises:
            CanonicalizationError: there is no canonical form.
            InputError: an argument of the wrong type.
            BackendError: libcrypto failed; nothing was signed.

        Source: API document, "Make signature".
        """
        require_profile(profile)
        text, max_depth = document_text(document)
        return self._handle.sign_text(text, profile, max_depth)

    def sign_documents(
        self,
        documents: Documents,
        *,
        threads: int | None = None,
        profile: Profile = PHP_8,
    ) -> Batch:
        """
        Return for each text its base64 signature as ASCII bytes, or a status.

        Args:
            documents: JSON texts, or an Arrow column of them, of the types
                that ``PublicKey.verify_documents`` takes. A null is signed by
                no key: its status is SYNTAX.
            threads: how many threads may work at once; None for one on each
                usable processor. Pure Python gains nothing from threads.
            profile: the PHP settings of the gateway.

        Raises:
            CanonicalizationError: ``type`` where a document is no text.
            InputError: another argument of the wrong type.
        """
        require_profile(profile)
        sign = self._handle.sign_documents
        return write_documents(
            lambda texts: sign(texts, profile, MAX_TEXT_DEPTH), documents, threads
        )

    def signed_body(
        self, params: Mapping[str, object], *, profile: Profile = PHP_8
    ) -> bytes:
        """
        Return the signed request body for parameters.

        It is their canonical text with ``sign_type`` and ``sign`` appended, so
        that the bytes that are sent are the bytes that were signed. A body that
        a PHP gateway could not verify is refused.

        Args:
            params: the parameters, without ``sign``; values as in a mapping
                for ``canonicalize``.
            profile: the PHP settings of the gateway.

        Raises:
            CanonicalizationError: there is no canonical form, or
                ``sign_present``, ``not_object``, ``not_stable``. Nothing was
                signed.
            InputError: an argument of the wrong type.
            BackendError: libcrypto failed; nothing was signed.

        Source: API document, "Make signature".
        """
        if profile is not PHP_8:
            require_profile(profile)
        text = parameters_text(params)
        try:
            return self._handle.signed_body(text, profile)
        except CanonicalizationError as error:
            reason = error.reason
        # Raised here, so that the error has no context: that would be the same
        # refusal without the place.
        raise guard.refusal(text, reason)

    def __repr__(self) -> str:
        """Show size and fingerprint, which are public."""
        return f"<PrivateKey RSA-{self.bits} fingerprint={self.fingerprint}>"

    def __reduce_ex__(self, *_: object) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise InputError("a PrivateKey is never pickled or copied")

    __reduce__ = __getstate__ = __copy__ = __deepcopy__ = __reduce_ex__


def _restored(
    spki: bytes,
    weak: bool,  # noqa: FBT001 - private
    openssl_only: bool = False,  # noqa: FBT001, FBT002 - older pickles lack it
) -> PublicKey:
    return PublicKey.from_pem(
        spki, dangerously_allow_weak_key=weak, openssl_only=openssl_only
    )
