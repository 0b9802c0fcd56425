"""No option, no argument and no variable of a command shows a secret in it."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

import click
import pytest

from kesspay.cli.root import root
from kesspay.gateway.environment import VARIABLES
from kesspay.transfers.sqlite import SqliteJournal
from tests.support.misplaced import KINDS, leaks, names_in, some
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from tests.cli.conftest import Wired


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        part = command.get_command(context, name)
        assert part is not None
        yield from commands(part, (*path, name))


PARAMETERS = [
    (path, parameter)
    for path, command in commands(root)
    for parameter in command.params
    if not getattr(parameter, "is_flag", False)
]
#: What the other parameters are given, so that a command gets as far as it can.
GIVEN = {
    "key_file": str(KEYS / "rsa-2048.pem"),
    "key_files": str(KEYS / "rsa-2048.pub.pem"),
    "ring_file": "ring.toml",
    "paths": "traffic.jsonl",
    "out": "verdicts",
    "priv": str(KEYS / "rsa-2048.pem"),
    "pub": str(KEYS / "rsa-2048.pub.pem"),
    "file": "document.json",
    "body": "document.json",
    "place": "journal.sqlite",
    "home": "home",
    "port": "0",
    "stop_after": "0.01",
    "out_trade_no": "order-1",
    "receiver": "85512345678",
    "sender": "Chan Sophea",
    "amount": "0.50",
    "payment_id": "order-1",
    "partner_transaction_id": "debit-1",
}
#: What is in the folder of a test.
GIVEN_FILES = (
    "document.json",
    "gateway.pem",
    "journal.sqlite",
    "ring.toml",
    "traffic.jsonl",
)
#: Names of business that are shown again, and a text that explain compares with.
SHOWN_AGAIN = frozenset(
    {"out_trade_no", "receiver", "sender", "partner_transaction_id", "expected"}
)
#: Paths of what is made: a word is a name for it.
MADE = frozenset(
    {"priv", "pub", "home", "out", "failures", "evidence", "report", "folder"}
)


def words_of(
    path: tuple[str, ...], wrong: click.Parameter, value: str
) -> Iterator[str]:
    """Write a command line with one value in the wrong place."""
    yield from path
    arguments = []
    for where, parameter in PARAMETERS:
        if where != path:
            continue
        text = value if parameter is wrong else GIVEN.get(parameter.name or "")
        if text is None:
            continue
        if isinstance(parameter, click.Argument):
            arguments.append(text)
        else:
            yield f"{parameter.opts[0]}={text}"
    yield from ("--", *arguments)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a document and a journal."""
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    (place / "document.json").write_text('{"amount":1}', encoding="ascii")
    (place / "gateway.pem").write_bytes((KEYS / "rsa-2048.pub.pem").read_bytes())
    (place / "traffic.jsonl").write_text('{"body":"{}","t":1}\n', encoding="ascii")
    (place / "ring.toml").write_text('[[key]]\nname="a"\nfile="gateway.pem"\n')
    SqliteJournal("journal.sqlite").close()
    monkeypatch.delenv("KESSPAY_JOURNAL", raising=False)
    # Some of the values name a database that cannot be reached: resume would wait.
    monkeypatch.setattr("kesspay.cli.resume._TIMEOUT", 0.01)
    return place


@pytest.mark.one_in(4)
@pytest.mark.usefixtures("wired")
@pytest.mark.parametrize("number", range(len(PARAMETERS)))
def test_no_parameter_shows_a_secret(
    run: Callable[..., Result],
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    """Whatever a parameter is given, nothing printed or made shows of it."""
    caplog.set_level(logging.DEBUG)
    path, parameter = PARAMETERS[number]
    everywhere = 2 if parameter.name in ("place", "env_file") else 9
    for kind in some(number, everywhere):
        text, secrets = KINDS[kind]
        if parameter.name in MADE and KINDS[kind].is_word:
            continue
        shutil.rmtree("verdicts", ignore_errors=True)
        result = run(*words_of(path, parameter, text))
        if parameter.name in SHOWN_AGAIN and result.exit_code != 2:
            continue
        shown = f"{result.stdout}{result.stderr}{caplog.text}"
        shown += "\n".join(names_in(folder))
        assert not leaks(secrets, shown), (path, parameter.name, kind)


#: Names of the account, which the doctor shows: a word is at home there.
ACCOUNT = frozenset({"KESSPAY_PARTNER_ID", "KESSPAY_USER_NAME"})
WORDS = frozenset(
    {"word", "word with dots", "word with slash", "rooted word", "odd word", "digits"}
)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("variable", sorted({*VARIABLES, "KESSPAY_JOURNAL"}))
def test_no_variable_shows_a_secret(
    run: Callable[..., Result],
    variables: dict[str, str],
    wired: Wired,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """Whatever a variable is given, neither a command nor the doctor shows of it."""
    del wired
    for name in variables:
        if name.removesuffix("_FILE") == variable.removesuffix("_FILE"):
            monkeypatch.delenv(name)
    number = sorted({*VARIABLES, "KESSPAY_JOURNAL"}).index(variable)
    for kind in some(number, 3 if variable.endswith("_FILE") else 6):
        text, secrets = KINDS[kind]
        if variable in ACCOUNT and kind in WORDS:
            continue
        monkeypatch.setenv(variable, text)
        for words in (
            ("doctor", "--offline"),
            ("token", "--json"),
            ("resume",),
            ("journal", "list"),
        ):
            if words[0] in ("resume", "journal") and variable != "KESSPAY_JOURNAL":
                continue
            result = run(*words)
            assert not leaks(secrets, result.stdout + result.stderr), (words, kind)
    assert {*names_in(folder)} <= {*GIVEN_FILES}


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://kess:hunter2@h/kess",
        "postgres://h/kess?user=kess&password=hunter2",
        "postgresql://h/kess?pass%77ord=hunter2",
        "postgresql://h/kess?sslpassword=hunter2",
        "postgresql+psycopg://kess:hunter2@h/kess",
        "jdbc:postgresql://h/kess?password=hunter2",
        "host=h password=hunter2",
        "redis://:hunter2@h",
    ],
)
def test_a_password_on_the_command_line(run: Callable[..., Result], place: str) -> None:
    """A password in any part of what --journal is given is refused as one."""
    result = run("journal", "list", "--journal", place)
    assert result.exit_code == 2
    assert "a password on the command line can be read" in result.output
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("postgresql+psycopg://kess:hunter2@h/kess", "a connection string (40 char"),
        ("host=h password=hunter2", "a connection string (23 characters)"),
        (KINDS["PKCS#8"].text, "a PEM text (1704 characters)"),
    ],
)
def test_a_variable_that_is_no_journal(
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    kind: str,
) -> None:
    """What was found, and what the variable takes, is said."""
    monkeypatch.setenv("KESSPAY_JOURNAL", place)
    result = run("journal", "list")
    assert result.exit_code == 2
    assert f"KESSPAY_JOURNAL holds {kind}" in result.output
    assert "a URL that begins with postgresql://" in result.output


def test_a_new_file_is_not_named_by_a_secret(
    run: Callable[..., Result], folder: Path
) -> None:
    """Keys are not written to a file whose name is a key or a password."""
    text = KINDS["short PEM"].text.replace("/", "")
    for words in ((text, "public.pem"), ("private.pem", text)):
        result = run("keys", "generate", "--", *words)
        assert result.exit_code == 2
        assert "found a PEM text (" in result.stderr
    assert not {*names_in(folder)} - {*GIVEN_FILES}
