"""Many write with one COMMIT: what one of them spoils, and who wakes whom."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import (
    InputError,
    JournalDamaged,
    JournalError,
    JournalUnavailable,
    LeaseLost,
)
from kesspay.transfers import sqlite_writer
from kesspay.transfers.rows import entry_values, status_values
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.sqlite_writer import Append
from tests.transfers.helpers import DUE, entry, held, payment, raw


if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from kesspay.transfers.journal import Entry, Lease, Record


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    """Give a journal."""
    with SqliteJournal(tmp_path / "journal.db") as made:
        yield made


def leases(journal: SqliteJournal, count: int) -> list[Lease]:
    """Begin some payments and take them."""
    taken = []
    for number in range(count):
        journal.begin(payment(f"p-{number}"))
        taken.append(journal.lease(f"p-{number}", "a", 60))
    return taken


def job(lease: Lease, *entries: Entry) -> sqlite_writer._Job[Any]:
    """Return an append that is not handed over yet."""
    rows = [entry_values(one) for one in entries]
    return sqlite_writer._Job(Append(lease, status_values(DUE), rows, 60))


def record(journal: SqliteJournal, payment_id: str) -> Record:
    """Read what must be there."""
    found = journal.read(payment_id)
    assert found is not None
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 15, 21, 63, 64, 85, 200])
def test_any_number(journal: SqliteJournal, count: int) -> None:
    """However many append together, each payment has its entries in order."""
    taken = leases(journal, count)
    jobs = []
    for number, lease in enumerate(taken):
        entries = [entry(10 * number + nth) for nth in range(number % 4)]
        jobs.append(job(lease, *entries))
    for _ in range(2):
        journal._writer._finish(jobs)
        assert [one.error for one in jobs] == [None] * count
    for number in range(count):
        read = record(journal, f"p-{number}")
        assert read.status == DUE
        mine = [entry(10 * number + nth) for nth in range(number % 4)]
        assert list(read.entries) == mine * 2


def test_a_caller_waits_for_the_commit(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An append returns after its COMMIT, and not before."""
    try:
        (lease,) = leases(journal, 1)
    except TypeError:
        pytest.fail("a lease came back before its COMMIT: it has no result yet")
    finish = sqlite_writer.Writer._finish
    begun, go_on = threading.Event(), threading.Event()

    def slow(writer: sqlite_writer.Writer, batch: list[Any]) -> None:
        begun.set()
        go_on.wait(30)
        finish(writer, batch)

    monkeypatch.setattr(sqlite_writer.Writer, "_finish", slow)
    caller = threading.Thread(target=journal.append, args=(lease, [entry()], DUE, 60))
    caller.start()
    assert begun.wait(30)
    caller.join(0.2)
    is_waiting = caller.is_alive()
    go_on.set()
    caller.join(30)
    assert is_waiting
    assert record(journal, "p-0").entries == (entry(),)


@pytest.mark.parametrize("lost", [{0}, {5}, {7}, {0, 1, 2}, set(range(8))])
def test_lost_leases(journal: SqliteJournal, lost: set[int]) -> None:
    """Who lost a lease writes nothing, and the others do not notice."""
    taken = leases(journal, 8)
    for number in lost:
        journal.release(taken[number])
        journal.lease(f"p-{number}", "b", 60)
    jobs = [job(lease, entry()) for lease in taken]
    journal._writer._finish(jobs)
    for number, one in enumerate(jobs):
        read = record(journal, f"p-{number}")
        if number in lost:
            assert isinstance(one.error, LeaseLost)
            assert read.entries == ()
            assert read.status != DUE
        else:
            assert one.error is None
            assert read.entries == (entry(),)


@pytest.mark.parametrize("apart", [1, 10, 70])
def test_one_payment_twice(journal: SqliteJournal, apart: int) -> None:
    """Two appends to one payment at the same time are both written."""
    taken = leases(journal, 80)
    jobs = [job(lease, entry(1)) for lease in taken]
    jobs.insert(apart, job(taken[0], entry(2)))
    journal._writer._finish(jobs)
    assert [one.error for one in jobs] == [None] * 81
    both = sorted(record(journal, "p-0").entries, key=lambda one: one.at)
    assert both == [entry(1), entry(2)]
    for number in range(1, 80):
        assert len(record(journal, f"p-{number}").entries) == 1


def test_a_spoilt_batch(journal: SqliteJournal) -> None:
    """A bug in the work of one is raised to that one; the others are written."""
    (lease,) = leases(journal, 1)

    def bug(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE payments SET state = 'broken'")
        raise ZeroDivisionError

    def refuse(_: sqlite3.Connection) -> None:
        raise LeaseLost("refused")

    calls = []

    def once(_: sqlite3.Connection) -> str:
        calls.append(1)
        if len(calls) == 1:
            raise LeaseLost("only the first time")
        return "done"

    works: list[Any] = [once, bug, refuse]
    jobs = [job(lease, entry()), *map(sqlite_writer._Job, works)]
    journal._writer._finish(jobs)
    assert [type(one.error) for one in jobs] == [
        type(None),
        type(None),
        ZeroDivisionError,
        LeaseLost,
    ]
    # What an earlier try ended with is forgotten.
    assert len(calls) == 2
    assert jobs[1].result == "done"
    assert record(journal, "p-0").entries == (entry(),)


def test_all_callers_learn_that_the_commit_failed(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the journal is gone, each gets an error of its own."""
    jobs = [job(lease, entry()) for lease in leases(journal, 3)]
    journal.close()
    journal._writer._finish(jobs)
    assert all(isinstance(one.error, JournalUnavailable) for one in jobs)
    assert len({id(one.error) for one in jobs}) == 3


def test_everybody_is_woken(journal: SqliteJournal) -> None:
    """One is interrupted while waiting, and wakes no other: the others wake."""
    jobs = [job(lease, entry()) for lease in leases(journal, 6)]
    woken = []

    def wait(number: int) -> None:
        jobs[number].wait()
        woken.append(number)

    # No caller waits for number 2.
    threads = [threading.Thread(target=wait, args=(n,)) for n in (0, 1, 3, 4, 5)]
    for thread in threads:
        thread.start()
    journal._writer._let_come_back(jobs)
    for thread in threads:
        thread.join(30)
    assert sorted(woken) == [0, 1, 3, 4, 5]


def test_each_wakes_the_next(journal: SqliteJournal) -> None:
    """No caller is woken before the one in front of it."""
    jobs = [job(lease) for lease in leases(journal, 3)]
    line = threading.Thread(target=journal._writer._let_come_back, args=(jobs,))
    line.start()
    assert jobs[0].wait(30)
    assert jobs[1].wait(30)
    assert jobs[2].wait(30)
    line.join(30)
    assert not line.is_alive()
    # Woken once more, by one who came too late, nothing happens.
    jobs[2].wake()
    jobs[2].wake()


def test_a_turn_that_does_not_come() -> None:
    """The wait for a turn ends with its time."""
    assert sqlite_writer._Turn().wait(0.01) is False


def test_a_thread_that_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written and no call waits for it; once it starts, all is written."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with SqliteJournal(tmp_path / "journal.db") as journal:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            for _ in range(2):
                with pytest.raises(JournalUnavailable) as caught:
                    journal.begin(payment("p-0"))
                assert "can't start new thread" in str(caught.value)
                assert "nothing was written" in str(caught.value)
                assert not caught.value.is_refused
                assert caught.value.__context__ is None
        assert journal.read("p-0") is None
        journal.begin(payment("p-0"))
        assert journal.read("p-0") is not None
    closed = SqliteJournal(tmp_path / "journal.db")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(JournalUnavailable):
        closed.begin(payment("p-1"))
    closed.close()


def test_a_closed_journal_writes_nothing(journal: SqliteJournal) -> None:
    """A caller that comes after the end gets an error that says so."""
    (lease,) = leases(journal, 1)
    journal.close()
    with pytest.raises(JournalUnavailable, match="closed"):
        journal.append(lease, [entry()], DUE, 60)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "60", None])
def test_how_long(journal: SqliteJournal, seconds: Any) -> None:  # noqa: ANN401 - odd
    """A lease is never extended by something odd."""
    (lease,) = leases(journal, 1)
    with pytest.raises(InputError):
        journal.append(lease, [entry()], DUE, seconds)
    assert record(journal, "p-0").entries == ()


def test_a_damaged_payment_does_not_hurt_others(
    journal: SqliteJournal, path: Path
) -> None:
    """A write that fails is undone alone; those that share its commit are made."""
    names = [f"p-{number}" for number in range(12)]
    leases = []
    for name in names:
        journal.begin(payment(name))
        leases.append(journal.lease(name, "one", 60))
        journal.append(leases[-1], [entry(1)], DUE, 60)
    raw(path, "UPDATE payments SET entries = 0 WHERE payment_id = 'p-7'")
    with held(path) as let_go:
        found: dict[str, BaseException | None] = {}

        def work(lease: Lease) -> None:
            try:
                journal.append(lease, [entry(2)], DUE, 60)
            except JournalError as error:
                found[lease.payment_id] = error
            else:
                found[lease.payment_id] = None

        threads = [threading.Thread(target=work, args=(lease,)) for lease in leases]
        for thread in threads:
            thread.start()
        let_go()
        for thread in threads:
            thread.join()
    damaged = found.pop("p-7")
    assert isinstance(damaged, JournalDamaged)
    assert set(found.values()) == {None}
    for name in found:
        record = journal.read(name)
        assert record is not None
        assert record.entries == (entry(1), entry(2))


def test_many_share_a_commit(
    journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for a commit goes into the next one, up to a limit."""
    monkeypatch.setattr(sqlite_writer, "_MOST", 8)
    commits = []
    commit = journal._writer._commit

    def counting(batch: list[Any]) -> bool:
        commits.append(len(batch))
        return commit(batch)

    monkeypatch.setattr(journal._writer, "_commit", counting)
    with held(path) as let_go:
        threads = [
            threading.Thread(target=journal.begin, args=(payment(f"p-{number}"),))
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        while journal._writer._jobs.qsize() + sum(commits[:1]) < 20:
            pass
        let_go()
        for thread in threads:
            thread.join()
    assert sum(commits) == 20
    assert len(commits) <= 1 + 3
    assert max(commits) == 8
