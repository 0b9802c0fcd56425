# mypy: disable-error-code="no-untyped-call, no-any-unimported"

"""Arrow columns of every shape: views, dictionaries, streams, and real libraries."""

from __future__ import annotations

import ctypes
import gc
import struct
from typing import Any, Final

import pytest

from kesspay import InputError, KeyRing, PrivateKey, VerifyStatus, canonicalize_many
from kesspay.signing import arrow
from tests.support.arrow import ALIVE, RELEASE, Column, new_capsule
from tests.support.vectors import KEYS


OK: Final = VerifyStatus.OK
SYNTAX: Final = VerifyStatus.SYNTAX


@pytest.fixture
def key() -> PrivateKey:
    """Return the key that signs the bodies."""
    return PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes())


def view(text: bytes, which: int = 0, begin: int = 0) -> bytes:
    """Lay out one view of a text that is short, or lies in a buffer."""
    if len(text) <= 12:
        return struct.pack("=i12s", len(text), text)
    return struct.pack("=i4sii", len(text), text[:4], which, begin)


class Views(Column):
    """
    A producer of views.

    Args:
        views: the views, laid out.
        data: the buffers of the long texts.
        change: as of a Column.
    """

    def __init__(
        self,
        views: list[bytes],
        data: list[bytes],
        *,
        offset: int = 0,
        valid: bytes | None = None,
        **change: Any,  # noqa: ANN401 - any field
    ) -> None:
        """Lay the buffers out."""
        super().__init__([])
        sizes = struct.pack(f"={len(data)}q", *map(len, data))
        parts = [valid, b"".join(views), *data, sizes]
        self._parts = [ctypes.create_string_buffer(p) if p else None for p in parts]
        self._list = (ctypes.c_void_p * len(parts))(
            *(ctypes.addressof(p) if p else None for p in self._parts)
        )
        self._kind = b"vz"
        self._fields = {
            "length": len(views) - offset,
            "null_count": -1 if valid else 0,
            "offset": offset,
            "n_buffers": len(parts),
            "buffers": ctypes.cast(self._list, ctypes.POINTER(ctypes.c_void_p)),
            **change,
        }


LONG: Final = b'{"aaaaaaaa":1}'


@pytest.mark.parametrize("offset", [0, 1])
def test_views(offset: int) -> None:
    """Views of short and long texts; a null has no text, whatever its view says."""
    data = [b"", b"xx" + LONG]
    views = [view(b"[]"), view(LONG, 1, 2), view(b'{"a":1234567'), view(LONG, 9, 9)]
    made = canonicalize_many(Views(views, data, valid=b"\x07", offset=offset))
    assert list(made) == [b"[]", LONG, None, None][offset:]
    assert canonicalize_many(Views([], [])).statuses == []


@pytest.mark.parametrize(
    "column",
    [
        Views([view(LONG, 1, 0)], [LONG]),
        Views([view(LONG, -1, 0)], [LONG]),
        Views([view(LONG, 0, 1)], [LONG]),
        Views([view(LONG, 0, -1)], [LONG]),
        Views([view(LONG, 0, 0)], []),
        Views([struct.pack("=i12s", -1, b"")], []),
        Views([view(b"[]")], [], length=-1),
        Views([b""], [], length=1),
    ],
)
def test_damaged_views(column: Views) -> None:
    """A view of something that is not there is refused."""
    with pytest.raises(InputError, match="damaged"):
        canonicalize_many(column)


class Dictionary(Column):
    """
    A producer of a dictionary.

    Args:
        places: of the text of each row, as bytes.
        values: the producer of the texts.
        change: as of a Column.
    """

    def __init__(
        self,
        places: bytes,
        values: Column,
        *,
        kind: bytes = b"C",
        valid: bytes | None = None,
    ) -> None:
        """Lay the buffers out."""
        super().__init__([], kind=kind, valid=valid, length=len(places), n_buffers=2)
        self._ends = ctypes.create_string_buffer(places)
        self._values = values

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        """Return the two capsules, with those of the texts."""
        capsules = super().__arrow_c_array__()
        _, schema, column = self._keep[:3]
        self._inner = self._values.__arrow_c_array__()
        schema.dictionary = ctypes.addressof(self._values._keep[1])
        column.dictionary = ctypes.addressof(self._values._keep[2])
        return capsules


def test_dictionaries() -> None:
    """Each row has the text of its place; nulls are in the rows or in the texts."""
    values = Column([b"[]", b"[1]", b"[2]"], valid=b"\x05")
    made = canonicalize_many(Dictionary(b"\2\0\1\0", values))
    assert list(made) == [b"[2]", b"[]", None, b"[]"]
    nulls = Dictionary(b"\2\0\x77\0", values, valid=b"\x0b")
    assert list(canonicalize_many(nulls)) == [b"[2]", b"[]", None, b"[]"]
    assert canonicalize_many(Dictionary(b"", values)).statuses == []
    twice = Dictionary(b"\1", Dictionary(b"\1\0", values))
    assert list(canonicalize_many(twice)) == [b"[]"]


@pytest.mark.parametrize(
    "column",
    [
        Dictionary(b"\3", Column([b"[]"] * 3)),
        Dictionary(b"\xff", Column([b"[]"]), kind=b"c"),
        Dictionary(b"\0", Column([b"[]"]), kind=b"f"),
        Dictionary(b"\0", Column([b"[]"], kind=b"i")),
    ],
)
def test_damaged_dictionaries(column: Dictionary) -> None:
    """A place that is not there, and a dictionary of something else."""
    with pytest.raises(InputError):
        canonicalize_many(column)


def test_dictionary_without_values() -> None:
    """A schema that promises a dictionary, and an array that has none."""
    column = Dictionary(b"\0", Column([b"[]"]))
    capsules = column.__arrow_c_array__()
    column._keep[2].dictionary = None

    class Again:
        def __arrow_c_array__(
            self, requested_schema: object = None
        ) -> tuple[object, object]:
            return capsules

    with pytest.raises(InputError, match="damaged"):
        canonicalize_many(Again())


@pytest.mark.parametrize("offset", [0, 1])
def test_fixed_size(offset: int) -> None:
    """Texts of one size, and columns of nothing but nulls."""
    column = Column([], kind=b"w:3", n_buffers=2, length=3 - offset, offset=offset)
    column._ends = ctypes.create_string_buffer(b"[1][2][3]")
    assert list(canonicalize_many(column)) == [b"[1]", b"[2]", b"[3]"][offset:]
    column = Column([], kind=b"w:0", n_buffers=2, length=2)
    assert canonicalize_many(column).statuses == [SYNTAX] * 2
    nowhere = ctypes.cast((ctypes.c_void_p * 2)(), ctypes.POINTER(ctypes.c_void_p))
    column = Column([], kind=b"w:3", n_buffers=2, length=1, buffers=nowhere)
    with pytest.raises(InputError, match="damaged"):
        canonicalize_many(column)
    column = Column([], kind=b"n", n_buffers=0, length=2)
    assert canonicalize_many(column).statuses == [SYNTAX] * 2


_FILL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


class Stream:
    """
    A producer of a stream as the specification describes one.

    Args:
        chunks: producers of its arrays.
        fails: the error of the call for an array after the last one.
        schema_fails: the error of the call for the schema.
    """

    def __init__(
        self, chunks: list[Column], *, fails: int = 0, schema_fails: int = 0
    ) -> None:
        """Take the arrays."""
        self._chunks = chunks
        self.fails, self.schema_fails = fails, schema_fails
        self.stream = arrow._Stream()
        self.released: list[str] = []
        self.capsules: list[Any] = []
        self._keep: list[Any] = []

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the capsule."""
        chunks = iter(self._chunks)
        first = Column([], kind=self._chunks[0]._kind if self._chunks else b"z")
        self._keep.append(first.__arrow_c_array__())
        self.released.clear()
        self.capsules.clear()

        def get_schema(_: int, target: int) -> int:
            if self.schema_fails:
                return self.schema_fails
            ctypes.memmove(target, ctypes.addressof(first._keep[1]), 72)
            arrow._Schema.from_address(target).release = self._release("schema")
            return 0

        def get_next(_: int, target: int) -> int:
            chunk = next(chunks, None)
            if chunk is None:
                return self.fails
            self.capsules.append(chunk.__arrow_c_array__())
            ctypes.memmove(target, ctypes.addressof(chunk._keep[2]), 80)
            arrow._Array.from_address(target).release = self._release("array")
            return 0

        calls = [_FILL(get_schema), _FILL(get_next)]
        ALIVE.append((self.stream, *calls))
        self.stream.get_schema, self.stream.get_next = (
            ctypes.cast(one, ctypes.c_void_p).value for one in calls
        )
        self.stream.release = self._release("stream")
        self._name = b"arrow_array_stream"
        return new_capsule(ctypes.addressof(self.stream), self._name, None)

    def _release(self, what: str) -> int | None:
        release = RELEASE(lambda _: self.released.append(what))
        ALIVE.append(release)
        return ctypes.cast(release, ctypes.c_void_p).value


@pytest.mark.thorough
def test_streams(key: PrivateKey) -> None:
    """A column in chunks is one column, and each chunk is released once."""
    bodies = [key.signed_body({"n": n}) for n in range(5)]
    stream = Stream(
        [
            Column(bodies[:2], kind=b"z"),
            Column([], kind=b"z"),
            Column(bodies[2:], kind=b"z", valid=b"\x05"),
        ]
    )
    expected = [OK, OK, OK, SYNTAX, OK]
    assert key.public_key.verify_documents(stream, threads=2) == expected
    gc.collect()
    assert stream.released == ["schema", "array", "array", "array"]
    assert KeyRing([key.public_key]).verify_documents(stream) == expected
    assert key.public_key.verify_documents(Stream([])) == []


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "stream",
    [
        Stream([], schema_fails=5),
        Stream([Column([b"[]"])], fails=12),
        Stream([Column([], kind=b"i")]),
    ],
)
def test_streams_that_fail(stream: Stream) -> None:
    """Nothing is judged of a stream that fails, and what it lent is released."""
    with pytest.raises(InputError):
        canonicalize_many(stream)
    gc.collect()
    assert len(stream.released) == (not stream.schema_fails) + len(stream.capsules)


def test_no_stream() -> None:
    """What is no stream, or was released, is refused."""

    class Wrong:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return 1

    class Released(Stream):
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            capsule = super().__arrow_c_stream__()
            self.stream.release = None
            return capsule

    with pytest.raises(InputError, match="did not return a capsule"):
        canonicalize_many(Wrong())
    with pytest.raises(InputError, match="was released"):
        canonicalize_many(Released([]))


def test_columns_of_pandas() -> None:
    """The column in a Series is used; a Series that Arrow cannot hold is a list."""

    class Extension:
        def __arrow_array__(self) -> object:
            return Stream([Column([b"[]", b"[1]"])])

    class Series:
        array = Extension()

    class Mixed(list[bytes]):
        def __arrow_c_stream__(self) -> object:
            raise TypeError

    class Old(list[bytes]):
        def __arrow_array__(self) -> object:
            raise ImportError

    assert list(canonicalize_many(Series())) == [b"[]", b"[1]"]  # type: ignore[arg-type] # as pandas 2 has it
    for listed in (Mixed([b"[]"]), Old([b"[]"])):
        assert list(canonicalize_many(listed)) == [b"[]"]


def test_pyarrow(key: PrivateKey) -> None:
    """Columns of pyarrow of every shape, sliced and with nulls, give the same."""
    pyarrow: Any = pytest.importorskip("pyarrow")
    bodies = [key.signed_body({"n": n, "t": "ខ្មែរ"}) for n in range(200)]
    values: list[bytes | None] = [*bodies, None, b"{", b""]
    public = key.public_key
    expected = [OK] * 200 + [SYNTAX] * 3
    for column in (
        pyarrow.array(values, pyarrow.binary_view()),
        pyarrow.array(values, pyarrow.string_view()),
        pyarrow.array(values).dictionary_encode(),
        pyarrow.array(values, pyarrow.large_string()).dictionary_encode(),
        pyarrow.chunked_array([values[:100], [], values[100:]], pyarrow.binary()),
        pyarrow.chunked_array([values[:100], values[100:]], pyarrow.string_view()),
        pyarrow.chunked_array([pyarrow.array(values).dictionary_encode()]),
    ):
        assert public.verify_documents(column, threads=2) == expected
        assert public.verify_documents(column[150:202]) == expected[150:202]
        assert list(canonicalize_many(column[:200])) == list(canonicalize_many(bodies))
    fixed = pyarrow.array([b"[1]", None, b"[2]"], pyarrow.binary(3))
    assert list(canonicalize_many(fixed[1:])) == [None, b"[2]"]
    assert public.verify_documents(pyarrow.nulls(2)) == [SYNTAX] * 2
    assert public.verify_documents(pyarrow.chunked_array([], pyarrow.string())) == []
    for wrong in (
        pyarrow.array([1, 2]),
        pyarrow.chunked_array([[1]]),
        pyarrow.chunked_array([], pyarrow.int8()),
        pyarrow.table({"body": values}),
        pyarrow.array([[b"[]"]]),
        pyarrow.array([1]).dictionary_encode(),
    ):
        with pytest.raises(InputError, match="is needed"):
            public.verify_documents(wrong)


def test_polars(key: PrivateKey) -> None:
    """A Series of polars goes in as it is."""
    polars: Any = pytest.importorskip("polars")
    bodies = [key.signed_body({"n": n, "t": "ខ្មែរ"}) for n in range(50)]
    values: list[bytes | None] = [*bodies, None, b"{", b""]
    expected = [OK] * 50 + [SYNTAX] * 3
    texts = [None if value is None else value.decode() for value in values]
    public = key.public_key
    parts = [polars.Series(texts[:10]), polars.Series(texts[10:])]
    for column in (
        polars.Series(values),
        polars.Series(texts),
        polars.Series(texts, dtype=polars.Categorical),
        polars.concat(parts, rechunk=False),
    ):
        assert public.verify_documents(column, threads=2) == expected
        assert public.verify_documents(column[40:52]) == expected[40:52]
        assert KeyRing([public]).verify_documents(column) == expected
    assert public.verify_documents(polars.Series(values).head(0)) == []
    with pytest.raises(InputError, match="is needed"):
        public.verify_documents(polars.Series([1]))
    with pytest.raises(InputError, match="give one column"):
        public.verify_documents(polars.DataFrame({"body": texts}))


def test_pandas(key: PrivateKey) -> None:
    """A column of pandas goes in as it is, whatever holds its data."""
    pandas: Any = pytest.importorskip("pandas")
    bodies = [key.signed_body({"n": n, "t": "ខ្មែរ"}) for n in range(50)]
    values: list[bytes | None] = [*bodies, None, b"{", b""]
    texts = [None if value is None else value.decode() for value in values]
    expected = [OK] * 50 + [SYNTAX] * 3
    public = key.public_key
    for column in (
        pandas.Series(values, dtype="binary[pyarrow]"),
        pandas.Series(texts, dtype="large_string[pyarrow]"),
        pandas.Series(texts),
        pandas.Series(values, dtype=object),
        pandas.Series(texts, dtype="category"),
    ):
        assert public.verify_documents(column, threads=2) == expected
        assert public.verify_documents(column[40:52]) == expected[40:52]
    extension = pandas.Series(values[:9], dtype="binary[pyarrow]").array
    assert public.verify_documents(extension) == [OK] * 9
    mixed = pandas.Series([bodies[0], bodies[1].decode()], dtype=object)
    assert public.verify_documents(mixed) == [OK, OK]
