"""
What an answer looks like, in words for an error: what it is, and what it says.

An answer that is no answer of the gateway comes from something in between: a
proxy, a firewall, a log-in page, PHP. Each is recognised by what it sends, and
its own words are quoted where they are short, without any secret of ours that
they repeat. Nothing here decides anything about money.
"""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import urljoin

import orjson

from kesspay._shown import quoted, shown_url, shown_value


if TYPE_CHECKING:
    from collections.abc import Iterable

    from kesspay.gateway.messages import HttpRequest, HttpResponse


__all__ = [
    "Kind",
    "Look",
    "look_at",
    "next_step_of",
    "quote",
    "quote_code",
    "shown_code",
]

Kind = Literal[
    "empty", "html", "json", "log_in_page", "redirect", "text", "text_around_json"
]

#: Of a body that is looked at. What is longer than words is not quoted.
_LOOKED_AT: Final = 64 << 10
_SHORT: Final = 1000

_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_HTML: Final = re.compile(r"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]{0,300}>")
_TITLES: Final = tuple(
    re.compile(rf"<{tag}\b[^<>]{{0,300}}>([^<]{{1,300}})<", re.IGNORECASE)
    for tag in ("title", "h1")
)
_LOG_IN: Final = re.compile(
    r"type\s{0,5}=\s{0,5}[\"']?password|\b(?:log|sign)[ -]?in\b|captive|hotspot",
    re.IGNORECASE,
)
_LOG_IN_URL: Final = re.compile(r"log-?in|sign-?in|sso|auth|portal|captive|hotspot")
_PHP: Final = re.compile(
    r"\b(?:Warning|Notice|Deprecated|(?:Fatal|Parse) error)\b.{0,10}:", re.DOTALL
)
#: Where servers put what they have to say, the most specific first.
_WORDS: Final = (
    *("error_description", "error_desc", "message", "hint", "detail"),
    *("error", "title", "reason", "msg"),
)
#: What may hold a secret that no request carried, as the token of a log-in.
_SECRET: Final = re.compile(rb'token|bearer|secret|password|"sign"', re.IGNORECASE)

#: How gateways write their codes, and how long one is shown at most.
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]+")
_LONGEST_CODE: Final = 66

#: What to do about a status, where it says more than the body.
_STEPS: Final[dict[int, str]] = {
    403: "ask KESS whether the address of this machine is on their allow-list.",
    404: "check the path of the base URL (KESSPAY_BASE_URL).",
    405: "check the path of the base URL (KESSPAY_BASE_URL).",
    407: "check the user and the password of the proxy (KESSPAY_PROXY).",
    429: "wait a while, and call less often.",
    511: "log in to the network of this machine.",
}
_STEPS_OF_KINDS: Final[dict[str, str]] = {
    "log_in_page": (
        "check the base URL (KESSPAY_BASE_URL), and whether the network of this"
        " machine asks for a log-in."
    ),
    "redirect": (
        "check the base URL (KESSPAY_BASE_URL), and whether the network of this"
        " machine asks for a log-in; kesspay follows no redirect."
    ),
    "html": "check the base URL (KESSPAY_BASE_URL): a web page answered.",
    "text_around_json": "ask KESS to keep the warnings of PHP out of the answers.",
    "empty": "repeat the call; then ask KESS why the answer is empty.",
    "text": ("check the base URL (KESSPAY_BASE_URL); then ask KESS why it is no JSON."),
}
_SERVER_STEP: Final = (
    "the gateway, or a proxy before it, is out of order: repeat the call in a while;"
    " then ask KESS."
)


class Look(NamedTuple):
    """
    What an answer looks like.

    Attributes:
        kind: what it is.
        content_type: what it says to be, "" where it says nothing usable.
        words: one phrase for an error, without a full stop.
    """

    kind: Kind
    content_type: str
    words: str


def look_at(response: HttpResponse, *, speaks: bool = True) -> Look:
    """
    Describe an answer.

    Args:
        response: the answer; with its request its URL is named, and the
            secrets of the request are masked.
        speaks: False leaves out the words of the body.
    """
    secrets = _secrets_of(response.request)
    content_type = _content_type(response)
    text = response.body[:_LOOKED_AT].decode(errors="replace")
    try:
        kind, what, said = _kind(response, text, content_type)
    except Exception:  # noqa: BLE001 - words must not change what an answer means
        kind, what, said = "text", "", ""
    words = [f"HTTP {response.status}", content_type or "no content type"]
    if what:
        words.append(what)
    if said and speaks:
        words.append(quoted(said, secrets=secrets))
    if response.status in (404, 405) and response.request is not None:
        url = shown_url(response.request.url)
        words.append(f"the path looks wrong: {url}")
    return Look(kind, content_type, ", ".join(words))


def quote(response: HttpResponse, text: str) -> str:
    """Quote words of an answer, without the secrets of its request."""
    return quoted(text, secrets=_secrets_of(response.request))


def quote_code(response: HttpResponse, code: object) -> str:
    """Return a code of an answer for an error, without the secrets of its request."""
    if not isinstance(code, str):
        return shown_value(code)
    return shown_code(code, secrets=_secrets_of(response.request))


def shown_code(code: str, *, secrets: Iterable[str] = ()) -> str:
    """Return a code as it is; what has not the look of one is quoted."""
    shown = quoted(code, secrets=secrets, limit=_LONGEST_CODE)
    return code if _CODE.fullmatch(code) and shown == repr(code) else shown


def next_step_of(status: object, kind: object) -> str:
    """Return what to do about an answer that is none of the gateway, or ""."""
    if not isinstance(status, int):
        return ""
    if status >= 500:
        return _STEPS.get(status, _SERVER_STEP)
    return _STEPS.get(status) or _STEPS_OF_KINDS.get(str(kind), "")


def _kind(
    response: HttpResponse, text: str, content_type: str
) -> tuple[Kind, str, str]:
    """Return what a body is, the phrase for it, and what it says."""
    if 300 <= response.status < 400:
        return _redirect(response)
    if not text.strip():
        return "empty", "an empty body", ""
    # Without a Content-Type of its own PHP says text/html.
    whole = _json(response.body)
    if isinstance(whole, dict):
        return "json", "", _said(whole, response.body)
    if _HTML.match(text) or "html" in content_type:
        around = _around_json(text)
        if around is not None:
            return around
        title = _title(text)
        if _LOG_IN.search(text) and response.status not in (404, 405):
            return "log_in_page", "a log-in page", title
        return "html", "an HTML page", title
    around = _around_json(text)
    if around is not None:
        return around
    return "text", "no JSON", "" if _hides(response.body) else text.strip()


def _redirect(response: HttpResponse) -> tuple[Kind, str, str]:
    where = next(
        (value for name, value in response.headers if name.lower() == "location"), ""
    )
    if not where:
        return "redirect", "a redirect to nowhere", ""
    asked = "" if response.request is None else response.request.url
    try:
        target = urljoin(asked, where)
    except ValueError:
        target = ""
    what = "a redirect"
    if _LOG_IN_URL.search(target.partition("?")[0].lower()):
        what = "a redirect to a log-in"
    url = quoted(shown_url(target), secrets=_secrets_of(response.request))
    return "redirect", f"{what}: {url}", ""


def _around_json(text: str) -> tuple[Kind, str, str] | None:
    """Find text before or behind a JSON object, as PHP writes it; else None."""
    begin = text.find('{"')
    if begin < 0:
        return None
    try:
        value, length = json.JSONDecoder().raw_decode(text[begin:])
    except (ValueError, RecursionError):
        return None
    before, behind = text[:begin], text[begin + length :]
    extra = before.strip("\ufeff \t\r\n") or behind.strip()
    if not isinstance(value, dict) or not (before or extra):
        return None
    side = "before" if before.strip() else "behind"
    what = "a PHP warning" if _PHP.search(_TAG.sub("", extra)) else "text"
    if not extra:
        what = "a byte order mark"
    said = " ".join(html.unescape(_TAG.sub(" ", extra)).split())
    if _SECRET.search(extra.encode(errors="replace")):
        said = ""
    return "text_around_json", f"{what} {side} the JSON", said


def _title(text: str) -> str:
    found = next(filter(None, (title.search(text) for title in _TITLES)), None)
    return " ".join(html.unescape(found[1]).split()) if found else ""


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _said(answer: dict[str, Any], body: bytes) -> str:
    """Return what a JSON object has to say, "" where that is data."""
    for part in (answer, answer.get("error"), answer.get("data")):
        if not isinstance(part, dict):
            continue
        for name in _WORDS:
            if isinstance(part.get(name), str) and part[name].strip():
                code = part.get("error_code", part.get("error"))
                coded = isinstance(code, str) and code and code != part[name]
                return f"{code}: {part[name]}" if coded else str(part[name])
    if "data" in answer or len(body) > _SHORT or _SECRET.search(body):
        return ""
    return body.decode(errors="replace")


def _hides(body: bytes) -> bool:
    """Return whether a body is too long, is no words, or may hold what is secret."""
    words = body.split(None, 1)
    return len(body) > _SHORT or len(words) < 2 or _SECRET.search(body) is not None


def _content_type(response: HttpResponse) -> str:
    for name, value in response.headers:
        if name.lower() == "content-type":
            named = value.partition(";")[0].strip().lower()
            return named if _TYPE.fullmatch(named) else ""
    return ""


def _secrets_of(request: HttpRequest | None) -> list[str]:
    """Return the secrets that a request carries."""
    if request is None:
        return []
    headers = {name.lower(): value for name, value in request.headers}
    bearer = headers.get("authorization")
    secrets = [] if bearer is None else [bearer.removeprefix("Bearer ")]
    if "partner-secret-key" in headers:
        secrets.append(headers["partner-secret-key"])
    if bearer is None:
        fields = _json(request.body)
        if isinstance(fields, dict):
            secrets += [str(value) for value in fields.values()]
    return secrets
