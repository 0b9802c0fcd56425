"""
The programs of the page of engines, as they stand there, on a recording.

Each writes verdict, status and key of every row as ``verify_document`` finds them:
those of Daft and Ray where the engine is installed, which is no part of the
environment. test_executors.py runs the one of Spark.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.support.engines import (
    check_verdicts,
    environment,
    recipe,
    run,
    write_traffic,
)


if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("module", "variable"),
    [
        ("duckdb", ""),
        ("polars", ""),
        pytest.param("daft", "KESSPAY_REQUIRE_ENGINES", marks=pytest.mark.engines),
        pytest.param("ray", "KESSPAY_REQUIRE_ENGINES", marks=pytest.mark.engines),
    ],
)
def test_same_table(module: str, variable: str, tmp_path: Path) -> None:
    """The program writes the verdicts of every row."""
    if variable and find_spec(module) is None:
        missing(f"{module} is not installed", variable)
    write_traffic(tmp_path)
    (tmp_path / "audit.py").write_text(recipe(module))
    done = run([sys.executable, "audit.py"], tmp_path, environment())
    assert done.returncode == 0, done.stdout
    check_verdicts(tmp_path)
