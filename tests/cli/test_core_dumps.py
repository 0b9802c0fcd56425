"""Whether a crash would write keys to a file."""

from __future__ import annotations

import runpy
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kesspay.cli import core_dumps as module
from kesspay.cli.core_dumps import core_dumps


if TYPE_CHECKING:
    from pathlib import Path


resource = pytest.importorskip("resource")


def set_limit(monkeypatch: pytest.MonkeyPatch, soft: int) -> None:
    """Let this process have another limit."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, -1))


def test_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a limit there is something to do."""
    set_limit(monkeypatch, -1)
    found, fix = core_dumps(tmp_path / "missing")
    assert "to a file" in found
    assert "ulimit -c 0" in fix


def test_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of 0, and a pattern of a file, there is none."""
    set_limit(monkeypatch, 0)
    pattern = tmp_path / "pattern"
    pattern.write_text("core.%p\n")
    assert core_dumps(pattern) == ("off", "")


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("|/lib/systemd/systemd-coredump %P %u %g", "systemd-coredump"),
        ("|", "a program"),
    ],
)
def test_a_program(
    text: str, program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No limit holds for a program that is given core dumps."""
    set_limit(monkeypatch, 0)
    pattern = tmp_path / "pattern"
    pattern.write_text(text + "\n")
    found, fix = core_dumps(pattern)
    assert found.startswith(f"{program} would be given")
    assert fix


def test_a_system_without_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has no module for them: where nothing can be known nothing is claimed."""
    monkeypatch.setitem(sys.modules, "resource", None)
    there = runpy.run_path(module.__file__)
    assert there["core_dumps"](tmp_path) == ("not known on this system", "")


def test_the_advice(tmp_path: Path) -> None:
    """What is advised is what helps."""
    code = "from kesspay.cli.core_dumps import *; print(*core_dumps(Path({!r})))"
    program = f"from pathlib import Path; {code.format(str(tmp_path / 'none'))}"
    shell = 'ulimit -c 0; "$0" -c "$1"'
    done = subprocess.run(
        ["sh", "-c", shell, sys.executable, program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["off"]
