"""A real Spark, for the tests that ask for it."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import missing


if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Start Spark on two threads of this machine, once."""
    try:
        builder: Any = import_module("pyspark.sql").SparkSession.builder
    except ImportError:
        missing("pyspark is not installed", "KESSPAY_REQUIRE_SPARK")
    if shutil.which("java") is None:
        missing("no Java is installed", "KESSPAY_REQUIRE_SPARK")
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path.cwd()), *sys.path]))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    session = (
        builder.master("local[2]")
        .config("spark.driver.memory", "2g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "Asia/Phnom_Penh")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    yield session
    session.stop()
    monkeypatch.undo()
