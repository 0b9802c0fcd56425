"""
Draw a Mermaid state diagram as SVG, narrow enough for a telephone.

The states stand below each other, in the order in which the text names them first. An
arrow to the next state runs straight down. Every other one leaves its state to the
right, under its own text, and runs in a track of its own to the state where it ends. So
no text lies on another, however many arrows there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from diagram_svg import SMALL, document, text


_ARROW: Final = re.compile(r"(\[\*\]|\w+) --> (\w+)(?:: (.+))?")

#: Of the drawing, in units that are pixels on a telephone.
_WIDTH: Final = 360
_BOX: Final = 104
_LEFT: Final = 2
#: Between two states: room for a straight arrow and its text.
_GAP: Final = 32
_ROW: Final = 19
#: Between two tracks.
_TRACK: Final = 10
#: How wide a letter is, and how many a state has room for.
_LETTER: Final = 6.1
_NAME: Final = 12


@dataclass
class States:
    """
    A state diagram that was read.

    Attributes:
        title: what it shows.
        names: the states, from top to bottom.
        arrows: start, end and text.
        first: the state in which all begins.
    """

    title: str = ""
    names: list[str] = field(default_factory=list)
    arrows: list[tuple[str, str, str]] = field(default_factory=list)
    first: str = ""


@dataclass
class _Track:
    """An arrow beside the states: which, where it leaves and ends, and its column."""

    words: str
    leaves: float
    ends: float
    column: int = 0


def read(lines: list[str]) -> States:
    """Read the lines of a Mermaid block, without the first."""
    found = States()
    for line in lines:
        arrow = _ARROW.fullmatch(line)
        if line.startswith("accTitle: "):
            found.title = line.removeprefix("accTitle: ")
        elif arrow is None:
            raise ValueError(f"this line of a diagram cannot be drawn: {line!r}")
        elif arrow[1] == "[*]":
            found.first = arrow[2]
            found.names.append(arrow[2])
        else:
            found.arrows.append((arrow[1], arrow[2], arrow[3] or ""))
            for name in (arrow[1], arrow[2]):
                if name not in found.names:
                    found.names.append(name)
    for name in found.names:
        if len(name) > _NAME:
            raise ValueError(f"this name is too long to be drawn: {name!r}")
    return found


def svg(lines: list[str]) -> str:
    """Return the drawing."""
    found = read(lines)
    order = {name: number for number, name in enumerate(found.names)}
    straight, beside = {}, []
    for start, end, words in found.arrows:
        if order[end] == order[start] + 1 and start not in straight:
            straight[start] = words
        else:
            beside.append((start, end, words))
    tops, ports, y = {}, {}, 22.0 if found.first else 4.0
    for name in found.names:
        # First where arrows leave, then where they end.
        own = [arrow for arrow in beside if arrow[0] == name]
        own += [arrow for arrow in beside if arrow[1] == name and arrow[0] != name]
        height = max(1, len(own)) * _ROW + 10
        tops[name] = (y, height)
        for number, arrow in enumerate(own):
            ports[arrow, name] = y + 5 + (number + 0.5) * _ROW
        y += height + _GAP
    tracks = [
        _Track(arrow[2], ports[arrow, arrow[0]], ports[arrow, arrow[1]])
        for arrow in beside
    ]
    columns = _columns(tracks)
    edge = _WIDTH - 4 - (columns - 1) * _TRACK
    parts = [_beside(track, edge) for track in tracks]
    if found.first:
        x, top = _LEFT + _BOX / 2, tops[found.first][0]
        parts.append(
            f'<circle cx="{x:g}" cy="5" r="4" class="dot"/>'
            f'<path d="M{x:g} 9V{top:g}" class="line" marker-end="url(#tip)"/>'
        )
    for name, (top, height) in tops.items():
        parts.append(_state(name, top, height))
        if name in straight:
            low = top + height
            x = _LEFT + _BOX / 2
            parts.append(
                f'<path d="M{x:g} {low:g}V{low + _GAP:g}" class="line" '
                'marker-end="url(#tip)"/>'
                + text(x + 9, low + _GAP / 2 + 4, [straight[name]], anchor="start")
            )
    return document(found.title, _WIDTH, y - _GAP + 4, parts)


def _columns(tracks: list[_Track]) -> int:
    """Give each track a column in which no other runs beside it; return how many."""
    taken: list[list[tuple[float, float]]] = []
    for track in sorted(tracks, key=lambda track: abs(track.ends - track.leaves)):
        low, high = sorted((track.leaves, track.ends))
        for column, ranges in enumerate(taken):
            if all(high < start or low > end for start, end in ranges):
                track.column = column
                ranges.append((low, high))
                break
        else:
            track.column = len(taken)
            taken.append([(low, high)])
    return len(taken)


def _beside(track: _Track, edge: float) -> str:
    left, x = _LEFT + _BOX, edge + track.column * _TRACK
    if left + 8 + len(track.words) * _LETTER > edge:
        raise ValueError(f"this text is too long to be drawn: {track.words!r}")
    turn = 5 if track.ends > track.leaves else -5
    return (
        f'<path d="M{left} {track.leaves:g}H{x - 5:g}Q{x:g} {track.leaves:g} {x:g} '
        f"{track.leaves + turn:g}V{track.ends - turn:g}Q{x:g} {track.ends:g} "
        f'{x - 5:g} {track.ends:g}H{left}" class="line" marker-end="url(#tip)"/>'
        + text(left + 8, track.leaves - 4, [track.words], anchor="start")
    )


def _state(name: str, top: float, height: float) -> str:
    return (
        f'<rect x="{_LEFT}" y="{top:g}" width="{_BOX}" height="{height:g}" rx="8" '
        'class="box"/>'
        + text(_LEFT + _BOX / 2, top + height / 2 + SMALL / 3, [name], bold=True)
    )
