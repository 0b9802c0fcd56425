"""The pieces of the status page: texts are escaped, tables have their labels."""

from __future__ import annotations

import pytest

from kesspay.sandbox import markup
from kesspay.sandbox.view import View


ATTACK = "<b>\"'&"
INERT = "&lt;b&gt;&quot;&#x27;&amp;"


def test_texts_are_escaped() -> None:
    """Whatever is not named HTML is text."""
    for made in (
        markup.badge(ATTACK),
        markup.code(ATTACK),
        markup.facts((ATTACK, "")),
        markup.link(ATTACK, ATTACK, title=ATTACK),
        markup.notice(ATTACK, "good"),
        markup.section("name", ATTACK, ATTACK, ""),
        markup.table((ATTACK,), [("",)]),
    ):
        assert INERT in made
        assert ATTACK not in made


def test_what_is_not_seen_is_written_out() -> None:
    """A text cannot look like another one; lines of a body stay lines."""
    assert markup.code("a\u202eb\x1b\n\tc") == "<code>a\\u202eb\\u001b\n\tc</code>"


def test_a_table_has_its_labels_twice() -> None:
    """Above the columns, and above each value for narrow screens."""
    made = markup.table(("Receiver", "Balance"), [("1", "0.50"), ("2", "0.00")])
    assert made.count('<span class="label">Balance</span>') == 2
    assert made.count('<th role="columnheader" class="number">Balance</th>') == 1
    assert made.count('role="row"') == 3
    assert markup.table(("Receiver",), []) == markup.NONE


def test_a_part_that_opens() -> None:
    """The browser opens it where the page stays; else the address does."""
    still = markup.panel(View(), name="form-token", title="T", body="B", opened=True)
    assert still.startswith('<details class="panel" id="form-token" open><summary>T')
    live = View(live=True, show=3, done="planned")
    closed = markup.panel(live, name="form-token", title="T", body="B")
    assert (
        'aria-expanded="false" href="/live?show=3&amp;form=token#form-token"' in closed
    )
    assert ">B<" not in closed
    opened = markup.panel(live, name="message-3", title="T", body="B", opened=True)
    assert 'aria-expanded="true" href="/live#message-3"' in opened
    assert ">B<" in opened
    other = markup.panel(live, name="message-4", title="T", body="B")
    assert 'href="/live?show=4#message-4"' in other


def test_notices_are_read_out() -> None:
    """A failure is more urgent than a success."""
    assert 'role="status"' in markup.notice("done", "good")
    assert 'role="alert"' in markup.notice("not done", "bad")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.5, "0.5 s"),
        (60, "1 min"),
        (3661.25, "1 h 1 min 1.25 s"),
        (400, "6 min 40 s"),
        (90000, "1 d 1 h"),
        (1e18, "11574074074074 d 1 h 46 min 40 s"),
    ],
)
def test_spans_of_time(seconds: float, words: str) -> None:
    """Each unit that is there is named."""
    assert markup.span_of_time(seconds) == words


def test_times() -> None:
    """In UTC, or in seconds where the calendar has ended."""
    assert markup.moment(1_000_000) == "1970-01-12 13:46:40 UTC"
    assert markup.clock_time(1_000_000) == "13:46:40"
    assert markup.date(1e15) == '<span class="short">1000000000000000 s</span>'
