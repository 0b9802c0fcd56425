"""
Draw a Mermaid sequence diagram as SVG, narrow enough for a telephone.

It reads ``participant``, ``Note over``, and arrows with a text: ``->>`` for a message,
``-->>`` for an answer. Each text stands over its arrow, and may be wider than it.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import Final

from diagram_svg import LINE, SMALL, document, text


_PARTICIPANT: Final = re.compile(r"participant (\w+) as (.+)")
_MESSAGE: Final = re.compile(r"(\w+)(--?>>)(\w+): (.+)")
_NOTE: Final = re.compile(r"Note over (\w+)(?:,(\w+))?: (.+)")

#: Of the drawing, in units that are pixels on a telephone.
_WIDTH: Final = 360
_HEAD: Final = 30
#: As many letters as a line of a message, a note and a name has room for.
_LETTERS: Final = 30
_NAME: Final = 12


@dataclass
class Sequence:
    """
    A sequence diagram that was read.

    Attributes:
        title: what it shows.
        names: of the participants, by their identifiers, from left to right.
        steps: start, end, text and kind: "->>", "-->>" or "note".
    """

    title: str = ""
    names: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[str, str, str, str]] = field(default_factory=list)


def read(lines: list[str]) -> Sequence:
    """Read the lines of a Mermaid block, without the first."""
    found = Sequence()
    for line in lines:
        if line.startswith("accTitle: "):
            found.title = line.removeprefix("accTitle: ")
        elif one := _PARTICIPANT.fullmatch(line):
            found.names[one[1]] = one[2]
        elif note := _NOTE.fullmatch(line):
            found.steps.append((note[1], note[2] or note[1], note[3], "note"))
        elif message := _MESSAGE.fullmatch(line):
            found.steps.append((message[1], message[3], message[4], message[2]))
        else:
            raise ValueError(f"this line of a diagram cannot be drawn: {line!r}")
    _check(found)
    return found


def _check(found: Sequence) -> None:
    named = {name for start, end, _, _ in found.steps for name in (start, end)}
    if named - set(found.names):
        raise ValueError(
            f"arrows without a participant: {sorted(named - set(found.names))}"
        )
    for start, end, words, kind in found.steps:
        if start == end and kind != "note":
            raise ValueError(f"an arrow to itself cannot be drawn: {words!r}")
    for name in found.names.values():
        if len(name) > _NAME:
            raise ValueError(f"this name is too long to be drawn: {name!r}")


def svg(lines: list[str]) -> str:
    """Return the drawing."""
    found = read(lines)
    pitch = _WIDTH / len(found.names)
    x = {name: pitch * (n + 0.5) for n, name in enumerate(found.names)}
    parts: list[str] = []
    y = float(_HEAD + 12)
    for start, end, words, kind in found.steps:
        wrapped = textwrap.wrap(words, _LETTERS)
        if kind == "note":
            left, right = sorted((x[start], x[end]))
            parts.append(_note(left, right, y, wrapped, pitch))
            y += len(wrapped) * LINE + 24
            continue
        y += len(wrapped) * LINE
        half = max(len(line) for line in wrapped) * SMALL * 0.29
        middle = min(max((x[start] + x[end]) / 2, half), _WIDTH - half)
        parts.append(text(middle, y - len(wrapped) * LINE + SMALL, wrapped))
        y += 5
        dashes = ' stroke-dasharray="4 3"' if kind == "-->>" else ""
        parts.append(
            f'<path d="M{x[start]:g} {y:g}H{x[end]:g}" class="line" '
            f'marker-end="url(#tip)"{dashes}/>'
        )
        y += 14
    lines_of_life = [
        f'<path d="M{middle:g} {_HEAD}V{y:g}" class="life"/>' for middle in x.values()
    ]
    heads = [
        f'<rect x="{x[name] - pitch / 2 + 3:g}" y="1" width="{pitch - 6:g}" '
        f'height="{_HEAD - 2}" rx="5" class="box"/>'
        + text(x[name], _HEAD / 2 + 4, [escaped], bold=True)
        for name, escaped in found.names.items()
    ]
    return document(found.title, _WIDTH, y + 4, [*lines_of_life, *parts, *heads])


def _note(left: float, right: float, y: float, lines: list[str], pitch: float) -> str:
    """Return a band over the participants, wide enough for its text."""
    half = max(len(line) for line in lines) * SMALL * 0.29 + 8
    middle = min(max((left + right) / 2, half + 1), _WIDTH - half - 1)
    start = max(1.0, min(left - pitch / 2 + 3, middle - half))
    end = min(_WIDTH - 1.0, max(right + pitch / 2 - 3, middle + half))
    return (
        f'<rect x="{start:g}" y="{y:g}" width="{end - start:g}" '
        f'height="{len(lines) * LINE + 10:g}" rx="3" class="note"/>'
        + text((start + end) / 2, y + SMALL + 5, lines)
    )
