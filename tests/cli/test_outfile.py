"""``--out``: the result is in a file, or nothing was sent."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from kesspay.cli.outfile import OutFile
from kesspay.cli.output import NotWritten
from kesspay.errors import InputError


if TYPE_CHECKING:
    from pathlib import Path


def test_there_is_room_before_the_result(tmp_path: Path) -> None:
    """Blanks take the room of the result, and only the owner can read it."""
    path = tmp_path / "result.json"
    out = OutFile(str(path))
    assert path.stat().st_size == 256 * 1024
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    out.write(b"{}\n")
    assert path.read_bytes() == b"{}\n"


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """It may hold the result of another transfer."""
    path = tmp_path / "result.json"
    path.write_text("other", encoding="utf-8")
    with pytest.raises(InputError, match="exists"):
        OutFile(str(path))
    assert path.read_text(encoding="utf-8") == "other"
    with pytest.raises(InputError, match="No such file"):
        OutFile(str(tmp_path / "none" / "result.json"))


def test_a_disk_that_is_full_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told before anything is sent, and nothing is left behind."""
    path = tmp_path / "result.json"
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError, match="No space left"):
        OutFile(str(path))
    assert not path.exists()


def test_a_disk_that_is_full_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as every output that cannot be written."""
    out = OutFile(str(tmp_path / "result.json"))
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(NotWritten, match="the file of --out could not be written"):
        out.write(json.dumps({"ok": True}).encode())


def test_nothing_was_sent(tmp_path: Path) -> None:
    """The file is removed, so that the same command can be given again."""
    path = tmp_path / "result.json"
    OutFile(str(path)).discard()
    OutFile(str(path)).discard()
    assert not path.exists()


def fail(_: int) -> None:
    """Be a disk that is full."""
    raise OSError(errno.ENOSPC, "No space left on device")
