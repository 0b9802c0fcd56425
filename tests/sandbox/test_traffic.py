"""Messages on the status page: filtered, in pieces, each wrong one with its reason."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.gateway.messages import CREATE
from kesspay.sandbox.emulator import GATEWAY_PATH
from kesspay.sandbox.front import LoggedExchange, Seen
from kesspay.sandbox.traffic import messages
from kesspay.sandbox.view import View
from tests.sandbox.parties import RECEIVER, Partner, box


if TYPE_CHECKING:
    from kesspay.sandbox import Sandbox


def numbers(shown: str) -> list[int]:
    """Return which messages are shown, in their order."""
    return [int(one) for one in re.findall(r'id="message-(\d+)"', shown)]


def exchange(number: int, **more: Any) -> LoggedExchange:  # noqa: ANN401 - any field
    """Return an exchange in which all is well."""
    good = Seen("{}", "verified")
    fields: dict[str, Any] = {"outcome": "HTTP 200", "faults": (), **more}
    fields = {"request": good, "answer": good, **fields}
    return LoggedExchange(number=number, at=1.0, service=CREATE, **fields)


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox whose clock stands still."""
    return box()


def send_wrongly(partner: Partner) -> None:
    """Send a request whose signature was made over raw slashes."""
    fields = {"amount": 100, "out_trade_no": "order/7", "receiver_id": RECEIVER}
    text = json.dumps({**fields, "service": CREATE}, separators=(",", ":"))
    sign = b64encode(partner.key.sign(text.encode())).decode()
    body = json.dumps({**fields, "service": CREATE, "sign": sign}).encode()
    headers = {
        "authorization": f"Bearer {partner.token}",
        "user-agent": "python-requests/2",
    }
    partner.respond(GATEWAY_PATH, body, headers)


def test_ten_at_a_time_newest_first() -> None:
    """A link leads to older ones, and one back; filters stay."""
    kept = [exchange(number) for number in range(1, 26)]
    first = messages(kept, View())
    assert numbers(first) == list(range(25, 15, -1))
    assert '<a href="/?before=16#messages">older (15)</a>' in first
    assert "newest<" not in first
    second = messages(kept, View(live=True, before=16, show=17, reference=""))
    assert numbers(second) == list(range(15, 5, -1))
    assert '<a href="/live#messages">newest</a>' in second
    assert '<a href="/live?before=6#messages">older (5)</a>' in second
    last = messages(kept, View(before=6))
    assert numbers(last) == list(range(5, 0, -1))
    assert ">older" not in last


@pytest.mark.parametrize(
    ("more", "failed"),
    [
        ({}, False),
        ({"outcome": "HTTP 400"}, True),
        ({"outcome": "no answer"}, True),
        ({"faults": ("wrong-amount",)}, True),
        ({"request": Seen("", "no signature")}, True),
        ({"answer": Seen("", "empty")}, True),
        ({"request": Seen("", "not signed by design")}, False),
    ],
)
def test_failures_only(more: dict[str, Any], *, failed: bool) -> None:
    """What went wrong is one, and so is what met a fault."""
    shown = messages([exchange(1, **more)], View(failures=True))
    assert (numbers(shown) == [1]) is failed
    assert ('none of these. <a href="/#messages">Show all</a>' in shown) is not failed


def test_by_reference(sandbox: Sandbox) -> None:
    """A transfer is found by each of its names, with a confirm that was lost."""
    partner = Partner(sandbox)
    partner.created(2)
    identity = partner.created()
    partner.confirm(identity, faults="drop-before")
    partner.confirm(identity)
    partner.query()
    for reference in ("order-1", identity):
        shown = messages(sandbox.exchanges, View(reference=reference))
        assert numbers(shown)[-3:] == [5, 4, 3]
    assert numbers(messages(sandbox.exchanges, View(reference="order-1")))[0] == 6
    assert numbers(messages(sandbox.exchanges, View(reference="d-1"))) == [5, 4, 3]
    assert numbers(messages(sandbox.exchanges, View(reference="order"))) == []
    both = messages(sandbox.exchanges, View(reference="order-1", failures=True))
    assert numbers(both) == [4]


def test_a_debit_does_not_join_two_transfers(sandbox: Sandbox) -> None:
    """A debit that was used twice is in the messages of both, and joins nothing."""
    partner = Partner(sandbox)
    for number in (1, 2):
        partner.confirm(partner.created(number), "d-1")
    assert numbers(messages(sandbox.exchanges, View(reference="order-1"))) == [3, 2]


def test_the_filter_is_a_form_without_a_script() -> None:
    """It keeps the other filter; a link takes it away."""
    view = View(reference='a"<b', failures=True)
    shown = messages([exchange(1)], view)
    assert '<form method="get" action="/#messages">' in shown
    assert '<input type="hidden" name="failures" value="1">' in shown
    assert '<input name="reference" value="a&quot;&lt;b" maxlength="64"' in shown
    assert '<a href="/?failures=1#messages">of all transfers</a>' in shown
    assert (
        'href="/?failures=1&amp;reference=a%22%3Cb#messages" aria-current="true">'
        "failures only</a>" in shown
    )
    assert "of all transfers" not in messages([], View())


def test_the_filter_while_the_page_refreshes() -> None:
    """It can be seen; to change it, the refresh stops."""
    shown = messages([exchange(1)], View(live=True, reference="order-1"))
    assert "<form" not in shown
    assert "of <code>order-1</code>" in shown
    change = "/live?reference=order-1&amp;form=reference#messages"
    assert f'<a href="{change}">another reference</a>' in shown
    assert ">by reference</a>" in messages([], View(live=True))
    opened = messages([], View(live=True, form="reference"))
    assert '<form method="get" action="/live#messages">' in opened


def test_a_wrong_request_says_why(sandbox: Sandbox) -> None:
    """The rule is in the heading; the text to sign and the difference are inside."""
    send_wrongly(Partner(sandbox))
    shown = messages(sandbox.exchanges, View())
    heading = shown.split("<summary>")[1].partition("</summary>")[0]
    assert '<span class="badge bad">write.slash</span>' in heading
    assert "<code>order/7</code>" in heading
    for words in (
        "<h4>Why it does not verify</h4>",
        "slashes were not escaped<p><b>Do this:</b> write / as \\/",
        "<code>docs/explanation/canonical-form.md#strings</code>",
        "<h4>The first difference</h4>",
        "the text that was signed &#x27;/&#x27;",
        "order<mark>\\</mark>/7",
        "order<mark>/</mark>7",
        "<h4>The text to sign</h4><pre>{&quot;amount&quot;:100",
        "<h4>What was sent</h4>",
    ):
        assert words in shown, words


def test_a_lesson_may_be_short(sandbox: Sandbox) -> None:
    """Of a body that holds a credential, or has no text to sign, less is said."""
    partner = Partner(sandbox)
    headers = {"authorization": f"Bearer {partner.token}"}
    password = sandbox.settings["credentials"].password
    partner.respond(GATEWAY_PATH, json.dumps({"sign": password}).encode(), headers)
    shown = messages(sandbox.exchanges, View())
    assert '<span class="badge bad">credential</span>' in shown
    assert "<h4>The text to sign</h4>" not in shown
    assert "first difference" not in shown
    assert "<h4>Why it does not verify</h4>" in shown


def test_a_heading_names_what_does_not_verify() -> None:
    """On both sides; what is empty or was not sent has an outcome of its own."""
    bad = Seen("", "no signature")
    shown = messages([exchange(1, request=bad, answer=bad)], View())
    assert '<span class="badge bad">request not verified</span>' in shown
    assert '<span class="badge bad">answer not verified</span>' in shown
    shown = messages([exchange(1, answer=Seen("", "not sent"))], View())
    assert "not verified" not in shown
    shown = messages([exchange(1, answer=bad, outcome="HTTP 401")], View())
    assert "not verified" not in shown


def test_what_is_marked_is_escaped(sandbox: Sandbox) -> None:
    """Also before and behind the character, and the character."""
    partner = Partner(sandbox)
    fields = {"a": "<i>", "b": "/", "c": "<b>", "service": CREATE}
    text = json.dumps(fields, separators=(",", ":"))
    sign = b64encode(partner.key.sign(text.encode())).decode()
    body = json.dumps({**fields, "sign": sign}).encode()
    headers = {"authorization": f"Bearer {partner.token}"}
    partner.respond(GATEWAY_PATH, body, headers)
    shown = messages(sandbox.exchanges, View())
    assert "<mark>/</mark>" in shown
    assert "<i>" not in shown
    assert "<b>" not in shown.replace("<b>Do this:</b>", "")
