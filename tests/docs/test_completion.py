"""The lines about shell completion on the page of the command line do what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import blocks


#: The lines of the page, for each shell.
BASH, ZSH, FISH = (
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
try kesspay journal list --state un
ask() { COMP_WORDS="$1" COMP_CWORD="$2" _KESSPAY_COMPLETE=bash_complete kesspay; }
ask "kesspay audit traff" 2
ask "kesspay journal list --journal traff" 4
ask "kesspay audit --journal traff" 3
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
    assert done.stdout.splitlines()[:4] == ["transfer", "show", "--watch", "unknown"]
    # The shell then completes a file that begins like this.
    assert done.stdout.splitlines()[4:] == ["file,traff"] * 3


def test_zsh_has_the_lines() -> None:
    """The lines for zsh name its script."""
    assert "_KESSPAY_COMPLETE=zsh_source kesspay" in ZSH


@pytest.mark.thorough
def test_zsh_completes(tmp_path: Path) -> None:
    """After the lines zsh completes commands, states and files."""
    if shutil.which("zsh") is None:
        pytest.skip("no zsh is installed")
    script = f"""autoload -Uz compinit && compinit -u
{ZSH}
echo $_comps[kesspay]
# What the script gives to the shell, which only a terminal would show.
_describe() {{ print -r -- ${{(P)3}}; }}
compadd() {{ print -r -- ${{(P)@[-1]}}; }}
_path_files() {{ print -r -- file $@; }}
try() {{ words=("$@") CURRENT=$#; _kesspay_completion; }}
try kesspay journal sho
try kesspay journal list --state un
try kesspay audit traff
"""
    done = subprocess.run(
        ["zsh", "-fc", script],
        env={"PATH": PATH, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    completes, show, state, file = done.stdout.splitlines()
    assert completes == "_kesspay_completion", done.stderr
    assert show.startswith("show:Show ")
    assert (state, file) == ("unknown", "file -f")


@pytest.fixture(scope="module")
def fish_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home in which the lines for fish were executed, by fish itself."""
    home = tmp_path_factory.mktemp("fish")
    done = subprocess.run(
        [shutil.which("fish") or "sh", "-c", FISH],
        cwd=home,
        env={"PATH": PATH, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return home


def test_the_script_for_fish_is_written(fish_home: Path) -> None:
    """The lines of the page write a script that completes kesspay."""
    written = fish_home / ".config" / "fish" / "completions" / "kesspay.fish"
    assert "complete --no-files --command kesspay" in written.read_text("utf-8")


def test_fish_completes(fish_home: Path) -> None:
    """After the lines fish completes commands."""
    if shutil.which("fish") is None:
        pytest.skip("no fish is installed")
    completed = subprocess.run(
        ["fish", "-c", "complete -C 'kesspay journal sho'"],
        env={"PATH": PATH, "HOME": str(fish_home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout.startswith("show\t"), completed.stderr
