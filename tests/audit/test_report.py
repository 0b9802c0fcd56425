"""The report: one page that asks for nothing, whatever a recording holds."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import re
import socketserver
import subprocess
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay import InputError
from kesspay.audit.failures import CauseCount
from kesspay.audit.money.checks import Check
from kesspay.audit.money.money import Money
from kesspay.audit.report import write_report
from kesspay.audit.ring import Ring, RingKey
from kesspay.audit.runner import Result
from kesspay.audit.units import Problem
from tests.support.browser import NARROW, Browser, chromium
from tests.support.recording import private, ring


if TYPE_CHECKING:
    from pathlib import Path


#: Tables that are wider than the room they have.
SCROLLS: Final = """
[...document.querySelectorAll(".wide")]
  .filter(one => one.scrollWidth > one.clientWidth + 1)
  .map(one => one.textContent.trim().slice(0, 40))
"""

#: How much red the ground has.
GROUND: Final = (
    "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"
)


def result(folder: Path, word: str = "x", **change: Any) -> Result:  # noqa: ANN401 - any attribute
    """Return what a run found, with a word wherever text is foreign."""
    (folder / "_manifest.json").write_text("{}")
    counts = {"authentic": 90, "refused": 9, "outside_window": 1, "unreadable": 0}
    found = Result(
        folder,
        rows=100,
        counts=counts,
        keys={
            "kess-2025": {"rows": 91, "outside": 1, "first": 0, "last": 1 << 62},
            "other": {"rows": 0, "outside": None, "first": None, "last": None},
        },
        days={"2026-09-01": {"authentic": 90, "refused": 10}, "": {"authentic": 1}},
        services={word: {"refused": 10}, f"{word}$x^2$": {"authentic": 90}},
        causes=[CauseCount(word, 10, word, 3, {"status": 4, word: 6})],
        problems=[Problem(word, word, 7), Problem(word, word, None)],
        digest="d",
    )
    found.money = Money(
        [
            Check("a", "critical", word, count=1, example=f"secret-{word}"),
            Check("b", "high", word),
            Check("c", "note", word, skipped=word),
        ],
        5,
        3,
        "12.50",
    )
    for name, value in change.items():
        setattr(found, name, value)
    return found


def written(found: Result, **words: Any) -> str:  # noqa: ANN401 - passed on
    """Return the page."""
    path = found.out / "report.html"
    write_report(found, words.pop("keys", ring()), path, **words)
    return path.read_text()


def test_contents(tmp_path: Path) -> None:
    """What the page says, and the digest of the manifest on it."""
    text = written(
        result(tmp_path), advice=["do this", "with --evidence, " + "--x" * 9]
    )
    assert "10 of 100 bodies are not authentic; 1 finding is about the money." in text
    assert hashlib.sha256(b"{}").hexdigest() in text
    assert "do this" in text
    assert "2026-09-01" in text
    # No line ends within an option, or within a date.
    assert '<li>with <span class="word">--evidence,</span> --x--x' in text
    words = [f'<span class="word">{word}</span> ' for word in ("00:00:00", "UTC")]
    assert f'<span class="word">1970-01-01</span> {"".join(words)}</td>' in text
    assert "secret-x" not in text
    assert "see money-findings.parquet" in text
    assert "secret-x" in written(result(tmp_path), show_values=True)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    public = private("kess-2025").public_key
    keys = Ring((RingKey("kess-2025", public, since=since),))
    assert '<span class="word">2026-01-01</span>' in written(
        result(tmp_path), keys=keys
    )


@pytest.mark.thorough
def test_the_same_bytes(tmp_path: Path) -> None:
    """Pictures have no date and no random name."""
    first = written(result(tmp_path))
    assert first == written(result(tmp_path))
    for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', first):
        picture = html.unescape(data)
        assert b"<dc:date" not in base64.b64decode(picture)
    assert first.count("<img") == 3
    assert first.count('alt="Failures by') == 2


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"money": None}, "10 of 100 bodies are not authentic."),
        (
            {"counts": {"authentic": 100}, "causes": []},
            "authentic; 1 finding is about the money.",
        ),
        (
            {"counts": {"authentic": 100}, "causes": [], "money": None},
            "but a part was not judged.",
        ),
        (
            {
                "counts": {"authentic": 100},
                "causes": [],
                "money": None,
                "problems": [],
                "days": {},
                "services": {},
                "keys": {},
            },
            "All 100 bodies are authentic.",
        ),
        (
            {
                "rows": 0,
                "counts": {"authentic": 0},
                "causes": [],
                "money": None,
                "problems": [],
                "days": {},
                "services": {},
                "keys": {},
            },
            "Nothing was judged: no input has a row.",
        ),
    ],
)
def test_verdicts(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    """The first sentence is the gravest thing that is known."""
    assert words in written(result(tmp_path, **change))


@pytest.mark.thorough
def test_many_groups(tmp_path: Path) -> None:
    """Of very many groups those with most failures are shown, and it is said so."""
    days = {f"day-{n:03}": {"authentic": n, "refused": n} for n in range(90)}
    text = written(result(tmp_path, days=days))
    assert "The 40 with most failures of 90." in text
    assert "day-089" in text
    assert "day-001" not in text


def test_marks_of_direction_are_written_out(tmp_path: Path) -> None:
    """The name of a file cannot look like another one."""
    found = result(tmp_path, "a\u202egnp.sj")
    assert "\u202e" not in (text := written(found, advice=["b\u2066"]))
    assert "a\\u202egnp.sj" in text
    assert "b\\u2066" in text


def test_the_page_cannot_be_written(tmp_path: Path) -> None:
    """The error says what is complete."""
    with pytest.raises(InputError, match=r"then give --resume, without"):
        write_report(result(tmp_path), ring(), tmp_path / "a" / "b.html")


@pytest.mark.thorough
def test_on_a_telephone(tmp_path: Path) -> None:
    """No table and no picture is wider than the screen, light and dark."""
    written(result(tmp_path, "traffic-2026-09.jsonl"), show_values=True)

    async def shown() -> list[float]:
        grounds = []
        async with Browser(tmp_path / "profile") as browser:
            for dark in (False, True):
                page = (tmp_path / "report.html").as_uri()
                await browser.open(page, width=NARROW, dark=dark)
                assert await browser.overflow() == []
                assert await browser.evaluate(SCROLLS) == []
                grounds.append(await browser.evaluate(GROUND))
        return grounds

    light, dark = asyncio.run(shown())
    assert light == 255
    assert dark < 64


@pytest.mark.thorough
def test_hostile_text_in_a_browser(tmp_path: Path) -> None:
    """Every text is shown as text, and Chromium asks for nothing."""
    asked: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/x"
        word = (
            f"\"'></td></title></style><script>fetch('{url}')</script><img src={url}>"
            f"<link rel=stylesheet href={url}><style>@import '{url}';</style>\ud800\x00"
            "{{ 7*7 }}$\\frac"
        )
        found = result(tmp_path, word)
        text = written(found, show_values=True, advice=[word])
        done = subprocess.run(
            [
                chromium(),
                *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
                *("--no-first-run", "--disable-background-networking"),
                *("--disable-component-update", "--disable-sync"),
                *("--enable-logging=stderr", "--log-level=0"),
                *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"),
                (tmp_path / "report.html").as_uri(),
            ],
            capture_output=True,
            check=True,
            timeout=120,
        )
        server.shutdown()
        thread.join()
    assert asked == []
    shown = done.stdout.decode()
    for page in (text, shown):
        assert "<script" not in page
        assert page.count("<img") == 3
        assert page.count("<style") == 1
        assert page.count("{{ 7*7 }}") >= 10
    assert "CONSOLE" not in done.stderr.decode()
