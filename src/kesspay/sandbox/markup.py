"""
The pieces that the status page is made of: HTML in which every text is escaped.

A table is a list of cards on a narrow screen, with each label above its value. The
roles are written out, since browsers forget them where a table is no longer drawn as
one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html import escape as escape_html
from typing import TYPE_CHECKING, Final

from kesspay._shown import visible


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from kesspay.sandbox.view import View


__all__ = [
    "NONE",
    "badge",
    "clock_time",
    "code",
    "date",
    "escape",
    "facts",
    "link",
    "moment",
    "money",
    "notice",
    "panel",
    "section",
    "span_of_time",
    "table",
]

NONE: Final = '<p class="none">none</p>'

#: The colours of the states that the sandbox knows; other texts are red.
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


def escape(text: str) -> str:
    """Write a text in HTML, so that nothing of it is hidden or in another place."""
    return escape_html(visible(text))


def section(name: str, title: str, note: str, body: str) -> str:
    """Return a section with a heading; the name is its anchor, the body HTML."""
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">'
        f'<h2 id="{name}-title">{escape(title)}<small>{escape(note)}</small></h2>'
        f'<div class="card">{body}</div></section>'
    )


def facts(*rows: tuple[str, str]) -> str:
    """Return labels with their values, which are HTML."""
    body = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{value}</dd></div>" for label, value in rows
    )
    return f'<dl class="facts">{body}</dl>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the last column is of numbers, the cells are HTML."""
    last = len(heads) - 1
    kinds = ["" if place < last else ' class="number"' for place in range(len(heads))]
    head = "".join(
        f'<th role="columnheader"{kind}>{escape(word)}</th>'
        for word, kind in zip(heads, kinds, strict=True)
    )
    body = "".join(
        '<tr role="row">'
        + "".join(
            f'<td role="cell"{kind}><span class="label">{escape(word)}</span>'
            f'<span class="value">{cell}</span></td>'
            for word, kind, cell in zip(heads, kinds, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    if not body:
        return NONE
    return (
        f'<table role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def panel(view: View, *, name: str, title: str, body: str, opened: bool = False) -> str:
    """
    Return a part that can be opened and closed; title and body are HTML.

    A refresh closes what a reader opened. So on a page that refreshes it is a link, and
    the address says which part is open.
    """
    if not view.live:
        state = " open" if opened else ""
        return (
            f'<details class="panel" id="{name}"{state}><summary>{title}</summary>'
            f'<div class="inside">{body}</div></details>'
        )
    kind, _, number = name.rpartition("-")
    changed = _turned(view, kind, number, opened=opened)
    inside = f'<div class="inside">{body}</div>' if opened else ""
    return (
        f'<div class="panel" id="{name}"><a class="summary" '
        f'aria-expanded="{"true" if opened else "false"}" '
        f'href="{escape(changed.address(name))}">{title}</a>{inside}</div>'
    )


def _turned(view: View, kind: str, which: str, *, opened: bool) -> View:
    """Return the view in which a part is the other way round."""
    if kind == "message":
        return replace(view, show=None if opened else int(which), done="")
    return replace(view, form="" if opened else which, done="")


def link(address: str, text: str, **attributes: str) -> str:
    """Return a link; the text is escaped."""
    more = "".join(
        f' {name.replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
    )
    return f'<a href="{escape(address)}"{more}>{escape(text)}</a>'


def badge(text: str, colour: str | None = None) -> str:
    """Return a text in a coloured field."""
    # A state stays on one line; what others wrote may be longer than a line.
    short = " short" if text in _COLOURS else ""
    colour = _COLOURS.get(text, "bad") if colour is None else colour
    return f'<span class="badge {colour}{short}">{escape(text)}</span>'


def code(text: str) -> str:
    """Return a text in the letters of a machine."""
    return f"<code>{escape(text)}</code>"


def notice(text: str, kind: str) -> str:
    """Return what a form has done ("good"), or why it did nothing ("bad")."""
    role = "status" if kind == "good" else "alert"
    return f'<p class="notice {kind}" role="{role}">{escape(text)}</p>'


def date(seconds: float) -> str:
    """Return a time that is never broken in two."""
    return f'<span class="short">{escape(moment(seconds))}</span>'


def money(amount: Decimal) -> str:
    """Return an amount with its cents."""
    return escape(f"{amount:.2f}")


def moment(seconds: float) -> str:
    """Return a time with its date; seconds where the calendar has ended."""
    found = _date(seconds)
    return f"{seconds:.0f} s" if found is None else f"{found:%Y-%m-%d %H:%M:%S} UTC"


def clock_time(seconds: float) -> str:
    """Return a time of the day; seconds where the calendar has ended."""
    found = _date(seconds)
    return f"{seconds:.0f} s" if found is None else f"{found:%H:%M:%S}"


def _date(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


def span_of_time(seconds: float) -> str:
    """Return how long something takes: ``1 h 5 min 0.5 s``."""
    words = []
    whole, rest = divmod(seconds, 1)
    left = int(whole)
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        words += [f"{count} {unit}"] if count else []
    last = round(left + rest, 3)
    return " ".join([*words, f"{last:g} s"] if last or not words else words)
