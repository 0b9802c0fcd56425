"""`make` says in one line what takes long, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.packaging.wheels import ROOT, run


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with the Makefile, and empty files where it names some."""
    for name in (
        *("pyproject.toml", "src/kesspay/_version.py", "bindings/CMakeLists.txt"),
        *("bindings/kess.cdef.h", "bindings/kess.csrc.c", "bindings/module.c"),
        *("bindings/native.map", "bindings/sbom.py"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("target", "needs", "lines"),
    [
        ("demo-ready", "what the demo needs", 1),
        ("test-ready", "what the tests need", 1),
        ("bench-ready", "what the benchmarks need", 1),
        ("docs-ready", "what the site needs", 2),
    ],
)
def test_what_takes_long_is_said(
    target: str, needs: str, lines: int, tree: Path
) -> None:
    """An installation says what it is for and how long it takes; a second, nothing."""
    # "true" stands for Python: nothing is installed here.
    done = run("make", "PYTHON=true", f".venv/{target}", cwd=tree)
    assert done.code == 0, done.output
    said = done.output.splitlines()
    assert len(said) == lines, done.output
    assert said[-1].startswith(f".venv: installing {needs}")
    assert said[-1].endswith(" the first time)")
    assert "building the core in C" in said[0]


def test_a_pure_installation_builds_nothing(tree: Path) -> None:
    """With KESSPAY_PURE no core is built, and none is promised."""
    done = run(
        *("make", "PYTHON=true", ".venv/demo-ready"),
        cwd=tree,
        env={"KESSPAY_PURE": "1"},
    )
    assert done.output.splitlines() == [
        ".venv: installing what the demo needs (about a minute the first time)"
    ]
