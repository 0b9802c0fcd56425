"""Forks: what has connections learns of each, before it and on both sides after it."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import JournalUnavailable
from kesspay.transfers import forks, sqlite_file
from kesspay.transfers import sqlite as module
from tests.transfers.helpers import DUE, entry, payment


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.transfers.sqlite import SqliteJournal


class Noted(forks.Forkable):
    """Notes what it learns of."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seen: list[str] = []
        forks.heed_forks(self)

    def before_fork(self) -> None:
        """Note it."""
        self.seen.append("before")

    def after_fork_in_parent(self) -> None:
        """Note it."""
        self.seen.append("parent")

    def after_fork_in_child(self) -> None:
        """Note it."""
        self.seen.append("child")


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def in_child(work: Callable[[], object]) -> int:
    """Run something in a forked child and return its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_both_sides_learn_of_a_fork() -> None:
    """Before the fork once, then the parent and the child each for itself."""
    one, other = Noted(), Noted()

    def work() -> None:
        assert one.seen == other.seen == ["before", "child"]

    assert in_child(work) == 0
    assert one.seen == other.seen == ["before", "parent"]
    assert in_child(lambda: None) == 0
    assert one.seen == ["before", "parent"] * 2


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_child_forks_again() -> None:
    """A child is the parent of its own child."""
    one = Noted()

    def work() -> None:
        assert in_child(lambda: None) == 0
        assert one.seen == ["before", "child", "before", "parent"]

    assert in_child(work) == 0


@pytest.mark.thorough
def test_what_is_gone_is_not_kept() -> None:
    """To learn of forks keeps nothing alive."""
    one = Noted()
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
    forks._before()
    forks._after_in_parent()


def test_what_begins_during_a_fork_waits_for_its_end() -> None:
    """What comes while a process forks learns of the next fork, not of half of this."""
    forks._before()
    made: list[Noted] = []
    thread = threading.Thread(target=lambda: made.append(Noted()))
    thread.start()
    thread.join(0.05)
    assert not made
    forks._after_in_parent()
    thread.join(30)
    assert made[0].seen == []


# ------------------------------------------------------------- the SQLite journal


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
