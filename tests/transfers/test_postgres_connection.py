"""A connection whose waits end, judged by a server that is asked to sleep."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from kesspay.transfers.postgres_connection import NoAnswer, PatientConnection


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import Postgres


@pytest.fixture
def connection(postgres: Postgres) -> Iterator[PatientConnection]:
    """Connect."""
    opened = PatientConnection.connect(postgres.conninfo, autocommit=True)
    yield opened
    opened.close()


def test_patience(connection: PatientConnection) -> None:
    """A wait ends with the patience; without one it ends with the answer."""
    assert connection.execute("SELECT pg_sleep(0.3)::text").fetchall() == [("",)]
    connection.patience = 30
    assert connection.execute("SELECT pg_sleep(0.3)::text").fetchall() == [("",)]
    assert not connection.silent
    connection.patience = 0.2
    with pytest.raises(NoAnswer, match=r"within 0\.2 s"):
        connection.execute("SELECT pg_sleep(60)")
    assert connection.silent


def test_ctrl_c(connection: PatientConnection) -> None:
    """What ends a wait asks nothing more of the server, and waits for nothing."""
    connection.patience = 60

    def handler(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            connection.execute("SELECT pg_sleep(60)")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - started < 30


def test_warnings(connection: PatientConnection) -> None:
    """The latest warning of the server is kept."""
    connection.add_notice_handler(connection.heed)
    assert connection.warning == ""
    connection.execute("COMMIT")
    assert connection.warning == "there is no transaction in progress"
