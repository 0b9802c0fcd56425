# ruff: noqa: T201 - a program that prints

"""
Which tests run no line or branch that others do not: ``unmeasured.txt``, made anew.

    python -m tests.unmeasured

runs the tests that ``.ci/run`` measures, on both backends, which takes some ten minutes
of two idle cores. It notes the lines and branches of each test, and what it cost, and
writes the list.

The module is a plugin of pytest, too, which notes this for one backend.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from time import process_time
from typing import TYPE_CHECKING, Final

import pytest
from coverage import Coverage


if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence


__all__ = [
    "Backend",
    "Measured",
    "arguments",
    "expendable",
    "listed",
    "main",
    "measure",
]

_ROOT: Final = Path(__file__).resolve().parents[1]
_FILE: Final = _ROOT / "tests" / "unmeasured.txt"
_HEAD: Final = "# Written by `python -m tests.unmeasured`; see tests/README.md.\n"

#: A test that costs less, in seconds of CPU, is not worth a line of the list.
_LEAST: Final = 0.1
#: What these packages run may depend on time: two measured tests have each line.
_TWICE: Final = ("gateway", "http", "transfers")

#: A branch of a file: from which line to which.
Arc = tuple[str, int, int]


@dataclass(frozen=True)
class Backend:
    """A backend, and what ``.ci/run`` measures on it: see its jobs test and pure."""

    name: str
    prefix: str
    places: tuple[str, ...]
    marks: str
    keyword: str = ""
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def omitted(self) -> list[str]:
        """The files that are measured on the other backend."""
        files = sorted((_ROOT / "src" / "kesspay").rglob("*.py"))
        return [str(file) for file in files if self._is_measured_elsewhere(file)]

    def _is_measured_elsewhere(self, file: Path) -> bool:
        in_python = "signing" in file.parts and file.name != "native_backend.py"
        return in_python != (self.name == "python")


BACKENDS: Final = (
    Backend(
        "native",
        "",
        ("tests", "--ignore=tests/docs"),
        "$ordinary and (minutes or not sample)",
        "not (signing and pure)",
    ),
    Backend(
        "python",
        "pure ",
        ("tests/signing",),
        "$ordinary and not native",
        variables={"KESSPAY_BACKEND": "python"},
    ),
)


@dataclass
class Measured:
    """
    What one backend's tests cost and ran.

    Attributes:
        seconds: CPU by the name of a test; its thorough cases have a name of their own.
        arcs: the branches that it ran by that name; those of imports are not here.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    arcs: defaultdict[str, set[Arc]] = field(default_factory=lambda: defaultdict(set))


# -------------------------------------------------------------------- the plugin


def _name(item: pytest.Item) -> str:
    name = item.nodeid.partition("[")[0]
    return f"{name} thorough" if item.get_closest_marker("thorough") else name


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Give what the test runs its name, and add up what it costs."""
    name = _name(item)
    measuring = Coverage.current()
    assert measuring is not None, "coverage runs pytest"
    if name != _state.name:
        _state.name = name
        measuring.switch_context(name)
    begun = process_time()
    try:
        return (yield)
    finally:
        spent = process_time() - begun
        _state.seconds[name] = _state.seconds.get(name, 0) + spent


def pytest_sessionfinish() -> None:
    """Leave what each test cost."""
    text = json.dumps(_state.seconds)
    Path(os.environ["COVERAGE_FILE"] + "-seconds").write_text(text, encoding="utf-8")


@dataclass
class _State:
    name: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


_state: Final = _State()


# ------------------------------------------------------------------- the command


def arguments(backend: Backend) -> list[str]:
    """Return those of pytest, with the marks that ``.ci/run`` has for them all."""
    text = (_ROOT / ".ci" / "run").read_text(encoding="utf-8")
    known: dict[str, str] = {}
    for name in ("apart", "ordinary"):
        found = re.search(rf"^{name}=(['\"])(.*)\1$", text, re.MULTILINE)
        assert found is not None, name
        known[name] = Template(found[2]).substitute(known)
    keyword = ["-k", backend.keyword] if backend.keyword else []
    marks = Template(backend.marks).substitute(known)
    return ["-q", "-m", marks, *keyword, *backend.places]


def _required() -> dict[str, str]:
    """Return the variables under which ``.ci/run`` leaves no test out."""
    text = (_ROOT / ".ci" / "run").read_text(encoding="utf-8")
    strict = text.partition("\nstrict() {")[2].partition("\n}")[0]
    names = ["KESSPAY_REQUIRE_NATIVE", *re.findall(r"KESSPAY_REQUIRE_\w+", strict)]
    return dict.fromkeys(names, "1")


def measure(backend: Backend, folder: Path, *asked: str) -> subprocess.Popen[bytes]:
    """Begin to run the tests; their names, branches and costs will be in a folder."""
    folder.mkdir()
    chosen = {"COVERAGE_FILE": str(folder / "data"), **backend.variables}
    omitted = f"--omit={','.join(backend.omitted)}"
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "coverage", "run", omitted),
                *("-m", "pytest", "-p", "tests.unmeasured"),
                *asked,
            ],
            cwd=_ROOT,
            env=os.environ | _required() | chosen,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def measured(folder: Path) -> Measured:
    """Read what a run has left there."""
    found = Measured()
    found.seconds.update(json.loads((folder / "data-seconds").read_text("utf-8")))
    # A process that a test forks leaves a file of its own.
    for path in sorted(folder.glob("data.*")):
        with closing(sqlite3.connect(path)) as rows:
            asked = rows.execute(
                "select context, path, fromno, tono"
                " from arc join file on file.id = file_id"
                " join context on context.id = context_id"
            )
            for name, file, start, end in asked:
                found.arcs[name].add((file.partition("/src/kesspay/")[2], start, end))
    imported = found.arcs.pop("", set())
    for arcs in found.arcs.values():
        arcs.difference_update(imported)
    return found


def _wanted(arc: Arc) -> int:
    return 2 if arc[0].partition("/")[0] in _TWICE else 1


def expendable(tests: Measured, least: float = _LEAST) -> set[str]:
    """
    Choose the tests without which the others have each branch, those that cost first.

    Of a file with such a test, the cheap ones go, too, where all can: that is one line.
    """
    have = Counter(arc for arcs in tests.arcs.values() for arc in arcs)
    need = {arc: min(_wanted(arc), count) for arc, count in have.items()}
    gone: set[str] = set()

    def let_go(names: Iterable[str]) -> None:
        """Do so unless a branch is lost with them."""
        lost = Counter(arc for name in names for arc in tests.arcs[name])
        if all(have[arc] - count >= need[arc] for arc, count in lost.items()):
            have.subtract(lost)
            gone.update(names)

    seconds = tests.seconds
    for name in sorted(seconds, key=lambda name: -seconds[name]):
        if seconds[name] >= least:
            # A line without the word is about all cases.
            let_go({name, f"{name} thorough"} & seconds.keys() - gone)
    files = _by_place(tests.seconds)
    for names in files.values():
        if not gone.isdisjoint(names):
            let_go(names - gone)
    return gone


def _by_place(names: Iterable[str]) -> dict[str, set[str]]:
    """Return the tests of each file."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        found[name.partition("::")[0]].add(name)
    return found


def listed(tests: Iterable[str], gone: set[str], prefix: str = "") -> Iterator[str]:
    """Yield the lines for what is not measured, of all tests: a file is one."""
    for file, names in _by_place(tests).items():
        if names <= gone:
            yield prefix + file
            continue
        for name in names & gone:
            test = name.removesuffix(" thorough")
            # All cases of a test are one line as well.
            is_whole = {test, f"{test} thorough"} & names <= gone
            yield prefix + (test if is_whole else name)


def _written(runs: Mapping[Backend, Measured]) -> str:
    lines: set[str] = set()
    for backend, tests in runs.items():
        gone = expendable(tests)
        lines.update(listed(tests.seconds, gone, backend.prefix))
        cost = sum(tests.seconds[name] for name in gone)
        whole = sum(tests.seconds.values())
        print(
            f"{backend.name}: {len(gone)} of {len(tests.seconds)} tests, with"
            f" {cost:.0f} of {whole:.0f} s of CPU, need no measuring."
        )
    return _HEAD + "".join(f"{line}\n" for line in sorted(lines))


def main(words: Sequence[str]) -> int:
    """Measure, and write the list; return 1, with the log, where a test fails."""
    if words:
        print(__doc__)
        return 2
    with TemporaryDirectory() as place:
        folders = {backend: Path(place, backend.name) for backend in BACKENDS}
        running = {
            backend: measure(backend, folder, *arguments(backend))
            for backend, folder in folders.items()
        }
        failed = [backend for backend, run in running.items() if run.wait()]
        for backend in failed:
            print((folders[backend] / "log").read_text("utf-8", errors="replace"))
        if failed:
            return 1
        runs = {backend: measured(folder) for backend, folder in folders.items()}
        _FILE.write_text(_written(runs), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
