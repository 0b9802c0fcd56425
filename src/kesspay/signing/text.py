"""Turn whatever holds a JSON text into bytes, without converting silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from kesspay.errors import CanonicalizationError, DocumentRefused
from kesspay.signing.reference.decode import MAX_DEPTH
from kesspay.signing.reference.parameters import MAX_DEPTH as MAX_PARAMETERS_DEPTH
from kesspay.signing.reference.parameters import to_json


__all__ = [
    "Document",
    "Text",
    "body_bytes",
    "copied",
    "document_text",
    "parameters_text",
    "text_bytes",
]

#: What may hold a JSON text.
Text: TypeAlias = bytes | bytearray | memoryview | str
#: A JSON text, or the parameters themselves.
Document: TypeAlias = Text | Mapping[str, object]

_BYTE_FORMATS: Final = frozenset({"B", "b", "c"})


def text_bytes(text: object, needed: str = "a JSON text") -> bytes:
    """
    Return the UTF-8 bytes of a JSON text.

    A buffer that somebody else can change is copied, so that the bytes that
    were checked are the bytes that are used.

    Args:
        text: bytes, bytearray, a memoryview of single bytes, or a str.
        needed: what to name as needed in an error.

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
        copy = copied(text)
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


def copied(buffer: bytes | bytearray | memoryview) -> bytes | None:
    """Return the bytes of a buffer, or None where it does not hold bytes."""
    try:
        view = memoryview(buffer)
        return view.tobytes() if view.format in _BYTE_FORMATS else None
    except (ValueError, BufferError):
        # A memoryview that was released holds nothing any more.
        return None


def _encoded(text: str) -> bytes:
    try:
        return str.encode(text, "utf-8")
    except UnicodeEncodeError as error:
        position = len(text[: error.start].encode())
    raise CanonicalizationError("surrogate", position=position)
