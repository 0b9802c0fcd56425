"""What an answer looks like, in words for an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kesspay.errors import GatewayError, OutcomeUnknown
from kesspay.gateway import wording
from kesspay.gateway.messages import HttpRequest, HttpResponse, Token
from kesspay.gateway.protocol import build_call, build_token
from kesspay.gateway.wording import (
    look_at,
    next_step_of,
    quote,
    quote_code,
)
from tests.gateway.helpers import (
    CANARIES,
    CREATE_REQUEST,
    ENDPOINT,
    PRE_TRANSFER,
    client,
    credentials,
    failure,
    plain,
    signed,
    success,
    token_answer,
)


NGINX = b"<html>\r\n<head><title>%s</title></head>\r\n<body><h1>%s</h1></body></html>"
#: As PHP writes a warning where display_errors and html_errors are on.
PHP_WARNING = (
    b"<br />\n<b>Warning</b>:  Undefined variable $x in <b>/srv/api.php</b> on line"
    b" <b>3</b><br />\n"
)
LOG_IN = b'<!DOCTYPE html><title>Sign in</title><form><input type="password"></form>'


def answer(
    status: int, body: bytes, content_type: str = "", location: str = ""
) -> HttpResponse:
    """Return an answer to a log-in."""
    headers = [("Content-Type", content_type)] if content_type else []
    headers += [("location", location)] if location else []
    request = build_token(ENDPOINT, credentials())
    return HttpResponse(status, tuple(headers), body, request)


@pytest.mark.parametrize(
    ("response", "kind", "words"),
    [
        (answer(502, b""), "empty", "HTTP 502, no content type, an empty body"),
        (answer(200, b" \n", "text/plain"), "empty", "HTTP 200, text/plain, an empty"),
        (
            answer(502, NGINX % (b"502 Bad &amp; Gateway", b"x"), "Text/HTML; a=b"),
            *("html", "HTTP 502, text/html, an HTML page, '502 Bad & Gateway'"),
        ),
        (answer(200, b"<h1>It works!</h1>", "text/html"), "html", "'It works!'"),
        (answer(200, b"<p>no title", "text/html"), "html", "text/html, an HTML page"),
        (answer(200, LOG_IN, "text/html"), "log_in_page", "a log-in page, 'Sign in'"),
        (
            answer(200, b"<html><title>Hotel Hotspot</title>"),
            *("log_in_page", "no content type, a log-in page, 'Hotel Hotspot'"),
        ),
        (
            answer(404, NGINX % (b"404 Not Found", b"x"), "text/html"),
            *("html", "the path looks wrong: http://127.0.0.1/partnerapi/v1/token"),
        ),
        (answer(405, b""), "empty", "the path looks wrong: http://127.0.0.1/"),
        (plain(404, b""), "empty", "HTTP 404, no content type, an empty body"),
        (answer(302, b"", "", "/login?next=x"), "redirect", "a redirect to a log-in: "),
        (
            answer(302, b"", "", "https://portal.example/?token=canary"),
            *("redirect", "a redirect to a log-in: 'https://portal.example/'"),
        ),
        (
            answer(302, b"", "", "https://pay.example/v2?login=canary"),
            *("redirect", "a redirect: 'https://pay.example/v2'"),
        ),
        (answer(301, b"", "", "http://[bad"), "redirect", "a redirect"),
        (answer(304, b""), "redirect", "a redirect to nowhere"),
        (
            answer(200, PHP_WARNING + b'{"success":true}', "text/html"),
            *(
                "text_around_json",
                "a PHP warning before the JSON, 'Warning : Undefined variable $x",
            ),
        ),
        (
            answer(200, b'{"success":true}\nNotice: x in y', "application/json"),
            *("text_around_json", "a PHP warning behind the JSON, 'Notice: x in y'"),
        ),
        (
            answer(200, b'Hello there {"success":true}'),
            *("text_around_json", "text before the JSON, 'Hello there'"),
        ),
        (
            answer(200, b'\xef\xbb\xbf{"success":true}'),
            *("text_around_json", "a byte order mark before the JSON"),
        ),
        (answer(200, b'Hello {"success":tru}'), "text", "no JSON, 'Hello {"),
        (answer(200, b'{"a":' * 60_000), "text", "no JSON"),
        (answer(503, b"upstream connect error", "text/plain"), "text", "no JSON, 'up"),
        (answer(200, b"[1, 2]", "application/json"), "text", "no JSON, '[1, 2]'"),
        (answer(200, b"x y " * 999), "text", "HTTP 200, no content type, no JSON"),
        (answer(500, b'{"message":"Server Error"}'), "json", "type, 'Server Error'"),
        (
            answer(400, b'{"error":"invalid_request","hint":"Check `scope`"}'),
            *("json", "'invalid_request: Check `scope`'"),
        ),
        (answer(400, b'{"error":"no"}', "text/html"), "json", "text/html, 'no'"),
        (answer(200, b'{"a":NaN, "b": 1}'), "text", "no JSON, '{"),
        (answer(400, b'{"error":{"message":"why not"}}'), "json", "'why not'"),
        (answer(400, b'{"a":1}'), "json", """'{"a":1}'"""),
        (answer(200, b'{"data":{"a":"b"}}'), "json", "HTTP 200, no content type"),
        (answer(200, b"x", "nonsense"), "text", "no content type"),
        (answer(200, b"x", "text/" + "x" * 99), "text", "no content type"),
    ],
)
def test_answers_are_distinguished(
    response: HttpResponse, kind: str, words: str
) -> None:
    """Status, content type, what it is, and what it says."""
    look = look_at(response)
    assert look.kind == kind
    assert words in look.words
    assert look.words.startswith(f"HTTP {response.status}, ")
    assert "canary" not in look.words
    assert look.words.isprintable()


def test_the_words_are_short_and_escaped() -> None:
    """At most 200 characters, with nothing that moves a cursor."""
    message = "\x1b[31mred\u202e\n" + "x" * 300
    look = look_at(answer(500, json.dumps({"message": message}).encode()))
    said = look.words.partition(", no content type, ")[2]
    assert len(said) <= 200
    assert said.startswith(r"'\x1b[31mred\u202e\nxxx")


def call_request() -> HttpRequest:
    """Return a request with a bearer token."""
    return build_call(ENDPOINT, Token(CANARIES["access_token"], None), b"{}")


@pytest.mark.parametrize("name", CANARIES)
@pytest.mark.parametrize("form", ["message", "html", "text", "location"])
def test_our_secrets_are_masked(name: str, form: str) -> None:
    """Whatever a server repeats of a request is hidden."""
    secret = CANARIES[name]
    if name == "second_token":
        return
    request = build_token(ENDPOINT, credentials())
    if name == "access_token":
        request = call_request()
    bodies = {
        "message": json.dumps({"message": f"not {secret}, no"}).encode(),
        "html": f"<html><title>not {secret}</title>".encode(),
        "text": f"this is not {secret}".encode(),
        "location": b"",
    }
    status = 302 if form == "location" else 400
    headers = (("Location", f"https://{secret}.example/{secret}?a={secret}"),)
    words = look_at(HttpResponse(status, headers, bodies[form], request)).words
    assert secret not in words


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token":"canary","error":1}',
        b'{"token": "canary"',
        b"canary-of-a-token",
        b'token: canary {"x":"y"}',
        b'{"x":"y"} the password is canary',
        b'{"x":"canary","sign":"y"}',
        b'{"data":"canary"}',
        b'{"x":"canary' + b"x" * 1000 + b'"}',
    ],
)
def test_what_may_hold_a_secret_is_not_quoted(body: bytes) -> None:
    """No error shows the token of a log-in, which no request carried."""
    assert "canary" not in look_at(answer(200, body)).words


def test_a_request_without_secrets() -> None:
    """A request of other makers is looked through as well."""
    for body in (b"", b"[]", b"\xff"):
        request = HttpRequest("POST", "http://x/", (), body)
        assert look_at(HttpResponse(404, (), b"", request)).kind == "empty"
    assert quote(plain(200, b""), "a\nb") == r"'a\nb'"


@pytest.mark.parametrize(
    ("status", "kind", "step"),
    [
        (404, "html", "path"),
        (403, "json", "allow-list"),
        (502, "html", "out of order"),
        (511, "log_in_page", "network"),
        (200, "log_in_page", "log-in"),
        (200, "html", "a web page"),
        (302, "redirect", "no redirect"),
        (200, "text_around_json", "PHP"),
        (200, "empty", "empty"),
        (200, "text", "no JSON"),
        (200, "json", ""),
        (None, "html", ""),
    ],
)
def test_what_to_do(status: object, kind: str, step: str) -> None:
    """Each kind has its advice; an answer of the gateway itself has none."""
    found = next_step_of(status, kind)
    assert (step in found) if step else found == ""


@pytest.mark.usefixtures("face")
@pytest.mark.parametrize(
    "given",
    [
        plain(502, NGINX % (b"502 Bad Gateway", b"x")),
        plain(401, b'{"message":"Unauthenticated."}'),
        signed(302, success({})),
        signed(200, success([])),
        signed(200, {"success": None}),
        signed(400, {"success": False}),
        signed(400, failure("USED", "used")),
    ],
)
def test_every_error_about_an_answer_says_it(given: HttpResponse) -> None:
    """HTTP status and content type, of all services; and nothing of a secret."""
    headers = (("Content-Type", "application/json"),)
    shown = HttpResponse(given.status, headers, given.body)
    twice = [shown, token_answer(), shown] if given.status == 401 else [shown]
    calls: list[Any] = [
        lambda made: made.create_fund_transfer(CREATE_REQUEST),
        lambda made: made.query_fund_transfer(CREATE_REQUEST),
        lambda made: made.call("a.service", {}),
        lambda made: made.confirm_fund_transfer(
            PRE_TRANSFER, partner_transaction_id="d"
        ),
    ]
    for call in calls:
        made, _ = client(token_answer(), *twice)
        with pytest.raises(GatewayError) as caught:
            call(made)
        assert f"HTTP {given.status}, application/json" in str(caught.value)
        assert caught.value.evidence["content_type"] == "application/json"


def test_words_change_no_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the words is no fault of the answer."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(wording, "_kind", fail)
    assert look_at(answer(502, b"x")).words == "HTTP 502, no content type"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("NOTEXIST", "NOTEXIST"),
        ("E-1.2_x", "E-1.2_x"),
        ("A\nB\x1b[31m", r"'A\nB\x1b[31m'"),
        ("\u202eDIAP", r"'\u202eDIAP'"),
        ("A" * 64, "A" * 64),
        ("A" * 65, f"'{'A' * 61}...'"),
        (CANARIES["access_token"], "'(hidden)'"),
        (f"BAD {CANARIES['access_token']}", "'BAD (hidden)'"),
        (None, "None"),
        (["SUCCESS"], "a value of the type list"),
    ],
)
def test_a_code_is_words_of_a_server(code: object, shown: str) -> None:
    """Shown as it is where it looks like a code; else escaped, short, and masked."""
    response = HttpResponse(200, (), b"", call_request())
    assert quote_code(response, code) == shown


def test_codes_in_errors() -> None:
    """Wherever a code of the gateway comes into a message, it cannot break the line."""
    code = "BAD\nwords"
    made, _ = client(
        token_answer(),
        signed(400, failure(code)),
        signed(200, success({"result_code": code})),
    )
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match=r"'BAD\\nwords'") as caught:
            made.query_fund_transfer(CREATE_REQUEST)
        assert caught.value.code == code


@pytest.mark.usefixtures("face")
def test_a_token_that_is_repeated_to_us() -> None:
    """The client knows its request: the bearer token is masked in its answer."""
    token = CANARIES["access_token"]
    said = plain(500, json.dumps({"message": f"bad token {token}"}).encode())
    made, _ = client(token_answer(), said)
    with pytest.raises(OutcomeUnknown, match=r"'bad token \(hidden\)'") as caught:
        made.query_fund_transfer(CREATE_REQUEST)
    assert token not in repr(vars(caught.value)) + str(caught.value)
