"""The file of ``--out``, which has room for the result before anything is sent."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from kesspay.cli.files import require_path
from kesspay.cli.outcome import EXIT_NOT_SENT, EXIT_USAGE
from kesspay.cli.output import NotWritten
from kesspay.errors import InputError


__all__ = ["Kept", "OutFile"]

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
        # What could not be written is written once more, and told already.
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
    """

    out: OutFile | None = None

    def write(self, exit_code: int, text: str) -> None:
        """
        Write the result into the file, if there is one.

        Raises:
            NotWritten: the disk does not take it.
        """
        if self.out is None:
            return
        if exit_code in (EXIT_USAGE, EXIT_NOT_SENT):
            self.out.discard()
        else:
            self.out.write(f"{text}\n".encode())
