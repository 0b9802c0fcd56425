"""``kesspay resume``: what a crash left is settled, and told."""

from __future__ import annotations

import json
import threading
import time
from contextlib import nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from kesspay.cli import resume
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.gateway.helpers import credentials


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from kesspay.sandbox import Sandbox
    from kesspay.transfers.result import TransferResult
    from tests.cli.conftest import Wired


def leave(sandbox: Sandbox, path: Path, payment_id: str, fault: str) -> None:
    """Pay until a confirm meets a fault, and leave it at that."""
    # In the past, so that what is to be done next is due by now.
    journal = SqliteJournal(str(path), clock=lambda: time.time() - 100)
    settings = {**sandbox.settings, "credentials": credentials()}
    client = Client(**settings, transport=sandbox.transport)  # type: ignore[arg-type]
    transfers = Transfers(client, journal)
    pending = transfers.start(
        payment_id=payment_id,
        receiver_id="85512345678",
        amount=Decimal("0.50"),
        sender_name="Chan Sophea",
    )
    sandbox.faults.plan(fault, service=CONFIRM)
    sandbox.faults.plan("bad-gateway-before", times=9)
    result = pending.confirm("debit-1", timeout=0.2)
    assert result.outcome == "unknown"
    sandbox.faults.clear()
    journal.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return where the journal is."""
    return tmp_path / "journal.sqlite"


def test_what_was_left_is_settled(
    run: Callable[..., Result], wired: Wired, sandbox: Sandbox, place: Path
) -> None:
    """A confirm whose answer got lost turns out to be paid, once."""
    leave(sandbox, place, "order-1", "drop-after")
    result = run("resume", "--journal", place)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    (one,) = told["results"]
    (credit,) = sandbox.ledger.credits()
    assert (one["payment_id"], one["outcome"]) == ("order-1", "paid")
    assert one["fund_transfer_id"] == credit.fund_transfer_id
    assert told["counts"] == {"paid": 1, "not_paid": 0, "unknown": 0, "manual": 0}
    again = json.loads(run("resume", "--journal", place).stdout)
    assert again["results"] == []


def test_what_stays_unknown(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A transfer that is still unknown is exit code 20; the variable works."""
    leave(sandbox, place, "order-1", "drop-before")
    sandbox.faults.plan("bad-gateway-before", times=99)
    monkeypatch.setenv("KESSPAY_JOURNAL", str(place))
    result = run("resume")
    assert result.exit_code == 20
    assert json.loads(result.stdout)["counts"]["unknown"] == 1


def test_for_people(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a terminal there is a line for each payment, and the counts."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    leave(sandbox, place, "order-1", "drop-after")
    text = run("resume", "--journal", place).stdout
    assert text.startswith("paid     order-1  FT")
    assert "1 paid, 0 not_paid, 0 unknown, 0 manual" in text
    assert run("resume", "--journal", place).stdout == "Nothing is due.\n"


@pytest.mark.parametrize("wanted", [1, 2])
def test_watching_ends_after_the_payment_at_hand(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: int,
) -> None:
    """Of two that are due the second is begun only if nobody wants an end."""
    for payment_id in ("order-1", "order-2"):
        leave(sandbox, place, payment_id, "drop-after")
    stopped = threading.Event()
    shown: list[TransferResult] = []
    real = resume._Lines.result

    def result_of(self: resume._Lines, result: TransferResult) -> None:
        shown.append(result)
        real(self, result)
        if len(shown) == wanted:
            stopped.set()

    monkeypatch.setattr(resume, "told_to_stop", lambda: nullcontext(stopped))
    monkeypatch.setattr(resume._Lines, "result", result_of)
    done = run("resume", "--watch", "--journal", place)
    assert done.exit_code == 0
    told = [json.loads(line)["payment_id"] for line in done.stdout.splitlines()]
    assert told == ["order-1", "order-2"][:wanted]


@pytest.mark.parametrize("on_terminal", [False, True])
def test_watching(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    on_terminal: bool,  # noqa: FBT001 - given by pytest
) -> None:
    """It tells each result as it comes, and ends when it is asked to."""
    leave(sandbox, place, "order-1", "drop-after")
    stopped = threading.Event()
    shown: list[str] = []

    class Told:
        def __enter__(self) -> threading.Event:
            return stopped

        def __exit__(self, *_: object) -> None:
            pass

    real = resume._line

    def line(result: object) -> str:
        stopped.set()
        shown.append(real(result))  # type: ignore[arg-type]
        return shown[-1]

    monkeypatch.setattr(resume, "told_to_stop", Told)
    monkeypatch.setattr(resume, "_is_on_terminal", lambda: on_terminal)
    monkeypatch.setattr(resume, "_line", line)
    if not on_terminal:
        original = resume._Lines.result

        def result_of(self: object, result: object) -> None:
            stopped.set()
            original(self, result)  # type: ignore[arg-type]

        monkeypatch.setattr(resume._Lines, "result", result_of)
    done = run("resume", "--watch", "--every", "0.1", "--journal", place)
    assert done.exit_code == 0, done.output
    if on_terminal:
        assert shown
        assert shown[0].startswith("paid")
    else:
        (only,) = done.stdout.splitlines()
        assert json.loads(only)["outcome"] == "paid"


def test_a_pause_between_two_looks(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nothing is due it waits, and looks again."""
    SqliteJournal(str(place)).close()
    waits: list[float] = []

    class Stopped:
        def is_set(self) -> bool:
            return len(waits) == 3

        def wait(self, seconds: float) -> None:
            waits.append(seconds)

    class Told:
        def __enter__(self) -> Stopped:
            return Stopped()

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(resume, "told_to_stop", Told)
    done = run("resume", "--watch", "--every", "2", "--journal", place)
    assert (done.exit_code, done.stdout) == (0, "")
    assert waits == [2, 2, 2]


def test_where_the_journal_is(
    run: Callable[..., Result],
    variables: dict[str, str],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has to be said, has to exist, and no password belongs on a command line."""
    monkeypatch.delenv("KESSPAY_JOURNAL", raising=False)
    for words, told in (
        ([], "KESSPAY_JOURNAL"),
        (["--journal", str(place)], "--journal names no journal: there is no '"),
        (["--journal", "postgresql://me:canary-1@h/db"], "command line"),
    ):
        result = run("resume", *words)
        assert result.exit_code == 2
        assert told in json.loads(result.stdout)["error"]["message"]
        assert "canary-1" not in result.output
    assert not place.exists()
