"""The drawings of the site are whole, readable on a telephone, and true."""

from __future__ import annotations

import re
from itertools import product
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from kesspay.transfers.attempt import RELAXED, STRICT, Attempt, Event, Happened, State
from kesspay.transfers.states import step
from tests.support.pages import blocks, pages, site_module


DIAGRAM: Final[Any] = site_module("diagram")
NARROW: Final = [
    pytest.param(block.code, id=f"{page}:{block.line}")
    for page in pages()
    for block in blocks(page, "mermaid")
]

#: An ordinary letter of the drawings is at most as wide as this, in units of its size.
LETTER: Final = 0.58


def spans(drawn: ET.Element) -> list[tuple[float, float, float, str]]:
    """Return each line of text: its left and right end, its foot, and the text."""
    found = []
    for text in drawn.iter("text"):
        for span in text:
            words, x = span.text or "", float(span.attrib["x"])
            width = len(words) * float(text.attrib["font-size"]) * LETTER
            left = x - width / 2 if text.attrib["text-anchor"] == "middle" else x
            found.append((left, left + width, float(span.attrib["y"]), words))
    return found


def test_there_are_drawings() -> None:
    """The home page has a sequence, the page about transfers its states."""
    assert len(blocks("index.md", "mermaid")) == 1
    assert len(blocks("transfers.md", "mermaid")) == 2
    assert len(NARROW) >= 4


@pytest.mark.parametrize("code", NARROW)
def test_a_telephone_shows_it(code: str) -> None:
    """All text is inside, 11 pixels high or more, and no line is on another."""
    drawn = ET.fromstring(DIAGRAM.svg(code))  # noqa: S314 - our own drawing
    _, _, width, height = map(float, drawn.attrib["viewBox"].split())
    assert drawn.attrib["aria-label"] in code
    lines = spans(drawn)
    assert len(lines) >= len(code.splitlines()) - 3
    for text in drawn.iter("text"):
        assert float(text.attrib["font-size"]) * 358 / width >= 11
    for number, (left, right, foot, words) in enumerate(lines):
        assert left >= -4, words
        assert right <= width + 4, words
        assert 0 < foot < height, words
        for other_left, other_right, other_foot, other in lines[:number]:
            assert (
                abs(foot - other_foot) >= 11 or other_right < left or right < other_left
            ), (words, other)


@pytest.mark.parametrize("code", NARROW)
def test_it_has_every_arrow(code: str) -> None:
    """Each arrow of the text is one of the drawing, with its words."""
    drawn = ET.fromstring(DIAGRAM.svg(code))  # noqa: S314 - our own drawing
    arrows = re.findall(r"(?:-->>?|->>) \w+(?:: (.+))?|(?:->>)\w+: (.+)", code)
    tips = [path for path in drawn.iter("path") if "marker-end" in path.attrib]
    assert len(tips) == len(re.findall(r"-->|->>", code))
    words = " ".join(line[3] for line in spans(drawn))
    for one, other in arrows:
        assert (one or other) in words


def test_the_states_are_those_of_the_state_machine() -> None:
    """Every change of state that an event can make is drawn, and no other."""
    drawn = {
        (State[start], State[end])
        for block in blocks("transfers.md", "mermaid")
        for start, end in re.findall(r"^ +(\w+) --> (\w+)", block.code, re.MULTILINE)
    }
    found = set()
    codes = ("", "EXPIRED", "NOTEXIST", "USED", "PENDING", "SYSTEMERROR")
    times = product((10.0, 700.0), (None, 640.0))
    for state, what, code, sends, (at, no_at), rules in product(
        State, Happened, codes, (0, 1, 2), times, (STRICT, RELAXED)
    ):
        attempt = Attempt(
            state=state, received_at=1.0, expire_in=300.0, sends=sends, no_at=no_at
        )
        try:
            after = step(attempt, Event(what, at, code, 300.0), rules).attempt.state
        except ValueError:
            continue
        if after is not state:
            found.add((state, after))
    assert drawn == found


def test_states_that_stay_apart() -> None:
    """An arrow to its own state, back, and past others has a track of its own."""
    drawn = ET.fromstring(  # noqa: S314 - our own drawing
        DIAGRAM.svg(
            "stateDiagram-v2\naccTitle: t\nA --> B: one\nB --> C: two\nA --> C: three\n"
            "C --> A: four\nC --> C: five\nA --> B: six"
        )
    )
    tracks = [
        re.findall(r"V[\d.-]+Q([\d.]+)", path.attrib["d"])[0]
        for path in drawn.iter("path")
        if "Q" in path.attrib["d"]
    ]
    assert len(tracks) == 4
    # "five" and "six" run beside different states, so they share a track.
    assert len(set(tracks)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "gantt",
        "sequenceDiagram\nA->>B: x",
        "sequenceDiagram\nparticipant A as a\nA->>A: x",
        "sequenceDiagram\nparticipant A as a\nloop",
        "sequenceDiagram\nparticipant A as a name of many letters",
        "sequenceDiagram\nparticipant A as a\nNote over A: no title",
        "stateDiagram-v2\nstate A",
        "stateDiagram-v2\nA_NAME_OF_MANY_LETTERS --> B",
        "stateDiagram-v2\naccTitle: t\nA --> B\nB --> C\nA --> C: " + "words " * 9,
        "stateDiagram-v2\nA --> B",
    ],
)
def test_what_cannot_be_drawn(text: str) -> None:
    """A diagram that would come out wrong stops the build of the site."""
    with pytest.raises(ValueError, match=r"drawn|arrow"):
        DIAGRAM.svg(text)


def test_words_are_escaped() -> None:
    """Nothing of a diagram becomes HTML."""
    text = "sequenceDiagram\naccTitle: a\nparticipant A as <b>\nNote over A: a & b"
    drawn = DIAGRAM.svg(text)
    assert "&lt;b&gt;" in drawn
    assert "a &amp; b" in drawn
