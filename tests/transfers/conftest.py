"""The journals under test: the same tests run on every back-end."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.sqlite import SqliteJournal
from tests.transfers.helpers import Bench, payment


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import Postgres


class Clock:
    """A clock that continues when the test lets it."""

    def __init__(self) -> None:
        """Begin at some moment."""
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def pass_time(self, seconds: float) -> None:
        """Continue."""
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


@pytest.fixture
def schema() -> str:
    """Return the name of a schema that is not there."""
    return f"kesspay_{uuid4().hex}"


@pytest.fixture
def postgres_bench(postgres: Postgres, schema: str) -> Iterator[Bench]:
    """Open a PostgreSQL journal in a schema of its own."""
    opened: list[PostgresJournal] = []

    def again() -> PostgresJournal:
        opened.append(
            PostgresJournal(postgres.conninfo, schema=schema, connections=4, timeout=30)
        )
        return opened[-1]

    def pass_time(seconds: float) -> None:
        with postgres.connect() as connection:
            connection.execute(
                f"UPDATE {schema}.payments SET lease_until = lease_until - {seconds}"  # noqa: S608 - names of the test
            )

    yield Bench(again(), again, pass_time, f"postgres {postgres.conninfo}\n{schema}")
    for journal in opened:
        journal.close()
    with postgres.connect() as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=["sqlite", "postgres"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Run the test on every back-end."""
    found = request.getfixturevalue(f"{request.param}_bench")
    assert isinstance(found, Bench)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal goes."""
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    """Open a journal that has a payment."""
    with SqliteJournal(path) as opened:
        opened.begin(payment())
        yield opened
