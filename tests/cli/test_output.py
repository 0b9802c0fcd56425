"""Output that cannot be written: a true exit code, no traceback, no lost result."""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from kesspay.cli import main, output
from kesspay.cli.output import Kept, NotWritten, OutFile, guarded_streams
from kesspay.errors import InputError
from tests.cli.conftest import Refusing


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def errors(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return a function that returns what is on standard error."""
    return lambda: capfd.readouterr().err


@pytest.fixture
def document(tmp_path: Path) -> str:
    """Write a document, and return its path."""
    path = tmp_path / "document.json"
    path.write_text('{"a":1}', encoding="utf-8")
    return str(path)


def put(monkeypatch: pytest.MonkeyPatch, name: str, error: OSError | None) -> Refusing:
    """Put a file in the place of a stream."""
    file = Refusing(error)
    stream = file.stream()
    monkeypatch.setattr(sys, name, stream)
    return file


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["backend"], ["backend", "--json"], ["canon"]],
)
def test_a_full_disk(
    monkeypatch: pytest.MonkeyPatch,
    errors: Callable[[], str],
    document: str,
    full: OSError,
    arguments: list[str],
) -> None:
    """Exit code 74 and one line that says why."""
    put(monkeypatch, "stdout", full)
    files = [document] if arguments == ["canon"] else []
    assert main([*arguments, *files]) == 74
    printed = "kesspay: standard output could not be written: No space left on device\n"
    assert errors() == printed


@pytest.mark.parametrize(
    "arguments", [["--help"], ["backend"], ["doctor", "--offline"]]
)
def test_a_reader_that_has_seen_enough(
    monkeypatch: pytest.MonkeyPatch, errors: Callable[[], str], arguments: list[str]
) -> None:
    """It is quiet; a code that says something of its own stays."""
    put(monkeypatch, "stdout", BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert main(arguments) == (1 if arguments[0] == "doctor" else 141)
    assert errors() == ""


def test_a_problem_that_cannot_be_printed_as_json(
    monkeypatch: pytest.MonkeyPatch, errors: Callable[[], str], full: OSError
) -> None:
    """Its exit code stays, and its line goes to standard error."""
    put(monkeypatch, "stdout", full)
    assert main(["canon", "--json", "/none"]) == 2
    printed = errors()
    assert printed.count("\n") == 1
    assert "No such file" in printed
    assert "standard output could not be written" in printed


@pytest.mark.parametrize("error", [None, OSError(errno.EIO, "")])
def test_standard_error_that_takes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: OSError | None,
) -> None:
    """Nothing depends on it."""
    if error is None:
        monkeypatch.setattr(sys, "stderr", None)
    else:
        put(monkeypatch, "stderr", error)
    assert main(["canon", "/none"]) == 2
    assert main(["--version"]) == 0
    assert "kesspay" in capfd.readouterr().out


def test_standard_output_that_is_closed(
    monkeypatch: pytest.MonkeyPatch, errors: Callable[[], str]
) -> None:
    """It is reported."""
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["--version"]) == 74
    assert errors().endswith("standard output could not be written: it is closed\n")


def test_low_descriptors_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """No journal and no socket becomes the standard output that was closed."""
    given = iter((0, 1, 2, 3))
    closed: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", lambda *_: next(given))
        patch.setattr(os, "close", closed.append)
        output._take_low_descriptors()
    assert closed == [3]


def test_a_closed_stream_has_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of every file without one."""
    monkeypatch.setattr(sys, "stdout", None)
    with guarded_streams():
        assert not sys.stdout.isatty()
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()


def test_a_stream_of_another_kind(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is no stream of Python's own is used as it is."""
    del capfd

    class Own(io.StringIO):
        def fileno(self) -> int:
            return 1

    own = Own()
    monkeypatch.setattr(sys, "stdout", own)
    assert main(["--version"]) == 0
    assert "kesspay" in own.getvalue()
    monkeypatch.setattr(sys, "stdout", own)
    output.give_up()


def test_what_was_written_before(
    monkeypatch: pytest.MonkeyPatch, full: OSError
) -> None:
    """What a program around this one could not write does not stop it."""
    file = put(monkeypatch, "stdout", full)
    sys.stdout.write("before")
    before = sys.stdout
    with guarded_streams():
        file.error = None
        sys.stdout.write("x")
        sys.stdout.flush()
        assert sys.stdout.fileno() == file.fileno()
    assert sys.stdout is before
    assert file.taken.endswith(b"x")


def test_a_pipe_that_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pipe does not block its writers, it waits for room."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    room = threading.Timer(0.1, os.read, (reader, 1 << 20))
    with open(writer, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        monkeypatch.setattr(sys, "stdout", stream)
        room.start()
        assert main(["--version"]) == 0
        room.join()
        assert b"kesspay" in os.read(reader, 1 << 20)
    os.close(reader)


def test_it_can_be_tried_again(monkeypatch: pytest.MonkeyPatch, full: OSError) -> None:
    """What did not fit stays, and is written once there is room."""
    file = put(monkeypatch, "stdout", full)
    with guarded_streams():
        sys.stdout.write("one\n")
        with pytest.raises(NotWritten):
            sys.stdout.flush()
        file.error = None
        sys.stdout.write("two\n")
        sys.stdout.flush()
        assert file.taken == b"one\ntwo\n"


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
    """It is reported before anything is sent, and nothing is left behind."""
    path = tmp_path / "result.json"
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError, match="No space left"):
        OutFile(str(path))
    assert not path.exists()


def test_a_disk_that_is_full_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is reported as every output that cannot be written."""
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


def test_reports_are_kept_until_the_end(tmp_path: Path) -> None:
    """All are written over what was there, whichever cannot be."""
    kept = Kept()
    first, second = tmp_path / "first", tmp_path / "second"
    second.write_text("old and longer")
    kept.reports = {str(tmp_path / "no" / "folder"): "x", str(second): "new"}
    with pytest.raises(
        NotWritten, match=r"the report .* could not be written: No such"
    ):
        kept.write(0, "{}")
    assert second.read_text() == "new"
    kept.reports = {str(first): "1"}
    kept.write(1, "{}")
    assert first.read_text() == "1"
