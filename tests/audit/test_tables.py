# mypy: disable-error-code="no-any-unimported"

"""Parquet and queries: columns within structs, their types, and damage."""

from __future__ import annotations

import gc
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kesspay import InputError
from kesspay.audit import tables
from kesspay.audit.options import Options
from kesspay.audit.rows import Damaged, Rows
from kesspay.audit.tables import (
    check_schema,
    open_parquet,
    query,
    read_parquet,
    rows_of,
    words_of,
)


if TYPE_CHECKING:
    from collections.abc import Iterable


MOMENT = datetime(2026, 9, 17, tzinfo=UTC)


def parquet(table: Any, **options: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return a table as a file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return pa.BufferReader(sink.getvalue())


TABLE = pa.table(
    {
        "body": pa.array([b"a", None, b"c"], pa.binary()),
        "r": pa.array([{"body": "x", "at": MOMENT}, None, {"body": None, "at": None}]),
        "a.b": ["p", "q", None],
        "id": pa.array([1, None, 3], pa.int32()),
        "kind": pa.array(["k", "k", None]).dictionary_encode(),
    }
)


def numbers(found: Iterable[Rows | Damaged]) -> list[int]:
    """Return the numbers of rows."""
    return [at for rows in found if isinstance(rows, Rows) for at in rows.numbers]


def footers() -> int:
    """Return how many there are in the memory."""
    return sum(isinstance(one, pq.FileMetaData) for one in gc.get_objects())


def test_a_footer_goes_at_once() -> None:
    """A file with many row groups has a megabyte of them, for each unit of a run."""
    file = parquet(TABLE)
    gc.collect()
    gc.disable()
    try:
        before = footers()
        assert numbers(read_parquet(file, 0, 1, Options())) == [0, 1, 2]
        assert footers() == before
    finally:
        gc.enable()


def test_read() -> None:
    """Rows come with their numbers, row group by row group."""
    options = Options(time="r.at", service="kind", ids=("id", "a.b"), request="r.body")
    file = parquet(TABLE, row_group_size=2)
    found = [one for one in read_parquet(file, 0, 2, options) if isinstance(one, Rows)]
    assert [rows.numbers.tolist() for rows in found] == [[0, 1], [2]]
    assert [rows.bodies.to_pylist() for rows in found] == [[b"a", None], [b"c"]]
    first = found[0]
    assert first.times.to_pylist() == [MOMENT, None]
    assert first.services.to_pylist() == ["k", "k"]
    assert first.requests.to_pylist() == [b"x", None]
    assert [column.to_pylist() for column in first.ids] == [[1, None], ["p", "q"]]
    assert first.ids[0].type == pa.int32()
    assert first.offsets is None
    (second,) = read_parquet(file, 1, 2, options)
    assert numbers([second]) == [2]
    assert list(read_parquet(file, 0, 0, options)) == []


def test_a_long_dictionary_is_held_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body longer than a batch, in a dictionary, makes each batch a row."""
    monkeypatch.setattr(tables, "_BATCH_BYTES", 8_000)
    file = parquet(pa.table({"body": ["x" * 9_000, "y"] * 200}))
    found = list(read_parquet(file, 0, 1, Options()))
    assert numbers(found) == list(range(400))
    assert {len(rows.numbers) for rows in found if isinstance(rows, Rows)} == {1}


def test_short_bodies_are_read_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dictionary of short bodies takes no room, and none is made of its rows."""
    monkeypatch.setattr(tables, "_BATCH_BYTES", 8_000)
    opened = list[list[str]]()
    plain = pq.ParquetFile

    def watched(*args: object, **words: Any) -> Any:  # noqa: ANN401 - of pyarrow
        opened.append(words["read_dictionary"])
        return plain(*args, **words)

    monkeypatch.setattr(pq, "ParquetFile", watched)
    file = parquet(pa.table({"body": ["x" * 9, "y"] * 20}))
    (rows,) = read_parquet(file, 0, 1, Options())
    assert numbers([rows]) == list(range(40))
    assert opened == [[]]
    long = parquet(pa.table({"body": [f"{n:09}" for n in range(400)]}))
    opened.clear()
    assert numbers(list(read_parquet(long, 0, 1, Options()))) == list(range(400))
    # Only a look at the dictionary.
    assert opened == [[], ["body"]]


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
def test_repeated_bodies_are_held_once(
    monkeypatch: pytest.MonkeyPatch,
    kind: Any,  # noqa: ANN401 - of pyarrow
) -> None:
    """A file that holds a long body once and names it often fills no memory."""
    monkeypatch.setattr(tables, "_BATCH_BYTES", 30_000)
    bodies = pa.array(["x" * 9_000, None, "y"] * 20, kind)
    sink = io.BytesIO()
    pq.write_table(pa.table({"body": bodies, "id": bodies, "r": bodies}), sink)
    for options in (Options(request="r"), Options(ids=("id",)), Options(ids=("body",))):
        found = list(read_parquet(pa.BufferReader(sink.getvalue()), 0, 1, options))
        rows = [one for one in found if isinstance(one, Rows)]
        read = [body for one in rows for body in one.bodies.to_pylist()]
        assert read == bodies.cast(pa.binary()).to_pylist()
        assert [n for one in rows for n in one.numbers.tolist()] == list(range(60))
        sizes = {len(one.bodies) for one in rows}
        assert sizes == ({60} if "body" in options.ids else {3})


def test_long_bodies_are_read_in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long bodies are, a batch of them is bounded."""
    monkeypatch.setattr(tables, "_BATCH_BYTES", 4000)
    file = parquet(pa.table({"body": [f"{n:01000}" for n in range(10)]}))
    found = list(read_parquet(file, 0, 1, Options()))
    assert len(found) >= 3
    assert numbers(found) == list(range(10))


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.binary(), pa.large_binary(), pa.string(), pa.large_string()),
        *(pa.string_view(), pa.binary_view(), pa.binary(2)),
        pa.dictionary(pa.int8(), pa.string()),
    ],
)
def test_types_of_bodies(kind: Any) -> None:  # noqa: ANN401 - of pyarrow
    """A body may be of any type of text."""
    if pa.types.is_dictionary(kind):
        column = pa.array(["{}", None]).dictionary_encode()
    else:
        column = pa.array([b"{}", None], pa.binary()).cast(kind)
    batch = pa.record_batch({"body": column})
    check_schema(batch.schema, Options(), "f")
    assert rows_of(batch, 0, 0, Options()).bodies.to_pylist() == [b"{}", None]
    decoded = rows_of(batch, 0, 0, Options(body_encoding="base64"))
    assert decoded.unreadable == {0: "body_encoding"}


def test_nulls() -> None:
    """A column of nothing holds no bodies."""
    batch = pa.record_batch({"body": pa.nulls(2)})
    check_schema(batch.schema, Options(), "f")
    assert rows_of(batch, 0, 0, Options()).bodies.to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (Options(column="bdy"), "no column 'bdy'; did you mean body"),
        (Options(column="r.bdy"), "no column of that name"),
        (Options(column="x.y"), "no column 'x.y'"),
        (Options(column="id.x"), "no column 'id.x'"),
        (Options(column="r"), "the bytes that were signed are lost"),
        (Options(column="id"), "has the type int32; text or binary is needed"),
        (Options(request="id"), "has the type int32"),
        (Options(time="r"), "times, texts or numbers"),
        (Options(service="no"), "no column 'no'"),
        (Options(ids=("no",)), "no column 'no'"),
    ],
)
def test_refused(options: Options, match: str) -> None:
    """A column that is not there, or holds something else."""
    with pytest.raises(InputError, match=f"(?i){match}"):
        check_schema(TABLE.schema, options, "a.parquet")


def test_columns_of_one_name() -> None:
    """Which of two columns of one name is meant cannot be known."""
    texts = pa.array(["x"])
    names = ["body", "x", "x", "r", "r"]
    nested = pa.array([{"y": 1}])
    table = pa.Table.from_arrays([texts, texts, texts, nested, nested], names=names)
    assert check_schema(table.schema, Options(), "a.parquet") == ()
    for options in (Options(ids=("x",)), Options(column="x"), Options(ids=("r.y",))):
        with pytest.raises(InputError, match=r"the column for .* twice: rename one"):
            check_schema(table.schema, options, "a.parquet")


def test_types_of_ids() -> None:
    """The types of ids are kept."""
    options = Options(ids=("id", "r.at", "a.b"))
    assert check_schema(TABLE.schema, options, "f") == (
        pa.int32(),
        pa.timestamp("us", "UTC"),
        pa.string(),
    )


def test_damaged() -> None:
    """A footer that is no footer, and pages that are overwritten."""
    with pytest.raises(Damaged, match="footer"):
        open_parquet(io.BytesIO(b"PAR1PAR1"))
    whole = pa.table({"body": [f"{n}" * 50 for n in range(3000)]})
    file = parquet(whole, row_group_size=1000, compression="zstd")
    data = bytearray(file.read())
    meta = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata
    place = meta.row_group(1).column(0).data_page_offset
    data[place : place + 200] = bytes(200)
    first, bad, third = read_parquet(pa.BufferReader(bytes(data)), 0, 3, Options())
    assert isinstance(bad, Damaged)
    assert str(bad) == "row group 1 is damaged"
    assert bad.row == 1000
    assert numbers([first, third]) == [*range(1000), *range(2000, 3000)]


def test_words() -> None:
    """A column of any type becomes text."""
    assert words_of(pa.array([1, None])).to_pylist() == ["1", None]
    assert words_of(pa.array([{"a": 1}, None])).to_pylist() == ["{'a': 1}", None]


def test_query() -> None:
    """A query of DuckDB gives batches; what it refuses is named."""
    reader = query("SELECT 'x' || range AS body FROM range(3)")
    assert reader.read_all().to_pydict() == {"body": ["x0", "x1", "x2"]}
    for sql, why in (
        ("SELEC", "Parser Error"),
        ("SELECT * FROM sql", "sql does not exist"),
        ("-- nothing", "no rows"),
    ):
        with pytest.raises(InputError, match=why):
            query(sql)


def test_a_query_shows_no_bar() -> None:
    """What DuckDB shows of a long query would stand among what a program reads."""
    [batch] = query("SELECT current_setting('enable_progress_bar') AS body")
    assert batch.column(0).to_pylist() == [False]
