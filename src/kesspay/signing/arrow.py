"""
Read the texts of an Arrow column through the Arrow C data interface.

An object that has ``__arrow_c_array__`` (the arrays of pyarrow, nanoarrow and
others) or ``__arrow_c_stream__`` (a ChunkedArray, a Series of polars or pandas)
hands its texts over, and this package imports none of these libraries. ctypes
reads the structures: both backends have it, and it can open a capsule.

Binary and string columns, also the large ones and those of a fixed size, are
used without a copy. Views, dictionaries and columns with nulls are copied a
slice at a time, when a backend works on the slice.

The memory belongs to the producer. It is used while the capsules of an array
are alive, whose destructors call the release callbacks; the arrays of a stream
are released here. Both happen once.

Source: Apache Arrow, "The Arrow C data interface", "The Arrow C stream
interface" and "The Arrow PyCapsule Interface".
"""

from __future__ import annotations

import ctypes
from array import array
from functools import partial
from operator import le
from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import InputError
from kesspay.signing.columns import Scattered, Texts


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from kesspay.signing.columns import Column

    #: Reads an array of one type; the second argument keeps its memory alive.
    _Reader: TypeAlias = Callable[["_Array", object], Column]


__all__ = ["read_columns"]

#: Format strings of the types that hold texts, and the C type of an offset.
_OFFSETS: Final[dict[bytes, type[ctypes.c_int32 | ctypes.c_int64]]] = {
    b"z": ctypes.c_int32,
    b"u": ctypes.c_int32,
    b"Z": ctypes.c_int64,
    b"U": ctypes.c_int64,
}
_VIEWS: Final = frozenset({b"vz", b"vu"})
_FIXED: Final = b"w:"
_NULL: Final = b"n"
_STRUCT: Final = b"+s"
#: Format strings of the indices of a dictionary, and the typecode of each.
_INDICES: Final = dict(
    zip((b"c", b"C", b"s", b"S", b"i", b"I", b"l", b"L"), "bBhHiIqQ", strict=True)
)
_DAMAGED: Final = "the Arrow array is damaged"
_NEEDED: Final = "binary or string (also large, fixed-size, view or dictionary)"

_VIEW: Final = 16
#: A text up to this length is in its view.
_INLINE: Final = 12

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


class _Stream(ctypes.Structure):
    """The C structure ArrowArrayStream."""

    _fields_ = (
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.c_void_p),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


_RELEASE: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_GET: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class _Own:
    """A structure that a stream filled, which is released with this object."""

    def __init__(self, value: _Schema | _Array) -> None:
        """Own the structure."""
        self._value = value

    def __del__(self) -> None:
        """Release what the stream lent."""
        if self._value.release:
            _RELEASE(self._value.release)(ctypes.addressof(self._value))


def read_columns(producer: Any) -> Sequence[Column] | None:  # noqa: ANN401 - any object may be one
    """
    Return the texts of an Arrow column in chunks; None where it is no such column.

    A null is no text. It becomes an empty text, which every function refuses
    as ``syntax``.

    Args:
        producer: an object that has ``__arrow_c_array__``,
            ``__arrow_c_stream__`` or (a column of pandas) ``__arrow_array__``.

    Raises:
        InputError: the column is of another type, or damaged.
    """
    if hasattr(producer, "__arrow_c_array__"):
        return [_of_array(producer.__arrow_c_array__())]
    if hasattr(producer, "__arrow_c_stream__"):
        try:
            capsule = producer.__arrow_c_stream__()
        except (ImportError, TypeError, ValueError):
            # A Series of pandas without pyarrow, or of objects of several types.
            return None
        return _of_stream(capsule)
    # A Series of pandas 2 has its column in ``array``.
    column = getattr(producer, "array", producer)
    if hasattr(column, "__arrow_array__"):
        try:
            made = column.__arrow_array__()
        except (ImportError, TypeError, ValueError):
            return None
        return read_columns(made)
    return None


def _of_array(capsules: Any) -> Column:  # noqa: ANN401 - two capsules, if it is right
    try:
        schema_capsule, array_capsule = capsules
        schema = _Schema.from_address(_pointer(schema_capsule, b"arrow_schema"))
        column = _Array.from_address(_pointer(array_capsule, b"arrow_array"))
    except (TypeError, ValueError):
        raise InputError("__arrow_c_array__ did not return two capsules") from None
    if not (schema.release and column.release):
        raise InputError("the Arrow array was released before it was read")
    return _reader(schema)(column, capsules)


def _of_stream(capsule: object) -> Sequence[Column]:
    try:
        stream = _Stream.from_address(_pointer(capsule, b"arrow_array_stream"))
    except (TypeError, ValueError):
        raise InputError("__arrow_c_stream__ did not return a capsule") from None
    if not stream.release:
        raise InputError("the Arrow stream was released before it was read")
    schema = _Schema()
    owner = _Own(schema)
    _fill(stream, stream.get_schema, schema)
    read = _reader(schema)
    columns: list[Column] = []
    while True:
        column = _Array()
        owner = _Own(column)
        _fill(stream, stream.get_next, column)
        if not column.release:
            return columns
        columns.append(read(column, owner))


def _fill(stream: _Stream, get: int, value: _Schema | _Array) -> None:
    code = _GET(get)(ctypes.addressof(stream), ctypes.addressof(value))
    if code:
        # The words of the producer are not shown: they may quote a text.
        raise InputError(f"the Arrow stream failed with error {code}: read it again")


def _reader(schema: _Schema) -> _Reader:
    """Return what reads arrays of a type; other types than texts are refused."""
    kind: bytes = schema.format or b""
    if schema.dictionary:
        if kind in _INDICES:
            values = _reader(_Schema.from_address(schema.dictionary))
            return partial(_of_dictionary, _INDICES[kind], values)
    elif kind in _OFFSETS:
        return partial(_concatenated, _OFFSETS[kind])
    elif kind in _VIEWS:
        return _of_views
    elif kind[:2] == _FIXED and kind[2:].isdigit():
        return partial(_of_fixed_size, int(kind[2:]))
    elif kind == _NULL:
        return _of_nothing
    advice = "; of a table, give one column" if kind == _STRUCT else ""
    shown = kind.decode("utf-8", "replace")
    raise InputError(
        f"an Arrow column of {_NEEDED} is needed, not {shown!r:.40}{advice}"
    )


def _concatenated(
    offset_type: type[ctypes.c_int32 | ctypes.c_int64], column: _Array, owner: object
) -> Column:
    count, first = _bounds(column, 3)
    address = column.buffers[1]
    if count == 0 or not address:
        return Texts.of([])
    size = ctypes.sizeof(offset_type)
    raw = (ctypes.c_char * (size * (count + 1))).from_address(address + size * first)
    offsets = memoryview(raw).cast("B").cast("q" if size == 8 else "i")
    if size != 8 or address % 8:
        offsets = memoryview(array("q", offsets))
    if offsets[0] < 0 or not all(map(le, offsets, offsets[1:])):
        raise InputError(_DAMAGED)
    texts = Texts(_bytes_at(column.buffers[2], offsets[count]), offsets, owner)
    return _without_nulls(column, texts)


def _of_fixed_size(size: int, column: _Array, owner: object) -> Column:
    count, first = _bounds(column, 2)
    ends = (size * at for at in range(first, first + count + 1))
    data = _bytes_at(column.buffers[1], size * (first + count))
    return _without_nulls(column, Texts(data, array("q", ends), owner))


def _of_nothing(column: _Array, owner: object) -> Column:
    del owner
    count, _ = _bounds(column, 0)
    return Scattered(
        (0 for _ in range(count)), lambda start, stop: [b""] * (stop - start)
    )


def _of_views(column: _Array, owner: object) -> Column:
    """Read texts that are short and in their view, or in one of several buffers."""
    if column.n_buffers < 3:
        raise InputError(_DAMAGED)
    count, first = _bounds(column, column.n_buffers)
    if count == 0:
        return Texts.of([])
    last = column.n_buffers - 1
    sizes = _bytes_at(column.buffers[last], 8 * (last - 2)).cast("q")
    data = [
        _bytes_at(column.buffers[2 + at], size) if size else memoryview(b"")
        for at, size in enumerate(sizes)
    ]
    if not column.buffers[1]:
        raise InputError(_DAMAGED)
    views = _bytes_at(column.buffers[1] + _VIEW * first, _VIEW * count)
    numbers = views.cast("i")
    null = _nulls(column)
    lengths = numbers[::4].tolist()
    if null:
        lengths = [0 if null(at) else length for at, length in enumerate(lengths)]
    if min(lengths) < 0:
        raise InputError(_DAMAGED)

    def texts(start: int, stop: int, _: object = owner) -> list[bytes]:
        return [text(at, lengths[at]) for at in range(start, stop)]

    def text(at: int, length: int) -> bytes:
        if length <= _INLINE:
            begin = _VIEW * at + 4
            return bytes(views[begin : begin + length])
        which, begin = numbers[4 * at + 2], numbers[4 * at + 3]
        if not 0 <= which < len(data) or not 0 <= begin <= len(data[which]) - length:
            raise InputError(_DAMAGED)
        return bytes(data[which][begin : begin + length])

    return Scattered(lengths, texts)


def _of_dictionary(
    index: str, read_values: _Reader, column: _Array, owner: object
) -> Column:
    """Read texts that are stored once each, and the place of each row's text."""
    count, first = _bounds(column, 2)
    if count == 0:
        return Texts.of([])
    if not (column.dictionary and column.buffers[1]):
        raise InputError(_DAMAGED)
    values = list(read_values(_Array.from_address(column.dictionary), owner))
    indices: array[int] = array(index)
    size = indices.itemsize
    indices.frombytes(_bytes_at(column.buffers[1] + size * first, size * count))
    places = indices.tolist()
    null = _nulls(column)
    if null:
        # The text of a null stands behind the others.
        places = [len(values) if null(at) else place for at, place in enumerate(places)]
        values.append(b"")
    if min(places) < 0 or max(places) >= len(values):
        raise InputError(_DAMAGED)
    return Scattered(
        (len(values[place]) for place in places),
        lambda start, stop: [values[place] for place in places[start:stop]],
    )


def _bounds(column: _Array, buffers: int) -> tuple[int, int]:
    """Return the length and the offset of an array that may be right."""
    if column.n_buffers != buffers or column.length < 0 or column.offset < 0:
        raise InputError(_DAMAGED)
    return column.length, column.offset


def _bytes_at(address: int | None, size: int) -> memoryview[int]:
    if not (address and size):
        if size:
            raise InputError(_DAMAGED)
        return memoryview(b"")
    return memoryview((ctypes.c_char * size).from_address(address)).cast("B")


def _without_nulls(column: _Array, texts: Texts) -> Column:
    """Replace nulls by empty texts: their bytes are undefined, and never signed."""
    null = _nulls(column)
    if not null:
        return texts
    offsets = texts.offsets

    def without(start: int, stop: int) -> list[bytes]:
        part = texts.part(start, stop)
        return [b"" if null(at) else text for at, text in enumerate(part, start)]

    return Scattered(
        (0 if null(at) else offsets[at + 1] - offsets[at] for at in range(len(texts))),
        without,
    )


def _nulls(column: _Array) -> Callable[[int], bool] | None:
    """Return what says whether a text is null, or None where no text is."""
    address = column.buffers[0]
    if column.null_count == 0 or not address:
        return None
    first, count = column.offset, column.length
    bitmap = ctypes.string_at(address, (first + count + 7) // 8)

    def null(at: int) -> bool:
        return not bitmap[(first + at) >> 3] >> ((first + at) & 7) & 1

    return null if any(map(null, range(count))) else None
