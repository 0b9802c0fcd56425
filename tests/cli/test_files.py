"""Files that the command line reads and makes, and how their errors name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kesspay.cli.files import create_file, read_file
from kesspay.errors import InputError


if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.parametrize(
    "name", ["host=h password=hunter2", "-----BEGIN x", "two\nlines", "a\0b", ""]
)
def test_no_file_is_made_of_what_is_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What nobody can mean as a path becomes no file, and is not shown."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="in place of a path") as caught:
        create_file(name, b"", 0o600)
    assert not name or name not in str(caught.value)
    assert not list(tmp_path.iterdir())
