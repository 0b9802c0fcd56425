"""Why a key file cannot be read, and who is warned of an open one."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

import pytest

from kesspay import KeyLoadError
from kesspay.signing import keysource


if TYPE_CHECKING:
    from pathlib import Path


def refuse(reason: str) -> KeyLoadError:
    """Return what a backend raises."""
    return KeyLoadError(reason, needed="a private key")


def test_readable_after_all(tmp_path: Path) -> None:
    """Where the reason is gone by the time it is asked for, none is made up."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"")

    def load() -> None:
        raise refuse("file")

    with pytest.raises(KeyLoadError, match="it is no file"):
        keysource.from_file(str(path), load)


def test_other_reason(tmp_path: Path) -> None:
    """A file that was read and refused keeps its reason."""
    error = refuse("format")

    def load() -> None:
        raise error

    with pytest.raises(KeyLoadError) as caught:
        keysource.from_file(str(tmp_path), load)
    assert caught.value is error


def test_no_modes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where modes mean nothing (Windows), nobody is warned of them."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"")
    path.chmod(0o644)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with monkeypatch.context() as patch:
            patch.setattr(os, "name", "nt")
            keysource.warn_if_open(str(path))
        if os.name == "posix":
            with pytest.raises(keysource.KeyPermissionWarning):
                keysource.warn_if_open(str(path))


def test_read_again(tmp_path: Path) -> None:
    """Only an ordinary file that is still there is read once more."""
    path = tmp_path / "key.pem"
    assert keysource.read_again(str(path)) is None
    assert keysource.read_again(str(tmp_path)) is None
    path.write_bytes(b"x")
    assert keysource.read_again(str(path)) == b"x"
