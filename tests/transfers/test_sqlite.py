"""The journal in a file: rows that are damaged, errors, an export, and its end."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import JournalDamaged, JournalUnavailable
from kesspay.transfers import sqlite as module
from kesspay.transfers.sqlite import SqliteJournal
from tests.transfers.helpers import DUE, entry, payment, raw


if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments SET amount = '1.505'",
        "UPDATE payments SET amount = 'much'",
        "UPDATE payments SET currency = 'KHR'",
        "UPDATE payments SET entries = 3",
        "UPDATE payments SET entries = 1",
        "DELETE FROM entries WHERE number = 1",
        "UPDATE entries SET number = 7 WHERE number = 2",
        "UPDATE entries SET what = 'teleported' WHERE number = 2",
        "UPDATE entries SET facts = '[1' WHERE number = 2",
        "UPDATE entries SET facts = '1' WHERE number = 2",
        "UPDATE entries SET code = '\u20ac' WHERE number = 2",
    ],
)
def test_rows_that_were_not_written_so(path: Path, change: str) -> None:
    """A row that cannot be read, is missing or too many is damage, not a guess."""
    with SqliteJournal(path) as made:
        made.begin(payment())
        lease = made.lease("p-1", "one", 60)
        made.append(lease, [entry(1), entry(2)], DUE, 60)
    raw(path, change)
    with SqliteJournal(path) as opened:
        calls: list[Callable[[], Any]] = [
            lambda: opened.read("p-1"),
            lambda: list(opened.export()),
            lambda: opened.begin(payment()),
        ]
        for call in calls:
            with pytest.raises(JournalDamaged, match=r"p-1.*Send nothing"):
                call()


def test_a_bug_reaches_the_caller(journal: SqliteJournal) -> None:
    """An error that is no error of the journal reaches the one it belongs to."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM payments")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        journal._writer.run(work)
    assert journal.read("p-1") is not None


def test_an_export_ends_with_the_journal(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that is going on is not cut short in silence."""
    monkeypatch.setattr(module, "_PAGE", 1)
    for name in ("a", "b", "c", "d"):
        journal.begin(payment(name))
    export = journal.export()
    next(export)
    journal.close()
    with pytest.raises(JournalUnavailable, match="closed"):
        list(export)


@pytest.mark.thorough
def test_a_forgotten_journal_ends(path: Path) -> None:
    """Nothing keeps a journal alive that the program let go of."""
    journal = SqliteJournal(path)
    journal.begin(payment())
    thread = journal._writer._thread
    assert thread is not None
    gone = weakref.ref(journal)
    del journal
    gc.collect()
    assert gone() is None
    thread.join(30)
    assert not thread.is_alive()
