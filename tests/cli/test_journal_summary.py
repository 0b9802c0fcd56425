"""``kesspay journal summary``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from kesspay.transfers.attempt import State
from kesspay.transfers.sqlite import SqliteJournal


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from click.testing import Result


def test_counts(run: Callable[..., Result], every_state: Path) -> None:
    """Every state has its count, its amounts as text, and its oldest payment."""
    found = json.loads(run("journal", "summary", "--journal", every_state).stdout)
    assert set(found["states"]) == set(State)
    assert found["states"]["closed"]["count"] == 2
    assert found["states"]["paid"] == {
        "count": 1,
        "amounts": {"USD": "1.50"},
        "oldest_id": "paid",
        "oldest_begun_at": found["states"]["paid"]["oldest_begun_at"],
        "oldest_age": found["states"]["paid"]["oldest_age"],
    }
    assert found["unknown"]["count"] == 4
    assert found["unknown"]["amounts"] == {"USD": "6.00"}
    assert found["due"]["count"] == 1
    assert found["overdue"] == found["at"] - 1.0


def test_a_state_of_another_version(
    run: Callable[..., Result], every_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown after those of this version."""
    with closing(sqlite3.connect(every_state)) as tables, tables:
        tables.execute("UPDATE payments SET state = 'gone' WHERE payment_id = 'paid'")
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    lines = run("journal", "summary", "--journal", every_state).stdout.splitlines()
    names = [line.partition(":")[0] for line in lines]
    assert names.index("gone") == names.index("outcome unknown") - 1


def test_only_what_is_open(run: Callable[..., Result], every_state: Path) -> None:
    """Finished payments are left out; the rest is counted as before."""
    words = ("journal", "summary", "--journal", every_state)
    whole, only_open = (
        json.loads(run(*words, *more).stdout) for more in ((), ("--open",))
    )
    assert "paid" not in only_open["states"]
    for name in ("unknown", "unfinished", "due"):
        assert only_open[name]["count"] == whole[name]["count"]


def test_for_people(
    run: Callable[..., Result], every_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line for each state that occurs, then what needs a look."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    lines = run("journal", "summary", "--journal", every_state).stdout.splitlines()
    assert lines[0] == "The journal belongs to no account yet."
    assert any(
        line.startswith("manual: 1, 1.50 USD; oldest manual, ") for line in lines
    )
    assert any(
        line.startswith("outcome unknown: 4, 6.00 USD; oldest ") for line in lines
    )
    names = [line.partition(":")[0] for line in lines]
    assert len(names) == len(set(names))
    assert any(line.startswith("overdue: up to ") for line in lines)
    assert lines[-1] == "Is a worker running? kesspay resume --watch"


def test_nothing_is_open(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty journal says none, and asks for no worker."""
    place = tmp_path / "empty.sqlite"
    SqliteJournal(place).close()
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    text = run("journal", "summary", "--journal", place).stdout
    assert text == (
        "The journal belongs to no account yet.\n"
        "outcome unknown: none\nnot finished: none\ndue: none\n"
    )
