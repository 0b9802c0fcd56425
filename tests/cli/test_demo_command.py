"""``kesspay demo`` runs the demonstration and passes its verdict on."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from kesspay.cli import demo


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
