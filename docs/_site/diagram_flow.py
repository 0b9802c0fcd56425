"""
Draw a Mermaid flowchart as SVG, narrow enough for a telephone.

Boxes stand in rows of at most three, each as low as what it points to allows, and
arrows run down. The boxes of each row take the places where the fewest arrows run
behind a box or cross, and where the arrows are short.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from html import escape
from itertools import combinations, pairwise, permutations
from typing import TYPE_CHECKING, Final

from diagram_svg import LINE, SMALL, document


if TYPE_CHECKING:
    from collections.abc import Iterator


_NODE: Final = re.compile(r'(\w+)\["(\w+): ([^"]+)"\]')
_ARROW: Final = re.compile(r"(\w+) --> (\w+)")
_FRAME: Final = re.compile(r'subgraph (\w+)\["([^"]+)"\]')

#: Of the drawing, in units that are pixels on a telephone.
_WIDTH: Final = 368
_BOX: Final = 116
_PLACES: Final = 5
_PITCH: Final = 61
_TOP: Final = 4
_GAP: Final = 38
#: Of a box: above its name, and below its last line.
_PADDING: Final = 17, 8
#: Of the frame, above and below its boxes.
_MARGIN: Final = 13
#: As many letters and lines as a box has room for.
_LETTERS: Final = 16
_LINES: Final = 3
#: What is bad about a drawing: an arrow behind a box, and two arrows that cross. An
#: arrow to the next place costs 1, and so does a row that is not in the middle.
_BEHIND: Final = 100
_CROSSING: Final = 10


@dataclass
class Flowchart:
    """
    A flowchart that was read.

    Attributes:
        name: what it shows.
        nodes: name and description of every box, by its identifier.
        arrows: pairs of identifiers.
        framed: the identifiers inside the frame.
        title: of the frame.
    """

    name: str = ""
    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    arrows: list[tuple[str, str]] = field(default_factory=list)
    framed: list[str] = field(default_factory=list)
    title: str = ""


def read(lines: list[str]) -> Flowchart:
    """Read the lines of a Mermaid block, without the first."""
    chart = Flowchart()
    inside = False
    for line in lines:
        if line.startswith("accTitle: "):
            chart.name = line.removeprefix("accTitle: ")
        elif node := _NODE.fullmatch(line):
            chart.nodes[node[1]] = (node[2], node[3])
            if inside:
                chart.framed.append(node[1])
        elif arrow := _ARROW.fullmatch(line):
            chart.arrows.append((arrow[1], arrow[2]))
        elif frame := _FRAME.fullmatch(line):
            chart.title, inside = frame[2], True
        elif line == "end":
            inside = False
        else:
            raise ValueError(f"this line of a diagram cannot be drawn: {line!r}")
    unknown = {name for arrow in chart.arrows for name in arrow} - set(chart.nodes)
    if unknown:
        raise ValueError(f"arrows without a box: {sorted(unknown)}")
    return chart


def svg(lines: list[str]) -> str:
    """Return the drawing."""
    chart = read(lines)
    words = {name: _wrapped(what) for name, (_, what) in chart.nodes.items()}
    rows = _rows(chart)
    places = _places(rows, chart.arrows)
    tops, y = {}, float(_TOP + (_MARGIN if set(rows[0]) & set(chart.framed) else 0))
    heights = [sum(_PADDING) + LINE * max(len(words[n]) for n in row) for row in rows]
    for row, height in zip(rows, heights, strict=True):
        tops |= dict.fromkeys(row, (y, height))
        y += height + _GAP
    parts = [_frame(chart, tops)]
    parts += [_arrow(places, tops, *arrow) for arrow in chart.arrows]
    parts += [
        _box(_x(places[name]), *tops[name], chart.nodes[name][0], words[name])
        for name in chart.nodes
    ]
    return document(chart.name, _WIDTH, y - _GAP + _TOP, parts)


def _wrapped(what: str) -> list[str]:
    lines = textwrap.wrap(what, _LETTERS)
    if len(lines) > _LINES or max(map(len, lines)) > _LETTERS:
        raise ValueError(f"this description is too long to be drawn: {what!r}")
    return lines


def _rows(chart: Flowchart) -> list[list[str]]:
    """Put every box above all it points to, and none beside the framed ones."""
    levels = dict.fromkeys(chart.nodes, 0)
    below = set(chart.framed)
    for _ in chart.nodes:
        below |= {end for start, end in chart.arrows if start in below}
    above = [name for name in chart.nodes if name not in below]
    orders = [(name, framed) for name in above for framed in chart.framed]
    for _ in chart.nodes:
        for start, end in [*chart.arrows, *orders]:
            levels[start] = max(levels[start], levels[end] + 1)
    count = max(levels.values()) + 1
    if count > len(levels):
        raise ValueError("the arrows run in a circle")
    rows: list[list[str]] = [[] for _ in range(count)]
    for name, level in levels.items():
        rows[count - 1 - level].append(name)
    for row in rows:
        if len(row) > (_PLACES + 1) // 2:
            raise ValueError(f"these boxes have no room in a row to be drawn: {row}")
    return rows


def _places(rows: list[list[str]], arrows: list[tuple[str, str]]) -> dict[str, int]:
    """Choose the place of every box; a box is as wide as two places."""
    level = {name: number for number, row in enumerate(rows) for name in row}
    places = {name: at for row in rows for name, at in next(_arranged(row)).items()}
    best = _cost(places, level, arrows)
    while True:
        before = best
        for row in rows:
            for tried in _arranged(row):
                cost = _cost(places | tried, level, arrows)
                if cost < best:
                    best, places = cost, places | tried
        if best == before:
            return places


def _arranged(row: list[str]) -> Iterator[dict[str, int]]:
    """Yield all ways to put the boxes of a row next to each other."""
    for chosen in combinations(range(_PLACES), len(row)):
        if all(right - left > 1 for left, right in pairwise(chosen)):
            for order in permutations(row):
                yield dict(zip(order, chosen, strict=True))


def _cost(
    places: dict[str, int], level: dict[str, int], arrows: list[tuple[str, str]]
) -> float:
    """Say how bad a drawing is."""
    lines = [
        (level[start], places[start], level[end], places[end]) for start, end in arrows
    ]
    behind = sum(
        top < level[name] < low
        and abs(_at((top, left, low, right), level[name]) - place) <= 1
        for top, left, low, right in lines
        for name, place in places.items()
    )
    crossing = sum(_is_crossed(one, other) for one, other in combinations(lines, 2))
    length = sum(abs(left - right) ** 1.5 for _, left, _, right in lines)
    slope = sum(
        abs(sum(places[name] - _PLACES // 2 for name in places if level[name] == row))
        for row in set(level.values())
    )
    return _BEHIND * behind + _CROSSING * crossing + length + slope


def _at(line: tuple[int, int, int, int], level: float) -> float:
    """Return at which place an arrow passes a level."""
    top, left, low, right = line
    return left + (right - left) * (level - top) / (low - top)


def _is_crossed(
    one: tuple[int, int, int, int], other: tuple[int, int, int, int]
) -> bool:
    top, low = max(one[0], other[0]), min(one[2], other[2])
    if top >= low:
        return False
    return (_at(one, top) - _at(other, top)) * (_at(one, low) - _at(other, low)) < 0


def _x(place: int) -> float:
    return _WIDTH / 2 + (place - _PLACES // 2) * _PITCH


def _frame(chart: Flowchart, tops: dict[str, tuple[float, float]]) -> str:
    if not chart.framed:
        return ""
    top = min(tops[name][0] for name in chart.framed) - _MARGIN
    low = max(sum(tops[name]) for name in chart.framed) + _MARGIN
    spans = [
        _span(10, top + 18 + number * LINE, line)
        for number, line in enumerate(textwrap.wrap(chart.title, 12))
    ]
    return (
        f'<rect x="1" y="{top:g}" width="{_WIDTH - 2}" height="{low - top:g}" rx="6" '
        'class="frame"/>'
        f'<text text-anchor="start" font-size="{SMALL}">{"".join(spans)}</text>'
    )


def _arrow(
    places: dict[str, int], tops: dict[str, tuple[float, float]], start: str, end: str
) -> str:
    """Return an arrow, which leaves and ends straight down."""
    x, to = _x(places[start]), _x(places[end])
    y, low = sum(tops[start]), tops[end][0]
    bend = max(_GAP * 0.7, (low - y) * 0.4)
    return (
        f'<path d="M{x:g} {y:g}C{x:g} {y + bend:g} {to:g} {low - bend:g} {to:g} '
        f'{low:g}" class="line" marker-end="url(#tip)"/>'
    )


def _box(x: float, top: float, height: float, name: str, lines: list[str]) -> str:
    spans = [_span(x, top + _PADDING[0], name, ' font-weight="700"')]
    spans += [
        _span(x, top + _PADDING[0] + LINE * number, line)
        for number, line in enumerate(lines, 1)
    ]
    return (
        f'<rect x="{x - _BOX / 2:g}" y="{top:g}" width="{_BOX}" height="{height:g}" '
        'rx="5" class="box"/>'
        f'<text text-anchor="middle" font-size="{SMALL}">{"".join(spans)}</text>'
    )


def _span(x: float, y: float, text: str, more: str = "") -> str:
    return f'<tspan x="{x:g}" y="{y:g}"{more}>{escape(text)}</tspan>'
