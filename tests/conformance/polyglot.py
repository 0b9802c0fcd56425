"""
Run the adapters and runners of the kit, with right or broken code in them.

The right one is kesspay behind the same protocol. The program in the other language
reaches it through two named pipes, which every language opens like files.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.conftest import missing


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["HERE", "LANGUAGES", "Language", "behind", "completed", "needed"]

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]

#: What the user replaces, with the lines around it.
_YOURS: Final = re.compile(
    r"[^\n]*---- your code.*?---- end of your code[^\n]*\n", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Language:
    """
    A language of the kit.

    Args:
        name: of the language.
        adapter: name of its adapter.
        runner: name of its runner.
        tools: programs that it needs.
        start: what runs a source file.
        slow: whether starting takes a second or more.
    """

    name: str
    adapter: str
    runner: str
    tools: tuple[str, ...]
    start: tuple[str, ...]
    slow: bool = False

    @property
    def ending(self) -> str:
        """How its source files end."""
        return Path(self.adapter).suffix

    def command(self, source: Path) -> list[str]:
        """Return what runs a source file; C# is compiled first."""
        if self.ending != ".cs":
            return [*self.start, str(source)]
        program = source.with_suffix(".exe")
        subprocess.run(
            ["mcs", "-warnaserror", f"-out:{program}", str(source)],
            check=True,
            capture_output=True,
        )
        return [*self.start, str(program)]


LANGUAGES: Final = (
    Language("PHP", "adapter.php", "runner.php", ("php",), ("php",)),
    Language("Node", "adapter.mjs", "runner.mjs", ("node",), ("node",)),
    Language("Go", "adapter.go", "runner.go", ("go",), ("go", "run"), slow=True),
    Language("Ruby", "adapter.rb", "runner.rb", ("ruby",), ("ruby",), slow=True),
    Language("Java", "Adapter.java", "Runner.java", ("java",), ("java",), slow=True),
    Language("C#", "Adapter.cs", "Runner.cs", ("mcs", "mono"), ("mono",), slow=True),
)


def needed(language: Language) -> None:
    """Skip the test where the language is not installed."""
    for tool in language.tools:
        if shutil.which(tool) is None:
            missing(f"{tool} is not installed", "KESSPAY_REQUIRE_LANGUAGES")


def completed(program: Path, code: str, target: Path) -> Path:
    """Put other code into an adapter or a runner, as its user does."""
    text, count = _YOURS.subn(lambda _: code, program.read_text(encoding="utf-8"))
    assert count == 1
    if program.suffix == ".go":
        for package in ("bytes", "sort", "strings", "unicode/utf16"):
            used = f"{package.rpartition('/')[2]}." in code
            if used and f'\t"{package}"\n' not in text:
                text = text.replace("import (\n", f'import (\n\t"{package}"\n', 1)
    path = target / program.name
    path.write_text(text, encoding="utf-8")
    return path


@contextlib.contextmanager
def behind(command: Sequence[str], folder: Path) -> Iterator[dict[str, str]]:
    """
    Let a program answer one other program through named pipes.

    Args:
        command: a program that speaks the protocol of the kit.
        folder: for the pipes.

    Returns:
        the variables that lead to it; KESS_OPS names what it is asked.
    """
    pipes = folder / "pipes"
    shutil.rmtree(pipes, ignore_errors=True)
    pipes.mkdir()
    for name in ("in", "out"):
        os.mkfifo(pipes / name)
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <"$0/in" >"$0/out"', str(pipes), *command]
    )
    try:
        yield {"KESS_RIGHT": str(pipes)}
    finally:
        process.kill()
        process.wait(30)
