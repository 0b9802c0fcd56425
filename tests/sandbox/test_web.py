"""The control endpoints: small, strict, and closed to web pages."""

# ruff: noqa: ANN401 - answers are of any type

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.gateway.messages import CONFIRM
from kesspay.sandbox.emulator import BASE_PATH, GATEWAY_PATH
from kesspay.sandbox.faults import FAULTS
from kesspay.sandbox.forms import ACTIONS
from tests.sandbox.parties import RECEIVER, Partner, box


if TYPE_CHECKING:
    from kesspay.sandbox import Sandbox
    from kesspay.sandbox.emulator import Reply


JSON = {"host": "127.0.0.1:8765", "content-type": "application/json"}


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox whose clock stands still."""
    return box()


def ask(
    sandbox: Sandbox, method: str, path: str, value: Any = None, **headers: str
) -> Reply:
    """Send a request to a control endpoint."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    whole = {**JSON, **{name.replace("_", "-"): v for name, v in headers.items()}}
    return sandbox.site.respond(method, path, whole, body)


def control(sandbox: Sandbox, method: str, path: str, value: Any = None) -> Any:
    """Send a request that succeeds, and return the answer."""
    reply = ask(sandbox, method, path, value)
    assert reply.status == 200, reply.body
    assert reply.headers == (("Content-Type", "application/json"),)
    return json.loads(reply.body)


def test_faults(sandbox: Sandbox) -> None:
    """Faults are planned, listed and cleared."""
    entries = [
        {"fault": "drop-after", "service": CONFIRM, "times": 2},
        {"fault": "latency=5"},
    ]
    listed = control(sandbox, "POST", "/sandbox/faults", {"plan": entries})
    assert listed == control(sandbox, "GET", "/sandbox/faults")
    assert listed["plan"] == [
        entries[0],
        {"fault": "latency=5", "service": None, "times": 1},
    ]
    assert listed["faults"] == list(FAULTS)
    assert control(sandbox, "DELETE", "/sandbox/faults")["plan"] == []


def test_the_token(sandbox: Sandbox) -> None:
    """The token can be revoked."""
    partner = Partner(sandbox)
    assert partner.create().status == 200
    assert control(sandbox, "POST", "/sandbox/revoke-token", {}) == {}
    assert partner.create().status == 401


def test_the_clock(sandbox: Sandbox) -> None:
    """Time can be read, and put forward."""
    before = control(sandbox, "GET", "/sandbox/clock")["now"]
    control(sandbox, "POST", "/sandbox/clock", {"advance": 1.5})
    assert (
        control(sandbox, "POST", "/sandbox/clock", {"advance": 1})["now"]
        == before + 2.5
    )


def test_users(sandbox: Sandbox) -> None:
    """Users can be added and changed."""
    new = {"receiver_id": "8", "name": "Eight", "eligible": False}
    listed = control(sandbox, "POST", "/sandbox/users", new)["users"]
    assert {**new, "balance": "0.00"} in listed
    control(sandbox, "POST", "/sandbox/users", {"receiver_id": RECEIVER, "name": "Sok"})
    users = control(sandbox, "GET", "/sandbox/users")["users"]
    assert [user["name"] for user in users] == ["Eight", "Sok", "Chan Sophea"]
    assert users[1]["eligible"] is True


def test_what_happened(sandbox: Sandbox) -> None:
    """Transfers, credits and messages can be read."""
    partner = Partner(sandbox)
    identity = partner.created()
    partner.confirm(identity)
    (transfer,) = control(sandbox, "GET", "/sandbox/transfers")["transfers"]
    assert (transfer["pre_transfer_id"], transfer["state"]) == (identity, "credited")
    (credit,) = control(sandbox, "GET", "/sandbox/credits")["credits"]
    assert (credit["out_trade_no"], credit["amount"]) == ("order-1", "0.50")
    messages = control(sandbox, "GET", "/sandbox/messages")["messages"]
    assert [message["service"] for message in messages][-1] == CONFIRM
    assert messages[-1]["request"]["verdict"] == "verified"
    assert partner.token not in json.dumps(messages)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("faults", {}),
        ("faults", {"plan": {}}),
        ("faults", {"plan": ["drop-after"]}),
        ("faults", {"plan": [{}]}),
        ("faults", {"plan": [{"fault": "nonsense"}]}),
        ("faults", {"plan": [{"fault": "drop-after", "times": True}]}),
        ("faults", {"plan": [{"fault": "drop-after", "times": 0}]}),
        ("faults", {"plan": [{"fault": "drop-after", "service": 1}]}),
        ("faults", {"plan": [{"fault": "drop-after", "speed": 1}]}),
        ("faults", {"plan": [], "seed": 1}),
        ("revoke-token", {"all": True}),
        ("clock", {"advance": "1"}),
        ("clock", {"advance": True}),
        ("clock", {"advance": -1}),
        ("clock", {"advance": 10**400}),
        ("clock", b'{"advance":NaN}'),
        ("clock", {}),
        ("users", {"receiver_id": "8"}),
        ("users", {"receiver_id": "", "name": "A"}),
        ("users", {"receiver_id": "8", "name": "A", "eligible": 1}),
        ("users", {"receiver_id": "8", "name": "\ud800"}),
        ("users", []),
        ("users", b""),
        ("users", b"\xff"),
        ("users", b"[" * 60_000),
    ],
)
def test_requests_that_make_no_sense(sandbox: Sandbox, path: str, value: Any) -> None:
    """They change nothing, and the answer says what is wrong."""
    before = (sandbox.now(), sandbox.ledger.users(), sandbox.faults.planned())
    reply = ask(sandbox, "POST", f"/sandbox/{path}", value)
    assert reply.status == 400
    assert json.loads(reply.body)["error"]
    after = (sandbox.now(), sandbox.ledger.users(), sandbox.faults.planned())
    assert after == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sandbox/", 404),
        ("GET", "/sandbox/nothing", 404),
        ("DELETE", "/sandbox/users", 405),
        ("PUT", "/sandbox/faults", 405),
        ("GET", "/sandbox/revoke-token", 405),
        ("OPTIONS", "/sandbox/faults", 405),
        ("GET", "/nothing", 404),
        ("POST", "/", 405),
    ],
)
def test_other_requests(sandbox: Sandbox, method: str, path: str, status: int) -> None:
    """There is nothing else."""
    assert ask(sandbox, method, path, {}).status == status


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"],
)
def test_a_form_of_a_web_page(sandbox: Sandbox, kind: str) -> None:
    """What a web page may send without being asked is refused."""
    body = {"plan": [{"fault": "drop-after"}]}
    reply = ask(sandbox, "POST", "/sandbox/faults", body, content_type=kind)
    assert reply.status == 415
    assert sandbox.faults.planned() == ()
    good = "Application/JSON; charset=utf-8"
    reply = ask(sandbox, "POST", "/sandbox/faults", body, content_type=good)
    assert reply.status == 200


@pytest.mark.parametrize("path", ["/", "/live", "/sandbox/users", "/nothing"])
@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8765", True),
        ("LOCALHOST:1", True),
        ("", False),
        ("evil.example", False),
        ("evil.example:8765", False),
        ("127.0.0.1.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("evil.example@127.0.0.1", False),
        ("127.0.0.1:port", False),
        ("localhost.evil.example", False),
        ("localhost, evil.example", False),
        ("127.0.0.1\n", False),
        ("[::1", False),
    ],
)
def test_a_foreign_host(sandbox: Sandbox, path: str, host: str, *, good: bool) -> None:
    """A name that another site made point here is refused."""
    reply = ask(sandbox, "GET", path, host=host)
    assert (reply.status != 403) is good


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("POST", "/page/clear"),
        ("POST", "/sandbox/faults"),
        ("DELETE", "/sandbox/faults"),
        ("GET", "/sandbox/messages"),
        ("POST", GATEWAY_PATH),
        ("GET", f"{BASE_PATH}/nothing"),
    ],
)
@pytest.mark.parametrize(
    ("host", "origin", "good"),
    [
        ("127.0.0.1:8765", "http://127.0.0.1:8765", True),
        ("LocalHost:8765", "http://localhost:8765", True),
        ("127.0.0.1:8765", "http://localhost:8765", False),
        ("127.0.0.1:8765", "http://127.0.0.1:8766", False),
        ("127.0.0.1:8765", "http://127.0.0.1", False),
        ("127.0.0.1:8765", "https://127.0.0.1:8765", False),
        ("127.0.0.1:8765", "https://evil.example", False),
        ("127.0.0.1:8765", "null", False),
        ("127.0.0.1:8765", "", False),
        # A name that was made point here: same origin to the browser.
        ("evil.example:8765", "http://evil.example:8765", False),
    ],
)
def test_a_page_of_another_origin(
    sandbox: Sandbox, method: str, path: str, host: str, origin: str, *, good: bool
) -> None:
    """A browser says which page asks; only the sandbox's own may."""
    sandbox.faults.plan("html-200", times=9)
    body = {"plan": [{"fault": "drop-after"}]} if method == "POST" else None
    reply = ask(sandbox, method, path, body, host=host, origin=origin)
    assert (reply.body.startswith(b"A web page of another site")) is not good
    if not good:
        assert reply.status == 403
        assert [one.times for one in sandbox.faults.planned()] == [9]
        assert sandbox.exchanges == ()


@pytest.mark.parametrize(
    ("site", "good"),
    [
        ("cross-site", False),
        ("Same-Site", False),
        ("same-origin", True),
        ("none", True),
    ],
)
def test_what_a_browser_fetches_for_another_page(
    sandbox: Sandbox, site: str, *, good: bool
) -> None:
    """A picture or a script of another page sends no Origin, but this."""
    for path in ("/sandbox/messages", f"{BASE_PATH}/nothing"):
        reply = ask(sandbox, "GET", path, sec_fetch_site=site)
        assert (reply.status != 403) is good
    # A link to the page is harmless.
    assert ask(sandbox, "GET", "/live", sec_fetch_site=site).status == 200
    assert (ask(sandbox, "POST", "/live", sec_fetch_site=site).status == 405) is good


def test_programs_name_no_origin(sandbox: Sandbox) -> None:
    """The gateway answers them under any name of its host, as in a container."""
    reply = ask(sandbox, "POST", GATEWAY_PATH, {}, host="sandbox:8765")
    assert reply.status == 401
    assert len(sandbox.exchanges) == 1


@pytest.mark.parametrize("path", list(ACTIONS))
def test_no_get_changes_anything(sandbox: Sandbox, path: str) -> None:
    """What forms do is done for POST alone."""
    sandbox.faults.plan("latency")
    for method in ("GET", "HEAD", "DELETE", "PUT", "OPTIONS"):
        assert ask(sandbox, method, path).status == 405
    assert len(sandbox.faults.planned()) == 1


def test_a_query_is_for_the_page(sandbox: Sandbox) -> None:
    """It reaches the page; control endpoints and the gateway have none."""
    headers = {"host": "localhost"}
    reply = sandbox.site.respond("GET", "/", headers, b"", "reference=a%22b")
    assert b'value="a&quot;b"' in reply.body
    reply = sandbox.site.respond("GET", "/sandbox/clock", headers, b"", "advance=5")
    assert json.loads(reply.body) == {"now": sandbox.now()}
