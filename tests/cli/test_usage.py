"""What is wrong with a command line is said without what was written on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from kesspay.cli.usage import usage_message


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


SECRET = "hunter2-hunter2"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([SECRET], "No such command (a word of 15 characters)"),
        (["keys", SECRET], "No such command (a word of 15 characters)"),
        ([f"--{SECRET}"], "No such option (a word of 17 characters)"),
        (["canon", f"--{SECRET}=x", "a"], "No such option (a word of 17 characters)"),
        (["canon", "--ksort", SECRET, "a"], "(a word of 15 characters) is not one of"),
        (["canon", f"--ksort={PEM}", "a"], "(a PEM text) is not one of '8.2'"),
        (["canon", "a", SECRET], "unexpected extra argument ((a word of 15 characters"),
        (["canon", f"-x{SECRET}", "a"], "No such option"),
        (["journal", "list", "--limit", "20000000001.0"], "(a number) is not a valid"),
        (
            ["journal", "list", "--limit", "020000000001"],
            "(hidden) is not in the range",
        ),
        (["journal", "list", "--limit", "20000"], "20000 is not in the range"),
        (["canon", "--ksort", "keys/a.pem", "a"], "'keys/a.pem' is not one of"),
        (["canon", f"--json={SECRET}", "a"], "'--json' does not take a value"),
    ],
)
def test_values_are_not_repeated(
    run: Callable[..., Result], arguments: list[str], message: str
) -> None:
    """The kind of a value stands in its place, on standard error and in JSON."""
    for options in ([], ["--json"]):
        result = run(*arguments, *options)
        assert result.exit_code == 2
        shown = result.stdout or result.stderr
        if options:
            shown = json.loads(shown)["error"]["message"]
        assert message in shown
        assert "hunter2-" not in result.output
        assert "MIIE" not in result.output


def test_the_name_of_a_command_is_one_of_ours(run: Callable[..., Result]) -> None:
    """A value that follows a group is no part of the name in JSON."""
    for words, name in (
        (["keys", SECRET], "keys"),
        (["journal", "--x", SECRET, "show"], "journal show"),
        (["journal", "show", SECRET, "list", "--journal", "a.sqlite"], "journal show"),
    ):
        result = run(*words, "--json")
        assert json.loads(result.stdout)["command"] == name
        assert SECRET not in result.output


def test_an_error_without_a_context() -> None:
    """An error that belongs to no command is treated alike."""
    error = click.ClickException(f"cannot open {SECRET!r} or 'x'")
    assert usage_message(error, [SECRET, "x"]) == (
        "cannot open (a word of 15 characters) or 'x'"
    )


def test_a_typing_error_is_still_found(run: Callable[..., Result], keys: Path) -> None:
    """A name of ours that is nearly right is named by click."""
    result = run("verify", "--kye", keys / "rsa-2048.pub.pem", "body.json")
    assert "--key" in result.stderr
