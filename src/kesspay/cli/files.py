"""Read and write the files that are named on the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from kesspay._shown import no_path, shown_path
from kesspay.errors import InputError


__all__ = ["STDIN", "create_file", "is_stdin", "read_file", "require_path"]

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
        if sys.stdin is None:
            raise InputError("standard input (-) is closed")
        try:
            return sys.stdin.buffer.read()
        except OSError as error:
            raise InputError(f"cannot read standard input: {_why(error)}") from None
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        # Not raised here: the error of the system holds the path.
        why = _why(error)
    raise InputError(f"cannot read {shown_path(path)}: {why}")


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
    require_path(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, mode)
    except FileExistsError:
        message = f"{shown_path(path)} exists and is never overwritten"
    except (OSError, ValueError) as error:
        message = f"cannot write {shown_path(path)}: {_why(error)}"
    else:
        message = _fill(descriptor, path, content)
    if message:
        raise InputError(message)


def require_path(path: str) -> None:
    """
    Refuse what nobody can mean as the name of a file that is made.

    Raises:
        InputError: it is a PEM text, a URL or the like.
    """
    kind = no_path(path)
    if kind:
        raise InputError(f"found {kind} in place of a path")


def _fill(descriptor: int, path: str, content: bytes) -> str:
    """Write a file that is open; return what went wrong, "" where nothing did."""
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        Path(path).unlink(missing_ok=True)
        return f"cannot write {shown_path(path)}: {_why(error)}"
    return ""


def _why(error: OSError | ValueError) -> str:
    """Say in a few words why a file cannot be used."""
    return getattr(error, "strerror", None) or type(error).__name__
