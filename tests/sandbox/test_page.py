"""The status page: complete, without secrets, and inert."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from kesspay.sandbox.emulator import GATEWAY_PATH
from kesspay.sandbox.markup import NONE
from tests.sandbox.parties import Partner, box


if TYPE_CHECKING:
    from kesspay.sandbox import Sandbox
    from kesspay.sandbox.emulator import Reply


ATTACK = "<script>document.title='owned'</script>"


class Elements(HTMLParser):
    """The names of the elements of a page, and how deep it ends."""

    VOID = frozenset({"meta", "input"})

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


def page(sandbox: Sandbox, path: str = "/", query: str = "") -> Reply:
    """Return the page."""
    return sandbox.site.respond("GET", path, {"host": "localhost"}, b"", query)


def test_the_page_shows_everything(sandbox: Sandbox) -> None:
    """Settings, time, faults, messages, users, transfers and the ledger are there."""
    text = page(sandbox).body.decode()
    for title in (
        *("Settings", "Time", "Faults", "Messages", "Users", "Transfers", "Ledger"),
    ):
        name = title.lower()
        assert f'<section id="{name}" aria-labelledby="{name}-title">' in text
        assert f'<h2 id="{name}-title">{title}<small>' in text
        assert f'<a href="#{name}">{title}</a>' in text
    for words in (
        sandbox.base_url,
        sandbox.settings["gateway_key"].fingerprint,
        "Sok &amp; Dara",
        "1970-01-12 13:46:40 UTC",
        '<span class="badge good short">credited</span>',
        '<span class="badge warn short">due</span>',
        "FT000000000001",
        '<span class="badge warn">latency=5</span>',
        '<span class="badge good short">verified</span>',
        '<span class="badge bad">the signature does not fit',
        "&quot;service&quot;:&quot;confirm.fundTransfer&quot;",
        "<strong>unknown</strong>",
    ):
        assert words in text, words


def test_an_empty_page() -> None:
    """A sandbox in which nothing happened has a page as well."""
    made = box(users={})
    text = page(made).body.decode()
    assert text.count(NONE) == 5


def test_states(sandbox: Sandbox) -> None:
    """What expired and who is not eligible is shown in red."""
    sandbox.ledger.add_user("9", "Nine", eligible=False)
    sandbox.advance(1000)
    text = page(sandbox).body.decode()
    assert '<span class="badge bad short">expired</span>' in text
    assert '<span class="badge bad short">not eligible</span>' in text


def test_times_beyond_the_calendar() -> None:
    """Where the clock leaves the calendar, seconds are shown."""
    made = box(clock=lambda: 1e15)
    Partner(made)
    text = page(made).body.decode()
    assert '<span class="short">1000000000000000 s</span>' in text
    assert '<span class="time">1000000000000000 s</span>' in text


def test_many_users_are_not_all_on_the_page() -> None:
    """The page stays short, and says how many are left out."""
    made = box(users={f"8{number:03d}": "Sok Dara" for number in range(53)})
    text = page(made).body.decode()
    assert text.count("Sok Dara") == 50
    assert '<p class="none">and 3 more</p>' in text


def test_the_page_refreshes_on_request(sandbox: Sandbox) -> None:
    """Only /live does, and what the reader looks at stays as it is."""
    still = page(sandbox, "/", "failures=1&reference=order-1")
    assert b"http-equiv" not in still.body
    address = b'/live?failures=1&amp;reference=order-1">refresh every 5 s</a>'
    assert address in still.body
    live = page(sandbox, "/live", "failures=1&reference=order-1").body
    # The address has the filter, and no place: a browser would only jump there.
    address = b"/live?failures=1&amp;reference=order-1"
    assert b'<meta http-equiv="refresh" content="5; url=%s">' % address in live
    assert b'refreshes every 5 s <a href="/?failures=1&amp;reference=order-1">' in live


def test_no_refresh_while_a_form_is_open(sandbox: Sandbox) -> None:
    """What is being typed is not lost: the refresh waits until the form is closed."""
    text = page(sandbox, "/live", "failures=1&form=token").body
    assert b"http-equiv" not in text
    assert b'<a href="/live?failures=1">close it and continue</a>' in text
    assert text.partition(b"<body>")[2].count(b'aria-expanded="true"') == 1
    assert b'aria-label="Plan token-life-zero"' in text
    assert b'aria-label="Plan drop-after"' not in text


def test_what_a_form_has_done_is_said_once(sandbox: Sandbox) -> None:
    """The next refresh leaves it out."""
    text = page(sandbox, "/live", "failures=1&done=planned").body
    assert b'content="5; url=/live?failures=1"' in text
    assert b'<p class="notice good" role="status">The fault waits for' in text
    _, _, body = page(sandbox, "/", "done=nonsense").body.partition(b"<body>")
    assert b"notice" not in body


def test_a_reference_leads_to_its_messages(sandbox: Sandbox) -> None:
    """Transfers and credits have links, also with odd references."""
    partner = Partner(sandbox)
    created = partner.data(partner.create(out_trade_no='a&"/<b'))
    partner.confirm(created["pre_transfer_id"], "d-9")
    text = page(sandbox).body.decode()
    wanted = '<a href="/?reference=a%26%22%2F%3Cb#messages"><code>a&amp;&quot;/&lt;b'
    assert text.count(wanted) == 2


def test_nothing_secret_is_on_the_page(sandbox: Sandbox) -> None:
    """No credential and no token, whatever happened."""
    partner = Partner(sandbox)
    partner.create(5)
    right = sandbox.settings["credentials"]
    partner.create(out_trade_no=right.password)
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
        *("tbody", "tr", "th", "td", "code", "pre", "strong", "dl", "dt", "dd"),
        *("form", "input", "button", "label", "select", "option", "datalist"),
        *("details", "summary", "h3", "h4"),
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
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    # The browser names the origin of forms, and no other site learns of this page.
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b"src=" not in reply.body
    assert b"url(" not in reply.body
