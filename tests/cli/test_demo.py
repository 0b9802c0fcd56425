"""``kesspay demo``: complete, readable, and honest when something is wrong."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from kesspay._pages import PAGES
from kesspay.cli import demo
from kesspay.cli.demo import run_demo
from kesspay.errors import TransportError
from kesspay.sandbox import Sandbox
from kesspay.sandbox.ledger import Ledger
from kesspay.signing.documents import canonicalize


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from click.testing import Result

    from kesspay.signing.backend import Backend


def test_the_account(backend: Backend) -> None:
    """Every step is shown with what was signed and what verified."""
    out = io.StringIO()
    assert run_demo(out) == 0
    text = out.getvalue()
    for number, word in enumerate(["Log in", "Create", "Confirm", "Query"], 1):
        assert f"{number}. {word}" in text
    assert f"the {backend.name} backend" in text
    assert '"service":"confirm.fundTransfer"}' in text
    assert text.count("SHA-256") == 17
    assert "refused   the signature does not fit" in text
    assert "received  nothing (the connection was closed)" in text
    assert "received  HTTP 502" in text
    assert "held      a lost answer is neither paid nor failed" in text
    assert "held      the transfer is recovered: credited once" in text
    assert "held      the ledger was credited exactly once" in text
    assert "0.50 USD to 85512345678" in text
    assert "FAILED" not in text
    assert text.endswith(f"Every check held.\nNext: {PAGES['tutorial']}\n")
    assert max(len(line.split(" {")[0]) for line in text.splitlines()) < 250


def test_the_account_as_json(backend: Backend) -> None:
    """The same account as one JSON object; hashes and texts agree."""
    out = io.StringIO()
    assert run_demo(out, as_json=True) == 0
    account = json.loads(out.getvalue())
    assert account["ok"] is True
    assert account["backend"] == backend.name
    assert account["error"] == ""
    assert all(account["checks"].values())
    assert len(account["checks"]) == 12
    assert [entry["amount"] for entry in account["ledger"]] == ["0.50", "0.50"]
    messages = [step["messages"] for step in account["steps"][1:]]
    assert [len(one) for one in messages] == [1] * 8 + [2]
    for message in (message for one in messages for message in one):
        assert canonicalize(message["signed"]).decode() == message["signed"]


def test_nothing_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither credentials nor tokens are in the account, in either form."""
    secrets: list[str] = []
    original = Sandbox.__init__

    def keep(self: Sandbox) -> None:
        original(self)
        credentials = self.settings["credentials"]
        secrets.extend([credentials.partner_secret_key, credentials.password])
        log_in = self.emulator._log_in

        def kept(*arguments: object) -> object:
            answer = log_in(*arguments)  # type: ignore[arg-type] # its own arguments
            secrets.append(json.loads(answer.body)["access_token"])
            return answer

        self.emulator._log_in = kept  # type: ignore[method-assign,assignment] # replaced for the test

    monkeypatch.setattr(Sandbox, "__init__", keep)
    for as_json in (False, True):
        out = io.StringIO()
        assert run_demo(out, as_json=as_json) == 0
        assert not [secret for secret in secrets if secret in out.getvalue()]
        assert "PRIVATE KEY" not in out.getvalue()
    assert len(secrets) == 6


def test_a_gateway_that_credits_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger with two credits is a failing demonstration."""
    monkeypatch.setattr(
        Ledger, "credits", lambda self, real=Ledger.credits: real(self) * 2
    )
    out = io.StringIO()
    assert run_demo(out) == 1
    assert "FAILED    the ledger was credited exactly once" in out.getvalue()
    assert out.getvalue().endswith("The demonstration FAILED.\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_gateway_that_refuses(
    monkeypatch: pytest.MonkeyPatch,
    as_json: bool,  # noqa: FBT001 - given by pytest
) -> None:
    """A step that cannot be done ends the demonstration with its error."""
    monkeypatch.setattr("kesspay.sandbox.world.DEFAULT_USERS", {})
    out = io.StringIO()
    assert run_demo(out, as_json=as_json) == 1
    assert "Rejected: create.unified.fundTransfer" in out.getvalue()
    assert "NOTELIGIBLE" in out.getvalue()


def test_a_client_that_does_not_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the query is not repeated, the demonstration says so and fails."""
    monkeypatch.setattr("kesspay.gateway.flow.will_pass", lambda _: False)
    out = io.StringIO()
    assert run_demo(out) == 1
    assert (
        "FAILED    OutcomeUnknown: The answer to query.fundTransfer" in out.getvalue()
    )


def test_a_sandbox_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server there is an error, and no step."""
    monkeypatch.delitem(sys.modules, "kesspay.sandbox.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    out = io.StringIO()
    assert run_demo(out) == 1
    assert "kesspay[sandbox]" in out.getvalue()


def test_a_client_that_believes_a_forgery(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forged answer that is believed is a failing demonstration."""
    monkeypatch.setattr("kesspay.cli.demo._FORGED", b'"amount":0.5')
    out = io.StringIO()
    assert run_demo(out) == 1
    assert "FAILED    the changed answer is refused" in out.getvalue()


def test_the_demonstration_runs(run: Callable[..., Result]) -> None:
    """A whole transfer succeeds, and is printed as one JSON object."""
    result = run("demo", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["ok"] is True
    assert set(report) == {
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

    def printed(out: TextIO, *, as_json: bool = False) -> int:
        out.write(f"as_json={as_json}\n")
        return exit_code

    monkeypatch.setattr(demo, "run_demo", printed)
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
    assert shown.endswith(f"\nEvery check held.\nNext: {PAGES['tutorial']}\n")


def test_a_failure_is_shown(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the demonstration cannot continue it says why, and fails."""

    def fail(_: object) -> None:
        raise TransportError("no_reply", "the line is dead")

    monkeypatch.setattr(demo._Demo, "run", fail)
    result = run("demo")
    assert result.exit_code == 1
    assert "the line is dead" in result.stdout
    assert result.stdout.endswith("\nThe demonstration FAILED.\n")
