"""Characters that a program changes before it signs: normal forms, entities of HTML."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from kesspay.explain.nodes import Members


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.explain.nodes import Node


__all__ = ["changed"]

#: As htmlspecialchars of PHP 8.1 writes them.
_ENTITIES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#039;"}
)

_CHANGES: Final[dict[str, Callable[[str], str]]] = {
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfd": lambda text: unicodedata.normalize("NFD", text),
    "entities": lambda text: text.translate(_ENTITIES),
}


def changed(document: Node, chars: str) -> Node:
    """
    Change the characters of all strings but the keys.

    Args:
        document: as ``nodes.read`` gives it.
        chars: as in ``Style``.
    """
    change = _CHANGES[chars]

    def walk(node: Node) -> Node:
        if isinstance(node, str):
            return change(node)
        if isinstance(node, list):
            return [walk(value) for value in node]
        if isinstance(node, Members):
            return Members((key, walk(value)) for key, value in node)
        return node

    return walk(document)
