"""What the drawings of the site share: sizes, the tip of an arrow, text in lines."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final
from zlib import crc32


if TYPE_CHECKING:
    from collections.abc import Iterable


#: The size of letters, and the pitch of lines, in units of a drawing.
SMALL: Final = 12
LINE: Final = 15

#: The tip of an arrow. Each drawing of a page has one of its own name.
TIP: Final = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" '
    'markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>'
)


def document(title: str, width: float, height: float, parts: Iterable[str]) -> str:
    """Return a drawing that is as wide as the column, and at most a third larger."""
    if not title:
        raise ValueError("a drawing without accTitle cannot be drawn for all readers")
    name = f"tip-{crc32(title.encode()):08x}"
    inside = "".join((TIP, *parts))
    inside = inside.replace('id="tip"', f'id="{name}"').replace("#tip)", f"#{name})")
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" class="diagram" '
        f'aria-label="{escape(title)}" '
        f'style="max-width:{width * 4 / 3:g}px">{inside}</svg>'
    )


def text(
    x: float,
    y: float,
    lines: Iterable[str],
    *,
    anchor: str = "middle",
    bold: bool = False,
) -> str:
    """Return lines of text; the first stands at ``y``."""
    weight = ' font-weight="700"' if bold else ""
    spans = "".join(
        f'<tspan x="{x:g}" y="{y + number * LINE:g}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return f'<text text-anchor="{anchor}" font-size="{SMALL}"{weight}>{spans}</text>'
