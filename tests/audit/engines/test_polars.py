"""Polars: the same table as ``verify_document`` one by one."""

from __future__ import annotations

from typing import Any

import pytest

from kesspay import audit
from tests.support.recording import judged, record, ring


pl: Any = pytest.importorskip("polars")


@pytest.mark.few(1)
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("kind", ["Binary", "String"])
def test_same_table(engine: str, kind: str) -> None:
    """Verdict, status and key of every row, in memory and streaming."""
    rows = [row for row in record(600) if kind == "Binary" or row.fault != "not UTF-8"]
    bodies = [row.body for row in rows]
    frame = pl.DataFrame(
        {
            "text": pl.Series(bodies, dtype=pl.Binary).cast(getattr(pl, kind)),
            "seen": pl.Series([row.at for row in rows], dtype=pl.Datetime("us", "UTC")),
        }
    )
    verdict = audit.polars_verdict("text", time="seen", ring=ring())
    found = frame.lazy().with_columns(verdict.alias("v")).collect(engine=engine)
    assert [tuple(one.values()) for one in found["v"]] == [
        judged(row, ring()) for row in rows
    ]
    assert found["v"].struct.field("status").dtype == pl.Int16
    without = frame.select(audit.polars_verdict("text", ring=ring()))
    seen = {one["verdict"] for one in without["verdict"]}
    assert "outside_window" not in seen
    empty = frame.head(0).select(verdict)
    assert empty.height == 0
