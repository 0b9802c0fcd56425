"""What the doctor finds: one Check for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal


if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["Check", "Checks", "Verdict"]

Verdict = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """
    One thing that was looked at.

    Attributes:
        name: a stable word or two.
        verdict: "ok", "warning", "failed" or "skipped".
        found: what was found, or why it was skipped; never a secret.
        fix: what to do about it, or "".
    """

    name: str
    verdict: Verdict
    found: str
    fix: str = ""


class Checks:
    """A list of checks that grows, and knows which of them did not work out."""

    def __init__(self) -> None:
        """Begin with none."""
        self.all: list[Check] = []

    def ok(self, name: str, found: str) -> None:
        """Add a check that held."""
        self.all.append(Check(name, "ok", found))

    def warn(self, name: str, found: str, fix: str) -> None:
        """Add one that held, with something to look at."""
        self.all.append(Check(name, "warning", found, fix))

    def fail(self, name: str, found: str, fix: str) -> None:
        """Add one that did not hold."""
        self.all.append(Check(name, "failed", found, fix))

    def skip(self, name: str, why: str) -> None:
        """Add one that could not be made."""
        self.all.append(Check(name, "skipped", why))

    def lacks(self, names: Iterable[str]) -> str:
        """Name the first of some checks that failed or was skipped, or ""."""
        verdicts = {check.name: check.verdict for check in self.all}
        for name in names:
            if verdicts[name] in {"failed", "skipped"}:
                return name
        return ""
