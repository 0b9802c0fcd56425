"""
Standard output and standard error that cannot be written to.

A disk is full, a reader went away, or a stream was closed. What a command has done
stays done, so this is neither a failure of the command nor a reason to stop half-way:
standard output says so with ``NotWritten``, which is nothing that a library catches,
and standard error takes everything and keeps what it can.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from io import BufferedWriter, RawIOBase, TextIOWrapper
from select import select
from typing import IO, TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from _typeshed import ReadableBuffer


__all__ = ["NotWritten", "give_up", "guarded_streams"]


class NotWritten(Exception):
    """
    Something does not take what is written to it.

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
    """Let standard output lose what it still holds, and all that comes."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Output):
        raw.give_up()


def _take_low_descriptors() -> None:
    """Keep a journal or a socket from becoming the closed standard output."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)


def _guarded(stream: TextIO | None, kind: type[_Guard]) -> Any:  # noqa: ANN401 - as given
    """Return a stream of the same look over a guard; or the stream, in memory."""
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
            # The pipe is full, and whoever made it does not want to wait.
            select([], [self._file], [])
        return taken


class _Output(_Guard):
    """Standard output: what it does not take is told."""

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
            # Nor may what Python itself still writes there be complained about.
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
