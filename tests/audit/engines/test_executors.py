"""
Executors of Spark with kesspay from an archive, as the page of engines makes it.

The lines of the page run as they stand, with a clone elsewhere and a cluster of one
worker, which is a process of its own with a folder of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kesspay import __version__
from tests.conftest import missing
from tests.support.engines import (
    PAGE,
    check_verdicts,
    environment,
    recipe,
    run,
    write_traffic,
)
from tests.support.pages import ROOT, blocks


if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

#: Runs on the executors first: where their kesspay comes from.
WHERE = """\
import json
from pyspark.sql import SparkSession
def where(_):
    import sys, kesspay
    return [[sys.prefix, kesspay.__file__, kesspay.__version__]]
context = SparkSession.builder.getOrCreate().sparkContext
found = context.parallelize(range(2), 2).mapPartitions(where).collect()
open("where.json", "w").write(json.dumps(found))
"""


def lines_of_the_page(pyspark: ModuleSpec) -> str:
    """Return the lines of the page, for this clone and a cluster on this machine."""
    (block,) = (b for b in blocks(PAGE, "sh") if "venv-pack -o" in b.code)
    code = block.code.replace("'.[arrow]'", f"'{ROOT}[arrow]'")
    home = Path(pyspark.origin or "").parent
    submit = (
        # The environment itself is gone: only the archive can be what runs.
        f"rm -r environment\nPYTHONPATH={home.parent} {home}/bin/spark-submit"
        " --master 'local-cluster[1,2,1024]' --conf spark.ui.enabled=false"
        " --conf spark.driver.host=127.0.0.1"
    )
    assert code.count("spark-submit") == 1
    return code.replace("spark-submit", submit)


@pytest.mark.spark
def test_an_archive(tmp_path: Path) -> None:
    """Executors judge with the kesspay of the archive, and find the same verdicts."""
    pyspark = find_spec("pyspark")
    if pyspark is None or shutil.which("java") is None:
        missing("pyspark or Java is not installed", "KESSPAY_REQUIRE_SPARK")
    write_traffic(tmp_path)
    (tmp_path / "audit.py").write_text(WHERE + recipe("pyspark"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = environment(
        PATH=path,
        PYSPARK_DRIVER_PYTHON=sys.executable,
        SPARK_WORKER_DIR=str(tmp_path / "work"),
    )
    variables.pop("PYTHONPATH", None)
    done = run(["sh", "-euc", lines_of_the_page(pyspark)], tmp_path, variables)
    assert done.returncode == 0, done.stdout[-5000:]
    check_verdicts(tmp_path)
    for prefix, file, version in json.loads((tmp_path / "where.json").read_text()):
        assert file.startswith(f"{prefix}/lib/")
        assert not Path(file).is_relative_to(ROOT / "src")
        assert version == __version__
