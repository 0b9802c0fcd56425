"""The table of versions names those that answered the stored vectors."""

from __future__ import annotations

import re

from tests.support.pages import DOCS
from tests.support.vectors import VECTORS, read_origin


PAGE = (DOCS / "reference/compatibility.md").read_text(encoding="utf-8")


def test_every_judge_is_named() -> None:
    """PHP and OpenSSL stand there in the versions that really answered."""
    answered = {
        version
        for path in VECTORS.glob("*.jsonl.gz")
        for version in re.findall(
            r"(?:PHP|OpenSSL) (\d+\.\d+\.\d+)", read_origin(path.name)["answered_by"]
        )
    }
    assert len(answered) >= 4
    for version in answered:
        assert version in PAGE
