"""
Read the texts of an Arrow array through the Arrow C data interface.

An object that has ``__arrow_c_array__`` (the arrays of pyarrow, nanoarrow and
others) hands its texts over without a copy, and this package imports none of
these libraries. ctypes reads the two structures: both backends have it, and it
can open a capsule.

The memory belongs to the producer. It is used while the capsules are alive;
the destructors of the capsules call the release callbacks, once.

Source: Apache Arrow, "The Arrow C data interface" and "The Arrow PyCapsule
Interface".
"""

from __future__ import annotations

import ctypes
from array import array
from operator import le
from typing import Any, Final

from kesspay.errors import InputError
from kesspay.signing.columns import Texts


__all__ = ["read_column"]

#: Format strings of the types that hold texts, and the C type of an offset.
_OFFSETS: Final[dict[bytes, type[ctypes.c_int32 | ctypes.c_int64]]] = {
    b"z": ctypes.c_int32,
    b"u": ctypes.c_int32,
    b"Z": ctypes.c_int64,
    b"U": ctypes.c_int64,
}
_NEEDED: Final = "binary, large_binary, string or large_string"


#: The pointer in a capsule; ValueError where it has another name.
_pointer: Final = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


class _Schema(ctypes.Structure):
    """The C structure ArrowSchema."""

    _fields_ = (
        ("format", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("metadata", ctypes.c_void_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


class _Array(ctypes.Structure):
    """The C structure ArrowArray."""

    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


def read_column(producer: Any) -> Texts:  # noqa: ANN401 - any object may be one
    """
    Return the texts of an Arrow array, without a copy where it has no nulls.

    A null is no text. It becomes an empty text, which every function refuses
    as ``syntax``.

    Args:
        producer: an object that has ``__arrow_c_array__``.

    Raises:
        InputError: the array is of another type, or not an array at all.
    """
    capsules = producer.__arrow_c_array__()
    try:
        schema_capsule, array_capsule = capsules
        schema = _Schema.from_address(_pointer(schema_capsule, b"arrow_schema"))
        column = _Array.from_address(_pointer(array_capsule, b"arrow_array"))
    except (TypeError, ValueError):
        raise InputError("__arrow_c_array__ did not return two capsules") from None
    if not (schema.release and column.release):
        raise InputError("the Arrow array was released before it was read")
    offset_type = _OFFSETS.get(schema.format or b"")
    if offset_type is None or schema.dictionary:
        kind = (schema.format or b"").decode("utf-8", "replace")
        raise InputError(f"an Arrow array of {_NEEDED} is needed, not {kind!r:.40}")
    if column.n_buffers != 3 or column.length < 0 or column.offset < 0:
        raise InputError("the Arrow array is damaged")
    texts = _texts(column, offset_type, capsules)
    nulls = _nulls(column)
    if nulls:
        # The bytes of a null are undefined, and must not be signed.
        return Texts.of(
            [b"" if null else text for null, text in zip(nulls, texts, strict=True)]
        )
    return texts


def _texts(
    column: _Array,
    offset_type: type[ctypes.c_int32 | ctypes.c_int64],
    owner: object,
) -> Texts:
    count, first = column.length, column.offset
    address = column.buffers[1]
    if count == 0 or not address:
        return Texts.of([])
    size = ctypes.sizeof(offset_type)
    raw = (ctypes.c_char * (size * (count + 1))).from_address(address + size * first)
    offsets = memoryview(raw).cast("B").cast("q" if size == 8 else "i")
    if size != 8 or address % 8:
        offsets = memoryview(array("q", offsets))
    end = offsets[count]
    if offsets[0] < 0 or not all(map(le, offsets, offsets[1:])):
        raise InputError("the Arrow array is damaged")
    data = memoryview(b"")
    if end and column.buffers[2]:
        data = memoryview((ctypes.c_char * end).from_address(column.buffers[2]))
    return Texts(data.cast("B"), offsets, owner)


def _nulls(column: _Array) -> list[bool] | None:
    """Return whether each text is null, or None where no text is."""
    address = column.buffers[0]
    if column.null_count == 0 or not address:
        return None
    first, count = column.offset, column.length
    bitmap = ctypes.string_at(address, (first + count + 7) // 8)
    nulls = [not bitmap[at >> 3] >> (at & 7) & 1 for at in range(first, first + count)]
    return nulls if any(nulls) else None
