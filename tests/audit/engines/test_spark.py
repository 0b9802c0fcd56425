"""Spark: the same table as ``verify_document`` one by one, on a real engine."""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import kesspay
from kesspay import audit
from tests.support.recording import Row, judged, private, record, ring


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def batch(rows: list[Row]) -> Any:  # noqa: ANN401 - of pyarrow
    """Return a recording."""
    return pa.record_batch(
        {
            "id": pa.array([row.number for row in rows], pa.int32()),
            "text": pa.array([row.body for row in rows], pa.binary()),
            "seen": pa.array([row.at for row in rows], pa.timestamp("us", "UTC")),
        }
    )


class Frame:
    """What an adapter sees of a DataFrame."""

    def __init__(self) -> None:
        """Have three columns."""
        kinds = {"id": "int", "text": "binary", "seen": "timestamp", "other": "int"}
        self.schema = SimpleNamespace(
            fields=[
                SimpleNamespace(
                    name=name, dataType=SimpleNamespace(simpleString=lambda k=kind: k)
                )
                for name, kind in kinds.items()
            ]
        )
        self.selected: tuple[str, ...] = ()

    def select(self, *names: str) -> Frame:
        """Keep the names."""
        self.selected = names
        return self

    def mapInArrow(  # noqa: N802 - of pyspark
        self, function: Callable[..., Iterator[Any]], schema: str
    ) -> tuple[Any, str]:
        """Return what Spark would run."""
        return function, schema


def test_the_adapter() -> None:
    """What runs on an executor: exact types, and the columns to keep."""
    rows = record(200)
    frame = Frame()
    function, schema = audit.spark_verdicts(
        frame, ring(), body="text", time="seen", keep=["id", "text"]
    )
    assert frame.selected == ("id", "text", "seen")
    assert schema == (
        "`id` int, `text` binary, verdict string, status smallint, `key` string"
    )
    (found,) = function(iter([batch(rows)]))
    assert found.schema.field("status").type == pa.int16()
    seen = [tuple(row.values()) for row in found.to_pylist()]
    assert seen == [(row.number, row.body, *judged(row, ring())) for row in rows]
    function, schema = audit.spark_verdicts(frame, ring(), body="text")
    assert schema == "verdict string, status smallint, `key` string"
    (found,) = function(iter([batch(rows)]))
    assert "outside_window" not in found["verdict"].to_pylist()


def test_what_was_signed() -> None:
    """For the checks of the money: canonical bytes, of what verified alone."""
    rows = record(200)
    sent = private("us").signed_body({"service": "query"})
    requests = pa.array([None, sent] * 100, pa.binary())
    given = batch(rows).append_column("sent", requests)
    function, schema = audit.spark_verdicts(
        Frame(), ring(), body="text", money=True, request="sent"
    )
    assert schema.endswith("`key` string, canonical binary, request_canonical binary")
    (found,) = function(iter([given]))
    keys = found["key"].is_valid().to_pylist()
    assert [one is not None for one in found["canonical"].to_pylist()] == keys
    assert (
        found["request_canonical"].to_pylist()
        == [
            None,
            kesspay.canonicalize(sent),
        ]
        * 100
    )
    function, _ = audit.spark_verdicts(Frame(), ring(), body="text", money=True)
    (found,) = function(iter([batch(rows)]))
    assert found["request_canonical"].null_count == 200
    assert found.schema.field("request_canonical").type == pa.binary()


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")
def test_same_table(spark: Any, tmp_path: Any) -> None:  # noqa: ANN401 - of pyspark
    """Verdict, status and key of every row, written and read again."""
    import pyarrow.parquet as pq

    rows = record(2000)
    source, target = str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet")
    pq.write_table(pa.table(batch(rows)), source, row_group_size=200)
    frame = spark.read.parquet(source).repartition(4)
    made = audit.spark_verdicts(frame, ring(), body="text", time="seen", keep=["id"])
    made.write.parquet(target)
    found = sorted(tuple(row) for row in spark.read.parquet(target).collect())
    assert found == [(row.number, *judged(row, ring())) for row in rows]
    texts = frame.selectExpr("cast(text AS string) AS t").filter("t LIKE '%SUCCESS%'")
    without = audit.spark_verdicts(texts, ring(), body="t")
    assert dict(without.dtypes)["status"] == "smallint"
    assert without.filter("verdict = 'authentic'").count() > 500


def test_the_kernel_is_what_travels() -> None:
    """The function that Spark sends holds a kernel, which refuses another version."""
    function, _ = audit.spark_verdicts(Frame(), ring(), body="text")
    (kernel,) = (
        cell.cell_contents
        for cell in function.__closure__ or ()
        if isinstance(cell.cell_contents, audit.Kernel)
    )
    assert pickle.loads(pickle.dumps(kernel)).ring == ring()  # noqa: S301 - just made
