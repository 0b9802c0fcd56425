"""The page is one file without a script, and all on it that is foreign is text."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.adapter import AdapterStopped, Hello
from kesspay.conformance.blame import Blames, Stage0
from kesspay.conformance.judge import Verdict
from kesspay.conformance.page import as_page
from kesspay.conformance.report import STAGE0, Report
from tests.conformance.runs import HELLO, failed, outcome, passed, report
from tests.conformance.test_report import blame_of
from tests.conftest import missing
from tests.support.browser import NARROW, Browser


if TYPE_CHECKING:
    from pathlib import Path


#: Tables that are wider than the room they have.
SCROLLS: Final = """
[...document.querySelectorAll(".card, table")]
  .filter(one => one.scrollWidth > one.clientWidth + 1)
  .map(one => one.textContent.slice(0, 40))
"""

#: Elements without an end.
VOID: Final = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Collects the elements of a page and its text, and checks that they are closed."""

    def __init__(self) -> None:
        """Begin outside of all elements."""
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the last element."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)


def read(shown: Report) -> Reader:
    """Read a page, and check what holds for every page."""
    page = as_page(shown)
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert not {
        "script",
        "iframe",
        "object",
        "embed",
        "img",
        "link",
        "form",
        "base",
    } & (set(reader.tags))
    names = {name for _, name, _ in reader.attributes}
    assert names <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "data-label"),
    }
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(style) == 1
    assert "url(" not in style[0]
    assert "@import" not in style[0]
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    policy = next(
        value or ""
        for tag, name, value in reader.attributes
        if "default-src" in (value or "")
    )
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    return reader


def text_of(shown: Report) -> str:
    """Return the text of a page, without its style sheet."""
    return "\n".join(read(shown).texts[2:])


def test_a_page_of_a_failed_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the verdict, the levels, the rules and folded differences."""
    blames = Blames(
        (blame_of("write.slash", failed(1)),),
        (blame_of("sort.bytes", failed(2), failed(3), firm=False),),
        (failed(4),),
        refused=(failed(4),),
    )
    monkeypatch.setattr("kesspay.conformance.report.blame", lambda *_: blames)
    shown = report(
        *(failed(number) for number in range(1, 5)),
        passed(5, level="hostile"),
        outcome(Verdict.unsupported, 6, op="verify", area="verify"),
    )
    reader = read(shown)
    text = text_of(shown)
    assert reader.tags.count("details") == 4
    for words in (
        "acme-kess 2.3 (Go 1.22)\nfailed\n",
        "\napi\nfailed\n",
        "\ndocument\n1 of 5\n0\n",
        "\nverify\n0 of 0\n1\n",
        "\na slash is not escaped\nGo: ",
        "\ndocs/explanation/canonical-form.md#strings\n",
        '\ndocument/write.slash/1   {"a":"/"}\n  expected  {"a":"\\/"}\n',
        "\n1 good documents are refused, beyond known mistakes. The plainest:\n",
        "\n1 case\n",
        "\nsort.bytes\n",
        "\nperhaps\n",
        "\n2 cases\n",
        "\nSingle failures\n",
        "\nRule\npassed\nfailed\nunsupported\nLevel\nTitle\nwrite.slash\n1\n4\n1\napi\n",
    ):
        assert words in text, words


def test_a_page_of_a_good_run() -> None:
    """It is short: nothing is broken."""
    text = text_of(report(passed()))
    assert "acme-kess 2.3 (Go 1.22)\npassed\n" in text
    assert "Broken rules" not in text
    assert "Besides" not in text
    assert "The adapter stopped" not in text


def test_a_page_of_a_run_that_stopped() -> None:
    """It says why, with the end of standard error."""
    stopped = AdapterStopped("it left", ("line 1", "<b>line 2"), "look")
    text = text_of(report(passed(), stopped=stopped, not_asked=3))
    assert "acme-kess 2.3 (Go 1.22)\nstopped\n" in text
    assert "Levels" in text
    nothing = text_of(report(stopped=stopped, not_asked=4))
    assert not {"Levels", "Areas", "Rules"} & set(nothing.split())
    assert "\n3 cases were not asked\nit left; look\nline 1\n<b>line 2\n" in text


@pytest.mark.parametrize("stage0", STAGE0)
def test_a_page_of_the_plainest_cases(
    monkeypatch: pytest.MonkeyPatch, stage0: Stage0
) -> None:
    """Where these fail, only this is said."""
    blames = Blames(stage0=stage0)
    monkeypatch.setattr("kesspay.conformance.report.blame", lambda *_: blames)
    assert STAGE0[stage0] in text_of(report(failed()))


def test_what_is_left() -> None:
    """Cases without an answer, known failures, and what is to do."""
    text = text_of(
        report(
            *(outcome(Verdict.crashed, number) for number in range(1, 53)),
            failed(60),
            passed(61),
            outcome(Verdict.unsupported, 62, op="verify", area="verify"),
            known="*/60\n*/61\ndocument/write.slash/99",
            required=["verify"],
        )
    )
    for words in (
        "\nNo answer: 52\n",
        "no answer: why \\x1b[31m",
        "\nand 2 more\n",
        "\nKnown failures: 1\n",
        "\nremove the line of the known failures\n2: */61\n",
        "\nremove the line of the known failures\n3: document/write.slash/99\n",
        "\nrequired, but not supported\nverify\n",
        "\ncrashed\n",
    ):
        assert words in text, words


def test_hostile_texts_are_text() -> None:
    """Markup, terminal codes and characters that turn a line around do nothing."""
    bad = "</pre><script>alert(1)</script><a href=x onclick=x>\u202e\x1b\ud800&amp;\"'"
    hello = Hello(bad, bad, bad, (*HELLO.ops, bad), (bad,))
    shown = report(
        failed(
            1,
            answer=bad.encode(errors="surrogatepass"),
            text=bad.encode(errors="surrogatepass"),
        ),
        outcome(Verdict.error, 2, detail=bad),
        hello=hello,
        stopped=AdapterStopped(bad, (bad,), bad),
    )
    text = text_of(shown)
    assert "</pre><script>alert(1)</script>" in text
    assert "\\xe2\\x80\\xae\\x1b\\xed\\xa0\\x80&amp;\"'" in text
    assert as_page(shown).isascii()


@pytest.mark.thorough
def test_on_a_telephone(tmp_path: Path) -> None:
    """The table of rules has all its columns there, light and dark."""
    path = tmp_path / "report.html"
    verdicts = list(Verdict)
    path.write_text(as_page(report(*map(outcome, verdicts, range(1, 9)))))

    async def shown() -> None:
        async with Browser(tmp_path / "profile") as browser:
            for dark in (False, True):
                await browser.open(path.as_uri(), width=NARROW, dark=dark)
                assert await browser.overflow() == []
                assert await browser.evaluate(SCROLLS) == []

    asyncio.run(shown())


@pytest.mark.thorough
def test_in_a_browser(tmp_path: Path) -> None:
    """Chromium shows the page, applies its style and runs nothing that is foreign."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("chromium is not installed", "KESSPAY_REQUIRE_CHROMIUM")
    bad = "</pre></title></style><script>document.title = 'run'</script><img src=x>"
    path = tmp_path / "report.html"
    shown = report(failed(1, answer=bad.encode()), hello=Hello(bad, "", "", HELLO.ops))
    path.write_text(as_page(shown))
    done = subprocess.run(
        [
            chromium,
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
            *("--no-first-run", "--disable-background-networking"),
            *("--enable-logging=stderr", "--log-level=0"),
            *("--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={tmp_path}", "--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        check=True,
        timeout=120,
    )
    text = done.stdout.decode()
    assert "<h2>Rules<small>" in text
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") == 2  # title and heading
    # The browser's own complaints, such as a style sheet that it refused.
    assert "CONSOLE" not in done.stderr.decode()
