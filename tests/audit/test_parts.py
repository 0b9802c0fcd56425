# mypy: disable-error-code="no-any-unimported"

"""Files of the output appear when they are complete, or not at all."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kesspay.audit import parts
from kesspay.audit.options import Options
from kesspay.audit.parts import (
    PRIVATE,
    PartFile,
    failing_schema,
    part_schema,
    sha256_of,
    write_whole,
)


if TYPE_CHECKING:
    from pathlib import Path


SCHEMA = pa.schema([("a", pa.int64()), ("b", pa.dictionary(pa.int32(), pa.string()))])


def batch(start: int, word: str) -> pa.RecordBatch:
    """Return two rows, whose dictionary is their own."""
    words = pa.array([word, None]).dictionary_encode()
    return pa.record_batch([pa.array([start, start + 1]), words], schema=SCHEMA)


def test_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are collected into row groups; the file is there at the end."""
    monkeypatch.setattr(parts, "_ROWS", 4)
    path = tmp_path / "part.parquet"
    with PartFile(path, SCHEMA, PRIVATE) as file:
        for start in range(0, 10, 2):
            file.add(batch(start, f"w{start}"))
        assert not path.exists()
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = pq.ParquetFile(path)
    assert found.metadata.num_row_groups == 3
    table = found.read()
    assert table.schema == SCHEMA
    assert table["a"].to_pylist() == list(range(10))
    assert table["b"].to_pylist()[::2] == [f"w{start}" for start in range(0, 10, 2)]


def test_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long rows are written before they fill the memory."""
    monkeypatch.setattr(parts, "_BYTES", 1)
    with PartFile(tmp_path / "p", SCHEMA) as file:
        file.add(batch(0, "a"))
        file.add(batch(2, "b"))
    assert pq.ParquetFile(tmp_path / "p").metadata.num_row_groups == 2
    # Nor does a batch that is read.
    with (tmp_path / "p").open("rb") as read:
        found = [one.to_pydict() for one in parts.batches_of(read, "a")]
    assert found == [{"a": [0, 1]}, {"a": [2, 3]}]


def test_growing(tmp_path: Path) -> None:
    """Numbers that grow take next to no bytes; what repeats is held once."""
    count = 5000
    schema = part_schema(Options(ids=("shop",)), [pa.string()])
    columns = {
        "row": pa.array(range(count), pa.int64()),
        "offset": pa.array((711 * at for at in range(count)), pa.int64()),
        "seen_at": pa.array(range(0, 7 * count, 7), schema.field("seen_at").type),
        "shop": pa.array(["a long name of a shop"] * count),
    }
    nothing = {one.name: pa.nulls(count, one.type) for one in schema}
    with PartFile(tmp_path / "p", schema) as file:
        file.add(pa.record_batch({**nothing, **columns}, schema=schema))
    assert pq.read_table(tmp_path / "p")["offset"].to_pylist()[-1] == 711 * (count - 1)
    group = pq.ParquetFile(tmp_path / "p").metadata.row_group(0)
    found = [group.column(at) for at in range(group.num_columns)]
    sizes = {one.path_in_schema: one.total_compressed_size for one in found}
    assert all(sizes[name] < count / 10 for name in columns)
    assert {one.path_in_schema for one in found if not one.has_dictionary_page} == {
        *("row", "offset", "seen_at", "reencoded"),
    }


def test_nothing(tmp_path: Path) -> None:
    """A part without rows has the columns."""
    with PartFile(tmp_path / "p", SCHEMA):
        pass
    assert pq.read_table(tmp_path / "p").schema == SCHEMA


def test_not_completed(tmp_path: Path) -> None:
    """After an error nothing is left."""
    file = PartFile(tmp_path / "p", SCHEMA)
    file.add(batch(0, "a"))
    file.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    assert list(tmp_path.iterdir()) == []


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up at the end leaves nothing, either."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"), PartFile(tmp_path / "p", SCHEMA):
        pass
    assert list(tmp_path.iterdir()) == []


def test_schemas() -> None:
    """Columns of parts, with ids and canonical bytes where they are wanted."""
    plain = part_schema(Options(ids=("id",)), [pa.int32()])
    assert plain.names == [
        *("source", "row", "offset", "id", "seen_at", "service", "verdict"),
        *("status", "key", "reencoded"),
    ]
    assert plain.field("id").type == pa.int32()
    money = part_schema(Options(money=True), [])
    assert money.names[-2:] == ["canonical", "request_canonical"]
    failing = failing_schema(money)
    assert failing.names == [
        *("source", "row", "offset", "seen_at", "service", "verdict", "status"),
        *("key", "reencoded", "body", "request", "cause", "basis", "detail"),
        *("cluster", "body_sha256"),
    ]


def test_texts(tmp_path: Path) -> None:
    """A text is written as a whole, and has a digest."""
    path = tmp_path / "a"
    write_whole(path, "é")
    assert sha256_of(path) == hashlib.sha256("é".encode()).hexdigest()
    assert list(tmp_path.iterdir()) == [path]
