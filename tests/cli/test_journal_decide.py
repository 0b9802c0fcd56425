"""``kesspay journal decide``: what a person decided is recorded."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, QUERY
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.gateway.helpers import credentials


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from kesspay.sandbox import Sandbox
    from tests.cli.conftest import Wired


NOTE = "KESS, 1 December, ticket 4711"


@pytest.fixture
def manual(tmp_path: Path, sandbox: Sandbox, wired: Wired) -> Path:
    """Make a journal with a payment of which a query named another amount."""
    path = tmp_path / "manual.sqlite"
    settings: dict[str, Any] = {**sandbox.settings, "credentials": credentials()}
    client = Client(**settings, transport=wired.behind)
    with SqliteJournal(path) as journal, Transfers(client, journal) as transfers:
        pending = transfers.start(
            payment_id="order-1",
            receiver_id="85512345678",
            amount=Decimal("0.50"),
            sender_name="Chan Sophea",
        )
        sandbox.faults.plan("drop-after", service=CONFIRM)
        sandbox.faults.plan("wrong-amount", service=QUERY)
        assert pending.confirm("debit-1").outcome == "manual"
    return path


def test_a_decision(run: Callable[..., Result], manual: Path, sandbox: Sandbox) -> None:
    """It is in the timeline, and the payment is no longer open."""
    sandbox.faults.plan("refused=NOTEXIST", service=QUERY)
    words = ("journal", "decide", "order-1", "--journal", manual, "--note", NOTE)
    result = run(*words, "--as", "not_paid", "--yes")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["command"], found["decision"]) == ("journal decide", "not_paid")
    assert found["result"]["outcome"] == "manual"
    assert "receiver_name" not in found["result"]
    shown = json.loads(run("journal", "show", "order-1", "--journal", manual).stdout)
    assert shown["entries"][-1]["what"] == "decided"
    assert shown["entries"][-1]["facts"]["note"] == NOTE
    assert shown["result"]["next_step"] == found["result"]["next_step"]
    listed = json.loads(run("journal", "list", "--open", "--journal", manual).stdout)
    assert listed["payments"] == []
    only = json.loads(run("journal", "summary", "--open", "--journal", manual).stdout)
    assert only["unfinished"]["count"] == 0
    assert run(*words, "--as", "not_paid", "--yes").exit_code == 0
    other = run(*words, "--as", "paid", "--yes")
    assert other.exit_code == 2
    assert "journal show" in json.loads(other.stdout)["error"]["next"]


def test_for_people(
    run: Callable[..., Result],
    manual: Path,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person reads what was decided, and what to do now."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    sandbox.faults.plan("refused=NOTEXIST", service=QUERY)
    words = ("journal", "decide", "order-1", "--journal", manual, "--note", NOTE)
    lines = run(*words, "--as", "paid", "--yes").stdout.splitlines()
    assert lines[0] == "Payment order-1 is decided as paid."
    assert lines[1].startswith("next: capture the debit")
    timeline = run("journal", "show", "order-1", "--journal", manual).stdout
    assert f"note {NOTE}" in timeline.splitlines()[-1]
    assert "a person made the decision" in timeline.splitlines()[-1]


@pytest.mark.parametrize(("verdict", "code"), [("paid", 0), ("not_paid", 10)])
def test_a_gateway_that_says_success(
    run: Callable[..., Result],
    manual: Path,
    monkeypatch: pytest.MonkeyPatch,
    verdict: str,
    code: int,
) -> None:
    """It is paid; a script must not give the debit back after this."""
    words = ("journal", "decide", "order-1", "--journal", manual, "--note", NOTE)
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    result = run(*words, "--as", verdict, "--yes")
    assert result.exit_code == code
    assert result.stdout.startswith("The gateway says that payment order-1 is paid")
    assert ("not recorded as not paid" in result.stdout) is (code == 10)
    shown = json.loads(run("journal", "export", "--journal", manual).stdout)
    assert shown["state"] == "paid"


@pytest.mark.parametrize("answer", ["y", "n", None])
def test_it_asks(
    run: Callable[..., Result],
    manual: Path,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    answer: str | None,
) -> None:
    """Without --yes a person has to agree, and without a terminal no one can."""
    sandbox.faults.plan("refused=NOTEXIST", service=QUERY)
    monkeypatch.setattr(
        "kesspay.cli.journal_decide.can_ask", lambda: answer is not None
    )
    words = ("journal", "decide", "order-1", "--journal", manual, "--note", NOTE)
    result = run(*words, "--as", "not_paid", stdin=f"{answer}\n")
    assert result.exit_code == {"y": 0, "n": 11, None: 2}[answer]
    state = json.loads(run("journal", "export", "--journal", manual).stdout)["state"]
    assert state == ("decided" if answer == "y" else "manual")


def test_a_payment_that_is_not_there(run: Callable[..., Result], manual: Path) -> None:
    """It is refused before anything is sent."""
    words = ("journal", "decide", "order-2", "--journal", manual, "--note", NOTE)
    result = run(*words, "--as", "paid", "--yes")
    assert result.exit_code == 2
    assert "was not started" in json.loads(result.stdout)["error"]["message"]
