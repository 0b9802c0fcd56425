"""How the rules about signatures are made, which one page explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.conformance.source import Rule


if TYPE_CHECKING:
    from kesspay.conformance.kit import Level, Severity


__all__ = ["RuleMaker"]

_PAGE: Final = "docs/explanation/signature.md"


@dataclass(frozen=True, slots=True)
class RuleMaker:
    """
    Makes the rules of an area.

    Args:
        area: of all of them.
        prefix: of their ids.
        level: of those that name none.
        severity: likewise.
    """

    area: str
    prefix: str
    level: Level
    severity: Severity

    def __call__(
        self,
        name: str,
        title: str,
        heading: str,
        stage: int,
        level: Level | None = None,
        severity: Severity | None = None,
        hints: dict[str, str] | None = None,
    ) -> Rule:
        """Return a rule."""
        return Rule(
            id=f"{self.prefix}{name}",
            title=title,
            doc=f"{_PAGE}#{heading}",
            area=self.area,
            level=level or self.level,
            stage=stage,
            severity=severity or self.severity,
            hints=hints or {},
        )
