"""Messages name pages that exist, and link to them once they are published."""

from __future__ import annotations

import re
import tomllib
from typing import Final

import pytest

from kesspay import _pages
from kesspay._pages import PAGES, Page, how_to_read, located
from tests.support.pages import DOCS, ROOT


SITE: Final = "https://docs.example/"
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ADDRESSES: Final = {
    "Documentation": _pages.DOCUMENTATION,
    "Repository": _pages.REPOSITORY,
}


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the documentation be published."""
    monkeypatch.setattr(_pages, "DOCUMENTATION", SITE)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_exists(name: str) -> None:
    """Path, title and heading are those of a page of the site."""
    page = PAGES[name]
    path = ROOT / page.path
    headings = [
        found.replace("`", "") for found in _HEADING.findall(path.read_text("utf-8"))
    ]
    assert path.is_relative_to(DOCS)
    assert headings[0] == page.title
    assert not page.heading or page.heading in headings[1:]


def test_each_note_of_the_probe_has_a_part() -> None:
    """The notes are numbered from 1 on, without a gap."""
    text = (ROOT / PAGES["notes"].path).read_text("utf-8")
    assert re.findall(r"^## (\d+)\. ", text, re.MULTILINE) == [
        str(number) for number in range(1, 29)
    ]


def test_before_the_documentation_is_published() -> None:
    """A page is named by its path in the sources, with the command that builds it."""
    page = Page("docs/runbook.md", "Runbook", "Answers do not verify")
    assert page.link == "docs/runbook.md#answers-do-not-verify"
    assert str(page) == f'Runbook, "Answers do not verify": {page.link}'
    assert str(Page("docs/cli.md", "The command line")) == (
        "The command line: docs/cli.md"
    )
    assert "make docs" in how_to_read()


@pytest.mark.usefixtures("published")
def test_after_the_documentation_is_published() -> None:
    """A page is named by its address."""
    page = Page("docs/howto/keys.md", "Keys", "Load it")
    assert located(page.link) == f"{SITE}howto/keys.html#load-it"
    assert located("docs/index.md") == f"{SITE}index.html"
    assert str(page) == f'Keys, "Load it": {SITE}howto/keys.html#load-it'
    assert how_to_read() == ""


def test_the_package_names_the_same_addresses() -> None:
    """The metadata has exactly the addresses that messages and the site have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    urls = project.get("urls", {})
    for name, address in _ADDRESSES.items():
        assert urls.get(name, "") == address
        assert not address or address.startswith("https://")
    assert _pages.DOCUMENTATION in {"", _pages.DOCUMENTATION.rstrip("/") + "/"}
