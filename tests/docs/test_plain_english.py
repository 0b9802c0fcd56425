"""The pages say who does what: they avoid words that leave it open."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.support.pages import ROOT


PAGES: Final = [
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("csrc/README.md", "tests/README.md"),
    *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/**/*.md"))),
]

#: What stands for each: "is returned", "reports", "the caller", "no process",
#: "automatically", "continues", "workflow".
VAGUE: Final = (
    *("told", "tells", "somebody", "someone", "anybody", "nobody", "whoever"),
    *("by itself", "by themselves", "goes on", "go on", "at leisure", "mended"),
    *("course", "desk", "what people use"),
)


@pytest.mark.parametrize("page", PAGES)
def test_no_vague_words(page: str) -> None:
    """No page has a word for which a plainer one exists."""
    text = (ROOT / page).read_text(encoding="utf-8")
    pattern = rf"\b(?:{'|'.join(VAGUE)})\b".replace(" ", r"\s+")
    assert re.findall(pattern, text, re.IGNORECASE) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_merge_was_left_open(page: str) -> None:
    """No page has both versions of a paragraph, with the marks of git."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert not re.search(r"^(?:<{7}|>{7}) ", text, re.MULTILINE)
