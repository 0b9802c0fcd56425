"""What is cited of the API document, which is not part of the repository, is in it."""

from __future__ import annotations

import re
from typing import Final

from tests.support.pages import ROOT


#: The titles of the API document, and of the parts of each service.
TITLES: Final = frozenset(
    {
        "INTRODUCTION",
        "Business process model",
        "GET ACCESS TOKEN",
        "API GATEWAY SPECIFICATION",
        "FUND TRANSFER",
        "CREATE UNIFIED FUND TRANSFER",
        "CONFIRM FUND TRANSFER",
        "QUERY FUND TRANSFER",
        "Signature algorithm (PHP)",
        "Make signature",
        "Verify signature",
        "API Introduction",
        "Headers",
        "Parameters",
        "Sample Parameters",
        "Sample success response",
        "Sample fail response",
        "Response data",
        "Response success data",
        "Response fail",
        "Error code review",
    }
)
#: A citation: "API document" and the titles that follow it.
_CITED: Final = re.compile(
    r'API document(?:, sections?)?,? ((?:(?:,? ?and |, )?"[^"]+")+)'
)


def test_every_title_exists() -> None:
    """A source that names a part of the API document names one that is there."""
    cited = [
        (path.relative_to(ROOT).as_posix(), title)
        for folder, kind in (("src", "*.py"), ("docs", "*.md"), ("csrc", "*.[ch]"))
        for path in sorted((ROOT / folder).rglob(kind))
        for found in _CITED.finditer(_one_line(path.read_text("utf-8")))
        for title in re.findall(r'"([^"]+)"', found[1])
    ]
    assert len(cited) >= 20
    assert [(path, title) for path, title in cited if title not in TITLES] == []


def _one_line(text: str) -> str:
    """Join lines, without the marks of comments."""
    return " ".join(re.sub(r"^\s*(?:#:?|\*|//)", "", text, flags=re.MULTILINE).split())
