"""How journals keep their account; all tests run on every back-end."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import (
    InputError,
    JournalDamaged,
    JournalError,
    LeaseHeld,
    LeaseLost,
    WrongAccount,
)
from kesspay.transfers import postgres as postgres_module
from kesspay.transfers import sqlite_file
from kesspay.transfers.account import Account, Ownership
from kesspay.transfers.bindings import recorded
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.sqlite import SqliteJournal
from tests.support.postgres import Pgbouncer
from tests.transfers.helpers import (
    ACCOUNT,
    CONFIRMING,
    DUE,
    KEYS,
    MOVED,
    entry,
    payment,
)
from tests.transfers.worker import bind_first


if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import Postgres
    from tests.transfers.helpers import Bench


OTHER = replace(ACCOUNT, partner_id="partner-2")


def raw(bench: Bench, statement: str) -> None:
    """Change a journal behind its back."""
    kind, _, where = bench.place.partition(" ")
    if kind == "sqlite":
        with sqlite3.connect(where) as connection:
            connection.execute(statement)
        connection.close()
        return
    import psycopg

    conninfo, _, schema = where.partition("\n")
    with psycopg.connect(conninfo, autocommit=True) as server:
        server.execute(f"SET search_path = {schema}")
        server.execute(statement)


# ------------------------------------------------------------------ the first


def test_the_first_account_stays(bench: Bench) -> None:
    """It is recorded with its keys; another one gets it back and leaves no trace."""
    assert bench.journal.ownership() == Ownership()
    assert bench.journal.ownership().account is None
    assert bench.journal.bind(ACCOUNT, KEYS, by="first") == ACCOUNT
    assert bench.again().bind(OTHER, [("partner", "ef" * 32)], by="second") == ACCOUNT
    found = bench.again().ownership()
    assert found.account == ACCOUNT
    (one,) = found.bindings
    assert (one.account, one.by) == (ACCOUNT, "first")
    assert abs(one.at - bench.journal.now()) < 60
    assert sorted((key.whose, key.fingerprint) for key in found.keys) == sorted(KEYS)


def test_keys_are_recorded_once(bench: Bench) -> None:
    """A key that comes later is added, and none is lost; nothing else is written."""
    bench.journal.bind(ACCOUNT, by="one")
    assert bench.journal.ownership().keys == ()
    for keys in (KEYS[:1], KEYS, KEYS, ()):
        assert bench.journal.bind(ACCOUNT, keys, by="two") == ACCOUNT
    found = bench.journal.ownership()
    assert sorted((key.whose, key.fingerprint) for key in found.keys) == sorted(KEYS)
    assert len(found.bindings) == 1


@pytest.mark.parametrize("by", ["", "a b", "x" * 129])
def test_who_must_be_a_word(bench: Bench, by: str) -> None:
    """What cannot be recorded is refused before anything is written."""
    for call in (
        lambda: bench.journal.bind(ACCOUNT, by=by),
        lambda: bench.journal.rebind(None, ACCOUNT, by=by),
    ):
        with pytest.raises(InputError):
            call()
    assert bench.journal.ownership() == Ownership()


def test_threads_that_come_first(bench: Bench) -> None:
    """All get one answer, that of the first."""
    accounts = [Account(f"https://pay{n}.example/v1", "p") for n in range(8)]
    journals = [bench.again() for _ in accounts]
    gate = threading.Barrier(len(accounts))

    def bind(number: int) -> Account:
        gate.wait(timeout=60)
        return journals[number].bind(accounts[number], KEYS, by="thread")

    with ThreadPoolExecutor(len(accounts)) as pool:
        found = set(pool.map(bind, range(len(accounts))))
    assert found == {bench.journal.ownership().account}
    assert len(bench.journal.ownership().bindings) == 1


@pytest.mark.few(1)
def test_processes_that_come_first(bench: Bench) -> None:
    """The same between processes that open the journal at the same time."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        found = pool.starmap(bind_first, [(bench.place, n) for n in range(3)])
    (only,) = set(found)
    account = bench.journal.ownership().account
    assert account is not None
    assert account.base_url == only


def test_an_account_that_cannot_be_read(bench: Bench) -> None:
    """It is damage, for every method, and nothing is taken for it."""
    bench.journal.bind(ACCOUNT, by="one")
    raw(bench, "UPDATE accounts SET base_url = 'nowhere'")
    for call in (
        lambda: bench.journal.bind(ACCOUNT, KEYS, by="one"),
        lambda: bench.journal.rebind(ACCOUNT, MOVED, by="one"),
        bench.journal.ownership,
    ):
        with pytest.raises(JournalDamaged, match="account"):
            call()


def test_an_account_that_is_gone() -> None:
    """What was just recorded and is not there is damage, and not a free journal."""
    with pytest.raises(JournalDamaged, match="is not there"):
        recorded([])
    assert recorded([(MOVED.base_url, MOVED.partner_id)]) == MOVED


# ------------------------------------------------------------------ rebinding


def test_rebinding(bench: Bench) -> None:
    """The history stays, and the last one counts."""
    bench.journal.bind(ACCOUNT, by="first")
    bench.journal.begin(payment())
    lease = bench.journal.lease("p-1", "one", 60)
    bench.journal.append(lease, [entry()], CONFIRMING, 60)
    bench.journal.release(lease)
    bench.journal.rebind(ACCOUNT, MOVED, by="operator")
    assert bench.again().bind(ACCOUNT, by="old") == MOVED
    found = bench.again().ownership()
    assert [(one.account, one.by) for one in found.bindings] == [
        (ACCOUNT, "first"),
        (MOVED, "operator"),
    ]


def test_a_journal_without_an_account_can_be_bound(bench: Bench) -> None:
    """So that an old journal gets the right one before a program comes."""
    bench.journal.rebind(None, ACCOUNT, by="operator")
    assert bench.journal.bind(OTHER, by="other") == ACCOUNT


def test_no_rebinding_while_a_payment_is_worked_on(bench: Bench) -> None:
    """A lease that lives keeps the journal; one that ended does not."""
    bench.journal.bind(ACCOUNT, by="first")
    bench.journal.begin(payment())
    bench.journal.begin(payment("p-2"))
    bench.journal.lease("p-1", "one", 60)
    bench.journal.release(bench.journal.lease("p-2", "two", 600))
    with pytest.raises(LeaseHeld, match=r"stop every program.*") as caught:
        bench.again().rebind(ACCOUNT, MOVED, by="operator")
    assert any(f"another {s}" in str(caught.value) for s in ("60", "59", "58", "57"))
    bench.pass_time(61)
    bench.again().rebind(ACCOUNT, MOVED, by="operator")
    assert bench.journal.ownership().account == MOVED


def test_a_worker_that_slept_through_it(bench: Bench) -> None:
    """Its lease is over for good: it can write nothing, so it sends nothing."""
    bench.journal.bind(ACCOUNT, by="first")
    bench.journal.begin(payment())
    lease = bench.journal.lease("p-1", "one", 60)
    bench.pass_time(61)
    bench.again().rebind(ACCOUNT, MOVED, by="operator")
    with pytest.raises(LeaseLost):
        bench.journal.append(lease, [entry()], CONFIRMING, 60)
    assert bench.journal.lease("p-1", "two", 60).fence > lease.fence


def test_who_must_not_get_it(bench: Bench) -> None:
    """Another partner after payments were sent, or a caller that is not up to date."""
    bench.journal.bind(ACCOUNT, by="first")
    bench.journal.begin(payment())
    bench.journal.rebind(ACCOUNT, OTHER, by="operator")
    bench.journal.rebind(OTHER, ACCOUNT, by="operator")
    lease = bench.journal.lease("p-1", "one", 60)
    bench.journal.append(lease, [entry()], DUE, 60)
    bench.journal.release(lease)
    for old, new in ((ACCOUNT, OTHER), (MOVED, ACCOUNT), (None, MOVED)):
        with pytest.raises(WrongAccount):
            bench.journal.rebind(old, new, by="operator")
    assert len(bench.journal.ownership().bindings) == 3


def test_a_lease_that_begins_meanwhile(
    postgres_bench: Bench, postgres: Postgres
) -> None:
    """PostgreSQL: a lease that is not committed yet is waited for, and counts."""
    bench = postgres_bench
    schema = bench.place.partition("\n")[2]
    bench.journal.bind(ACCOUNT, by="first")
    bench.journal.begin(payment())
    found: list[JournalError] = []

    def rebind() -> None:
        try:
            bench.journal.rebind(ACCOUNT, MOVED, by="operator")
        except JournalError as error:
            found.append(error)

    with postgres.connect() as other:
        other.execute("BEGIN")
        other.execute(
            f"UPDATE {schema}.payments SET lease_owner = 'one', lease_until ="  # noqa: S608 - names of the test
            " extract(epoch FROM clock_timestamp()) + 600"
        )
        thread = threading.Thread(target=rebind)
        thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while other.execute(waiting).fetchone() == (0,):
            assert thread.is_alive()
        other.execute("COMMIT")
        thread.join(60)
    assert [type(error) for error in found] == [LeaseHeld]
    assert bench.journal.ownership().account == ACCOUNT


def test_two_schemas_over_one_session(pooled: Postgres, schema: str) -> None:
    """PostgreSQL behind a pooler by transaction: each schema has its own account."""
    names = (f"{schema}_a", f"{schema}_b")
    with Pgbouncer(pooled, "transaction", sessions=1) as pooler:
        journals = [
            PostgresJournal(pooler.conninfo(), schema=name, connections=1, timeout=30)
            for name in names
        ]
        for journal, account in zip(journals, (ACCOUNT, OTHER), strict=True):
            assert journal.bind(account, KEYS, by="first") == account
        journals[0].rebind(ACCOUNT, MOVED, by="operator")
        found = [journal.ownership() for journal in journals]
        assert [one.account for one in found] == [MOVED, OTHER]
        assert [len(one.bindings) for one in found] == [2, 1]
        assert journals[1].bind(ACCOUNT, by="other") == OTHER
        for journal in journals:
            journal.close()
    with pooled.connect() as connection:
        for name in names:
            connection.execute(f"DROP SCHEMA {name} CASCADE")


# ------------------------------------------------------------------ old journals


def test_a_sqlite_journal_of_the_first_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens with its payments, has no account, and belongs to the first to come."""
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as old:
        old.execute(f"PRAGMA application_id = {sqlite_file.APPLICATION_ID}")
        old.execute("PRAGMA user_version = 1")
        sqlite_file.MIGRATIONS[0](old)
        old.execute(
            "INSERT INTO payments (payment_id, receiver_id, sender_name, amount,"
            " currency, begun_at, changed_at, state, attempt) VALUES"
            " ('p-1', '85512345678', 'Sok Dara', '1.50', 'USD', 1, 1, 'new', 1)"
        )
    old.close()
    with SqliteJournal(path) as journal:
        record = journal.read("p-1")
        assert record is not None
        assert record.payment == payment()
        assert journal.ownership() == Ownership()
        assert journal.bind(ACCOUNT, KEYS, by="one") == ACCOUNT
    monkeypatch.setattr(sqlite_file, "MIGRATIONS", sqlite_file.MIGRATIONS[:1])
    with pytest.raises(JournalDamaged, match="newer kesspay"):
        SqliteJournal(path)


def test_old_sqlite_journals_are_opened_by_many(tmp_path: Path) -> None:
    """Processes that open one at the same time migrate it once."""
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as old:
        old.execute(f"PRAGMA application_id = {sqlite_file.APPLICATION_ID}")
        old.execute("PRAGMA user_version = 1")
        sqlite_file.MIGRATIONS[0](old)
    old.close()
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        found = pool.starmap(bind_first, [(f"sqlite {path}", n) for n in range(3)])
    assert len(set(found)) == 1


def test_a_postgres_schema_of_the_first_version(
    postgres: Postgres, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its payments stay, and a worker's role may continue as it is."""
    with monkeypatch.context() as older:
        older.setattr(postgres_module, "MIGRATIONS", postgres_module.MIGRATIONS[:1])
        PostgresJournal(postgres.conninfo, schema=schema).close()
    with postgres.connect() as connection:
        connection.execute(
            f"INSERT INTO {schema}.payments (payment_id, receiver_id, sender_name,"  # noqa: S608 - names of the test
            " amount, currency, begun_at, changed_at, state, attempt) VALUES"
            " ('p-1', '85512345678', 'Sok Dara', '1.50', 'USD', 1, 1, 'new', 1)"
        )
        for statement in (
            "CREATE ROLE \"old Worker\" LOGIN PASSWORD 'worker'",
            "CREATE ROLE reader",
            f'GRANT USAGE ON SCHEMA {schema} TO "old Worker"',
            f'GRANT SELECT ON {schema}.schema_version TO "old Worker"',
            f'GRANT SELECT, INSERT, UPDATE ON {schema}.payments TO "old Worker"',
            f'GRANT SELECT, INSERT ON {schema}.entries TO "old Worker"',
            f"GRANT SELECT ON {schema}.payments TO reader, PUBLIC",
        ):
            connection.execute(statement)
    conninfo = f"host=127.0.0.1 port={postgres.port} user='old Worker'"
    conninfo += " password=worker dbname=postgres"
    try:
        opened: list[PostgresJournal] = []
        gate = threading.Barrier(4)

        def work() -> None:
            gate.wait(timeout=60)
            opened.append(PostgresJournal(postgres.conninfo, schema=schema, timeout=30))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for journal in opened:
            journal.close()
        assert len(opened) == 4
        with PostgresJournal(conninfo, schema=schema) as worker:
            assert worker.ownership() == Ownership()
            assert worker.bind(ACCOUNT, KEYS, by="worker") == ACCOUNT
            record = worker.read("p-1")
            assert record is not None
            assert record.payment == payment()
        with postgres.connect() as connection:
            rights = connection.execute(
                "SELECT table_name, privilege_type FROM"
                " information_schema.role_table_grants WHERE table_schema = %s"
                " AND grantee IN ('reader', 'PUBLIC') ORDER BY grantee, 1",
                (schema,),
            ).fetchall()
        assert rights == 2 * [
            ("account_keys", "SELECT"),
            ("accounts", "SELECT"),
            ("payments", "SELECT"),
        ]
    finally:
        with postgres.connect() as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute('DROP OWNED BY "old Worker", reader')
            connection.execute('DROP ROLE "old Worker", reader')
