"""Options that several commands share, and what a command gets from them."""

from __future__ import annotations

import logging
import os
import signal
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from kesspay.cli.options import (
    Settings,
    gateway_options,
    interrupting_signals,
    journal_option,
    open_place,
    profile_options,
    stop_signals,
)
from kesspay.cli.outcome import Outcome
from kesspay.cli.root import root
from kesspay.errors import InputError, JournalUnavailable
from kesspay.signing.profile import Profile
from kesspay.transfers.postgres import MIGRATIONS
from kesspay.transfers.sqlite import SqliteJournal
from tests.gateway.helpers import CANARIES
from tests.support.postgres import PASSWORD


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from kesspay.transfers.journal import Journal
    from tests.support.postgres import Postgres


def test_a_path_cannot_hold_a_nul(run: Callable[..., Result]) -> None:
    """It is refused as wrong usage, before any file is opened."""
    result = run("canon", "a\0b")
    assert result.exit_code == 2
    assert "a path cannot hold a NUL byte" in result.stderr


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    "words",
    [
        ["sandbox", "--stop-after"],
        ["sandbox", "--fault-rate"],
        ["resume", "--watch", "--every"],
        ["conformance", "explain", "--timeout"],
    ],
)
def test_numbers_are_finite(
    run: Callable[..., Result], words: list[str], value: str
) -> None:
    """NaN is in no range, although no comparison refuses it."""
    result = run(*words, value)
    assert result.exit_code == 2
    assert f"Invalid value for '{words[-1]}'" in result.output


@pytest.mark.parametrize(
    ("words", "profile"),
    [
        ([], Profile()),
        (["--profile-precision", "17"], Profile(serialize_precision=17)),
        (["--unescaped-slashes"], Profile(unescaped_slashes=True)),
        (["--unescaped-unicode"], Profile(unescaped_unicode=True)),
        (["--profile-precision", "100"], Profile(serialize_precision=100)),
        (["--preserve-zero-fraction"], Profile(preserve_zero_fraction=True)),
        (["--ksort", "8.0"], Profile(ksort="8.0")),
        (["--ksort", "7"], Profile(ksort="7")),
    ],
)
def test_profiles(words: list[str], profile: Profile) -> None:
    """A command gets the profile that its options describe."""
    got = []

    @click.command()
    @profile_options
    def command(profile: Profile) -> Outcome:
        got.append(profile)
        return Outcome()

    assert CliRunner().invoke(command, words).exit_code == 0
    assert got == [profile]


def test_the_timeout_of_the_command_line(variables: dict[str, str]) -> None:
    """It wins over the variable, and only where it is given."""
    variables["KESSPAY_TIMEOUT"] = "7"
    assert Settings(variables).environment().client["timeout"] == 7
    assert Settings(variables, 3.0).environment().client["timeout"] == 3


def test_settings_hide_their_variables(variables: dict[str, str]) -> None:
    """They hold passwords, which no traceback may show."""
    shown = repr(Settings(variables))
    assert not [secret for secret in CANARIES.values() if secret in shown]


@pytest.mark.parametrize("words", [[], ["--verbose"]])
def test_logging_is_as_before(variables: dict[str, str], words: list[str]) -> None:
    """Only while a command runs are events of the client written, not passed on."""
    log = logging.getLogger("kesspay.gateway")
    before = (log.level, log.propagate, list(log.handlers))
    seen = []

    @click.command()
    @gateway_options
    def command(settings: Settings) -> Outcome:
        seen.append((settings.timeout, log.propagate, len(log.handlers)))
        log.debug("an event\n")
        return Outcome()

    result = CliRunner().invoke(command, words)
    assert seen == [(None, False, len(before[2]) + 1)]
    assert result.stderr == ("kesspay: an event\\x0a\n" if words else "")
    assert (log.level, log.propagate, list(log.handlers)) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_a_command(number: int) -> None:
    """A signal sets the event; the handlers of before are back at the end."""
    before = signal.getsignal(number)
    with stop_signals() as stopped:
        assert not stopped.is_set()
        os.kill(os.getpid(), number)
        assert stopped.wait(10)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_interrupt_a_command(name: str) -> None:
    """What would end the process at once is Ctrl-C, until the command is done."""
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interrupting_signals():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_signals_that_are_ignored_stay_so() -> None:
    """What nohup started does not end with its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupting_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_that_another_system_does_not_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows has no SIGHUP."""
    monkeypatch.delattr(signal, "SIGHUP")
    with pytest.raises(KeyboardInterrupt), interrupting_signals():
        os.kill(os.getpid(), signal.SIGTERM)


def test_the_journal_is_closed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command gets the journal of --journal, else the one of the variable."""
    paths = {name: tmp_path / name for name in ("option", "variable")}
    for path in paths.values():
        SqliteJournal(path).close()
    monkeypatch.setenv("KESSPAY_JOURNAL", str(paths["variable"]))
    got: list[Journal] = []

    @click.command()
    @journal_option
    def command(journal: Journal) -> Outcome:
        got.append(journal)
        assert journal.list() == []
        return Outcome()

    for words in ([], ["--journal", str(paths["option"])]):
        assert CliRunner().invoke(command, words).exit_code == 0
    assert "variable" in repr(got[0])
    assert "option" in repr(got[1])
    for journal in got:
        with pytest.raises(JournalUnavailable, match="closed"):
            journal.list()


def test_a_journal_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A wrong path must not look like a journal without payments."""
    path = tmp_path / "missing"
    with pytest.raises(
        InputError, match=r"^--journal names no journal: nothing is at "
    ):
        open_place(str(path), "--journal")
    assert not path.exists()
    path.touch()
    with pytest.raises(InputError, match="is empty"):
        open_place(str(path), "--journal")
    assert not path.read_bytes()
    with pytest.raises(InputError, match="holds a URL"):
        open_place("https://gateway.example/", "KESSPAY_JOURNAL")


def test_a_database_without_a_journal_gets_none(postgres: Postgres) -> None:
    """A wrong database is refused by name; the journal of an older one is opened."""
    import psycopg

    name = f"shop\n{uuid4().hex}"
    user = f"kesspay:{quote(PASSWORD, safe='')}@127.0.0.1:{postgres.port}"
    where = f"postgresql://{user}/{quote(name)}"
    postgres.ask(f'CREATE DATABASE "{name}"')
    try:
        with psycopg.connect(where, autocommit=True) as inside:
            for statement in (
                "SELECT",
                "CREATE TABLE schema_version AS SELECT 2 AS version",
                "CREATE SCHEMA kesspay",
            ):
                inside.execute(statement)
                with pytest.raises(InputError) as caught:
                    open_place(where, "--journal")
                assert str(caught.value) == (
                    f"--journal names no journal: the database {name!r} has none in"
                    " its schema kesspay"
                )
            made = "SELECT FROM pg_class WHERE relnamespace = 'kesspay'::regnamespace"
            assert inside.execute(made).fetchall() == []
            inside.execute(f"SET search_path = kesspay; {MIGRATIONS[0]}")
            inside.execute("CREATE TABLE schema_version AS SELECT 1 AS version")
            open_place(where, "--journal").close()
            found = inside.execute("SELECT version FROM schema_version").fetchall()
            assert found == [(len(MIGRATIONS),)]
    finally:
        postgres.ask(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_the_shell_completes_files_and_states() -> None:
    """Where a text may be a path, or is a state of a payment."""
    shell = ShellComplete(root, {}, "kesspay", "_KESSPAY_COMPLETE")
    for words in (["audit"], ["audit", "--journal"], ["journal", "list", "--journal"]):
        assert [one.type for one in shell.get_completions(words, "traf")] == ["file"]
    found = shell.get_completions(["journal", "list", "--state"], "un")
    assert [(one.type, one.value) for one in found] == [("plain", "unknown")]
