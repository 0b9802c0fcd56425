"""DuckDB on a disk: its limit of memory, and what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from kesspay.audit.money import engine as engines
from kesspay.audit.money.engine import open_engine


if TYPE_CHECKING:
    from pathlib import Path


class Engine:
    """DuckDB that refuses what needs more memory than a limit."""

    def __init__(self, needed: int, why: str = "") -> None:
        """Need so many MiB for each statement."""
        self.needed, self.why = needed, why
        self.limits: list[int] = []

    def execute(self, sql: str) -> None:
        """Take a limit, or refuse a statement."""
        if sql.startswith("SET memory_limit"):
            self.limits.append(int(sql.split("'")[1].removesuffix("MiB")))
        elif self.limits[-1] < self.needed:
            raise duckdb.OutOfMemoryException(self.why)


def test_a_check_gets_the_memory_that_it_needs() -> None:
    """The limit grows where a check cannot do with it, and is the first again then."""
    least, more = engines.LIMITS[:2]
    for needed, limits in {least: [least], more: [least, more]}.items():
        engine = Engine(needed)
        engines.execute(engine, "SELECT")
        assert engine.limits == [*limits, least]
    engine = Engine(engines.LIMITS[-1] + 1)
    with pytest.raises(duckdb.OutOfMemoryException):
        engines.execute(engine, "SELECT")
    assert engine.limits == [*engines.LIMITS, least]
    engine = Engine(more, "max_temp_directory_size")
    with pytest.raises(duckdb.OutOfMemoryException):
        engines.execute(engine, "SELECT")
    assert engine.limits == [least, least]


def test_duckdb_shows_no_bar(tmp_path: Path) -> None:
    """Its bar would stand among what a program reads from the standard output."""
    with open_engine(tmp_path / "scratch") as engine:
        shown = engine.execute("SELECT current_setting('enable_progress_bar')")
        assert shown.fetchall() == [(False,)]
