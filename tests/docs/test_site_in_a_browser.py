"""
The site as a reader sees it: on a telephone and on a desktop, light and dark.

The pictures are in build/screenshots afterwards, or in KESSPAY_SCREENSHOTS.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.browser import NARROW, PAPER, WIDE, Browser, keep


if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.thorough

#: Pages of which pictures are taken: each kind of page, and each kind of drawing.
PICTURES: Final = (
    "index.html",
    "tutorial.html",
    "transfers.html",
    "ARCHITECTURE.html",
    "howto/php.html",
    "reference/transfers.html",
    "reference/kess-h.html",
    "hostile-gateway.html",
)

#: How much of a page is in its picture: three windows. Some pages are 30 long.
_TALL: Final = 2700

#: Pages that are looked at as on paper: with drawings, code, and the widest table.
PRINTED: Final = ("transfers.html", "howto/php.html", "hostile-gateway.html")

#: The smallest size of a letter in the drawings of a page, in pixels; none: null.
_LETTERS: Final = """
Math.min(...[...document.querySelectorAll("svg.diagram text")].map(text => {
  const svg = text.ownerSVGElement;
  return parseFloat(text.getAttribute("font-size"))
    * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
}))
"""

#: How bright the page and its text are, from 0 to 255.
_BRIGHTNESS: Final = """
["backgroundColor", "color"].map(name => {
  const parts = getComputedStyle(document.body)[name].match(/[0-9.]+/g).map(Number);
  return parts.slice(0, 3).reduce((one, other) => one + other) / 3;
})
"""

#: The least contrast of a word of highlighted code with its ground, by WCAG 2.
_CONTRAST: Final = """
(() => {
  const parts = text => text.match(/[0-9.]+/g).map(Number);
  const light = rgb => rgb.map(one => one / 255)
    .map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const code = document.querySelector(".highlight code");
  const ground = code && parts(getComputedStyle(code).backgroundColor).slice(0, 3);
  return Math.min(21, ...[...document.querySelectorAll(".highlight code span[class]")]
    .map(word => {
      const [red, green, blue, alpha = 1] = parts(getComputedStyle(word).color);
      const seen = light(
        [red, green, blue].map((c, at) => c * alpha + ground[at] * (1 - alpha))
      );
      const [less, more] = [seen, light(ground)].sort((one, other) => one - other);
      return (more + 0.05) / (less + 0.05);
    }));
})()
"""

#: Words of code that are broken at the end of a line.
_BROKEN: Final = """
[...document.querySelectorAll("code .word")]
  .filter(word => word.getClientRects().length > 1)
  .map(word => word.textContent)
"""

#: Tables, drawings, commands and sessions that are wider than the room they have.
_SCROLLS: Final = """
[...document.querySelectorAll(`.md-typeset__scrollwrap, .drawing,
  :is(.language-sh, .language-pycon) pre > code`)]
  .filter(one => one.scrollWidth > one.clientWidth + 1)
  .map(one => one.textContent.trim().slice(0, 40))
"""

#: Whether the logo has a size, so that the browser could draw it.
_LOGO: Final = 'document.querySelector(".md-logo img").naturalWidth'


#: What the copy button of the first session of the page puts on the clipboard.
_COPIED: Final = """
new Promise((resolve, reject) => {
  const button = document.querySelector(
    ".language-pycon .md-clipboard, .language-pycon [data-clipboard-target]"
  );
  if (!button) reject(new Error("there is no button"));
  // A window without focus may not copy: take what the page has selected for it.
  document.execCommand = () => {
    resolve(document.querySelector("body > textarea").value);
    return true;
  };
  setTimeout(() => reject(new Error("nothing was copied")), 20000);
  button.click();
})
"""


#: Where the first answer of the search leads, once there is one.
_FOUND: Final = """
new Promise((resolve, reject) => {
  document.querySelector("#__search").click();
  const input = document.querySelector(".md-search__input");
  input.value = WORDS;
  input.focus();
  input.dispatchEvent(new KeyboardEvent("keyup"));
  const timer = setInterval(() => {
    const link = document.querySelector(".md-search-result__link");
    if (link) {
      clearInterval(timer);
      resolve(link.href);
    }
  }, 20);
  setTimeout(() => reject(new Error("nothing was found")), 20000);
})
"""


#: What of a page is no use on paper, and seen there nevertheless.
_LEFT_OVER: Final = """
[...document.querySelectorAll(
  ".md-header, .md-sidebar, .md-footer, .md-clipboard, .md-code__nav, .headerlink"
)].filter(one => one.getClientRects().length && getComputedStyle(one).opacity !== "0")
  .map(one => one.className)
"""

#: Lines of code that paper would cut off.
_CUT_OFF: Final = """
[...document.querySelectorAll(".md-content pre > code, .md-content svg, table")]
  .filter(one => one.scrollWidth > one.clientWidth + 1
    || one.getBoundingClientRect().right > document.documentElement.clientWidth)
  .map(one => one.textContent.slice(0, 40))
"""

#: The least contrast of a paragraph, a link or a drawing's text with white paper.
_INK: Final = """
Math.min(...[...document.querySelectorAll(
  ".md-content :is(p, a:not(.headerlink), svg text)"
)]
  .map(one => {
    const style = getComputedStyle(one);
    const [red, green, blue, alpha = 1] = (one.tagName === "text" ? style.fill
      : style.color).match(/[0-9.]+/g).map(Number);
    const light = [red, green, blue].map(c => (c * alpha + 255 * (1 - alpha)) / 255)
      .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
      .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    return 1.05 / (light + 0.05);
  }))
"""


@dataclass(frozen=True)
class Look:
    """What one look at a page found."""

    page: str
    width: int
    dark: bool
    overflow: list[str]
    scrolls: list[str]
    broken: list[str]
    letters: float | None
    brightness: list[float]
    contrast: float
    logo: int
    picture: bytes


async def looks(site: Path, profile: Path) -> tuple[list[Look], list[str]]:
    """Look at every page on a telephone, and at some in all four ways."""
    found = []
    async with Browser(profile) as browser:
        ways = [(page, NARROW, False) for page in _pages(site)]
        ways += [(page, WIDE, False) for page in PICTURES]
        ways += [(page, width, True) for page in PICTURES for width in (NARROW, WIDE)]
        for page, width, dark in ways:
            await browser.open((site / page).as_uri(), width=width, dark=dark)
            wanted = page in PICTURES
            found.append(
                Look(
                    page,
                    width,
                    dark,
                    await browser.overflow(),
                    await browser.evaluate(_SCROLLS),
                    await browser.evaluate(_BROKEN),
                    await browser.evaluate(_LETTERS),
                    await browser.evaluate(_BRIGHTNESS),
                    await browser.evaluate(_CONTRAST) if wanted else 21,
                    await browser.evaluate(_LOGO),
                    await browser.screenshot(_TALL) if wanted else b"",
                )
            )
        return found, browser.problems


def _pages(site: Path) -> list[str]:
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    found.remove("404.html")  # its links are those of a web server
    return found


@pytest.fixture(scope="module")
def seen(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Look], list[str]]:
    """Look at the site once, and leave the pictures."""
    found, problems = asyncio.run(looks(site, tmp_path_factory.mktemp("chromium")))
    for look in found:
        if look.picture:
            name = look.page.removesuffix(".html").replace("/", "-")
            scheme = "dark" if look.dark else "light"
            keep(f"{name}-{look.width}-{scheme}", look.picture)
    return found, problems


def test_no_page_is_wider_than_a_telephone(seen: tuple[list[Look], list[str]]) -> None:
    """At 390 and at 1280 pixels nothing sticks out; wide blocks scroll on their own."""
    found, _ = seen
    assert len({look.page for look in found}) > 40
    assert [(look.page, look.overflow) for look in found if look.overflow] == []


def test_only_programs_scroll(seen: tuple[list[Look], list[str]]) -> None:
    """A telephone shows all columns, and commands and sessions to their ends."""
    assert [(look.page, look.scrolls) for look in seen[0] if look.scrolls] == []


def test_no_short_word_of_code_is_broken(seen: tuple[list[Look], list[str]]) -> None:
    """An option, a name or a path stays on one line, in a narrow table as well."""
    assert [(look.page, look.broken) for look in seen[0] if look.broken] == []


def test_drawings_can_be_read(seen: tuple[list[Look], list[str]]) -> None:
    """Letters of a drawing are at least 11 pixels high, at each width."""
    sizes = {look.page: look.letters for look in seen[0] if look.letters is not None}
    assert {"index.html", "transfers.html", "ARCHITECTURE.html"} <= set(sizes)
    for look in seen[0]:
        assert look.letters is None or look.letters >= 11, look.page


def test_light_and_dark(seen: tuple[list[Look], list[str]]) -> None:
    """The scheme of the reader's system is taken, and text stands out in both."""
    for look in seen[0]:
        page, text = look.brightness
        assert (page < 64) == look.dark, look.page
        assert abs(page - text) > 100, look.page


def test_code_has_contrast(seen: tuple[list[Look], list[str]]) -> None:
    """Every word of code has a contrast of 4.5 and more, light and dark."""
    found, _ = seen
    assert [
        (one.page, one.dark, one.contrast) for one in found if one.contrast < 4.5
    ] == []


def test_pictures(seen: tuple[list[Look], list[str]]) -> None:
    """Each picture has a way of its own, and the logo is drawn."""
    pictures = {
        (look.page, look.width, look.dark): look.picture
        for look in seen[0]
        if look.picture
    }
    assert len(pictures) == 4 * len(PICTURES)
    for picture in pictures.values():
        assert picture.startswith(b"\x89PNG")
    assert len(set(pictures.values())) == len(pictures)
    assert all(look.logo for look in seen[0])


def test_on_paper(site: Path, tmp_path: Path) -> None:
    """No menu and no button is printed, nothing is cut off, and all ink is dark."""

    async def printed() -> None:
        async with Browser(tmp_path) as browser:
            for page in PRINTED:
                address = (site / page).as_uri()
                await browser.open(address, width=PAPER, dark=True, paper=True)
                assert await browser.evaluate(_LEFT_OVER) == [], page
                assert await browser.evaluate(_CUT_OFF) == [], page
                assert await browser.overflow() == [], page
                assert await browser.evaluate(_INK) >= 4.5, page

    asyncio.run(printed())


def test_the_copy_button_takes_no_prompt(site: Path, tmp_path: Path) -> None:
    """A click on the button of a session copies its statements alone."""

    async def copied() -> str:
        async with Browser(tmp_path) as browser:
            address = (site / "tutorial.html").as_uri()
            await browser.open(address, width=WIDE)
            return str(await browser.evaluate(_COPIED))

    text = asyncio.run(copied())
    assert text.startswith("from decimal import Decimal\nimport kesspay\n")
    assert ">>>" not in text
    assert "Sok Dara" not in text
    compile(text, "copied", "exec")


def test_the_search_works_from_the_disk(site: Path, tmp_path: Path) -> None:
    """It finds a name of the code, and for words of an operator the runbook first."""
    wanted = {
        "kess_transfers": "reference/tools.html",
        "gateway unknown": "runbook.html",
    }

    async def first() -> dict[str, str]:
        found = {}
        async with Browser(tmp_path) as browser:
            for words in wanted:
                await browser.open((site / "howto" / "php.html").as_uri(), width=WIDE)
                script = _FOUND.replace("WORDS", repr(words))
                found[words] = str(await browser.evaluate(script))
            assert browser.problems == []
        return found

    assert asyncio.run(first()) == {
        words: (site / page).as_uri() for words, page in wanted.items()
    }


def test_the_browser_does_not_complain(seen: tuple[list[Look], list[str]]) -> None:
    """No script fails and no file is missing."""
    assert seen[1] == []
