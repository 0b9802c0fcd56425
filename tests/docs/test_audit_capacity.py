"""The page of capacities: what it derives follows from the figures it measured."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.support.pages import DOCS, ROOT, tables


PAGE = "howto/audit-capacity.md"
TEXT = " ".join((DOCS / PAGE).read_text(encoding="utf-8").split())
UNITS = {
    "s": 1,
    "min": 60,
    "h": 3600,
    "million": 1e6,
    "billion": 1e9,
    "": 1,
    "GB": 1e9,
    "TB": 1e12,
    "MB": 1e6,
    "MB/s": 1e6,
    "GB/s": 1e9,
    "µs": 1e-6,
    "bytes a body": 1,
}
MEASURED = {
    what: figure for what, figure, _ in tables(PAGE, "| | figure | measured by |")
}
BODY = 656


def value(text: str) -> float:
    """Return a number with its unit, as of "1,250 MB/s (a network)"."""
    found = re.match(r"([0-9.,]+) ?([A-Za-zµ/]*)", text)
    assert found is not None, text
    return float(found[1].replace(",", "")) * UNITS[found[2]]


def cpu(words: str) -> float:
    """Return the seconds of CPU that a body takes."""
    (figure,) = (f for what, f in MEASURED.items() if f"{words} at a time" in what)
    return value(figure)


def share() -> float:
    """Return what of a core two threads use."""
    (figure,) = (f for what, f in MEASURED.items() if "two threads, over" in what)
    return value(figure.partition(",")[0]) / 2


def near(exact: float) -> object:
    """Return what a figure of two digits may be."""
    return pytest.approx(exact, rel=0.06)


@pytest.mark.parametrize(
    ("words", "which"), [("eight signatures", 0), ("one signature", 1)]
)
def test_times(words: str, which: int) -> None:
    """Each time is the CPU of the bodies, divided by the cores and by their share."""
    header = "| bodies | their size | CPU | 2 cores | 8 cores | 32 cores |"
    rows = tables(PAGE, header)
    assert len(rows) == 6
    for bodies, size, all_cpu, *times in rows[3 * which : 3 * which + 3]:
        count = value(bodies)
        assert value(size) == near(count * BODY)
        assert value(all_cpu) == near(count * cpu(words))
        for cores, time in zip((2, 8, 32), times, strict=True):
            assert value(time) == near(count * cpu(words) / cores / share())


def test_data() -> None:
    """Cores that a way to the data feeds."""
    rate = BODY / cpu("eight signatures") * share()
    found = re.search(
        r"656 bytes in ([0-9.]+ µs), of which ([0-9.]+) .*? are (\S+ MB/s)", TEXT
    )
    assert found is not None
    assert value(found[1]) == cpu("eight signatures")
    assert float(found[2]) == share()
    assert value(found[3]) == near(rate)
    header = (
        "| the data comes with | cores that this keeps busy, eight at a time "
        "| one at a time |"
    )
    rows = tables(PAGE, header)
    assert len(rows) == 3
    for way, eight, one in rows:
        assert value(eight) == near(value(way) / rate)
        assert value(one) == near(value(way) / (BODY / cpu("one signature") * share()))
    of_eight = re.search(r"its disks bring (\S+ GB/s)", TEXT)
    assert of_eight is not None
    assert value(of_eight[1]) == near(8 * rate)


def test_clusters() -> None:
    """Cores for 10 billion bodies in an hour, executors, and the network."""
    header = "| engine | CPU of a body | cores for 10 billion in an hour |"
    rows = tables(PAGE, header)
    assert [name for name, *_ in rows] == [
        "DuckDB",
        "Polars",
        "Daft",
        "Ray Data",
        "Spark",
    ]
    for _, each, cores in rows:
        assert int(cores) == near(1e10 * value(each) / 3600)
    executors = re.search(r"executors of 8 cores, Spark needs (\d+)\.", TEXT)
    assert executors is not None
    assert int(executors[1]) == -(-int(rows[-1][2]) // 8)
    network = re.search(r"bring them (\S+ TB), which is (\S+ GB/s)", TEXT)
    assert network is not None
    assert value(network[1]) == near(1e10 * BODY)
    assert value(network[2]) == near(1e10 * BODY / 3600)
    more = re.search(r"one signature at a time need (\S+ µs) more", TEXT)
    assert more is not None
    assert value(more[1]) == pytest.approx(
        cpu("one signature") - cpu("eight signatures")
    )


@pytest.mark.thorough
def test_the_command_prints_the_figures() -> None:
    """What the page names is measured under these names."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.capacity", "--rows", "1000"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = {line.partition("  ")[0] for line in done.stdout.splitlines()}
    for words in ("eight at a time, 2 threads", "one at a time, 1 thread"):
        assert {f"CPU, {words}", f"memory, {words}"} <= names
    assert {"input", "verdicts"} <= names
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.capacity",
            "--rows",
            "1000",
            "--engines",
            "duckdb",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("CPU, duckdb "), done.stderr
