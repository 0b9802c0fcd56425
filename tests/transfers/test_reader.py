# ruff: noqa: S608 - the names in the queries are made here

"""Payments of a journal that is only read, of both kinds, and what servers say."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

import pytest

from kesspay.errors import InputError, JournalDamaged, JournalUnavailable, KesspayError
from kesspay.transfers import reader
from kesspay.transfers.postgres import MIGRATIONS, PostgresJournal
from kesspay.transfers.reader import (
    database_without_journal,
    place_of_first_payment,
    read_payments,
)
from kesspay.transfers.sqlite import SqliteJournal
from tests.support.postgres import PASSWORD, Pgbouncer, free_port
from tests.transfers.helpers import payment, raw


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kesspay.transfers.journal import Journal
    from tests.support.postgres import Postgres


def url(
    port: int, database: str, password: str = PASSWORD, user: str = "kesspay"
) -> str:
    """Return how to reach a database."""
    return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """Make an empty database; return its name."""
    name = f"reader_{uuid4().hex}"
    postgres.ask(f"CREATE DATABASE {name}")
    yield name
    postgres.ask(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def inside(postgres: Postgres, database: str) -> Callable[..., None]:
    """Return what executes statements in that database."""
    import psycopg

    def execute(*statements: str) -> None:
        with psycopg.connect(url(postgres.port, database), autocommit=True) as one:
            for statement in statements:
                one.execute(statement)

    return execute


def fill(journal: Journal) -> list[tuple[str, int, str]]:
    """Begin payments; return what a list of them says."""
    for number in range(5):
        journal.begin(payment(f"p-{number}"))
    return [
        (one.payment.payment_id, one.status.attempt, one.status.state)
        for one in journal.list(limit=10)
    ]


def read(where: str) -> list[tuple[object, ...]]:
    """Return what the reader says, without its times."""
    return [tuple(row[:3]) for page in read_payments(where) for row in page]


def test_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All payments in pages; the file stays as it is."""
    monkeypatch.setattr(reader, "_PAGE", 2)
    path = tmp_path / "j.db"
    with SqliteJournal(path) as journal:
        wanted = fill(journal)
    before = hashlib.sha256(path.read_bytes()).digest()
    assert read(str(path)) == wanted
    assert [len(page) for page in read_payments(str(path))] == [2, 2, 1]
    (first, *_), *_ = read_payments(str(path))
    assert first.begun_at <= first.changed_at
    assert hashlib.sha256(path.read_bytes()).digest() == before
    with pytest.raises(InputError, match="there is no journal at"):
        read(str(tmp_path / "other.db"))
    assert not (tmp_path / "other.db").exists()
    with pytest.raises(InputError, match="the journal is a URL"):
        read("http://user:hunter22@db/kess")
    raw(tmp_path / "other.db", "CREATE TABLE payments (id)")
    with pytest.raises(JournalDamaged, match="no whole journal of Transfers"):
        read(str(tmp_path / "other.db"))


def test_postgres(
    postgres: Postgres, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All payments of one moment, page by page from a cursor of the server."""
    monkeypatch.setattr(reader, "_PAGE", 2)
    where = url(postgres.port, database)
    with PostgresJournal(where) as journal:
        wanted = fill(journal)
        pages = read_payments(where)
        seen = next(pages)
        journal.begin(payment("p-2b"))
        seen += [row for page in pages for row in page]
    assert [tuple(row[:3]) for row in seen] == wanted
    assert len(read(where)) == 6
    settings = "transaction_read_only", "transaction_isolation", "row_security"
    shown = ", ".join(f"current_setting('{name}')" for name in settings)
    monkeypatch.setattr(reader, "_QUERY", f"SELECT {shown}, 0, 0")
    assert read(where) == [("on", "repeatable read", "off")]


def test_reading_is_enough(
    postgres: Postgres, database: str, inside: Callable[..., None]
) -> None:
    """A role that may only read, in a database that takes no writes."""
    where = url(postgres.port, database)
    with PostgresJournal(where) as journal:
        wanted = fill(journal)
    role = f"{database}_reader"
    inside(
        f"CREATE ROLE {role} LOGIN PASSWORD 'only reads'",
        f"GRANT USAGE ON SCHEMA kesspay TO {role}",
        f"GRANT SELECT ON kesspay.payments, kesspay.schema_version TO {role}",
        f"ALTER DATABASE {database} SET default_transaction_read_only = on",
        f"ALTER ROLE {role} SET search_path = public",
    )
    assert read(url(postgres.port, database, "only reads", role)) == wanted
    writes = "SET default_transaction_read_only = off"
    inside(writes, f"REVOKE SELECT ON kesspay.payments FROM {role}")
    with pytest.raises(JournalUnavailable, match=r"PostgreSQL refused \(42501"):
        read(url(postgres.port, database, "only reads", role))
    inside(writes, f"DROP OWNED BY {role}")
    # A journal is there, whatever this user may do with it.
    assert (
        database_without_journal(url(postgres.port, database, "only reads", role)) == ""
    )
    with pytest.raises(InputError, match="this user may not use it"):
        read(url(postgres.port, database, "only reads", role))
    inside(writes, f"DROP ROLE {role}")


def test_an_old_schema_is_not_migrated(
    postgres: Postgres, database: str, inside: Callable[..., None]
) -> None:
    """What an older version made is read as it is; a newer one is refused."""
    inside(
        "CREATE SCHEMA kesspay",
        "CREATE TABLE kesspay.schema_version (version integer NOT NULL)",
        "INSERT INTO kesspay.schema_version VALUES (1)",
        f"SET search_path = kesspay; {MIGRATIONS[0]}",
        "INSERT INTO kesspay.payments (payment_id, receiver_id, sender_name, amount,"
        " currency, begun_at, changed_at, state, attempt)"
        " VALUES ('p', '0', 'n', '1.00', 'USD', 1.5, 2.25, 'paid', 3)",
    )
    where = url(postgres.port, database)
    assert list(read_payments(where)) == [[("p", 3, "paid", 1.5, 2.25)]]
    assert list(read_payments(where)) == [[("p", 3, "paid", 1.5, 2.25)]]
    inside("UPDATE kesspay.schema_version SET version = 99")
    with pytest.raises(JournalDamaged, match="has version 99, and this version"):
        read(where)
    inside("DELETE FROM kesspay.schema_version")
    with pytest.raises(JournalDamaged, match="has version none"):
        read(where)


def test_no_journal(
    postgres: Postgres, database: str, inside: Callable[..., None]
) -> None:
    """Nothing, and the tables of another program."""
    where = url(postgres.port, database)
    for statements in (
        (),
        ("CREATE SCHEMA kesspay",),
        ("CREATE TABLE public.payments (payment_id text)",),
        ("CREATE TABLE kesspay.payments (payment_id text)",),
    ):
        inside(*statements)
        with pytest.raises(
            InputError, match=f"the database '{database}' has no journal"
        ):
            read(where)
    inside("CREATE TABLE kesspay.schema_version AS SELECT 1 AS version")
    with pytest.raises(JournalDamaged, match=r"is not as it was made \(42703"):
        read(where)
    inside("DROP TABLE kesspay.payments, kesspay.schema_version")
    with PostgresJournal(where) as journal:
        fill(journal)
    inside(
        "ALTER TABLE kesspay.payments ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE kesspay.payments FORCE ROW LEVEL SECURITY",
        f"CREATE ROLE {database}_one LOGIN PASSWORD 'of a bank'",
        f"GRANT USAGE ON SCHEMA kesspay TO {database}_one",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA kesspay TO {database}_one",
    )
    # A policy would hide payments, which would then look as if they were not there.
    with pytest.raises(JournalUnavailable, match="row-level security"):
        read(url(postgres.port, database, "of a bank", f"{database}_one"))
    inside(f"DROP OWNED BY {database}_one", f"DROP ROLE {database}_one")


def test_no_server(
    postgres: Postgres, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is away, that refuses, and that ends: no error shows a secret."""
    secret = "hunter22/+ @horse"
    wrong = {
        url(free_port(), database, secret): "cannot be reached",
        url(postgres.port, database, secret): "refuses the connection",
        url(postgres.port, "nowhere", PASSWORD): "refuses the connection",
        f"postgresql://kess:{secret}@127.0.0.1/x": "the conninfo cannot be read",
    }
    for where, why in wrong.items():
        with pytest.raises(KesspayError, match=why) as caught:
            read(where)
        assert secret not in str(caught.value)
        assert quote(secret, safe="") not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert caught.value.__context__ is None
    monkeypatch.setattr(reader, "_PAGE", 2)
    where = url(postgres.port, database)
    with PostgresJournal(where) as journal:
        fill(journal)
    pages = read_payments(where)
    next(pages)
    postgres.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{database}' AND pid <> pg_backend_pid()"
    )
    with pytest.raises(JournalUnavailable, match="cannot be reached, or the conn"):
        list(pages)


@pytest.mark.parametrize("mode", ["transaction", "session", "statement"])
def test_pooler(pooled: Postgres, database: str, mode: str) -> None:
    """A pooler before the server, which keeps a transaction together or says so."""
    with PostgresJournal(url(pooled.port, database)) as journal:
        wanted = fill(journal)
    with Pgbouncer(pooled, mode) as pooler:
        where = url(pooler.port, database)
        if mode == "statement":
            with pytest.raises(JournalUnavailable, match="pools by statement"):
                read(where)
        else:
            assert read(where) == wanted
            assert read(where) == wanted


def test_where_the_first_payment_makes_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path where a file can be made; nothing is made, and no password is shown."""
    path = tmp_path / "journal.db"
    assert place_of_first_payment(str(path)) == f"as '{path}'"
    link = tmp_path / "link.db"
    link.symlink_to(path)
    assert place_of_first_payment(str(link)) == f"as '{link}'"
    monkeypatch.chdir(tmp_path)
    assert place_of_first_payment("new.db") == f"as 'new.db' in '{tmp_path}'"
    for secret in ("hunter2-canary", "Zm9vYmFy/Y2FuYXJ5"):
        try:
            shown = place_of_first_payment(secret)
        except InputError as error:
            shown = str(error)
        assert secret not in shown
        assert secret.partition("/")[0] not in shown
    path.write_text("anything", encoding="utf-8")
    assert sorted(tmp_path.iterdir()) == [path, link]
    # What is there, and what is no path, is not judged.
    for other in (path, tmp_path, path / "in-a-file.db", "", "/", "x" * 5000, "a\0b"):
        assert place_of_first_payment(str(other)) == ""


@pytest.mark.parametrize("logged", [False, True])
def test_an_emptied_file_keeps_its_log(tmp_path: Path, *, logged: bool) -> None:
    """SQLite would remove the log of an empty file; a log alone is no place either."""
    path, log = tmp_path / "journal.db", tmp_path / "journal.db-wal"
    path.touch()
    if logged:
        log.write_bytes(b"the last payments")
    with pytest.raises(JournalDamaged, match="no whole journal"):
        list(read_payments(str(path)))
    assert log.exists() == logged
    path.unlink()
    if logged:
        assert log.read_bytes() == b"the last payments"
        with pytest.raises(InputError, match="is gone, but its log"):
            place_of_first_payment(str(path))
    with pytest.raises(sqlite3.Error):
        list(reader.rows_of_file(path, "SELECT 1 FROM payments", 1))


def test_where_no_file_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not there, or in which this user may not write."""
    with pytest.raises(InputError, match="no folder in which the first payment can"):
        place_of_first_payment(str(tmp_path / "none" / "journal.db"))
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "none" / "journal.db")
    with pytest.raises(InputError, match="no folder"):
        place_of_first_payment(str(link))
    # Root may write everywhere.
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(InputError, match="its folder cannot be written"):
        place_of_first_payment(str(tmp_path / "journal.db"))


def test_where_the_first_payment_makes_a_schema(
    postgres: Postgres, database: str, inside: Callable[..., None]
) -> None:
    """A database where this user may make a schema; nothing is made."""
    where = url(postgres.port, database)
    wanted = f"as the schema kesspay of the database '{database}'"
    for _ in range(2):
        assert place_of_first_payment(where) == wanted
    role = f"{database}_worker"
    worker = url(postgres.port, database, "pays", role)
    inside(f"CREATE ROLE {role} LOGIN PASSWORD 'pays'")
    with pytest.raises(InputError, match="GRANT CREATE on the database"):
        place_of_first_payment(worker)
    inside(f"GRANT CREATE ON DATABASE {database} TO {role}")
    assert place_of_first_payment(worker) == wanted
    # The schema of another role: the tables cannot be made in it.
    inside("CREATE SCHEMA kesspay")
    with pytest.raises(InputError, match="this user may not make one"):
        place_of_first_payment(worker)
    assert place_of_first_payment(where) == wanted
    PostgresJournal(where).close()
    assert place_of_first_payment(where) == ""
    inside(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
    with pytest.raises(JournalUnavailable):
        place_of_first_payment(url(free_port(), database))
    with pytest.raises(KesspayError, match="refuses the connection"):
        place_of_first_payment(worker)


def test_a_server_that_breaks_off_before_it_says(
    monkeypatch: pytest.MonkeyPatch, postgres: Postgres, database: str
) -> None:
    """What is wrong is raised, as an error of the journal."""
    monkeypatch.setattr(reader, "_MAY_BE_MADE", "SELECT nothing_such")
    with pytest.raises(KesspayError):
        place_of_first_payment(url(postgres.port, database))
