"""Read and write the files that are named on the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from kesspay.errors import InputError


__all__ = ["STDIN", "create_file", "is_stdin", "read_file"]

#: What stands for standard input in place of a path.
STDIN: Final = "-"
_USED: Final = "kesspay.stdin_used"


def is_stdin(path: str) -> bool:
    """Say whether a path stands for standard input."""
    return path == STDIN


def read_file(path: str) -> bytes:
    """
    Read a file, or standard input for "-", which can be named only once.

    Raises:
        InputError: it cannot be read.
    """
    if is_stdin(path):
        meta = click.get_current_context().meta
        if meta.get(_USED):
            raise InputError("standard input (-) was named more than once")
        meta[_USED] = True
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path!r}: {_why(error)}") from None


def create_file(path: str, content: bytes, mode: int) -> None:
    """
    Write a new file; an existing one is never touched.

    The file is on the disk when this returns, and where writing fails nothing
    is left behind.

    Args:
        path: must not exist, not even as a symbolic link.
        content: of the file.
        mode: permission bits, further reduced by the umask.

    Raises:
        InputError: it exists or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, mode)
    except FileExistsError:
        raise InputError(f"{path!r} exists and is never overwritten") from None
    except OSError as error:
        raise InputError(f"cannot write {path!r}: {_why(error)}") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        Path(path).unlink(missing_ok=True)
        raise InputError(f"cannot write {path!r}: {_why(error)}") from None


def _why(error: OSError) -> str:
    """Say in a few words why a file cannot be used."""
    return error.strerror or type(error).__name__
