"""Checks of the money in Spark: the findings of the command, on a real engine."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq
import pytest

from kesspay import audit
from kesspay.audit.money.checks import facts_of
from kesspay.audit.money.statement import Statement
from tests.support.money import (
    FAULTS,
    TIME,
    Traffic,
    audited,
    write,
    write_journal,
)
from tests.support.recording import ring


if TYPE_CHECKING:
    from collections.abc import Callable

STATEMENT = """\
out_trade_no,amount,receiver_id,day
T-00-A,10.50,012,2026-09-10
T-00-B,11,099,2026-09-10
T-00-C,,012,2026-09-11
T-01-A,12345678.90,012,
T-01-A,12345678.90,012,
T-\u17e1,1.00,012,1969-12-31
"""
PAYMENTS = [("T-00", 1, "paid"), ("T-01", 2, "unknown"), ("T-x", 12, "paid")]


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Audit a recording with every fault; return the findings of the command."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for number, (plant, _) in enumerate(FAULTS.values()):
        traffic = Traffic(f"{number:02}-")
        plant(traffic)
        rows += traffic.rows
    odd = Traffic('odd \u17e1\U0001f600"\\/-')
    for name in ("00-1", "01-1", "01-2"):
        odd.mark = ""
        odd.transfer(name)
    # Values where a text is expected, and members of other objects.
    odd.query("A", out_trade_no=7, fund_transfer_id=1234567.5, receiver_id=None)
    odd.query(
        "A", out_trade_no=7, fund_transfer_id=1e22, currency='\u20ac,"amount":1.5'
    )
    more: dict[str, Any] = {"Amount": 5, "amount ": 1e30, "x": {"amount": 1234567.25}}
    odd.query("B", **more)
    odd.query("C", amount=None, fund_transfer_id=True)
    odd.record(None, {"data": {"amount": 12345678.9}})
    # Before 1970, and a request of its own in a second file.
    odd.rows.append((TIME.replace(year=1969), *odd.rows[-2][1:]))
    half = len(rows) // 2
    write(rows[:half], "a.parquet")
    Path("s.csv").write_text(STATEMENT, encoding="utf-8")
    write_journal(PAYMENTS)
    audited(
        [*rows[half:], *odd.rows],
        paths=["a.parquet", "t.parquet", "j.db"],
        statement=Path("s.csv"),
    )
    found: list[dict[str, Any]] = pq.read_table(
        "out/money-findings.parquet"
    ).to_pylist()
    return found


def here(name: str) -> str:
    """Return a path for Java, which began in another folder."""
    return str(Path(name).absolute())


def in_order(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return findings as tuples, sorted."""
    return sorted((tuple(row.values()) for row in rows), key=repr)


class Frame:
    """A DataFrame that DuckDB has; what is asked of it is SQL of both engines."""

    def __init__(self, engine: Any, query: str) -> None:  # noqa: ANN401 - of duckdb
        """Have the rows of a query."""
        self.engine, self.query = engine, query
        self.sparkSession = self
        self.columns = engine.sql(query).columns
        self.asked = ""

    def sql(self, query: str, **frames: Frame) -> Frame:
        """Return what a query returns over frames."""
        self.asked = query
        named = {name: f"({frame.query})" for name, frame in frames.items()}
        return Frame(self.engine, query.format(**named))

    def collect(self) -> list[tuple[Any, ...]]:
        """Return the rows."""
        return list(self.engine.sql(self.query).fetchall())

    def selectExpr(self, *columns: str) -> Frame:  # noqa: N802 - of pyspark
        """Return other columns."""
        query = f"SELECT {', '.join(columns)} FROM ({self.query})"  # noqa: S608 - of a test
        return Frame(self.engine, query)

    def unionAll(self, other: Frame) -> Frame:  # noqa: N802 - of pyspark
        """Return the rows of both."""
        return Frame(self.engine, f"({self.query}) UNION ALL ({other.query})")


@pytest.mark.thorough
def test_the_adapter(recorded: list[dict[str, Any]]) -> None:
    """What Spark is asked for: each check that can run, with its severity and title."""
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.read_parquet("out/part-*.parquet").create_view("parts")
        engine.register("statement", Statement.load(Path("s.csv")).table)
        engine.execute(
            "CREATE TABLE journal (payment_id TEXT, attempt INT, state TEXT)"
        )
        engine.executemany("INSERT INTO journal VALUES (?, ?, ?)", PAYMENTS)
        facts = Frame(engine, facts_of("duckdb"))
        statement = Frame(engine, "FROM statement")
        journal = Frame(
            engine,
            "SELECT *, row_number() OVER () - 1 AS place, TRUE AS covered FROM journal",
        )
        found, checks = audit.spark_money(facts, statement=statement, journal=journal)
        assert found.columns == list(recorded[0])
        assert sorted(found.collect(), key=repr) == in_order(recorded)
        assert not [one.skipped for one in checks if one.skipped]
        without = Frame(engine, "SELECT place, out_trade_no, amount FROM statement")
        _, checks = audit.spark_money(facts, statement=without)
        skipped = {one.name for one in checks if one.skipped}
        assert {"statement_days", "statement_receiver", "journal_paid"} < skipped
        assert "statement_amount" not in skipped
        # Only Spark can run the other one, which has braces of its own.
        facts.query = "SELECT 1 AS one"
        with pytest.raises(duckdb.Error):
            audit.spark_facts(facts)
        assert "FROM {parts} WHERE canonical IS NOT NULL" in facts.asked
        assert "[0-9]{{1,13}}" in facts.asked


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")
def test_same_findings(
    recorded: list[dict[str, Any]],
    spark: Any,  # noqa: ANN401 - of pyspark
    request: pytest.FixtureRequest,
) -> None:
    """Spark finds what the command finds: check, reference, detail, file and row."""
    parts = spark.read.parquet(here("out/part-*.parquet"))
    journal = spark.createDataFrame(
        [(place, *row, True) for place, row in enumerate(PAYMENTS)],
        "place long, payment_id string, attempt int, state string, covered boolean",
    )
    statement = spark.createDataFrame(Statement.load(Path("s.csv")).table)
    # The other test has compiled stages, and plans that change while they run.
    for name in ("spark.sql.codegen.wholeStage", "spark.sql.adaptive.enabled"):
        spark.conf.set(name, "false")
        request.addfinalizer(partial(spark.conf.unset, name))
    audit.spark_facts(parts).write.parquet(here("facts"))
    facts = spark.read.parquet(here("facts"))
    found, checks = audit.spark_money(facts, statement=statement, journal=journal)
    assert found.columns == list(recorded[0])
    seen = [row.asDict() for row in found.collect()]
    assert in_order(seen) == in_order(recorded)
    assert {one.name for one in checks} == {row["check"] for row in seen}
    assert not [one.skipped for one in checks if one.skipped]


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")
def test_without_the_command(
    recorded: list[dict[str, Any]],
    spark: Any,  # noqa: ANN401 - of pyspark
) -> None:
    """Spark alone: verdicts with what was signed, and the money of those."""
    sent: Callable[[str], Any] = spark.read.parquet
    frames = [
        sent(here(name)).selectExpr(
            "*",
            f"'{name}' AS source",
            "monotonically_increasing_id() AS row",
            "at AS seen_at",
        )
        for name in ("a.parquet", "t.parquet")
    ]
    made = audit.spark_verdicts(
        frames[0].unionAll(frames[1]),
        ring(),
        body="body",
        time="at",
        keep=["source", "row", "seen_at"],
        money=True,
        request="sent",
    )
    made.write.parquet(here("parts"))
    audit.spark_facts(spark.read.parquet(here("parts"))).write.parquet(here("facts"))
    facts = spark.read.parquet(here("facts"))
    found, checks = audit.spark_money(facts)
    seen = [row.asDict() for row in found.collect()]
    beside = ("journal", "statement")
    skipped = {one.name for one in checks if one.skipped}
    assert skipped == {one.name for one in checks if one.name.startswith(beside)}
    alone = [row for row in recorded if row["check"] not in skipped]
    assert in_order(seen) == in_order(alone)
    # Without times, and without requests.
    bare = facts.drop("seen_us", "request").selectExpr(
        "*", "CAST(NULL AS LONG) AS seen_us", "CAST(NULL AS STRING) AS request"
    )
    _, checks = audit.spark_money(bare)
    missing = {one.name for one in checks if one.skipped}
    assert {"first_used", "twice", "other_transfer", "late_success"} <= missing
