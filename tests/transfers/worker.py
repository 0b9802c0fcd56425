"""What other processes do to a journal."""

from __future__ import annotations

import os
import signal
import time

from kesspay.errors import LeaseLost
from kesspay.transfers.account import Account
from kesspay.transfers.attempt import Happened
from kesspay.transfers.journal import Entry, Journal, Status
from tests.transfers.helpers import CONFIRMING, DUE, entry, payment


__all__ = ["bind_first", "fight", "killed", "open_place", "pairs"]


def open_place(place: str) -> Journal:
    """Open a journal by the name that a bench gives it."""
    kind, _, where = place.partition(" ")
    if kind == "sqlite":
        from kesspay.transfers.sqlite import SqliteJournal

        return SqliteJournal(where, busy_timeout=60)
    from kesspay.transfers.postgres import PostgresJournal

    conninfo, _, schema = where.partition("\n")
    return PostgresJournal(conninfo, schema=schema)


def bind_first(place: str, number: int) -> str:
    """Come with an account of its own, and return the URL of the one that counts."""
    journal = open_place(place)
    mine = Account(f"https://pay{number}.example/v1", "partner-1")
    found = journal.bind(mine, by=f"worker-{number}")
    journal.close()
    return found.base_url


def fight(place: str, owner: str) -> None:
    """Take what is due, two steps at a time, until each payment has six."""
    journal = open_place(place)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        leases = journal.take_due(owner, 30, 2)
        if not leases and not journal.list(state="unknown"):
            journal.close()
            return
        for lease in leases:
            record = journal.read(lease.payment_id)
            assert record is not None
            done = len(record.entries)
            for step in (done, done + 1):
                facts: dict[str, str | int | float] = {"step": step, "owner": owner}
                one = Entry(1, Happened.QUERY_SAID, 1.0, facts=facts)
                status = DUE if step < 5 else Status("paid", 1, None)
                journal.append(lease, [one], status, 30)
            journal.release(lease)
    raise TimeoutError("the payments were not done in time")


def killed(place: str) -> None:
    """Write, and be killed before anything can be flushed or closed."""
    journal = open_place(place)
    journal.begin(payment("killed"))
    lease = journal.lease("killed", "one", 60)
    journal.append(lease, [entry(1), entry(2)], CONFIRMING, 60)
    os.kill(os.getpid(), signal.SIGKILL)


def pairs(place: str) -> None:
    """Write two entries at a time, and tell how often, until killed."""
    journal = open_place(place)
    journal.begin(payment("pairs"))
    lease = journal.lease("pairs", "one", 60)
    for number in range(100_000):
        try:
            journal.append(lease, [entry(1), entry(2)], DUE, 60)
        except LeaseLost:
            return
        print(number + 1, flush=True)  # noqa: T201 - the test reads it
