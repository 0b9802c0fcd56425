"""What programs, messages and files of the kit name as a page is one."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from kesspay._pages import Page
from tests.support.pages import ROOT


if TYPE_CHECKING:
    from pathlib import Path

_NAMED: Final = re.compile(r"\bdocs/[\w/.-]+\.md(?:#[\w-]+)?")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)

#: Where texts are that reach a user, with the ends of their names.
FOLDERS: Final = ("src/kesspay", "csrc/src", "csrc/include", "csrc/command", "bindings")
ENDS: Final = {".py", ".c", ".h", ".in", ".json", ".js", ".ts", ".go", ".php", ".toml"}
#: These stand for a page in the docstrings that explain them.
EXAMPLES: Final = {"docs/PAGE.md", "docs/PAGE.md#HEADING"}


@cache
def anchors(page: str) -> frozenset[str]:
    """Return the anchors of a page, as the site and hosts of repositories make them."""
    text = (ROOT / page).read_text("utf-8")
    found = set()
    for heading in _HEADING.findall(text):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)|[`*]", r"\1", heading)
        found.add(Page(page, "", plain).link.partition("#")[2])
    return frozenset(found)


def named(folder: str) -> dict[str, set[Path]]:
    """Return the pages that the files of a folder name, and which do."""
    found: dict[str, set[Path]] = {}
    for path in sorted((ROOT / folder).rglob("*")):
        if path.suffix not in ENDS or "node_modules" in path.parts:
            continue
        for link in _NAMED.findall(path.read_text("utf-8")):
            found.setdefault(link, set()).add(path.relative_to(ROOT))
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_pages_that_are_named_exist(folder: str) -> None:
    """Each page is there, and each part of it has such a heading."""
    for link, where in named(folder).items():
        page, _, anchor = link.partition("#")
        if link in EXAMPLES:
            continue
        assert (ROOT / page).is_file(), (link, where)
        assert not anchor or anchor in anchors(page), (link, where)


def test_the_kit_and_the_messages_name_pages() -> None:
    """There is something to look for: the rules of the kit, and the messages."""
    assert len(named("src/kesspay")) > 40
