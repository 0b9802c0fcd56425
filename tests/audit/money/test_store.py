"""The checks read one share of the records after another, and find the same."""

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

from kesspay.audit.money import shares, store
from kesspay.audit.money.checks import all_checks
from kesspay.audit.money.money import check_money
from kesspay.audit.money.statement import Statement
from kesspay.audit.money.store import Seen
from tests.support.money import TIME, write_journal


if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = pa.schema(
    [
        ("source", pa.string()),
        ("row", pa.int64()),
        ("seen_at", pa.timestamp("us", "UTC")),
        ("canonical", pa.large_binary()),
        ("request_canonical", pa.large_binary()),
    ]
)
#: Few, so that records meet: one that is no text, and one that is long.
TRADES = [
    *(f"pay-{n}-{k}" for n in range(8) for k in (1, 2)),
    "o",
    "o" * 90,
    7,
    "z",
    None,
]
PRES = [f"P-{n}" for n in range(75)]
CODES = ["NOTEXIST", "EXPIRED", "USED", "VALIDATIONERROR", "SYSTEMERROR"]
SERVICES = ["create.unified.fundTransfer", "confirm.fundTransfer", "query.fundTransfer"]


def test_an_error_of_duckdb_stays() -> None:
    """Where all rows were read, the error is not the disk's."""

    def execute(*_: object) -> None:
        raise duckdb.InternalException

    engine: Any = SimpleNamespace(execute=execute)
    share: Any = SimpleNamespace(names=["facts"], failure=None)
    with pytest.raises(duckdb.InternalException):
        store._hold(engine, share)


def answer(rng: random.Random) -> dict[str, Any]:
    """Return an answer about any transfer, which fits no other."""
    if rng.random() < 0.4:
        return {"success": False, "error_code": rng.choice(CODES)}
    data = {
        "out_trade_no": rng.choice(TRADES),
        "pre_transfer_id": rng.choice([None, *PRES]),
        "receiver_id": rng.choice(["012", "099"]),
        "currency": rng.choice(["USD", "KHR"]),
        "amount": rng.choice([10.5, 10.5, 10.55, 10.555]),
    }
    if rng.random() < 0.3:
        data["expire_in"] = 300
    else:
        data["result_code"] = rng.choice(["SUCCESS", "PENDING"])
        data["fund_transfer_id"] = f"F-{rng.randrange(9)}"
    return {"success": True, "data": data}


def request(rng: random.Random) -> dict[str, Any]:
    """Return any request."""
    return {
        "service": rng.choice(SERVICES),
        "out_trade_no": rng.choice(TRADES),
        "pre_transfer_id": rng.choice([None, *PRES]),
        "partner_transaction_id": f"D-{rng.randrange(9)}",
        "amount": rng.choice([10.5, 10.55]),
    }


def record(folder: Path, count: int) -> list[str]:
    """Write parts of records in which everything may be wrong; return their names."""
    rng = random.Random(count)
    rows = []
    for number in range(count):
        asked = json.dumps(request(rng)).encode() if rng.random() < 0.6 else None
        said = json.dumps(answer(rng)).encode() if rng.random() < 0.95 else None
        moment = TIME + timedelta(rng.randrange(2), rng.randrange(900))
        rows.append((f"{number % 3}.log", number, moment, said, asked))
        if rng.random() < 0.1:
            rows.append((f"{number % 3}.log", count + number, moment, said, asked))
    for number in range(2):
        columns = zip(*rows[number::2], strict=True)
        table = pa.table(list(map(pa.array, columns, PARTS.types)), schema=PARTS)
        pq.write_table(table, folder / f"part-{number}.parquet")
    return ["part-0.parquet", "part-1.parquet"]


def found(folder: Path, parts: Sequence[str], **words: Any) -> bytes:  # noqa: ANN401 - passed on
    """Check the money; return the bytes of the findings."""
    failing: Any = SimpleNamespace(
        folder=SimpleNamespace(path=folder), batches=lambda: iter(())
    )
    check_money(failing, parts, **words)
    assert not (folder / ".money").exists()
    return (folder / "money-findings.parquet").read_bytes()


def statement() -> Statement:
    """Write a statement into this folder; return it."""
    rng = random.Random(1)
    lines = ["out_trade_no,amount,receiver_id,day"]
    for trade in [*TRADES[:-3], "x", "y", "pay-1-1"]:
        day = rng.choice(["2026-09-10", "2026-09-11", "2026-09-15", ""])
        lines.append(f"{trade},{rng.choice(['10.50', '11', ''])},012,{day}")
    Path("s.csv").write_text("\n".join(lines))
    return Statement.load(Path("s.csv"))


@pytest.mark.exhaustive
def test_shares_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many shares, which are shared out again, give the bytes of one."""
    monkeypatch.chdir(tmp_path)
    parts = record(tmp_path, 241)
    payments = [("pay-1", 1, "paid"), ("pay-2", 2, "unknown"), ("pay-3", 2, "paid")]
    # No attempt has such a number: its transfer is in another share than its payment.
    write_journal([*payments, ("pay-4", 1000, "paid"), ("o", 2000, "unknown")])
    words = {"journals": {"j.db": True}, "statement": statement()}
    one = found(tmp_path, parts, **words)
    checks = pq.read_table(pa.BufferReader(one)).column("check").to_pylist()
    assert {*checks} == {check.name for check in all_checks()}
    monkeypatch.setattr(shares, "ROWS", 8)
    monkeypatch.setattr(shares, "_FAN", 7)
    monkeypatch.setattr(store, "BATCH", 48)
    for threads in (1, 3):
        assert found(tmp_path, parts, **words, threads=threads) == one


def test_no_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no record has a time there is no first one."""
    monkeypatch.chdir(tmp_path)
    seen = Seen()
    batch = {"request": pa.array(["x", None]), "seen_us": pa.nulls(2, pa.int64())}
    seen.add(pa.record_batch(batch))
    assert (seen.facts, seen.requests, seen.times) == (2, 1, 0)
    assert (seen.first, seen.last) == (None, None)
    batch["seen_us"] = pa.array([5, 7])
    seen.add(pa.record_batch(batch))
    batch["seen_us"] = pa.array([4, None])
    seen.add(pa.record_batch(batch))
    assert (seen.times, seen.first, seen.last) == (3, 4, 7)


def test_days_of_the_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day of the statement begins in the zone that its TOML file names."""
    monkeypatch.chdir(tmp_path)
    data = {"out_trade_no": "o", "amount": 10.5, "result_code": "SUCCESS"}
    said = json.dumps({"success": True, "data": data}).encode()
    # 17:30 in UTC is half past midnight in Phnom Penh.
    moment = TIME + timedelta(hours=17, minutes=30)
    columns = [["a"], [0], [moment], [said], [None]]
    table = pa.table(list(map(pa.array, columns, PARTS.types)), schema=PARTS)
    pq.write_table(table, "part-0.parquet")
    Path("s.csv").write_text("out_trade_no,amount,day\no,10.5,2026-09-11\n")
    counts = {}
    for zone in ("UTC", "Asia/Phnom_Penh"):
        Path("s.toml").write_text(f'zone = "{zone}"')
        one = found(
            tmp_path, ["part-0.parquet"], statement=Statement.load(Path("s.csv"))
        )
        rows = pq.read_table(pa.BufferReader(one)).to_pylist()
        counts[zone] = [(row["check"], row["reference"]) for row in rows]
    days = ("2026-09-10", "2026-09-11")
    assert counts == {
        "UTC": [("statement_days", day) for day in days],
        "Asia/Phnom_Penh": [],
    }
