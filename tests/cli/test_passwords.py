"""Where passwords come from, and who is asked for one."""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kesspay.cli.passwords import can_ask
from tests.support.forger import pkcs1


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


#: That of the encrypted test key.
SECRET = "correct horse"


class Stream(io.StringIO):
    """A stream that is a terminal, or is none."""

    def __init__(self, *, terminal: bool) -> None:
        """Be one or not."""
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        """Say so."""
        return self.terminal


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("told", [True, False])
def test_who_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, *, read: bool, told: bool
) -> None:
    """Nobody, where the question or the answer would go to a file or a pipe."""
    monkeypatch.setattr(sys, "stdin", Stream(terminal=read))
    monkeypatch.setattr(sys, "stderr", Stream(terminal=told))
    assert can_ask() is (read and told)


@pytest.mark.usefixtures("somebody")
def test_the_password_of_a_key_is_asked_for(
    run: Callable[..., Result], keys: Path
) -> None:
    """An encrypted key signs with the answer, which is not shown."""
    document = keys / "document.json"
    document.write_text("{}", encoding="utf-8")
    words = ("sign", "--key", keys / "rsa-2048.encrypted.pem", document)
    result = run(*words, stdin=f"{SECRET}\n")
    assert result.exit_code == 0
    assert result.output.count("Password of") == 1
    assert SECRET not in result.output
    signature = result.stdout.splitlines()[-1]
    assert base64.b64decode(signature, validate=True) == pkcs1(b"[]")


@pytest.mark.usefixtures("somebody")
def test_an_answer_that_is_wrong(run: Callable[..., Result], keys: Path) -> None:
    """It is told, and not asked for again."""
    document = keys / "document.json"
    document.write_text("{}", encoding="utf-8")
    words = ("sign", "--key", keys / "rsa-2048.encrypted.pem", document, "--json")
    result = run(*words, stdin=f"wrong\n{SECRET}\n")
    assert result.exit_code == 2
    told = json.loads(result.stdout[result.stdout.index("{") :])
    assert told["error"]["reason"] == "password"
    assert result.output.count("Password of") == 1


@pytest.mark.usefixtures("somebody")
def test_a_password_that_was_given_is_not_asked_for(
    run: Callable[..., Result], keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong one in a variable is an error, whoever is there."""
    monkeypatch.setenv("KEY_PASSWORD", "wrong")
    document = keys / "document.json"
    document.write_text("{}", encoding="utf-8")
    encrypted, public = keys / "rsa-2048.encrypted.pem", keys / "rsa-2048.pub.pem"
    for words in (
        ("sign", "--key", encrypted, document),
        ("keys", "check", encrypted, public),
    ):
        result = run(*words, "--password-env", "KEY_PASSWORD", stdin=f"{SECRET}\n")
        assert result.exit_code == 2
        assert "password" in result.stderr
        assert "Password of" not in result.output


@pytest.mark.usefixtures("somebody")
def test_the_password_of_a_key_that_is_checked(
    run: Callable[..., Result], keys: Path
) -> None:
    """The report says that the key is encrypted."""
    paths = (keys / "rsa-2048.encrypted.pem", keys / "rsa-2048.pub.pem")
    result = run("keys", "check", *paths, "--json", stdin=f"{SECRET}\n")
    assert result.exit_code == 0
    told = json.loads(result.stdout[result.stdout.index("{") :])
    assert told["match"] is True
    assert told["private"]["kind"] == "an encrypted private key"


@pytest.mark.usefixtures("somebody")
def test_a_new_password_is_asked_for_twice(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """A slip of the finger is noticed; the key opens with what was said twice."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    typed = "new secret\nnew sceret\nnew secret\nnew secret\n"
    result = run("keys", "generate", "--encrypt", private, public, stdin=typed)
    assert result.exit_code == 0
    assert "new secret" not in result.output
    load_pem_private_key(private.read_bytes(), b"new secret")
