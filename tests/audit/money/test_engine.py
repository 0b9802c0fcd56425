"""DuckDB on a disk: its limit of memory, its threads, and what it prints."""

from __future__ import annotations

import threading
from threading import Lock
from typing import TYPE_CHECKING

import duckdb
import pytest

from kesspay.audit.money import engine as engines
from kesspay.audit.money.engine import Engine, limits_of, open_engines, side_by_side


if TYPE_CHECKING:
    from pathlib import Path


class Refusing:
    """DuckDB that refuses what needs more memory than a limit."""

    def __init__(self, needed: int, why: str = "", first: int = 0) -> None:
        """Need so many MiB for each statement."""
        self.needed, self.why = needed, why
        self.limits: list[int] = [first]

    def execute(self, sql: str) -> None:
        """Take a limit, or refuse a statement."""
        if sql.startswith("SET memory_limit"):
            self.limits.append(int(sql.split("'")[1].removesuffix("MiB")))
        elif self.limits[-1] < self.needed:
            raise duckdb.OutOfMemoryException(self.why)


def refusing(
    needed: int, why: str = "", threads: int = 1
) -> tuple[Engine, Refusing, list[Lock]]:
    """Return one of some engines, DuckDB, and the turns."""
    connection = Refusing(needed, why, limits_of(threads)[0])
    turns = [Lock() for _ in range(threads)]
    return Engine(connection, turns, 0), connection, turns


def test_a_check_gets_the_memory_that_it_needs() -> None:
    """The limit grows where a check cannot do with it, and is the first again then."""
    least, more = engines.LIMITS[:2]
    for needed, limits in {least: [least], more: [least, more, least]}.items():
        engine, connection, _ = refusing(needed)
        engine.execute("SELECT")
        assert connection.limits == limits
    engine, connection, _ = refusing(engines.LIMITS[-1] + 1)
    with pytest.raises(duckdb.OutOfMemoryException):
        engine.execute("SELECT")
    assert connection.limits == [*engines.LIMITS, least]
    engine, connection, _ = refusing(more, "max_temp_directory_size")
    with pytest.raises(duckdb.OutOfMemoryException):
        engine.execute("SELECT")
    assert connection.limits == [least]


def test_what_needs_more_is_alone() -> None:
    """Two threads do not both have more; what is read is made for each attempt."""
    least, more = limits_of(2)[:2]
    assert least < more < limits_of(9)[0]
    engine, connection, turns = refusing(more, threads=2)
    held = []
    engine.execute("SELECT", lambda: held.append([turn.locked() for turn in turns]))
    # At first beside the other, then alone within the same limit, then with more.
    assert held == [[True, False], [True, True], [True, True]]
    assert connection.limits == [least, least, more, least]
    assert not any(turn.locked() for turn in turns)
    with engine.unlimited():
        assert all(turn.locked() for turn in turns)
        assert connection.limits[-1] == engines.LIMITS[-1]
    assert connection.limits[-1] == least


def test_threads_share_what_is_no_view(tmp_path: Path) -> None:
    """Each does some of the items; a table is of all, and a view of one."""
    both = threading.Barrier(2, timeout=60)

    def do(engine: Engine, item: int) -> None:
        both.wait()
        engine.execute(f"CREATE OR REPLACE TEMP VIEW mine AS SELECT {item} AS number")
        both.wait()
        engine.execute("INSERT INTO found SELECT * FROM mine")

    with open_engines(tmp_path / "scratch", threads=2) as opened:
        opened[0].execute("CREATE TABLE found (number INTEGER)")
        side_by_side(opened, range(6), do)
        found = opened[1].connection.execute("SELECT * FROM found ORDER BY ALL")
        assert found.fetchall() == [(number,) for number in range(6)]
    assert not (tmp_path / "scratch").exists()


def test_an_error_ends_all_threads(tmp_path: Path) -> None:
    """It is raised, and no thread begins with another item."""
    both = threading.Barrier(2, timeout=60)
    done = []

    def do(_: Engine, item: int) -> None:
        done.append(item)
        both.wait()
        raise ValueError(item)

    with (
        open_engines(tmp_path / "scratch", threads=2) as opened,
        pytest.raises(ValueError, match=r"[01]"),
    ):
        side_by_side(opened, range(9), do)
    assert sorted(done) == [0, 1]


def test_duckdb_shows_no_bar(tmp_path: Path) -> None:
    """Its bar would stand among what a program reads from the standard output."""
    with open_engines(tmp_path / "scratch", threads=2) as opened:
        for engine in opened:
            shown = engine.connection.execute(
                "SELECT current_setting('enable_progress_bar')"
            )
            assert shown.fetchall() == [(False,)]
