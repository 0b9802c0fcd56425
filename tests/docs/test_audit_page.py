"""The page "Audit a month of traffic": its recording, its command, what it names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.pages import blocks


PAGE = "howto/audit.md"


@pytest.mark.thorough
def test_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small recording has the findings that the page names, and no other."""
    monkeypatch.chdir(tmp_path)
    program = next(b.code for b in blocks(PAGE, "python"))
    command = next(b.code for b in blocks(PAGE, "sh"))
    Path("record.py").write_text(program)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = command.replace("record.py", "record.py 60").rstrip() + " --json"
    done = subprocess.run(
        ["sh", "-uc", command],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout[done.stdout.index("{") :])
    codes = {one["code"] for one in found["causes"]}
    assert codes == {"value_changed", "body_html", "body_truncated"}
    checks = {one["name"]: one for one in found["money"]["checks"] if one["count"]}
    assert set(checks) == {"double_credit_trade"}
    assert checks["double_credit_trade"]["example"].startswith("T-2: ")
    causes = pq.read_table("verdicts/causes.parquet").to_pylist()
    assert "data.amount was 117.45 when signed" in {one["detail"] for one in causes}
    skipped = [one["name"] for one in found["money"]["checks"] if one["skipped"]]
    assert skipped
    assert all(name.startswith(("journal_", "statement_")) for name in skipped)
    assert [one["rows"] for one in found["keys"] if not one["outside"]] == [27, 30]
    text = Path("report.html").read_text()
    assert "3 of 60 bodies are not authentic" in text
