"""Programs of the page of engines, a recording for them, and what they must find."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.pages import blocks
from tests.support.recording import judged, record, ring, write_ring


if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["PAGE", "check_verdicts", "environment", "recipe", "run", "write_traffic"]

PAGE: Final = "howto/audit-engines.md"
ROWS: Final = 600
#: Ray would listen on all addresses of the machine.
_ON_LOOPBACK: Final = """\
import ray
ray.init(_node_ip_address="127.0.0.1", include_dashboard=False, num_cpus=2)
"""


def recipe(module: str) -> str:
    """Return the program of the page that imports an engine."""
    (code,) = (
        block.code
        for block in blocks(PAGE, "python")
        if re.search(rf"^(?:import|from) {module}\b", block.code, re.MULTILINE)
    )
    return f"{_ON_LOOPBACK}{code}" if module == "ray" else code


def write_traffic(folder: Path) -> None:
    """Write a recording in three files, and its ring."""
    write_ring(folder)
    (folder / "traffic").mkdir()
    for part in range(3):
        rows = record(ROWS)[part::3]
        columns = {
            "id": [row.number for row in rows],
            "body": pa.array([row.body for row in rows], pa.binary()),
            "received_at": pa.array(
                [row.at for row in rows], pa.timestamp("us", "UTC")
            ),
            "other": ["not asked for"] * len(rows),
        }
        pq.write_table(
            pa.table(columns), folder / "traffic" / f"{part}.parquet", row_group_size=64
        )


def check_verdicts(folder: Path) -> None:
    """Compare what a program wrote with ``verify_document``, one by one."""
    found = pq.read_table(folder / "verdicts")
    assert found.column_names == ["id", "verdict", "status", "key"]
    assert found.schema.field("status").type == pa.int16()
    rows = [tuple(row.values()) for row in found.sort_by("id").to_pylist()]
    assert rows == [(row.number, *judged(row, ring())) for row in record(ROWS)]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a program, with the engines that lie in PYTHONPATH."""
    return {
        **os.environ,
        "PYSPARK_PYTHON": sys.executable,
        "RAY_USAGE_STATS_ENABLED": "0",
        "DAFT_ANALYTICS_ENABLED": "0",
        "SPARK_LOCAL_IP": "127.0.0.1",
        **more,
    }


def run(command: list[str], folder: Path, variables: dict[str, str]) -> Any:  # noqa: ANN401 - of subprocess
    """Run a program in a folder, for half an hour at most: some build kesspay."""
    return subprocess.run(
        command,
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
        check=False,
    )
