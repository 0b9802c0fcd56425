"""``kesspay demo`` runs the demonstration and passes its verdict on."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from kesspay.cli import demo
from kesspay.errors import TransportError


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from click.testing import Result


def test_the_demonstration_runs(run: Callable[..., Result]) -> None:
    """A whole transfer works out, and is told as one JSON object."""
    result = run("demo", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["ok"] is True
    assert set(told) == {
        "ok",
        "command",
        "warnings",
        "backend",
        "openssl",
        "steps",
        "checks",
        "ledger",
        "problem",
    }


@pytest.mark.parametrize("exit_code", [0, 1])
def test_the_verdict_is_passed_on(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, exit_code: int
) -> None:
    """What the demonstration returns is the exit code, and it prints itself."""

    def told(out: TextIO, *, as_json: bool = False) -> int:
        out.write(f"as_json={as_json}\n")
        return exit_code

    monkeypatch.setattr(demo, "run_demo", told)
    result = run("demo")
    assert (result.exit_code, result.stdout) == (exit_code, "as_json=False\n")


def test_without_uvicorn_one_line_says_what_to_install(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra to install is named."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = run("demo")
    assert result.exit_code == 2
    assert "pip install 'kesspay[sandbox]'" in result.stderr


def test_for_people(run: Callable[..., Result]) -> None:
    """Each step shows what was signed and verified, and the verdict stands last."""
    result = run("demo")
    assert result.exit_code == 0
    shown = result.stdout
    for word in ("sent", "signed", "received", "verified", "refused", "credit", "held"):
        assert f"\n   {word:<9} " in shown, word
    assert "FAILED" not in shown
    assert shown.endswith("\nEvery check held.\n")


def test_a_failure_is_shown(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the demonstration cannot go on it says why, and fails."""

    def fail(_: object) -> None:
        raise TransportError("no_reply", "the line is dead")

    monkeypatch.setattr(demo._Demo, "run", fail)
    result = run("demo")
    assert result.exit_code == 1
    assert "the line is dead" in result.stdout
    assert result.stdout.endswith("\nThe demonstration FAILED.\n")
