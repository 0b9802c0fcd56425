"""
The list of rules, each with a mutation that breaks it. See README.md here.

``rules/*.toml`` hold the list. A mutation is a snippet of a source file, which
must be there exactly once, and what stands in its place.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final


__all__ = ["C_RULES", "PYTHON_RULES", "ROOT", "Rule"]

ROOT: Final = Path(__file__).resolve().parents[2]
_LISTS: Final = Path(__file__).resolve().parent / "rules"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A rule, and how to break it.

    Attributes:
        id: names it in the table.
        rule: what holds, in one sentence.
        source: where it is asked for; README.md explains the letters.
        file: that keeps the rule, from the root of the project.
        original: the snippet that keeps it.
        replacement: what breaks it.
        tests: what must fail then: pytest ids, or names of C tests; "command"
            is csrc/command/test.
    """

    id: str
    rule: str
    source: str
    file: str
    original: str
    replacement: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file that keeps the rule."""
        return ROOT / self.file

    @property
    def module(self) -> str:
        """The dotted name of a Python file."""
        return ".".join(Path(self.file).with_suffix("").parts[1:])

    def mutated(self) -> str:
        """
        Return the text of the file with the rule broken.

        Raises:
            ValueError: the snippet is not there exactly once.
        """
        text = self.path.read_text(encoding="utf-8")
        count = text.count(self.original)
        if count != 1:
            raise ValueError(
                f"{self.id}: {self.file} holds the snippet {count} times, not once"
            )
        return text.replace(self.original, self.replacement)


def _read(name: str) -> tuple[Rule, ...]:
    with (_LISTS / f"{name}.toml").open("rb") as file:
        found = tomllib.load(file)["rule"]
    return tuple(Rule(**{**row, "tests": tuple(row["tests"])}) for row in found)


#: The rules kept by Python code, and those kept by the C core and its command.
PYTHON_RULES: Final = tuple(
    rule
    for name in (
        *("signing", "gateway", "transfers", "secrets", "audit", "conformance"),
        "sandbox",
    )
    for rule in _read(name)
)
C_RULES: Final = (*_read("core"), *_read("command"))
