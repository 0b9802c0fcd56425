"""Files, keys, passwords and amounts that the command line names."""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kesspay.cli.inputs import can_ask, create_file, read_amount, read_file
from kesspay.errors import FieldError, InputError
from tests.support.forger import pkcs1


if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result


def test_a_file_is_made_once(tmp_path: Path) -> None:
    """An existing file is not touched, and named, as it is there."""
    path = tmp_path / "file"
    create_file(str(path), b"first", 0o600)
    with pytest.raises(InputError, match=f"'{path}' exists") as caught:
        create_file(str(path), b"second", 0o600)
    assert caught.value.__context__ is None
    assert path.read_bytes() == b"first"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("hunter2/hunter2", "a value of 15 characters: No such file or directory"),
        ("keys/partner.pem", "'keys/partner.pem': No such file or directory"),
        ("h" * 300, "a value of 300 characters: File name too long"),
    ],
)
def test_what_cannot_be_read_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, shown: str
) -> None:
    """A name is shown where it is a path for certain, and in no other exception."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as read:
        read_file(name)
    with pytest.raises(InputError) as written:
        create_file(name, b"", 0o600)
    assert str(read.value) == f"cannot read {shown}"
    assert str(written.value) == f"cannot write {shown}"
    assert read.value.__context__ is written.value.__context__ is None


def test_a_file_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device is not read for ever; a file that is just short enough is read."""
    monkeypatch.setattr("kesspay.cli.inputs._LONGEST", 100)
    monkeypatch.setattr("kesspay.cli.inputs._BLOCK", 10)
    with pytest.raises(
        InputError, match=r"^cannot read '/dev/zero': it is longer than"
    ):
        read_file("/dev/zero")
    monkeypatch.setattr("kesspay.cli.inputs._LONGEST", Path(__file__).stat().st_size)
    assert read_file(__file__) == Path(__file__).read_bytes()


@pytest.mark.parametrize(
    "name", ["host=h password=hunter2", "-----BEGIN x", "two\nlines", "a\0b", ""]
)
def test_no_file_is_made_of_what_is_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What cannot be meant as a path becomes no file, and is not shown."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="in place of a path") as caught:
        create_file(name, b"", 0o600)
    assert not name or name not in str(caught.value)
    assert not list(tmp_path.iterdir())


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
@pytest.mark.parametrize("written", [True, False])
def test_who_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, *, read: bool, written: bool
) -> None:
    """No one, where the question or the answer would go to a file or a pipe."""
    monkeypatch.setattr(sys, "stdin", Stream(terminal=read))
    monkeypatch.setattr(sys, "stderr", Stream(terminal=written))
    assert can_ask() is (read and written)


@pytest.mark.usefixtures("asking")
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


@pytest.mark.usefixtures("asking")
def test_an_answer_that_is_wrong(run: Callable[..., Result], keys: Path) -> None:
    """It is reported, and not asked for again."""
    document = keys / "document.json"
    document.write_text("{}", encoding="utf-8")
    words = ("sign", "--key", keys / "rsa-2048.encrypted.pem", document, "--json")
    result = run(*words, stdin=f"wrong\n{SECRET}\n")
    assert result.exit_code == 2
    report = json.loads(result.stdout[result.stdout.index("{") :])
    assert report["error"]["reason"] == "password"
    assert result.output.count("Password of") == 1


@pytest.mark.usefixtures("asking")
def test_a_password_that_was_given_is_not_asked_for(
    run: Callable[..., Result], keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong one in a variable is an error, also on a terminal."""
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


@pytest.mark.usefixtures("asking")
def test_the_password_of_a_key_that_is_checked(
    run: Callable[..., Result], keys: Path
) -> None:
    """The report says that the key is encrypted."""
    paths = (keys / "rsa-2048.encrypted.pem", keys / "rsa-2048.pub.pem")
    result = run("keys", "check", *paths, "--json", stdin=f"{SECRET}\n")
    assert result.exit_code == 0
    report = json.loads(result.stdout[result.stdout.index("{") :])
    assert report["match"] is True
    assert report["private"]["kind"] == "an encrypted private key"


@pytest.mark.usefixtures("asking")
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


@pytest.mark.parametrize(
    "given", ["0.505", "0", "-1", "1e2", "+1", "", "10000000000000"]
)
def test_what_is_no_amount(given: object) -> None:
    """The error speaks of an amount as a shell has it, not as Python does."""
    with pytest.raises(FieldError, match="amount must be above 0") as caught:
        read_amount(given)
    assert "Decimal" not in str(caught.value)


@pytest.mark.parametrize("given", [0.5, 1, None, ["0.50"]])
def test_an_amount_that_is_no_text(given: object) -> None:
    """Of a number in a file the error says that quotes are missing."""
    with pytest.raises(FieldError, match="must be a text in quotes"):
        read_amount(given)


def test_an_amount() -> None:
    """Digits, and at most two places behind the point, are taken as they are."""
    assert str(read_amount("0.50")) == "0.50"
    assert str(read_amount("12")) == "12"
