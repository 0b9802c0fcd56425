"""Where keys come from: files, and nowhere but the class methods that load."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from kesspay._shown import no_path, shown_path
from kesspay.errors import InputError, KeyLoadError
from kesspay.signing.keyfile import MAX_BYTES


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = [
    "KeyPermissionWarning",
    "Sealed",
    "from_file",
    "read_again",
    "warn_if_open",
    "why_unreadable",
]

_Handle = TypeVar("_Handle")

_OPEN_TO_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyPermissionWarning(UserWarning):
    """A private key file is open to the group or to everybody."""


class Sealed:
    """An object that only its own class methods make."""

    __slots__ = ()

    def __init__(self) -> None:
        """Refuse: a key comes from ``from_pem`` or ``from_file``."""
        raise InputError(f"a {type(self).__name__} is made by from_pem or from_file")


def from_file(path: str, load: Callable[[], _Handle]) -> _Handle:
    """
    Return what ``load`` returns; say why where the file cannot be read.

    Raises:
        KeyLoadError: what ``load`` raises.
    """
    try:
        return load()
    except KeyLoadError as error:
        if error.reason != "file":
            raise
        needed = error.needed
    kind = no_path(path)
    if kind:
        detail = f"found {kind} in place of the path: from_pem takes a text"
    else:
        detail = f"{shown_path(path)}: {why_unreadable(path)}"
    raise KeyLoadError("file", needed=needed, detail=detail)


def read_again(path: str) -> bytes | None:
    """
    Return what a key file holds that was not loaded, to name its format.

    Only of an ordinary file: a pipe has been read, and would block.
    """
    try:
        if stat.S_ISREG(Path(path).stat().st_mode):
            with Path(path).open("rb") as file:
                return file.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        pass
    return None


def why_unreadable(path: str) -> str:
    """Return in a few words why a file cannot be read; they do not name it."""
    why = "it is no file"
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        why = error.strerror or why
    except ValueError:
        why = "the path holds a NUL byte"
    return why


def warn_if_open(path: str) -> None:
    """
    Warn the caller's caller of a key file that others may touch (POSIX).

    Warns:
        KeyPermissionWarning: the group or others have any access to it.
    """
    if os.name != "posix":
        return
    status = Path(path).stat()
    if stat.S_ISREG(status.st_mode) and status.st_mode & _OPEN_TO_OTHERS:
        warnings.warn(
            f"the private key file {shown_path(path)} is open to other users "
            f"(mode {stat.S_IMODE(status.st_mode):04o}); chmod 600 closes it",
            KeyPermissionWarning,
            stacklevel=3,
        )
