"""The status page: complete, without secrets, and inert, in a real browser too."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from kesspay.sandbox.emulator import GATEWAY_PATH
from tests.conftest import missing
from tests.sandbox.parties import Partner, box


if TYPE_CHECKING:
    from pathlib import Path

    from kesspay.sandbox import Sandbox
    from kesspay.sandbox.emulator import Reply


ATTACK = "<script>document.title='owned'</script>"
#: Nothing here takes seconds; this only ends what hangs.
LIMIT = 60


class Elements(HTMLParser):
    """The names of the elements of a page, and how deep it ends."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        """Begin outside of everything."""
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; no attribute of it is a script."""
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.found.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that is open."""
        assert self.open.pop() == tag


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox in which everything happened, some of it hostile."""
    made = box(users={"85512345678": "Sok & Dara", "8": ATTACK})
    partner = Partner(made)
    partner.confirm(partner.created(1))
    partner.create(2, sender_name=ATTACK)
    partner.create(3, receiver_id="8")
    partner.confirm(partner.created(4), "d-4", faults="delayed-credit=60, drop-after")
    partner.query(faults="foreign-signature")
    partner.query(faults="html-200")
    partner.send(service=ATTACK, error_desc=ATTACK)
    partner.respond(GATEWAY_PATH, ATTACK.encode() + b"\xff\x00", {ATTACK: ATTACK})
    made.faults.plan("latency=5", times=3)
    return made


def page(sandbox: Sandbox, path: str = "/") -> Reply:
    """Return the page."""
    return sandbox.site.respond("GET", path, {"host": "localhost"}, b"")


def test_the_page_shows_everything(sandbox: Sandbox) -> None:
    """Settings, users, transfers, ledger, faults and messages are there."""
    text = page(sandbox).body.decode()
    for title in (
        *("Settings", "Users", "Transfers", "Ledger", "Planned faults", "Messages"),
    ):
        assert f"<h2>{title}<small>" in text
    for words in (
        sandbox.base_url,
        sandbox.settings["gateway_key"].fingerprint,
        "Sok &amp; Dara",
        "1970-01-12 13:46:40 UTC",
        '<span class="badge good">credited</span>',
        '<span class="badge warn">due</span>',
        "FT000000000001",
        '<span class="badge warn">latency=5</span>',
        '<span class="badge good">verified</span>',
        '<span class="badge bad">the signature does not fit',
        "&quot;service&quot;:&quot;confirm.fundTransfer&quot;",
        "<strong>unknown</strong>",
    ):
        assert words in text, words


def test_an_empty_page() -> None:
    """A sandbox in which nothing happened has a page as well."""
    made = box(users={})
    text = page(made).body.decode()
    assert text.count('<div class="none">none</div>') == 5


def test_states(sandbox: Sandbox) -> None:
    """What expired and who is not eligible is shown in red."""
    sandbox.ledger.add_user("9", "Nine", eligible=False)
    sandbox.advance(1000)
    text = page(sandbox).body.decode()
    assert '<span class="badge bad">expired</span>' in text
    assert '<span class="badge bad">not eligible</span>' in text


def test_times_beyond_the_calendar() -> None:
    """Where the clock leaves the calendar, seconds are shown."""
    made = box(clock=lambda: 1e15)
    assert "<code>1000000000000000 s</code>" in page(made).body.decode()


def test_the_page_refreshes_itself_on_request(sandbox: Sandbox) -> None:
    """Only /live does."""
    assert b"http-equiv" not in page(sandbox).body
    assert b'<meta http-equiv="refresh" content="2">' in page(sandbox, "/live").body


def test_nothing_secret_is_on_the_page(sandbox: Sandbox) -> None:
    """No credential and no token, whatever happened."""
    partner = Partner(sandbox)
    partner.create(5)
    right = sandbox.settings["credentials"]
    text = page(sandbox).body.decode()
    for secret in (right.partner_secret_key, right.password, partner.token):
        assert secret not in text
    assert "PRIVATE" not in text


def test_what_strangers_wrote_is_inert(sandbox: Sandbox) -> None:
    """The page has the elements it should have, each closed, and no other."""
    text = page(sandbox).body.decode()
    assert text.count("&lt;script&gt;") >= 5
    elements = Elements()
    elements.feed(text)
    assert elements.open == []
    assert set(elements.found) == {
        *("html", "head", "meta", "title", "style", "body", "main", "header", "h1"),
        *("span", "nav", "a", "p", "section", "h2", "small", "div", "table", "thead"),
        *("tbody", "tr", "th", "td", "code", "pre", "strong"),
    }


def test_the_policy_allows_the_style_alone(sandbox: Sandbox) -> None:
    """No script, no picture, no frame; and the style sheet of the page."""
    reply = page(sandbox)
    headers = dict(reply.headers)
    policy = headers["Content-Security-Policy"]
    style = re.search(rb"<style>(.*?)</style>", reply.body, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1]).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b"src=" not in reply.body
    assert b"url(" not in reply.body


def test_in_a_browser(sandbox: Sandbox, tmp_path: Path) -> None:
    """Chromium shows the page, and runs nothing that strangers wrote."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("chromium is not installed", "KESSPAY_REQUIRE_CHROMIUM")
    with sandbox:
        address = sandbox.base_url.removesuffix("partnerapi/v1")
        done = subprocess.run(
            [
                chromium,
                *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
                *("--no-first-run", "--disable-background-networking"),
                *("--enable-logging=stderr", "--log-level=0"),
                *("--disable-component-update", "--disable-sync"),
                *(f"--user-data-dir={tmp_path}", "--dump-dom", address),
            ],
            capture_output=True,
            check=True,
            timeout=LIMIT,
        )
    shown = done.stdout.decode()
    assert "<title>kesspay sandbox</title>" in shown
    assert "<h2>Messages<small>" in shown
    assert "order-1" in shown
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") >= 5
    # The browser's own complaints, such as a style sheet that it refused.
    assert "CONSOLE" not in done.stderr.decode()
