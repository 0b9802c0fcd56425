"""
Print the figures of docs/howto/audit-capacity.md, of runs in processes of their own.

::

    python -m bench.capacity            # 5 million bodies; a fifth with one thread
    python -m bench.capacity --rows 1000000 --engines spark daft

CPU is what a run takes in all its threads and processes, which other programs on the
machine change little; the time on the clock is theirs, too. Bodies repeat after 5,000,
which no compression notices. The engines run the programs of
docs/howto/audit-engines.md, with a fifth of the rows and with all of them: the
difference is what a row costs. They must be installed, or lie in PYTHONPATH.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from bench.audit import bodies_of, public_pem


if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["main"]

_RUN: Final = """
import json, pathlib, re, sys, time
from kesspay import PublicKey, audit
files, out, threads, is_one = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
pem = pathlib.Path("key.pem").read_bytes()
ring = audit.Ring.of(PublicKey.from_pem(pem, openssl_only=is_one == "one"))
cpu, wall = time.process_time(), time.perf_counter()
result = audit.run([files], ring, out=out, threads=threads)
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
assert result.counts["authentic"] == result.rows
status = pathlib.Path("/proc/self/status").read_text()
peak = int(re.search("VmHWM:[^0-9]*([0-9]+)", status)[1]) / 1e3
print(json.dumps({"rows": result.rows, "cpu": cpu, "wall": wall, "peak": peak}))
"""
_ENGINES: Final = ("duckdb", "polars", "spark", "daft", "ray")
_GROUP: Final = 100_000
_FILES: Final = 8
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def _write(folder: Path, rows: int) -> int:
    """Write the bodies in some files; return how many bytes they have."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    some = pa.array(bodies_of(min(rows, _GROUP)), pa.binary())
    size = len(some)
    kind = pa.timestamp("us", "UTC")
    for part in range(_FILES):
        path = folder / f"{part}.parquet"
        first, last = rows * part // _FILES, rows * (part + 1) // _FILES
        schema = pa.schema([("id", pa.int64()), ("received_at", kind)])
        schema = schema.append(pa.field("body", pa.binary()))
        with pq.ParquetWriter(path, schema) as file:
            for start in range(first, last, size):
                count = min(size, last - start)
                ids = pa.array(range(start, start + count), pa.int64())
                columns = [ids, ids.cast(kind), some.slice(0, count)]
                file.write_table(pa.table(columns, schema=schema))
    return sum(path.stat().st_size for path in folder.iterdir())


def _audited(home: Path, threads: int, verifier: str) -> dict[str, Any]:
    """Audit what was written, in a process of its own."""
    out = home / "out"
    shutil.rmtree(out, ignore_errors=True)
    arguments = ["traffic/*.parquet", str(out), str(threads), verifier]
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments],
        cwd=home,
        check=True,
        stdout=subprocess.PIPE,
    )
    written = sum(path.stat().st_size for path in out.glob("part-*"))
    return {**json.loads(done.stdout), "written": written}


def _seconds_of(pid: int) -> dict[tuple[int, int], float]:
    """Return the CPU of a process and of those it started, by process."""
    found, parents = dict[int, tuple[tuple[int, int], float]](), dict[int, int]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        words = text.rpartition(")")[2].split()
        one = int(path.parent.name)
        parents[one] = int(words[1])
        spent = (int(words[11]) + int(words[12])) / _TICKS
        found[one] = ((one, int(words[19])), spent)

    def is_below(one: int) -> bool:
        while one not in (pid, 0):
            one = parents.get(one, 0)
        return one == pid

    return dict(found[one] for one in found if is_below(one))


def _cpu(command: Sequence[str], home: Path) -> float:
    """Run a program; return the CPU that it and its processes took."""
    seconds = dict[tuple[int, int], float]()
    variables = {
        **os.environ,
        "PYSPARK_PYTHON": sys.executable,
        "RAY_USAGE_STATS_ENABLED": "0",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=home, stdout=log, stderr=log, env=variables
        )
        while process.poll() is None:
            seconds.update(_seconds_of(process.pid))
            time.sleep(0.1)
    assert process.returncode == 0, (home / "log").read_text()[-2000:]
    return sum(seconds.values())


def _engine(name: str, home: Path, rows: int) -> float:
    """Return the microseconds of CPU that a row costs in an engine."""
    page = Path(__file__).parents[1] / "docs" / "howto" / "audit-engines.md"
    module = {"spark": "pyspark"}.get(name, name)
    (program,) = (
        code
        for code in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
        if re.search(rf"^(?:import|from) {module}\b", code, re.MULTILINE)
    )
    (home / "audit.py").write_text(program)
    spent = []
    for count in (rows // 5, rows):
        _write(home / "traffic", count)
        shutil.rmtree(home / "verdicts", ignore_errors=True)
        spent.append(_cpu([sys.executable, "audit.py"], home))
    return (spent[1] - spent[0]) / (rows - rows // 5) * 1e6


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print one line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--engines", nargs="*", choices=_ENGINES, default=None)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="capacity-") as name:
        home = Path(name)
        (home / "key.pem").write_bytes(public_pem())
        (home / "ring.toml").write_text('[[key]]\nname = "a"\nfile = "key.pem"\n')
        if given.engines is not None:
            for engine in given.engines:
                _show(f"CPU, {engine}", _engine(engine, home, given.rows), "us a body")
            return
        _audits(home, given.rows)


def _audits(home: Path, rows: int) -> None:
    size = _write(home / "traffic", rows)
    _show("input", size / rows, "bytes a body")
    for words, threads, count in (
        ("eight", 2, rows),
        ("eight", 1, rows // 5),
        ("one", 1, rows // 5),
    ):
        if count != rows:
            _write(home / "traffic", count)
        found = _audited(home, threads, words)
        title = f"{words} at a time, {threads} thread{'s' if threads > 1 else ''}"
        _show(f"CPU, {title}", found["cpu"] / count * 1e6, "us a body")
        _show(f"clock, {title}", found["wall"], "s")
        _show(f"memory, {title}", found["peak"], "MB")
        _show("verdicts", found["written"] / count, "bytes a body")


def _show(name: str, value: float, unit: str) -> None:
    print(f"{name:36} {value:10.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
