"""The rules of the house that no linter knows: imports, sizes, forbidden text."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "kesspay"

#: What each part may import of kesspay, besides itself. "" is the top level
#: (kesspay/__init__.py and the like), which nothing inside may import.
ALLOWED: dict[str, tuple[str, ...]] = {
    "_checks": ("errors",),
    "_drive": (),
    "_first_use": (),
    "_forks": (),
    "_pages": (),
    "_reasons": (),
    "_secrets": ("errors",),
    "_shown": (),
    "_signals": (),
    "_version": (),
    "errors": ("_reasons", "_shown"),
    "signing": ("_checks", "_first_use", "_native", "_shown", "_version", "errors"),
    "http": ("_checks", "_drive", "_secrets", "_shown", "_signals", "errors"),
    "gateway": (
        *("_checks", "_drive", "_forks", "_secrets", "_shown", "_signals", "_version"),
        *("errors", "http", "signing"),
    ),
    "transfers": (
        *("_checks", "_drive", "_first_use", "_forks", "_shown", "_signals"),
        *("errors", "gateway", "signing"),
    ),
    "audit": (
        *("_checks", "_first_use", "_reasons", "_shown", "_version"),
        *("errors", "explain", "signing", "transfers.reader"),
    ),
    "metrics": (
        *("_forks", "_version", "errors", "gateway.events", "gateway.services"),
        *("transfers.journal", "transfers.payment", "transfers.summary"),
    ),
    "sandbox": (
        "_checks",
        "_first_use",
        "_pages",
        "_shown",
        "_version",
        "conformance",
        "errors",
        "explain",
        "gateway.messages",
        "gateway.services",
        "signing",
    ),
    "conformance": (
        *("_pages", "_shown", "_version"),
        *("errors", "explain", "signing"),
    ),
    "explain": ("_reasons", "errors", "gateway.services", "signing"),
}

#: The clock and the network are arguments, never imports.
WORLD = (
    "aiohttp.",
    "asyncio.",
    "h11.",
    "http.",
    "select.",
    "selectors.",
    "socket.",
    "socketserver.",
    "ssl.",
    "time.",
    "urllib.request.",
    "uvicorn.",
)


def modules() -> dict[str, Path]:
    """Map the dotted name of every module of kesspay to its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


@cache
def imports(name: str) -> tuple[str, ...]:
    """Return the dotted name of everything a module imports, also lazily."""
    return tuple(_imports(name))


def _imports(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            assert node.module is not None
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}"
                yield dotted if dotted in MODULES else node.module


def closure(name: str) -> set[str]:
    """Collect everything that importing a module brings in from kesspay."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        current = todo.pop()
        if current in seen or current not in MODULES:
            continue
        seen.add(current)
        todo.extend(i for i in imports(current) if i.startswith("kesspay."))
    return seen


def inside(name: str) -> str:
    """Strip the package: ``kesspay.signing.keys`` is ``signing.keys``."""
    return name.removeprefix("kesspay").removeprefix(".")


@pytest.mark.parametrize("name", MODULES)
def test_imports_run_one_way(name: str) -> None:
    """Imports run errors <- signing <- gateway <- transfers <- cli, never back."""
    part = inside(name).partition(".")[0]
    wanted = [inside(i) for i in imports(name) if i.split(".")[0] == "kesspay"]
    if part == "cli":
        return
    if part not in ALLOWED:
        assert len(name.split(".")) <= 2, f"{part} has no place in ALLOWED"
        assert not [i for i in wanted if i.partition(".")[0] == "cli"]
        return
    for target in wanted:
        allowed = (part, *ALLOWED[part])
        assert any(
            target == place or target.startswith(f"{place}.") for place in allowed
        ), f"{name} imports kesspay.{target}"


@pytest.mark.parametrize("part", ALLOWED)
def test_no_allowance_is_unused(part: str) -> None:
    """What a part may import it does import: the list shows the house as it is."""
    used = {
        inside(target)
        for name in MODULES
        if inside(name).partition(".")[0] == part
        for target in imports(name)
        if target.split(".")[0] == "kesspay"
    }
    for place in ALLOWED[part]:
        assert any(f"{one}.".startswith(f"{place}.") for one in used), place


def circles(needs: Mapping[str, set[str]]) -> list[list[str]]:
    """List the circles of a graph: each group of names that need each other."""
    reaches: dict[str, set[str]] = {}
    for name in needs:
        seen: set[str] = set()
        todo = list(needs[name])
        while todo:
            current = todo.pop()
            if current not in seen:
                seen.add(current)
                todo.extend(needs[current])
        reaches[name] = seen
    groups = {
        tuple(
            sorted(
                other
                for other in needs
                if other in reaches[name] and name in reaches[other]
            )
        )
        for name in needs
        if name in reaches[name]
    }
    return [list(group) for group in sorted(groups)]


def test_circles_are_found() -> None:
    """The search below finds every circle, and nothing else."""
    graph = {
        "a": {"b"},
        "b": {"c"},
        "c": {"b", "d"},
        "d": {"e"},
        "e": {"d"},
        "f": {"a"},
    }
    assert circles(graph) == [["b", "c"], ["d", "e"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_circle_of_files() -> None:
    """No two files import each other, directly or through others, nor for types."""
    needs = {
        name: {i for i in imports(name) if i in MODULES and i != name}
        for name in MODULES
    }
    assert circles(needs) == []


def test_no_circle_of_benchmarks() -> None:
    """Nor do two files of the benchmarks."""
    files = {f"bench.{path.stem}": path for path in (ROOT / "bench").glob("*.py")}
    needs = {name: set(named_in(path)) & set(files) for name, path in files.items()}
    assert len(needs) > 10
    assert circles(needs) == []


def named_in(path: Path) -> Iterator[str]:
    """Yield what a file imports, ``from bench import audit`` as bench.audit."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_circle_of_packages() -> None:
    """Packages need each other in one direction; the top level stands above them."""
    needs: dict[str, set[str]] = {}
    for name in MODULES:
        part = inside(name).partition(".")[0]
        wanted = {inside(i).partition(".")[0] for i in imports(name) if i in MODULES}
        needs.setdefault(part, set()).update(wanted - {part})
    needs[""] = set()
    assert circles(needs) == []


#: Modules that need no test file of their name, and why.
TESTED_ELSEWHERE = {
    "__main__": "tests/test_main.py has the command `python -m kesspay`",
    "_version": "one constant, which test_versions_agree compares",
}

#: Modules that are still without one. An entry that is no longer needed is an error.
KNOWN_UNTESTED: list[str] = []


def test_each_module_has_a_test_file() -> None:
    """src/kesspay/P/M.py has tests/P/test_M.py, or it is too small to be a module."""
    without = {
        inside(name)
        for name, path in MODULES.items()
        if path.name != "__init__.py" and not has_tests(path)
    }
    assert sorted(without - set(TESTED_ELSEWHERE)) == KNOWN_UNTESTED
    assert set(TESTED_ELSEWHERE) <= without


def has_tests(path: Path) -> bool:
    """Whether a module has a test file of its name, with or without underscores."""
    folder = ROOT / "tests" / path.relative_to(PACKAGE).parent
    names = {path.name, path.name.lstrip("_")}
    return any((folder / f"test_{name}").exists() for name in names)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in MODULES
        if inside(name).startswith(("signing", "gateway.protocol", "errors"))
    ],
)
def test_no_clock_and_no_network_below_the_client(name: str) -> None:
    """No import of signing or gateway.protocol ends at a socket or a clock."""
    for module in closure(name):
        world = {i for i in imports(module) if f"{i}.".startswith(WORLD)}
        assert not world, f"{module} (from {name})"


def test_the_layers_are_there() -> None:
    """The tests above look at something."""
    assert "kesspay.signing.reference.canonical" in MODULES
    assert "kesspay.gateway.protocol" in MODULES
    assert "kesspay.errors" in closure("kesspay.gateway.protocol")


#: All that the canonical form needs of the rest: another language can port it.
REFERENCE_NEEDS = ("errors", "signing.profile", "signing.reference")


@pytest.mark.parametrize(
    "name", [name for name in MODULES if inside(name).startswith("signing.reference")]
)
def test_the_reference_stands_alone(name: str) -> None:
    """signing.reference imports of kesspay only the errors and the Profile."""
    for target in (inside(i) for i in imports(name) if i.startswith("kesspay.")):
        assert target in REFERENCE_NEEDS or target.startswith("signing.reference."), (
            f"{name} imports kesspay.{target}"
        )


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_short(name: str) -> None:
    """A module has fewer than 600 lines."""
    lines = MODULES[name].read_text(encoding="utf-8").count("\n")
    assert lines < 600


def test_one_file_knows_openssl() -> None:
    """No C source but libcrypto.h includes a header of OpenSSL."""
    sources = [*ROOT.glob("csrc/src/*.[ch]"), *ROOT.glob("csrc/include/*.h")]
    knowing = {
        path.name
        for path in sources
        if re.search(r"#\s*include\s*<openssl/", path.read_text(encoding="utf-8"))
    }
    assert knowing == {"libcrypto.h"}


def macro(name: str) -> str:
    """Read the value of a macro of kess.h."""
    header = (ROOT / "csrc/include/kess.h").read_text(encoding="utf-8")
    found = re.search(rf"^#define {name} (\d+)$", header, re.MULTILINE)
    assert found is not None
    return found[1]


def test_versions_agree() -> None:
    """kess.h and kesspay are released together, under one version."""
    text = (PACKAGE / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__: Final = "([0-9.]+)', text, re.MULTILINE)
    assert found is not None
    parts = [macro(f"KESS_VERSION_{part}") for part in ("MAJOR", "MINOR", "PATCH")]
    assert found[1] == ".".join(parts)


def names_in_c(text: str) -> set[str]:
    """Collect the functions and constants that a C declaration file names."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    constants = set(re.findall(r"\bKESS_[A-Z0-9_]+\b", text))
    return constants | set(re.findall(r"\bkess_[a-z0-9_]+(?=\()", text))


def test_the_bindings_see_the_whole_header() -> None:
    """kess.cdef.h declares every function and constant of kess.h."""
    header = names_in_c((ROOT / "csrc/include/kess.h").read_text(encoding="utf-8"))
    cdef = names_in_c((ROOT / "bindings/kess.cdef.h").read_text(encoding="utf-8"))
    plumbing = {"KESS_H", "KESS_API", "KESS_BUILD", "KESS_MUST_CHECK", "KESS_STATIC"}
    assert header - plumbing == cdef


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text file of the project with its content."""
    places = ["src", "csrc", "bindings", "tests", "bench", ".ci", ".github", "docs"]
    # In a work tree .git is a file that names a place.
    files = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    for place in places:
        files.extend(path for path in (ROOT / place).rglob("*") if path.is_file())
    for path in sorted(files):
        if "__pycache__" in path.parts or path.name.startswith(
            ("_native", ".coverage")
        ):
            continue
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


#: A comment that has the linter or the type checker pass over a line.
PASSED_OVER = r"# ?(?:n[o]qa(?::[ A-Z0-9,]*)?|type: ?i[g]nore(?:\[[\w, -]*\])?) *"

#: What must not stand in a file, and why. Brackets keep the patterns from
#: finding themselves.
FORBIDDEN = {
    "a place on one machine": r"(?<![\w.~-])/(?:w[o]rk|r[o]ot|h[o]me|U[s]ers)/",
    "the host of a registry": r"py[p]i\.org|pythonh[o]sted\.|npm[j]s\.|d[e]b\.debian",
    "a mark of unfinished work": r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b",
    "a rule that is passed over without a reason": rf"(?m)(?:{PASSED_OVER})+$",
    "a key that is not for tests": r"[a]ws_secret_access_key|gh[p]_[A-Za-z0-9]{36}",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    """No file names a machine, or has unfinished work or a rule without its reason."""
    found = [
        f"{name}: {match[0]}"
        for name, text in texts()
        for match in re.finditer(FORBIDDEN[what], text)
    ]
    assert not found


def test_c_files_name_their_licence() -> None:
    """Every C file says under which licence it can be copied alone."""
    files = [
        path
        for folder in ("csrc", "bindings")
        for path in (ROOT / folder).rglob("*.[ch]")
        if path.name != "kess.csrc.c"
    ]
    assert len(files) > 10
    for path in files:
        head = path.read_text(encoding="utf-8")[:600]
        assert "SPDX-License-Identifier: Apache-2.0" in head, path.name
