# ruff: noqa: S608 - the names in the queries are made here

"""What only PostgreSQL can do to a journal: servers, sessions, schemas, passwords."""

from __future__ import annotations

import builtins
import threading
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from kesspay import _forks as forks
from kesspay.errors import (
    BackendError,
    InputError,
    JournalDamaged,
    JournalError,
    JournalUnavailable,
    LeaseHeld,
)
from kesspay.transfers import postgres as postgres_module
from kesspay.transfers import postgres_pool
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.postgres_session import identifier
from tests.support.postgres import PASSWORD, Postgres
from tests.transfers.helpers import ACCOUNT, DUE, KEYS, MOVED, entry, payment


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.transfers.postgres_connection import PatientConnection
    from kesspay.transfers.rows import Row


@pytest.fixture
def journal(postgres: Postgres, schema: str) -> Iterator[PostgresJournal]:
    """Open a journal that has a payment."""
    with PostgresJournal(postgres.conninfo, schema=schema) as opened:
        opened.begin(payment())
        yield opened
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


# ------------------------------------------------------------------------ sessions


def test_session(journal: PostgresJournal, schema: str) -> None:
    """A commit waits for the disk, and nothing waits for ever."""
    for name, wanted in {
        "synchronous_commit": "on",
        "search_path": f"{schema}, pg_temp",
        "statement_timeout": "5s",
        "transaction_isolation": "read committed",
        "application_name": "kesspay",
        "client_encoding": "UTF8",
    }.items():
        assert journal._pool.run(f"SHOW {name}") == [(wanted,)]


@pytest.mark.parametrize(
    ("configured", "kept"),
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("remote_apply",) * 2],
)
def test_commits_are_never_weakened(
    postgres: Postgres, schema: str, configured: str, kept: str
) -> None:
    """What the user or the server is configured to do only counts where stronger."""
    conninfo = f"{postgres.conninfo} options='-c synchronous_commit={configured}'"
    with PostgresJournal(conninfo, schema=schema) as journal:
        assert journal._pool.run("SHOW synchronous_commit") == [(kept,)]
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.parametrize(
    ("before", "after", "match"),
    [
        ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync", "fsync = off"),
        (
            "ALTER SYSTEM SET default_transaction_read_only = on",
            "ALTER SYSTEM RESET default_transaction_read_only",
            "takes no writes",
        ),
    ],
    ids=["fsync", "read_only"],
)
def test_a_server_that_keeps_nothing(
    postgres: Postgres, schema: str, before: str, after: str, match: str
) -> None:
    """A server that loses what it is given, or takes nothing, is refused."""
    postgres.ask(before)
    postgres.ask("SELECT pg_reload_conf()")
    try:
        with pytest.raises(JournalUnavailable, match=match):
            opened_again_and_again(postgres, schema)
    finally:
        postgres.ask("SET default_transaction_read_only = off", after)
        postgres.restart()
    PostgresJournal(postgres.conninfo, schema=schema).close()
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


def opened_again_and_again(postgres: Postgres, schema: str) -> None:
    """Open a journal: the server reads its configuration a moment later."""
    for _ in range(1000):
        PostgresJournal(postgres.conninfo, schema=schema).close()


def test_encoding(postgres: Postgres, schema: str) -> None:
    """A database that cannot hold every name is refused."""
    postgres.ask(
        "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'",
    )
    conninfo = postgres.conninfo.replace("dbname=postgres", "dbname=latin")
    with pytest.raises(JournalUnavailable, match="LATIN1: make one in UTF8"):
        PostgresJournal(conninfo, schema=schema)
    postgres.ask("DROP DATABASE latin")


# --------------------------------------------------------------------- the arguments


@pytest.mark.parametrize(
    "conninfo",
    [
        f"host=127.0.0.1 password={PASSWORD}",
        f"postgresql://kesspay:{PASSWORD}@127.0.0.1/postgres",
        "postgresql://kesspay:canary/word@127.0.0.1/postgres",
        "postgresql://kesspay:canary%zz@127.0.0.1/postgres",
        "canary",
        None,
        17,
        "host=127.0.0.1 password=canary\ud800",
    ],
)
def test_a_conninfo_that_cannot_be_read(
    conninfo: Any,  # noqa: ANN401 - also what is no text
) -> None:
    """What libpq cannot read, or would read wrongly, is refused and not shown."""
    with pytest.raises(InputError, match="percent-encoded") as caught:
        PostgresJournal(conninfo)
    assert caught.value.__context__ is None
    shown = "".join(traceback.format_exception(caught.value, chain=True)[1:])
    message = shown.rpartition("InputError")[2]
    assert "canary" not in message
    assert "word@" not in message


@pytest.mark.parametrize(
    "schema",
    [
        "",
        "pg_kess",
        "information_schema",
        "x" * 64,
        "é" * 32,
        "a\nb",
        "a\0b",
        "host=127.0.0.1 password=canary",
        "postgresql://kess:canary@127.0.0.1/kess",
        None,
        b"kess",
    ],
)
def test_schema_names(
    schema: Any,  # noqa: ANN401 - also what is no text
) -> None:
    """A name that PostgreSQL cannot make, or would cut short, is refused."""
    with pytest.raises(InputError, match="schema") as caught:
        PostgresJournal("host=127.0.0.1", schema=schema)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "schema",
    ["user", "Kess", "a-b", 'x"; DROP TABLE y; --', "1 %s {a}", "ខ្មែរ", "x" * 63],
)
def test_schema_names_that_need_quotes(postgres: Postgres, schema: str) -> None:
    """Any other name is taken as it is written, and nothing else is touched."""
    found = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
    with PostgresJournal(postgres.conninfo, schema=schema) as journal:
        journal.begin(payment())
        lease = journal.lease("p-1", "one", 60)
        journal.append(lease, [entry()], DUE, 60)
        PostgresJournal(postgres.conninfo, schema=schema).close()
        assert [record.entries for record in journal.export()] == [(entry(),)]
        with postgres.connect() as connection:
            assert connection.execute(found, (schema,)).fetchall() == [(1,)]
    postgres.ask(f"DROP SCHEMA {identifier(schema)} CASCADE")


def test_numbers() -> None:
    """There is one connection at least, and some time."""
    for connections in (0, True, 1.5):
        with pytest.raises(InputError, match="connection"):
            PostgresJournal("host=127.0.0.1", connections=connections)  # type: ignore[arg-type] # that is the test
    for timeout in (0, "5", float("inf"), -(10**400)):
        with pytest.raises(InputError, match=r"^timeout must be a number of seconds"):
            PostgresJournal("host=127.0.0.1", timeout=timeout)  # type: ignore[arg-type] # the same


def test_a_timeout_of_years(postgres: Postgres, schema: str) -> None:
    """It is more than PostgreSQL and libpq can count, and as good as 11 days."""
    with PostgresJournal(postgres.conninfo, schema=schema, timeout=1e9) as journal:
        assert journal.list() == []


def test_without_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where psycopg is missing, the error says what to install."""
    real = builtins.__import__

    def without(
        name: str,
        *rest: Any,  # noqa: ANN401 - passed on
    ) -> object:
        if name.startswith("psycopg"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(BackendError, match=r"kesspay\[postgres\]"):
        PostgresJournal("host=127.0.0.1")


def test_the_password_never_shows(
    journal: PostgresJournal, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither errors nor reprs nor logs hold the password, right or wrong."""
    caplog.set_level(1)
    caplog.set_level(1, logger="psycopg")
    shown = [repr(journal), str(vars(journal)), str(vars(journal._pool))]
    port = postgres.port
    for conninfo in (
        postgres.conninfo.replace("canary", "wrong-canary"),
        postgres.conninfo.replace("user=kesspay", "user=nobody"),
        postgres.conninfo.replace("dbname=postgres", "dbname=nothing"),
        postgres.conninfo.replace(f"port={port}", "port=1"),
        postgres.conninfo + " sslmode=bogus",
        postgres.conninfo + " sslmode=require",
    ):
        with pytest.raises(JournalError) as caught:
            PostgresJournal(conninfo)
        error = caught.value
        assert isinstance(error, JournalUnavailable)
        assert error.__cause__ is None
        assert error.__context__ is None
        shown += [str(error), repr(error), str(vars(error))]
    shown.append(caplog.text)
    assert not [text for text in shown if "canary" in text]
    assert "password authentication failed" in shown[3]


# ---------------------------------------------------------------------------- schema


def test_newer_schema(
    journal: PostgresJournal, postgres: Postgres, schema: str
) -> None:
    """A schema of a newer kesspay is refused, and so is one without a version."""
    postgres.ask(f"UPDATE {schema}.schema_version SET version = 99")
    with pytest.raises(JournalDamaged, match=r"version 99.*install the newer"):
        PostgresJournal(postgres.conninfo, schema=schema)
    postgres.ask(f"DELETE FROM {schema}.schema_version")
    with pytest.raises(JournalDamaged, match="version none"):
        PostgresJournal(postgres.conninfo, schema=schema)


def test_migration(
    journal: PostgresJournal,
    postgres: Postgres,
    schema: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A schema of an older kesspay is brought up to date, once, with its data."""
    second = "ALTER TABLE payments ADD COLUMN note text"
    older = postgres_module.MIGRATIONS
    monkeypatch.setattr(postgres_module, "MIGRATIONS", (*older, second))
    opened: list[PostgresJournal] = []

    def work() -> None:
        opened.append(PostgresJournal(postgres.conninfo, schema=schema))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 6
    for one in opened:
        assert one.read("p-1") is not None
        one.close()
    monkeypatch.undo()
    with pytest.raises(JournalDamaged, match=f"version {len(older) + 1}"):
        PostgresJournal(postgres.conninfo, schema=schema)


def test_a_migration_that_fails_changes_nothing(
    journal: PostgresJournal,
    postgres: Postgres,
    schema: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All steps of a migration are one transaction."""
    second = "ALTER TABLE payments ADD COLUMN note text; ALTER TABLE missing ADD x text"
    older = postgres_module.MIGRATIONS
    monkeypatch.setattr(postgres_module, "MIGRATIONS", (*older, second))
    with pytest.raises(JournalDamaged, match="42P01"):
        PostgresJournal(postgres.conninfo, schema=schema)
    monkeypatch.undo()
    with PostgresJournal(postgres.conninfo, schema=schema) as again:
        assert again.read("p-1") is not None


def test_another_program(postgres: Postgres, schema: str) -> None:
    """A schema that has a table of the same name is left alone."""
    postgres.ask(
        f"CREATE SCHEMA {schema}",
        f"CREATE TABLE {schema}.payments (id integer)",
    )
    with pytest.raises(JournalDamaged, match="already exists"):
        PostgresJournal(postgres.conninfo, schema=schema)
    found = postgres.ask(
        f"SELECT count(*) FROM information_schema.tables WHERE table_schema='{schema}'",
    )
    assert found == [(1,)]
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


def test_a_worker_needs_few_rights(
    journal: PostgresJournal, postgres: Postgres, schema: str
) -> None:
    """A role that can neither make tables nor change an entry can do everything."""
    postgres.ask(
        "CREATE ROLE worker LOGIN PASSWORD 'worker'",
        f"GRANT USAGE ON SCHEMA {schema} TO worker",
        f"GRANT SELECT ON {schema}.schema_version TO worker",
        f"GRANT SELECT, INSERT, UPDATE ON {schema}.payments TO worker",
        f"GRANT SELECT, INSERT ON {schema}.entries TO worker",
        f"GRANT SELECT, INSERT ON {schema}.accounts TO worker",
        f"GRANT SELECT, INSERT ON {schema}.account_keys TO worker",
    )
    conninfo = f"host=127.0.0.1 port={postgres.port} user=worker password=worker"
    conninfo += " dbname=postgres"
    with PostgresJournal(conninfo, schema=schema) as worker:
        assert worker.bind(ACCOUNT, KEYS, by="worker") == ACCOUNT
        worker.rebind(ACCOUNT, MOVED, by="worker")
        worker.begin(payment("p-2"))
        lease = worker.lease("p-2", "one", 60)
        worker.append(lease, [entry()], DUE, 60)
        worker.release(lease)
        assert len(worker.take_due("one", 60, 5)) == 1
        assert len(list(worker.export())) == len(worker.list()) == 2
        with pytest.raises(JournalUnavailable, match="42501"):
            worker._pool.run("DELETE FROM entries")
    with pytest.raises(JournalUnavailable, match="permission denied"):
        PostgresJournal(conninfo, schema=f"{schema}_2")
    postgres.ask("DROP OWNED BY worker", "DROP ROLE worker")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments SET amount = '1.505'",
        "UPDATE payments SET entries = 3",
        "DELETE FROM entries WHERE number = 1",
        "UPDATE entries SET what = 'teleported' WHERE number = 2",
    ],
)
def test_rows_that_were_not_written_so(
    journal: PostgresJournal, postgres: Postgres, schema: str, change: str
) -> None:
    """A row that cannot be read, is missing or too many is damage, not a guess."""
    lease = journal.lease("p-1", "one", 60)
    journal.append(lease, [entry(1), entry(2)], DUE, 60)
    postgres.ask(f"SET search_path = {schema}", change)
    for call in (
        lambda: journal.read("p-1"),
        lambda: list(journal.export()),
        lambda: journal.begin(payment()),
    ):
        with pytest.raises(JournalDamaged, match=r"p-1.*Send nothing"):
            call()


@pytest.mark.parametrize("kept", [False, True], ids=["swallowed", "in a child"])
def test_a_trigger_that_takes_entries(
    journal: PostgresJournal,
    postgres: Postgres,
    schema: str,
    kept: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """Rows that went nowhere are damage; those in a child of the table are there."""
    lease = journal.lease("p-1", "one", 60)
    postgres.ask(
        f"SET search_path = {schema}",
        "CREATE TABLE later () INHERITS (entries)",
        "CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        + (f"INSERT INTO {schema}.later SELECT NEW.*; " if kept else "")
        + "RETURN NULL; END $$",
        "CREATE TRIGGER take BEFORE INSERT ON entries FOR EACH ROW"
        " EXECUTE FUNCTION take()",
    )
    if kept:
        journal.append(lease, [entry(1), entry(2)], DUE, 60)
        record = journal.read("p-1")
        assert record is not None
        assert record.entries == (entry(1), entry(2))
        return
    with pytest.raises(JournalDamaged, match="its entries are not complete"):
        journal.append(lease, [entry(1)], DUE, 60)


def test_numbers_are_taken(
    journal: PostgresJournal, postgres: Postgres, schema: str
) -> None:
    """A number that is there already is damage, and nothing of it is quoted."""
    lease = journal.lease("p-1", "one", 60)
    journal.append(lease, [entry(1)], DUE, 60)
    postgres.ask(f"UPDATE {schema}.payments SET entries = 0")
    with pytest.raises(JournalDamaged, match="23505") as caught:
        journal.append(lease, [entry(2)], DUE, 60)
    assert "Key (" not in str(caught.value)
    postgres.ask(f"UPDATE {schema}.payments SET entries = 1")
    record = journal.read("p-1")
    assert record is not None
    assert record.entries == (entry(1),)


# ------------------------------------------------------------------- lost connections


def test_a_crash_of_the_server(postgres: Postgres, schema: str) -> None:
    """What append returned for is there after the server was stopped dead."""
    with PostgresJournal(postgres.conninfo, schema=schema, timeout=1) as journal:
        journal.begin(payment())
        lease = journal.lease("p-1", "one", 60)
        journal.append(lease, [entry(1), entry(2)], DUE, 60)
        export = journal.export()
        next(export)
        postgres.halt()
        for _ in range(3):
            with pytest.raises(JournalUnavailable, match="nothing was written"):
                journal.append(lease, [entry(3)], DUE, 60)
        with pytest.raises(JournalUnavailable, match="cannot be reached"):
            list(journal.export())
        with pytest.raises(JournalUnavailable, match="cannot be reached"):
            PostgresJournal(postgres.conninfo, schema=schema)
        postgres.start()
        record = journal.read("p-1")
        assert record is not None
        assert record.entries == (entry(1), entry(2))
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


def test_an_export_that_breaks_off(
    journal: PostgresJournal,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An export whose connection is lost is not cut short in silence."""
    monkeypatch.setattr(postgres_pool, "_PAGE", 1)
    for name in ("a", "b", "c", "d"):
        journal.begin(payment(name))
    export = journal.export()
    next(export)
    postgres.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'kesspay'",
    )
    with pytest.raises(JournalUnavailable, match="connection was lost"):
        list(export)


def test_a_lock_that_is_held(
    postgres: Postgres, schema: str, journal: PostgresJournal
) -> None:
    """A row that another program locks ends in a time-out, and writes nothing."""
    lease = journal.lease("p-1", "one", 60)
    with (
        PostgresJournal(postgres.conninfo, schema=schema, timeout=0.2) as hurried,
        postgres.connect() as connection,
        connection.transaction(),
    ):
        connection.execute(f"SELECT * FROM {schema}.payments FOR UPDATE")
        with pytest.raises(JournalUnavailable, match=r"57014.*nothing was written"):
            hurried.append(lease, [entry()], DUE, 60)
        assert hurried.take_due("two", 60, 5) == []
    journal.append(lease, [entry()], DUE, 60)


def test_all_connections_in_use(postgres: Postgres, schema: str) -> None:
    """A thread that finds no connection free says so, after a while."""
    with PostgresJournal(
        postgres.conninfo, schema=schema, connections=1, timeout=0.2
    ) as journal:
        with (
            journal._pool._slots,
            pytest.raises(JournalUnavailable, match=r"all 1 connections.*in use"),
        ):
            journal.read("p-1")
        assert journal.read("p-1") is None
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


def test_closing_while_in_use(journal: PostgresJournal) -> None:
    """A connection that is in use is closed once it is given back."""
    seen: list[Any] = []

    def work(connection: PatientConnection) -> list[Row]:
        seen.append(connection)
        journal.close()
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
        return []

    journal._pool.use(work)
    assert seen[0].closed


def test_a_bug_reaches_the_caller(journal: PostgresJournal) -> None:
    """An error that is none of PostgreSQL leaves no connection half used."""

    def work(connection: PatientConnection) -> list[Row]:
        connection.execute("BEGIN")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        journal._pool.use(work)
    assert journal._pool._idle == []
    assert journal.read("p-1") is not None


def test_what_a_child_does(journal: PostgresJournal) -> None:
    """A child opens connections of its own, and closes none of its parent."""
    journal.read("p-1")
    before = list(journal._pool._idle)
    forks._before()
    forks._after_in_child()
    assert journal.read("p-1") is not None
    assert before
    assert not set(before) & set(journal._pool._idle)
    assert not any(connection.closed for connection in before)
    for connection in before:
        connection.close()


def test_a_lease_given_back_in_between(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment that is free again when the holder is asked for is still held."""
    lease = journal.lease("p-1", "one", 60)
    run = journal._pool.run

    def slow(query: str, values: tuple[object, ...] = ()) -> list[Row]:
        rows = run(query, values)
        if "SET lease_owner = %s" in query:
            journal.release(lease)
        return rows

    monkeypatch.setattr(journal._pool, "run", slow)
    with pytest.raises(LeaseHeld, match="another owner"):
        journal.lease("p-1", "two", 60)


def test_the_clock_is_the_servers(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose own clock is wrong goes by that of the database."""

    def wrong() -> float:
        monkeypatch.setattr(journal, "_ahead", 12345.0)
        return journal.now()

    right = journal._pool.run("SELECT extract(epoch FROM now())::float8")[0][0]
    assert abs(wrong() - right) > 1000
    lease = journal.lease("p-1", "one", 60)
    assert abs(journal.now() - right) < 60
    wrong()
    journal.append(lease, [], DUE, 60)
    assert abs(journal.now() - right) < 60
    journal.release(lease)
    wrong()
    assert journal.take_due("one", 60, 1)
    assert abs(journal.now() - right) < 60


def test_a_payment_that_cannot_be_read(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment that is there and cannot be read is neither new nor damage."""
    real = journal._pool.run

    def blind(query: str, values: tuple[object, ...] = ()) -> list[Row]:
        return [] if query.startswith("SELECT") else real(query, values)

    monkeypatch.setattr(journal._pool, "run", blind)
    with pytest.raises(JournalUnavailable, match=r"cannot be read.*nothing was"):
        journal.begin(payment())
