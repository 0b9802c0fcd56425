"""
Draw a Mermaid diagram as SVG, so that the site needs no script of another host.

Mermaid itself is three megabytes of JavaScript, and no well-kept package of Python
carries it. The pages need few of its kinds: ``diagram_sequence`` draws messages,
``diagram_states`` draws states, and this module a flowchart of boxes in rows, arrows
that run down, and one frame. Each refuses every other line.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from html import escape
from typing import Final

import diagram_sequence
import diagram_states
from diagram_svg import TIP


_NODE: Final = re.compile(r'(\w+)\["(\w+): ([^"]+)"\]')
_ARROW: Final = re.compile(r"(\w+) --> (\w+)")
_FRAME: Final = re.compile(r'subgraph (\w+)\["([^"]+)"\]')

#: Sizes in units of the drawing, which is as wide as four boxes.
_WIDTH: Final = 660
_BOX: Final = (150, 62)
_PITCH: Final = (165, 108)
_TOP: Final = 8
#: As many letters as a line of a box has room for.
_LETTERS: Final = 21


@dataclass
class Flowchart:
    """
    A flowchart that was read.

    Attributes:
        nodes: name and description of every box, by its identifier.
        arrows: pairs of identifiers.
        framed: the identifiers inside the frame.
        title: of the frame.
    """

    nodes: dict[str, tuple[str, str]] = field(default_factory=dict)
    arrows: list[tuple[str, str]] = field(default_factory=list)
    framed: list[str] = field(default_factory=list)
    title: str = ""


def read(text: str) -> Flowchart:
    """Read the text of a flowchart."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines[0] != "flowchart TD":
        raise ValueError(f"only a flowchart from top to bottom is drawn: {lines[0]!r}")
    chart = Flowchart()
    inside = False
    for line in lines[1:]:
        if node := _NODE.fullmatch(line):
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


def svg(text: str) -> str:
    """Return the drawing of a Mermaid block, in one line of HTML."""
    kind, *lines = [line.strip() for line in text.strip().splitlines()]
    if kind == "sequenceDiagram":
        return diagram_sequence.svg(lines)
    if kind == "stateDiagram-v2":
        return diagram_states.svg(lines)
    return _flowchart(text)


def _flowchart(text: str) -> str:
    chart = read(text)
    rows = _rows(chart)
    places = _places(chart, rows)
    height = _TOP + (max(rows.values()) * _PITCH[1]) + _BOX[1] + _TOP
    head = (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" '
        'aria-label="The packages and what they import" '
        f'class="diagram wide" style="max-width:{_WIDTH}px">'
    )
    parts = [
        head,
        TIP,
        _frame(chart, places),
        *(_arrow(places[start], places[end]) for start, end in chart.arrows),
        *(_box(places[name], *chart.nodes[name]) for name in chart.nodes),
        "</svg>",
    ]
    return "".join(parts)


def _rows(chart: Flowchart) -> dict[str, int]:
    """Put every box below all that point to it, and none beside the framed ones."""
    rows = dict.fromkeys(chart.nodes, 0)
    below = set(chart.framed)
    for _ in chart.nodes:
        below |= {end for start, end in chart.arrows if start in below}
    above = [name for name in chart.nodes if name not in below]
    orders = [(name, framed) for name in above for framed in chart.framed]
    for _ in chart.nodes:
        for start, end in [*chart.arrows, *orders]:
            rows[end] = max(rows[end], rows[start] + 1)
    if max(rows.values()) >= len(rows):
        raise ValueError("the arrows run in a circle")
    return rows


def _places(chart: Flowchart, rows: dict[str, int]) -> dict[str, tuple[float, int]]:
    """Return the middle of the upper edge of every box."""
    places = {}
    for row in set(rows.values()):
        names = [name for name in chart.nodes if rows[name] == row]
        left = (_WIDTH - (len(names) - 1) * _PITCH[0]) / 2
        for column, name in enumerate(names):
            places[name] = (left + column * _PITCH[0], _TOP + row * _PITCH[1])
    return places


def _frame(chart: Flowchart, places: dict[str, tuple[float, int]]) -> str:
    if not chart.framed:
        return ""
    x = [places[name][0] for name in chart.framed]
    y = [places[name][1] for name in chart.framed]
    left, top = min(x) - _BOX[0] / 2 - 12, min(y) - 12
    width = max(x) - min(x) + _BOX[0] + 24
    height = max(y) - min(y) + _BOX[1] + 24
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" '
        'fill="none" stroke="currentColor" stroke-dasharray="5 4" opacity="0.6"/>'
        f'<text y="{top + 5}" font-size="13" fill="currentColor">'
        f"{_lines(left + 9, textwrap.wrap(chart.title, 12))}</text>"
    )


def _arrow(start: tuple[float, int], end: tuple[float, int]) -> str:
    low, high = start[1] + _BOX[1], end[1]
    return (
        f'<path d="M{start[0]} {low}C{start[0]} {low + 30} {end[0]} {high - 34} '
        f'{end[0]} {high}" fill="none" stroke="currentColor" stroke-width="1.3" '
        'marker-end="url(#tip)"/>'
    )


def _box(place: tuple[float, int], name: str, what: str) -> str:
    x, y = place
    lines = textwrap.wrap(what, _LETTERS)
    if len(lines) > 2:
        raise ValueError(f"this description is too long to be drawn: {what!r}")
    return (
        f'<rect x="{x - _BOX[0] / 2}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" '
        'rx="5" style="fill:var(--md-code-bg-color,#f5f5f5)" stroke="currentColor"/>'
        f'<text x="{x}" y="{y + 21}" text-anchor="middle" font-size="13" '
        'fill="currentColor">'
        f'<tspan font-size="15" font-weight="700">{escape(name)}</tspan>'
        f"{_lines(x, lines)}</text>"
    )


def _lines(x: float, lines: list[str]) -> str:
    return "".join(f'<tspan x="{x}" dy="16">{escape(line)}</tspan>' for line in lines)
