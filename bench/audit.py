"""
What ``kesspay audit`` costs above ``PublicKey.verify_documents`` on an array in memory.

Bodies have 656 bytes. They repeat after 5,000, which no compression notices. All
signatures are left to OpenSSL, one at a time, as the goals were set; the last rows show
what the machine does with eight at a time.

What is measured takes two seconds, in which the processor may change its clock more
than some of the goals leave room for. So ``verify_documents`` takes a turn before and
after each of them, with a part of the array, and the ratio is to the mean of these two;
the median of the ratios counts. Two threads are compared with one in the same way.
Arrow takes the allocator that the command asks for.
Python's cyclic garbage collection runs as in any program, and leaves out what the
benchmark itself holds.
"""

from __future__ import annotations

import gc
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from shutil import rmtree
from statistics import median
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

import kesspay
from bench import processes
from bench.results import Goal, Result
from bench.rounds import Times, times_of
from kesspay import audit
from kesspay.audit import units


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = ["bodies_of", "measured", "public_pem"]

ROWS: Final = 100_000
_DISTINCT: Final = 5000
#: Rows of the array that are verified before and after.
_PART: Final = 20_000
_BODY: Final = 656
#: Bytes of a unit where threads are compared: a row group each.
_UNIT: Final = 2 << 20
_TIME: Final = pa.timestamp("us", "UTC")
_DAY: Final = datetime(2026, 9, 17, tzinfo=UTC)

#: CPU a row above verify_documents on an array in memory.
AUDIT_KERNEL = Goal("audit: the kernel, one key / verify_documents", 1.02)
AUDIT_KEYS = Goal("audit: two keys, a day's overlap, 0.5 % bad", 1.05)
AUDIT_PARQUET = Goal("audit: Parquet to verdicts", 1.10)
AUDIT_THREADS = Goal("audit: 1 thread / 2 threads", 1.85, at_least=True)
AUDIT_JSONL = Goal("audit: JSON lines to verdicts", 1.20)
AUDIT_ZST = Goal("audit: the same in zstd", 1.25)
AUDIT_GZ = Goal("audit: the same in gzip", 1.30)
AUDIT_DUCKDB = Goal("audit: in DuckDB", 1.15)
AUDIT_POLARS = Goal("audit: in Polars", 1.15)
AUDIT_RATE = Goal("audit: thousand rows a second", None, at_least=True, unit="k/s")
AUDIT_MEMORY = Goal("audit: memory of any input, one thread", 240, unit="MB")

#: Runs in a process of its own, whose memory is its own.
_MEMORY: Final = """
import pathlib, re, sys
from kesspay import audit
ring = audit.Ring.load(sys.argv[2])
audit.run([sys.argv[1]], ring, out=sys.argv[3], threads=1, explain_budget=0)
# Not ru_maxrss, which a child takes over from the program that started it.
status = pathlib.Path("/proc/self/status").read_text()
print(re.search("VmHWM:[^0-9]*([0-9]+)", status)[1])
"""


def measured(count: int) -> Iterator[Result | dict[str, Times]]:
    """Measure all of it, in rounds that take turns."""
    with tempfile.TemporaryDirectory() as name:
        yield from _measured(max(1, count // 8), Path(name))


def _measured(count: int, folder: Path) -> Iterator[Result | dict[str, Times]]:
    public = kesspay.PublicKey.from_pem(public_pem(), openssl_only=True)
    ring = audit.Ring.of(public)
    bodies = bodies_of(ROWS)
    column = pa.array(bodies, pa.binary())
    two, mixed, times = _two_keys(bodies, public)
    _write(folder, column)
    kernel, of_two = audit.Kernel(ring), audit.Kernel(two)
    found = kernel.verdicts(column)
    assert found.column("verdict").to_pylist() == ["authentic"] * ROWS

    out = folder / "out"

    def run(file: str, threads: int = 1, keys: audit.Ring = ring) -> None:
        paths = [str(folder / file)]
        result = audit.run(paths, keys, out=out, threads=threads)
        assert result.counts["authentic"] == ROWS

    def run_units(threads: int, keys: audit.Ring = ring) -> None:
        # A recording worth two threads has many units; this one gets as many.
        with patch.object(units, "UNIT", _UNIT):
            run("t.parquet", threads, keys)

    parts = cycle([column.slice(at, _PART) for at in range(0, ROWS, _PART)])
    array = _Clock(_PART, lambda: public.verify_documents(next(parts), threads=1))
    one = _Clock(ROWS, lambda: run_units(1), out)
    fast = audit.Ring.of(kesspay.PublicKey.from_pem(public_pem()))
    todo: dict[str, tuple[_Clock, Callable[[], object]]] = {
        "audit kernel": (array, lambda: kernel.verdicts(column)),
        "audit keys": (array, lambda: of_two.verdicts(mixed, times)),
        "audit parquet": (array, lambda: run("t.parquet")),
        "audit two": (array, lambda: public.verify_documents(column, threads=2)),
        "audit threads": (one, lambda: run_units(2)),
        "audit jsonl": (array, lambda: run("t.jsonl")),
        "audit zst": (array, lambda: run("t.jsonl.zst")),
        "audit gz": (array, lambda: run("t.jsonl.gz")),
        "audit duckdb": (array, _duckdb(ring, column)),
        "audit polars": (array, _polars(ring, column)),
        "audit eight": (array, lambda: run_units(2, fast)),
    }
    pairs = _pairs(
        {name: (base, _Clock(ROWS, work, out)) for name, (base, work) in todo.items()},
        count,
    )
    yield {
        name: times_of(one.own.cpu for one in found) for name, found in pairs.items()
    }
    yield {
        f"{name} wall": times_of(one.own.wall for one in found)
        for name, found in pairs.items()
    }
    yield {
        name: times_of(getattr(one, clock) for one in base.found)
        for name, base, clock in (
            ("audit array", array, "cpu"),
            ("audit array wall", array, "wall"),
            ("audit units wall", one, "wall"),
        )
    }
    for goal, name in (
        (AUDIT_KERNEL, "audit kernel"),
        (AUDIT_KEYS, "audit keys"),
        (AUDIT_PARQUET, "audit parquet"),
        (AUDIT_JSONL, "audit jsonl"),
        (AUDIT_ZST, "audit zst"),
        (AUDIT_GZ, "audit gz"),
        (AUDIT_DUCKDB, "audit duckdb"),
        (AUDIT_POLARS, "audit polars"),
    ):
        own = median(one.own.cpu for one in pairs[name])
        base = median(one.base.cpu for one in pairs[name])
        quickest = min(pairs[name], key=lambda one: one.own.cpu)
        yield Result(
            goal,
            median(one.own.cpu / one.base.cpu for one in pairs[name]),
            f"{own / 1e3:.1f} us / {base / 1e3:.1f} us a row",
            quickest.own.cpu / quickest.base.cpu,
        )
    gave = median(one.base.wall / one.own.wall for one in pairs["audit two"])
    found = pairs["audit threads"]
    quickest = min(found, key=lambda one: one.own.wall)
    yield Result(
        AUDIT_THREADS,
        median(one.base.wall / one.own.wall for one in found),
        f"of wall time; two threads that only verify reach {gave:.2f}",
        quickest.base.wall / quickest.own.wall,
    )
    eight = [one.own.wall for one in pairs["audit eight"]]
    yield Result(
        AUDIT_RATE,
        1e6 / median(eight),
        "Parquet to verdicts, two threads, as this machine verifies batches",
        1e6 / min(eight),
    )
    yield _memory(folder)


class _Took(NamedTuple):
    """Nanoseconds a row."""

    cpu: float
    wall: float


class _Pair(NamedTuple):
    """What something took, and on average what took its turn before and after."""

    own: _Took
    base: _Took


class _Clock:
    """
    Measures a piece of work.

    Args:
        rows: rows that it judges.
        work: the work.
        out: a folder that it makes. What removes it is not measured.
    """

    def __init__(
        self, rows: int, work: Callable[[], object], out: Path | None = None
    ) -> None:
        self._rows = rows
        self._work = work
        self._out = out
        self.found: list[_Took] = []

    def turn(self) -> _Took:
        """Do it once."""
        if self._out is not None:
            rmtree(self._out, ignore_errors=True)
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        self._work()
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
        self.found.append(_Took(cpu / self._rows, wall / self._rows))
        return self.found[-1]


def _pairs(
    todo: dict[str, tuple[_Clock, _Clock]], count: int
) -> dict[str, list[_Pair]]:
    """Measure everything in rounds, between two turns of what it is compared to."""
    pairs: dict[str, list[_Pair]] = {name: [] for name in todo}
    order = list(todo)
    rng = random.Random(1)
    gc.collect()
    gc.freeze()
    try:
        for _ in range(count):
            rng.shuffle(order)
            for name in order:
                base, own = todo[name]
                before, took, after = base.turn(), own.turn(), base.turn()
                around = ((a + b) / 2 for a, b in zip(before, after, strict=True))
                pairs[name].append(_Pair(took, _Took(*around)))
    finally:
        gc.unfreeze()
    return pairs


def public_pem() -> bytes:
    """Return the public half of the key that signs the bodies."""
    done = subprocess.run(
        ["openssl", "pkey", "-in", str(processes.PRIVATE), "-pubout"],
        check=True,
        capture_output=True,
    )
    return done.stdout


def bodies_of(count: int) -> list[bytes]:
    """Return signed bodies, which repeat."""
    key = kesspay.PrivateKey.from_pem(processes.PRIVATE.read_bytes())
    made = [_signed(key, n) for n in range(min(_DISTINCT, count))]
    return (made * -(-count // len(made)))[:count]


def _signed(key: kesspay.PrivateKey, number: int) -> bytes:
    fields = {"out_trade_no": f"order-{number:08}", "amount": 10 + number / 100}
    short = key.signed_body({**fields, "note": ""})
    return key.signed_body({**fields, "note": "x" * max(0, _BODY - len(short))})


def _two_keys(
    bodies: list[bytes], public: kesspay.PublicKey
) -> tuple[audit.Ring, Any, Any]:
    """Return two keys with a day's overlap, and rows of which 0.5 % are bad."""
    other = kesspay.PublicKey.from_file(
        processes.PRIVATE.with_name("other-2048.pub.pem")
    )
    keys = (
        audit.RingKey("old", other, until=_DAY),
        audit.RingKey("new", public, since=_DAY - timedelta(days=1)),
    )
    bad = [
        body.replace(b"order", b"0rder") if at % 200 == 0 else body
        for at, body in enumerate(bodies)
    ]
    start = int((_DAY - timedelta(days=1)).timestamp() * 1e6)
    step = 30 * 86_400_000_000 // ROWS
    times = [start + at * step for at in range(ROWS)]
    return audit.Ring(keys), pa.array(bad, pa.binary()), pa.array(times).cast(_TIME)


def _write(folder: Path, column: Any) -> None:  # noqa: ANN401 - of pyarrow
    table = pa.table({"body": column})
    pq.write_table(table, folder / "t.parquet", row_group_size=max(1, ROWS // 16))
    pq.write_table(table, folder / "one.parquet", row_group_size=ROWS)
    lines = "".join(
        json.dumps({"id": at, "body": body.decode()}) + "\n"
        for at, body in enumerate(column.to_pylist())
    ).encode()
    (folder / "t.jsonl").write_bytes(lines)
    (folder / "t.jsonl.gz").write_bytes(gzip.compress(lines))
    packed = pa.compress(lines, "zstd", asbytes=True)
    (folder / "t.jsonl.zst").write_bytes(packed)
    (folder / "key.pem").write_bytes(public_pem())
    (folder / "ring.toml").write_text('[[key]]\nname = "a"\nfile = "key.pem"\n')


def _duckdb(ring: audit.Ring, column: Any) -> Callable[[], object]:  # noqa: ANN401 - of pyarrow
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    audit.register_duckdb(connection, ring)
    connection.register("traffic", pa.table({"body": column}))
    query = "SELECT count(*) FROM (SELECT kess_verdict(body).verdict AS v FROM traffic)"

    def work() -> None:
        made = connection.sql(f"{query} WHERE v = 'authentic'").fetchall()
        assert made == [(ROWS,)]

    return work


def _polars(ring: audit.Ring, column: Any) -> Callable[[], object]:  # noqa: ANN401 - of pyarrow
    frame = pl.DataFrame({"body": pl.from_arrow(column)})

    def work() -> None:
        made = frame.select(audit.polars_verdict("body", ring=ring))
        verdicts = made["verdict"].struct.field("verdict")
        assert (verdicts == "authentic").sum() == ROWS

    return work


def _memory(folder: Path) -> Result:
    """Measure a run over one row group with all rows."""
    if not Path("/proc/self/status").exists():
        return Result(AUDIT_MEMORY, None, "needs /proc")
    out = folder / "memory"
    arguments = [folder / "one.parquet", folder / "ring.toml", out]
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    size = (folder / "one.parquet").stat().st_size / 1e6
    remark = f"one thread, a row group of {size:.0f} MB"
    return Result(AUDIT_MEMORY, float(done.stdout) / 1e3, remark)
