"""Draw what was measured as SVG, with nothing but the standard library."""

from __future__ import annotations

from html import escape
from itertools import chain
from math import log10
from textwrap import wrap
from typing import TYPE_CHECKING, Final, NamedTuple


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.growth import Line


__all__ = ["NARROW", "WIDE", "Size", "page"]


class Size(NamedTuple):
    """
    The room of a picture, in pixels.

    Args:
        width: of all.
        edge: in front of headings and notes.
        left: where bars begin, behind their names; 0 where they stand below them.
        right: what is left for the number behind a bar.
        axis: where a chart begins, behind the numbers of its axis.
        names: what is left for the names behind its lines.
        heading: how many characters of a heading fit.
        note: how many characters of a note fit.
        every: which of the numbers below a chart are written: each, or every second.
    """

    width: int
    edge: int
    left: int
    right: int
    axis: int
    names: int
    heading: int
    note: int
    every: int


WIDE: Final = Size(760, 20, 250, 110, 90, 140, 90, 115, 1)
#: For a telephone.
NARROW: Final = Size(358, 0, 0, 72, 52, 96, 40, 52, 2)
#: Pixels between the names of two lines.
APART: Final = 15
COLOURS: Final = ("#0b62a4", "#c2570c", "#4d7c0f", "#7e22ce")
STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#333}.h{font-weight:600;font-size:15px}"
    ".s{font-size:11px;fill:#666}.v{font-size:12px}line{stroke:#ccc}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.s{fill:#aaa}line{stroke:#555}"
)
#: What stands for each colour in the dark.
IN_THE_DARK: Final = ("#5aa9e6", "#f0915a", "#94c94f", "#c49bf5")


def page(
    bars: Sequence[tuple[str, Sequence[tuple[str, float]]]],
    lines: Sequence[Line],
    batches: Sequence[Line],
    notes: Iterable[str],
    size: Size = WIDE,
) -> str:
    """
    Return a picture of bars, of two charts of growth, and of notes below.

    Args:
        bars: of each group the heading, and names with microseconds.
        lines: of documents, bytes to nanoseconds.
        batches: documents in a call to verified documents a second.
        notes: lines of text.
        size: its room.
    """
    drawn: list[str] = []
    y = 30
    for heading, group in bars:
        y = _bars(drawn, size, _heading(drawn, size, y, heading), group)
    y = _growth(drawn, size, y, lines)
    y = _batches(drawn, size, y, batches)
    for note in chain.from_iterable(wrap(one, size.note) for one in notes):
        drawn.append(_text(size.edge, y, note, "s"))
        y += 16
    body = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size.width} {y}" '
        f'role="img" aria-label="Measured times of kesspay and of others">\n'
        f"<style>{STYLE}{_dark()}</style>\n{body}\n</svg>\n"
    )


def _dark() -> str:
    """Return the end of the style: the colours in the dark."""
    rules = (
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}'
        for light, dark in zip(COLOURS, IN_THE_DARK, strict=True)
    )
    return "".join(rules) + "}"


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _bar(x: float, y: float, length: float, colour: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{length:.1f}" height="15" rx="2" '
        f'fill="{colour}"/>'
    )


def _heading(drawn: list[str], size: Size, y: int, heading: str) -> int:
    """Write a heading, and return where its last line stands."""
    lines = wrap(heading, size.heading)
    for at, line in enumerate(lines):
        drawn.append(_text(size.edge, y + 19 * at, line, "h"))
    return y + 19 * (len(lines) - 1)


def _bars(
    drawn: list[str], size: Size, y: int, group: Sequence[tuple[str, float]]
) -> int:
    longest = max(value for _, value in group)
    room = size.width - size.left - size.right
    for name, value in group:
        y += 24
        colour = COLOURS[0] if name.startswith("kesspay") else "#9ca3af"
        length = max(1.0, room * value / longest)
        if size.left:
            drawn.append(_text(size.left - 10, y + 4, name, anchor="end"))
        else:
            drawn.append(_text(size.edge, y + 4, name))
            y += 19
        drawn += [
            _bar(size.left, y - 8, length, colour),
            _text(size.left + length + 8, y + 4, f"{value:.1f} \u00b5s", "v"),
        ]
    return y + 44


def _growth(drawn: list[str], size: Size, y: int, lines: Sequence[Line]) -> int:
    """Draw lines over two logarithmic axes."""
    y = _heading(drawn, size, y, "Canonicalizing, by the size of the document")
    points = [point for line in lines for point in line.points]
    x_from, x_to = _decades([length for length, _ in points])
    y_from, y_to = _decades([cost for _, cost in points])
    top, height, left = y + 20, 260, size.axis
    width = size.width - size.axis - size.names

    def place(length: float, cost: float) -> tuple[float, float]:
        across = (log10(length) - x_from) / (x_to - x_from)
        up = (log10(cost) - y_from) / (y_to - y_from)
        return left + width * across, top + height * (1 - up)

    for power in range(x_from, x_to + 1):
        x, _ = place(10**power, 10**y_from)
        drawn.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + height}"/>'
        )
        if (power - x_from) % size.every == 0:
            drawn.append(_text(x, top + height + 16, _bytes(power), "s", "middle"))
    for power in range(y_from, y_to + 1):
        _, at = place(10**x_from, 10**power)
        drawn.append(
            f'<line x1="{left}" x2="{left + width}" y1="{at:.1f}" y2="{at:.1f}"/>'
        )
        drawn.append(_text(left - 8, at + 4, _seconds(power), "s", "end"))
    _lines(drawn, lines, place)
    return top + height + 50


def _lines(
    drawn: list[str],
    lines: Sequence[Line],
    place: Callable[[float, float], tuple[float, float]],
) -> None:
    """Draw lines whose points have such places, with their names at the end."""
    names = []
    for line, colour in zip(lines, COLOURS, strict=False):
        placed = [place(*point) for point in line.points]
        path = " ".join(f"{x:.1f},{at:.1f}" for x, at in placed)
        drawn.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            'stroke-width="2"/>'
        )
        x, at = placed[-1]
        names.append((at + 4, x + 8, line.name))
    above = 0.0
    for at, x, name in sorted(names):
        above = max(at, above + APART)
        drawn.append(_text(x, above, name, "v"))


def _batches(drawn: list[str], size: Size, y: int, lines: Sequence[Line]) -> int:
    """Draw lines over two axes that begin at 0."""
    heading = "Documents verified a second by one thread, by how many are in a call"
    y = _heading(drawn, size, y, heading)
    points = [point for line in lines for point in line.points]
    most = max(count for count, _ in points)
    step = 10 ** int(log10(max(rate for _, rate in points)))
    highest = step * (int(max(rate for _, rate in points) / step) + 1)
    top, height, left = y + 20, 200, size.axis
    width = size.width - size.axis - size.names

    def place(count: float, rate: float) -> tuple[float, float]:
        return left + width * count / most, top + height * (1 - rate / highest)

    for count in range(0, int(most) + 1, 8):
        x, _ = place(count, 0)
        drawn.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + height}"/>'
        )
        if count // 8 % size.every == 0:
            drawn.append(_text(x, top + height + 16, str(count), "s", "middle"))
    for rate in range(0, highest + 1, step):
        _, at = place(0, rate)
        drawn.append(
            f'<line x1="{left}" x2="{left + width}" y1="{at:.1f}" y2="{at:.1f}"/>'
        )
        drawn.append(_text(left - 8, at + 4, f"{rate:,}", "s", "end"))
    _lines(drawn, lines, place)
    return top + height + 50


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten around some values."""
    low, high = int(log10(min(values))), log10(max(values))
    return low, max(low + 1, int(high) + (high > int(high)))


def _bytes(power: int) -> str:
    return (
        ("1 B", "10 B", "100 B", "1 kB", "10 kB", "100 kB", "1 MB", "10 MB")[power]
        if (power < 8)
        else f"1e{power} B"
    )


def _seconds(power: int) -> str:
    unit = ("ns", "\u00b5s", "ms", "s")[min(power // 3, 3)]
    return f"{10 ** (power - 3 * min(power // 3, 3))} {unit}"
