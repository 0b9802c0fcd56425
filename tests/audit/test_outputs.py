"""The files that a run writes beside its folder."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from kesspay import InputError
from kesspay.audit.outputs import check_apart, check_output, whole_file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_place_is_checked(here: Path) -> None:
    """A folder, a file that is there, and a place without a folder are refused."""
    (here / "f").write_text("x")
    for path, match in (
        (".", "is a folder"),
        ("f", "only --overwrite or --resume"),
        ("no/f", "make its folder"),
        ("f/g", "make its folder"),
        ("n" * 300 + "/f", "make its folder"),
    ):
        with pytest.raises(InputError, match=match):
            check_output(Path(path), again=False)
    check_output(Path("f"), again=True)
    check_output(Path("new"), again=False)
    check_output(Path("/dev/null"), again=False)


def test_outputs_lie_apart(here: Path) -> None:
    """No output takes the place of an input or of another, under no other name."""
    (here / "in").write_text("x")
    (here / "link").symlink_to("in")
    for files, folders in (
        (["in"], []),
        (["link"], []),
        (["a", "./a"], []),
        (["out/report"], ["out"]),
        (["out"], ["out"]),
        ([], ["out", "out"]),
        ([], ["out", "out/evidence"]),
    ):
        with pytest.raises(InputError, match="name a"):
            check_apart(map(Path, files), map(Path, folders), [Path("in")])
    check_apart([Path("a"), Path("/dev/null")], [Path("b")], [Path("/dev/null")])
    check_apart([Path("/dev/null"), Path("/dev/null")], [Path("b"), Path("c")], [])


def test_a_file_appears_when_it_is_whole(here: Path) -> None:
    """A link stays a link; what was there stays where the writing fails."""
    (here / "f").write_text("old")
    (here / "link").symlink_to("f")

    def fail() -> None:
        with whole_file(Path("link")) as file:
            file.write(b"new")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [path.read_text() for path in here.glob("f")] == ["old"]
    with whole_file(Path("link"), 0o600) as file:
        file.write(b"new")
    assert ((here / "f").read_text(), (here / "link").is_symlink()) == ("new", True)
    assert sorted(one.name for one in here.iterdir()) == ["f", "link"]


def test_a_pipe_is_written_to(here: Path) -> None:
    """A device or a pipe is never replaced by a file."""
    os.mkfifo("pipe")
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(Path("pipe").read_bytes()))
    reader.start()
    with whole_file(here / "pipe") as file:
        file.write(b"page")
    reader.join(10)
    assert found == [b"page"]
    assert Path("pipe").is_fifo()
    with whole_file(Path("/dev/null")) as file:
        file.write(b"x")
    assert Path("/dev/null").is_char_device()
