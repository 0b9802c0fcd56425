"""One unit: what is a failure, and what a unit leaves."""

from __future__ import annotations

import json
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kesspay.audit import Kernel, jsonl, tables, texts
from kesspay.audit.folder import Folder
from kesspay.audit.inputs import find
from kesspay.audit.options import Options
from kesspay.audit.outputs import Unwritten
from kesspay.audit.parts import PartFile, part_schema
from kesspay.audit.units import divide
from kesspay.audit.work import Job, Stopped, do
from tests.support.recording import private, ring


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.audit.rows import Rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """Return the output of a run, in the current folder."""
    monkeypatch.chdir(tmp_path)
    made = Folder(Path("out"))
    made.make_failing()
    yield made
    made.close()


def job(folder: Folder, options: Options, *paths: str) -> Job:
    """Return what units of these inputs have in common."""
    return Job(
        sources=find(paths, "auto"),
        options=options,
        kernel=Kernel(ring()),
        own=None,
        schema=part_schema(options, [pa.string()] * len(options.ids)),
        folder=folder,
    )


def test_an_input_that_goes(folder: Folder) -> None:
    """An input that cannot be opened is a problem of its own, and no output."""
    pq.write_table(pa.table({"body": ["{}"]}), "t.parquet")
    made = job(folder, Options(), "t.parquet")
    (unit,), _, _ = divide(made.sources, made.options)
    Path("t.parquet").unlink()
    (problem,) = do(unit, made)["problems"]
    assert problem["source"].endswith("t.parquet")
    assert problem["why"].startswith("it cannot be read to its end (")


def test_unit(folder: Folder) -> None:
    """A unit of several inputs is one part; its failures are beside it."""
    good = private("kess-2025").signed_body({"a": 1}).decode()
    Path("a.jsonl").write_text(json.dumps({"body": good}) + "\n")
    Path("b.log").write_text("{}\n")
    Path("c.log").write_text("")
    made = job(folder, Options(), "a.jsonl", "b.log", "c.log")
    (unit,), _, _ = divide(made.sources, made.options)
    found = do(unit, made)
    assert found["tally"]["rows"] == 2
    assert found["failing"] == 1
    table = pq.read_table(folder.path / unit.part)
    assert table["source"].to_pylist() == ["a.jsonl", "b.log"]
    failing = pq.read_table(folder.failing(unit.part))
    assert failing["body"].to_pylist() == [b"{}"]
    assert failing["cause"].to_pylist() == ["sign_missing"]
    assert (made.meter.rows, made.meter.failures) == (2, 1)


@pytest.mark.parametrize("file", ["a.jsonl", "a.parquet"])
def test_rows_are_let_go(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """When the next rows are read, nothing refers to those before: memory is reused."""
    bodies = [private("kess-2025").signed_body({"a": at}).decode() for at in range(3)]
    Path("a.jsonl").write_text("".join(f"{json.dumps({'body': b})}\n" for b in bodies))
    pq.write_table(pa.table({"body": bodies}), "a.parquet", row_group_size=1)
    monkeypatch.setattr(texts, "BLOCK", len(bodies[0]))
    module = jsonl if file == "a.jsonl" else tables
    real, read = module.rows_of, list[weakref.ref[pa.Array]]()

    def rows_of(*arguments: object) -> Rows:
        assert not any(one() for one in read)
        rows: Rows = real(*arguments)
        if len(rows):
            read.append(weakref.ref(rows.bodies))
        return rows

    monkeypatch.setattr(module, "rows_of", rows_of)
    made = job(folder, Options(), file)
    (unit,), _, _ = divide(made.sources, made.options)
    assert do(unit, made)["tally"]["verdicts"]["authentic"] == 3
    assert len(read) == 3


def test_stopped(folder: Folder) -> None:
    """A unit that is stopped leaves nothing."""
    Path("b.log").write_text("{}\n")
    made = job(folder, Options(), "b.log")
    (unit,), _, _ = divide(made.sources, made.options)
    made.stop.set()
    with pytest.raises(Stopped):
        do(unit, made)
    assert [path.name for path in folder.path.iterdir()] == ["_failing"]


def test_journal(folder: Folder) -> None:
    """A journal that is none is a problem of its source."""
    Path("j.db").write_bytes(b"SQLite format 3\0" + bytes(100))
    made = job(folder, Options(), "j.db")
    (unit,), _, _ = divide(made.sources, made.options)
    (problem,) = do(unit, made)["problems"]
    assert problem["source"] == "j.db"
    assert "journal" in problem["why"]


def test_an_output_that_cannot_be_written(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the run's problem, and not one of the input that was read."""
    Path("b.log").write_text("{}\n")
    made = job(folder, Options(), "b.log")
    (unit,), _, _ = divide(made.sources, made.options)

    def add(_part: PartFile, _batch: object) -> None:
        raise Unwritten(28, "the disk is full", "part")

    monkeypatch.setattr(PartFile, "add", add)
    with pytest.raises(Unwritten):
        do(unit, made)
