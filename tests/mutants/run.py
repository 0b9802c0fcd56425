# ruff: noqa: T201 - a program that prints

"""
Break every rule of the list, one at a time, and see that a test notices.

    python -m tests.mutants.run [--c] [--jobs N] [ID]...

Prints a table, and ends with 1 unless every mutant was caught.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING

from tests.mutants.rules import C_RULES, PYTHON_RULES
from tests.mutants.trial import CAUGHT, check_baseline, try_rule
from tests.mutants.trial_c import Workshop


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.mutants.rules import Rule
    from tests.mutants.trial import Verdict


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description="Break every rule of the list.")
    parser.add_argument("--c", action="store_true", help="the rules of the C core")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("id", nargs="*", help="only these rules")
    asked = parser.parse_args()
    begun = monotonic()
    rules = C_RULES if asked.c else PYTHON_RULES
    unknown = set(asked.id) - {rule.id for rule in rules}
    if unknown:
        parser.error(f"there is no rule {', '.join(sorted(unknown))}")
    if asked.id:
        rules = tuple(rule for rule in rules if rule.id in asked.id)
    tried = _try_c(rules) if asked.c else _try_python(rules, asked.jobs)
    escaped = _reported(tried)
    print(
        f"\n{len(rules) - len(escaped)} of {len(rules)} mutants were caught, "
        f"in {monotonic() - begun:.0f} s."
    )
    return 1 if escaped else 0


def _try_python(rules: Sequence[Rule], jobs: int) -> Iterator[Verdict]:
    _require(check_baseline(rules))
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(try_rule, rules)


def _try_c(rules: Sequence[Rule]) -> Iterator[Verdict]:
    with TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder), rules)
        _require(workshop.check_baseline())
        yield from map(workshop.try_rule, sorted(rules, key=lambda rule: rule.file))


def _require(wrong: list[str]) -> None:
    """End where the tests are red already: a failure would prove nothing."""
    if wrong:
        sys.exit("\n".join(wrong))


def _reported(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Print each verdict as it comes; return the mutants that were not caught."""
    escaped = []
    print(f"{'rule':36} {'source':14} {'verdict':10} by")
    for verdict in verdicts:
        rule = verdict.rule
        print(
            f"{rule.id:36} {rule.source:14} {verdict.what:10} "
            f"{verdict.by} ({verdict.seconds:.1f} s)",
            flush=True,
        )
        if verdict.what != CAUGHT:
            escaped.append(verdict)
    return escaped


if __name__ == "__main__":
    sys.exit(main())
