"""The folder of a run: who may write to it, and what a resumed run finds."""

from __future__ import annotations

import builtins
import errno
import fcntl
import hashlib
import json
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from kesspay import InputError
from kesspay.audit.folder import CAUSES_FILE, Folder
from kesspay.audit.units import Unit


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


PLAN: dict[str, Any] = {
    "kesspay": "1",
    "pyarrow": "2",
    "profile": {},
    "ring": {"fingerprint": "x"},
    "options": {"column": "body", "ids": ()},
    "inputs": [{"name": "a", "size": 1}, {"name": "b", "size": 2}],
    "units": [[[0, 0, 1]]],
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """Open a new folder."""
    made = Folder(tmp_path / "deep" / "out")
    yield made
    made.close()


def begin(folder: Folder, plan: Any = PLAN, **words: bool) -> dict[int, dict[str, Any]]:  # noqa: ANN401 - JSON
    """Begin a run."""
    return folder.begin(plan, **{"resume": False, "overwrite": False, **words})


def test_nothing_can_be_written(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any row is judged, a disk that is full is named with its file."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(
            InputError, match=r"nothing was judged.*_manifest.json.*free"
        ):
            begin(folder)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.mkdir", full)
        with pytest.raises(
            InputError, match=r"_failing.*disk is full: free space, and"
        ):
            folder.make_failing()
    assert begin(folder, overwrite=True) == {}


def finished(folder: Folder, number: int, failing: int = 0) -> dict[str, Any]:
    """Return what a unit found, whose files are complete."""
    part = Unit(number, ()).part
    (folder.path / part).write_bytes(b"part")
    folder.make_failing()
    folder.failing(part).write_bytes(b"failing")
    return {
        "unit": number,
        "part": part,
        "sha256": hashlib.sha256(b"part").hexdigest(),
        "failing": failing,
        "failing_sha256": hashlib.sha256(b"failing").hexdigest(),
    }


def test_lock(folder: Folder) -> None:
    """A second run is kept out, until the first one ends, however it does."""
    with pytest.raises(InputError, match="another run"):
        Folder(folder.path)
    code = (
        "import sys, pathlib; from kesspay.audit.folder import Folder;"
        "f = Folder(pathlib.Path(sys.argv[1])); import os; os._exit(9)"
    )
    other = folder.path.parent / "other"
    ended = subprocess.run([sys.executable, "-c", code, other], check=False)
    assert ended.returncode == 9
    Folder(other).close()


def _locking(file: int, mode: int, size: int) -> None:
    """Do what msvcrt does for one byte, with its error."""
    assert (mode, size) == (2, 1)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(errno.EACCES, "Permission denied") from None


def test_lock_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no folder can be locked, a file in it is, and is no part of the output."""
    original = builtins.__import__

    def no_fcntl(name: str, *rest: Any) -> Any:  # noqa: ANN401 - as __import__
        if name == "fcntl":
            raise ImportError
        return original(name, *rest)

    windows = SimpleNamespace(LK_NBLCK=2, locking=_locking)
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    monkeypatch.setattr(builtins, "__import__", no_fcntl)
    folder = Folder(tmp_path)
    with pytest.raises(InputError, match="another run"):
        Folder(tmp_path)
    assert begin(folder) == {}
    folder.close()
    again = Folder(tmp_path)
    assert begin(again, resume=True) == {}
    again.close()
    assert [path.name for path in tmp_path.iterdir()] == ["_manifest.json"]

    def broken(*_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(windows, "locking", broken)
    with pytest.raises(InputError, match="Input/output error"):
        Folder(tmp_path)


def test_cannot_be_made(tmp_path: Path) -> None:
    """A file in its place is refused."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be used"):
        Folder(tmp_path / "file")


def test_present(folder: Folder) -> None:
    """What is there is kept, unless it is an audit's and --overwrite is given."""
    assert begin(folder) == {}
    with pytest.raises(InputError, match="--resume, or start again with --overwrite"):
        begin(folder)
    part = finished(folder, 0)["part"]
    (folder.path / "mine.txt").write_text("x")
    assert begin(folder, overwrite=True) == {}
    assert not (folder.path / part).exists()
    assert not folder.failing(part).exists()
    assert (folder.path / "mine.txt").exists()
    (folder.path / "_manifest.json").unlink()
    with pytest.raises(InputError, match="no audit wrote"):
        begin(folder, overwrite=True)


def test_resume(folder: Folder) -> None:
    """Units whose files are whole are found again, and no others."""
    begin(folder)
    for one in (finished(folder, 0), finished(folder, 1, 3), finished(folder, 2, 3)):
        folder.done(one)
    for number, file in ((3, "part"), (4, "failing"), (5, "gone")):
        one = finished(folder, number, 3)
        folder.done(one)
        path = {
            "part": folder.path / one["part"],
            "failing": folder.failing(one["part"]),
            "gone": folder.path / one["part"],
        }[file]
        path.write_bytes(b"other") if file != "gone" else path.unlink()
    with (folder.path / "_progress.jsonl").open("ab") as file_:
        file_.write(b'\n{"unit": 6, "pa')
    assert sorted(begin(folder, resume=True)) == [0, 1, 2]
    folder.done(finished(folder, 6))
    assert sorted(begin(folder, resume=True)) == [0, 1, 2, 6]
    assert not folder.is_finished


def test_resume_of_nothing(folder: Folder) -> None:
    """--resume begins where there is nothing."""
    assert begin(folder, resume=True) == {}
    assert begin(folder, resume=True) == {}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"kesspay": "9"}, "kesspay is not what"),
        ({"pyarrow": "9"}, "pyarrow is not what"),
        ({"ring": {}}, "ring is not what"),
        ({"options": {"column": "x", "ids": ()}}, "the option column is not what"),
        ({"inputs": PLAN["inputs"][:1]}, "the input b is gone"),
        ({"inputs": [*PLAN["inputs"], {"name": "c"}]}, "the input c is new"),
        ({"inputs": [{"name": "a", "size": 9}, PLAN["inputs"][1]]}, "a was changed"),
        ({"units": []}, "divided in another way"),
    ],
)
def test_resume_of_another(folder: Folder, change: dict[str, Any], match: str) -> None:
    """Another input, ring or option is named, and nothing is changed."""
    begin(folder)
    before = (folder.path / "_manifest.json").read_bytes()
    with pytest.raises(InputError, match=match):
        begin(folder, {**PLAN, **change}, resume=True)
    assert (folder.path / "_manifest.json").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"[]", b"{"])
def test_resume_of_a_damaged_one(folder: Folder, content: bytes) -> None:
    """A manifest that cannot be read is refused."""
    (folder.path / "_manifest.json").write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        begin(folder, resume=True)


def test_seal(folder: Folder) -> None:
    """SHA256SUMS is what sha256sum reads, and its digest stands for everything."""
    begin(folder)
    folder.done(finished(folder, 0, 1))
    (folder.path / CAUSES_FILE).write_bytes(b"causes")
    (folder.path / "money-findings.parquet").write_bytes(b"money")
    folder.finish(PLAN, {"complete": True})
    digest = folder.seal([Unit(0, ())])
    assert folder.has_failing
    folder.clean()
    assert not folder.has_failing
    sums = (folder.path / "SHA256SUMS").read_bytes()
    assert digest == hashlib.sha256(sums).hexdigest()
    subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder.path, check=True)
    assert sorted(path.name for path in folder.path.iterdir()) == [
        *("SHA256SUMS", "_manifest.json", "causes.parquet"),
        *("money-findings.parquet", "part-000000.parquet"),
    ]
    begin(folder, resume=True)
    assert folder.is_finished
    assert folder.found["complete"] is True
    assert folder.seal([Unit(0, ())]) == digest
    assert json.loads((folder.path / "_manifest.json").read_bytes())["finished"] is True
