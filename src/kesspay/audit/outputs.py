"""The files that a run writes outside of its folder: where they may be, and how."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kesspay._shown import shown_path
from kesspay.errors import InputError
from kesspay.signing.arguments import mode_of


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO


__all__ = ["Unwritten", "check_apart", "check_output", "whole_file", "why", "writing"]

_PUBLIC: Final = 0o666
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Unwritten(OSError):
    """A file of the output that could not be written; ``filename`` is its path."""


@contextmanager
def writing(path: Path | str) -> Iterator[None]:
    """
    Name the file where it cannot be written within.

    Args:
        path: of the file, or words for what is no file.

    Raises:
        Unwritten: it cannot be written.
    """
    try:
        yield
    except Unwritten:
        raise
    except OSError as error:
        # Arrow has a sentence of its own in place of the system's.
        said = os.strerror(error.errno) if error.errno else type(error).__name__
        raise Unwritten(error.errno, said, str(path)) from None


def why(error: OSError) -> tuple[str, str]:
    """Return why a file cannot be written, and what to do about it."""
    if error.errno in _FULL:
        return "it cannot be written, since the disk is full", "free space"
    if error.errno == errno.EROFS:
        return "it cannot be written to a read-only disk", "mount it for writing"
    if error.errno == errno.ENOMEM:
        return "there is too little memory for a check", "take a machine with more"
    said = error.strerror or type(error).__name__
    return f"it cannot be written, or read again ({said})", "look after its disk"


def check_output(path: Path, *, again: bool) -> None:
    """
    Check that a file can be made, before any work.

    Args:
        path: of the file.
        again: whether a file that is there may be replaced.

    Raises:
        InputError: it cannot, or is there.
    """
    shown, mode = shown_path(path), mode_of(path)
    if stat.S_ISDIR(mode):
        raise InputError(f"{shown} is a folder: name a file in it")
    if stat.S_ISREG(mode) and not again:
        raise InputError(
            f"{shown} exists, and only --overwrite or --resume replaces it"
        )
    if not stat.S_ISDIR(mode_of(path.absolute().parent)):
        raise InputError(f"{shown} cannot be written: make its folder first")


def check_apart(
    files: Iterable[Path], folders: Iterable[Path], inputs: Iterable[Path]
) -> None:
    """
    Check that nothing is written over what is read, or over another output.

    Args:
        files: that are written.
        folders: that are written; no file is in one of them, and none in another.
        inputs: that are read.

    Raises:
        InputError: two of them are in one place.
    """
    written = [_place(path) for path in files if not _is_special(path)]
    made = [_place(path) for path in folders]
    taken = {_place(path) for path in inputs} if written else set()
    for at, path in enumerate(written):
        if path in taken or path in written[:at]:
            raise InputError(
                f"{shown_path(path)} is read, or written twice: name another file"
            )
    for at, path in enumerate((*made, *written)):
        if any(path.is_relative_to(one) for one in made[:at]):
            raise InputError(
                f"{shown_path(path)} is in a folder that the run writes: name a place"
                " outside of it"
            )


def _place(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_special(path: Path) -> bool:
    """Return whether a path leads to a pipe or a device, which are never replaced."""
    mode = mode_of(path)
    return bool(mode) and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextmanager
def whole_file(path: Path, mode: int = _PUBLIC) -> Iterator[BinaryIO]:
    """
    Write a file, which appears when all of it is on the disk.

    A link stays, and what it leads to is replaced. A pipe or a device is written to:
    a file that took the place of /dev/null would take it away from every program.

    Args:
        path: of the file.
        mode: permission bits, further reduced by the umask.

    Raises:
        Unwritten: it cannot be written.
    """
    with writing(path):
        if _is_special(path):
            with path.open("wb") as file:
                yield file
            return
        place = _place(path)
        beside = place.with_name(f"{place.name}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            with os.fdopen(os.open(beside, flags, mode), "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(place)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
