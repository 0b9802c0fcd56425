"""The checks read few transfers, and find what they find in all of them."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kesspay.audit.money import money
from kesspay.audit.money.checks import (
    BESIDE,
    STEPS,
    all_checks,
    facts_of,
    findings,
    head_of,
    step,
)
from kesspay.audit.money.statement import Statement
from tests.audit.money.test_store import PARTS
from tests.support.money import TIME, write_journal


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CREATE = "create.unified.fundTransfer"
CONFIRM = "confirm.fundTransfer"
QUERY = "query.fundTransfer"
CODES = ["NOTEXIST", "EXPIRED", "USED", "VALIDATIONERROR", "SYSTEMERROR"]


def transfer(number: int) -> list[dict[str, Any]]:
    """Return the records of a transfer without a fault."""
    named = {
        "out_trade_no": f"pay-{number}-1",
        "receiver_id": f"0{number % 9}",
        "amount": 10.5,
        "currency": "USD",
    }
    pre = {"pre_transfer_id": f"P-{number}"}
    paid = {"result_code": "SUCCESS", "fund_transfer_id": f"F-{number}"}
    asked = {"service": CONFIRM, **pre, "partner_transaction_id": f"D-{number}"}
    query = {"service": QUERY, "out_trade_no": named["out_trade_no"]}
    return [
        {"at": 0, "said": {**named, **pre, "expire_in": 300}, "asked": named},
        {"at": 60, "said": {**named, **pre, **paid}, "asked": asked},
        {"at": 120, "said": {**named, **paid}, "asked": query},
    ]


def _refused(rng: random.Random, rows: list[dict[str, Any]]) -> None:
    rng.choice(rows)["said"] = rng.choice(CODES)


def _said(rng: random.Random, rows: list[dict[str, Any]]) -> None:
    _change(rng, rng.choice(rows)["said"])


def _asked(rng: random.Random, rows: list[dict[str, Any]]) -> None:
    _change(rng, rng.choice(rows)["asked"])


def _change(rng: random.Random, values: Any) -> None:  # noqa: ANN401 - an answer or a request
    if isinstance(values, dict) and values:
        name = rng.choice([*values])
        other = f"{str(values[name])[:-1]}{rng.randrange(9)}"
        more = [11, 10.555, True] if name == "amount" else [other, other, 7]
        values[name] = rng.choice([None, *more])


def _silent(rng: random.Random, rows: list[dict[str, Any]]) -> None:
    rng.choice(rows)["asked"] = None


def _gone(rng: random.Random, rows: list[dict[str, Any]]) -> None:
    rows.pop(rng.randrange(len(rows)))


def _again(rng: random.Random, rows: list[dict[str, Any]]) -> None:
    rows.append(dict(rng.choice(rows)))


def _moved(rng: random.Random, rows: list[dict[str, Any]]) -> None:
    rng.choice(rows)["at"] = rng.choice([None, 0, 60, 90, 120, 150, 400])


def _open(_: random.Random, rows: list[dict[str, Any]]) -> None:
    rows[1:] = [{**row, "said": "SYSTEMERROR"} for row in rows[1:2]]


def _refused_first(rng: random.Random, rows: list[dict[str, Any]]) -> None:
    """Let a confirm be refused before the one that succeeds."""
    rows += [
        {**row, "at": rng.choice([None, 30, 90]), "said": rng.choice(CODES)}
        for row in rows[1:2]
    ]


def _next_attempt(_: random.Random, rows: list[dict[str, Any]]) -> None:
    """Let a payment succeed under the name of its second attempt."""
    for row in rows[1:]:
        if isinstance(row["said"], dict):
            name = f"{str(row['said'].get('out_trade_no'))[:-1]}2"
            row["said"] = {**row["said"], "out_trade_no": name}
            row["said"].pop("pre_transfer_id", None)
        row["asked"] = None


FAULTS: list[Callable[[random.Random, list[dict[str, Any]]], None]] = [
    *(_refused, _said, _said, _said, _asked, _silent, _gone, _again, _moved),
    *(_open, _refused_first, _next_attempt),
]


def write(rng: random.Random, count: int) -> Statement:
    """Write a recording, a statement and a journal into this folder."""
    lines, payments = ["out_trade_no,amount,receiver_id,day"], []
    records = []
    for number in range(count):
        rows = transfer(number)
        for fault in rng.choices(FAULTS, k=rng.choice([0, 0, 0, 1, 1, 2, 3])):
            if rows:
                fault(rng, rows)
        records += rows
        amount = rng.choice(["10.50"] * 19 + ["", "11"])
        line = f"pay-{number}-1,{amount},0{number % 9},2026-09-10"
        lines += [line] * rng.choice([1] * 18 + [0, 2])
        state = rng.choice(["paid"] * 15 + ["unknown"])
        attempt = rng.choice([1] * 20 + [2, 1000])
        if rng.random() < 0.9:
            payments.append((f"pay-{number}", attempt, state))
    table = []
    for number, row in enumerate(records):
        said, asked = row["said"], row["asked"]
        answer = {"success": True, "data": said}
        if isinstance(said, str):
            answer = {"success": False, "error_code": said}
        request = json.dumps(asked).encode() if asked else None
        at = row["at"]
        moment = None if at is None else TIME + timedelta(seconds=at)
        table.append(("a.log", number, moment, json.dumps(answer).encode(), request))
    columns = zip(*table, strict=True)
    arrays = list(map(pa.array, columns, PARTS.types))
    pq.write_table(pa.table(arrays, schema=PARTS), "part-0.parquet")
    Path("s.csv").write_text("\n".join(lines))
    Path("j.db").unlink(missing_ok=True)
    write_journal(payments)
    return Statement.load(Path("s.csv"))


def every(statement: Statement, *, has_journal: bool) -> set[tuple[str, ...]]:
    """Return what the checks find where each reads all transfers."""
    found = set[tuple[str, ...]]()
    payments = money._payments({"j.db": True}, None, None)
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.register("statement_rows", statement.table)
        engine.register("journal_rows", pa.Table.from_batches(payments))
        engine.execute(
            "CREATE VIEW parts AS FROM read_parquet('part-0.parquet');"
            f"CREATE TABLE facts AS {facts_of('duckdb')}"
        )
        for name, query in BESIDE.items():
            engine.execute(f"CREATE VIEW {name} AS {query}")
        for name in STEPS:
            engine.execute(f"CREATE VIEW {name} AS {step(name)}")
        for one in all_checks():
            if has_journal or "journal" not in one.needs:
                rows = engine.execute(findings(one.name)).fetchall()
                found |= {(one.name, *map(str, row)) for row in rows}
    return found


@pytest.mark.parametrize(
    ("seeds", "count"),
    [
        ((1, 2), 50),
        pytest.param(range(3, 41), 300, marks=pytest.mark.exhaustive),
    ],
    ids=["two", "many"],
)
def test_no_finding_is_lost(
    seeds: Sequence[int], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checks find in few transfers what they find in all of them."""
    monkeypatch.chdir(tmp_path)
    failing: Any = SimpleNamespace(
        folder=SimpleNamespace(path=tmp_path), batches=lambda: iter(())
    )
    names = set[str]()
    for seed in seeds:
        statement = write(random.Random(seed), count)
        journals = {"j.db": True} if seed % 2 else {}
        money.check_money(
            failing, ["part-0.parquet"], journals=journals, statement=statement
        )
        table = pq.read_table("money-findings.parquet")
        names |= {*table.column("check").to_pylist()}
        columns = ("check", "reference", "detail", "source", "row")
        rows = table.select(columns).to_pylist()
        few = {tuple(map(str, row.values())) for row in rows}
        assert few == every(statement, has_journal=bool(journals)), seed
    assert len(names) > 15
    if len(seeds) > 2:
        assert names == {one.name for one in all_checks()}


def test_every_check_has_a_doubt() -> None:
    """Only steps whose rows are those of all transfers read all of them."""
    names = [*(one.name for one in all_checks()), *(f"step_{name}" for name in STEPS)]
    without = {
        name for name in names if not head_of(name).doubts and head_of(name).by != "all"
    }
    assert without == {"step_paid_days", "step_stated_days"}
