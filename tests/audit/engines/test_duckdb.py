# ruff: noqa: ANN401 - connections of DuckDB have no type here

"""DuckDB: the same table as ``verify_document`` one by one."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from kesspay import audit, canonicalize
from tests.support.recording import Row, judged, private, record, ring


if TYPE_CHECKING:
    from collections.abc import Iterator


#: Of an adapter, beside its docstrings.
LINES = 60

duckdb: Any = pytest.importorskip("duckdb")


@pytest.fixture
def connection() -> Iterator[Any]:
    """Return a connection with the functions and a recording."""
    with duckdb.connect() as made:
        made.execute("SET python_enable_replacements = false")
        # In this thread only, since coverage does not see the threads of DuckDB.
        made.execute("SET threads = 1")
        audit.register_duckdb(made, ring())
        made.register("traffic", table(record(600)))
        yield made


def table(rows: list[Row]) -> Any:
    """Return a recording."""
    return pa.table(
        {
            "n": [row.number for row in rows],
            "body": pa.array([row.body for row in rows], pa.binary()),
            "seen": pa.array([row.at for row in rows], pa.timestamp("us", "UTC")),
        }
    )


def test_same_table(connection: Any) -> None:
    """Verdict, status and key of every row, and canonical bytes of authentic ones."""
    rows = record(600)
    expected = [judged(row, ring()) for row in rows]
    found = connection.sql(
        "SELECT n, unnest(kess_verdict(body, seen)) FROM traffic ORDER BY n"
    ).fetchall()
    assert [one[1:] for one in found] == expected
    found = connection.sql(
        "SELECT kess_verified(body, seen) FROM traffic ORDER BY n"
    ).fetchall()
    assert [one[0] for one in found] == [
        canonicalize(row.body) if verdict == "authentic" and row.body else None
        for row, (verdict, *_) in zip(rows, expected, strict=True)
    ]


def test_it_is_registered_again() -> None:
    """As by a cell of a notebook that runs twice: the newest ring counts."""
    connection = duckdb.connect()
    audit.register_duckdb(connection, audit.Ring.of(ring().keys[1].key))
    audit.register_duckdb(connection, ring())
    row = next(row for row in record(20) if judged(row, ring())[0] == "authentic")
    query = "SELECT kess_verdict(?::BLOB, ?)"
    (found,) = connection.execute(query, [row.body, row.at]).fetchone() or (None,)
    assert found == dict(
        zip(("verdict", "status", "key"), judged(row, ring()), strict=True)
    )


def test_types(connection: Any) -> None:
    """Texts, constants, times of another session and none; no rows at all."""
    body = private("kess-2025").signed_body({"a": 1}).decode()
    connection.execute("SET TimeZone = 'Asia/Phnom_Penh'")
    for time, verdict in (
        ("TIMESTAMP '2026-09-17 00:04:59'", "authentic"),
        ("TIMESTAMP '2026-09-17 00:05:00'", "outside_window"),
        ("TIMESTAMPTZ '2026-09-17 07:05:00+07'", "outside_window"),
        ("NULL::TIMESTAMP", "authentic"),
    ):
        for text in ("body", f"'{body}'"):
            query = f"SELECT kess_verdict({text}, {time}).verdict FROM b"  # noqa: S608 - ours
            connection.register("b", pa.table({"body": [body, body]}))
            assert connection.sql(query).fetchall() == [(verdict,)] * 2
    query = "SELECT kess_verdict(body).verdict FROM b"
    assert connection.sql(query).fetchall() == [("authentic",)] * 2
    assert connection.sql(f"{query} WHERE body = 'x'").fetchall() == []


def test_parquet(connection: Any, tmp_path: Path) -> None:
    """The functions work on files, in several threads."""
    path = str(tmp_path / "t.parquet")
    connection.sql("SELECT * FROM traffic").write_parquet(path)
    connection.execute("SET threads = 2")
    query = (
        "SELECT count(*) FROM read_parquet(?)"
        " WHERE kess_verdict(body, seen).verdict = 'authentic'"
    )
    expected = sum(judged(row, ring())[0] == "authentic" for row in record(600))
    assert connection.execute(query, [path]).fetchall() == [(expected,)]


def test_short() -> None:
    """An adapter hands columns over, and does nothing that the kernel can do."""
    folder = Path(audit.__file__).parent / "engines"
    for path in folder.glob("*.py"):
        text = path.read_text()
        documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
        explained = [
            part.body[0]
            for part in ast.walk(ast.parse(text))
            if isinstance(part, documented) and ast.get_docstring(part)
        ]
        lines = sum((one.end_lineno or 0) - one.lineno + 1 for one in explained)
        assert text.count("\n") - lines <= LINES
