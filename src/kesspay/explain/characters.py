"""Characters that a program changes before it signs: normal forms, entities of HTML."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from kesspay.explain.nodes import Members


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.explain.nodes import Node


__all__ = ["ENTITIES", "changed"]

#: As htmlspecialchars writes them: PHP 8.1 and later; before; and with ENT_NOQUOTES.
_PLAIN: Final[dict[str, str | int | None]] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_DOUBLE: Final[dict[str, str | int | None]] = {**_PLAIN, '"': "&quot;"}
ENTITIES: Final = str.maketrans({**_DOUBLE, "'": "&#039;"})

_CHANGES: Final[dict[str, Callable[[str], str]]] = {
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfd": lambda text: unicodedata.normalize("NFD", text),
    "entities": lambda text: text.translate(ENTITIES),
    "entities_double": lambda text: text.translate(str.maketrans(_DOUBLE)),
    "entities_plain": lambda text: text.translate(str.maketrans(_PLAIN)),
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
