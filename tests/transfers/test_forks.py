"""Forks of a process with journals: no child inherits a connection or a thread."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

import pytest

from kesspay import _forks as forks
from kesspay.errors import JournalUnavailable
from kesspay.transfers import sqlite as module
from kesspay.transfers import sqlite_file
from tests.support.forks import in_child, needs_fork
from tests.transfers.helpers import DUE, entry, payment


if TYPE_CHECKING:
    from kesspay.transfers.sqlite import SqliteJournal


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_inherits_no_connection(journal: SqliteJournal) -> None:
    """SQLite's locks are those of a process: every connection is closed before."""
    journal.read("p-1")
    export = journal.export()
    next(export)

    def work() -> None:
        assert not journal._connections._open
        assert journal.read("p-1") is not None

    assert in_child(work) == 0
    assert not journal._connections._open
    assert journal.read("p-1") is not None


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_ends_an_export(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that a fork interrupts says so, and can be begun again."""
    monkeypatch.setattr(module, "_PAGE", 1)
    for name in ("a", "b", "c", "d"):
        journal.begin(payment(name))
    export = journal.export()
    next(export)
    assert in_child(lambda: None) == 0
    with pytest.raises(JournalUnavailable, match="forked"):
        list(export)
    assert len(list(journal.export())) == 5


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_in_the_middle(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a connection is in use for too long, the child refuses to work."""
    monkeypatch.setattr(sqlite_file.Connections, "patience", 0.05)

    def work() -> None:
        with pytest.raises(JournalUnavailable, match="in use when this process"):
            journal.read("p-1")
        with pytest.raises(JournalUnavailable, match="in use when this process"):
            journal.begin(payment("p-2"))

    with journal._connections.using():
        assert in_child(work) == 0
    assert journal.read("p-1") is not None


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_forks_while_threads_work(journal: SqliteJournal) -> None:
    """Threads continue while the process forks, and nothing is lost."""
    lease = journal.lease("p-1", "one", 60)
    ended = threading.Event()
    written = []

    def work() -> None:
        while not ended.is_set():
            journal.append(lease, [entry()], DUE, 60)
            written.append(1)
            journal.read("p-1")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        assert in_child(lambda: deque(journal.export(), 0)) == 0
    ended.set()
    for thread in threads:
        thread.join()
    record = journal.read("p-1")
    assert record is not None
    assert len(record.entries) == len(written)


def test_what_a_child_does(journal: SqliteJournal) -> None:
    """A child begins anew: no thread, no connection; its parent continues."""
    journal.begin(payment("p-2"))
    writer = journal._writer
    jobs, thread = writer._jobs, writer._thread
    assert thread is not None
    forks._before()
    assert not journal._connections._open
    waiting = threading.Thread(target=journal.read, args=("p-1",))
    waiting.start()
    while not journal._connections._changed._waiters:  # type: ignore[attr-defined] # of CPython
        pass
    forks._after_in_parent()
    waiting.join()
    forks._before()
    # As in a child, where the thread would be gone.
    forks._after_in_child()
    assert journal.read("p-1") is not None
    journal.begin(payment("p-3"))
    assert writer._thread is not thread
    jobs.put(None)
    thread.join()


def test_what_a_child_does_that_was_forked_too_early(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that inherited a connection never uses the journal."""
    monkeypatch.setattr(sqlite_file.Connections, "patience", 0.0)
    connections = journal._connections
    with connections.using():
        connections.before_fork()
    connections.after_fork_in_child()
    with pytest.raises(JournalUnavailable, match="fork earlier, or spawn"):
        journal.read("p-1")
