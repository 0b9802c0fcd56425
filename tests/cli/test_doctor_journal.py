"""The doctor opens the journal: what keeps it from being opened is reported."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from kesspay.cli import doctor_journal
from kesspay.errors import BackendError, JournalError
from kesspay.transfers.account import Account
from kesspay.transfers.attempt import State
from kesspay.transfers.journal import Status
from kesspay.transfers.postgres import PostgresJournal
from kesspay.transfers.sqlite import SqliteJournal
from tests.gateway.helpers import BASE_URL
from tests.support.postgres import PASSWORD
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.support.postgres import Postgres


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a journal of the account of the variables."""
    path = tmp_path / "journal.sqlite"
    with SqliteJournal(path) as journal:
        journal.bind(Account(BASE_URL, "partner-1"), by="test")
    return path


@pytest.fixture
def check(
    run: Callable[..., Result],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[object], dict[str, Any]]:
    """Return a function that has a journal checked, and returns the check."""

    def doctor(place: object) -> dict[str, Any]:
        monkeypatch.setenv("KESSPAY_JOURNAL", str(place))
        report = json.loads(run("doctor", "--offline").stdout)["checks"]
        (found,) = (check for check in report if check["name"] == "journal")
        assert bool(found["fix"]) is (found["verdict"] in {"failed", "warning"})
        return dict(found)

    return doctor


def put(path: Path, state: str) -> None:
    """Enter a payment in a state."""
    with SqliteJournal(path) as journal:
        journal.begin(payment(str(state)))
        lease = journal.lease(str(state), "test", 60)
        journal.append(lease, [], Status(str(state), 1, None), 60)
        journal.release(lease)


def test_a_healthy_journal(check: Callable[..., Any], place: Path) -> None:
    """It reports how many payments are not finished; a manual one is for a person."""
    assert check(place)["verdict"] == "ok"
    for state in (State.PAID, State.CONFIRMING, State.UNKNOWN, State.CREATED):
        put(place, state)
    found = check(place)
    assert found["verdict"] == "ok"
    assert found["found"] == "3 not finished: 2 unknown, 0 need a person"
    put(place, State.MANUAL)
    assert check(place)["verdict"] == "warning"


def test_a_state_of_another_version(check: Callable[..., Any], place: Path) -> None:
    """It counts as unknown, and is a warning: only a newer version knows what it is."""
    put(place, "settled-by-hand")
    found = check(place)
    assert found["verdict"] == "warning"
    assert found["found"] == (
        "1 not finished: 1 unknown, 0 need a person; 1 in a state that this version"
        " does not know"
    )
    assert "newer kesspay" in found["fix"]


def test_no_journal_is_made(check: Callable[..., Any], tmp_path: Path) -> None:
    """It warns where the first payment can make one, and fails where it cannot."""
    path = tmp_path / "none" / "journal.sqlite"
    found = check(path)
    assert found["verdict"] == "failed"
    assert "no folder in which the first payment can make it" in found["found"]
    path = tmp_path / "journal.sqlite"
    found = check(path)
    assert found["verdict"] == "warning"
    wanted = f"no journal yet: it will be made by the first payment, as '{path}'"
    assert found["found"] == wanted
    assert "if there were payments, correct KESSPAY_JOURNAL" in found["fix"]
    assert not path.exists()
    path.touch()
    assert check(path)["found"] == "the file is empty"
    assert path.stat().st_size == 0


def test_no_journal_in_a_database(
    check: Callable[..., Any], postgres: Postgres
) -> None:
    """It warns, and makes no schema; once a journal is there, it is opened."""
    name = f"doctor_{uuid4().hex}"
    where = f"postgresql://kesspay:{quote(PASSWORD, safe='')}@127.0.0.1:{postgres.port}"
    postgres.ask(f"CREATE DATABASE {name}")
    try:
        for _ in range(2):
            found = check(f"{where}/{name}")
            assert found["verdict"] == "warning"
            assert found["found"].endswith(
                f"the schema kesspay of the database '{name}'"
            )
        PostgresJournal(f"{where}/{name}").close()
        assert check(f"{where}/{name}")["verdict"] == "ok"
    finally:
        postgres.ask(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_file_that_is_no_journal(check: Callable[..., Any], tmp_path: Path) -> None:
    """Another file, another database, and a folder."""
    path = tmp_path / "other.sqlite"
    path.write_text("text" * 1000, encoding="utf-8")
    assert check(path)["verdict"] == "failed"
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    assert check(path)["verdict"] == "failed"
    assert check(tmp_path)["verdict"] == "failed"


def test_another_account(
    check: Callable[..., Any], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It belongs to one account; a partner id that cannot be read is not judged."""
    monkeypatch.setenv("KESSPAY_PARTNER_ID", "partner-2")
    found = check(place)
    assert found["verdict"] == "failed"
    assert "partner-1" in found["found"]
    assert "rebind" in found["fix"]
    monkeypatch.delenv("KESSPAY_PARTNER_ID")
    assert check(place)["verdict"] == "ok"


def test_a_password_is_not_shown(check: Callable[..., Any]) -> None:
    """Of a database that cannot be reached."""
    found = check("postgresql://me:canary-1@127.0.0.1:1/kess?connect_timeout=2")
    assert found["verdict"] == "failed"
    assert "canary-1" not in str(found)


@pytest.mark.parametrize("error", [JournalError("x"), BackendError("x")])
def test_other_errors(
    check: Callable[..., Any],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    """Each has a fix."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("kesspay.cli.doctor_journal.open_place", fail)
    assert check(place)["found"] == "x"


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("nfs4", "warning"), ("ext4", "ok"), ("fuse.sshfs", "warning")],
)
def test_a_network_file_system(
    check: Callable[..., Any],
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    verdict: str,
) -> None:
    """Its locks may not hold between machines, so two workers may take one payment."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path.resolve()} {kind} rw 0 0\n"
        "other:/y /other/folder nfs4 rw 0 0\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(doctor_journal, "_MOUNTS", mounts)
    found = check(place)
    assert found["verdict"] == verdict
    assert (kind in found["found"]) is (verdict == "warning")
    new = check(place.with_name("new.sqlite"))
    assert (kind in new["found"]) is ("local disk" in new["fix"]) is (kind != "ext4")
    monkeypatch.setattr(doctor_journal, "_MOUNTS", tmp_path / "none")
    assert check(place)["verdict"] == "ok"


def test_the_place_on_the_command_line(
    run: Callable[..., Result],
    variables: dict[str, str],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """--journal comes before the variable, and is named where it is wrong."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KESSPAY_JOURNAL", str(place.with_name("none.sqlite")))

    def journal(where: Path) -> dict[str, str]:
        report = json.loads(run("doctor", "--offline", "--journal", where).stdout)
        (found,) = (one for one in report["checks"] if one["name"] == "journal")
        return dict(found)

    assert journal(place)["verdict"] == "ok"
    assert "correct --journal" in journal(place.with_name("other.sqlite"))["fix"]
    empty = place.with_name("empty.sqlite")
    empty.touch()
    assert journal(empty)["fix"] == "see whether --journal is right"
    text = "postgresql://me:hunter2-hunter2@db/x"
    refused = json.loads(run("doctor", "--journal", text).stdout)
    assert (refused["command"], refused["ok"]) == ("doctor", False)
    assert "a password on the command line" in refused["error"]["message"]


def test_settings_from_a_file(
    run: Callable[..., Result],
    variables: dict[str, str],
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With --env-file it is the journal that the other commands would use."""
    path = tmp_path / "gateway.env"
    lines = [f"{name}='{value}'" for name, value in variables.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("KESSPAY_JOURNAL", str(place))
    report = json.loads(run("doctor", "--offline", "--env-file", path).stdout)["checks"]
    assert [one["verdict"] for one in report if one["name"] == "journal"] == ["ok"]
