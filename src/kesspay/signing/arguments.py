"""
Check the arguments of the public functions before anything is done.

What holds a JSON text, a key or a password becomes bytes here, and nothing is
converted silently.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, TypeAlias

from kesspay._checks import file_path, named, require_flag
from kesspay.errors import CanonicalizationError, DocumentRefused, InputError
from kesspay.signing.profile import Profile
from kesspay.signing.reference.decode import MAX_DEPTH
from kesspay.signing.reference.parameters import MAX_DEPTH as MAX_PARAMETERS_DEPTH
from kesspay.signing.reference.parameters import to_json


__all__ = [
    "Buffer",
    "Document",
    "Password",
    "PathLike",
    "Text",
    "body_bytes",
    "buffer_bytes",
    "document_text",
    "file_path",
    "key_bytes",
    "mode_of",
    "parameters_text",
    "password_bytes",
    "require_depth",
    "require_flag",
    "require_profile",
    "text_bytes",
]

Text: TypeAlias = bytes | bytearray | memoryview | str
"""What may hold a JSON text."""
Document: TypeAlias = Text | Mapping[str, object]
"""A JSON text, or the parameters themselves."""
Buffer: TypeAlias = bytes | bytearray | memoryview
"""What may hold bytes that are signed as they are."""
Password: TypeAlias = str | bytes | bytearray | None
"""What a password may be given as; a str stands for its UTF-8 bytes."""
PathLike: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
"""What a file may be named by."""

_DEPTHS: Final = range(1, 512)
_BYTE_FORMATS: Final = frozenset({"B", "b", "c"})


def mode_of(path: PathLike) -> int:
    """
    Return the mode of what is at a path; 0 where nothing is, or can be.

    A name that is too long, or that holds a NUL byte, is the name of nothing. pathlib
    raises an error for some of them.
    """
    try:
        return os.stat(path).st_mode  # noqa: PTH116 - takes bytes, too
    except (OSError, ValueError):
        return 0


def require_profile(profile: object) -> None:
    """Refuse anything but a Profile (InputError)."""
    if type(profile) is not Profile:
        raise InputError(f"profile must be a Profile, not {named(type(profile))}")


def require_depth(max_depth: object) -> None:
    """Refuse anything but an int from 1 to 511 (InputError)."""
    if type(max_depth) is not int or max_depth not in _DEPTHS:
        raise InputError("max_depth must be an int from 1 to 511")


def buffer_bytes(name: str, value: object) -> bytes:
    """Return the bytes of a buffer; text is refused (InputError)."""
    if type(value) is bytes:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        copy = _copied(value)
        if copy is not None:
            return copy
    raise InputError(f"{name} must be bytes, not {named(type(value))}")


def key_bytes(data: object) -> bytes:
    """Return the bytes of a key file given as bytes or text (InputError)."""
    if isinstance(data, str):
        # A text that is not Unicode is no key; the loader refuses it.
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
    raise InputError(
        f"password must be str, bytes or None, not {named(type(password))}"
    )


def text_bytes(text: object, needed: str = "a JSON text") -> bytes:
    """
    Return the UTF-8 bytes of a JSON text.

    A buffer that other code can change is copied, so that the bytes that were
    checked are the bytes that are used.

    Args:
        text: bytes, bytearray, a memoryview of single bytes, or a str.
        needed: the words for what is needed, for the message.

    Raises:
        CanonicalizationError: ``surrogate`` for a str with a lone surrogate
            (position: its offset in the UTF-8 text), ``type`` for anything
            that is no text.
    """
    if type(text) is bytes:
        return text
    if isinstance(text, str):
        return _encoded(text)
    if isinstance(text, (bytes, bytearray, memoryview)):
        copy = _copied(text)
        if copy is not None:
            return copy
    raise CanonicalizationError(
        "type", detail=f"{type(text).__name__} where {needed} is needed"
    )


def document_text(document: object) -> tuple[bytes, int]:
    """
    Return a document as a JSON text, and how many levels it may have.

    Args:
        document: a JSON text, or a mapping of parameters.

    Raises:
        CanonicalizationError: see ``text_bytes`` and ``parameters.to_json``.
    """
    if type(document) is bytes:
        return document, MAX_DEPTH
    if isinstance(document, Mapping):
        return to_json(document), MAX_PARAMETERS_DEPTH
    return text_bytes(document, "a JSON text or a mapping"), MAX_DEPTH


def parameters_text(parameters: object) -> bytes:
    """
    Return parameters as a JSON text.

    Raises:
        CanonicalizationError: see ``parameters.to_json``; ``type`` for
            anything but a mapping.
    """
    if type(parameters) is dict or isinstance(parameters, Mapping):
        return to_json(parameters)
    raise CanonicalizationError(
        "type",
        path="params",
        detail=f"{type(parameters).__name__} where a mapping is needed",
    )


def body_bytes(body: object) -> bytes:
    """
    Return the bytes of a body that is to be verified.

    Raises:
        DocumentRefused: ``surrogate`` or ``type``, see ``text_bytes``.
    """
    if type(body) is bytes:
        return body
    try:
        return text_bytes(body)
    except CanonicalizationError as error:
        reason, position = error.reason, error.position
    raise DocumentRefused(
        reason,
        position=position,
        detail=f"{type(body).__name__} where a JSON text is needed"
        if reason == "type"
        else "",
    )


def _copied(buffer: bytes | bytearray | memoryview) -> bytes | None:
    """Return the bytes of a buffer, or None where it does not hold bytes."""
    try:
        view = memoryview(buffer)
        return view.tobytes() if view.format in _BYTE_FORMATS else None
    except (ValueError, BufferError):
        # A memoryview that was released holds no bytes.
        return None


def _encoded(text: str) -> bytes:
    try:
        return str.encode(text, "utf-8")
    except UnicodeEncodeError as error:
        position = len(text[: error.start].encode())
    raise CanonicalizationError("surrogate", position=position)
