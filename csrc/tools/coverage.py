"""
Report which lines and branches of csrc/src and csrc/command the C tests ran.

Run: python csrc/tools/coverage.py BUILD [--write]
(`make c-coverage` builds, runs the tests and calls this.)

BUILD is a build with -DKESS_COVERAGE=ON whose tests have run. It fails where
a line was not run, where fewer than 95 % of the branches were taken, and where
a branch that was not taken has no reason in csrc/tests/COVERAGE.md. --write
adds such branches to that file, with the reason still to be written.

Counts of one line come together from all programs that hold it: the library,
its copies with another allocator, and tests that include a source.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final


CSRC: Final = Path(__file__).resolve().parents[1]
REASONS: Final = CSRC / "tests" / "COVERAGE.md"
GCOV: Final = (
    "gcov",
    "--json-format",
    "--stdout",
    "--branch-probabilities",
    "--branch-counts",
)
LEAST_BRANCHES: Final = 95.0
TO_DO: Final = "TO DO"
#: Folders of what is measured, and how their files are named in the table.
MEASURED: Final = {"src": "", "command": "command/"}

#: File, function, source text: a branch, wherever the line has moved to.
Place = tuple[str, str, str]


def gcov(build: Path) -> list[dict[str, Any]]:
    """Return what gcov reports of every object that ran, file by file."""
    files: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for data in sorted(build.resolve().rglob("*.gcda")):
            done = subprocess.run(  # noqa: S603 - gcov, on files of the build
                [*GCOV, str(data)],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            for line in done.stdout.splitlines():
                files += json.loads(line)["files"]
    return files


def count(
    files: list[dict[str, Any]],
) -> tuple[dict[str, Counter[int]], dict[str, Counter[tuple[str, int, int]]]]:
    """Return how often each line ran and each branch was taken, by source."""
    lines: dict[str, Counter[int]] = defaultdict(Counter)
    branches: dict[str, Counter[tuple[str, int, int]]] = defaultdict(Counter)
    for file in files:
        # The build maps the names: "src/rsa.c", "tests/../src/rsa.c".
        path = Path(file["file"])
        if path.parent.name not in MEASURED:
            continue
        name = MEASURED[path.parent.name] + path.name
        for line in file["lines"]:
            number = line["line_number"]
            lines[name][number] += line["count"]
            for place, branch in enumerate(line["branches"]):
                key = (line.get("function_name", ""), number, place)
                branches[name][key] += branch["count"]
    return lines, branches


def sources() -> dict[str, str]:
    """Return the text of each file that is measured, by its name in the table."""
    return {
        prefix + path.name: path.read_text(encoding="utf-8")
        for folder, prefix in MEASURED.items()
        for path in (CSRC / folder).glob("*.[ch]")
    }


def share(counter: Counter[Any]) -> str:
    """Return how many of the counted were met, and out of how many."""
    met = sum(1 for hits in counter.values() if hits)
    rate = 100 * met / len(counter) if counter else 100.0
    return f"{met:5} of {len(counter):4}  {rate:6.2f} %"


def read_reasons() -> dict[Place, str]:
    """Return the rows of COVERAGE.md: | file | function | line | reason |."""
    reasons = {}
    for row in REASONS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        if row.startswith("| `") and len(cells) == 4:
            file, function, text, reason = cells
            reasons[file.strip("`"), function.strip("`"), text.strip("`")] = reason
    return reasons


def not_taken(branches: dict[str, Counter[tuple[str, int, int]]]) -> set[Place]:
    """Return where branches were not taken."""
    places = set()
    texts = sources()
    for name, counter in branches.items():
        text = texts[name].splitlines()
        for (function, number, _), hits in counter.items():
            if not hits:
                # A '|' would end the cell of the table.
                line = text[number - 1].strip().replace("||", "or")
                places.add((name, function, line))
    return places


def faults_of_reasons(missing: list[Place]) -> list[str]:
    """Return what is wrong with COVERAGE.md, given what was not taken."""
    faults = [f"{name}: {where}(): no reason for: {t}" for name, where, t in missing]
    texts = sources()
    for (name, where, text), reason in read_reasons().items():
        if text.replace(" or", " ||") not in texts.get(name, ""):
            faults.append(f"COVERAGE.md: {name} has no such line: {text}")
        if reason == TO_DO:
            faults.append(f"COVERAGE.md: {name}: {where}(): write the reason")
    return faults


def main() -> int:
    """Print the table, and complain where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()

    lines, branches = count(gcov(arguments.build))
    if not lines:
        sys.exit(f"{arguments.build} has no counts: no test ran there")
    for name in sorted(lines):
        print(f"{name:20} {share(lines[name])}   {share(branches[name])}")
    all_lines = Counter({(f, n): c for f, of in lines.items() for n, c in of.items()})
    all_branches = Counter(
        {(f, *n): c for f, of in branches.items() for n, c in of.items()}
    )
    print(f"{'all':20} {share(all_lines)}   {share(all_branches)}")

    missing = sorted(not_taken(branches) - read_reasons().keys())
    if arguments.write:
        with REASONS.open("a", encoding="utf-8") as file:
            for name, function, line in missing:
                print(f"| `{name}` | `{function}` | `{line}` | {TO_DO} |", file=file)
        return 0
    faults = [
        f"{name}:{number}: this line did not run"
        for (name, number), hits in sorted(all_lines.items())
        if not hits
    ]
    faults += faults_of_reasons(missing)
    taken = sum(1 for hits in all_branches.values() if hits)
    if 100 * taken < LEAST_BRANCHES * len(all_branches):
        faults.append(f"less than {LEAST_BRANCHES} % of the branches were taken")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
