"""
The status page as a reader sees and uses it, in Chromium without any script.

The pictures are in build/screenshots afterwards, or in KESSPAY_SCREENSHOTS.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.gateway.messages import CREATE
from kesspay.sandbox.emulator import GATEWAY_PATH
from tests.sandbox.parties import RECEIVER, Partner, box
from tests.support.browser import NARROW, WIDE, Browser, keep


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kesspay.sandbox import Sandbox


ATTACK: Final = "<script>document.title='owned'</script>"

#: What is cut off: badges, cells and buttons that are wider than what holds them.
_CUT: Final = """
[...document.querySelectorAll(".badge, td, dd, button, input, select, pre, code")]
  .filter(one => {
    const card = one.closest(".card")?.getBoundingClientRect();
    const own = one.getBoundingClientRect();
    return own.width > 0 && card
      && (own.right > card.right + 0.5 || own.left < card.left - 0.5
          || (one.matches(".badge, td, dd, pre")
              && one.scrollWidth > one.clientWidth + 1));
  })
  .map(one => one.tagName + " " + one.textContent.slice(0, 40)).slice(0, 5)
"""

#: How a value stands to its label, in each cell of the first row of the users.
_LABELS: Final = """
[...document.querySelectorAll("#users tbody tr:first-child td")].map(cell => {
  const [label, value] = cell.children;
  const shown = getComputedStyle(label).display !== "none";
  return shown && label.getBoundingClientRect().bottom
    <= value.getBoundingClientRect().top + 0.5;
})
"""

#: Where the last balance ends, in pixels from the left.
_BALANCE: Final = """
[...document.querySelectorAll("#users td.number .value")].pop()
  .getBoundingClientRect().right
"""

#: Contrast of each text with what is behind it. Source: WCAG 2.2, 1.4.3.
_CONTRAST: Final = """
(() => {
  const parts = text => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(part => {
    const one = part / 255;
    return one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
  }).reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = one => {
    for (; one; one = one.parentElement) {
      const found = parts(getComputedStyle(one).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
  };
  return Math.min(...[...document.querySelectorAll("body *")]
    .filter(one => [...one.childNodes].some(
      child => child.nodeType === 3 && child.textContent.trim()))
    .filter(one => one.getBoundingClientRect().width)
    .map(one => {
      const pair = [parts(getComputedStyle(one).color), behind(one)].map(light);
      return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    }));
})()
"""


def send_wrongly(partner: Partner) -> None:
    """Send a request whose signature was made over raw slashes."""
    fields = {"amount": 100, "out_trade_no": "order/7", "receiver_id": RECEIVER}
    text = json.dumps({**fields, "service": CREATE}, separators=(",", ":"))
    sign = b64encode(partner.key.sign(text.encode())).decode()
    body = json.dumps({**fields, "service": CREATE, "sign": sign}).encode()
    headers = {"authorization": f"Bearer {partner.token}", "user-agent": "curl"}
    partner.respond(GATEWAY_PATH, body, headers)


def busy() -> Sandbox:
    """Return a sandbox in which everything happened, some of it hostile."""
    made = box(users={"85512345678": "Sok & Dara", "8": ATTACK, "9" * 25: "W" * 96})
    partner = Partner(made)
    partner.confirm(partner.created(1))
    partner.create(2, sender_name=ATTACK)
    partner.create(3, receiver_id="8")
    partner.create(4, out_trade_no="x" * 64)
    partner.confirm(partner.created(5), "d-5", faults="delayed-credit=60, drop-after")
    partner.query(faults="foreign-signature")
    partner.query(faults="html-200")
    partner.send(service=ATTACK, error_desc=ATTACK)
    partner.respond(GATEWAY_PATH, ATTACK.encode() + b"\xff\x00", {ATTACK: ATTACK})
    send_wrongly(partner)
    made.ledger.add_user("7", "Seven", eligible=False)
    made.faults.plan("latency=5", times=3)
    made.faults.plan("delayed-credit-error=30, latency=2, drop-after, tampered")
    return made


@dataclass(frozen=True)
class Look:
    """What one look at the page found."""

    name: str
    width: int
    overflow: list[str]
    cut: list[str]
    labels: list[bool]
    balance: float
    contrast: float
    title: str


#: Of each way: what is open, the width, and whether it is dark. First a sample.
SAMPLE: Final = (
    ("lesson", NARROW, False),
    ("lesson", WIDE, True),
    ("forms", NARROW, False),
)
WAYS: Final = (
    *SAMPLE,
    *(("page", width, False) for width in (NARROW, WIDE)),
    *(("lesson", NARROW, True), ("lesson", WIDE, False), ("forms", NARROW, True)),
    *(("forms", WIDE, dark) for dark in (False, True)),
)


async def looks(folder: Path, ways: Sequence[tuple[str, int, bool]]) -> list[Look]:
    """Look at the page in some ways, and leave the pictures."""
    found = []
    sandbox = busy()
    last = sandbox.exchanges[-1].number
    paths = {"page": "/", "lesson": f"/live?failures=1&show={last}", "forms": "/"}
    with sandbox:
        base = sandbox.base_url.removesuffix("/partnerapi/v1")
        async with Browser(folder) as browser:
            for name, width, dark in ways:
                await browser.open(base + paths[name], width=width, dark=dark)
                if name == "forms":
                    await browser.evaluate(
                        "document.querySelectorAll('details')"
                        ".forEach(one => { one.open = true })"
                    )
                found.append(
                    Look(
                        name,
                        width,
                        await browser.overflow(),
                        await browser.evaluate(_CUT),
                        await browser.evaluate(_LABELS),
                        await browser.evaluate(_BALANCE),
                        await browser.evaluate(_CONTRAST),
                        await browser.evaluate("document.title"),
                    )
                )
                scheme = "dark" if dark else "light"
                picture = await browser.screenshot()
                keep(f"sandbox-{name}-{width}-{scheme}", picture)
            # A style sheet that was refused, a script of strangers, a missing file.
            assert browser.problems == []
    return found


@pytest.mark.thorough
def test_how_it_looks(tmp_path: Path, *, whole: bool) -> None:
    """
    Nothing is cut off, wider than the window or too faint, and no script runs.

    On a telephone labels are above values, and balances are seen at once.
    """
    for one in asyncio.run(looks(tmp_path, WAYS if whole else SAMPLE)):
        assert one.overflow == [], one
        assert one.cut == [], one
        assert one.labels == [one.width == NARROW] * 4, one
        assert 0 < one.balance < one.width, one
        assert one.contrast >= 4.5, one
        assert one.title == "kesspay sandbox"


# ------------------------------------------------------------ in use


def _click(words: str) -> str:
    """Return a script that clicks what has these words or this label."""
    return (
        "[...document.querySelectorAll('a, button')].find(one => "
        f"(one.ariaLabel ?? one.textContent).trim() === {json.dumps(words)}).click()"
    )


def _open(name: str) -> str:
    return f"document.querySelector('#form-{name} > summary').click()"


def _fill(form: str, **fields: str) -> str:
    """Return a script that fills in the form with a button of this label."""
    filled = "".join(
        f"form.elements[{json.dumps(name)}].value = {json.dumps(value)};"
        for name, value in fields.items()
    )
    button = f"(one.ariaLabel ?? one.textContent) === {json.dumps(form)}"
    return (
        "(() => { const form = [...document.querySelectorAll('button')]"
        f".find(one => {button}).form; {filled} }})()"
    )


async def use(folder: Path) -> None:
    """Use the page as its reader would."""
    sandbox = box()
    partner = Partner(sandbox)
    with sandbox:
        base = sandbox.base_url.removesuffix("/partnerapi/v1")
        async with Browser(folder) as browser:

            async def shown(what: str) -> Any:  # noqa: ANN401 - what the page gives
                return await browser.evaluate(what)

            await browser.open(base, width=NARROW)
            # A fault: its form is opened and sent, and the next request fails.
            await shown(_open("connection"))
            await browser.follow(_click("Plan drop-after"))
            assert await shown(
                "location.pathname + location.search + location.hash"
            ) == ("/?form=connection&done=planned#faults")
            assert await shown("document.querySelector('#form-connection').open")
            assert await shown("document.querySelector('.notice').textContent") == (
                "The fault waits for the next request that it fits."
            )
            assert partner.create().ending == "dropped"
            # One with an argument, out of its range: the browser sends nothing.
            await shown(_open("credit"))
            await shown(_fill("Plan delayed-credit", argument="9999"))
            await shown(_click("Plan delayed-credit"))
            assert sandbox.faults.planned() == ()
            await shown(_fill("Plan delayed-credit", argument="60", times="2"))
            await browser.follow(_click("Plan delayed-credit"))
            (planned,) = sandbox.faults.planned()
            assert (planned.fault, planned.times) == ("delayed-credit=60", 2)
            await browser.follow(_click("Clear all"))
            assert sandbox.faults.planned() == ()
            # The clock: what was created expires.
            identity = partner.created(2)
            await browser.follow(_click("+5 min"))
            assert partner.code(partner.confirm(identity)) == "EXPIRED"
            assert "5 min" in await shown("document.querySelector('#time').innerText")
            # The reference in the list of transfers leads to its messages.
            await browser.follow(_click("order-2"))
            numbers = (
                "[...document.querySelectorAll('[id^=message-]')].map(one => one.id)"
            )
            assert await shown(numbers) == ["message-4", "message-3"]
            await browser.follow(_click("failures only"))
            assert await shown(numbers) == ["message-4"]
            await _refreshing(browser, numbers)
            assert browser.problems == []


async def _refreshing(browser: Browser, numbers: str) -> None:
    """See that a refresh loses neither the filter nor what is open."""
    await browser.follow(_click("refresh every 5 s"))
    await browser.follow("document.querySelector('#message-4 > a').click()")
    await browser.next_load()
    assert await browser.evaluate(numbers) == ["message-4"]
    opened = "document.querySelector('#message-4 .inside') !== null"
    assert await browser.evaluate(opened)
    # A form: no refresh while it is open, and again when it was sent.
    await browser.follow("document.querySelector('#form-clock > a').click()")
    refresh = "document.querySelector('meta[http-equiv=refresh]')?.content ?? ''"
    assert await browser.evaluate(refresh) == ""
    await browser.follow(_click("Advance"))
    address = "/live?failures=1&reference=order-2&show=4"
    assert await browser.evaluate(refresh) == f"5; url={address}"
    assert await browser.evaluate("location.search") == f"{address[5:]}&done=advanced"
    assert await browser.evaluate(numbers) == ["message-4"]


@pytest.mark.thorough
def test_in_use(tmp_path: Path) -> None:
    """Faults, the clock, filters and the refresh, by clicks alone."""
    asyncio.run(use(tmp_path))


async def attack(folder: Path, tmp_path: Path) -> list[str]:
    """Open a page of another origin that sends forms to the sandbox."""
    sandbox = box()
    sandbox.faults.plan("latency=1")
    found = []
    with sandbox:
        base = sandbox.base_url.removesuffix("/partnerapi/v1")
        page = tmp_path / "attack.html"
        page.write_text(
            f'<form method="post" action="{base}/page/clear">'
            "<button>win</button></form>"
            f'<form method="post" enctype="text/plain" action="{base}{GATEWAY_PATH}">'
            "<button>fill</button></form>"
            f'<script>fetch("{base}/sandbox/faults", {{method: "DELETE"}})</script>',
            encoding="utf-8",
        )
        async with Browser(folder) as browser:
            for button in ("win", "fill"):
                await browser.open(page.as_uri(), width=WIDE)
                await browser.follow(_click(button))
                found.append(str(await browser.evaluate("document.body.innerText")))
    assert [one.fault for one in sandbox.faults.planned()] == ["latency=1"]
    assert sandbox.exchanges == ()
    return found


@pytest.mark.thorough
def test_a_page_of_another_origin(tmp_path: Path) -> None:
    """Its forms and scripts do nothing, in a real browser."""
    folder = tmp_path / "profile"
    folder.mkdir()
    for text in asyncio.run(attack(folder, tmp_path)):
        assert text == "A web page of another site cannot use the sandbox."
