"""What Gson of Java signs, in its own words, is named."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from kesspay.explain.mistakes import Style
from kesspay.explain.render import quote
from tests.conftest import missing
from tests.explain import record_gson
from tests.explain.test_mistakes import BY_HAND, RICH, assert_named_to_both, explained


pytestmark = pytest.mark.usefixtures("backend")

ANSWERS: Final[dict[str, Any]] = json.loads(record_gson.RECORDED.read_text())


def test_the_whole_text_is_named() -> None:
    """Gson's own text is the one that the other tests make by hand."""
    assert ANSWERS["judge"].startswith("gson-")
    assert BY_HAND["library_gson"] == ANSWERS["nulls"]
    assert_named_to_both(RICH, ANSWERS["nulls"].encode(), "library_gson")


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        ("raw", ("library_gson_plain",)),
        ("plain", ("values_no_null", "library_gson")),
        ("parsed", ("library_gson_tree",)),
    ],
)
def test_the_other_ways_of_gson(answer: str, codes: tuple[str, ...]) -> None:
    """Without HTML escaping, without nulls, and with numbers as they were read."""
    assert explained(RICH, ANSWERS[answer].encode()).mistakes == codes


def test_a_text_of_gson_that_another_library_may_have_written() -> None:
    """Without HTML escaping and line separators it is that of other libraries."""
    text = ANSWERS["raw"].replace("\\u2028", "")
    found = explained(RICH.replace("\\u2028", ""), text.encode())
    assert found.mistakes == ("library_java",)


@pytest.mark.parametrize(
    ("answer", "html"), [("escapes", "gson"), ("escapes_raw", "raw")]
)
def test_every_character(answer: str, html: str) -> None:
    """Each character of the Basic Multilingual Plane is written as Gson writes it."""
    style = Style(html=html, slashes="raw", unicode="raw")
    for point in (*range(0xD800), *range(0xE000, 0x10000)):
        written = ANSWERS[answer].get(f"{point:04x}", chr(point))
        assert quote(chr(point), style) == f'"{written}"', hex(point)


@pytest.mark.languages
def test_the_record_is_what_gson_says() -> None:
    """A live Gson gives the recorded answers."""
    if not record_gson.is_there():
        missing("Java and Debian's Gson are not installed", "KESSPAY_REQUIRE_LANGUAGES")
    answer = record_gson.asked()
    assert answer | {"judge": ""} == ANSWERS | {"judge": ""}
