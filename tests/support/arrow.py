# mypy: disable-error-code="no-untyped-call"

"""Producers of Arrow columns, as the specification of Arrow describes them."""

from __future__ import annotations

import atexit
import ctypes
import struct
from typing import Any

from kesspay.signing import arrow


__all__ = ["ALIVE", "RELEASE", "Column", "new_capsule"]

#: Callbacks, and what they use. C calls them when a capsule ends, and Python ends the
#: capsules of a producer in any order, also after the producer: nothing is freed here.
ALIVE: list[object] = []

RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_DESTROY = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
new_capsule = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
)(("PyCapsule_New", ctypes.pythonapi))
_open_capsule = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_set_destructor = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(
    ("PyCapsule_SetDestructor", ctypes.pythonapi)
)
#: Where the capsules lie that have not ended.
_capsules: set[int] = set()


@atexit.register
def _end_without_callbacks() -> None:
    """Let a capsule that lives longer than this module call nothing of it."""
    for capsule in _capsules:
        _set_destructor(capsule, None)


class Column:
    """
    A producer of Arrow arrays as the specification describes one.

    Args:
        texts: what lies in the data buffer, one after the other.
        kind: the format string.
        before: bytes of the data buffer in front of the texts.
        offset: elements in front of the array, which are of no concern.
        valid: the validity bitmap, or None.
        change: fields of ArrowArray to damage.
    """

    def __init__(
        self,
        texts: list[bytes],
        *,
        kind: bytes = b"Z",
        before: bytes = b"",
        offset: int = 0,
        valid: bytes | None = None,
        offsets: list[int] | None = None,
        **change: Any,  # noqa: ANN401 - any field
    ) -> None:
        """Lay the buffers out."""
        ends = [len(before)]
        for text in texts:
            ends.append(ends[-1] + len(text))
        size = "q" if kind in (b"Z", b"U") else "i"
        ends = ends if offsets is None else offsets
        self._data = ctypes.create_string_buffer(before + b"".join(texts))
        self._ends = ctypes.create_string_buffer(
            struct.pack(f"={len(ends)}{size}", *ends)
        )
        self._valid = ctypes.create_string_buffer(valid) if valid else None
        self._kind = kind
        self._fields = {
            "length": len(ends) - 1 - offset,
            "null_count": -1 if valid else 0,
            "offset": offset,
            "n_buffers": 3,
            **change,
        }
        self.released: list[str] = []

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        """Return the two capsules, whose destructors release."""
        buffers = (ctypes.c_void_p * 3)(
            ctypes.addressof(self._valid) if self._valid else None,
            ctypes.addressof(self._ends),
            ctypes.addressof(self._data),
        )
        schema, column = arrow._Schema(), arrow._Array()
        schema.format = self._kind
        self._keep: list[Any] = [buffers, schema, column]
        ALIVE.append((buffers, self._valid, self._ends, self._data))
        for name, value in self._fields.items():
            setattr(schema if name == "dictionary" else column, name, value)
        if not self._fields.get("buffers"):
            column.buffers = ctypes.cast(buffers, ctypes.POINTER(ctypes.c_void_p))
        return (
            self._capsule(schema, b"arrow_schema"),
            self._capsule(column, b"arrow_array"),
        )

    def _capsule(self, made: Any, name: bytes) -> Any:  # noqa: ANN401 - a capsule
        # Not self: of objects that hold each other, it may be gone by then.
        released = self.released

        def release(_: int) -> None:
            released.append(name.decode())
            made.release = None

        def destroy(capsule: int) -> None:
            _capsules.discard(capsule)
            assert _open_capsule(capsule, name) == ctypes.addressof(made)
            if made.release:
                RELEASE(made.release)(ctypes.addressof(made))

        callbacks = RELEASE(release), _DESTROY(destroy)
        if made.release is None and "release" not in self._fields:
            made.release = ctypes.cast(callbacks[0], ctypes.c_void_p)
        ALIVE.append((made, name, callbacks))
        capsule = new_capsule(
            ctypes.addressof(made), name, ctypes.cast(callbacks[1], ctypes.c_void_p)
        )
        _capsules.add(id(capsule))
        return capsule
