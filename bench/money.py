"""
What ``--money`` adds to an audit of a million bodies: time, and memory of it all.

To sign a million bodies takes ten minutes, and what the checks of the money take
depends on no signature. So no signature of this recording is looked at: each counts as
verified. All else is done as in any audit, in a process of its own, once without the
money and once with it and a statement. The difference on the clock counts, which is
what the user waits for. Two threads work. A transfer has three records, one in twenty
its requests, too; one in a hundred has a fault. A run must find each, and no other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import rmtree
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import duckdb

from bench import processes
from bench.audit import public_pem
from bench.results import Goal, Result


if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rounds import Times


__all__ = ["measured"]

TRANSFERS: Final = 333_333
_ROUNDS: Final = 3
#: One in so many has one of two faults.
_EVERY: Final = 200

MONEY_WALL = Goal("audit: what --money adds, a million bodies", 5, unit="s")
MONEY_MEMORY = Goal("audit: memory with --money, two threads", 280, unit="MB")

#: Answers of create, confirm and query. Of one in 200 the query names another credit.
_RECORDING: Final = """
COPY (
    SELECT
        TIMESTAMPTZ '2026-09-01 00:00:00+00' + INTERVAL (n) SECOND
            + INTERVAL (k) MINUTE AS at,
        ['create.unified.fundTransfer', 'confirm.fundTransfer', 'query.fundTransfer']
            [k + 1] AS service,
        encode('{"success":true,"code":200,"data":{"out_trade_no":"T-' || n
            || '","receiver_id":"012 / ' || n % 97
            || '","amount":17.45,"currency":"USD"'
            || CASE WHEN k < 2 THEN ',"pre_transfer_id":"P-' || n || '"' ELSE '' END
            || CASE WHEN k = 0 THEN ',"expire_in":300'
                ELSE ',"result_code":"SUCCESS","fund_transfer_id":"F-'
                    || CASE WHEN k = 2 AND n % EVERY = 50 THEN 'again-' ELSE '' END
                    || n || '"' END
            || '},"sign_type":"RSA2","sign":"' || sign || '"}') AS body,
        CASE WHEN n % 20 = 0 THEN encode('{' || CASE k
            WHEN 0 THEN '"service":"create.unified.fundTransfer","out_trade_no":"T-'
                || n || '","receiver_id":"012 / ' || n % 97
                || '","amount":17.45,"currency":"USD"'
            WHEN 1 THEN '"service":"confirm.fundTransfer","pre_transfer_id":"P-' || n
                || '","partner_transaction_id":"D-' || n || '"'
            ELSE '"service":"query.fundTransfer","out_trade_no":"T-' || n || '"' END
            || ',"sign_type":"RSA2","sign":"' || sign || '"}') END AS sent
    FROM (
        SELECT i // 3 AS n, i % 3 AS k,
            -- As long as a signature, and as hard to compress.
            to_base64(unhex(concat(sha256(i || 'a'), sha256(i || 'b'), sha256(i || 'c'),
                sha256(i || 'd'), sha256(i || 'e'), sha256(i || 'f'), sha256(i || 'g'),
                sha256(i || 'h')))) AS sign
        FROM range(3 * COUNT) AS records(i)
    )
) TO 't.parquet' (FORMAT parquet, ROW_GROUP_SIZE 6144)
"""
#: One in 200 is missing.
_STATEMENT: Final = """
COPY (
    SELECT 'T-' || n AS out_trade_no, '17.45' AS amount,
        '012 / ' || n % 97 AS receiver_id
    FROM range(COUNT) AS transfers(n) WHERE n % EVERY <> 150
) TO 's.csv' (FORMAT csv, HEADER)
"""
_FAULTS: Final = {"double_credit_trade": 50, "statement_missing_there": 150}
_RING: Final = """
[[key]]
name = "theirs"
file = "theirs.pem"
[[own]]
name = "ours"
file = "ours.pem"
"""
#: Runs in a process of its own, as the command does.
_RUN: Final = """
import json, pathlib, re, sys, time
from kesspay.audit.memory import frugal
with frugal():
    from kesspay.audit import runner
from kesspay import PublicKey, VerifyStatus, audit
PublicKey.verify_documents = lambda _, bodies, **more: [VerifyStatus.OK] * len(bodies)
is_with = sys.argv[1] == "with"
statement = pathlib.Path("s.csv") if is_with else None
target = audit.Target(pathlib.Path("out"), statement=statement)
ring = audit.Ring.load("ring.toml")
wall, cpu = time.perf_counter(), time.process_time()
result = runner.run(["t.parquet"], ring, out=target, time="at", service="service",
    request="sent", threads=2, money=is_with)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
status = pathlib.Path("/proc/self/status")
peak = re.search("VmHWM:[^0-9]*([0-9]+)", status.read_text()) if status.exists() else 0
print(json.dumps({"wall": wall, "cpu": cpu, "rows": result.counts["authentic"],
    "peak": peak and int(peak[1]) / 1e3,
    "found": {one.name: one.count for one in result.money.checks if one.count}
        if is_with else {}}))
"""


def measured(count: int) -> Iterator[Result | dict[str, Times]]:
    """Measure both, in at most some rounds that take turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder)
        runs = [
            (_run(folder, "without"), _run(folder, "with"))
            for _ in range(min(count, _ROUNDS))
        ]
    walls = [own["wall"] - base["wall"] for base, own in runs]
    cpu = median(own["cpu"] - base["cpu"] for base, own in runs)
    whole = median(own["wall"] for _, own in runs)
    yield Result(
        MONEY_WALL,
        median(walls),
        f"of {whole:.1f} s on the clock, two threads; CPU {cpu:.1f} s",
        min(walls),
    )
    peak = max(own["peak"] for _, own in runs)
    remark = f"{3 * TRANSFERS:,} bodies and a statement, at most, of {len(runs)} runs"
    if not peak:
        yield Result(MONEY_MEMORY, None, "needs /proc")
        return
    yield Result(MONEY_MEMORY, peak, remark)


def _write(folder: Path) -> None:
    """Write recording, statement and ring."""
    other = processes.PRIVATE.with_name("other-2048.pub.pem")
    (folder / "theirs.pem").write_bytes(public_pem())
    (folder / "ours.pem").write_bytes(other.read_bytes())
    (folder / "ring.toml").write_text(_RING)
    numbers = {"COUNT": TRANSFERS, "EVERY": _EVERY}
    with duckdb.connect() as engine:
        engine.execute("SET threads = 1")
        engine.execute("SET enable_progress_bar = false")
        for name, text in (("t.parquet", _RECORDING), ("s.csv", _STATEMENT)):
            sql = text.replace(f"'{name}'", f"'{folder / name}'")
            for word, value in numbers.items():
                sql = sql.replace(word, str(value))
            engine.execute(sql)


def _run(folder: Path, what: str) -> dict[str, Any]:
    """Audit the recording, and check what is found."""
    rmtree(folder / "out", ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-c", _RUN, what],
        check=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    wanted = {
        name: len(range(first, TRANSFERS, _EVERY)) for name, first in _FAULTS.items()
    }
    assert found["rows"] == 3 * TRANSFERS
    assert found["found"] == (wanted if what == "with" else {}), found["found"]
    return found
