"""
Run the adapters and runners of the kit, with right or broken code in them.

The right one is kesspay behind the same protocol. The program in the other language
reaches it through two named pipes, which every language opens like files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kesspay.conformance.kit import FOLDER
from tests.conftest import missing


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["HERE", "LANGUAGES", "Language", "behind", "completed", "needed"]

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]


@dataclass(frozen=True, slots=True)
class Language:
    """
    A language of the kit.

    Args:
        name: of the language.
        folder: of the kit, with what belongs to the language.
        code: name of the file with the user's code.
        adapter: name of its adapter.
        runner: name of its runner.
        tools: programs that it needs.
        start: what runs a program.
        slow: whether starting takes a second or more.
    """

    name: str
    folder: str
    code: str
    adapter: str
    runner: str
    tools: tuple[str, ...]
    start: tuple[str, ...]
    slow: bool = False

    @property
    def ending(self) -> str:
        """How its source files end."""
        return Path(self.code).suffix

    def command(self, program: Path) -> list[str]:
        """Return what runs a program beside its code, compiled where it has to be."""
        code = program.with_name(self.code)
        if self.ending == ".java":
            subprocess.run(["javac", str(program), str(code)], check=True)
            return [*self.start, "-cp", str(program.parent), program.stem]
        if self.ending == ".cs":
            built = program.with_suffix(".exe")
            subprocess.run(
                ["mcs", "-warnaserror", f"-out:{built}", str(program), str(code)],
                check=True,
                capture_output=True,
            )
            return [*self.start, str(built)]
        others = [str(code)] if self.ending == ".go" else []
        return [*self.start, str(program), *others]


def _language(
    name: str, folder: str, ending: str, *start: str, slow: bool = True
) -> Language:
    """Return a language whose files are named alike."""
    code, adapter, runner = (f"{of}.{ending}" for of in ("kess", "adapter", "runner"))
    return Language(name, folder, code, adapter, runner, start[:1], start, slow)


LANGUAGES: Final = (
    _language("PHP", "php", "php", "php", slow=False),
    _language("Node", "node", "mjs", "node", slow=False),
    _language("Go", "go", "go", "go", "run"),
    _language("Ruby", "ruby", "rb", "ruby"),
    Language(
        "Java",
        "java",
        "Kess.java",
        "Adapter.java",
        "Runner.java",
        tools=("java", "javac"),
        start=("java",),
        slow=True,
    ),
    Language(
        "C#",
        "csharp",
        "Kess.cs",
        "Adapter.cs",
        "Runner.cs",
        tools=("mcs", "mono"),
        start=("mono",),
        slow=True,
    ),
)


def needed(language: Language) -> None:
    """Skip the test where the language is not installed."""
    for tool in language.tools:
        if shutil.which(tool) is None:
            missing(f"{tool} is not installed", "KESSPAY_REQUIRE_LANGUAGES")


def completed(language: Language, target: Path, code: str | None = None) -> Path:
    """Copy what the kit has for a language, with other code, as its user writes it."""
    folder = target / language.folder
    shutil.copytree(FOLDER / language.folder, folder, dirs_exist_ok=True)
    if code is not None:
        (folder / language.code).write_text(code, encoding="utf-8")
    return folder


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
