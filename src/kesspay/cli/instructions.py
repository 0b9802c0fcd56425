"""What to do next, where the message of an error says it: for ``next`` in the JSON."""

from __future__ import annotations

import re
from typing import Final


__all__ = ["instruction_in"]

#: The words that begin an instruction in our messages.
_VERBS: Final = (
    *("allow", "ask", "begin", "check", "choose", "continue", "convert", "copy"),
    *("correct", "give", "get", "grant", "install", "keep", "let", "look", "make"),
    *("move", "name", "open", "pass", "put", "read", "remove", "rename", "repeat"),
    *("restore", "run", "save", "say", "see", "send", "set", "start", "stop", "try"),
    *("unset", "use", "wait", "write"),
)
#: A word that makes a noun of the one before it: "name must be a text".
_OF_NOUNS: Final = ("are", "cannot", "has", "have", "is", "must", "was", "were")
_INSTRUCTION: Final = re.compile(
    rf"(?:^|(?<=[:;.] ))(?:(?:{'|'.join(_VERBS)})\b(?! (?:{'|'.join(_OF_NOUNS)})\b)"
    r"|kesspay (?=[a-z]))",
    re.IGNORECASE,
)
#: What stands in quotes is of a stranger: a name, a path, a word that was given.
_QUOTED: Final = re.compile(r"""'[^']*'|"[^"]*\"""")
#: What it means is no instruction, where it comes after one.
_MEANING: Final = re.compile(r"[.;] nothing was [a-z ]+\.?$", re.IGNORECASE)


def instruction_in(message: str) -> str:
    """
    Return the end of a message, from its first instruction on; "" without one.

    Args:
        message: of one line.
    """
    unquoted = _QUOTED.sub(lambda found: "_" * len(found[0]), message)
    found = _INSTRUCTION.search(unquoted)
    return "" if found is None else _MEANING.sub("", message[found.start() :])
