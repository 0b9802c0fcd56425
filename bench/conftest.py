"""What every benchmark prints first: the machine and the versions."""

from __future__ import annotations

from bench.machine import facts


def pytest_report_header() -> list[str]:
    """Name the processor and every library that is measured."""
    return [f"{name}: {fact}" for name, fact in facts().items()]
