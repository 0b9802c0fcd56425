"""A file of settings says the same to kesspay and to a shell, or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


#: Forms that lines of a setting may have, and their values.
TEXTS = {
    "A=a # comment": "a",
    "A=a;": "a",
    "A=a ; # comment": "a",
    "A=a*?[x]{y}~!%^": "a*?[x]{y}~!%^",
    "A='a'b\"c\"\\d": "abcd",
    "A='one\ntwo\n'": "one\ntwo\n",
    'A="one\ntwo"': "one\ntwo",
    'A="one\\\ntwo"': "onetwo",
    "A=one\\\ntwo": "onetwo",
    "A=one \\\n# comment": "one",
    'A="\\a\\$\\`\\"\\\\"': '\\a$`"\\',
    'A="5$"': "5$",
    "A=5$": "5$",
    "A=a$.b": "a$.b",
    "A='a\r\nb'": "a\r\nb",
    "A= # nothing": "",
    "B=1 A=2": "2",
    "export B=1 A=2": "2",
    "B=1; A=2": "2",
    "A=a\vb": "a\vb",
    "A=a\u00a0b": "a\u00a0b",
    "\\\nA=a": "a",
}
SHELLS = [name for name in ("sh", "bash", "dash") if shutil.which(name)]


def of_shell(shell: str, path: str, *names: str) -> list[str]:
    """Return what a shell finds in a file."""
    shown = " ".join(f'"${name}"' for name in names)
    done = subprocess.run(
        [shell, "-c", f'set -a; . "$1"; printf "%s\\0" {shown}', "sh", path],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere", "LC_ALL": "C.UTF-8"},
    )
    assert not done.stderr
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize("text", [*LINES, *TEXTS])
def test_a_setting_means_what_it_means_to_a_shell(tmp_path: Path, text: str) -> None:
    """Quotes and escapes are taken off as a shell does it; nothing else happens."""
    value = {**LINES, **TEXTS}[text]
    path = written(tmp_path, f"# a comment\n\n{text}\n")
    assert read_env_file(path)["A"] == value
    for shell in SHELLS:
        assert of_shell(shell, path, "A") == [value]


PIECES = st.sampled_from(
    [
        *("'", '"', "\\", "\n", " ", "\t", "#", ";", "$", "`", "~", "*", "?", "["),
        *("]", "{a,b}", "!", "%", ":", "=", "(", ")", "&", "|", "<", ">", "\r", "\f"),
        *("a", "b", "0", "/", "\u1785", "'a b'", '"a b"', "'x\ny'", "\\\n", "$a"),
        *("A=", "B=", "\nA=", "\nB=", "export B=", "export ", "\nexport A=", "# c\n"),
        *("$(", "${a}", "$'", '$"', "$.", "''", '""', "\\$", "+", "-", ",", "."),
    ]
)


@given(st.lists(PIECES, max_size=12))
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_read_is_what_shells_read(tmp_path: Path, pieces: list[str]) -> None:
    """Whatever a file holds: it is refused, or every shell finds the same."""
    path = written(tmp_path, "A=" + "".join(pieces))
    try:
        found = read_env_file(path)
    except InputError:
        return
    assert set(found) <= {"A", "B", "a"}
    for shell in SHELLS:
        assert of_shell(shell, path, "A", "B") == [found["A"], found.get("B", "")]


REFUSED = {
    "A": "is not NAME=value",
    "A B=c": "is not NAME=value",
    "1A=b": "is not NAME=value",
    "A =b": "is not NAME=value",
    "A+=b": "is not NAME=value",
    "export": "is not NAME=value",
    "export A": "is not NAME=value",
    "unset A": "is not NAME=value",
    "A=two words": "is not NAME=value",
    "A=a;b": "is not NAME=value",
    'A="a";b': "is not NAME=value",
    "A=a;;": "is not NAME=value",
    "A=a && B=b": "is not NAME=value",
    "A='open": "a single quote that is never closed",
    'A="open\nmore': "a double quote that is never closed",
    'A="open\\': "a double quote that is never closed",
    "A=$HOME": "a variable",
    'A="$HOME"': "a variable",
    'A="${HOME}"': "a variable",
    "A=$(id)": "a command",
    'A="`"': "a command",
    'A="`id`"': "a command",
    "A=`id`": "back quotes",
    "A=$((1+1))": "an arithmetic expression",
    "A=$'a'": "a quote after a dollar sign",
    'A=$"a"': "a quote after a dollar sign",
    "A=a&b": "in the background",
    "A=a|b": "a pipe",
    "A=<<E": "a here-document",
    "A=a>b": "an output into a file",
    "A=(a)": "a bracket",
    "A=~/key": "a home folder",
    "A=a:~/key": "a home folder",
    "A=\\\n~/key": "a home folder",
    "A=a:\\\n\\\n~/key": "a home folder",
    "export A=a*": "a pattern after export",
    "A=a\r": "a carriage return",
    "\r": "a carriage return",
    "A=a\nA=b": "a name occurs twice",
    "KESSPAY_A=a\nKESSPAY_A=b": "KESSPAY_A occurs twice",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_a_shell_reads_differently_is_refused(tmp_path: Path, text: str) -> None:
    """Its line and its kind are reported, and no value is shown."""
    path = written(tmp_path, f"SECRET=canary-1\n{text}\n")
    with pytest.raises(InputError, match=r"line [234]") as caught:
        read_env_file(path)
    assert REFUSED[text] in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xef\xbb\xbfA=b\n", "a byte order mark"),
        (b"A=b\n\nB=a\0b\n", "line 3 .* a NUL byte"),
        (b"A=b\\", "ends with a backslash"),
    ],
)
def test_a_file_that_no_shell_reads(
    tmp_path: Path, content: bytes, message: str
) -> None:
    """It says what it holds."""
    with pytest.raises(InputError, match=message):
        read_env_file(written(tmp_path, content))


def test_a_name_that_may_be_a_piece_of_a_key(tmp_path: Path) -> None:
    """A line of base64 that ends with = looks like a setting: it is not shown."""
    path = written(tmp_path, "canarycanary=\ncanarycanary=\n")
    with pytest.raises(InputError, match="a name occurs twice") as caught:
        read_env_file(path)
    assert "canary" not in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are not guessed at."""
    with pytest.raises(InputError, match="UTF-8"):
        read_env_file(written(tmp_path, b"A=\xff\n"))


def test_a_file_that_others_can_read_is_reported(tmp_path: Path) -> None:
    """It may hold secrets; the file is used all the same."""
    path = written(tmp_path, "A=b\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_env_file(path) == {"A": "b"}
    (tmp_path / "gateway.env").chmod(0o640)
    with pytest.warns(UserWarning, match=r"0640.*chmod 600"):
        assert read_env_file(path) == {"A": "b"}


def test_a_file_that_is_gone_once_it_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is used all the same; a mount of Kubernetes swaps files at any time."""
    monkeypatch.setattr("kesspay.cli.envfile.read_file", lambda _: b"A=b\n")
    assert read_env_file(str(tmp_path / "gateway.env")) == {"A": "b"}


def test_where_there_are_no_permissions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said about bits that mean nothing."""
    path = written(tmp_path, "A=b\n")
    (tmp_path / "gateway.env").chmod(0o644)
    monkeypatch.setattr("kesspay.cli.envfile.os", SimpleNamespace(name="nt"))
    assert read_env_file(path) == {"A": "b"}
