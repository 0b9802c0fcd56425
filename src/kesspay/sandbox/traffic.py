"""The messages on the status page: which of them, and each with its lesson."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kesspay._pages import located
from kesspay.sandbox import markup
from kesspay.sandbox.markup import escape
from kesspay.sandbox.view import LONGEST_REFERENCE, View


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.explain.report import Difference
    from kesspay.sandbox.front import LoggedExchange, Seen
    from kesspay.sandbox.teacher import Lesson, Topic


__all__ = ["messages"]

#: Messages on one page.
_ROWS: Final = 10

_GOOD: Final = frozenset({"verified", "not signed by design"})
#: What the heading of a message says in other words, or need not say.
_UNREMARKABLE: Final = _GOOD | {"not sent", "empty"}
#: The id of a pre-transfer, which names one transfer; two may have the same debit.
_ONE_TRANSFER: Final = re.compile(r"PT[0-9]{12}")


def messages(exchanges: Sequence[LoggedExchange], view: View) -> str:
    """Return the section of the messages, newest first."""
    chosen = [
        one for one in _of_transfer(exchanges, view.reference) if _fits(one, view)
    ]
    older = [
        one
        for one in reversed(chosen)
        if view.before is None or one.number < view.before
    ]
    shown = older[:_ROWS]
    body = "".join(_message(one, view) for one in shown) or _nothing(view)
    rest = len(older) - len(shown)
    note = "newest first, with what was signed"
    return markup.section(
        "messages", "Messages", note, _filter(view) + body + _turn(shown, rest, view)
    )


def _of_transfer(
    exchanges: Sequence[LoggedExchange], reference: str
) -> list[LoggedExchange]:
    """Return the messages of a transfer: a lost confirm names its pre-transfer only."""
    if not reference:
        return list(exchanges)
    names = {reference}
    for one in exchanges:
        if reference in one.references:
            names.update(filter(_ONE_TRANSFER.fullmatch, one.references))
    return [one for one in exchanges if not names.isdisjoint(one.references)]


def _fits(one: LoggedExchange, view: View) -> bool:
    return not view.failures or _failed(one)


def _failed(one: LoggedExchange) -> bool:
    """Whether the exchange went wrong, or met a fault that may not show."""
    verdicts = {one.request.verdict, one.answer.verdict}
    return one.outcome != "HTTP 200" or bool(one.faults) or not verdicts <= _GOOD


# ------------------------------------------------------------ which ones


def _filter(view: View) -> str:
    """Return how to choose messages: a link, and a form for the reference."""
    every = replace(view, before=None, show=None, form="", done="")
    kinds = "".join(
        markup.link(
            replace(every, failures=failures).address("messages"),
            text,
            **({"aria_current": "true"} if failures is view.failures else {}),
        )
        for failures, text in ((False, "all"), (True, "failures only"))
    )
    head = f'<div class="choice" role="group" aria-label="Which messages">{kinds}</div>'
    return f'<div class="filter">{head}{_by_reference(view, every)}</div>'


def _by_reference(view: View, every: View) -> str:
    shown = f"of {markup.code(view.reference)}" if view.reference else ""
    clear = (
        markup.link(
            replace(every, reference="").address("messages"), "of all transfers"
        )
        if view.reference
        else ""
    )
    if view.refreshes:
        # What is typed here would be lost at the next refresh.
        opened = replace(view, form="reference", done="").address("messages")
        change = "another reference" if view.reference else "by reference"
        return f"<span>{shown} {markup.link(opened, change)} {clear}</span>"
    failures = (
        '<input type="hidden" name="failures" value="1">' if view.failures else ""
    )
    path = View(live=view.live).address("messages")
    return (
        f'<form method="get" action="{path}">{failures}'
        f'<label>Reference <input name="reference" value="{escape(view.reference)}" '
        f'maxlength="{LONGEST_REFERENCE}" placeholder="order-1" autocomplete="off" '
        f'spellcheck="false"></label><button>Filter</button>{clear}</form>'
    )


def _nothing(view: View) -> str:
    if view.reference or view.failures or view.before is not None:
        every = View(live=view.live).address("messages")
        return f'<p class="none">none of these. {markup.link(every, "Show all")}</p>'
    return markup.NONE


def _turn(shown: Sequence[LoggedExchange], rest: int, view: View) -> str:
    """Return the links to newer and older messages."""
    words = []
    if view.before is not None:
        newest = replace(view, before=None, show=None, done="")
        words.append(markup.link(newest.address("messages"), "newest"))
    if rest:
        older = replace(view, before=shown[-1].number, show=None, done="")
        words.append(markup.link(older.address("messages"), f"older ({rest})"))
    return (
        f'<nav class="turn" aria-label="Pages">{"".join(words)}</nav>' if words else ""
    )


# ------------------------------------------------------------ one of them


def _message(one: LoggedExchange, view: View) -> str:
    outcome = markup.badge(one.outcome, "good" if one.outcome == "HTTP 200" else "bad")
    faults = "".join(markup.badge(fault, "warn") for fault in one.faults)
    reference = markup.code(one.references[0]) if one.references else ""
    title = (
        f'<span class="time">{escape(markup.clock_time(one.at))}</span>'
        f"<strong>{escape(one.service or 'unknown')}</strong>{reference}"
        f'<span class="badges">{outcome}{_worst(one)}{faults}</span>'
    )
    at = escape(markup.moment(one.at))
    body = (
        f'<p class="soft">Message {one.number}, {at}</p>'
        f"{_seen('Request', one.request)}{_seen('Answer', one.answer)}"
    )
    return markup.panel(
        view,
        name=f"message-{one.number}",
        title=title,
        body=body,
        opened=one.number == view.show,
    )


def _worst(one: LoggedExchange) -> str:
    """Return what the heading of a message says of its signatures."""
    lesson = one.request.lesson
    if lesson is not None:
        return "".join(markup.badge(topic.rule, "bad") for topic in lesson.topics[:2])
    words = []
    if one.request.verdict not in _GOOD:
        words.append("request not verified")
    # UNAUTHENTICATED is never signed.
    if one.answer.verdict not in _UNREMARKABLE and one.outcome != "HTTP 401":
        words.append("answer not verified")
    return "".join(markup.badge(text, "bad") for text in words)


def _seen(side: str, seen: Seen) -> str:
    lesson = ""
    if seen.lesson is not None:
        lesson = f"{_lesson(seen.lesson)}<h4>What was sent</h4>"
    return (
        f'<div class="side"><h3>{side}</h3>{markup.badge(seen.verdict)}</div>'
        f"{lesson}<pre>{escape(seen.text)}</pre>"
    )


def _lesson(lesson: Lesson) -> str:
    """Return which rules are broken, the first difference, and the text to sign."""
    topics = "".join(map(_topic, lesson.topics))
    body = f"<h4>Why it does not verify</h4><ul>{topics}</ul>"
    if lesson.difference is not None:
        body += f"<h4>The first difference</h4>{_difference(lesson.difference)}"
    if lesson.expected:
        body += f"<h4>The text to sign</h4><pre>{escape(lesson.expected)}</pre>"
    return f'<div class="lesson">{body}</div>'


def _topic(topic: Topic) -> str:
    advice = f"<p><b>Do this:</b> {escape(topic.advice)}</p>" if topic.advice else ""
    doc = f'<p class="soft">{markup.code(located(topic.doc))}</p>' if topic.doc else ""
    rule = markup.badge(topic.rule, "bad")
    return f"<li>{rule} {escape(topic.text)}{advice}{doc}</li>"


def _difference(one: Difference) -> str:
    rows = "".join(
        f"<dt>{label}</dt><dd><code>{_marked(text, one.marker)}</code></dd>"
        for label, text in (("to sign", one.ours), ("was signed", one.theirs))
    )
    words = one.summary.replace("the other text", "the text that was signed")
    return f"<p>{escape(words)}</p><dl>{rows}</dl>"


def _marked(text: str, place: int) -> str:
    """Mark one character; a caret below would be lost where a line is broken."""
    before, one, after = text[:place], text[place : place + 1], text[place + 1 :]
    return f"{escape(before)}<mark>{escape(one)}</mark>{escape(after)}"
