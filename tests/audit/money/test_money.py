"""Checks of the money: each planted fault is found, and nothing else."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from datetime import timedelta
from decimal import localcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import duckdb
import pyarrow.parquet as pq
import pytest

from kesspay.audit.money import money, shares, store
from kesspay.audit.money.money import Money
from kesspay.audit.outputs import writing
from kesspay.audit.parts import PartFile
from kesspay.audit.runner import Target, run
from kesspay.errors import InputError, JournalUnavailable
from kesspay.transfers import reader
from tests.support.money import FAULTS, Traffic, audited, write, write_journal
from tests.support.recording import ring


if TYPE_CHECKING:
    from kesspay.audit.runner import Result


def found(result: Result) -> dict[str, int]:
    """Return the findings by check."""
    assert result.money is not None
    return {one.name: one.count for one in result.money.checks if one.count}


@pytest.fixture
def traffic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Traffic:
    """Return traffic without a fault."""
    monkeypatch.chdir(tmp_path)
    return Traffic()


def test_nothing_is_found_in_good_traffic(traffic: Traffic) -> None:
    """Without a fault there is no finding; what did not run says why."""
    result = audited(traffic.rows)
    assert result.money is not None
    assert (found(result), result.money.findings, result.money.facts) == ({}, 0, 9)
    skipped = {one.name: one.skipped for one in result.money.checks if one.skipped}
    assert set(skipped) == {
        *("journal_paid", "journal_paid_twice", "journal_unpaid"),
        *("statement_amount", "statement_days", "statement_missing_here"),
        *("statement_missing_there", "statement_receiver", "statement_twice"),
    }
    assert skipped["journal_paid"] == (
        "no input is a journal of transfers, and no --journal was given"
    )
    assert Money.of(result.money.described()) == result.money
    assert "money-findings.parquet" in Path("out/SHA256SUMS").read_text()
    target = Target(Path("out"), resume=True)
    words: dict[str, Any] = {"time": "at", "request": "sent", "explain_budget": 0}
    again = run(["t.parquet"], ring(), out=target, money=True, **words)
    assert again.money == result.money
    # Without times and requests fewer checks run.
    alone = audited(traffic.rows, time="", request="", out="alone")
    assert alone.money is not None
    missing = {one.name for one in alone.money.checks if one.skipped}
    assert {"first_used", "twice", "other_transfer", "late_success"} <= missing


@pytest.mark.parametrize("sample", range(3))
def test_each_fault_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: int
) -> None:
    """Every fault that is planted is found, and nothing else."""
    monkeypatch.chdir(tmp_path)
    rows, wanted = [], set[tuple[str, str]]()
    for number, (name, (plant, checks)) in enumerate(FAULTS.items()):
        if number % 3 == sample:
            traffic = Traffic(mark := f"{number:02}-")
            plant(traffic)
            rows += traffic.rows
            wanted |= {(check, mark) for check in checks}
            assert name
    audited(rows)
    findings = pq.read_table("out/money-findings.parquet").to_pylist()
    assert {(one["check"], one["reference"][2:5]) for one in findings} == wanted
    assert len(findings) == len(wanted)


def test_a_finding_names_a_record(traffic: Traffic) -> None:
    """File and row of a finding are those of one record: the first that is wrong."""
    write(traffic.rows, "b.parquet")
    write(traffic.rows[:3], "a.parquet")
    traffic.rows = traffic.rows[-1:]
    traffic.query("C", "EXPIRED")
    traffic.query("A", "NOTEXIST")
    traffic.query("A", "NOTEXIST")
    write(traffic.rows[1:3], "d.parquet")
    write(traffic.rows[3:], "c.parquet")
    audited(traffic.rows, paths=[f"{name}.parquet" for name in "abcd"])
    rows = pq.read_table("out/money-findings.parquet").to_pylist()
    places = {
        (one["check"], one["reference"]): (one["source"], one["row"]) for one in rows
    }
    assert places["gone_after_paid", "T-A"] == ("d.parquet", 1)
    assert places["gone_after_paid", "T-C"] == ("d.parquet", 0)
    # The three records of a.parquet are in b.parquet, too.
    assert {one["source"] for one in rows if one["check"] == "twice"} == {"a.parquet"}
    assert {one["row"] for one in rows if one["check"] == "twice"} == {0, 1, 2}


def test_only_what_verified_is_a_fact(traffic: Traffic) -> None:
    """A body that did not verify feeds no check; what it claims is reported."""
    last = traffic.rows[-1]
    for body in (
        last[2].replace(b"10.5", b"99.25").replace(b"F-C", b"F-X"),
        b'{"data":{"amount":"1.00"}}',
        b'{"data":{"amount":"x"}}',
        b'{"data":[]}',
        b"{",
    ):
        traffic.rows.append((last[0] + timedelta(1), None, body))
    # The key of this one is outside of its window.
    late = last[0] + timedelta(days=30)
    traffic.rows.append((late, None, last[2]))
    with localcontext() as context:
        # The caller's: a sum of money is not rounded.
        context.prec = 2
        result = audited(traffic.rows)
    assert found(result) == {}
    assert result.money is not None
    assert (result.money.unverified, result.money.claimed) == (5, "100.25")
    assert result.money.facts == 10


def test_a_changed_body_is_no_fact(traffic: Traffic) -> None:
    """A second credit that was written into an answer later is no finding."""
    moment, _, body = traffic.rows[-1]
    changed = body.replace(b"F-C", b"F-X")
    traffic.rows.append((moment + timedelta(1), None, changed))
    result = audited(traffic.rows)
    assert found(result) == {}
    assert result.money is not None
    assert (result.money.facts, result.money.unverified) == (9, 1)


@pytest.mark.thorough
def test_statement(traffic: Traffic) -> None:
    """Transfers, amounts, receivers and the totals of days are compared."""
    Path("s.csv").write_text(
        "Ref,Sum,Who,When\nT-A,10.50,012,2026-09-10\nT-B,11,099,2026-09-10\nT-X,,012,\n"
    )
    Path("s.toml").write_text(
        'out_trade_no = "Ref"\namount = "Sum"\nreceiver_id = "Who"\nday = "When"\n'
    )
    result = audited(traffic.rows, statement=Path("s.csv"))
    assert found(result) == {
        "statement_amount": 1,
        "statement_days": 1,
        "statement_missing_here": 1,
        "statement_missing_there": 1,
        "statement_receiver": 1,
    }
    rows = pq.read_table("out/money-findings.parquet").to_pylist()
    places = {one["check"]: (one["source"], one["row"]) for one in rows}
    # The line of the file.
    assert places["statement_missing_here"] == ("statement", 4)
    assert places["statement_days"] == ("statement", 2)
    Path("t.csv").write_text("out_trade_no,amount\nT-A,10.5\nT-B,10.5\nT-C,10.5\n")
    result = audited(traffic.rows, statement=Path("t.csv"), out="again")
    assert found(result) == {}
    Path("t.csv").write_text(
        "out_trade_no,amount\nT-A,10.5\nT-B,10.5\nT-C,10.5\nT-C,10.5\n"
    )
    result = audited(traffic.rows, statement=Path("t.csv"), out="twice")
    assert found(result) == {"statement_twice": 1}
    Path("empty.csv").write_text("out_trade_no,amount\n")
    result = audited(traffic.rows, statement=Path("empty.csv"), out="third")
    assert found(result) == {"statement_missing_there": 3}


def test_journal(traffic: Traffic) -> None:
    """What a journal says of the money is compared with the records."""
    write_journal([("T-p", 1, "paid"), ("T-q", 2, "unknown"), ("T-x", 1, "paid")])
    for name in ("p-1", "q-2"):
        traffic.transfer(name)
    result = audited(traffic.rows, paths=["t.parquet", "j.db"])
    assert found(result) == {"journal_paid": 1, "journal_unpaid": 1}
    # The attempt before was credited, too.
    traffic.transfer("p-2")
    traffic.transfer("q-01")
    result = audited(traffic.rows, paths=["t.parquet", "j.db"], out="more")
    assert found(result) == {
        "journal_paid": 1,
        "journal_unpaid": 1,
        "journal_paid_twice": 1,
    }
    with sqlite3.connect("j.db") as journal:
        journal.execute("DELETE FROM payments")
    journal.close()
    result = audited(traffic.rows, paths=["t.parquet", "j.db"], out="again")
    assert found(result) == {}


@pytest.mark.thorough
def test_the_disk_is_full(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    """What DuckDB cannot write is a problem of the run; --resume does the rest."""
    words = {"No space left on device": "the disk is full", "x": "cannot be written"}
    for number, (said, why) in enumerate(words.items()):

        def full(_: str, said: str = said) -> str:
            raise duckdb.IOException(said)

        with monkeypatch.context() as patch:
            patch.setattr(store, "findings", full)
            result = audited(traffic.rows, out=f"out{number}")
        assert why in result.problems[0].why
        assert not result.complete
        # What a run leaves that is killed here.
        Path(f"out{number}/.money").mkdir()
        Path(f"out{number}/.money/facts.duckdb").write_bytes(b"torn")
        target = Target(Path(f"out{number}"), resume=True)
        given: dict[str, Any] = {"time": "at", "request": "sent", "explain_budget": 0}
        again = run(["t.parquet"], ring(), out=target, money=True, **given)
        assert again.complete
        assert not Path(f"out{number}/.money").exists()


@pytest.mark.parametrize("rows", [shares.ROWS, 2])
def test_the_spool_cannot_be_read(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """The file is named, whether DuckDB reads it or it is shared out again."""
    monkeypatch.setattr(shares, "ROWS", rows)

    def broken(_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.ipc.read_message", broken)
        result = audited(traffic.rows)
    (problem,) = result.problems
    assert problem.source == "out/.money/pre_transfer-facts.arrows"
    assert "read again (Input/output error)" in problem.why
    assert problem.is_output


def test_the_findings_cannot_be_written(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is named, and the run continues where there is room."""
    original = PartFile.close

    def close(self: PartFile) -> None:
        if self._path.name != "money-findings.parquet":
            original(self)
            return
        with writing(self._path):
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(PartFile, "close", close)
        result = audited(traffic.rows)
    (problem,) = result.problems
    assert problem.source == "out/money-findings.parquet"
    assert "the disk is full. What is finished stays: free space" in problem.why
    assert result.digest == ""


def test_a_journal_beside(
    traffic: Traffic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment counts as missing only where the recording has its time."""
    traffic.transfer("1-1")
    first, last = (traffic.rows[at][0].timestamp() for at in (0, -1))
    with sqlite3.connect("j.db") as journal:
        journal.execute(
            "CREATE TABLE payments (payment_id, attempt, state, begun_at, changed_at)"
        )
        rows = [
            ("T-1", 1, "paid", first, last),
            ("T-2", 1, "paid", first, last),
            ("T-3", 1, "paid", first - 0.001, last),
            ("T-4", 1, "paid", first, last + 0.001),
        ]
        journal.executemany("INSERT INTO payments VALUES (?, ?, ?, ?, ?)", rows)
    journal.close()
    monkeypatch.setattr(reader, "_PAGE", 3)
    result = audited(traffic.rows, journal="j.db")
    assert found(result) == {"journal_paid": 1}
    rows = pq.read_table("out/money-findings.parquet").to_pylist()
    (one,) = (row for row in rows if row["check"] == "journal_paid")
    assert (one["reference"], one["source"], one["row"]) == ("T-2-1", "journal", 1)
    # Without times every payment counts.
    result = audited(traffic.rows, journal="j.db", time="", out="all")
    assert found(result) == {"journal_paid": 3}
    with pytest.raises(InputError, match="there is no journal at"):
        audited(traffic.rows, journal=str(tmp_path / "x.db"), out="none")
    assert not (tmp_path / "none/causes.parquet").exists()


def test_a_journal_that_goes_away(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is judged stays, and --resume does the checks when it is back."""
    with sqlite3.connect("j.db") as journal:
        journal.execute(
            "CREATE TABLE payments (payment_id, attempt, state, begun_at, changed_at)"
        )
    journal.close()

    def away(_: str) -> NoReturn:
        raise JournalUnavailable("PostgreSQL cannot be reached; nothing was written.")

    with monkeypatch.context() as patch:
        patch.setattr(money, "read_payments", away)
        result = audited(traffic.rows, journal="j.db")
    assert (result.money, result.digest, result.complete) == (None, "", False)
    (problem,) = result.problems
    assert problem.source == "the journal"
    assert problem.why.startswith("PostgreSQL cannot be reached; nothing was written.")
    assert "give --resume" in problem.why
    target = Target(Path("out"), resume=True, journal="j.db")
    words: dict[str, Any] = {"time": "at", "request": "sent", "explain_budget": 0}
    again = run(["t.parquet"], ring(), out=target, money=True, **words)
    assert again.complete
    assert again.money is not None
    assert not [
        one for one in again.money.checks if one.skipped and "journal" in one.name
    ]


def test_many_findings(traffic: Traffic, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come in batches, in one order, and the first is the example."""
    monkeypatch.setattr(money, "_ROWS", 2)
    Path("s.csv").write_text("out_trade_no,amount\n")
    result = audited(traffic.rows, statement=Path("s.csv"))
    assert found(result) == {"statement_missing_there": 3}
    rows = pq.read_table("out/money-findings.parquet").to_pylist()
    assert [row["reference"] for row in rows] == ["T-A", "T-B", "T-C"]
    assert result.money is not None
    assert [one.example for one in result.money.checks if one.count] == [
        "T-A: SUCCESS here"
    ]


#: Checks the money of some transfers, in some threads; prints the peak of the memory.
MEMORY = """
import pathlib, re, sys, types
import duckdb
from kesspay.audit.memory import frugal
with frugal():  # as the command does
    from kesspay.audit.money.money import check_money
count, step = int(sys.argv[1]), 40_000
folder = pathlib.Path("parts")
folder.mkdir()
for first in range(0, count, step):
    with duckdb.connect() as engine:
        engine.execute("SET threads = 1")
        engine.execute("SET enable_progress_bar = false")
        engine.execute('''COPY (
            SELECT 'traffic/2026-09.parquet' AS source, 3 * n + k AS "row",
                TIMESTAMPTZ '2026-09-10 00:00:00+00' + INTERVAL (n) SECOND AS seen_at,
                encode('{"code":200,"data":{"amount":17.45,"currency":"USD",'
                    || CASE k WHEN 0 THEN '"expire_in":300,'
                        ELSE '"fund_transfer_id":"fund-transfer-' || n || '",' END
                    || '"out_trade_no":"the-order-' || n || '","pre_transfer_id":'
                    || '"pre-transfer-' || n || '","receiver_id":"012"'
                    || CASE k WHEN 0 THEN '' ELSE ',"result_code":"SUCCESS"' END
                    || '},"success":true}') AS canonical,
                NULL::BLOB AS request_canonical
            FROM range(FIRST, LAST) AS a(n),
                range(3) AS b(k)
        ) TO 'parts/part-FIRST.parquet' (ROW_GROUP_SIZE 12288)'''
            .replace("FIRST", str(first))
            .replace("LAST", str(min(first + step, count))))
pathlib.Path("/proc/self/clear_refs").write_text("5")
failing = types.SimpleNamespace(
    folder=types.SimpleNamespace(path=folder), batches=lambda: iter(())
)
names = sorted(path.name for path in folder.iterdir())
found = check_money(failing, names, threads=int(sys.argv[2]))
status = pathlib.Path("/proc/self/status").read_text()
print(found.facts, found.findings, re.search("VmHWM:[^0-9]*([0-9]+)", status)[1])
"""


@pytest.mark.thorough
@pytest.mark.minutes
@pytest.mark.parametrize(
    "threads", [1, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (2, 4))]
)
def test_memory(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    threads: int,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """The checks keep within 200 MB, 40 a thread, and so do ten times as many."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("peak memory is read from /proc")
    monkeypatch.chdir(tmp_path)
    count = 500_000 if whole else 50_000
    command = [sys.executable, "-W", "ignore", "-c", MEMORY, str(count), str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    facts, findings, peak = map(int, done.stdout.split())
    assert (facts, findings) == (3 * count, 0)
    # DuckDB 1.4 needs more for the same.
    more = 50 if duckdb.__version__.startswith("1.") else 0
    assert peak / 1000 <= 200 + 40 * threads + more
