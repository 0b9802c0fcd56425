"""``kesspay journal list``: by state, and whatever is not finished."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kesspay.cli.listing import OPEN, listed
from kesspay.transfers.attempt import State
from kesspay.transfers.journal import Status
from kesspay.transfers.sqlite import SqliteJournal
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a journal with a payment in every state, and a closed one that is due."""
    path = tmp_path / "journal.sqlite"
    with SqliteJournal(path) as journal:
        for name, state, due_at in [
            *((state.value, state, None) for state in State),
            ("z-closed-due", State.CLOSED, 1.0),
        ]:
            journal.begin(payment(name))
            lease = journal.lease(name, "test", 60)
            journal.append(lease, [], Status(state.value, 1, due_at), 60)
            journal.release(lease)
    return path


@pytest.fixture
def names(run: Callable[..., Result], place: Path) -> Callable[..., list[str]]:
    """Return a function that lists, and returns the payments."""

    def call(*words: str) -> list[str]:
        result = run("journal", "list", "--journal", place, *words)
        assert result.exit_code == 0, result.output
        return [one["payment_id"] for one in json.loads(result.stdout)["payments"]]

    return call


FINISHED = {"abandoned", "closed", "not_paid", "paid", "rejected"}


def test_what_is_open(names: Callable[..., list[str]]) -> None:
    """Everything but what is finished: crashed confirms and manual ones, too."""
    expected = sorted({*State, "z-closed-due"} - FINISHED)
    assert names("--open") == expected
    assert {"confirming", "manual", "unknown", "debited"} <= set(expected)


def test_pages(names: Callable[..., list[str]]) -> None:
    """A page begins after the last payment of the one before."""
    everything = names("--open")
    found: list[str] = []
    while page := names("--open", "--limit", "2", "--after", (found or [""])[-1]):
        found += page
    assert found == everything


def test_unknown_is_also_what_is_on_its_way(names: Callable[..., list[str]]) -> None:
    """A crash leaves a payment that is unknown in one of these states."""
    assert names("--state", "unknown") == [
        "confirming",
        "debited",
        "refused",
        "unknown",
    ]
    assert names("--state", "paid") == ["paid"]
    assert names("--state", "closed") == ["closed", "z-closed-due"]


@pytest.mark.parametrize(
    ("given", "hint"),
    [("unkown", "did you mean unknown?"), ("none-of-these", "there is no such")],
)
def test_an_unknown_state(
    run: Callable[..., Result], place: Path, given: str, hint: str
) -> None:
    """Exit code 2, and the states that there are."""
    result = run("journal", "list", "--journal", place, "--state", given)
    assert result.exit_code == 2
    told = json.loads(result.stdout)["error"]["message"]
    assert hint in told
    assert all(state in told for state in State)


def test_open_or_a_state(run: Callable[..., Result], place: Path) -> None:
    """Not both at once."""
    words = ["--journal", place, "--open", "--state", "paid"]
    assert run("journal", "list", *words).exit_code == 2


def test_closed_payments_without_work_are_passed_over(place: Path) -> None:
    """However many there are before one that is due."""
    states = (State.CLOSED, State.ABANDONED)
    with SqliteJournal(place) as journal:
        (found,) = listed(journal, states, limit=1)
        assert found.payment.payment_id == "z-closed-due"
        assert not listed(journal, states, after="z-closed-due", limit=1)
        assert len(listed(journal, OPEN, limit=3)) == 3
