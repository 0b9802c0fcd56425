"""The forms of the status page: they do what they say, for this page alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from kesspay.gateway.messages import CONFIRM, QUERY
from kesspay.sandbox.faults import FAULTS, Planned
from tests.conftest import missing
from tests.sandbox.parties import Partner, box


if TYPE_CHECKING:
    from kesspay.sandbox import Sandbox
    from kesspay.sandbox.emulator import Reply


HOST = {"host": "127.0.0.1:8765"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox whose clock stands still."""
    return box()


def page(sandbox: Sandbox, path: str = "/", query: str = "") -> str:
    """Return the page."""
    return sandbox.site.respond("GET", path, HOST, b"", query).body.decode()


def csrf_token(sandbox: Sandbox) -> str:
    """Return the CSRF token of the forms, as a reader of the page could."""
    found = set(re.findall(r'name="csrf_token" value="([^"]*)"', page(sandbox)))
    assert len(found) == 1
    return str(found.pop())


def send(
    sandbox: Sandbox,
    path: str,
    query: str = "",
    content_type: str = FORM,
    **fields: object,
) -> Reply:
    """Send a form of the page."""
    body = urlencode({"csrf_token": csrf_token(sandbox), **fields}).encode()
    headers = {**HOST, "content-type": content_type}
    return sandbox.site.respond("POST", path, headers, body, query)


def problem(reply: Reply) -> str:
    """Return why a form has done nothing."""
    found = re.search(rb'role="alert">([^<]*)<', reply.body)
    assert found is not None
    return unescape(found[1].decode())


class Inputs(HTMLParser):
    """The forms of a page: their addresses, fields, usual values and labels."""

    def __init__(self) -> None:
        """Begin outside of everything."""
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.labels = 0
        self.bare: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and what is in them; every field that is seen has a label."""
        named = {name: value or "" for name, value in attrs}
        self.labels += tag == "label"
        if tag == "form":
            self.forms.append((named["action"], {}))
        elif tag in {"input", "select"} and self.forms:
            self.forms[-1][1][named["name"]] = named.get("value", "")
            if named.get("type") != "hidden" and not self.labels:
                self.bare.append(named["name"])

    def handle_endtag(self, tag: str) -> None:
        """Leave a label."""
        self.labels -= tag == "label"


def test_every_fault_has_a_form(sandbox: Sandbox) -> None:
    """As it stands on the page it plans the fault, with its usual argument."""
    found = Inputs()
    found.feed(page(sandbox))
    assert found.bare == []
    forms = [one for one in found.forms if "fault" in one[1]]
    assert [fields["fault"] for _, fields in forms] == [*FAULTS, ""]
    for action, fields in forms[:-1]:
        path, _, query = unescape(action).partition("?")
        body = urlencode(fields).encode()
        headers = {**HOST, "content-type": FORM}
        reply = sandbox.site.respond("POST", path, headers, body, query)
        # The browser comes back to the page, and the form is still open.
        address = dict(reply.headers)["Location"]
        assert reply.status == 303
        assert address == f"/?{query}&done=planned#faults"
    wanted = [
        f"{one.name}={one.usual}" if one.usual else one.name for one in FAULTS.values()
    ]
    assert [one.fault for one in sandbox.faults.planned()] == wanted


def test_a_fault_with_everything(sandbox: Sandbox) -> None:
    """Argument, request and times; then the request fails."""
    reply = send(
        sandbox,
        "/page/fault",
        fault="latency",
        argument=" 2.5 ",
        service=QUERY,
        times=2,
    )
    assert reply.status == 303
    assert sandbox.faults.planned() == (Planned("latency=2.5", QUERY, 2),)
    text = page(sandbox)
    assert '<span class="badge warn">latency=2.5</span>' in text
    assert '<span class="value">query</span>' in text
    partner = Partner(sandbox)
    assert partner.create().delay == 0
    assert partner.query().delay == 2.5
    assert sandbox.exchanges[-1].faults == ("latency=2.5",)


def test_several_faults(sandbox: Sandbox) -> None:
    """The form for several takes what the header takes."""
    text = "delayed-credit=5, drop-after"
    send(sandbox, "/page/fault", fault=text, service=CONFIRM, times=1)
    assert sandbox.faults.planned() == (Planned(text, CONFIRM, 1),)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "there is no fault ''"),
        ({"fault": "<b>"}, "there is no fault '<b>'"),
        ({"fault": "latency", "argument": "x"}, "takes SECONDS"),
        ({"fault": "latency", "argument": "3601"}, "takes SECONDS"),
        ({"fault": "drop-after", "argument": "1"}, "takes nothing"),
        ({"fault": "drop-after", "service": "other"}, "does not fit other"),
        ({"fault": "pending", "service": "token"}, "does not fit token"),
        ({"fault": "drop-after", "times": "0"}, "times must be"),
        ({"fault": "drop-after", "times": "-1"}, "times must be"),
        ({"fault": "drop-after", "times": "1" * 9}, "times must be"),
        ({"fault": "drop-after", "times": "\u00b2"}, "times must be"),
        ({"fault": "drop-after", "times": ""}, "times must be"),
    ],
)
def test_faults_that_cannot_be_planned(
    sandbox: Sandbox, fields: dict[str, str], why: str
) -> None:
    """The page says why, and nothing waits."""
    reply = send(sandbox, "/page/fault", **{"times": "1", **fields})
    assert reply.status == 400
    assert problem(reply).startswith("Nothing was done: ")
    assert why in problem(reply)
    assert b"http-equiv" not in reply.body
    assert sandbox.faults.planned() == ()


def test_clear(sandbox: Sandbox) -> None:
    """What waits is listed, the seed too, and a button forgets both."""
    assert "Clear all" not in page(sandbox)
    sandbox.faults.seed(1, 0.25)
    assert "A seed gives 25% of the requests a fault." in page(sandbox)
    sandbox.faults.plan("latency", times=7)
    text = page(sandbox)
    assert '<span class="value">the next that fits</span>' in text
    assert '<span class="value">7</span>' in text
    reply = send(sandbox, "/page/clear")
    assert dict(reply.headers)["Location"] == "/?done=cleared#faults"
    assert sandbox.faults.planned() == ()
    assert sandbox.faults.rate == 0


def test_many_faults_are_not_all_listed(sandbox: Sandbox) -> None:
    """The page stays short."""
    for _ in range(52):
        sandbox.faults.plan("tampered")
    assert page(sandbox).count('<span class="badge warn">tampered</span>') == 50
    assert '<p class="none">and 2 more</p>' in page(sandbox)


@pytest.mark.parametrize(
    ("amount", "unit", "seconds"),
    [("30", "seconds", 30), ("1.5", "minutes", 90), ("1", "hours", 3600)],
)
def test_the_clock(sandbox: Sandbox, amount: str, unit: str, seconds: float) -> None:
    """It goes forward, and pre-transfers expire."""
    partner = Partner(sandbox)
    identity = partner.created()
    before = sandbox.now()
    reply = send(sandbox, "/page/advance", amount=amount, unit=unit)
    assert dict(reply.headers)["Location"] == "/?done=advanced#time"
    assert sandbox.now() == before + seconds
    partner.log_in()
    code = partner.code(partner.confirm(identity))
    assert code == ("EXPIRED" if seconds > 300 else "SUCCESS")


def test_the_clock_is_shown(sandbox: Sandbox) -> None:
    """The time of the sandbox, and how far it is ahead."""
    sandbox.advance(3905)
    text = page(sandbox)
    assert '<dt>Now</dt><dd><span class="short">1970-01-12 14:51:45 UTC</span>' in text
    assert "<dt>Put forward by</dt><dd>1 h 5 min 5 s</dd>" in text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"amount": "1"},
        {"amount": "1", "unit": "years"},
        {"amount": "x", "unit": "seconds"},
        {"amount": "-1", "unit": "seconds"},
        {"amount": "nan", "unit": "seconds"},
        {"amount": "1e999", "unit": "seconds"},
        {"amount": "1e9", "unit": "hours"},
    ],
)
def test_steps_that_the_clock_does_not_take(
    sandbox: Sandbox, fields: dict[str, str]
) -> None:
    """Time neither goes back nor leaves the calendar at once."""
    reply = send(sandbox, "/page/advance", **fields)
    assert reply.status == 400
    assert problem(reply).startswith("Nothing was done: ")
    assert sandbox.ahead == 0


def test_the_token(sandbox: Sandbox) -> None:
    """A button ends it."""
    partner = Partner(sandbox)
    reply = send(sandbox, "/page/end-token", "failures=1")
    address = "/?failures=1&done=token-ended#time"
    assert dict(reply.headers)["Location"] == address
    assert partner.create().status == 401


def test_the_page_stays_what_it_was(sandbox: Sandbox) -> None:
    """Filters stay; where the page refreshes, it does so again."""
    query = "failures=1&reference=a%2Fb&form=connection&live=1"
    reply = send(sandbox, "/page/fault", query, fault="drop-after", times=1)
    address = "/live?failures=1&reference=a%2Fb&done=planned#faults"
    assert dict(reply.headers)["Location"] == address
    forms = Inputs()
    forms.feed(page(sandbox, "/live", "failures=1&form=token"))
    actions = {unescape(action) for action, _ in forms.forms}
    assert "/page/fault?failures=1&form=token&live=1" in actions


def test_no_address_leads_elsewhere(sandbox: Sandbox) -> None:
    """Whatever the query says, the browser comes back to the page."""
    odd = "reference=%0d%0aSet-Cookie:a&path=//evil.example&done=x&live=1"
    location = dict(send(sandbox, "/page/clear", odd).headers)["Location"]
    assert location == "/live?reference=Set-Cookie%3Aa&done=cleared#faults"


@pytest.mark.parametrize("wrong", ["missing", "empty", "other", "longer", "odd"])
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/page/fault", {"fault": "drop-after", "times": "1"}),
        ("/page/clear", {}),
        ("/page/advance", {"amount": "60", "unit": "seconds"}),
        ("/page/end-token", {}),
    ],
)
def test_without_the_csrf_token_nothing_is_done(
    sandbox: Sandbox, path: str, fields: dict[str, str], wrong: str
) -> None:
    """HTTP 403, and the page says so, with forms that work."""
    partner = Partner(sandbox)
    sandbox.faults.plan("html-200", service="token")
    tokens = {
        "empty": "",
        "other": csrf_token(box()),
        "longer": csrf_token(sandbox) + "a",
        "odd": "\ud800\u1785",
    }
    body = dict(fields)
    if wrong in tokens:
        body["csrf_token"] = tokens[wrong]
    encoded = urlencode(body, errors="surrogatepass").encode()
    headers = {**HOST, "content-type": FORM}
    reply = sandbox.site.respond("POST", path, headers, encoded)
    assert reply.status == (400 if wrong == "odd" else 403)
    assert problem(reply).startswith("Nothing was done: the form ")
    assert sandbox.faults.planned() == (Planned("html-200", "token", 1),)
    assert sandbox.ahead == 0
    assert partner.create().status == 200
    assert csrf_token(sandbox) in reply.body.decode()


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/form-data", "application/json"]
)
def test_only_forms_are_taken(sandbox: Sandbox, kind: str) -> None:
    """What else a web page can send is refused, also with the CSRF token."""
    reply = send(
        sandbox, "/page/advance", content_type=kind, amount="1", unit="seconds"
    )
    assert reply.status == 415
    assert sandbox.ahead == 0
    good = f"{FORM.title()}; charset=utf-8"
    reply = send(
        sandbox, "/page/advance", content_type=good, amount="1", unit="seconds"
    )
    assert reply.status == 303


@pytest.mark.parametrize(
    "tail", [b"&unit=hours", b"&a=\xff", b"&b=%ff", b"&x" * 30, b"&x=1" * 30]
)
def test_forms_that_cannot_be_read(sandbox: Sandbox, tail: bytes) -> None:
    """Two meanings, other bytes than UTF-8, too much: nothing is done."""
    fields = {"csrf_token": csrf_token(sandbox), "amount": "1", "unit": "seconds"}
    body = urlencode(fields).encode() + tail
    headers = {**HOST, "content-type": FORM}
    reply = sandbox.site.respond("POST", "/page/advance", headers, body)
    assert reply.status == 400
    assert sandbox.ahead == 0


def test_csrf_tokens_are_new_each_time() -> None:
    """That of another run is of no use."""
    assert csrf_token(box()) != csrf_token(box())
    assert len(csrf_token(box())) >= 43


def test_with_curl(sandbox: Sandbox) -> None:
    """As a program does it, on the wire: the form needs its token, JSON does not."""
    curl = shutil.which("curl")
    if curl is None:
        missing("curl is not installed", "KESSPAY_REQUIRE_CURL")
    with sandbox:
        base = sandbox.base_url.removesuffix("/partnerapi/v1")
        form = ["--data", "amount=5&unit=minutes", f"{base}/page/advance?failures=1"]
        token = ["--data-urlencode", f"csrf_token={csrf_token(sandbox)}"]
        json = ["--json", '{"advance": 60}', f"{base}/sandbox/clock"]
        foreign = ["--header", "Origin: https://evil.example"]
        rebound = ["--header", "Host: evil.example"]
        for options, status, ahead in (
            (form, 403, 0),
            ([*token, *foreign, *form], 403, 0),
            ([*token, *rebound, *form], 403, 0),
            ([*token, *form], 303, 300),
            ([*token, "--location", *form], 200, 600),
            ([*foreign, *json], 403, 600),
            ([*rebound, *json], 403, 600),
            (json, 200, 660),
        ):
            done = subprocess.run(
                [curl, "-sS", "-o", os.devnull, "-w", "%{http_code}", *options],
                capture_output=True,
                check=True,
                timeout=60,
            )
            assert (int(done.stdout), sandbox.ahead) == (status, ahead), options
