"""The page of the matrix says what the programs do."""

from __future__ import annotations

import pytest

from tests.conformance.matrix import PAGE, PROGRAMS, columns_of, fresh, page, ran_line
from tests.conftest import missing
from tests.support.kit import stored_kit


@pytest.fixture(scope="module")
def text() -> str:
    """Return the page."""
    return PAGE.read_text(encoding="utf-8")


def test_the_page_is_read_as_it_was_written(text: str) -> None:
    """Reading the columns and writing them again changes nothing."""
    columns = columns_of(text)
    assert list(columns) == [program.title for program in PROGRAMS]
    assert page(stored_kit(), columns, ran_line(text)) == text


@pytest.mark.languages
def test_the_page_is_what_the_programs_do(text: str) -> None:
    """The programs that are installed are run again, with the whole kit."""
    ran = ran_line(text)
    columns = fresh(stored_kit(), columns_of(text), ran)
    assert page(stored_kit(), columns, ran) == text


@pytest.mark.parametrize(
    "title", [one.title for one in PROGRAMS if "kess" in one.title]
)
def test_ours_break_nothing(text: str, title: str) -> None:
    """Kesspay and libkess pass every case of every level."""
    column = columns_of(text)[title]
    assert column.summary[:4] == ("0", "ok", "ok", "ok")
    assert set(column.cells.values()) <= {"ok", "-"}


@pytest.mark.languages
def test_nothing_is_left_out_where_all_is_required() -> None:
    """Where every language has to be there, every program of theirs is run."""
    away = [
        program.title
        for program in PROGRAMS
        if not program.is_there() and "libkess" not in program.title
    ]
    if away:
        missing(f"not installed: {', '.join(away)}", "KESSPAY_REQUIRE_LANGUAGES")
