"""What the sandbox sends back, and how the connection ends."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final, Literal


__all__ = ["HTML", "JSON", "Ending", "Reply", "as_json", "plain"]

#: "whole" is an answer, "dropped" none at all, "truncated" the half of one.
Ending = Literal["whole", "dropped", "truncated"]

JSON: Final = ("Content-Type", "application/json")
HTML: Final = ("Content-Type", "text/html; charset=utf-8")
_TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Reply:
    """
    One answer, and what happens to it on its way.

    Attributes:
        status: HTTP status.
        headers: name and value pairs, without Content-Length.
        body: the whole body, also where less of it is sent.
        delay: seconds before it is sent.
        ending: how much of it is sent before the connection closes.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    delay: float = 0.0
    ending: Ending = "whole"


def plain(status: int, text: str) -> Reply:
    """Return a reply of plain text."""
    return Reply(status, (_TEXT,), text.encode())


def as_json(status: int, value: object) -> Reply:
    """Return a reply of JSON; what JSON has not is written as a string."""
    return Reply(status, (JSON,), json.dumps(value, default=str).encode())
