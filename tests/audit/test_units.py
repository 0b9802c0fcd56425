"""How inputs are divided into units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kesspay import InputError
from kesspay.audit import units
from kesspay.audit.inputs import Source, find
from kesspay.audit.options import Options
from kesspay.audit.units import Piece, Problem, Unit, bounds_of, divide


if TYPE_CHECKING:
    from pathlib import Path


def test_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text is divided by bytes, a compressed one never; small ones are together."""
    monkeypatch.setattr(units, "UNIT", 10)
    for name, size in (("a.log", 25), ("b.log", 3), ("c.log", 4), ("d.log", 0)):
        (tmp_path / name).write_bytes(b"x" * size)
    sources = find([str(tmp_path)], "auto")
    found, problems, types = divide([*sources, Source("-")], Options())
    assert problems == []
    assert types == set()
    assert [unit.described() for unit in found] == [
        [[0, 0, 10]],
        [[0, 10, 20]],
        [[0, 20, 25], [1, 0, 3]],
        [[2, 0, 4], [3, 0, 0], [4, 0, -1]],
    ]
    assert found[2].part == "part-000002.parquet"
    assert bounds_of(0) == [0]
    whole = Source("z.gz", size=99, compression="gzip")
    assert divide([whole], Options())[0] == [Unit(0, (Piece(0, 0, -1, 99),))]


def test_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups are taken together up to the size of a unit."""
    path = tmp_path / "a.parquet"
    table = pa.table({"body": [f"{n:050}" for n in range(100)], "id": range(100)})
    pq.write_table(table, path, row_group_size=10, compression="none")
    sources = find([str(path)], "auto")
    (whole,), _, types = divide(sources, Options(ids=("id",)))
    assert whole.pieces[0].rows == 100
    assert types == {(pa.int64(),)}
    monkeypatch.setattr(units, "UNIT", whole.pieces[0].size // 3)
    found, _, _ = divide(sources, Options())
    bounds = [(unit.pieces[0].start, unit.pieces[0].stop) for unit in found]
    assert bounds == [(0, 3), (3, 6), (6, 9), (9, 10)]
    pq.write_table(table[:0], path)
    (empty,), _, _ = divide(find([str(path)], "auto"), Options())
    assert empty.pieces[0].rows == 0


def test_problems(tmp_path: Path) -> None:
    """An input that cannot be read is named, and the others are divided."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "b.log").write_bytes(b"x")
    sources = find([str(tmp_path)], "auto")
    gone = Source("gone", problem="why not")
    (tmp_path / "c.parquet").write_bytes(b"x")
    (late,) = find([str(tmp_path / "c.parquet")], "parquet")
    (tmp_path / "c.parquet").unlink()
    found, problems, _ = divide([*sources, gone, late], Options())
    assert [unit.described() for unit in found] == [[[1, 0, 1]]]
    names = [problem.source.rpartition("/")[2] for problem in problems]
    assert names == ["a.parquet", "gone", "c.parquet"]
    assert "footer" in problems[0].why
    assert problems[1].described() == {"source": "gone", "why": "why not", "row": None}
    assert "No such file" in problems[2].why
    assert Problem("a", "b", 3).described()["row"] == 3


def test_no_column(tmp_path: Path) -> None:
    """A column that a Parquet file lacks is refused before any work."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"boddy": ["x"]}), path)
    with pytest.raises(InputError, match="did you mean boddy"):
        divide(find([str(path)], "auto"), Options())
