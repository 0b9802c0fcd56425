"""A goal of the benchmarks, and what was found for it."""

from __future__ import annotations

from dataclasses import dataclass


__all__ = ["Goal", "Result"]


@dataclass(frozen=True)
class Goal:
    """
    One line of the table.

    Attributes:
        name: what is compared with what.
        limit: the goal; None where there is none.
        at_least: True where more is better.
        unit: of the value; "" for a ratio.
    """

    name: str
    limit: float | None
    at_least: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Result:
    """
    What was found for a goal.

    Attributes:
        goal: the goal.
        value: what was measured, or None.
        remark: how, or why it was not.
        least: the same of the quickest rounds instead of the medians.
    """

    goal: Goal
    value: float | None
    remark: str = ""
    least: float | None = None

    @property
    def verdict(self) -> str:
        """Tell whether the goal is met."""
        if self.value is None:
            return "not measured"
        if self.goal.limit is None:
            return "no goal"
        if self.goal.at_least:
            return "met" if self.value >= self.goal.limit else "NOT MET"
        return "met" if self.value <= self.goal.limit else "NOT MET"
