"""Outages of the gateway while payments are kept in the journals that are built in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import TransportError
from kesspay.transfers import postgres as of_postgres
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.sqlite import SqliteJournal
from tests.transfers.virtual import ORDER, face, partner, service_of


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kesspay.gateway.messages import HttpRequest
    from kesspay.transfers.journal import Journal
    from tests.support.postgres import Postgres
    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]
    Keep = Callable[[Partner], Journal]

__all__ = ["face", "partner"]

#: A connection that no server takes; the others are faults of the sandbox.
REFUSED: Final = "refused a connection"
PAYMENTS: Final = 16


def by_the_clock_of(
    here: Partner, journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> PostgresJournal:
    """Let a journal go by the clock of a sandbox, and not by that of the server."""
    run = journal._pool.run

    def at_its_time(sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        now = f"{here.sandbox.now()!r}::float8"
        return run(sql.replace(of_postgres._NOW, now), values)

    monkeypatch.setattr(journal._pool, "run", at_its_time)
    monkeypatch.setattr(of_postgres, "monotonic", here.sandbox.now)
    journal._set_clock(here.sandbox.now(), here.sandbox.now())
    return journal


@pytest.fixture(params=["sqlite", "postgres"])
def keep(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Keep]:
    """Return what opens the journal of a test."""
    opened: list[SqliteJournal | PostgresJournal] = []
    if request.param == "sqlite":

        def make(here: Partner) -> Journal:
            file = tmp_path / "journal.db"
            opened.append(SqliteJournal(file, clock=here.sandbox.now))
            return opened[-1]

        yield make
        opened[0].close()
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    schema: str = request.getfixturevalue("schema")

    def make_there(here: Partner) -> Journal:
        journal = PostgresJournal(
            postgres.conninfo, schema=schema, connections=2, timeout=30
        )
        opened.append(journal)
        return by_the_clock_of(here, journal, monkeypatch)

    yield make_there
    opened[0].close()
    with postgres.connect() as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


def blip(here: Partner, length: float, fault: str) -> None:
    """Let the gateway be away from now on, for some seconds."""
    end = here.sandbox.now() + length

    def look(request: HttpRequest) -> None:
        here.sandbox.faults.clear()
        service = service_of(request)
        if here.sandbox.now() >= end or service == "token":
            return
        if fault == REFUSED:
            raise TransportError("not_sent", "connection refused")
        here.plan(fault, service)

    here.wire.look = look


@pytest.mark.few(2)
@pytest.mark.one_in(6)
@pytest.mark.parametrize(
    ("length", "fault", "count"),
    [
        (1, "bad-gateway-before", 2),
        (3, "bad-gateway-before", PAYMENTS),
        (10, "bad-gateway-before", 4),
        (30, "bad-gateway-before", 2),
        (1, "drop-after", 2),
        (3, "drop-after", PAYMENTS),
        (10, "bad-gateway-after", 2),
        (30, "drop-after", 2),
        (3, REFUSED, PAYMENTS),
        (30, REFUSED, 2),
    ],
)
def test_a_blip(
    partner: MakePartner, keep: Keep, length: float, fault: str, count: int
) -> None:
    """Whether the first confirm was carried out or not, each payment is paid once."""
    here = partner()
    here.journal = keep(here)  # type: ignore[assignment] # one that is built in
    transfers = here.transfers()
    names = [f"order-{number}" for number in range(count)]
    for name in names:
        transfers.start(**{**ORDER, "payment_id": name})
    blip(here, length, fault)
    for name in names:
        transfers.confirm(name, debit_id=f"debit-{name}", timeout=0.4)
    for _ in range(200):
        looks = [transfers.look(name) for name in names]
        due = [look.check_at for look in looks if look.check_at is not None]
        if not due:
            break
        # A worker that comes by every second.
        here.sandbox.advance(max(1.0, min(due) - here.sandbox.now()))
        list(transfers.resume())
    assert {transfers.look(name).outcome for name in names} == {"paid"}
    assert here.credited() == count
