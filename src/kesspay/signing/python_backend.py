"""
The backend in pure Python, with ``cryptography`` for the RSA operation.

It gives the same results as the native core, and is used where the native core
is not installed. kesspay parses the key files and checks the policy;
``cryptography`` only gets numbers that passed it.

Python cannot wipe memory: key material stays there until the memory is reused.
Use the native core where that matters.
"""

from __future__ import annotations

from array import array
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.backends.openssl import backend as openssl
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kesspay._version import __version__
from kesspay.errors import BackendError, CanonicalizationError, InvalidSignature
from kesspay.signing.columns import Written
from kesspay.signing.keyfile import MAX_BYTES, Need, key_error
from kesspay.signing.keyparts import private_numbers, public_numbers
from kesspay.signing.keypolicy import check_private, check_public
from kesspay.signing.reference import guard
from kesspay.signing.reference.canonical import canonicalize_text
from kesspay.signing.status import NO_PROVIDER, VerifyStatus, status_of


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.signing.columns import Texts
    from kesspay.signing.keyparts import PrivateNumbers
    from kesspay.signing.profile import Profile


__all__ = ["PythonBackend"]

_PADDING: Final = padding.PKCS1v15()
_SHA256: Final = SHA256()
_SELF_TEST: Final = b"kess self-test"
_FAILURES: Final = (InternalError, UnsupportedAlgorithm, ValueError)


class _Public:
    """A public key; see PublicHandle."""

    __slots__ = ("_key", "bits", "size", "spki")

    ways: Final = 1

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        self._key = key
        self.bits = key.key_size
        self.size = (key.key_size + 7) // 8
        self.spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def verify(self, signature: bytes, message: bytes) -> None:
        if len(signature) != self.size:
            raise InvalidSignature
        try:
            self._key.verify(signature, message, _PADDING, _SHA256)
        except WrongSignature:
            raise InvalidSignature from None
        except _FAILURES as error:
            raise _cannot("verify", error) from None

    def verify_document(self, text: bytes, profile: Profile, max_depth: int) -> bytes:
        return guard.verify_document(self.verify, self.size, text, profile, max_depth)

    def verify_documents(
        self, texts: Texts, profile: Profile, max_depth: int
    ) -> list[int]:
        def verify(text: bytes, profile: Profile, max_depth: int) -> bytes:
            self.verify_document(text, profile, max_depth)
            return b""

        return _written(verify, texts, profile, max_depth).statuses


class _Private:
    """A private key; see PrivateHandle."""

    __slots__ = ("_key", "_public", "bits")

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self._public = _Public(key.public_key())
        self.bits = key.key_size

    def public(self) -> _Public:
        return self._public

    def sign(self, message: bytes) -> bytes:
        try:
            return self.raw_sign(message)
        except _FAILURES as error:
            raise _cannot("sign", error) from None

    def raw_sign(self, message: bytes) -> bytes:
        return self._key.sign(message, _PADDING, _SHA256)

    def sign_text(self, text: bytes, profile: Profile, max_depth: int) -> str:
        return guard.sign_text(self.sign, text, profile, max_depth)

    def sign_documents(self, texts: Texts, profile: Profile, max_depth: int) -> Written:
        def sign(text: bytes, profile: Profile, max_depth: int) -> bytes:
            return self.sign_text(text, profile, max_depth).encode("ascii")

        return _written(sign, texts, profile, max_depth)

    def signed_body(self, text: bytes, profile: Profile) -> bytes:
        return guard.signed_body(self.sign, text, profile)


class PythonBackend:
    """Pure Python; see Backend."""

    name: Final = "python"

    @property
    def version(self) -> str:
        """Version of kesspay: this code is part of it."""
        return __version__

    @property
    def openssl(self) -> str:
        """Version text of the libcrypto inside ``cryptography``."""
        return openssl.openssl_version_text()

    def canonicalize_text(self, text: bytes, profile: Profile, max_depth: int) -> bytes:
        """Return the canonical bytes of a JSON text."""
        return canonicalize_text(text, profile, max_depth=max_depth)

    def canonicalize_texts(
        self, texts: Texts, profile: Profile, max_depth: int
    ) -> Written:
        """Return the canonical bytes of many JSON texts."""
        return _written(self.canonicalize_text, texts, profile, max_depth)

    def load_private(
        self,
        data: bytes,
        password: bytes | None,
        *,
        allow_weak: bool,
        openssl_only: bool = False,
    ) -> _Private:
        """Load a private key from PEM, DER or base64. OpenSSL verifies everything."""
        del openssl_only
        try:
            numbers = private_numbers(data, password)
        except (InternalError, UnsupportedAlgorithm) as error:
            raise _cannot("decrypt a private key", error) from None
        check_private(numbers, allow_weak=allow_weak)
        _usable(numbers.n, numbers.e)
        return _tested(numbers)

    def load_private_file(
        self,
        path: str,
        password: bytes | None,
        *,
        allow_weak: bool,
        openssl_only: bool = False,
    ) -> _Private:
        """Load a private key from a file."""
        del openssl_only
        data = _read(path, Need.PRIVATE)
        return self.load_private(data, password, allow_weak=allow_weak)

    def load_public(
        self,
        data: bytes,
        *,
        allow_weak: bool,
        password: bytes | None = None,
        openssl_only: bool = False,
    ) -> _Public:
        """Load a public key from PEM, DER or base64."""
        del openssl_only
        try:
            numbers = public_numbers(data, password)
        except (InternalError, UnsupportedAlgorithm) as error:
            raise _cannot("open a file with a public key", error) from None
        check_public(numbers, allow_weak=allow_weak)
        return _usable(numbers.n, numbers.e)

    def load_public_file(
        self,
        path: str,
        *,
        allow_weak: bool,
        password: bytes | None = None,
        openssl_only: bool = False,
    ) -> _Public:
        """Load a public key from a file."""
        del openssl_only
        data = _read(path, Need.PUBLIC)
        return self.load_public(data, allow_weak=allow_weak, password=password)


def _written(
    write: Callable[[bytes, Profile, int], bytes],
    texts: Texts,
    profile: Profile,
    max_depth: int,
) -> Written:
    """Return the output for each text, and a status where there is an error."""
    outputs: list[bytes] = []
    statuses: list[int] = []
    for text in texts:
        try:
            output, status = write(text, profile, max_depth), VerifyStatus.OK
        except (
            BackendError,
            CanonicalizationError,
            InvalidSignature,
            MemoryError,
        ) as error:
            output, status = b"", status_of(error)
        outputs.append(output)
        statuses.append(status)
    ends = accumulate(map(len, outputs), initial=0)
    return Written(b"".join(outputs), array("q", ends), statuses)


def _usable(n: int, e: int) -> _Public:
    """
    Make a public key, and let it verify a signature that cannot be right.

    Numbers that obey the policy are taken by every libcrypto that has a
    provider: where this fails, the key is not the reason.
    """
    try:
        key = _Public(rsa.RSAPublicNumbers(e, n).public_key())
    except _FAILURES as error:
        raise _cannot("use a public key", error) from None
    with suppress(InvalidSignature):
        key.verify(bytes(key.size - 1) + b"\2", b"")
    return key


def _tested(numbers: PrivateNumbers) -> _Private:
    """Make the key and sign once with it, which shows primes that are wrong."""
    try:
        handle = _Private(_assembled(numbers))
        signature = handle.raw_sign(_SELF_TEST)
        handle.public().verify(signature, _SELF_TEST)
    except (InternalError, UnsupportedAlgorithm) as error:
        failure = error
    except (BackendError, InvalidSignature, ValueError):
        raise key_error(Need.PRIVATE, "inconsistent") from None
    else:
        return handle
    raise _cannot("sign", failure)


def _assembled(numbers: PrivateNumbers) -> rsa.RSAPrivateKey:
    # ``check_private`` has made the checks that are skipped here.
    return rsa.RSAPrivateNumbers(
        p=numbers.p,
        q=numbers.q,
        d=numbers.d,
        dmp1=numbers.dp,
        dmq1=numbers.dq,
        iqmp=numbers.q_inverse,
        public_numbers=rsa.RSAPublicNumbers(numbers.e, numbers.n),
    ).private_key(unsafe_skip_rsa_key_validation=True)


def _read(path: str, need: Need) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        pass
    raise key_error(need, "file")


def _cannot(act: str, error: Exception) -> BackendError:
    name = type(error).__name__
    return BackendError(f"libcrypto cannot {act} ({name}): {NO_PROVIDER}")
