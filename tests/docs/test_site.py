"""The site builds without a warning, is whole, and needs no other host."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

import kesspay
from tests.conftest import missing
from tests.support.pages import ROOT


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

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        found = dict(attrs)
        for name in ("id", "name"):
            self.anchors.add(found.get(name) or "")
        target = found.get("href") or found.get("src") or ""
        if tag == "a":
            self.links.append(target)
        elif tag in {"link", "script", "img", "iframe"} and target:
            self.loads.append(target)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    if importlib.util.find_spec("mkdocs") is None:
        missing("mkdocs is not installed", "KESSPAY_REQUIRE_DOCS")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={"NO_MKDOCS_2_WARNING": "1", "PATH": "", "HTTPS_PROXY": "none.invalid:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


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
