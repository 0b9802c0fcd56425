"""What to do next is in the JSON where the message says it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from kesspay.cli.instructions import instruction_in
from kesspay.transfers.account import Account
from kesspay.transfers.sqlite import SqliteJournal


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", ""),
        ("give --open or --state, not both", "give --open or --state, not both"),
        ("there is no terminal: give --yes", "give --yes"),
        ("It is gone. Put it back; start again.", "Put it back; start again."),
        ("all were in use: allow more; nothing was written", "allow more"),
        (
            "no case; kesspay conformance list shows all",
            "kesspay conformance list shows all",
        ),
        ("name must be a text", ""),
        ("it is kesspay 0.2", ""),
        ("the file 'x: send money' is empty", ""),
        ('the file "x; pay, then; try" is empty: remove it', "remove it"),
        ("use is made of it", ""),
        ("Nothing was sent.", ""),
    ],
)
def test_the_end_of_a_message(message: str, expected: str) -> None:
    """It begins at the first instruction that is of ours and not of a stranger."""
    assert instruction_in(message) == expected


def spoil(path: Path) -> None:
    """Leave a journal whose payment has lost an entry."""
    with SqliteJournal(path) as journal:
        journal.bind(Account("https://other.example/v1", "partner-1"), by="test")
    with closing(sqlite3.connect(path)) as tables, tables:
        tables.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    "words",
    [
        ["journal", "list", "--open", "--state", "paid"],
        ["journal", "list"],
        ["journal", "show", "order-1"],
        ["journal", "summary"],
        ["journal", "export"],
        ["journal", "account"],
        ["resume"],
        ["journal", "rebind", "--yes"],
    ],
)
@pytest.mark.usefixtures("variables")
def test_commands_of_the_journal(
    run: Callable[..., Result], tmp_path: Path, words: list[str]
) -> None:
    """Each says what to do about a journal of a newer version, as its message does."""
    place = tmp_path / "journal.sqlite"
    spoil(place)
    result = run(*words, "--json", "--journal", place)
    error = json.loads(result.stdout)["error"]
    assert result.exit_code == 2
    assert error["next"]
    assert error["message"].endswith(error["next"]) or error["next"] in error["message"]


@pytest.mark.parametrize(
    "words",
    [
        ["audit", "/no/such/file.jsonl", "--key", "/no/such/key.pem"],
        ["backend", "--bakend"],
        ["conformance", "explain", "no-such-case"],
        ["explain", "/no/such/file.json"],
        ["keys", "check", "/no/such/key.pem"],
        ["probe", "/no/such/file.jsonl"],
        ["sign", "-", "--key", "/no/such/key.pem"],
        ["transfer", "create"],
        ["verify", "-", "--key", "/no/such/key.pem"],
    ],
)
def test_other_commands(run: Callable[..., Result], words: list[str]) -> None:
    """A problem has a next step in every group of commands."""
    result = run(*words, "--json")
    error = json.loads(result.stdout)["error"]
    assert error["next"], error
