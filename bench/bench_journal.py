"""
The journals: transfer steps a second, against the bare database.

A step is what a transfer writes before and after each message: one entry of
some 600 bytes, the new status, and the lease extended, on the disk when the
call returns. Run::

    pytest bench/bench_journal.py --benchmark-enable -s

Without ``--benchmark-enable`` there are few steps and only what was written is
checked. SQLite is compared with the sqlite3 module, same settings and the same
values in two statements for each step:

-   alone: one thread, one COMMIT for each step, as without group commit;
-   batched: one thread, one COMMIT for 64 steps, which no caller waits for;
-   queued: 64 threads that hand ready rows to one that writes all it finds with
    one COMMIT, without leases, fences, checks and errors. What a program has
    to do at least so that many callers share commits.

PostgreSQL is compared with as many threads as the journal has workers, each
with its own connection and the same statement, prepared.
"""

from __future__ import annotations

import statistics
import threading
import time
from decimal import Decimal
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.transfers import postgres
from kesspay.transfers.attempt import Happened
from kesspay.transfers.journal import Entry, Payment, Status
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.rows import entry_values
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.sqlite_file import connect
from tests.support.postgres import Postgres, find_postgres


if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kesspay.transfers.journal import Journal, Lease


ROUNDS: Final = 5
CALLERS: Final = 64

ENTRY: Final = Entry(
    1,
    Happened.CONFIRM_SENDING,
    1_700_000_000.5,
    facts={"pre_transfer_id": "a" * 32, "status": 200},
    sent=b"x" * 600,
)
STATUS: Final = Status("confirming", 1, 1.0)
ROW: Final = entry_values(ENTRY)


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> bool:
    """Tell whether times are wanted."""
    return bool(request.config.getoption("benchmark_enable"))


def lease_all(journal: Journal, count: int) -> list[Lease]:
    """Begin and take some payments."""
    leases = []
    for number in range(count):
        name = f"p-{number}"
        journal.begin(Payment(name, "85512345678", "Sok Dara", Decimal("1.50")))
        leases.append(journal.lease(name, "bench", 3600))
    return leases


def together(works: list[Callable[[], None]]) -> tuple[float, float]:
    """Run each in a thread of its own; return the seconds, and those of CPU."""
    threads = [threading.Thread(target=work) for work in works]
    cpu, start = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start, time.process_time() - cpu


def journaled(journal: Journal, leases: list[Lease], steps: int) -> tuple[float, float]:
    """Let each caller write its steps through the journal."""

    def caller(lease: Lease) -> Callable[[], None]:
        def work() -> None:
            for _ in range(steps):
                journal.append(lease, [ENTRY], STATUS, 3600)

        return work

    return together([caller(lease) for lease in leases])


def check(journal: Journal, steps: int) -> None:
    """Check that each payment has its entries, all of them, in order."""
    for record in journal.export():
        assert record.entries == (ENTRY,) * steps
        assert record.status == STATUS


# ------------------------------------------------------------------------- SQLite


ADVANCE: Final = """
    UPDATE payments SET state = ?, attempt = ?, due_at = ?, changed_at = ?,
        lease_until = ?, entries = entries + ?
    WHERE payment_id = ? AND lease_owner = ? AND fence = ?
"""
ENTER: Final = """
    INSERT INTO entries (payment_id, number, attempt, what, at, code, facts, sent,
        received)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def bare_step(connection: sqlite3.Connection, lease: Lease, number: int) -> None:
    """Do what a step does, with two statements."""
    now = time.time()
    values = ("confirming", 1, 1.0, now, now + 3600, 1, lease.payment_id, "bench", 1)
    connection.execute(ADVANCE, values)
    connection.execute(ENTER, (lease.payment_id, number, *ROW))


def bare(
    path: Path, leases: list[Lease], steps: int, batch: int
) -> tuple[float, float]:
    """Write the same with the sqlite3 module from one thread."""
    connection = connect(path, 5)

    def work() -> None:
        todo = [(lease, number + 1) for number in range(steps) for lease in leases]
        for first in range(0, len(todo), batch):
            connection.execute("BEGIN IMMEDIATE")
            for lease, number in todo[first : first + batch]:
                bare_step(connection, lease, number)
            connection.execute("COMMIT")

    taken = together([work])
    connection.close()
    return taken


def queued(path: Path, leases: list[Lease], steps: int) -> tuple[float, float]:
    """Write the same from as many threads, through a queue to one that writes."""
    connection = connect(path, 5)
    queue: SimpleQueue[tuple[Lease, int, threading.Lock]] = SimpleQueue()

    def writer() -> None:
        left = len(leases) * steps
        while left:
            batch = [queue.get()]
            while not queue.empty():
                batch.append(queue.get())
            connection.execute("BEGIN IMMEDIATE")
            for lease, number, _ in batch:
                bare_step(connection, lease, number)
            connection.execute("COMMIT")
            for _, _, done in batch:
                done.release()
            left -= len(batch)

    def caller(lease: Lease) -> Callable[[], None]:
        def work() -> None:
            done = threading.Lock()
            for number in range(1, steps + 1):
                done.acquire()
                queue.put((lease, number, done))
                # Not before the COMMIT.
                done.acquire()
                done.release()

        return work

    taken = together([writer, *(caller(lease) for lease in leases)])
    connection.close()
    return taken


def test_sqlite(tmp_path: Path, measure: bool) -> None:  # noqa: FBT001 - a fixture
    """Everything is written, and many callers share their commits."""
    steps = 100 if measure else 3
    seconds: dict[str, list[tuple[float, float]]] = {}

    def run(name: str, callers: int, count: int, way: str) -> None:
        path = tmp_path / f"{name}-{len(seconds.get(name, []))}.db"
        with SqliteJournal(path) as journal:
            leases = lease_all(journal, callers)
            if way == "journal":
                taken = journaled(journal, leases, count)
            elif way == "queued":
                taken = queued(path, leases, count)
            else:
                taken = bare(path, leases, count, int(way))
            check(journal, count)
        each = callers * count
        seconds.setdefault(name, []).append((taken[0] / each, taken[1] / each))

    for _ in range(ROUNDS if measure else 1):
        run("journal, 64 callers", CALLERS, steps, "journal")
        run("queued, 64 callers", CALLERS, steps, "queued")
        run("batched by 64", CALLERS, steps, str(CALLERS))
        run("journal, 8 callers", 8, steps, "journal")
        run("journal, 1 caller", 1, steps, "journal")
        run("alone", 1, steps, "1")
    if not measure:
        return
    fastest = table("SQLite", seconds)
    grouped = fastest["journal, 64 callers"]
    for other in ("queued, 64 callers", "batched by 64", "alone"):
        print(
            f"  64 callers against {other}: {grouped / fastest[other]:.2f} x the time"
        )
    single = fastest["journal, 1 caller"] / fastest["alone"]
    print(f"  1 caller against alone: {single:.2f} x the time")
    # Else group commit would be of no use.
    assert grouped < fastest["alone"]


def table(
    title: str, seconds: dict[str, list[tuple[float, float]]]
) -> dict[str, float]:
    """Print medians; return the fastest times, to which other load adds nothing."""
    print(f"\n{title}: steps a second, CPU of this process for a step")
    for name, rounds in seconds.items():
        wall = statistics.median(wall for wall, _ in rounds)
        cpu = statistics.median(cpu for _, cpu in rounds)
        print(f"  {name:24} {1 / wall:9,.0f} /s {cpu * 1e6:7.0f} us")
    return {name: min(rounds)[0] for name, rounds in seconds.items()}


# --------------------------------------------------------------------- PostgreSQL


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Start a server, or skip where none is installed."""
    if find_postgres() is None:
        pytest.skip("no PostgreSQL server is installed")
    with Postgres() as started:
        yield started


def bare_postgres(
    server: Postgres, schema: str, leases: list[Lease], steps: int
) -> tuple[float, float]:
    """Write the same with psycopg, one connection for each thread."""
    connections = [server.connect() for _ in leases]

    def caller(number: int) -> Callable[[], None]:
        columns = [[value] for value in ROW]
        connection, lease = connections[number], leases[number]
        mine = (lease.payment_id, lease.owner, lease.fence)
        values = ("confirming", 1, 1.0, 3600.0, 1, *mine, 1, *columns)

        def work() -> None:
            for _ in range(steps):
                connection.execute(postgres._APPEND, values).fetchall()  # noqa: SLF001 - the very statement

        return work

    for connection in connections:
        connection.execute(f"SET search_path = {schema}")
    taken = together([caller(number) for number in range(len(leases))])
    for connection in connections:
        connection.close()
    return taken


@pytest.mark.parametrize("workers", [8, 32])
def test_postgres(
    server: Postgres,
    workers: int,
    measure: bool,  # noqa: FBT001 - a fixture
) -> None:
    """The journal adds little to the statement it sends."""
    steps = 100 if measure else 3
    seconds: dict[str, list[tuple[float, float]]] = {}
    for turn in range(ROUNDS if measure else 1):
        for name in (f"journal, {workers} workers", f"bare, {workers} workers"):
            schema = f"bench_{workers}_{turn}_{name[:4]}"
            with PostgresJournal(
                server.conninfo, schema=schema, connections=workers, timeout=60
            ) as journal:
                leases = lease_all(journal, workers)
                if name.startswith("journal"):
                    taken = journaled(journal, leases, steps)
                else:
                    taken = bare_postgres(server, schema, leases, steps)
                check(journal, steps)
            each = workers * steps
            seconds.setdefault(name, []).append((taken[0] / each, taken[1] / each))
    if measure:
        ours, other = table("PostgreSQL", seconds).values()
        print(f"  {workers} workers against bare: {ours / other:.2f} x the time")
