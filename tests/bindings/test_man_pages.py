"""The man pages of libkess: one for each function, each with a program."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest


ROOT: Final = Path(__file__).resolve().parents[2]


def made(root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Write the pages of the header below a root."""
    return subprocess.run(
        [sys.executable, "-B", root / "csrc/tools/make_man.py", folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy what the program reads."""
    for name in ("tools", "examples", "include"):
        shutil.copytree(ROOT / "csrc" / name, tmp_path / "csrc" / name)
    return tmp_path


def test_every_page_shows_a_program_that_calls_its_function(tmp_path: Path) -> None:
    """Each function of kess.h has a page, or shares one, whose program calls it."""
    assert made(ROOT, tmp_path).returncode == 0
    header = (ROOT / "csrc/include/kess.h").read_text()
    functions = set(re.findall(r"\b(kess_\w+)\(", header.partition("*/")[2]))
    pages = {path.stem: path.read_text() for path in tmp_path.iterdir()}
    assert functions == pages.keys() - {"kess"}
    targets = {
        name: re.fullmatch(r"\.so man3/(\w+)\.3\n", page)
        for name, page in pages.items()
    }
    for name, page in pages.items():
        if targets[name]:
            continue
        program = page.partition("\n.SH EXAMPLES\n")[2]
        assert "int main(" in program, name
        names = [name, *(one for one, to in targets.items() if to and to[1] == name)]
        assert name == "kess" or any(f"{one}(" in program for one in names), names


def test_a_function_without_a_program_is_named(copy: Path, tmp_path: Path) -> None:
    """A function that no example calls gets no page without one."""
    header = copy / "csrc/include/kess.h"
    text = header.read_text()
    new = "/* New. */\nKESS_API int kess_new(const kess_key *key);\n\n"
    end = text.rindex("#ifdef __cplusplus")
    header.write_text(text[:end] + new + text[end:])
    done = made(copy, tmp_path / "pages")
    assert done.returncode == 1
    assert "calls kess_new: write one" in done.stderr
