# ruff: noqa: S608 - the names in the queries are made here

"""
Connections that die: which calls continue, and which leave a write in doubt.

A call must not fail for a connection that died before; what was on its way when
it broke is in doubt, said to be so, and never written twice. The judge is the
server, which is asked what it has.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

import psycopg_pool
import pytest

from kesspay.errors import JournalUnavailable
from kesspay.transfers import postgres_pool, postgres_session
from kesspay.transfers.postgres import PostgresJournal
from tests.support.postgres import PASSWORD, Pgbouncer, Postgres, free_port
from tests.support.relay import How, Relay
from tests.transfers.helpers import DUE, entry, payment


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.transfers.journal import Lease
    from kesspay.transfers.rows import Row


CALLS: dict[str, Callable[[PostgresJournal, Lease], object]] = {
    "begin": lambda journal, _: journal.begin(payment("p-2")),
    "begin_again": lambda journal, _: journal.begin(payment()),
    "read": lambda journal, _: journal.read("p-1"),
    "lease": lambda journal, _: journal.lease("p-1", "one", 60),
    "take_due": lambda journal, _: journal.take_due("two", 60, 5),
    "append": lambda journal, lease: journal.append(lease, [entry(2)], DUE, 60),
    "release": lambda journal, lease: journal.release(lease),
    "list": lambda journal, _: journal.list(),
    "list_state": lambda journal, _: journal.list(state="unknown"),
    "export": lambda journal, _: list(journal.export()),
    "now": lambda journal, _: journal.now(),
}


@pytest.fixture
def relay(postgres: Postgres) -> Iterator[Relay]:
    """Start a line to the server that can be broken."""
    with Relay(postgres.port) as line:
        yield line


@pytest.fixture
def journal(postgres: Postgres, relay: Relay, schema: str) -> Iterator[PostgresJournal]:
    """Open a journal over that line; it has a payment."""
    conninfo = postgres.conninfo.replace(f"port={postgres.port}", f"port={relay.port}")
    with PostgresJournal(conninfo, schema=schema, timeout=30) as opened:
        opened.begin(payment())
        yield opened
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


def rush(journal: PostgresJournal, threads: int = 8) -> None:
    """Let the pool have all its connections, idle."""
    barrier = threading.Barrier(threads)

    def work() -> None:
        def all_at_once(_: object) -> list[Row]:
            barrier.wait(60)
            return []

        journal._pool.use(all_at_once)

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert len(journal._pool._idle) == threads


def entries_of(journal: PostgresJournal, payment_id: str = "p-1") -> list[float]:
    """Return what the entries of a payment differ by."""
    record = journal.read(payment_id)
    assert record is not None
    return [one.at - 1_700_000_000.25 for one in record.entries]


def terminate(postgres: Postgres) -> None:
    """End every session of kesspay, and wait until they are gone."""
    ours = "FROM pg_stat_activity WHERE application_name = 'kesspay'"
    postgres.ask(f"SELECT pg_terminate_backend(pid, 60000) {ours}")


# ---------------------------------------------------------------- died while idle


@pytest.mark.few(4)
@pytest.mark.one_in(4)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("how", ["end", "reset", "silence", "terminate"])
def test_every_connection_died_while_idle(
    journal: PostgresJournal,
    postgres: Postgres,
    relay: Relay,
    monkeypatch: pytest.MonkeyPatch,
    how: How | Literal["terminate"],
    call: str,
) -> None:
    """No call fails for it, and each is made once."""
    monkeypatch.setattr(postgres_pool, "_A_WHILE", -1.0)
    monkeypatch.setattr(postgres_pool, "_SHORT", 0.3)
    lease = journal.lease("p-1", "one", 60)
    journal.append(lease, [entry(1)], DUE, 60)
    rush(journal, 3)
    if how == "terminate":
        terminate(postgres)
    else:
        relay.cut(how)
    CALLS[call](journal, lease)
    assert entries_of(journal) == ([1, 2] if call == "append" else [1])
    fence = postgres.ask(f"SELECT fence FROM {journal._pool.schema}.payments")[0][0]
    assert fence == lease.fence + (call == "lease")


def test_a_server_that_ends_idle_sessions(postgres: Postgres, schema: str) -> None:
    """The time-outs of a role for idle sessions cost a call nothing."""
    with PostgresJournal(postgres.conninfo, schema=schema) as journal:
        postgres.ask(
            "ALTER ROLE kesspay SET idle_session_timeout = '50ms'",
            "ALTER ROLE kesspay SET idle_in_transaction_session_timeout = '1ms'",
        )
        try:
            rush(journal)
            journal._pool._drop_idle()
            journal.begin(payment())
            rush(journal)
            while postgres.ask(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'kesspay'",
            ):
                time.sleep(0.02)
            lease = journal.lease("p-1", "one", 60)
            journal.append(lease, [entry(1)], DUE, 60)
        finally:
            postgres.ask("ALTER ROLE kesspay RESET ALL")
        assert entries_of(journal) == [1]
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.parametrize("crash", [False, True])
def test_a_restart_of_the_server(
    postgres: Postgres,
    schema: str,
    crash: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A server that was restarted is used again, with nothing lost or doubled."""
    with PostgresJournal(postgres.conninfo, schema=schema) as journal:
        journal.begin(payment())
        lease = journal.lease("p-1", "one", 60)
        rush(journal)
        if crash:
            postgres.halt()
            with pytest.raises(JournalUnavailable, match="nothing was written"):
                journal.append(lease, [entry(9)], DUE, 60)
            postgres.start()
        else:
            postgres.restart()
        journal.append(lease, [entry(1)], DUE, 60)
        assert entries_of(journal) == [1]
    postgres.ask(f"DROP SCHEMA {schema} CASCADE")


@pytest.mark.few(1)
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_restart_of_the_pooler_or_behind_it(
    pooled: Postgres, schema: str, mode: str
) -> None:
    """A pooler that was restarted, or whose sessions died, is used again."""
    with (
        Pgbouncer(pooled, mode, sessions=9) as pooler,
        PostgresJournal(pooler.conninfo(), schema=schema) as journal,
    ):
        journal.begin(payment())
        lease = journal.lease("p-1", "one", 60)
        rush(journal)
        pooler.restart()
        journal.append(lease, [entry(1)], DUE, 60)
        rush(journal)
        terminate(pooled)
        journal.append(lease, [entry(2)], DUE, 60)
        rush(journal)
        pooled.restart()
        journal.append(lease, [entry(3)], DUE, 60)
        pooler.halt()
        with pytest.raises(JournalUnavailable, match="nothing was written"):
            journal.append(lease, [entry(9)], DUE, 60)
        pooler.start()
        journal.append(lease, [entry(4)], DUE, 60)
        assert entries_of(journal) == [1, 2, 3, 4]
    pooled.ask(f"DROP SCHEMA {schema} CASCADE")


def test_a_server_that_is_not_up_yet(postgres: Postgres, schema: str) -> None:
    """A journal is opened once its server is there, and says so before."""
    with Relay(port := free_port()) as line:
        for busy in (line.port, port):
            conninfo = f"host=127.0.0.1 port={busy} user=kesspay dbname=postgres"
            with pytest.raises(JournalUnavailable, match=r"nothing was written.*back"):
                PostgresJournal(conninfo, schema=schema)


@pytest.mark.parametrize("limit", ["_LONGEST_IDLE", "_LONGEST_LIFE"])
def test_old_connections(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """A connection that is old, or was idle for long, is replaced before its use."""
    rush(journal, 2)
    old = list(journal._pool._idle)
    journal.read("p-1")
    assert set(journal._pool._idle) == set(old)
    monkeypatch.setattr(postgres_pool, limit, -1.0)
    journal.read("p-1")
    assert all(one.closed for one in old)
    assert len(journal._pool._idle) == 1


def test_closed(journal: PostgresJournal) -> None:
    """A journal that was closed connects to nothing any more."""
    journal.close()
    with pytest.raises(JournalUnavailable, match="was closed"):
        journal.read("p-1")


# ------------------------------------------------------------ broke while in use


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize("words", [b"BEGIN ISOLATION", b"UPDATE payments SET state"])
def test_broken_before_the_commit(
    journal: PostgresJournal,
    relay: Relay,
    words: bytes,
    how: How,
) -> None:
    """Nothing is written before the COMMIT is sent, so the call is made again."""
    lease = journal.lease("p-1", "one", 60)
    relay.cut_at(words, how)
    journal.append(lease, [entry(1)], DUE, 60)
    assert relay.was_cut
    assert entries_of(journal) == [1]


def test_broken_again_and_again(
    journal: PostgresJournal, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that loses three connections gives up, and nothing was written."""
    lease = journal.lease("p-1", "one", 60)
    before = relay.connections
    real = postgres_session.begin

    def cutting(*arguments: Any) -> None:  # noqa: ANN401 - passed on
        relay.cut("end")
        real(*arguments)

    monkeypatch.setattr(postgres_pool, "begin", cutting)
    with pytest.raises(JournalUnavailable, match=r"was lost.*nothing was written"):
        journal.append(lease, [entry(9)], DUE, 60)
    # The first one was there.
    assert relay.connections == before + 2
    monkeypatch.undo()
    assert entries_of(journal) == []


@pytest.mark.few(4)
@pytest.mark.parametrize("call", ["begin", "lease", "take_due", "append", "release"])
@pytest.mark.parametrize(
    ("how", "made"), [("end", False), ("reset", False), ("deliver_and_end", True)]
)
def test_broken_during_the_commit(
    journal: PostgresJournal,
    postgres: Postgres,
    relay: Relay,
    how: How,
    made: bool,  # noqa: FBT001 - a parameter
    call: str,
) -> None:
    """A write whose COMMIT was on its way is in doubt, and is not made again."""
    lease = journal.lease("p-1", "one", 60)
    journal.append(lease, [entry(1)], DUE, 60)
    if call == "take_due":
        journal.release(lease)
    schema = journal._pool.schema
    question = f"""
        SELECT (SELECT count(*) FROM {schema}.entries),
            (SELECT count(*) FROM {schema}.payments),
            (SELECT fence FROM {schema}.payments WHERE payment_id = 'p-1'),
            (SELECT lease_owner FROM {schema}.payments WHERE payment_id = 'p-1')
    """
    before = postgres.ask(question)[0]
    connections = relay.connections
    relay.cut_at(b"COMMIT\x00", how)
    with pytest.raises(JournalUnavailable, match=r"COMMIT.*may or may not.*read the"):
        CALLS[call](journal, lease)
    assert relay.was_cut
    assert relay.connections == connections
    written = {
        "begin": (1, 2, before[2], "one"),
        "lease": (1, 1, before[2] + 1, "one"),
        "take_due": (1, 1, before[2] + 1, "two"),
        "append": (2, 1, before[2], "one"),
        "release": (1, 1, before[2], None),
    }[call]
    # The server may take a moment to see that its client is gone.
    assert postgres.ask(question)[0] == (written if made else before)
    record = journal.read("p-1")
    assert record is not None


def test_no_answer(
    journal: PostgresJournal,
    postgres: Postgres,
    relay: Relay,
    schema: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that falls silent is given up in time, and not asked again."""
    monkeypatch.setattr(postgres_pool, "_GRACE", 0.1)
    conninfo = postgres.conninfo.replace(f"port={postgres.port}", f"port={relay.port}")
    lease = journal.lease("p-1", "one", 60)
    with PostgresJournal(conninfo, schema=schema, timeout=0.4) as hurried:
        for words, match in (
            (b"UPDATE payments SET state", "no answer within.*nothing was written"),
            (b"COMMIT\x00", "no answer within.*may or may not"),
        ):
            connections = relay.connections
            relay.cut_at(words, "silence")
            with pytest.raises(JournalUnavailable, match=match):
                hurried.append(lease, [entry(9)], DUE, 60)
            assert relay.was_cut
            assert relay.connections - connections <= 1
    assert entries_of(journal) == []


def test_a_silent_server_from_the_beginning(
    postgres: Postgres, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new connection on which nothing is answered is not tried again."""
    monkeypatch.setattr(postgres_pool, "_GRACE", 0.1)
    with Relay(postgres.port) as line:
        conninfo = postgres.conninfo.replace(
            f"port={postgres.port}", f"port={line.port}"
        )
        line.cut_at(b"BEGIN ISOLATION", "silence")
        with pytest.raises(JournalUnavailable, match=r"no answer.*nothing was written"):
            PostgresJournal(conninfo, schema=schema, timeout=0.2)
        assert line.connections == 1


# ----------------------------------------------------------------------- signals


class TimeLimit(BaseException):
    """What the application's handler of a signal raises."""


@contextmanager
def alarm(kind: type[BaseException]) -> Iterator[None]:
    """Raise something from the handler of a signal, in a moment and then again."""

    def handler(number: int, frame: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise kind

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    started = time.monotonic()
    try:
        with pytest.raises(kind) as caught:
            yield
        assert type(caught.value) is kind
        # The time-outs are 30 s.
        assert time.monotonic() - started < 15
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", [TimeLimit, KeyboardInterrupt, TimeoutError])
def test_a_signal_during_a_wait(
    journal: PostgresJournal,
    postgres: Postgres,
    relay: Relay,
    kind: type[BaseException],
) -> None:
    """What a handler raises reaches the caller as it is, from every wait."""
    lease = journal.lease("p-1", "one", 60)
    # For a connection of the pool.
    slots = [journal._pool._slots.acquire() for _ in range(8)]
    with alarm(kind):
        journal.read("p-1")
    for _ in slots:
        journal._pool._slots.release()
    # For a row that is locked.
    with postgres.connect() as connection, connection.transaction():
        connection.execute(f"SELECT * FROM {journal._pool.schema}.payments FOR UPDATE")
        with alarm(kind):
            journal.append(lease, [entry(9)], DUE, 60)
    # For a server that is silent, at the statement and at the COMMIT.
    for words in (b"UPDATE payments SET state", b"COMMIT\x00"):
        relay.cut_at(words, "silence")
        with alarm(kind):
            journal.append(lease, [entry(9)], DUE, 60)
    # For a connection that is never accepted.
    with socket.create_server(("127.0.0.1", 0)) as mute, alarm(kind):
        PostgresJournal(f"host=127.0.0.1 port={mute.getsockname()[1]}", timeout=30)
    journal.append(lease, [entry(1)], DUE, 60)
    assert entries_of(journal) == [1]


def test_a_signal_during_a_commit_says_so(
    journal: PostgresJournal, relay: Relay
) -> None:
    """What was raised while a write was in doubt carries a note."""
    lease = journal.lease("p-1", "one", 60)
    error = TimeLimit()
    relay.cut_at(b"COMMIT\x00", "silence")

    def handler(number: int, frame: object) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeLimit):
            journal.append(lease, [entry(9)], DUE, 60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert "may or may not" in error.__notes__[0]
    assert entries_of(journal) == []


# ---------------------------------------------------- why this is not psycopg_pool


def test_psycopg_pool_does_not_say_why(
    postgres: Postgres, schema: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It answers a wrong password with "no connection in time", later, and logs."""
    caplog.set_level(1)
    wrong = postgres.conninfo.replace(PASSWORD, "wrong")
    with (
        psycopg_pool.ConnectionPool(
            wrong, min_size=0, max_size=1, timeout=0.5, open=True
        ) as pool,
        pytest.raises(psycopg_pool.PoolTimeout) as theirs,
        pool.connection(),
    ):
        pass
    assert "password" not in str(theirs.value)
    assert "password authentication failed" in caplog.text
    caplog.clear()
    with pytest.raises(JournalUnavailable, match="password authentication failed"):
        PostgresJournal(wrong, schema=schema)
    assert caplog.text == ""


_IN_A_CHILD = """
import os, sys, warnings
warnings.simplefilter("ignore")
import psycopg_pool
from kesspay import PostgresJournal
conninfo, schema = sys.argv[1:]
journal = PostgresJournal(conninfo, schema=schema)
pool = psycopg_pool.ConnectionPool(conninfo, min_size=1, max_size=2, timeout=1)
with pool.connection() as first:
    child = os.fork()
    if not child:
        assert journal.read("p-1") is None
        try:
            with pool.connection(), pool.connection():
                os._exit(3)
        except psycopg_pool.PoolTimeout:
            os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
pool.close()
assert journal.read("p-1") is None
sys.exit(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_psycopg_pool_does_not_survive_a_fork(postgres: Postgres, schema: str) -> None:
    """In a child its threads are gone, so no thread connects; the journal continues."""
    done = subprocess.run(
        [sys.executable, "-c", _IN_A_CHILD, postgres.conninfo, schema],
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with suppress(Exception):
        postgres.ask(f"DROP SCHEMA {schema} CASCADE")
