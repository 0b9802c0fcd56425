"""The stored kit is what the judges answer today."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conformance.build import KitFiles, make_kit, written


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.php import Php


@pytest.mark.thorough
def test_the_judges_give_the_stored_kit(
    php: Php,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Making the kit again changes nothing; an ordinary run makes few mistakes."""
    assert make_kit(1 if whole else 100).difference() is None


def small(answer: int = 1, by: str = "PHP 8.2.0") -> KitFiles:
    """Return a kit of one file."""
    content = {"answered_by": [by], "cases": [{"answer": answer}]}
    return KitFiles([1], {"cases/document.json": content})


def test_differences_are_found(tmp_path: Path) -> None:
    """A missing file, another answer and a file too many are differences."""
    (tmp_path / "cases").mkdir()
    assert small().difference(tmp_path) == "has no cases/document.json"
    small().write(tmp_path)
    assert small().difference(tmp_path) is None
    assert small(2).difference(tmp_path) == "has another cases/document.json"
    (tmp_path / "cases/other.json").touch()
    assert small().difference(tmp_path) == "has also cases/other.json"


def test_a_newer_php_with_the_same_answers_changes_nothing(tmp_path: Path) -> None:
    """The name of the judge changes only together with an answer."""
    (tmp_path / "cases").mkdir()
    small().write(tmp_path)
    newer = small(by="PHP 8.5.0")
    assert newer.difference(tmp_path) is None
    newer.write(tmp_path)
    assert "8.2.0" in (tmp_path / "cases/document.json").read_text(encoding="ascii")
    small(2, "PHP 8.5.0").write(tmp_path)
    assert "8.5.0" in (tmp_path / "cases/document.json").read_text(encoding="ascii")


def test_a_file_has_an_entry_a_line() -> None:
    """So a changed case is a changed line."""
    text = written({"format": 1, "cases": [{"a": 1}, {"b": 2}], "empty": []})
    assert json.loads(text) == {"format": 1, "cases": [{"a": 1}, {"b": 2}], "empty": []}
    assert text.count("\n") == 6
