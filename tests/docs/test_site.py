"""The site builds without a warning, is whole, and needs no other host."""

from __future__ import annotations

import codeop
import json
import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
import yaml

import kesspay
from kesspay._pages import PAGES, REPOSITORY
from tests.support.pages import ROOT, blocks, pages


if TYPE_CHECKING:
    from pathlib import Path


class Reader(HTMLParser):
    """Collects what a page loads, where it leads, and its anchors."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.ids: list[str] = []
        self.levels: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        found = dict(attrs)
        for name in ("id", "name"):
            self.anchors.add(found.get(name) or "")
        self.ids += [found["id"] or ""] if "id" in found else []
        self.levels += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        target = found.get("href") or found.get("src") or ""
        if tag == "a":
            self.links.append(target)
        elif tag in {"link", "script", "img", "iframe"} and target:
            self.loads.append(target)


@pytest.fixture(scope="module")
def read(site: Path) -> dict[Path, Reader]:
    """Read every page."""
    found = {}
    for path in site.rglob("*.html"):
        found[path] = Reader()
        found[path].feed(path.read_text(encoding="utf-8"))
    return found


def test_nothing_comes_from_elsewhere(read: dict[Path, Reader], site: Path) -> None:
    """No page and no style loads a script, a font or a picture of another host."""
    for path, page in read.items():
        for target in page.loads:
            assert not urlsplit(target).netloc, (path, target)
    for path in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//", path.read_text("utf-8")), path


@pytest.mark.parametrize("name", PAGES)
def test_pages_that_messages_name(
    name: str, read: dict[Path, Reader], site: Path
) -> None:
    """The site has each page, and the anchor that a message would link to."""
    path, _, anchor = PAGES[name].link.removeprefix("docs/").partition("#")
    page = read[site / path.replace(".md", ".html")]
    assert not anchor or anchor in page.anchors


def test_there_is_no_link_to_a_repository_yet(site: Path) -> None:
    """The site links to a repository only once its address is set."""
    html = (site / "index.html").read_text(encoding="utf-8")
    assert ('class="md-source"' in html) is bool(REPOSITORY)


def test_links_and_anchors(read: dict[Path, Reader], site: Path) -> None:
    """Every link leads to a page of the site, and to an anchor that it has."""
    checked = 0
    for path, page in read.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path
            if parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target /= "index.html"
            assert target.is_file(), (path, link)
            if parts.fragment and target in read:
                assert unquote(parts.fragment) in read[target].anchors, (path, link)
            checked += 1
    assert checked > 500


def test_an_id_is_given_once(read: dict[Path, Reader]) -> None:
    """A link to a part of a page, or to the tip of an arrow, means one element."""
    for path, page in read.items():
        assert sorted(page.ids) == sorted(set(page.ids)), path


def test_no_level_of_headings_is_left_out(read: dict[Path, Reader]) -> None:
    """A page has one title, and below a heading comes one of the next level."""
    for path, page in read.items():
        assert page.levels.count(1) == 1, path
        for above, below in pairwise([0, *page.levels]):
            assert below <= above + 1, (path, page.levels)


def test_code_in_a_table_has_no_backslash_before_a_bar(site: Path) -> None:
    """Markdown needs one there, and a command that is copied must not have it."""
    html = (site / "howto" / "keys.html").read_text(encoding="utf-8")
    assert '<span class="word">|</span>' in html
    assert r"\|" not in html


def test_sessions_are_copied_without_prompts(site: Path) -> None:
    """What the copy button of a session takes is Python that a prompt accepts."""
    copied = 0
    for path in site.rglob("*.html"):
        html = path.read_text("utf-8")
        sessions = re.findall(r'<div class="language-pycon highlight"[^>]*>', html)
        for session in sessions:
            found = re.search(r' data-copy="([^"]*)"', session)
            assert found is not None, path
            text = unescape(found[1])
            assert not re.search(r"^(>>>|\.\.\.) ", text, re.MULTILINE)
            lines: list[str] = []
            for line in [*text.splitlines(), ""]:
                lines.append(line)
                # None: the prompt waits for more lines.
                if codeop.compile_command("\n".join(lines)) is not None:
                    lines = []
            assert not "".join(lines), path
            copied += 1
    assert copied >= 10


def test_no_shell_block_has_a_prompt() -> None:
    """A line of a shell can be copied and pasted as it stands."""
    for page in pages():
        for block in blocks(page, "sh"):
            assert not re.search(r"^ *[$#>] ?\w", block.code, re.MULTILINE), page


@pytest.mark.parametrize(
    ("page", "language", "token"),
    [
        ("howto/php.html", "php", "nv"),
        ("howto/go.html", "go", "nx"),
        ("howto/node.html", "js", "kd"),
        ("howto/monitoring.html", "sh", "s1"),
        ("howto/keys.html", "python", "kn"),
    ],
)
def test_code_is_highlighted(site: Path, page: str, language: str, token: str) -> None:
    """PHP, Go, JavaScript, Python and lines of a shell have colours."""
    html = (site / page).read_text("utf-8")
    blocks_of = re.findall(
        rf'<div class="language-{language} highlight">(.*?)</div>', html, re.DOTALL
    )
    assert blocks_of
    assert any(f'<span class="{token}">' in block for block in blocks_of)


def test_the_reference_shows_types(site: Path) -> None:
    """A signature has the types of its arguments and of what it returns."""
    html = (site / "reference" / "transfers.html").read_text("utf-8")
    text = unescape(re.sub(r"<[^>]+>", "", html))
    assert "payment_id: str" in text
    assert re.search(r"Transfers\(\s*client: Client,\s*journal: Journal,", text)
    assert re.search(r"\) -> PendingTransfer", text)


def test_tables_are_drawn(site: Path) -> None:
    """No row of a table is left as text: a line that was wrapped breaks a table."""
    for path in site.rglob("*.html"):
        html = re.sub(
            r"<(pre|code)\b.*?</\1>", "", path.read_text("utf-8"), flags=re.DOTALL
        )
        assert not re.search(r"\|\s*:?-{3,}|<p>\|", html), path


def test_lists_are_drawn(site: Path) -> None:
    """No item of a list is left as text: one after a paragraph needs a blank line."""
    for path in site.rglob("*.html"):
        html = re.sub(
            r"<(pre|code|script|style)\b.*?</\1>",
            "",
            path.read_text("utf-8"),
            flags=re.DOTALL,
        )
        assert not re.search(r"^(\d+\.|[-*+]) \S", html, re.MULTILINE), path


def test_sentences_of_tables_are_not_narrow(site: Path) -> None:
    """A column of sentences is marked, so that it keeps a width; others are not."""
    html = (site / "reference/conformance-matrix.html").read_text("utf-8")
    words = r"<td class=\"words\"[^>]*>an array at the top level is refused"
    assert re.search(words, html)
    assert re.search(r"<td data-label=\"[^\"]+\">ok</td>", html)


def test_a_wrong_address_leads_on(site: Path) -> None:
    """The page of a wrong address leads to the first one."""
    html = (site / "404.html").read_text("utf-8")
    assert re.search(
        r'does not exist</h1>.*<a href="/[^"]*">first page', html, re.DOTALL
    )


def test_what_a_reader_does_is_found_first(site: Path) -> None:
    """The search puts the runbook first, then guides, then names and other files."""
    found = json.loads((site / "search/search_index.json").read_text("utf-8"))["docs"]
    boosts = {one["location"]: one.get("boost", 1) for one in found}
    places = ("runbook", "howto/php", "reference/gateway", "repository/SECURITY")
    ranked = [boosts[f"{place}.html"] for place in places]
    assert ranked == sorted(set(ranked), reverse=True)


def test_the_menu_is_in_groups() -> None:
    """A group of the menu has at most ten entries, and each page is there once."""
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    menu = yaml.safe_load(settings[settings.index("\nnav:") :])["nav"]
    found: list[str] = []
    waiting = [menu]
    while waiting:
        group = waiting.pop()
        assert len(group) <= 10
        for entry in group:
            ((_, target),) = entry.items()
            if isinstance(target, str):
                found.append(target)
            else:
                waiting.append(target)
    assert sorted(found) == sorted({*pages(), "reference/kess-h.md"})


def test_each_page_leads_to_the_next(site: Path) -> None:
    """At the foot of the tutorial are the home page and the first guide."""
    html = (site / "tutorial.html").read_text("utf-8")
    foot = re.findall(r'<a href="([^"]+)" class="md-footer__link md-footer__link', html)
    assert foot == ["index.html", "howto/keys.html"]


def test_the_logo_and_the_icon_are_small(site: Path) -> None:
    """Both are one drawing of the project, without a script, below 1 KiB."""
    logo = site / "images" / "logo.svg"
    text = logo.read_text("utf-8")
    assert len(text) < 1024
    assert "script" not in text
    html = (site / "index.html").read_text("utf-8")
    assert '<link rel="icon" href="images/logo.svg">' in html
    assert '<img src="images/logo.svg" alt="logo">' in html


def test_the_reference_is_whole(read: dict[Path, Reader], site: Path) -> None:
    """Every public name of Python and every function of kess.h has its place."""
    anchors = {
        anchor.rpartition(".")[2]
        for page in read.values()
        for anchor in page.anchors
        if anchor.startswith("kesspay.")
    }
    documented = set(kesspay.__all__) - {"__version__"}
    assert documented - anchors == set()
    text = (site / "reference" / "kess-h.html").read_text(encoding="utf-8")
    declared = re.findall(
        r"\b(kess_[a-z_0-9]+)\(", (ROOT / "csrc/include/kess.h").read_text("utf-8")
    )
    assert len(declared) >= 23
    for name in declared:
        assert name in text
