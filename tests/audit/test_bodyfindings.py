"""What is said about a body that is refused; test_explain.py has the real ones."""

from __future__ import annotations

import pytest

from kesspay.audit.bodyfindings import about_text
from kesspay.audit.report import Refusal


@pytest.mark.parametrize(
    ("position", "code", "words"),
    [
        (None, "body_syntax", "the body is refused: no JSON"),
        (3, "body_syntax", "the body is refused: no JSON, near '[1,]'"),
        (4, "body_truncated", "at byte 4"),
    ],
)
def test_where_a_text_stops(position: int | None, code: str, words: str) -> None:
    """What stands around the fault is shown, where its place is known."""
    found = about_text(b"[1,]", Refusal("syntax", "no JSON", position))
    assert found.code == code
    assert found.text.endswith(words)
