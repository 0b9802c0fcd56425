"""Read the pages of the documentation: their blocks of code and their tables."""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from types import ModuleType


ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"

_BLOCK: Final = re.compile(
    r"^(?:<!-- not run: (?P<why>.+?) -->\n+)?```(?P<language>[\w+-]*)\n"
    r"(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"<!-- not run: ")


@dataclass(frozen=True)
class Block:
    """
    A fenced block of a page.

    Attributes:
        page: the page, "howto/keys.md".
        line: of its first line of code.
        language: what stands behind the fence.
        code: its lines.
        not_run: why it is not run, or "".
    """

    page: str
    line: int
    language: str
    code: str
    not_run: str


def pages() -> list[str]:
    """Return the names of all pages, without README files of other folders."""
    return sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def blocks(page: str, *languages: str) -> list[Block]:
    """Return the fenced blocks of a page, of some languages or of all."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = list(_BLOCK.finditer(text))
    marks = [match for match in found if match["why"]]
    assert len(marks) == len(_COMMENT.findall(text)), f"{page}: a mark without a block"
    return [
        Block(
            page,
            text.count("\n", 0, match.start("code")) + 1,
            match["language"],
            match["code"],
            match["why"] or "",
        )
        for match in found
        if not languages or match["language"] in languages
    ]


def tables(page: str, header: str) -> list[list[str]]:
    """Return the rows of all tables of a page that have this header."""
    text = (DOCS / page).read_text(encoding="utf-8")
    rows = []
    for part in text.split(header)[1:]:
        table = part.strip("\n").partition("\n\n")[0]
        for row in table.splitlines()[1:]:
            cells = re.split(r"(?<!\\)\|", row.strip().strip("|"))
            rows.append([cell.strip().replace(r"\|", "|") for cell in cells])
    return rows


def code_span(cell: str) -> str | None:
    """Return what a cell shows as code, or None where it shows something else."""
    found = re.fullmatch(r"`(.*)`|`` (.*) ``", cell)
    return (found[1] or found[2]) if found else None


def site_module(name: str) -> ModuleType:
    """Import a module of docs/_site, which is in no package."""
    folder = str(DOCS / "_site")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)
