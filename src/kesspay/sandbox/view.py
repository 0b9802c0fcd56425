"""What a reader of the status page looks at: all of it is in the address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode


__all__ = ["LIVE", "LONGEST_REFERENCE", "PATHS", "View"]

_STILL: Final = "/"
#: Where the page refreshes.
LIVE: Final = "/live"
PATHS: Final = (_STILL, LIVE)

#: As long as the references of the API document.
LONGEST_REFERENCE: Final = 64
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_WORD: Final = re.compile(r"[a-z-]{1,20}")
_FIELDS: Final = 20


@dataclass(frozen=True, slots=True)
class View:
    """
    One way to look at the page. A refresh keeps it, since the address has it all.

    Attributes:
        live: the page refreshes, unless a form is open.
        failures: only messages that failed.
        reference: only messages of this transfer; "" for all.
        before: only messages with a smaller number; None for the newest.
        show: the number of a message that is open.
        form: the form that is open, or "".
        done: what a form has just done, or "".
    """

    live: bool = False
    failures: bool = False
    reference: str = ""
    before: int | None = None
    show: int | None = None
    form: str = ""
    done: str = ""

    @classmethod
    def read(cls, path: str, query: str) -> View:
        """Read an address; what cannot be used is ignored."""
        try:
            pairs = parse_qsl(query, errors="replace", max_num_fields=_FIELDS)
        except ValueError:
            pairs = []
        fields = dict(pairs)
        return cls(
            live=path == LIVE or fields.get("live") == "1",
            failures=fields.get("failures") == "1",
            reference=_printable(fields.get("reference", "")),
            before=_number(fields.get("before", "")),
            show=_number(fields.get("show", "")),
            form=_word(fields.get("form", "")),
            done=_word(fields.get("done", "")),
        )

    @property
    def refreshes(self) -> bool:
        """Whether the page is loaded again: not where a form is being filled."""
        return self.live and not self.form

    def query(self) -> str:
        """Return the query of the address, without what has been done."""
        fields: dict[str, object] = {
            "failures": "1" if self.failures else "",
            "reference": self.reference,
            "before": self.before or "",
            "show": self.show or "",
            "form": self.form,
        }
        return urlencode({name: value for name, value in fields.items() if value})

    def address(self, anchor: str = "") -> str:
        """Return the address, and the place in the page."""
        query = self.query()
        path = LIVE if self.live else _STILL
        return (
            path
            + (f"?{query}" if query else "")
            + (f"{'&' if query else '?'}done={self.done}" if self.done else "")
            + (f"#{anchor}" if anchor else "")
        )


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else ""


def _printable(text: str) -> str:
    """Return the beginning of a text, without what cannot be seen."""
    seen = "".join(char for char in text[: 4 * LONGEST_REFERENCE] if char.isprintable())
    return seen.strip()[:LONGEST_REFERENCE]
