"""
The status page: what the sandbox holds and what passed, for a browser.

The server writes it, without a script, and escapes everything that came from
outside. No credential and no token of the partner is on it.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from kesspay._version import __version__
from kesspay.sandbox import markup
from kesspay.sandbox.emulator import HTML, Reply
from kesspay.sandbox.markup import escape
from kesspay.sandbox.traffic import messages
from kesspay.sandbox.view import View


if TYPE_CHECKING:
    from kesspay.sandbox.forms import Forms
    from kesspay.sandbox.world import World


__all__ = ["respond"]

#: Seconds between two refreshes.
_EVERY: Final = 5
_ROWS: Final = 50

#: The style sheet is in the page: light and dark.
_STYLE: Final = files("kesspay.sandbox").joinpath("page.css").read_text("utf-8")
#: What allows it in the Content-Security-Policy. Source: CSP Level 3, 2.3.1.
_STYLE_SOURCE: Final = (
    "'sha256-" + b64encode(sha256(_STYLE.encode()).digest()).decode() + "'"
)

_POLICY: Final = (
    f"default-src 'none'; style-src {_STYLE_SOURCE}; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    HTML,
    ("Content-Security-Policy", _POLICY),
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    # Without a referrer a browser would send the forms with "Origin: null".
    ("Referrer-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)

_PARTS: Final = (
    "Settings",
    "Time",
    "Faults",
    "Messages",
    "Users",
    "Transfers",
    "Ledger",
)


def respond(
    world: World, forms: Forms, view: View, problem: str = "", status: int = 200
) -> Reply:
    """
    Return the page.

    Args:
        world: what it shows.
        forms: those on it.
        view: what the reader looks at.
        problem: why a form has done nothing, or "".
        status: of the answer.
    """
    parts = (
        _header(view),
        markup.notice(problem, "bad") if problem else "",
        f'<div class="pair">{_settings(world)}{forms.time(view)}</div>',
        forms.faults(view),
        messages(world.exchanges, view),
        _users(world),
        _transfers(world, view),
        _credits(world, view),
    )
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{_refresh(view) if not problem else ''}"
        f"<title>kesspay sandbox</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )
    # A lone surrogate has no UTF-8; a question mark stands for it.
    return Reply(status, _HEADERS, text.encode("utf-8", "replace"))


def _refresh(view: View) -> str:
    if not view.refreshes:
        return ""
    # With the address: of one with a #place browsers take the reload for a jump to
    # that place, and load nothing. What a form has done is said once.
    address = escape(replace(view, done="").address())
    return f'<meta http-equiv="refresh" content="{_EVERY}; url={address}">'


def _header(view: View) -> str:
    still = replace(view, live=False, form="", done="")
    live = replace(view, live=True, form="", done="")
    if view.refreshes:
        how = f"refreshes every {_EVERY} s {markup.link(still.address(), 'stop')}"
    elif view.live:
        how = (
            "no refresh while a form is open "
            f"{markup.link(live.address(), 'close it and continue')}"
        )
    else:
        how = markup.link(live.address(), f"refresh every {_EVERY} s")
    anchors = "".join(markup.link(f"#{part.lower()}", part) for part in _PARTS)
    return (
        f"<header><h1>kesspay sandbox</h1><span>{escape(__version__)}</span>"
        f'<p class="refresh">{how}</p></header>'
        "<p>An emulated gateway on this machine. No real money moves here.</p>"
        f'<nav class="parts" aria-label="Parts of the page">{anchors}</nav>'
    )


def _settings(world: World) -> str:
    settings = world.settings
    rows = (
        ("Base URL", settings["base_url"]),
        ("Partner id", settings["credentials"].partner_id),
        ("Partner's key", settings["private_key"].fingerprint),
        ("Gateway's key", settings["gateway_key"].fingerprint),
    )
    body = markup.facts(*((label, markup.code(value)) for label, value in rows))
    note = "SHA-256 fingerprints of public keys"
    return markup.section("settings", "Settings", note, body)


def _users(world: World) -> str:
    users = world.ledger.users()
    rows = [
        (
            markup.code(user.receiver_id),
            escape(user.name),
            markup.badge("eligible" if user.eligible else "not eligible"),
            markup.money(user.balance),
        )
        for user in users[:_ROWS]
    ]
    table = markup.table(("Receiver", "Name", "State", "Balance"), rows)
    if len(users) > _ROWS:
        table += f'<p class="none">and {len(users) - _ROWS} more</p>'
    return markup.section("users", "Users", "balances in USD", table)


def _transfers(world: World, view: View) -> str:
    rows = [
        (
            _reference(world, row.out_trade_no, view),
            markup.code(row.pre_transfer_id),
            markup.code(row.receiver_id),
            markup.badge(row.state),
            markup.date(row.expires_at),
            markup.money(row.amount),
        )
        for row in world.ledger.transfers(_ROWS)
    ]
    heads = ("Reference", "Pre-transfer", "Receiver", "State", "Expires", "Amount")
    note = f"the last {_ROWS}; a reference leads to its messages"
    return markup.section("transfers", "Transfers", note, markup.table(heads, rows))


def _credits(world: World, view: View) -> str:
    newest = world.ledger.credits()[: -_ROWS - 1 : -1]
    rows = [
        (
            markup.code(credit.fund_transfer_id),
            _reference(world, credit.out_trade_no, view),
            markup.code(credit.receiver_id),
            markup.money(credit.amount),
        )
        for credit in newest
    ]
    heads = ("Fund transfer", "Reference", "Receiver", "Amount")
    note = f"the last {_ROWS} credits"
    return markup.section("ledger", "Ledger", note, markup.table(heads, rows))


def _reference(world: World, text: str, view: View) -> str:
    """Return a link to the messages of a transfer."""
    text = world.emulator.redacted(text)
    wanted = View(live=view.live, reference=text)
    address = escape(wanted.address("messages"))
    return f'<a href="{address}">{markup.code(text)}</a>'
