"""What becomes of one mutant: run its tests against it, and judge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from tests.mutants.rules import ROOT


if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mutants.rules import Rule


__all__ = ["CAUGHT", "PATIENCE", "Verdict", "check_baseline", "run_tests", "try_rule"]

CAUGHT: Final = "caught"
#: Seconds that a mutant may take. One that hangs is not caught.
PATIENCE: Final = 120.0

_LAUNCH: Final = Path(__file__).resolve().with_name("launch.py")
_OPTIONS: Final = ("-q", "--no-header", "--no-summary", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What became of a mutant.

    Attributes:
        rule: that was broken.
        what: "caught", or what is wrong instead.
        by: the test that caught it, or what happened.
        seconds: that it took.
    """

    rule: Rule
    what: str
    by: str
    seconds: float


def try_rule(rule: Rule) -> Verdict:
    """Break a rule kept by Python code, and see whether a test notices."""
    begun = monotonic()
    text = rule.mutated()
    with TemporaryDirectory() as folder:
        file = Path(folder) / rule.path.name
        file.write_text(text, encoding="utf-8")
        found = run_tests(("-x", *rule.tests), rule.module, file)
    what, by = _judged(found)
    return Verdict(rule, what, by, monotonic() - begun)


def check_baseline(rules: Sequence[Rule]) -> list[str]:
    """
    Run every test of the list without any mutation.

    Returns:
        what is wrong: tests that fail, and names that stand for no test that
        passed.
    """
    tests = sorted({test for rule in rules for test in rule.tests})
    found = run_tests(tests)
    if found is None:
        return ["the tests hang without any mutation"]
    wrong = [f"{one['test']} fails without any mutation" for one in found["failed"]]
    passed = found["passed"]
    return wrong + [
        f"{test}: no such test passed"
        for test in tests
        if not any(one.partition("[")[0].startswith(test) for one in passed)
    ]


def run_tests(
    arguments: Sequence[str], module: str = "", file: Path = ROOT
) -> dict[str, Any] | None:
    """
    Run pytest in a process of its own; None where it hangs.

    Args:
        arguments: ids of tests, and options.
        module: taken from file; "" changes nothing.
        file: the mutated module.
    """
    # Signing in Python is what most of the mutants are about.
    environment = {**os.environ, "KESSPAY_BACKEND": "python"}
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, str(_LAUNCH), module, str(file), str(report)]
        try:
            done = subprocess.run(
                [*command, *_OPTIONS, *arguments],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                check=False,
                timeout=PATIENCE if module else None,
            )
        except subprocess.TimeoutExpired:
            return None
        if not report.exists():
            text = done.stderr.decode(errors="replace")[-200:]
            return {
                "code": -1,
                "loaded": False,
                "passed": [],
                "failed": [],
                "text": text,
            }
        found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return found


def _judged(found: dict[str, Any] | None) -> tuple[str, str]:
    if found is None:
        return "HUNG", f"more than {PATIENCE:g} s"
    if not found["loaded"]:
        return "NOT LOADED", found.get("text", "")
    for failure in found["failed"]:
        if failure["is_verdict"]:
            return CAUGHT, failure["test"]
    if found["failed"]:
        first = found["failed"][0]
        return "BROKE", f"{first['test']}: {first['error']}"
    if found["code"] or not found["passed"]:
        return "NO TESTS", f"pytest ended with {found['code']}"
    return "SURVIVED", f"{len(found['passed'])} tests passed"
