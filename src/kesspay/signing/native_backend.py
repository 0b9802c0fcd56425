"""
The backend on the native core: sizes in, status to exception, bytes out.

Nothing is decided here. Each call goes to one C function, which runs without
the GIL. Bytes are passed without a copy; they cannot change.

Outputs are written to a Room, which is taken from a pool and put back. A
signal handler or a finalizer that calls kesspay between the C call and the
copy of its output therefore gets another Room, and cannot swap the bytes that
were verified.
"""

from __future__ import annotations

import os
from array import array
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from kesspay._native import ffi, lib
from kesspay.errors import (
    BackendError,
    CanonicalizationError,
    DocumentRefused,
    InputError,
    InvalidSignature,
)
from kesspay.signing.keyfile import Need, key_error
from kesspay.signing.profile import PHP_8
from kesspay.signing.status import (
    DOCUMENT_STATUS,
    FOUND,
    KEY_STATUS,
    SIGNATURE_STATUS,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kesspay.signing.profile import Profile


__all__ = ["NativeBackend"]

_OK: Final = 0
_ERR_BUFFER: Final[int] = lib.KESS_ERR_BUFFER
_ERR_LENGTH: Final[int] = lib.KESS_ERR_LENGTH
_ERR_MEMORY: Final[int] = lib.KESS_ERR_MEMORY
_SIGN_DEPTH: Final = 512

#: Rooms of this size are kept, and this many of them.
_ROOM_BYTES: Final = 16 << 10
_MAX_KEPT_ROOMS: Final = 64
#: Canonical text is about as long as its source, a signature is added.
_SPARE_BYTES: Final = 4 << 10
_SMALL_TEXT: Final = _ROOM_BYTES - _SPARE_BYTES

_canonicalize: Final = lib.kess_canonicalize
_allocate: Final = ffi.new_allocator(should_clear_after_alloc=False)


class _Room:
    """Where C writes an output, its length, and where an error lies."""

    __slots__ = ("chars", "data", "error", "length", "size", "view")

    def __init__(self, size: int) -> None:
        self.size = size
        self.data = _allocate("uint8_t[]", size)
        self.chars = ffi.cast("char *", self.data)
        self.view = ffi.buffer(self.data)
        self.length = ffi.new("size_t *")
        self.error = ffi.new("kess_error *")


_rooms: Final[list[_Room]] = []
_options: Final[dict[tuple[int, int], Any]] = {}


def _take() -> _Room:
    try:
        return _rooms.pop()
    except IndexError:
        return _Room(_ROOM_BYTES)


def _large(size: int) -> _Room:
    """Return room for the worst growth: memory that is not used costs nothing."""
    try:
        return _Room(lib.kess_canonical_bound(size) + _SPARE_BYTES)
    except (MemoryError, OverflowError):
        return _Room(size + _SPARE_BYTES)


def _put_back(room: _Room) -> None:
    if room.size == _ROOM_BYTES and len(_rooms) < _MAX_KEPT_ROOMS:
        _rooms.append(room)


def _option(profile: Profile, max_depth: int) -> Any:  # noqa: ANN401 - cffi has no types
    key = (0 if profile is PHP_8 else profile.flags, max_depth)
    option = _options.get(key)
    if option is None:
        option = ffi.new("kess_options *", key)
        _options[key] = option
    return option


def _output(
    function: Callable[..., int],
    text: bytes,
    options: Any,  # noqa: ANN401 - cffi has no types
    error_class: type[CanonicalizationError] = CanonicalizationError,
) -> bytes:
    """Call a function that writes bytes for a text, and return the bytes."""
    size = len(text)
    room = _take() if size <= _SMALL_TEXT else _large(size)
    while True:
        length = room.length
        length[0] = room.size
        status = function(room.data, length, text, size, options, room.error)
        if status == _OK:
            written: bytes = room.view[: length[0]]
            _put_back(room)
            return written
        if status != _ERR_BUFFER:
            raise _document_error(status, room.error.pos, error_class)
        room = _Room(length[0])


def _document_error(
    status: int, position: int, error_class: type[CanonicalizationError]
) -> Exception:
    if status in DOCUMENT_STATUS:
        return error_class(DOCUMENT_STATUS[status], position=position)
    if status in SIGNATURE_STATUS:
        return InvalidSignature(SIGNATURE_STATUS[status])
    return _failure(status)


def _failure(status: int) -> Exception:
    """Return the error for a status that says nothing about the input."""
    if status == _ERR_MEMORY:
        return MemoryError()
    message = ffi.string(lib.kess_status_message(status)).decode()
    if status == _ERR_LENGTH:
        return InputError(message)
    return BackendError(f"the native core failed: {message}")


class _Public:
    """A public key; see PublicHandle."""

    __slots__ = ("_key", "_verify_document", "bits", "spki")

    def __init__(self, key: Any) -> None:  # noqa: ANN401 - cffi has no types
        self._key = ffi.gc(key, lib.kess_key_free)
        self._verify_document = partial(lib.kess_verify_document, self._key)
        self.bits: int = lib.kess_key_bits(self._key)
        self.spki = _spki(self._key)

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
        return _output(
            self._verify_document,
            text,
            _option(profile, max_depth),
            DocumentRefused,
        )

    def verify_documents(
        self, texts: Sequence[bytes], profile: Profile, max_depth: int
    ) -> list[int]:
        data = b"".join(texts)
        offsets = array("q", accumulate(map(len, texts), initial=0))
        statuses = ffi.new("int32_t[]", len(texts))
        status = lib.kess_verify_documents(
            self._key,
            statuses,
            data,
            len(data),
            ffi.from_buffer("int64_t[]", offsets),
            len(texts),
            _option(profile, max_depth),
            ffi.NULL,
        )
        if status != _OK:
            raise _failure(status)
        verdicts: list[int] = ffi.unpack(statuses, len(texts))
        return verdicts


class _Private:
    """A private key; see PrivateHandle."""

    __slots__ = ("_key", "_signed_body", "bits")

    def __init__(self, key: Any) -> None:  # noqa: ANN401 - cffi has no types
        self._key = ffi.gc(key, lib.kess_key_free)
        self._signed_body = partial(lib.kess_signed_body, self._key)
        self.bits: int = lib.kess_key_bits(self._key)

    def public(self) -> _Public:
        out = ffi.new("kess_key **")
        status = lib.kess_key_public(out, self._key, ffi.NULL)
        if status != _OK:
            raise _failure(status)
        return _Public(out[0])

    def sign(self, message: bytes) -> bytes:
        room = _take()
        room.length[0] = room.size
        status = lib.kess_sign(
            self._key, room.data, room.length, message, len(message), ffi.NULL
        )
        if status != _OK:
            raise _failure(status)
        signature: bytes = room.view[: room.length[0]]
        _put_back(room)
        return signature

    def sign_text(self, text: bytes, profile: Profile, max_depth: int) -> str:
        room = _take()
        room.length[0] = room.size
        status = lib.kess_sign_document(
            self._key,
            room.chars,
            room.length,
            text,
            len(text),
            _option(profile, max_depth),
            room.error,
        )
        if status != _OK:
            raise _document_error(status, room.error.pos, CanonicalizationError)
        sign: str = room.view[: room.length[0]].decode("ascii")
        _put_back(room)
        return sign

    def signed_body(self, text: bytes, profile: Profile) -> bytes:
        return _output(self._signed_body, text, _option(profile, _SIGN_DEPTH))


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
        return _output(_canonicalize, text, _option(profile, max_depth))

    def load_private(
        self, data: bytes, password: bytes | None, *, allow_weak: bool
    ) -> _Private:
        """Load a private key from PEM, DER or base64."""
        return _Private(
            _loaded(
                Need.PRIVATE,
                lib.kess_private_key_load,
                (data, len(data), *_secret(password), _policy(allow_weak)),
            )
        )

    def load_private_file(
        self, path: str, password: bytes | None, *, allow_weak: bool
    ) -> _Private:
        """Load a private key from a file, which C reads and wipes."""
        name = _file_name(path, Need.PRIVATE)
        return _Private(
            _loaded(
                Need.PRIVATE,
                lib.kess_private_key_load_file,
                (name, *_secret(password), _policy(allow_weak)),
            )
        )

    def load_public(self, data: bytes, *, allow_weak: bool) -> _Public:
        """Load a public key from PEM, DER or base64."""
        return _Public(
            _loaded(
                Need.PUBLIC,
                lib.kess_public_key_load,
                (data, len(data), _policy(allow_weak)),
            )
        )

    def load_public_file(self, path: str, *, allow_weak: bool) -> _Public:
        """Load a public key from a file."""
        name = _file_name(path, Need.PUBLIC)
        return _Public(
            _loaded(
                Need.PUBLIC,
                lib.kess_public_key_load_file,
                (name, _policy(allow_weak)),
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
    room = _take()
    room.length[0] = room.size
    status = lib.kess_key_spki(key, room.data, room.length, room.error)
    if status != _OK:
        raise _failure(status)
    spki: bytes = room.view[: room.length[0]]
    _put_back(room)
    return spki


def _policy(allow_weak: bool) -> int:  # noqa: FBT001
    weak: int = lib.KESS_KEY_ALLOW_WEAK
    return weak if allow_weak else 0


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
