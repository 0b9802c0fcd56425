# ruff: noqa: S608 - the names in the queries are made here

"""
What a role, a database, or another user of a pooler may set, and who may pool.

The judges are PostgreSQL and pgbouncer themselves: each test states what the
server was asked to do, and what it then says it did.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import kesspay
from kesspay.errors import InputError, JournalDamaged, JournalUnavailable, KesspayError
from kesspay.sandbox import Sandbox
from kesspay.transfers import postgres_pool, postgres_session
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.postgres_session import begin, opening
from tests.support.postgres import PASSWORD, Pgbouncer, free_port
from tests.transfers.helpers import DUE, entry, payment


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.transfers.postgres_connection import PatientConnection
    from kesspay.transfers.rows import Row
    from tests.support.postgres import Postgres


#: What SHOW says inside a transaction of the journal, whatever was SET before.
WANTED = {
    "synchronous_commit": "on",
    "transaction_isolation": "read committed",
    "statement_timeout": "5s",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "5s",
    "extra_float_digits": "3",
    "array_nulls": "on",
    "standard_conforming_strings": "on",
    "client_min_messages": "warning",
}

#: Settings of others. Those that only change how things look are there to show it.
HOSTILE = {
    "synchronous_commit": "off",
    "search_path": "hostile, pg_catalog",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "statement_timeout": "40ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "extra_float_digits": "-15",
    "array_nulls": "off",
    "client_min_messages": "error",
    "TimeZone": "Asia/Phnom_Penh",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "xmloption": "document",
    "jit": "on",
    "plan_cache_mode": "force_generic_plan",
    "enable_indexscan": "off",
    "row_security": "off",
    "check_function_bodies": "off",
}


@pytest.fixture(params=["transaction", "session"])
def pooler(request: pytest.FixtureRequest, pooled: Postgres) -> Iterator[Pgbouncer]:
    """Start a pooler that has one session of the server for all its clients."""
    sessions = 1 if request.param == "transaction" else 9
    with Pgbouncer(pooled, request.param, sessions=sessions) as started:
        yield started


@pytest.fixture
def shared(pooled: Postgres) -> Iterator[Pgbouncer]:
    """Start a pooler by transaction, with one session of the server for all."""
    with Pgbouncer(pooled, "transaction") as started:
        yield started


@pytest.fixture
def schemas(postgres: Postgres, schema: str) -> Iterator[tuple[str, str]]:
    """Return the names of two schemas, and drop them afterwards."""
    yield (f"{schema}_a", f"{schema}_b")
    for one in (f"{schema}_a", f"{schema}_b"):
        postgres.ask(f"DROP SCHEMA IF EXISTS {one} CASCADE")


def whole_life(journal: PostgresJournal, payment_id: str = "p-1") -> None:
    """Ask everything of a journal that can be asked, and check the answers."""
    whole = payment(payment_id)
    assert journal.begin(whole) == journal.begin(whole)
    lease = journal.lease(payment_id, "one", 60)
    steps = [entry(number) for number in (1, 2, 3)]
    journal.append(lease, steps[:2], DUE, 60)
    journal.append(lease, steps[2:], DUE, 60)
    journal.release(lease)
    record = journal.read(payment_id)
    assert record is not None
    assert record.entries == tuple(steps)
    assert record.status == DUE
    assert [one.payment_id for one in journal.take_due("one", 60, 5)] == [payment_id]
    assert [one.payment.payment_id for one in journal.list()] == [payment_id]
    assert list(journal.export()) == [record]
    assert abs(journal.now() - record_time(journal)) < 60


def record_time(journal: PostgresJournal) -> float:
    """Return the time of the server."""
    rows = journal._pool.run("SELECT extract(epoch FROM clock_timestamp())::float8")
    return float(rows[0][0])


# -------------------------------------------------------------------------- poolers


def test_two_shops_over_one_session(
    shared: Pgbouncer, schemas: tuple[str, str]
) -> None:
    """Two journals that share a session of the server know their own payments."""
    box = Sandbox()
    client = kesspay.Client(**box.settings, transport=box.transport)

    def pay(journal: PostgresJournal, debit_id: str) -> str:
        pending = kesspay.Transfers(client, journal).start(
            payment_id="order-7",
            receiver_id="85512345678",
            amount=Decimal("0.50"),
            sender_name="Chan Sophea",
        )
        return str(pending.confirm(debit_id).outcome)

    with (
        PostgresJournal(shared.conninfo(), schema=schemas[0], connections=1) as first,
        PostgresJournal(shared.conninfo(), schema=schemas[1], connections=1) as second,
    ):
        assert pay(first, "debit-1") == "paid"
        assert second.read("order-7") is None
        assert pay(first, "debit-1") == "paid"
        with pytest.raises(kesspay.PaymentConflict):
            pay(first, "debit-2")
        assert len(box.ledger.credits()) == 1


def test_many_threads_of_two_shops(pooler: Pgbouncer, schemas: tuple[str, str]) -> None:
    """However sessions are shared, each step is written once, in its own schema."""
    journals = [
        PostgresJournal(pooler.conninfo(), schema=name, connections=4, timeout=30)
        for name in schemas
    ]
    trouble: list[BaseException] = []

    def work(journal: PostgresJournal, name: str) -> None:
        try:
            journal.begin(payment(name))
            lease = journal.lease(name, "one", 60)
            for number in range(1, 6):
                journal.append(lease, [entry(number)], DUE, 60)
        except BaseException as error:  # noqa: BLE001 - shown below
            trouble.append(error)

    threads = [
        threading.Thread(target=work, args=(journal, f"{place}-{number}"))
        for place, journal in enumerate(journals)
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    for place, journal in enumerate(journals):
        kept = {one.payment.payment_id: one.entries for one in journal.export()}
        assert kept == {
            name: tuple(entry(number) for number in range(1, 6))
            for name in (f"{place}-{number}" for number in range(4))
        }
        journal.close()


def test_everything_through_a_pooler(
    pooler: Pgbouncer, schemas: tuple[str, str]
) -> None:
    """Every call of the journal works through a pooler, by transaction too."""
    with PostgresJournal(pooler.conninfo(), schema=schemas[0]) as journal:
        whole_life(journal)


def test_nothing_is_left_in_a_shared_session(
    shared: Pgbouncer, schemas: tuple[str, str]
) -> None:
    """What others find in a session is as it was: settings, statements, cursors."""
    # pgbouncer lends the session with the name of its latest client; a name with a
    # dot comes with a language that was loaded.
    question = (
        "SELECT name, setting FROM pg_settings"
        " WHERE name <> 'application_name' AND name NOT LIKE '%.%'"
    )

    def seen() -> list[list[Row]]:
        with psycopg.connect(
            shared.conninfo(), autocommit=True, prepare_threshold=None
        ) as other:
            return [
                sorted(other.execute(query).fetchall())
                for query in (
                    question,
                    "SELECT name FROM pg_prepared_statements",
                    "SELECT name FROM pg_cursors",
                    "SELECT channel FROM pg_listening_channels() AS channel",
                    "SELECT objid FROM pg_locks WHERE locktype = 'advisory'",
                    "SELECT relname FROM pg_class WHERE relpersistence = 't'",
                    "SELECT pg_backend_pid()",
                )
            ]

    before = seen()
    with PostgresJournal(shared.conninfo(), schema=schemas[0]) as journal:
        for number in range(8):
            journal.begin(payment(f"q-{number}"))
        assert len(list(journal.export())) == 8
        after = seen()
    assert [
        set(one) ^ set(other) for one, other in zip(before, after, strict=True)
    ] == [set()] * len(before)


def test_pooling_by_statement(pooled: Postgres, schema: str) -> None:
    """A pooler that keeps no transaction together is refused, by its name."""
    with (
        Pgbouncer(pooled, "statement") as pooler,
        pytest.raises(JournalUnavailable, match="pool_mode = statement"),
    ):
        PostgresJournal(pooler.conninfo(), schema=schema)


def test_a_pooler_that_no_one_knows(
    postgres: Postgres, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions that change inside a transaction are noticed, by whatever program."""
    monkeypatch.setattr(
        postgres_session, "_OPENING", postgres_session._OPENING + "; COMMIT; SELECT 1"
    )
    with pytest.raises(JournalUnavailable, match="each statement another session"):
        PostgresJournal(postgres.conninfo, schema=schema)
    monkeypatch.undo()
    monkeypatch.setattr(
        postgres_session,
        "_OPENING",
        postgres_session._OPENING.replace("pg_backend_pid()", "0"),
    )
    with pytest.raises(JournalUnavailable, match="each statement another session"):
        PostgresJournal(postgres.conninfo, schema=schema)


def test_a_pooler_whose_words_are_errors(
    pooled: Postgres, schemas: tuple[str, str]
) -> None:
    """What a pooler refuses is no damage, and its reason is shown."""
    with Pgbouncer(pooled, "transaction") as pooler:
        for conninfo, is_refused in (
            (pooler.conninfo().replace("dbname=postgres", "dbname=nowhere"), True),
            (pooler.conninfo("nobody"), True),
            (f"{pooler.conninfo()} options='-c work_mem=1MB'", False),
        ):
            with pytest.raises(JournalUnavailable, match="nothing was written") as seen:
                PostgresJournal(conninfo, schema=schemas[0])
            assert seen.value.is_refused is is_refused
            assert "canary" not in str(seen.value)


@pytest.mark.parametrize(
    "change",
    [
        {"password": "not-" + PASSWORD},
        {"password": ""},
        {"user": "a_role_that_is_missing"},
        {"user": "kesspay_no_login", "password": PASSWORD},
        {"dbname": "a_database_that_is_missing"},
    ],
)
def test_a_connection_that_is_refused(
    postgres: Postgres, schema: str, change: dict[str, str]
) -> None:
    """Waiting helps where a server is down, and not where it refuses an account."""
    with postgres.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS kesspay_no_login")
        connection.execute(f"CREATE ROLE kesspay_no_login PASSWORD '{PASSWORD}'")
    wrong = make_conninfo(postgres.conninfo, **change)
    with pytest.raises(JournalUnavailable, match="refuses the connection") as seen:
        PostgresJournal(wrong, schema=schema)
    assert seen.value.is_refused
    assert PASSWORD not in str(seen.value)
    down = make_conninfo(postgres.conninfo, port=free_port(), **change)
    with pytest.raises(JournalUnavailable, match="cannot be reached") as seen:
        PostgresJournal(down, schema=schema)
    assert not seen.value.is_refused


def test_statements_with_the_names_of_others(
    shared: Pgbouncer, schemas: tuple[str, str]
) -> None:
    """Statements that another program left in the session are none of ours."""
    with PostgresJournal(shared.conninfo(), schema=schemas[0]) as journal:
        with psycopg.connect(shared.conninfo(), autocommit=True) as other:
            for number in range(20):
                with suppress(psycopg.Error):
                    other.execute(f"PREPARE _pg3_{number} AS SELECT 'other'")
        for number in range(12):
            whole = payment(f"p-{number}")
            assert journal.begin(whole).payment == whole
            assert journal.read(f"p-{number}") is not None


# ------------------------------------------------------------------------- settings


def settings_of(connection: PatientConnection) -> list[Row]:
    """Return the settings of a transaction."""
    shown = [connection.execute(f"SHOW {name}").fetchall()[0][0] for name in WANTED]
    return [tuple(shown)]


@contextmanager
def set_by_the_session(pooler: Pgbouncer) -> Iterator[None]:
    """Leave hostile settings in the one session that a pooler has."""
    with psycopg.connect(pooler.conninfo(), autocommit=True) as other:
        other.execute("CREATE SCHEMA IF NOT EXISTS hostile")
        for table in ("payments", "entries", "schema_version"):
            other.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} (x text)")
        for name, value in HOSTILE.items():
            other.execute(
                f"SET {name} = '{value}'"
                if name != "search_path"
                else f"SET search_path = {value}"
            )
    yield
    with psycopg.connect(pooler.conninfo(), autocommit=True) as other:
        other.execute("DISCARD ALL")
        other.execute("DROP SCHEMA hostile CASCADE")


def test_settings_that_others_left_in_a_session(
    shared: Pgbouncer, schemas: tuple[str, str]
) -> None:
    """Whatever another user of the pooler SET, a transaction of ours has its own."""
    with (
        set_by_the_session(shared),
        PostgresJournal(shared.conninfo(), schema=schemas[0]) as journal,
    ):
        assert journal._pool.use(settings_of) == [tuple(WANTED.values())]
        whole_life(journal)
    with PostgresJournal(shared.conninfo(), schema=schemas[1]) as journal:
        journal.begin(payment())
        with set_by_the_session(shared):
            assert journal.read("p-1") is not None


@pytest.fixture
def meek(postgres: Postgres) -> Iterator[str]:
    """Make a role for which everything is set as badly as can be."""
    postgres.ask(
        f"CREATE ROLE meek LOGIN PASSWORD '{PASSWORD}'",
        "GRANT CREATE ON DATABASE postgres TO meek",
        *(
            f"ALTER ROLE meek SET {name} = "
            + (value if name == "search_path" else f"'{value}'")
            for name, value in HOSTILE.items()
        ),
    )
    yield "meek"
    postgres.ask("DROP OWNED BY meek CASCADE", "DROP ROLE meek")


def test_a_role_with_bad_settings(
    postgres: Postgres, shared: Pgbouncer, meek: str, schemas: tuple[str, str]
) -> None:
    """The settings of a role change nothing, with and without a pooler."""
    direct = postgres.conninfo.replace("user=kesspay", f"user={meek}")
    for conninfo, schema in zip((direct, shared.conninfo(meek)), schemas, strict=True):
        with PostgresJournal(conninfo, schema=schema) as journal:
            assert journal._pool.use(settings_of) == [tuple(WANTED.values())]
            whole_life(journal)


def test_each_commit_waits_for_the_disk(
    postgres: Postgres, shared: Pgbouncer, meek: str, schemas: tuple[str, str]
) -> None:
    """The server is asked at every COMMIT of every call, not once."""
    note = f"""
        CREATE TABLE {schemas[1]}.seen (setting text);
        GRANT ALL ON {schemas[1]}.seen TO PUBLIC;
        GRANT USAGE ON SCHEMA {schemas[1]} TO PUBLIC;
        CREATE FUNCTION {schemas[1]}.see() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO {schemas[1]}.seen
                VALUES (current_setting('synchronous_commit'));
                RETURN NULL;
            END $$;
    """
    postgres.ask(f"CREATE SCHEMA {schemas[1]}", note)
    with PostgresJournal(shared.conninfo(meek), schema=schemas[0]) as journal:
        for table in ("payments", "entries"):
            # At the very end of the transaction, as a part of the COMMIT.
            postgres.ask(
                f"CREATE CONSTRAINT TRIGGER see AFTER INSERT OR UPDATE ON"
                f" {schemas[0]}.{table} DEFERRABLE INITIALLY DEFERRED"
                f" FOR EACH ROW EXECUTE FUNCTION {schemas[1]}.see()",
            )
        whole_life(journal)
    seen = Counter(postgres.ask(f"SELECT setting FROM {schemas[1]}.seen"))
    assert set(seen) == {("on",)}
    # begin, lease, 2 x append, release, take_due; and the entries.
    assert seen.total() == 6 + 3


@pytest.mark.parametrize(
    ("setting", "value", "match"),
    [
        ("default_transaction_read_only", "on", "default_transaction_read_only = on"),
        ("zero_damaged_pages", "on", "zero_damaged_pages = on"),
        ("ignore_checksum_failure", "on", "ignore_checksum_failure = on"),
    ],
)
def test_what_cannot_be_made_safe(
    postgres: Postgres, schema: str, setting: str, value: str, match: str
) -> None:
    """A setting that the journal must not overrule is refused, by its name."""
    postgres.ask(f"ALTER ROLE kesspay SET {setting} = {value}")
    try:
        with pytest.raises(JournalUnavailable, match=match):
            PostgresJournal(postgres.conninfo, schema=schema)
    finally:
        postgres.ask(
            "SET default_transaction_read_only = off",
            f"ALTER ROLE kesspay RESET {setting}",
        )


def test_pages_that_may_be_torn(postgres: Postgres, schema: str) -> None:
    """A server without full_page_writes is refused, unless its owner vouches."""
    postgres.ask("ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
    vouched = "ALTER DATABASE postgres SET kesspay.whole_pages = 'on'"
    try:
        postgres.restart()
        with pytest.raises(JournalUnavailable, match="full_page_writes = off"):
            PostgresJournal(postgres.conninfo, schema=schema)
        postgres.ask(vouched)
        PostgresJournal(postgres.conninfo, schema=schema).close()
    finally:
        postgres.ask(
            "ALTER DATABASE postgres RESET kesspay.whole_pages",
            "ALTER SYSTEM RESET full_page_writes",
        )
        postgres.restart()
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ("ALTER TABLE {}.entries SET UNLOGGED", "entries .* is UNLOGGED"),
        (
            "ALTER TABLE {0}.payments ENABLE ROW LEVEL SECURITY",
            "payments .* row-level security",
        ),
    ],
    ids=["unlogged", "row_security"],
)
def test_tables_that_do_not_keep_or_show(
    postgres: Postgres, schemas: tuple[str, str], meek: str, change: str, match: str
) -> None:
    """A table that a crash empties, or that hides rows, is refused when opened."""
    PostgresJournal(postgres.conninfo, schema=schemas[0]).close()
    postgres.ask(
        change.format(schemas[0]),
        f"GRANT USAGE ON SCHEMA {schemas[0]} TO {meek}",
        f"GRANT ALL ON ALL TABLES IN SCHEMA {schemas[0]} TO {meek}",
    )
    conninfo = postgres.conninfo.replace("user=kesspay", f"user={meek}")
    with pytest.raises(JournalUnavailable, match=match):
        PostgresJournal(conninfo, schema=schemas[0])


def test_a_copy_of_another_journal(
    postgres: Postgres, schemas: tuple[str, str]
) -> None:
    """A table that a subscription fills is refused: the journal is elsewhere."""
    PostgresJournal(postgres.conninfo, schema=schemas[0]).close()
    postgres.ask(
        "SET allow_system_table_mods = on",
        "INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate, srsublsn)"
        f" VALUES (0, '{schemas[0]}.payments'::regclass, 'r', NULL)",
    )
    try:
        with pytest.raises(JournalUnavailable, match="target of a SUBSCRIPTION"):
            PostgresJournal(postgres.conninfo, schema=schemas[0])
    finally:
        postgres.ask(
            "SET allow_system_table_mods = on",
            "DELETE FROM pg_subscription_rel WHERE srsubid = 0",
        )


@pytest.mark.parametrize("ended", ["by_us", "by_an_administrator"])
def test_a_standby_that_does_not_answer(
    postgres: Postgres,
    schemas: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    ended: str,
) -> None:
    """A COMMIT that the server made on its own disk alone is in doubt."""
    timeout = 30.0
    if ended == "by_us":
        monkeypatch.setattr(postgres_pool, "_GRACE", 0.1)
        timeout = 1.0
    waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    trouble: list[str] = []

    def work() -> None:
        try:
            for number in range(10_000):
                journal.begin(payment(f"p-{number}"))
        except JournalUnavailable as error:
            trouble.append(str(error))

    with PostgresJournal(
        postgres.conninfo, schema=schemas[0], timeout=timeout
    ) as journal:
        postgres.ask(
            "ALTER SYSTEM SET synchronous_standby_names = 'nowhere'",
            "SELECT pg_reload_conf()",
        )
        thread = threading.Thread(target=work)
        thread.start()
        try:
            while not postgres.ask(f"SELECT pid {waiting}") and thread.is_alive():
                time.sleep(0.02)
            if ended == "by_an_administrator":
                postgres.ask(f"SELECT pg_cancel_backend(pid) {waiting}")
            thread.join()
        finally:
            postgres.ask(
                "SET synchronous_commit = local",
                "ALTER SYSTEM RESET synchronous_standby_names",
                "SELECT pg_reload_conf()",
            )
    assert "may or may not" in trouble[0]
    assert ("canceling wait" if timeout > 1 else "no answer within") in trouble[0]


def test_a_client_encoding_that_a_pooler_lost(
    postgres: Postgres, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that sends other letters than ours is refused before it is used."""
    monkeypatch.setattr(
        postgres_session,
        "_OPENING",
        "SET client_encoding = 'LATIN1';" + postgres_session._OPENING,
    )
    with pytest.raises(JournalUnavailable, match="client_encoding = LATIN1"):
        PostgresJournal(postgres.conninfo, schema=schema)


def test_newer_servers() -> None:
    """From PostgreSQL 17 on a transaction has a time limit of its own: none."""

    class Executed(Exception):
        pass

    class Newer:
        class info:  # noqa: N801 - as psycopg has it
            server_version = 170_002

        def execute(self, query: str) -> object:
            raise Executed(query)

    with pytest.raises(Executed, match="'transaction_timeout', '0', true"):
        begin(Newer(), opening("kesspay", 5))  # type: ignore[arg-type] # a stand-in


# --------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("42P01", JournalDamaged),
        ("23505", JournalDamaged),
        ("XX001", JournalDamaged),
        ("42501", JournalUnavailable),
        ("42P05", JournalUnavailable),
        ("26000", JournalUnavailable),
        ("XX000", JournalUnavailable),
        ("40001", JournalUnavailable),
        ("53300", JournalUnavailable),
    ],
)
def test_what_is_damage(
    postgres: Postgres, schemas: tuple[str, str], state: str, kind: type[KesspayError]
) -> None:
    """Only what shows that tables or rows are not as they were made is damage."""
    raise_it = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"
    with PostgresJournal(postgres.conninfo, schema=schemas[0]) as journal:
        with pytest.raises(kind, match=rf"{state}.*othing was written"):
            journal._pool.run(raise_it)
        # In what comes before the statement, nothing is damage.
        journal._pool._opening = raise_it
        with pytest.raises(JournalUnavailable, match="nothing was written"):
            journal.read("p-1")


def test_a_value_that_postgresql_cannot_take(
    postgres: Postgres, schemas: tuple[str, str]
) -> None:
    """A value that no text of PostgreSQL can hold is the caller's, not an outage."""
    with PostgresJournal(postgres.conninfo, schema=schemas[0]) as journal:
        with pytest.raises(kesspay.InputError, match="cannot take this value"):
            journal.read("p\0")
        assert journal.read("p-1") is None


def test_a_value_that_psycopg_refuses() -> None:
    """Nothing reached the server: the value is wrong, and the journal is as it was."""
    server: Any = SimpleNamespace(shown=str)
    error = psycopg.DataError("no such value")
    found = postgres_session.meaning(error, server, lost=False)
    assert isinstance(found, InputError)
    assert "cannot take this value (no such value)" in str(found)
