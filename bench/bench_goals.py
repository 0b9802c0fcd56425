"""The table of ``make bench`` in small: it is complete, and what it writes is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from bench import __main__ as program
from bench import audit, bench_explain, goals, growth, money
from bench.results import Goal


if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every goal has a line, and all files can be read."""
    monkeypatch.setattr(program, "WARM", 10)
    monkeypatch.setattr(goals, "BATCH", 100)
    monkeypatch.setattr(audit, "ROWS", 100)
    monkeypatch.setattr(money, "TRANSFERS", 300)
    monkeypatch.setattr(growth, "BATCH", 100)
    monkeypatch.setattr(growth, "BATCHES", (1, 8))
    monkeypatch.setattr(growth, "SIZES", (100, 1000))
    for bodies in (bench_explain.TEXTS, bench_explain.DOCUMENTS):
        for name in list(bodies)[1:]:
            monkeypatch.delitem(bodies, name)
    monkeypatch.setattr(sys, "argv", ["bench", "--rounds", "1", "--out", str(tmp_path)])
    program.main()
    shown = capsys.readouterr().out
    names = {**vars(goals), **vars(audit), **vars(money)}
    every = [one for one in names.values() if isinstance(one, Goal)]
    assert sum(one.limit is not None for one in every) == 29
    for goal in every:
        assert goal.name in shown
    written = json.loads((tmp_path / "speed.json").read_text(encoding="utf-8"))
    assert {goal.name for goal in every} == {one["goal"] for one in written["goals"]}
    for name in ("speed.svg", "speed-narrow.svg"):
        picture = ET.parse(tmp_path / name)  # noqa: S314 - our own file
        assert len(list(picture.iter())) > 50


def test_repeatable() -> None:
    """``python -m bench`` is what the documents say."""
    command = [sys.executable, "-m", "bench", "--help"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "--rounds" in done.stdout
