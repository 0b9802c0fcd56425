"""
Where results go: standard output, standard error, and the file of ``--out``.

A disk is full, a reader has gone away, or a stream is closed. What a command has
done stays done, so this is neither a failure of the command nor a reason to stop
half-way: standard output raises ``NotWritten``, which no library catches, and
standard error takes everything and keeps what it can. The file of ``--out`` has
room for the result before anything is sent.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from io import BufferedWriter, RawIOBase, TextIOWrapper
from pathlib import Path
from select import select
from typing import IO, TYPE_CHECKING, Any, Final

from kesspay._shown import shown_path
from kesspay.cli.inputs import require_path
from kesspay.cli.outcome import EXIT_NOT_SENT, EXIT_USAGE
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from _typeshed import ReadableBuffer


__all__ = ["Kept", "NotWritten", "OutFile", "give_up", "guarded_streams"]


class NotWritten(Exception):
    """
    A stream or a file does not take what is written to it.

    Args:
        where: what was written to, "standard output".
        why: in a few words.
        reader_is_gone: True where a pipe was closed at its other end.
    """

    def __init__(self, where: str, why: str, *, reader_is_gone: bool = False) -> None:
        """Keep what is known."""
        super().__init__(f"{where} could not be written: {why}")
        self.reader_is_gone = reader_is_gone


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Let standard output raise ``NotWritten``, and standard error nothing."""
    before = sys.stdout, sys.stderr
    if None in (sys.stdin, *before):
        _take_low_descriptors()
    sys.stdout = _guarded(sys.stdout, _Output)
    sys.stderr = _guarded(sys.stderr, _Messages)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def give_up() -> None:
    """Drop what standard output still holds, and all that is written to it later."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Output):
        raw.give_up()


def _take_low_descriptors() -> None:
    """Keep a journal or a socket from becoming the closed standard output."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _guarded(stream: TextIO | None, kind: type[_Guard]) -> Any:  # noqa: ANN401 - as given
    """Return a guarded stream like this one; or the stream, where it is in memory."""
    if stream is None:
        return TextIOWrapper(BufferedWriter(kind(None)), errors="backslashreplace")
    try:
        stream.fileno()
    except (OSError, AttributeError):
        return stream
    if not isinstance(stream, TextIOWrapper):
        return stream
    with suppress(OSError):
        stream.flush()
    # With PYTHONUNBUFFERED there is nothing below the buffer.
    raw = getattr(stream.buffer, "raw", stream.buffer)
    return TextIOWrapper(
        BufferedWriter(kind(raw)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Guard(RawIOBase):
    """Writes to a file, which stays open."""

    def __init__(self, file: IO[bytes] | None) -> None:
        """Take what is below; None where it was closed from the beginning."""
        self._file = file

    def writable(self) -> bool:
        """Say that this is for writing."""
        return True

    def isatty(self) -> bool:
        """Say whether this is a terminal."""
        return self._file is not None and self._file.isatty()

    def fileno(self) -> int:
        """Return the descriptor."""
        return super().fileno() if self._file is None else self._file.fileno()

    def _written(self, content: ReadableBuffer) -> int:
        if self._file is None:
            raise OSError(0, "it is closed")
        while (taken := self._file.write(content)) is None:
            # The pipe is full, and does not block its writers.
            select([], [self._file], [])
        return taken


class _Output(_Guard):
    """Standard output: raises NotWritten for what it does not take."""

    _is_given_up = False

    def write(self, content: ReadableBuffer) -> int:
        """Write a part, or raise NotWritten."""
        if self._is_given_up:
            return memoryview(content).nbytes
        try:
            return self._written(content)
        except OSError as error:
            raise NotWritten(
                "standard output",
                error.strerror or type(error).__name__,
                reader_is_gone=isinstance(error, BrokenPipeError),
            ) from None

    def give_up(self) -> None:
        """Take everything from now on, and keep nothing."""
        self._is_given_up = True
        if self._file is not None:
            # Python flushes this stream at its end, and must not fail there.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._file.fileno())
            os.close(null)


class _Messages(_Guard):
    """Standard error: nothing depends on it."""

    def write(self, content: ReadableBuffer) -> int:
        """Write a part, or lose all of it."""
        try:
            return self._written(content)
        except OSError:
            return memoryview(content).nbytes


#: Bytes that the file has on the disk before anything is sent.
_RESERVED: Final = 256 * 1024


class OutFile:
    """
    A new file for one result.

    Args:
        path: of the file; only its owner can read it.

    Raises:
        InputError: it exists, or cannot be written.
    """

    def __init__(self, path: str) -> None:
        """Make the file, and write blanks to it, so that a full disk shows now."""
        require_path(path)
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        try:
            self._file = open(os.open(path, flags, 0o600), "r+b")  # noqa: PTH123, SIM115 - a descriptor
        except FileExistsError:
            raise InputError(
                "the file of --out exists and is not overwritten"
            ) from None
        except OSError as error:
            raise InputError(f"cannot write the file of --out: {_why(error)}") from None
        try:
            self._put(b" " * _RESERVED)
        except OSError as error:
            self.discard()
            raise InputError(f"cannot write the file of --out: {_why(error)}") from None

    def write(self, content: bytes) -> None:
        """
        Put a result in the place of the blanks, and on the disk.

        Raises:
            NotWritten: the disk does not take it.
        """
        try:
            self._put(content)
            self._file.truncate()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise NotWritten("the file of --out", _why(error)) from None
        finally:
            self._close()

    def discard(self) -> None:
        """Remove the file: nothing was sent, so the command can be given again."""
        self._close()
        Path(self.path).unlink(missing_ok=True)

    def _close(self) -> None:
        # What could not be written is tried once more; that error was raised already.
        with suppress(OSError):
            self._file.close()

    def _put(self, content: bytes) -> None:
        self._file.seek(0)
        self._file.write(content)
        self._file.flush()
        os.fsync(self._file.fileno())


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


class Kept:
    """
    What a run keeps until its end.

    Attributes:
        out: the file of ``--out``, or None.
        reports: other files to write, by path; they are overwritten.
    """

    out: OutFile | None = None

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.reports: dict[str, str] = {}

    def write(self, exit_code: int, text: str) -> None:
        """
        Write the files, the result into that of ``--out``.

        Raises:
            NotWritten: the disk does not take one of them; the others are written.
        """
        lost = None
        for path, content in self.reports.items():
            try:
                Path(path).write_text(content, encoding="utf-8")
            except OSError as error:
                lost = NotWritten(f"the report {shown_path(path)}", _why(error))
        if lost is not None:
            raise lost
        if self.out is None:
            return
        if exit_code in (EXIT_USAGE, EXIT_NOT_SENT):
            self.out.discard()
        else:
            self.out.write(f"{text}\n".encode())
