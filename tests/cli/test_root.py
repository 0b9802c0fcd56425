"""What holds for all commands: exit codes, one line for a problem, JSON."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stdout
from types import SimpleNamespace
from typing import TYPE_CHECKING

import click
import pytest

import kesspay
from kesspay.cli import main
from kesspay.cli.root import _wants_json, root
from kesspay.errors import (
    BackendError,
    InputError,
    KesspayError,
    KeyLoadError,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result


def commands() -> Iterator[tuple[str, click.Command]]:
    """Walk all commands, groups included."""
    context = click.Context(root)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                assert found is not None
                yield f"{name} {inner}", found


COMMANDS = dict(commands())
LEAVES = [name for name, c in COMMANDS.items() if not isinstance(c, click.Group)]


def test_all_commands_are_there() -> None:
    """The commands are those of the help text."""
    assert list(COMMANDS) == [
        "canon",
        "sign",
        "verify",
        "explain",
        "conformance",
        "conformance explain",
        "conformance export",
        "conformance list",
        "conformance run",
        "audit",
        "keys",
        "keys check",
        "keys generate",
        "backend",
        "demo",
        "sandbox",
        "token",
        "transfer",
        "transfer confirm",
        "transfer create",
        "transfer query",
        "resume",
        "journal",
        "journal account",
        "journal decide",
        "journal export",
        "journal list",
        "journal rebind",
        "journal show",
        "journal summary",
        "doctor",
        "probe",
    ]


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_speaks_json_and_says_how(
    run: Callable[..., Result], name: str
) -> None:
    """The help text of each command lists the fields of its JSON object."""
    result = run(*name.split(), "--help")
    assert result.exit_code == 0
    assert "JSON fields" in result.stdout
    assert "--json" in result.stdout
    assert all(len(line) <= 88 for line in result.stdout.splitlines())


def test_the_help_text_documents_the_exit_codes(run: Callable[..., Result]) -> None:
    """All exit codes and all commands are in the first help text."""
    result = run("--help")
    assert result.exit_code == 0
    for word in ("Exit codes", " 0 ", " 1 ", " 2 ", " 10 ", " 11 ", " 20 ", "130"):
        assert word in result.stdout
    for name in root.list_commands(click.Context(root)):
        assert f"\n  {name} " in result.stdout


def test_no_option_takes_a_secret() -> None:
    """Passwords come from files and variables only."""
    for command in COMMANDS.values():
        for parameter in command.params:
            secret = any("password" in option for option in parameter.opts)
            if secret:
                assert parameter.opts in (["--password-file"], ["--password-env"])


def test_the_version_is_that_of_the_package(run: Callable[..., Result]) -> None:
    """Scripts can ask for it."""
    result = run("--version")
    assert result.exit_code == 0
    assert kesspay.__version__ in result.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command (a word of 8 characters)"),
        (["canon"], "FILE"),
        (["canon", "a", "b"], "unexpected"),
        (["--nonsense"], "(a word of 10 characters)"),
        (["canon", "--nonsense", "a"], "(a word of 10 characters)"),
        (["canon", "--jso", "a"], "Did you mean one of: '--json', '--ksort'?"),
        (["canon", "--ksort", "5", "a"], "5"),
        (["verify", "a"], "--key"),
        (["keys", "nonsense"], "(a word of 8 characters)"),
        (["keys", "check", "a"], "PUB"),
    ],
)
def test_wrong_usage_is_one_line(
    run: Callable[..., Result], arguments: list[str], words: str
) -> None:
    """Exit code 2, one line on standard error that says where to look."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
    assert "--help" in result.stderr
    report = run(*arguments, "--json")
    assert report.exit_code == 2
    assert report.stderr == ""
    error = json.loads(report.stdout)["error"]
    assert error["type"] == "UsageError"
    assert set(error) == {
        *("type", "reason", "message", "position", "path", "next", "page"),
    }


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("arguments", "in_pipes", "on_terminals"),
    [
        (["canon"], False, False),
        (["canon", "--json"], True, True),
        (["token"], True, False),
        (["transfer", "create"], True, False),
        (["transfer", "create", "--json"], True, True),
        (["nonsense"], False, False),
        ([], False, False),
    ],
)
def test_who_speaks_json_without_being_asked(
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    *,
    in_pipes: bool,
    on_terminals: bool,
) -> None:
    """Commands of the gateway do, wherever standard output is no terminal."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert _wants_json(arguments) is in_pipes
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert _wants_json(arguments) is on_terminals


def test_without_a_command_there_is_the_help_text(run: Callable[..., Result]) -> None:
    """Exit code 2, since nothing was done."""
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Usage: kesspay" in result.stderr


def test_a_path_that_no_system_has(run: Callable[..., Result]) -> None:
    """A NUL byte in a path is reported, not a ValueError."""
    result = run("canon", "a\0b")
    assert result.exit_code == 2
    assert "NUL" in result.stderr


def test_json_behind_a_double_dash_is_a_file(run: Callable[..., Result]) -> None:
    """The words behind -- are no options."""
    result = run("canon", "--", "--json")
    assert result.exit_code == 2
    assert "cannot read a value of 6 characters" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "as_json"),
    [
        (["--json", "x", "y"], True),
        (["--timeout", "9", "--json", "x", "y"], True),
        (["x", "--json"], False),
        (["--timeout", "9", "x", "--json"], False),
        (["--", "x", "--json"], False),
        (["--json=1", "x"], True),
        (["--nonsense", "--json", "x"], True),
    ],
)
def test_json_of_an_adapter_is_its_own(arguments: list[str], *, as_json: bool) -> None:
    """An option after the program that conformance run starts is for that program."""
    assert _wants_json(["conformance", "run", *arguments]) is as_json


def test_json_with_a_value_is_reported_as_json(run: Callable[..., Result]) -> None:
    """A program that gives --json=true reads JSON, and so finds out that it may not."""
    report = run("canon", "--json=true", "-")
    assert (report.exit_code, report.stderr) == (2, "")
    assert "does not take a value" in json.loads(report.stdout)["error"]["message"]


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (InputError("two\n lines"), 2),
        (BackendError("none"), 2),
        (KesspayError("\x1b[31mred"), 2),
        (KeyLoadError("password", needed="a private key"), 2),
    ],
)
def test_every_exception_of_ours_is_one_line(
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    error: KesspayError,
    exit_code: int,
) -> None:
    """Line breaks and control characters do not get through."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("kesspay.cli.documents.read_file", fail)
    result = run("canon", "x")
    assert result.exit_code == exit_code
    assert result.stderr.count("\n") == 1
    assert result.stderr.removesuffix("\n").isprintable()


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_an_interruption_has_its_own_code(
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    """An interruption is reported, and scripts see 130."""

    def interrupt(_: str) -> bytes:
        raise error

    monkeypatch.setattr("kesspay.cli.documents.read_file", interrupt)
    result = run("canon", "x")
    assert result.exit_code == 130
    assert "interrupted" in result.stderr


def test_an_error_of_click_that_names_no_command(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is one line as any other, without a help text to look at."""

    def fail(*_: object) -> bytes:
        raise click.FileError("x", "no\nsuch thing")

    monkeypatch.setattr("kesspay.cli.documents.read_file", fail)
    result = run("canon", "x")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "no such thing" in result.stderr
    assert "--help" not in result.stderr


def test_a_reader_that_went_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 141, and what is left to write at the end of Python goes nowhere."""
    path = tmp_path / "long.json"
    path.write_text('{"a":"' + "x" * 100_000 + '"}', encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as closed:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", closed)
        assert main(["canon", str(path)]) == 141
        closed.write("the last words")


def test_an_output_that_is_no_file(tmp_path: Path) -> None:
    """A program that collects its output in memory may call it."""
    path = tmp_path / "document.json"
    path.write_text("[1,]", encoding="utf-8")
    with redirect_stdout(io.StringIO()) as collected:
        assert main(["canon", "--json", str(path)]) == 2
    assert json.loads(collected.getvalue())["error"]["reason"] == "syntax"


def test_main_returns_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The entry point neither exits nor raises."""
    assert main(["--version"]) == 0
    assert main(["canon"]) == 2
    assert kesspay.__version__ in capsys.readouterr().out


def test_without_click_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and the extra to install, instead of a traceback."""
    monkeypatch.setitem(sys.modules, "click", None)
    assert main(["--help"]) == 2
    report = capsys.readouterr()
    assert report.out == ""
    assert report.err.count("\n") == 1
    assert "pip install 'kesspay[cli]'" in report.err


def test_a_broken_click_is_no_missing_click(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the absence of click itself is explained away."""

    class Broken:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "click":
                raise ModuleNotFoundError("no inner part", name="inner")

    for module in [m for m in sys.modules if m.split(".")[0] == "click"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError, match="no inner part"):
        main(["--help"])


def test_a_defect_that_moves_no_money(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is raised as it is, for a report."""

    def fail(_: str) -> bytes:
        raise RuntimeError("a defect")

    monkeypatch.setattr("kesspay.cli.documents.read_file", fail)
    with pytest.raises(RuntimeError, match="a defect"):
        main(["canon", str(tmp_path)])


def test_a_standard_input_that_gives_nothing(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Closed, or a folder: it is reported in one line."""
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["canon", "-"]) == 2
    assert capsys.readouterr().err == "kesspay: standard input (-) is closed\n"
    folder = os.open(tmp_path, os.O_RDONLY)

    class Folder:
        @staticmethod
        def read(size: int) -> bytes:
            return os.read(folder, size)

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Folder))
    assert main(["canon", "-"]) == 2
    assert capsys.readouterr().err.startswith("kesspay: cannot read standard input: ")
    os.close(folder)
