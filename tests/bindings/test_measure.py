"""bindings/measure reads what the benchmark of each language prints."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any, Final


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
