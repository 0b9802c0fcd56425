"""The journals under test: the same tests run on every back-end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kesspay.transfers.sqlite import SqliteJournal
from tests.transfers.helpers import Bench


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        """Begin at some moment."""
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Go on."""
        self.now += seconds


@pytest.fixture
def sqlite_bench(tmp_path: Path) -> Iterator[Bench]:
    """Open a SQLite journal."""
    clock = Clock()
    path = tmp_path / "journal.db"
    opened: list[SqliteJournal] = []

    def again() -> SqliteJournal:
        opened.append(SqliteJournal(path, clock=clock, busy_timeout=30))
        return opened[-1]

    yield Bench(again(), again, clock.pass_time, f"sqlite {path}")
    for journal in opened:
        journal.close()


@pytest.fixture(params=["sqlite"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Run the test on every back-end."""
    found = request.getfixturevalue(f"{request.param}_bench")
    assert isinstance(found, Bench)
    return found
