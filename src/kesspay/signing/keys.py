"""
The keys that sign and verify.

Keys are parsed, judged and warmed once, when they are loaded. A key object
never changes; any number of threads may use one, also across a fork. It stays
with the backend that was in use when it was loaded.

What is refused, and in which order, stands in ``guard`` for documents and in
``keyfile``, ``keyparts`` and ``keypolicy`` for keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, final

from kesspay.errors import CanonicalizationError, InputError
from kesspay.signing.arguments import (
    buffer_bytes,
    file_path,
    key_bytes,
    password_bytes,
    require_flag,
    require_profile,
)
from kesspay.signing.backend import current
from kesspay.signing.batch import write_documents
from kesspay.signing.keyformats import explained
from kesspay.signing.keysource import (
    KeyPermissionWarning,
    Sealed,
    from_file,
    read_again,
    warn_if_open,
)
from kesspay.signing.profile import PHP_8
from kesspay.signing.publickey import PublicKey
from kesspay.signing.reference import guard
from kesspay.signing.reference.decode import MAX_DEPTH as MAX_TEXT_DEPTH
from kesspay.signing.text import document_text, parameters_text


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.signing.arguments import Buffer, Password, PathLike
    from kesspay.signing.backend import PrivateHandle
    from kesspay.signing.batch import Batch, Documents
    from kesspay.signing.profile import Profile
    from kesspay.signing.text import Document, Text


__all__ = ["KeyPermissionWarning", "PrivateKey", "PublicKey"]


@final
class PrivateKey(Sealed):
    """
    An RSA private key, which signs. It never shows what it holds.

    There is no way to export it, and it refuses to be pickled or copied.
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
    ) -> PrivateKey:
        """
        Load a private key from PEM, DER or base64.

        Args:
            data: PKCS#1, PKCS#8, encrypted PKCS#8 or PKCS#12; as PEM, as DER, as bare
                base64 on one line or wrapped; line ends may be written as a
                backslash and an ``n``. The content of a PEM block decides,
                not its label.
            password: for encrypted PKCS#8 and PKCS#12, at most 1023 bytes;
                not used for a key that is not encrypted.
            dangerously_allow_weak_key: accept 512 bits and more, and public
                exponents from 3. Anybody can break such a key: it is for
                tests against old sandboxes.

        Raises:
            KeyLoadError: no such key, or the key policy refuses it.
            InputError: an argument of the wrong type.

        Source: RFC 5958, RFC 7468, RFC 8017, RFC 8018.
        """
        require_flag("dangerously_allow_weak_key", dangerously_allow_weak_key)
        text, secret = key_bytes(data), password_bytes(password)
        handle = explained(
            lambda: current().load_private(
                text, secret, allow_weak=dangerously_allow_weak_key
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
    ) -> PrivateKey:
        """
        Load a private key from a file; see ``from_pem``.

        The native core reads the file itself and wipes its buffers, so that
        the text of the key is never a Python object.

        Raises:
            KeyLoadError: also ``file``, where it cannot be read.
            InputError: an argument of the wrong type.

        Warns:
            KeyPermissionWarning: the group or others have any access to the
                file (POSIX).
        """
        require_flag("dangerously_allow_weak_key", dangerously_allow_weak_key)
        name, secret = file_path(path), password_bytes(password)
        handle = from_file(
            name,
            lambda: explained(
                lambda: current().load_private_file(
                    name, secret, allow_weak=dangerously_allow_weak_key
                ),
                lambda: read_again(name),
                password=bool(secret),
            ),
        )
        warn_if_open(name)
        return cls._of(handle, dangerously_allow_weak_key)

    @classmethod
    def _of(cls, handle: PrivateHandle, weak: bool) -> PrivateKey:  # noqa: FBT001
        key = object.__new__(cls)
        key._handle = handle
        key._public = PublicKey._of(handle.public(), weak)  # noqa: SLF001 - one package
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
        Return the PKCS#1 v1.5 SHA-256 signature of a message.

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
            document: a JSON text or a mapping of parameters. Its ``sign`` and
                ``sign_type`` are not part of the canonical form.
            profile: the PHP settings of the gateway.

        Raises:
            CanonicalizationError: there is no canonical form.
            InputError: an argument of the wrong type.

        Source: API document, "Sign request".
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
        Return for each JSON text what ``sign_document`` does, as ASCII bytes.

        Args:
            documents: JSON texts, or an Arrow array of them.
            threads: how many may work at once; None for one on each usable
                processor. Pure Python gains nothing from threads.
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
        Return the request body for parameters: what is signed is what is sent.

        It is their canonical text with ``sign_type`` and ``sign`` appended,
        and it verifies at a PHP gateway: what would not is refused.

        Args:
            params: the parameters, without ``sign``.
            profile: the PHP settings of the gateway.

        Raises:
            CanonicalizationError: there is no canonical form, or
                ``sign_present``, ``not_object``, ``not_stable``.
            InputError: an argument of the wrong type.

        Source: API document, "Sign request".
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
