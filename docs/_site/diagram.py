"""
Draw a Mermaid diagram as SVG, so that the site needs no script of another host.

Mermaid itself is three megabytes of JavaScript, and no well-kept package of Python
carries it. The pages need few of its kinds: ``diagram_sequence`` draws messages,
``diagram_states`` draws states, and ``diagram_flow`` a flowchart of boxes in rows,
arrows that run down, and one frame. Each refuses every other line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import diagram_flow
import diagram_sequence
import diagram_states


if TYPE_CHECKING:
    from collections.abc import Callable


_KINDS: Final[dict[str, Callable[[list[str]], str]]] = {
    "flowchart TD": diagram_flow.svg,
    "sequenceDiagram": diagram_sequence.svg,
    "stateDiagram-v2": diagram_states.svg,
}


def svg(text: str) -> str:
    """Return the drawing of a Mermaid block, in one line of HTML."""
    kind, *lines = [line.strip() for line in text.strip().splitlines()]
    if kind not in _KINDS:
        raise ValueError(f"a diagram of this kind is not drawn: {kind!r}")
    return _KINDS[kind](lines)
