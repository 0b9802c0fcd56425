"""``kesspay token`` and what all commands of the gateway share."""

from __future__ import annotations

import json
import logging
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import TransportError
from tests.gateway.helpers import (
    CANARIES,
    UNAUTHENTICATED,
    Script,
    plain,
    token_answer,
)


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.cli.conftest import Wired


TOKEN = CANARIES["access_token"]


def test_a_log_in_is_shown_and_the_token_is_not(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
) -> None:
    """Without --show there is only a fingerprint of the token."""
    made = wire(Script(token_answer()))
    result = run("token")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "ok": True,
        "command": "token",
        "base_url": variables["KESSPAY_BASE_URL"],
        "partner_id": "partner-1",
        "expire_in": 3600,
        "fingerprint": sha256(TOKEN.encode()).hexdigest()[:16],
        "warnings": [],
    }
    assert TOKEN not in result.output
    assert made.closed == 1


def test_the_token_is_shown_on_request(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
) -> None:
    """With --show it is in the JSON object."""
    wire(Script(token_answer()))
    assert json.loads(run("token", "--show").stdout)["access_token"] == TOKEN


@pytest.mark.parametrize("show", [True, False])
def test_the_table_has_the_same(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    show: bool,
) -> None:
    """On a terminal there are rows; a lifetime that is not stated is not made up."""
    wire(Script(plain(200, f'{{"access_token":"{TOKEN}"}}'.encode())))
    monkeypatch.setattr("kesspay.cli.root._wants_json", lambda _: False)
    result = run("token", *(["--show"] if show else []))
    assert "lifetime: not stated" in result.stdout
    assert (TOKEN in result.stdout) is show


@pytest.mark.parametrize(
    ("answer", "exit_code", "kind", "outcome"),
    [
        (UNAUTHENTICATED, 11, "AuthenticationFailed", "not_sent"),
        (TransportError("no_reply", "gone"), 11, "NotSent", "not_sent"),
    ],
)
def test_a_log_in_that_fails(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    answer: object,
    exit_code: int,
    kind: str,
    outcome: str,
) -> None:
    """Nothing was sent, and JSON says it without --json."""
    monkeypatch.setenv("KESSPAY_RETRIES", "0")
    wire(Script(answer))  # type: ignore[arg-type] # answers, or what makes one
    result = run("token")
    assert (result.exit_code, result.stderr) == (exit_code, "")
    report = json.loads(result.stdout)
    assert report["ok"] is False
    error = report["error"]
    assert (error["type"], error["outcome"]) == (kind, outcome)
    assert error["evidence"]["phase"] == "log-in"
    assert error["next"]
    assert "Next:" not in error["message"]
    assert set(error) == {
        "type", "reason", "message", "position", "path", "next", "page",
        "outcome", "safe_to_retry", "code", "description", "evidence",
    }  # fmt: skip


def test_missing_settings_are_all_named(
    run: Callable[..., Result],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 2 and one object that names every one."""
    monkeypatch.delenv("KESSPAY_BASE_URL")
    monkeypatch.delenv("KESSPAY_PASSWORD")
    result = run("token")
    assert result.exit_code == 2
    message = json.loads(result.stdout)["error"]["message"]
    assert "KESSPAY_BASE_URL" in message
    assert "KESSPAY_PASSWORD" in message


def test_an_encrypted_key_is_no_matter_of_options(
    run: Callable[..., Result],
    variables: dict[str, str],
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The advice names the variable, since there is no --password-file here."""
    path = keys / "rsa-2048.encrypted.pem"
    monkeypatch.setenv("KESSPAY_PRIVATE_KEY_FILE", str(path))
    error = json.loads(run("token").stdout)["error"]
    assert error["reason"] == "password"
    assert "KESSPAY_PRIVATE_KEY_PASSWORD" in error["next"]
    monkeypatch.setenv("KESSPAY_PRIVATE_KEY_FILE", str(keys / "rsa-1024.pem"))
    assert "keys generate" in json.loads(run("token").stdout)["error"]["next"]


def test_a_file_of_settings_stands_alone(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Variables of the process are not mixed into those of --env-file."""
    wire(Script(token_answer()))
    lines = [f"export {name}='{value}'" for name, value in variables.items()]
    path = tmp_path / "gateway.env"
    path.write_text("\n".join(lines).replace("partner-1", "other-partner"), "utf-8")
    path.chmod(0o600)
    result = run("token", "--env-file", path)
    assert json.loads(result.stdout)["partner_id"] == "other-partner"
    path.write_text("\n".join(lines[1:]), "utf-8")
    result = run("token", "--env-file", path)
    assert result.exit_code == 2
    assert "KESSPAY_BASE_URL" in json.loads(result.stdout)["error"]["message"]
    monkeypatch.undo()
    result = run("token", "--env-file", "-", stdin="nonsense")
    assert result.exit_code == 2


def test_a_timeout_can_be_given(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
) -> None:
    """It replaces that of the variables, and has to be one."""
    script = Script(token_answer())
    wire(script)
    assert run("token", "--timeout", "3").exit_code == 0
    assert 2 < script.timeouts[0] <= 3
    result = run("token", "--timeout", "-1")
    assert result.exit_code == 2
    assert "above 0" in json.loads(result.stdout)["error"]["message"]


def test_verbose_prints_events_and_only_while_the_command_runs(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
) -> None:
    """Standard error has a line for each event; the logger is left as it was."""
    log = logging.getLogger("kesspay.gateway")
    before = (log.level, log.propagate, list(log.handlers))
    wire(Script(token_answer()))
    result = run("token", "-v")
    assert "kesspay: RequestEvent" in result.stderr
    assert "kesspay: TokenEvent" in result.stderr
    assert json.loads(result.stdout)["ok"] is True
    assert (log.level, log.propagate, log.handlers) == before


def test_without_verbose_no_event_is_printed(
    run: Callable[..., Result],
    wire: Callable[..., Wired],
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failed log-in is reported once, as the problem."""
    monkeypatch.setenv("KESSPAY_RETRIES", "0")
    wire(Script(TransportError("no_reply", "gone")))
    assert run("token").stderr == ""
