"""
The page docs/reference/conformance-matrix.md: which rules some programs break.

    python -m tests.conformance.matrix --write

runs the whole kit on every program and writes the page. It needs PHP, Node and Go, and
for the bindings KESSPAY_LIBKESS: a folder that `.ci/run bindings` or `make
conformance-matrix` has built libkess and the bindings in. Without ``--write`` it says
whether the page is up to date.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kesspay.conformance.blame import blame
from kesspay.conformance.judge import FAULTS, Verdict, run
from kesspay.conformance.kit import AREAS, FOLDER, LEVELS
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kesspay.conformance.judge import Run
    from kesspay.conformance.kit import Kit


__all__ = ["PAGE", "PROGRAMS", "Column", "column_of", "columns_of", "page"]

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
PAGE: Final = ROOT / "docs/reference/conformance-matrix.md"
KEYS: Final = ROOT / "tests/vectors/keys"

_KESSPAY: Final = (sys.executable, str(HERE / "adapters/kesspay_adapter.py"))


@dataclass(frozen=True, slots=True)
class Program:
    """
    A column of the page.

    Args:
        title: its heading.
        command: of its adapter; PREFIX stands for the folder of libkess.
        tools: programs that it needs.
        variables: of its environment.
    """

    title: str
    command: tuple[str, ...]
    tools: tuple[str, ...] = ()
    variables: Mapping[str, str] | None = None

    @property
    def prefix(self) -> Path | None:
        """Where libkess is, for a program that needs it."""
        found = os.environ.get("KESSPAY_LIBKESS")
        return Path(found).resolve() if found else None

    def is_there(self) -> bool:
        """Return whether the program can be run here."""
        needs_prefix = any("PREFIX" in word for word in self._words())
        if needs_prefix and self.prefix is None:
            return False
        return all(shutil.which(tool) for tool in self.tools)

    def _words(self) -> list[str]:
        return [*self.command, *(self.variables or {}).values()]

    @property
    def words(self) -> list[str]:
        """The words that start its adapter."""
        place = str(self.prefix)
        words = [word.replace("PREFIX", place) for word in self.command]
        for name, value in (self.variables or {}).items():
            words = ["env", f"{name}={value.replace('PREFIX', place)}", *words]
        return words

    def run(self, kit: Kit) -> Run:
        """Run the kit on it."""
        return run(self.words, kit, timeout=60)


_LIBRARY: Final = {
    "LD_LIBRARY_PATH": "PREFIX/lib",
    "KESS_LIBRARY": "PREFIX/lib/libkess.so.0",
    "KESSPAY_ROOT": str(ROOT),
}

PROGRAMS: Final = (
    Program("kesspay, C", _KESSPAY, variables={"KESSPAY_BACKEND": "native"}),
    Program("kesspay, Python", _KESSPAY, variables={"KESSPAY_BACKEND": "python"}),
    Program(
        "libkess from PHP",
        ("php", str(ROOT / "bindings/php/conformance/adapter.php")),
        ("php",),
        _LIBRARY,
    ),
    Program(
        "libkess from Node",
        ("node", "PREFIX/node/conformance/adapter.js"),
        ("node",),
        _LIBRARY,
    ),
    Program("libkess from Go", ("PREFIX/go-conformance", str(KEYS)), ("go",), _LIBRARY),
    Program(
        "the documented PHP class",
        ("php", str(HERE / "matrix_programs/documented.php")),
        ("php",),
    ),
    Program("`JSON.stringify`", ("node", str(FOLDER / "node/adapter.mjs")), ("node",)),
    Program("`json.dumps`", (sys.executable, str(HERE / "matrix_programs/dumps.py"))),
    Program(
        "`encoding/json`",
        ("go", "run", str(FOLDER / "go/adapter.go"), str(FOLDER / "go/kess.go")),
        ("go",),
    ),
)


# ------------------------------------------------------------ columns


@dataclass(frozen=True, slots=True)
class Column:
    """
    What the page says of a program.

    Args:
        summary: how many rules are broken, a cell for each level, and the operations
            that it has not.
        cells: by rule; a rule that is not there is not broken.
    """

    summary: tuple[str, ...]
    cells: Mapping[str, str]


_NOT_OFFERED: Final = "-"
_KEPT: Final = "ok"


def column_of(result: Run) -> Column:
    """Count what a run says, and name the rules that it blames."""
    levels: dict[str, int] = dict.fromkeys(LEVELS, 0)
    missing = set()
    offered: dict[str, bool] = {}
    for outcome in result.outcomes:
        case = outcome.case
        is_asked = outcome.verdict is not Verdict.unsupported
        offered[case.rule] = offered.get(case.rule, False) or is_asked
        levels[case.level] += outcome.verdict in FAULTS
        if not is_asked and not case.profile:
            missing.add(case.op)
    cells = {rule: _KEPT if asked else _NOT_OFFERED for rule, asked in offered.items()}
    found = blame(result.outcomes, result.kit)
    for group, mark in ((found.perhaps, "{}?"), (found.firm, "**{}**")):
        cases: dict[str, set[str]] = {}
        for one in group:
            failed = {outcome.case.id for outcome in one.outcomes}
            cases.setdefault(one.rule.id, set()).update(failed)
        cells |= {rule: mark.format(len(failed)) for rule, failed in cases.items()}
    summary = [f"**{count} failed**" if count else _KEPT for count in levels.values()]
    broken = sum(cell.startswith("**") for cell in cells.values())
    lacks = ", ".join(f"`{op}`" for op in sorted(missing))
    return Column((str(broken), *summary, lacks), cells)


def columns_of(text: str) -> dict[str, Column]:
    """Read the columns of the page."""
    tables = [
        [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
        for part in text.split("\n\n")
        if (lines := part.strip().splitlines()) and lines[0].startswith("| ")
    ]
    (_, *summaries), *areas = ((table[0], *table[2:]) for table in tables)
    summary = {row[0]: tuple(row[1:]) for row in summaries}
    cells: dict[str, dict[str, str]] = {name: {} for name in summary}
    for (_, _, *names), *rows in areas:
        for row in rows:
            rule = row[0].partition("`")[2].partition("`")[0]
            for name, cell in zip(names, row[2:], strict=True):
                cells[name][rule] = cell
    return {name: Column(summary[name], cells[name]) for name in summary}


# ------------------------------------------------------------ the page

_HEAD: Final = """# Which rules some programs break

The [conformance kit](../howto/check-your-implementation.md) {version} has rules for the
signature, and test cases for each rule. This page shows which rules these programs
break:

- **kesspay** and **libkess** are this project: the two backends of the Python package,
  and the C library called from three languages. Their adapters are in
  `tests/conformance/adapters` and in `bindings/*/conformance`.
- **The documented PHP class** is the class that the API document prints. It defines the
  canonical form, so it breaks no rule about that. It signs and accepts what a careful
  program refuses.
- **`JSON.stringify`**, **`json.dumps`** and **`encoding/json`** are first attempts in
  Node, Python and Go: parse, remove `sign` and `sign_type`, sort, write. The attempts
  in Node and Go are in the adapters of the kit.

{ran}
`make conformance-matrix` runs the kit again and writes this page; a test compares the
page with the programs.

## All programs

The table shows how many rules a program breaks, and how many cases fail at each level.
`api` is what the API itself can send, `any-document` is any JSON text, and `hostile` is
what only an attacker sends. The kit does not test an operation that a program does not
have.
"""

_LEGEND: Final = """\
The tables below show the programs that break at least one rule. A number in bold means:
the program breaks the rule, and so many cases fail because of it. A number with a
question mark means that the program may break the rule: so many cases of the rule fail,
and no known mistake explains them. `-` marks a rule about an operation that the program
does not have.
"""


def page(kit: Kit, columns: Mapping[str, Column], ran: str) -> str:
    """
    Return the text of the page.

    Args:
        kit: that was run.
        columns: by the title of the program, in the order of the page.
        ran: the sentence about the versions.
    """
    parts = [_HEAD.format(version=kit.version, ran=ran)]
    parts.append(
        _table(
            ("program", "rules broken", *LEVELS, "lacks"),
            [(title, *column.summary) for title, column in columns.items()],
        )
    )
    parts.append(_LEGEND)
    breaking = {
        title: column
        for title, column in columns.items()
        if set(column.cells.values()) - {_KEPT, _NOT_OFFERED}
    }
    kept = 0
    for area in AREAS:
        rows = []
        for rule in kit.rules.values():
            if rule.area != area:
                continue
            cells = [column.cells.get(rule.id, _KEPT) for column in breaking.values()]
            if set(cells) <= {_KEPT, _NOT_OFFERED}:
                kept += 1
                continue
            name = f"[`{rule.id}`]({_link(rule.doc)})"
            rows.append((name, rule.title.replace("|", "\\|"), *cells))
        if rows:
            parts.append(f"## {area.capitalize()}\n")
            parts.append(_table(("rule", "how it is broken", *breaking), rows))
    parts.append(
        f"The kit has {kept} more rules, which none of these programs breaks.\n"
    )
    return "\n".join(parts)


def _link(doc: str) -> str:
    """Return a link from this page."""
    return f"../{doc.removeprefix('docs/')}" if doc.startswith("docs/") else doc


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)


def fresh(kit: Kit, stored: Mapping[str, Column], ran: str = "") -> dict[str, Column]:
    """
    Run the programs that are there; the others keep what the page says.

    Args:
        kit: that is run.
        stored: the columns of the page.
        ran: the sentence about the versions. A program in another version of its
            language keeps its column: another Go writes other control characters.
    """
    columns = {}
    for program in PROGRAMS:
        if program.title in stored:
            columns[program.title] = stored[program.title]
        if not program.is_there():
            continue
        result = program.run(kit)
        if result.stopped is not None:
            raise RuntimeError(f"{program.title}: {result.stopped}")
        version = re.search(r"[0-9]+\.[0-9]+", result.hello.language)
        assert version is not None, result.hello
        if not ran or f" {version[0]}." in ran:
            columns[program.title] = column_of(result)
    return columns


def _version(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def main(arguments: Sequence[str]) -> int:
    """Write the page, or say whether it is up to date."""
    kit = stored_kit()
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    missing = [program.title for program in PROGRAMS if not program.is_there()]
    if "--write" not in arguments:
        ran = ran_line(before)
        columns = fresh(kit, columns_of(before), ran)
        return int(page(kit, columns, ran) != before)
    if missing:
        sys.stderr.write(f"not there: {', '.join(missing)}\n")
        return 2
    versions = (
        f"PHP {_version('php', '-r', 'echo PHP_VERSION;')}",
        f"Node {_version('node', '-p', 'process.versions.node')}",
        f"Go {_version('go', 'env', 'GOVERSION').removeprefix('go')}",
        f"Python {sys.version.split()[0]}",
    )
    ran = f"Run with {', '.join(versions[:-1])} and {versions[-1]}."
    PAGE.write_text(page(kit, fresh(kit, {}), ran), encoding="utf-8")
    return 0


def ran_line(text: str) -> str:
    """Return the sentence about the versions, which the page keeps."""
    (line,) = [line for line in text.splitlines() if line.startswith("Run with ")]
    return line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
