"""Check the arguments of the public functions before anything is done."""

from __future__ import annotations

import os
from typing import Final, TypeAlias, cast

from kesspay.errors import InputError
from kesspay.signing.profile import Profile
from kesspay.signing.text import copied


__all__ = [
    "Buffer",
    "Password",
    "PathLike",
    "buffer_bytes",
    "file_path",
    "key_bytes",
    "password_bytes",
    "require_depth",
    "require_flag",
    "require_profile",
]

#: What may hold bytes that are signed as they are.
Buffer: TypeAlias = bytes | bytearray | memoryview
#: What a password may be given as; a str stands for its UTF-8 bytes.
Password: TypeAlias = str | bytes | bytearray | None
#: What a file may be named by.
PathLike: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_DEPTHS: Final = range(1, 512)


def require_profile(profile: object) -> None:
    """Refuse anything but a Profile (InputError)."""
    if type(profile) is not Profile:
        raise InputError(f"profile must be a Profile, not a {_kind(profile)}")


def require_depth(max_depth: object) -> None:
    """Refuse anything but an int from 1 to 511 (InputError)."""
    if type(max_depth) is not int or max_depth not in _DEPTHS:
        raise InputError("max_depth must be an int from 1 to 511")


def require_flag(name: str, value: object) -> None:
    """Refuse anything but True and False (InputError)."""
    if type(value) is not bool:
        raise InputError(f"{name} must be True or False")


def buffer_bytes(name: str, value: object) -> bytes:
    """Return the bytes of a buffer; text is refused (InputError)."""
    if type(value) is bytes:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        copy = copied(value)
        if copy is not None:
            return copy
    raise InputError(f"{name} must be bytes, not a {_kind(value)}")


def key_bytes(data: object) -> bytes:
    """Return the bytes of a key file given as bytes or text (InputError)."""
    if isinstance(data, str):
        # What is not Unicode is no key either; the loader says so.
        return str.encode(data, "utf-8", "surrogatepass")
    return buffer_bytes("data", data)


def password_bytes(password: object) -> bytes | None:
    """Return a password as bytes (InputError, which does not show it)."""
    if password is None:
        return None
    if isinstance(password, str):
        try:
            return str.encode(password, "utf-8")
        except UnicodeEncodeError:
            # The error would hold the password, so it must not be the context.
            pass
        raise InputError("password must be Unicode text without lone surrogates")
    if isinstance(password, (bytes, bytearray)):
        return bytes(memoryview(password))
    raise InputError(f"password must be str, bytes or None, not a {_kind(password)}")


def file_path(path: object) -> str:
    """Return a path as str (InputError)."""
    try:
        return os.fsdecode(cast("PathLike", path))
    except (TypeError, UnicodeError):
        pass
    raise InputError(f"path must be a str, bytes or path object, not a {_kind(path)}")


def _kind(value: object) -> str:
    return type(value).__name__
