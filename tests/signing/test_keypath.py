"""The file of a key: why it cannot be read, and whether other users may."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Final

import pytest

from kesspay import KeyLoadError, PrivateKey, PublicKey
from kesspay.signing import keypath


#: A file of Linux that opens, and whose first byte no process can read.
UNREADABLE: Final = Path("/proc/self/mem")


def refuse(reason: str) -> KeyLoadError:
    """Return what a backend raises."""
    return KeyLoadError(reason, needed="a private key")


def test_readable_after_all(tmp_path: Path) -> None:
    """Where the reason is gone by the time it is asked for, none is made up."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"")

    def load() -> None:
        raise refuse("file")

    with pytest.raises(KeyLoadError, match="it can be read now: try again"):
        keypath.load_file(str(path), load)


def test_other_reason(tmp_path: Path) -> None:
    """A file that was read and refused keeps its reason."""
    error = refuse("format")

    def load() -> None:
        raise error

    with pytest.raises(KeyLoadError) as caught:
        keypath.load_file(str(tmp_path), load)
    assert caught.value is error


@pytest.mark.skipif(not UNREADABLE.exists(), reason="no such file here")
@pytest.mark.usefixtures("backend")
def test_read_error() -> None:
    """A file that opens and cannot be read is refused with the system's reason."""
    with pytest.raises(OSError, match=r"\[Errno") as refused:
        UNREADABLE.read_bytes()
    for load in (PrivateKey.from_file, PublicKey.from_file):
        with pytest.raises(KeyLoadError) as caught:
            load(UNREADABLE)
        assert caught.value.reason == "file"
        assert f"'{UNREADABLE}': {refused.value.strerror}" in str(caught.value)


def test_no_file() -> None:
    """What is no file is not read again: that could block."""

    def load() -> None:
        raise refuse("file")

    with pytest.raises(KeyLoadError, match="it is no file"):
        keypath.load_file(os.devnull, load)


def test_gone_since_it_was_read(tmp_path: Path) -> None:
    """Of a file that is no longer there nothing is said: the key was loaded."""
    keypath.warn_if_open(str(tmp_path / "key.pem"))


def test_no_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where modes mean nothing (Windows), there is no warning."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"")
    path.chmod(0o644)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with monkeypatch.context() as patch:
            patch.setattr(os, "name", "nt")
            keypath.warn_if_open(str(path))
        if os.name == "posix":
            with pytest.raises(keypath.KeyPermissionWarning):
                keypath.warn_if_open(str(path))


@pytest.mark.parametrize(
    ("name", "why"),
    [("missing", "No such file"), (".", "directory"), ("a\0b", "a NUL byte")],
)
def test_why_unreadable(tmp_path: Path, name: str, why: str) -> None:
    """The reason is that of the operating system, and does not name the file."""
    path = tmp_path / name
    reason = keypath.why_unreadable(str(path))
    assert why in reason
    assert str(path) not in reason
