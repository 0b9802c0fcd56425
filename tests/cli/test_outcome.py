"""Outcomes and problems as JSON, and messages without what was written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from kesspay.cli.outcome import (
    KEY_ADVICE,
    KEY_ADVICE_OF_VARIABLES,
    Outcome,
    Problem,
    document,
    problem_of,
    usage_message,
)
from kesspay.errors import (
    InputError,
    JournalDamaged,
    KeyLoadError,
    NotSent,
    OutcomeUnknown,
)


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


@pytest.mark.parametrize(
    "words",
    [
        ["audit", "x", "--threads", "0"],
        ["audit", "x", "--threads=0"],
        ["explain", "--ksort", "9"],
        ["explain", "--ksort=threads=ksort"],
        ["conformance", "run", "--timeout=hunter2-", "x"],
    ],
)
def test_an_option_is_named_in_the_message_about_its_value(
    run: Callable[..., Result], words: list[str]
) -> None:
    """No piece of a name of ours is taken for a value, however the value is given."""
    result = run(*words)
    option = next(word for word in words if word.startswith("--")).partition("=")[0]
    assert f"Invalid value for '{option}': " in result.output
    assert "hunter2-" not in result.output


def test_a_typing_error_is_still_found(run: Callable[..., Result], keys: Path) -> None:
    """A name of ours that is nearly right is named by click."""
    result = run("verify", "--kye", keys / "rsa-2048.pub.pem", "body.json")
    assert "--key" in result.stderr


def test_the_json_of_an_outcome_is_ascii() -> None:
    """JSON survives every encoding and every terminal."""
    text = document(Outcome("x", {"text": "\x1b\u202e\u17b6"}), ["w\u2028"])
    assert text.isascii()
    assert json.loads(text) == {
        "ok": True,
        "command": "x",
        "text": "\x1b\u202e\u17b6",
        "warnings": ["w\u2028"],
    }


def test_the_page_about_a_problem() -> None:
    """The page of the runbook stands at the end of the line, and in the JSON."""
    page = "docs/runbook.md#the-journal-is-damaged"
    problem = problem_of(JournalDamaged("The journal is damaged."), "resume")
    assert problem.line == f"The journal is damaged. See {page}"
    assert json.loads(document(problem, []))["error"]["page"] == page
    away = problem_of(NotSent("The log-in failed."), "token")
    assert away.page == "docs/runbook.md#the-gateway-is-down"
    both = Problem("InputError", "no.", 2, advice="try it.", page=page)
    assert both.line == f"no; try it. See {page}"
    short = Problem("InputError", "no", 2, page=page)
    assert short.line == f"no; see {page}"
    assert problem_of(InputError("no."), "canon").page == ""


def test_the_json_of_a_problem() -> None:
    """A problem is under "error", with what to do next; it is not ok."""
    problem = Problem("InputError", "no.", 2, advice="try", command="canon")
    assert problem.line == "no; try"
    assert json.loads(document(problem, [])) == {
        "ok": False,
        "command": "canon",
        "error": {
            "type": "InputError",
            "reason": None,
            "message": "no.",
            "position": None,
            "path": None,
            "next": "try",
            "page": "",
        },
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [(NotSent("no"), 11), (OutcomeUnknown("lost"), 20)],
)
def test_the_exit_code_of_a_gateway_error(error: NotSent, code: int) -> None:
    """It is that of the outcome, and the next step is said once."""
    problem = problem_of(error, "transfer create")
    assert problem.exit_code == code
    assert problem.gateway is not None
    assert problem.gateway["outcome"] == error.outcome
    assert problem.line.count(problem.advice) == 1


def test_advice_for_variables_is_about_known_reasons() -> None:
    """What is said where a key comes from a variable replaces what is said else."""
    assert set(KEY_ADVICE_OF_VARIABLES) < set(KEY_ADVICE)


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("sign", "--password-file"),
        ("resume", "KESSPAY_PRIVATE_KEY_PASSWORD"),
        ("journal rebind", "KESSPAY_PRIVATE_KEY_PASSWORD"),
        ("transfer create", "KESSPAY_PRIVATE_KEY_PASSWORD"),
    ],
)
def test_the_advice_names_what_the_command_has(command: str, advice: str) -> None:
    """Where keys come from variables, the advice names a variable."""
    error = KeyLoadError("password", needed="a private key")
    assert advice in problem_of(error, command).advice
