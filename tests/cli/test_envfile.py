"""A file of settings says the same to kesspay and to a shell, or nothing."""

from __future__ import annotations

import os
import subprocess
import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from kesspay.cli.envfile import read_env_file
from kesspay.errors import InputError


if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, text: str | bytes) -> str:
    """Write a file that only its owner can read."""
    path = folder / "gateway.env"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return str(path)


LINES = {
    "A=plain": "plain",
    "A=": "",
    "A=''": "",
    'A=""': "",
    "export A=value": "value",
    "export   A='with space'": "with space",
    "  A=value  ": "value",
    "A='$HOME `id` # \" \\ ;'": '$HOME `id` # " \\ ;',
    'A="two words; # and * more"': "two words; # and * more",
    'A="a \\" quote"': 'a " quote',
    "A=a\\ b": "a b",
    "A=a#b": "a#b",
    "A=#b": "#b",
    "A=a'b c'd": "ab cd",
    "A=abc+/=": "abc+/=",
    "A=https://host:1/x": "https://host:1/x",
    "A='\u1785\u17b6\u1793\u17cb'": "\u1785\u17b6\u1793\u17cb",
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_means_what_it_means_to_a_shell(tmp_path: Path, line: str) -> None:
    """Quotes are taken off as a shell does it; nothing else happens."""
    path = written(tmp_path, f"# a comment\n\n{line}\n")
    assert read_env_file(path) == {"A": LINES[line]}
    shell = subprocess.run(
        ["sh", "-c", '. "$1"; printf %s "$A"', "sh", path],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere"},
    )
    assert shell.stdout.decode() == LINES[line]


@pytest.mark.parametrize(
    "line",
    [
        "A",
        "A B=c",
        "1A=b",
        "A =b",
        "export",
        "unset A",
        "A=two words",
        "A=a # comment",
        "A='open",
        'A="open',
        "A=$HOME",
        'A="$HOME"',
        "A=`id`",
        "A=a;b",
        "A=a&b",
        "A=~/key",
        "A=a*",
        'A="a";b',
        "A=a\nA=b",
    ],
)
def test_what_a_shell_reads_differently_is_refused(tmp_path: Path, line: str) -> None:
    """The line is named, and no value is shown."""
    path = written(tmp_path, f"SECRET=canary-1\n{line}\n")
    with pytest.raises(InputError, match=r"line [23]") as caught:
        read_env_file(path)
    assert "canary" not in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are not guessed at."""
    with pytest.raises(InputError, match="UTF-8"):
        read_env_file(written(tmp_path, b"A=\xff\n"))


def test_a_file_that_others_can_read_is_told(tmp_path: Path) -> None:
    """It may hold secrets; the file is used all the same."""
    path = written(tmp_path, "A=b\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_env_file(path) == {"A": "b"}
    (tmp_path / "gateway.env").chmod(0o640)
    with pytest.warns(UserWarning, match=r"0640.*chmod 600"):
        assert read_env_file(path) == {"A": "b"}


def test_where_there_are_no_permissions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said about bits that mean nothing."""
    path = written(tmp_path, "A=b\n")
    (tmp_path / "gateway.env").chmod(0o644)
    monkeypatch.setattr("kesspay.cli.envfile.os", SimpleNamespace(name="nt"))
    assert read_env_file(path) == {"A": "b"}
