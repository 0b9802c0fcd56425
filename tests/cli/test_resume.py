"""``kesspay resume``: what a crash left is finished, whatever is missing."""

from __future__ import annotations

import errno
import json
import math
import sqlite3
import sys
import threading
import time
from contextlib import nullcontext
from decimal import Decimal
from typing import TYPE_CHECKING, Self, cast
from urllib.parse import quote

import pytest

from kesspay.cli import main, resume
from kesspay.cli.resume import Away
from kesspay.errors import JournalDamaged, JournalError, JournalUnavailable
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers
from tests.cli.conftest import Refusing
from tests.gateway.helpers import credentials
from tests.support.postgres import PASSWORD


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from threading import Event

    from click.testing import Result

    from kesspay.sandbox import Sandbox
    from kesspay.transfers.journal import Journal, Lease
    from kesspay.transfers.payment import TransferResult
    from tests.cli.conftest import Wired
    from tests.support.postgres import Postgres


def leave(
    sandbox: Sandbox, path: Path, payment_id: str, fault: str, ago: float = 400
) -> None:
    """Pay until a confirm meets a fault, and leave it at that."""
    # In the past: a query is due by now, and the window of a confirm is over.
    journal = SqliteJournal(str(path), clock=lambda: time.time() - ago)
    leave_in(journal, sandbox, payment_id, fault)


def leave_in(journal: Journal, sandbox: Sandbox, payment_id: str, fault: str) -> None:
    """Do so in a journal that is there, and close it."""
    settings = {**sandbox.settings, "credentials": credentials()}
    client = Client(**settings, transport=sandbox.transport)  # type: ignore[arg-type] # mixed settings
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
    report = json.loads(result.stdout)
    (one,) = report["results"]
    (credit,) = sandbox.ledger.credits()
    assert (one["payment_id"], one["outcome"]) == ("order-1", "paid")
    assert one["fund_transfer_id"] == credit.fund_transfer_id
    assert report["counts"] == {"paid": 1, "not_paid": 0, "unknown": 0, "manual": 0}
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
    """Of two that are due the second is begun only if no end was asked for."""
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

    monkeypatch.setattr(resume, "stop_signals", lambda: nullcontext(stopped))
    monkeypatch.setattr(resume._Lines, "result", result_of)
    done = run("resume", "--watch", "--journal", place)
    assert done.exit_code == 0
    # Which is due first depends on how long the two calls of ``leave`` took.
    report = {json.loads(line)["payment_id"] for line in done.stdout.splitlines()}
    assert len(report) == wanted
    assert report <= {"order-1", "order-2"}


@pytest.mark.parametrize("on_terminal", [False, True])
def test_watching(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    on_terminal: bool,  # noqa: FBT001 - given by pytest
) -> None:
    """It prints each result as it comes, and ends when it is asked to."""
    leave(sandbox, place, "order-1", "drop-after")
    stopped = threading.Event()
    shown: list[str] = []

    class Signals:
        def __enter__(self) -> threading.Event:
            return stopped

        def __exit__(self, *_: object) -> None:
            pass

    real = resume._line

    def line(result: object) -> str:
        stopped.set()
        shown.append(real(result))  # type: ignore[arg-type] # any result
        return shown[-1]

    monkeypatch.setattr(resume, "stop_signals", Signals)
    monkeypatch.setattr(resume, "_is_on_terminal", lambda: on_terminal)
    monkeypatch.setattr(resume, "_line", line)
    if not on_terminal:
        original = resume._Lines.result

        def result_of(self: object, result: object) -> None:
            stopped.set()
            original(self, result)  # type: ignore[arg-type] # any result

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

    class Signals:
        def __enter__(self) -> Stopped:
            return Stopped()

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(resume, "stop_signals", Signals)
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
    for words, report in (
        ([], "KESSPAY_JOURNAL"),
        (["--journal", str(place)], "--journal names no journal: nothing is at '"),
        (["--journal", "postgresql://me:canary-1@h/db"], "command line"),
    ):
        result = run("resume", *words)
        assert result.exit_code == 2
        assert report in json.loads(result.stdout)["error"]["message"]
        assert "canary-1" not in result.output
    assert not place.exists()


class Pauses:
    """Ends pauses at once, and does something in each."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        """Take what is done in the first pauses; the last one ends the command."""
        self._acts = list(acts)
        self._is_set = False
        self.pauses: list[float] = []

    def __enter__(self) -> Self:
        """Be the event."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def is_set(self) -> bool:
        """Say whether the end was asked for."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Pause."""
        self.pauses.append(seconds)
        if self._acts:
            self._acts.pop(0)()
        else:
            self._is_set = True
        return self._is_set


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pauses]:
    """Return a function that says what happens in the pauses of the command."""

    def put(*acts: Callable[[], object]) -> Pauses:
        made = Pauses(*acts)
        monkeypatch.setattr(resume, "stop_signals", lambda: made)
        return made

    return put


def fails(monkeypatch: pytest.MonkeyPatch, call: str, error: JournalError) -> None:
    """Let a call of the journal fail each time."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(SqliteJournal, call, fail)


@pytest.fixture
def is_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that lets the next looks at due payments fail."""

    def fail(times: int) -> None:
        real = SqliteJournal.take_due
        left = [None] * times

        def take_due(self: SqliteJournal, *given: object) -> object:
            if left:
                left.pop()
                raise JournalUnavailable("the journal is away.")
            return real(self, *given)  # type: ignore[arg-type] # its own arguments

        monkeypatch.setattr(SqliteJournal, "take_due", take_due)

    return fail


def test_a_transfer_that_is_unknown_and_not_due(
    run: Callable[..., Result], wired: Wired, sandbox: Sandbox, place: Path
) -> None:
    """Exit code 20 while anything is unknown, though there was nothing to do."""
    leave(sandbox, place, "order-1", "drop-before", ago=-100)
    result = run("resume", "--journal", place)
    report = json.loads(result.stdout)
    assert (result.exit_code, report["results"]) == (20, [])
    assert report["unknown"] == ["order-1"]


def test_what_is_unknown_is_explained(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command that lists them is named."""
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    leave(sandbox, place, "order-1", "drop-before", ago=-100)
    result = run("resume", "--journal", place)
    assert result.exit_code == 20
    assert "kesspay journal list --state unknown" in result.stdout


def test_a_locked_file(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    pauses: Callable[..., Pauses],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another program locks the file: it says so, waits, and settles the payment."""
    defaults = SqliteJournal.__init__.__kwdefaults__ or {}
    monkeypatch.setitem(defaults, "busy_timeout", 0.3)
    leave(sandbox, place, "order-1", "drop-after")
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    pauses(lambda: other.execute("COMMIT"))
    result = run("resume", "--journal", place)
    other.close()
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["counts"]["paid"] == 1
    first, *_, last = result.stderr.splitlines()
    assert "Trying again in 1 s." in first
    assert last == "kesspay: the journal is available again"


def test_a_journal_that_is_away_while_watching(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    pauses: Callable[..., Pauses],
    is_away: Callable[[int], None],
) -> None:
    """It runs until it is interrupted, and finishes the payment."""
    leave(sandbox, place, "order-1", "drop-after")
    is_away(9)
    made = pauses(*[lambda: None] * 9)
    done = run("resume", "--watch", "--journal", place)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["outcome"] == "paid"
    assert made.pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 5]
    assert done.stderr.count("Trying again") == 9


def test_an_end_while_the_journal_is_away(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    pauses: Callable[..., Pauses],
    is_away: Callable[[int], None],
) -> None:
    """Ending a worker does not wait for the journal."""
    SqliteJournal(str(place)).close()
    is_away(9)
    pauses()
    assert run("resume", "--watch", "--journal", place).exit_code == 0


@pytest.mark.parametrize("call", ["take_due", "list"])
def test_a_journal_that_stays_away(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    """A single pass ends with 20: money may be on its way."""
    SqliteJournal(str(place)).close()
    fails(monkeypatch, call, JournalUnavailable("the journal is away."))
    result = run("resume", "--timeout", "0.1", "--journal", place)
    assert result.exit_code == 20
    assert json.loads(result.stdout)["error"]["type"] == "JournalUnavailable"


def test_an_end_while_what_is_unknown_is_looked_for(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    pauses: Callable[..., Pauses],
) -> None:
    """What is not known is 20 as well."""
    SqliteJournal(str(place)).close()
    fails(monkeypatch, "list", JournalUnavailable("the journal is away."))
    pauses()
    result = run("resume", "--journal", place)
    assert result.exit_code == 20


@pytest.mark.parametrize("watch", [[], ["--watch"]])
def test_what_no_waiting_helps(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    watch: list[str],
) -> None:
    """A damaged journal ends the worker at once."""
    SqliteJournal(str(place)).close()
    fails(monkeypatch, "take_due", JournalDamaged("the journal is damaged."))
    result = run("resume", *watch, "--journal", place)
    assert result.exit_code == 2
    assert "Trying again" not in result.stderr


@pytest.mark.parametrize("watch", [[], ["--watch"]])
def test_a_database_that_refuses_the_password(
    run: Callable[..., Result],
    wired: Wired,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
    watch: list[str],
) -> None:
    """The settings are wrong, and nothing was sent: exit code 2, at once."""
    where = f"kesspay:not-{quote(PASSWORD)}@127.0.0.1:{postgres.port}/postgres"
    monkeypatch.setenv("KESSPAY_JOURNAL", f"postgresql://{where}")
    result = run("resume", *watch)
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "InputError"
    assert "KESSPAY_JOURNAL: PostgreSQL refuses the connection" in error["message"]
    assert "Trying again" not in result.stderr
    assert PASSWORD not in result.output
    # A command that only reads says the same.
    assert run("journal", "list").exit_code == 2


@pytest.mark.parametrize("watch", [[], ["--watch"]])
def test_a_password_that_changes_meanwhile(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    watch: list[str],
) -> None:
    """It ends at once with 20: a confirm may have been under way."""
    SqliteJournal(str(place)).close()
    error = JournalUnavailable("PostgreSQL refuses the connection.")
    error.is_refused = True
    fails(monkeypatch, "take_due", error)
    result = run("resume", *watch, "--journal", place)
    assert result.exit_code == 20
    assert "Trying again" not in result.stderr


def test_the_timeout_is_that_of_transfers(
    run: Callable[..., Result],
    wired: Wired,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """--timeout limits each payment, and not each request alone."""
    SqliteJournal(str(place)).close()
    given: list[object] = []

    class Nothing:
        def __init__(self, *_: object, timeout: float, **_others: object) -> None:
            given.append(timeout)

        def resume(self) -> list[TransferResult]:
            return []

    monkeypatch.setattr("kesspay.transfers.transfers.Transfers", Nothing)
    assert run("resume", "--timeout", "2", "--journal", place).exit_code == 0
    assert run("resume", "--journal", place).exit_code == 0
    assert given == [2, 60]


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EPIPE])
def test_watching_without_room_for_its_lines(
    wired: Wired,
    sandbox: Sandbox,
    place: Path,
    pauses: Callable[..., Pauses],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    reason: int,
) -> None:
    """A full disk does not stop it, and is said once; a reader that went away does."""
    for payment_id in ("order-1", "order-2"):
        leave(sandbox, place, payment_id, "drop-after")
    made = pauses(lambda: None)
    monkeypatch.setattr(sys, "stdout", Refusing(OSError(reason, "x")).stream())
    assert main(["resume", "--watch", "--journal", str(place)]) == 20
    said = capfd.readouterr().err
    # A full disk is reported when it is met, and again at the end.
    assert said.count("\n") == (2 if reason == errno.ENOSPC else 1)
    assert "kesspay journal list" in said
    assert len(made.pauses) == (2 if reason == errno.ENOSPC else 0)
    with SqliteJournal(str(place)) as journal:
        assert journal.list(state="paid")


@pytest.mark.one_in(2)
@pytest.mark.parametrize("watch", [[], ["--watch"]])
def test_a_database_that_is_away(
    run: Callable[..., Result],
    wired: Wired,
    sandbox: Sandbox,
    postgres: Postgres,
    pauses: Callable[..., Pauses],
    monkeypatch: pytest.MonkeyPatch,
    watch: list[str],
) -> None:
    """Not up yet at the beginning, and ended once more: the payment is settled."""
    where = f"kesspay:{quote(PASSWORD)}@127.0.0.1:{postgres.port}/postgres"
    monkeypatch.setenv("KESSPAY_JOURNAL", f"postgresql://{where}")
    leave_in(PostgresJournal(postgres.conninfo), sandbox, "order-1", "drop-after")
    with postgres.connect() as connection:
        connection.execute("UPDATE kesspay.payments SET due_at = 1")
    real = PostgresJournal.take_due
    restarts = [None]

    def take_due(
        self: PostgresJournal, owner: str, seconds: float, limit: int
    ) -> Sequence[Lease]:
        if restarts:
            restarts.pop()
            postgres.restart()
        return real(self, owner, seconds, limit)

    monkeypatch.setattr(PostgresJournal, "take_due", take_due)
    postgres.halt()
    try:
        pauses(postgres.start, *[lambda: time.sleep(0.2)] * 9)
        result = run("resume", *watch, "--verbose")
    finally:
        with postgres.connect() as connection:
            found = connection.execute("SELECT state FROM kesspay.payments").fetchall()
            connection.execute("DROP SCHEMA kesspay CASCADE")
    assert "Trying again in 1 s." in result.stderr
    assert PASSWORD not in result.output
    assert "order-1" in result.stdout
    # The confirm may go again before the query that finds it.
    assert found[0][0] in ("paid", "unknown")


class Clock:
    """A clock, and the event that ends a pause."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.now = 0.0
        self.pauses: list[float] = []
        self.stopped = False

    def wait(self, seconds: float) -> bool:
        """Let time go by."""
        self.now += seconds
        self.pauses.append(seconds)
        return self.stopped


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that is that of the module."""
    made = Clock()
    monkeypatch.setattr(resume.time, "monotonic", lambda: made.now)  # type: ignore[attr-defined] # a module that it imports
    return made


def away_of(clock: Clock, patience: float) -> Away:
    """Return what waits by a clock."""
    return Away(cast("Event", clock), patience)


ERROR = JournalUnavailable("the journal is locked")


def test_pauses_grow(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """They double up to a minute, and begin anew when the journal was there."""
    waiting = away_of(clock, math.inf)
    assert all(waiting.wait(ERROR) for _ in range(8))
    assert clock.pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    report = capsys.readouterr().err.splitlines()
    assert report[1] == "kesspay: the journal is locked. Trying again in 2 s."
    waiting.is_back()
    waiting.is_back()
    assert capsys.readouterr().err == "kesspay: the journal is available again\n"
    assert waiting.wait(ERROR)
    assert clock.pauses[-1] == 1


def test_patience_ends(clock: Clock) -> None:
    """The last pause ends with it; then the error is raised as it is."""
    waiting = away_of(clock, 5)
    for _ in range(3):
        assert waiting.wait(ERROR)
    assert clock.pauses == [1, 2, 2]
    with pytest.raises(JournalUnavailable, match="locked"):
        waiting.wait(ERROR)


def test_a_signal_ends_it(clock: Clock) -> None:
    """Then it is not tried again."""
    clock.stopped = True
    assert not away_of(clock, 5).wait(ERROR)
