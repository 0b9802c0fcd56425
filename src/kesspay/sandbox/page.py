"""
The status page: what the sandbox holds and what passed, for a browser.

The server writes it, without a script, and escapes everything that came from
outside. No credential and no token is on it.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from kesspay._version import __version__
from kesspay.sandbox.emulator import HTML, Reply


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kesspay.sandbox.front import LoggedExchange, Seen
    from kesspay.sandbox.teacher import Lesson
    from kesspay.sandbox.world import World


__all__ = ["PATHS", "respond"]

_LIVE: Final = "/live"
PATHS: Final = ("/", _LIVE)

_ROWS: Final = 50

#: The style sheet is in the page: light and dark.
_STYLE: Final = files("kesspay.sandbox").joinpath("page.css").read_text("utf-8")
#: What allows it in the Content-Security-Policy. Source: CSP Level 3, 2.3.1.
_STYLE_SOURCE: Final = (
    "'sha256-" + b64encode(sha256(_STYLE.encode()).digest()).decode() + "'"
)

_POLICY: Final = (
    f"default-src 'none'; style-src {_STYLE_SOURCE}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    HTML,
    ("Content-Security-Policy", _POLICY),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)

#: How the states of transfers and the like are coloured.
_COLOURS: Final = {
    "credited": "good",
    "eligible": "good",
    "verified": "good",
    "due": "warn",
    "open": "",
    "expired": "bad",
    "not eligible": "bad",
    "not signed by design": "",
    "empty": "",
    "not sent": "",
}


def respond(world: World, path: str) -> Reply:
    """Return the page; under /live it refreshes itself."""
    parts = (
        _header(path),
        _settings(world),
        _users(world),
        _transfers(world),
        _credits(world),
        _planned(world),
        _messages(world.exchanges),
    )
    refresh = '<meta http-equiv="refresh" content="2">' if path == _LIVE else ""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"{refresh}<title>kesspay sandbox</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )
    # A lone surrogate cannot be sent, and need not be.
    return Reply(200, _HEADERS, text.encode("utf-8", "replace"))


def _header(path: str) -> str:
    other = (
        '<a href="/">stop refreshing</a>'
        if path == _LIVE
        else f'<a href="{_LIVE}">refresh every 2 s</a>'
    )
    return (
        f"<header><h1>kesspay sandbox</h1><span>{escape(__version__)}</span>"
        f"<nav>{other}</nav></header>"
        "<p>An emulated gateway on this machine. No real money moves here.</p>"
    )


def _settings(world: World) -> str:
    settings = world.settings
    rows = [
        ("Base URL", settings["base_url"]),
        ("Time of the sandbox", _time(world.now())),
        ("Partner id", settings["credentials"].partner_id),
        ("Partner's key", settings["private_key"].fingerprint),
        ("Gateway's key", settings["gateway_key"].fingerprint),
    ]
    body = "".join(
        f"<tr><th>{escape(label)}</th><td>{_code(value)}</td></tr>"
        for label, value in rows
    )
    table = f"<table><tbody>{body}</tbody></table>"
    return _section("Settings", "SHA-256 fingerprints of public keys", table)


def _users(world: World) -> str:
    rows = [
        (
            _code(user.receiver_id),
            escape(user.name),
            _badge("eligible" if user.eligible else "not eligible"),
            _money(user.balance),
        )
        for user in world.ledger.users()
    ]
    table = _table(("Receiver", "Name", "State", "Balance"), rows)
    return _section("Users", "balances in USD", table)


def _transfers(world: World) -> str:
    rows = [
        (
            _code(row.out_trade_no),
            _code(row.pre_transfer_id),
            _code(row.receiver_id),
            _badge(row.state),
            escape(_time(row.expires_at)),
            _money(row.amount),
        )
        for row in world.ledger.transfers(_ROWS)
    ]
    heads = ("Reference", "Pre-transfer", "Receiver", "State", "Expires", "Amount")
    return _section("Transfers", f"the last {_ROWS}", _table(heads, rows))


def _credits(world: World) -> str:
    newest = world.ledger.credits()[: -_ROWS - 1 : -1]
    rows = [
        (
            _code(credit.fund_transfer_id),
            _code(credit.out_trade_no),
            _code(credit.receiver_id),
            _money(credit.amount),
        )
        for credit in newest
    ]
    heads = ("Fund transfer", "Reference", "Receiver", "Amount")
    return _section("Ledger", f"the last {_ROWS} credits", _table(heads, rows))


def _planned(world: World) -> str:
    rows = [
        (_badge(one.fault, "warn"), _code(one.service or "any"), str(one.times))
        for one in world.faults.planned()
    ]
    table = _table(("Fault", "Service", "Times"), rows)
    return _section("Planned faults", "they wait for a request", table)


def _messages(exchanges: Sequence[LoggedExchange]) -> str:
    body = "".join(_message(exchange) for exchange in reversed(exchanges))
    body = body or '<div class="none">none</div>'
    return _section("Messages", "newest first, with what was signed", body)


def _message(exchange: LoggedExchange) -> str:
    colour = "good" if exchange.outcome == "HTTP 200" else "bad"
    faults = "".join(_badge(fault, "warn") for fault in exchange.faults)
    return (
        f'<div class="message"><div><span>#{exchange.number}</span>'
        f'<span class="time">{escape(_time(exchange.at))}</span>'
        f"<strong>{escape(exchange.service or 'unknown')}</strong>"
        f"{_badge(exchange.outcome, colour)}{faults}</div>"
        f"{_seen('request', exchange.request)}{_seen('answer', exchange.answer)}</div>"
    )


def _seen(side: str, seen: Seen) -> str:
    lesson = "" if seen.lesson is None else _lesson(seen.lesson)
    return (
        f'<div><span class="side">{side}</span>{_badge(seen.verdict)}</div>'
        f"<pre>{escape(seen.text)}</pre>{lesson}"
    )


def _lesson(lesson: Lesson) -> str:
    """Return which rules are broken, the text to sign, and the first difference."""
    body = "".join(
        f"<div>{_badge(topic.rule, 'bad')}{escape(topic.text)}</div>"
        + (f"<div>{escape(topic.advice)}</div>" if topic.advice else "")
        + (f"<div>{_code(topic.doc)}</div>" if topic.doc else "")
        for topic in lesson.topics
    )
    if lesson.difference is not None:
        one = lesson.difference
        mark = " " * one.marker + "^"
        lines = f"to sign  {one.ours}\nsigned   {one.theirs}\n         {mark}"
        body += f"<div>first difference</div><pre>{escape(lines)}</pre>"
    if lesson.expected:
        body += f"<div>the text to sign</div><pre>{escape(lesson.expected)}</pre>"
    return body


def _section(title: str, note: str, body: str) -> str:
    return (
        f"<section><h2>{escape(title)}<small>{escape(note)}</small></h2>"
        f'<div class="card">{body}</div></section>'
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the last column is of numbers, the cells are HTML."""
    *words, number = heads
    head = "".join(f"<th>{escape(word)}</th>" for word in words)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{cell}</td>" for cell in row[:-1])
        + f'<td class="number">{row[-1]}</td></tr>'
        for row in rows
    )
    if not body:
        return '<div class="none">none</div>'
    head = f'<tr>{head}<th class="number">{escape(number)}</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _badge(text: str, colour: str | None = None) -> str:
    colour = _COLOURS.get(text, "bad") if colour is None else colour
    return f'<span class="badge {colour}">{escape(text)}</span>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _money(amount: object) -> str:
    return escape(f"{amount:.2f}")


def _time(seconds: float) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{seconds:.0f} s"
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
