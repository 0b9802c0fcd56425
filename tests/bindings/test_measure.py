"""bindings/measure reads what the benchmark of each language prints."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any, Final

import pytest


SCRIPT: Final = Path(__file__).resolve().parents[2] / "bindings" / "measure"
NAMES: Final[dict[str, Any]] = runpy.run_path(str(SCRIPT))


def test_lines_of_a_name_and_a_time() -> None:
    """C, PHP and Node print microseconds."""
    assert NAMES["read"]("canonicalize 0.234\nverify 17.5\n") == {
        "canonicalize": 0.234,
        "verify": 17.5,
    }


def test_lines_of_go() -> None:
    """Go prints nanoseconds, and words about the machine."""
    output = (
        "goos: linux\ngoarch: amd64\npkg: kesspay/bindings/go\n"
        "BenchmarkVerify-2   \t   68048\t     17612 ns/op\n"
        "BenchmarkCanonicalize  \t 4000000\t  260.5 ns/op\t  0 B/op\t 0 allocs/op\n"
        "PASS\n"
    )
    assert NAMES["read"](output) == {"verify": 17.612, "canonicalize": 0.2605}


def test_the_documents(tmp_path: Path) -> None:
    """Every language measures the same two, of the sizes that the pages name."""
    NAMES["documents"](tmp_path)
    assert len((tmp_path / "request.json").read_bytes()) == 333
    assert len((tmp_path / "body.json").read_bytes()) == 701


def test_every_row_has_its_goal() -> None:
    """A goal names a row that each language prints."""
    for goals in NAMES["GOALS"].values():
        assert set(goals) <= set(NAMES["ROWS"])


def test_the_time_of_the_kit_has_a_goal(capsys: pytest.CaptureFixture[str]) -> None:
    """A time beyond it is marked."""
    NAMES["report_kit"]({"PHP": 0.62, "Go": 2.01})
    assert [line.split()[-4:] for line in capsys.readouterr().out.splitlines()] == [
        ["0.62", "s", "goal", "2"],
        ["s", "goal", "2", "MISSED"],
    ]


def test_times_have_three_digits() -> None:
    """Nanoseconds of what takes less than two microseconds, no fraction from 100 on."""
    shown = [NAMES["shown"](time) for time in (0.2345, 1.996, 17.25, 233.4, 1080.2)]
    assert shown == ["0.23 µs", "2.00 µs", "17.2 µs", "233 µs", "1,080 µs"]


@pytest.mark.parametrize("page", ["php", "node", "go"])
def test_a_page_shows_the_recorded_run(page: str) -> None:
    """All figures of the pages are of the one run in figures.json."""
    figures = json.loads(NAMES["FIGURES"].read_text(encoding="utf-8"))
    text = (NAMES["PAGES"] / f"{page}.md").read_text(encoding="utf-8")
    tables = NAMES["tables"](page, figures["microseconds"])
    assert tables
    for table in tables:
        assert f"\n{table}" in text


def test_a_record_is_written_into_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each table is replaced, and what stands around it stays."""
    figures = json.loads(NAMES["FIGURES"].read_text(encoding="utf-8"))
    least = {
        language: {name: 2 * time for name, time in rows.items()}
        for language, rows in figures["microseconds"].items()
    }
    for page in NAMES["TABLES"]:
        text = (NAMES["PAGES"] / f"{page}.md").read_text(encoding="utf-8")
        (tmp_path / f"{page}.md").write_text(f"{text}\nbelow\n", encoding="utf-8")
    names = NAMES["record"].__globals__
    monkeypatch.setitem(names, "PAGES", tmp_path)
    monkeypatch.setitem(names, "FIGURES", tmp_path / "figures.json")
    NAMES["record"](least, [1.0, 2.0])
    written = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert written["microseconds"] == least
    assert written["load"] == [1.0, 2.0]
    for page in NAMES["TABLES"]:
        text = (tmp_path / f"{page}.md").read_text(encoding="utf-8")
        assert all(f"\n{table}" in text for table in NAMES["tables"](page, least))
        assert text.endswith("\nbelow\n")
