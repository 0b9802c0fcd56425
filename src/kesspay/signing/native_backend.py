"""
The native backend: arguments to C, statuses to exceptions, outputs to bytes.

C makes every decision. Each call goes to one C function, which holds the GIL
for a few microseconds at most. Bytes are passed without a copy; they cannot
change. The functions that every message needs are called through
``bindings/module.c``, the others through cffi.
"""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Any, Final

from kesspay._native import canonicalize as _canonicalize
from kesspay._native import ffi, lib
from kesspay._native import sign as _sign
from kesspay._native import sign_document as _sign_document
from kesspay._native import signed_body as _signed_body
from kesspay._native import verify_document as _verify_document
from kesspay.errors import (
    BackendError,
    CanonicalizationError,
    DocumentRefused,
    InputError,
    InvalidSignature,
)
from kesspay.signing.columns import Written
from kesspay.signing.keyfile import Need, key_error
from kesspay.signing.profile import PHP_8
from kesspay.signing.status import (
    DOCUMENT_STATUS,
    FOUND,
    KEY_STATUS,
    NO_PROVIDER,
    SIGNATURE_STATUS,
)


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.signing.columns import Texts
    from kesspay.signing.profile import Profile


__all__ = ["NativeBackend"]

_OK: Final = 0
_ERR_BUFFER: Final[int] = lib.KESS_ERR_BUFFER
_ERR_CRYPTO: Final[int] = lib.KESS_ERR_CRYPTO
_ERR_LENGTH: Final[int] = lib.KESS_ERR_LENGTH
_ERR_MEMORY: Final[int] = lib.KESS_ERR_MEMORY
_SIGN_DEPTH: Final = 512
_allocate: Final = ffi.new_allocator(should_clear_after_alloc=False)
#: A SubjectPublicKeyInfo of 8192 bits, with an exponent as long.
_SPKI_BYTES: Final = 4 << 10


def _document_error(
    failure: tuple[int, int],
    error_class: type[CanonicalizationError] = CanonicalizationError,
) -> Exception:
    """Return the error for the status and position of a document."""
    status, position = failure
    if status in DOCUMENT_STATUS:
        return error_class(DOCUMENT_STATUS[status], position=position)
    if status in SIGNATURE_STATUS:
        return InvalidSignature(SIGNATURE_STATUS[status])
    return _failure(status)


def _failure(status: int) -> Exception:
    """Return the error for a status that says nothing about the input."""
    if status == _ERR_MEMORY:
        return MemoryError()
    if status == _ERR_CRYPTO:
        return BackendError(f"libcrypto failed: {NO_PROVIDER}")
    message = ffi.string(lib.kess_status_message(status)).decode()
    if status == _ERR_LENGTH:
        return InputError(message)
    return BackendError(f"the native core failed: {message}")


def _address(key: Any) -> int:  # noqa: ANN401 - cffi has no types
    """Return the address of a key; its owner must outlive the call."""
    return int(ffi.cast("uintptr_t", key))


def _laid_out(texts: Texts, profile: Profile, max_depth: int) -> tuple[Any, ...]:
    """Return texts and options as the arguments of a C function."""
    return (
        ffi.from_buffer("uint8_t[]", texts.data),
        len(texts.data),
        ffi.from_buffer("int64_t[]", texts.offsets),
        len(texts),
        ffi.new("kess_options *", (profile.flags, max_depth)),
    )


def _written(
    function: Callable[..., int],
    key: tuple[Any, ...],
    out_type: str,
    texts: Texts,
    size: int,
    laid_out: tuple[Any, ...],
) -> Written:
    """Call a C function that writes, with more room until all texts are done."""
    count = len(texts)
    offsets = array("q", bytes(8 * (count + 1)))
    statuses = ffi.new("int32_t[]", count)
    done = ffi.new("size_t *", 0)
    length = ffi.new("size_t *", size)
    out = _allocate(out_type, size)
    outputs = (ffi.from_buffer("int64_t[]", offsets), statuses, done)
    while status := function(*key, out, length, *outputs, *laid_out, ffi.NULL):
        if status != _ERR_BUFFER:
            raise _failure(status)
        # The room that the next text needs, and the others at the ratio so far.
        used, place = offsets[done[0]], texts.offsets[done[0]]
        begun, rest = place - texts.offsets[0], texts.offsets[count] - place
        length[0] += rest * max(used, begun) // max(begun, 1)
        more = _allocate(out_type, length[0])
        ffi.memmove(more, out, used)
        out = more
    data: bytes = ffi.buffer(out)[: length[0]]
    return Written(data, offsets, ffi.unpack(statuses, count))


class _Public:
    """A public key; see PublicHandle."""

    __slots__ = ("_address", "_key", "bits", "spki")

    def __init__(self, key: Any) -> None:  # noqa: ANN401 - cffi has no types
        self._key = ffi.gc(key, lib.kess_key_free)
        self._address = _address(self._key)
        self.bits: int = lib.kess_key_bits(self._key)
        self.spki = _spki(self._key)

    @property
    def ways(self) -> int:
        # It may fall to 1 later, so it is asked each time.
        ways: int = lib.kess_key_ways(self._key)
        return ways

    def verify(self, signature: bytes, message: bytes) -> None:
        status = lib.kess_verify(
            self._key,
            signature,
            len(signature),
            message,
            len(message),
            ffi.NULL,
        )
        if status in SIGNATURE_STATUS:
            raise InvalidSignature(SIGNATURE_STATUS[status])
        if status != _OK:
            raise _failure(status)

    def verify_document(self, text: bytes, profile: Profile, max_depth: int) -> bytes:
        flags = 0 if profile is PHP_8 else profile.flags
        canonical = _verify_document(self._address, text, flags, max_depth)
        if type(canonical) is bytes:
            return canonical
        raise _document_error(canonical, DocumentRefused)

    def verify_documents(
        self, texts: Texts, profile: Profile, max_depth: int
    ) -> list[int]:
        statuses = ffi.new("int32_t[]", len(texts))
        status = lib.kess_verify_documents(
            self._key,
            statuses,
            *_laid_out(texts, profile, max_depth),
            ffi.NULL,
        )
        if status != _OK:
            raise _failure(status)
        verdicts: list[int] = ffi.unpack(statuses, len(texts))
        return verdicts


class _Private:
    """A private key; see PrivateHandle."""

    __slots__ = ("_address", "_key", "bits")

    def __init__(self, key: Any) -> None:  # noqa: ANN401 - cffi has no types
        self._key = ffi.gc(key, lib.kess_key_free)
        self._address = _address(self._key)
        self.bits: int = lib.kess_key_bits(self._key)

    def public(self) -> _Public:
        out = ffi.new("kess_key **")
        status = lib.kess_key_public(out, self._key, ffi.NULL)
        if status != _OK:
            raise _failure(status)
        return _Public(out[0])

    def sign(self, message: bytes) -> bytes:
        signature = _sign(self._address, message)
        if type(signature) is bytes:
            return signature
        raise _document_error(signature)

    def sign_text(self, text: bytes, profile: Profile, max_depth: int) -> str:
        sign = _sign_document(self._address, text, profile.flags, max_depth)
        if type(sign) is bytes:
            return sign.decode("ascii")
        raise _document_error(sign)

    def sign_documents(self, texts: Texts, profile: Profile, max_depth: int) -> Written:
        sign_size = -(-lib.kess_key_size(self._key) // 3) * 4
        return _written(
            lib.kess_sign_documents,
            (self._key,),
            "char[]",
            texts,
            sign_size * len(texts),
            _laid_out(texts, profile, max_depth),
        )

    def signed_body(self, text: bytes, profile: Profile) -> bytes:
        flags = 0 if profile is PHP_8 else profile.flags
        body = _signed_body(self._address, text, flags, _SIGN_DEPTH)
        if type(body) is bytes:
            return body
        raise _document_error(body)


class NativeBackend:
    """The native core; see Backend."""

    name: Final = "native"

    @property
    def version(self) -> str:
        """Version of the C library."""
        version: str = ffi.string(lib.kess_version()).decode()
        return version

    @property
    def openssl(self) -> str:
        """Version text of the libcrypto the C library uses."""
        text: str = ffi.string(lib.kess_openssl_version()).decode()
        return text

    def canonicalize_text(self, text: bytes, profile: Profile, max_depth: int) -> bytes:
        """Return the canonical bytes of a JSON text."""
        flags = 0 if profile is PHP_8 else profile.flags
        canonical = _canonicalize(text, flags, max_depth)
        if type(canonical) is bytes:
            return canonical
        raise _document_error(canonical)

    def canonicalize_texts(
        self, texts: Texts, profile: Profile, max_depth: int
    ) -> Written:
        """Return the canonical bytes of many JSON texts, in one call."""
        size = texts.offsets[-1] - texts.offsets[0]
        return _written(
            lib.kess_canonicalize_documents,
            (),
            "uint8_t[]",
            texts,
            size + size // 8,
            _laid_out(texts, profile, max_depth),
        )

    def load_private(
        self,
        data: bytes,
        password: bytes | None,
        *,
        allow_weak: bool,
        openssl_only: bool = False,
    ) -> _Private:
        """Load a private key from PEM, DER or base64."""
        return _Private(
            _loaded(
                Need.PRIVATE,
                lib.kess_private_key_load,
                (
                    data,
                    len(data),
                    *_secret(password),
                    _policy(allow_weak, openssl_only),
                ),
            )
        )

    def load_private_file(
        self,
        path: str,
        password: bytes | None,
        *,
        allow_weak: bool,
        openssl_only: bool = False,
    ) -> _Private:
        """Load a private key from a file, which C reads and wipes."""
        name = _file_name(path, Need.PRIVATE)
        return _Private(
            _loaded(
                Need.PRIVATE,
                lib.kess_private_key_load_file,
                (name, *_secret(password), _policy(allow_weak, openssl_only)),
            )
        )

    def load_public(
        self,
        data: bytes,
        *,
        allow_weak: bool,
        password: bytes | None = None,
        openssl_only: bool = False,
    ) -> _Public:
        """Load a public key from PEM, DER or base64."""
        return _Public(
            _loaded(
                Need.PUBLIC,
                lib.kess_public_key_load_protected,
                (
                    data,
                    len(data),
                    *_secret(password),
                    _policy(allow_weak, openssl_only),
                ),
            )
        )

    def load_public_file(
        self,
        path: str,
        *,
        allow_weak: bool,
        password: bytes | None = None,
        openssl_only: bool = False,
    ) -> _Public:
        """Load a public key from a file."""
        name = _file_name(path, Need.PUBLIC)
        return _Public(
            _loaded(
                Need.PUBLIC,
                lib.kess_public_key_load_file_protected,
                (name, *_secret(password), _policy(allow_weak, openssl_only)),
            )
        )


def _loaded(
    need: Need, function: Callable[..., int], arguments: tuple[Any, ...]
) -> Any:  # noqa: ANN401 - cffi has no types
    out = ffi.new("kess_key **")
    error = ffi.new("kess_error *")
    status = function(out, *arguments, error)
    if status == _OK:
        return out[0]
    if status in KEY_STATUS:
        raise key_error(need, KEY_STATUS[status], FOUND.get(error.item, ""))
    raise _failure(status)


def _spki(key: Any) -> bytes:  # noqa: ANN401 - cffi has no types
    out = ffi.new("uint8_t[]", _SPKI_BYTES)
    length = ffi.new("size_t *", _SPKI_BYTES)
    status = lib.kess_key_spki(key, out, length, ffi.NULL)
    if status != _OK:
        raise _failure(status)
    spki: bytes = ffi.buffer(out)[: length[0]]
    return spki


def _policy(allow_weak: bool, openssl_only: bool) -> int:  # noqa: FBT001 - private, as C has them
    weak: int = lib.KESS_KEY_ALLOW_WEAK if allow_weak else 0
    alone: int = lib.KESS_KEY_OPENSSL_ONLY if openssl_only else 0
    return weak | alone


def _secret(password: bytes | None) -> tuple[Any, int]:
    return (password, len(password)) if password else (ffi.NULL, 0)


def _file_name(path: str, need: Need) -> bytes:
    try:
        name = os.fsencode(path)
    except UnicodeError:
        name = b""
    if not name or b"\0" in name:
        raise key_error(need, "file")
    return name
