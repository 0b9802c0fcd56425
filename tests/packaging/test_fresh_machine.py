"""The first command of the README on a machine that has only Python and make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.packaging.wheels import compilers, copy_tree, hiding, run


if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.network


@pytest.mark.usefixtures("needs_hiding")
def test_demo_without_a_compiler(tmp_path: Path) -> None:
    """`make demo` says in one line what is missing, and continues without it."""
    tree = copy_tree(tmp_path / "tree")
    done = run(*hiding(*compilers()), "make", "demo", cwd=tree)
    assert done.code == 0, done.output
    said = [line for line in done.output.splitlines() if "pure Python" in line]
    assert len(said) == 1
    assert "libssl-dev" in said[0]


def test_demo_with_everything(tmp_path: Path) -> None:
    """`make demo` builds the native core where that is possible; twice is quick."""
    tree = copy_tree(tmp_path / "tree")
    for installs in (True, False):
        done = run("make", "demo", cwd=tree)
        assert done.code == 0, done.output
        assert "pure Python" not in done.output
        lines = done.output.splitlines()
        assert lines[0].startswith(".venv: installing") is installs
        assert lines[installs].startswith("A whole fund transfer")
