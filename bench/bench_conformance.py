"""
Ask whole programs the conformance kit: seconds for each, its start included.

Run ``pytest bench/bench_conformance.py --benchmark-enable``. Every case has to pass
before anything is timed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.judge import Run, Verdict, run
from kesspay.conformance.kit import load


if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


ADAPTERS: Final = Path(__file__).resolve().parents[1] / "tests/conformance/adapters"


@pytest.mark.parametrize("backend", ["native", "python"])
def test_the_whole_kit(
    backend: str, monkeypatch: pytest.MonkeyPatch, benchmark: BenchmarkFixture
) -> None:
    """The two backends of kesspay, behind the protocol."""
    monkeypatch.setenv("KESSPAY_BACKEND", backend)
    command = [sys.executable, str(ADAPTERS / "kesspay_adapter.py")]
    kit = load()
    done: Run = benchmark(run, command, kit)
    assert done.counts == {Verdict.passed: len(kit.cases)}
