"""A run that is killed anywhere continues to the same bytes, in bounded memory."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.recording import as_json, private, record, write_ring
from tests.support.rng import Rng


if TYPE_CHECKING:
    from collections.abc import Iterator


#: A run in a process of its own; its units are small.
_RUN: Final = """
import pathlib, sys
from kesspay import audit
from kesspay.audit import units
source, out, size, threads = sys.argv[1:]
units.UNIT = int(size)
target = audit.Target(pathlib.Path(out), resume=True)
result = audit.run(
    [source], audit.Ring.load("ring.toml"), out=target, threads=int(threads),
    time="received_at", service="service", ids=["id"], explain_budget=0,
)
print(result.digest, result.rows, result.complete)
"""

_MEMORY: Final = """
import pathlib, re, sys
from kesspay import audit
result = audit.run(
    [sys.argv[1]], audit.Ring.load("ring.toml"), out="out",
    threads=int(sys.argv[2]), explain_budget=0,
)
status = pathlib.Path("/proc/self/status").read_text()
print(result.rows, result.complete, re.search("VmHWM:[^0-9]*([0-9]+)", status)[1])
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with a ring the current one."""
    monkeypatch.chdir(tmp_path)
    write_ring(tmp_path)
    return tmp_path


def start(*arguments: str) -> subprocess.Popen[str]:
    """Begin a run, or continue with one."""
    command = [sys.executable, "-W", "ignore", "-c", _RUN, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ended(*arguments: str) -> str:
    """Run to the end, and return what is printed."""
    process = start(*arguments)
    printed, _ = process.communicate()
    assert process.returncode == 0
    return printed


def files(folder: str) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


@pytest.mark.thorough
@pytest.mark.minutes
def test_killed(here: Path, whole: bool) -> None:  # noqa: FBT001 - a fixture
    """However often a run is killed, the last one writes what a whole run does."""
    rows = record(6000 if whole else 800)
    Path("t.jsonl").write_bytes(b"".join(as_json(row) + b"\n" for row in rows))
    size = str(Path("t.jsonl").stat().st_size // 12)
    began = time.monotonic()
    printed = ended("t.jsonl", "whole", size, "2")
    took = time.monotonic() - began
    assert printed.split()[1:] == [str(len(rows)), "True"]
    rng = Rng(7)
    kills = 0
    for _ in range(20 if whole else 3):
        process = start("t.jsonl", "cut", size, str(rng.between(1, 4)))
        time.sleep(took * rng.below(1000) / 1000)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        assert process.stdout is not None
        process.stdout.close()
    assert kills > 0
    assert ended("t.jsonl", "cut", size, "4") == printed
    assert files("cut") == files("whole")


def bodies(count: int) -> Iterator[bytes]:
    """Yield signed bodies of 656 bytes, which repeat."""
    key = private("kess-2025")
    made = [key.signed_body({"n": n, "note": "x" * 250}) for n in range(100)]
    for at in range(count):
        yield made[at % 100]


@pytest.mark.minutes
@pytest.mark.exhaustive
@pytest.mark.parametrize(("kind", "threads"), [("row group", 1), ("gzip", 2)])
def test_memory(here: Path, kind: str, threads: int) -> None:
    """A row group of 600,000 rows and a gzip of 1 GB fit into 200 MB, 40 a thread."""
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    if kind == "row group":
        table = pa.table({"body": pa.array(bodies(600_000), pa.large_binary())})
        path, count = "t.parquet", 600_000
        pq.write_table(table, path, row_group_size=count, use_dictionary=False)
        assert pq.ParquetFile(path).metadata.row_group(0).total_byte_size > 300 << 20
        del table
    else:
        path, count = "t.jsonl.gz", 1_600_000
        with gzip.open(path, "wb", compresslevel=1) as file:
            for body in bodies(count):
                text = body.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
                file.write(b'{"body":"%b"}\n' % text)
    command = [sys.executable, "-W", "ignore", "-c", _MEMORY, path, str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows, complete, peak = done.stdout.split()
    assert (int(rows), complete) == (count, "True")
    assert int(peak) / 1000 <= 200 + 40 * threads
