"""The lines about shell completion on the page of the command line do what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import blocks


#: The lines of the page, for bash and for fish.
BASH, FISH = (
    block.code for block in blocks("cli.md", "sh") if "_KESSPAY_COMPLETE" in block.code
)
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def test_bash_completes(tmp_path: Path) -> None:
    """After the line of the page bash completes commands and options."""
    if shutil.which("bash") is None:
        pytest.skip("no bash is installed")
    script = (
        BASH
        + """
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        _kesspay_completion kesspay; echo "${COMPREPLY[@]}"; }
try kesspay tran
try kesspay journal sho
try kesspay resume --wat
"""
    )
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={"PATH": PATH, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Outside of an interactive shell bash has no options of completion to set.
    assert done.stdout.splitlines() == ["transfer", "show", "--watch"]


def test_the_script_for_fish_is_written(tmp_path: Path) -> None:
    """The line of the page writes a script that completes kesspay."""
    (tmp_path / ".config" / "fish" / "completions").mkdir(parents=True)
    done = subprocess.run(
        ["sh", "-c", FISH],
        cwd=tmp_path,
        env={"PATH": PATH, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = tmp_path / ".config" / "fish" / "completions" / "kesspay.fish"
    assert "complete --no-files --command kesspay" in written.read_text("utf-8")
