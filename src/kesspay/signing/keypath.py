"""
The file of a key: why it cannot be read, and whether other users may.

What the file holds is read by the backends; ``keyfile`` has the rules for it.
"""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from kesspay._shown import no_path, shown_path
from kesspay.errors import KeyLoadError


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["KeyPermissionWarning", "load_file", "warn_if_open", "why_unreadable"]

_Handle = TypeVar("_Handle")

_OPEN_TO_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyPermissionWarning(UserWarning):
    """The group or other users have access to a private key file."""


def load_file(path: str, load: Callable[[], _Handle]) -> _Handle:
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


def why_unreadable(path: str) -> str:
    """Return the reason why a file cannot be read, without the name of the file."""
    why = "it can be read now: try again"
    try:
        with Path(path).open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                # To read it could block, as a pipe does.
                return "it is no file"
            # A disk or a server may refuse no sooner.
            file.read(1)
    except OSError as error:
        why = error.strerror or "it cannot be opened"
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
    try:
        status = Path(path).stat()
    except OSError:
        # Renamed or removed since it was read: there is nothing to close.
        return
    if stat.S_ISREG(status.st_mode) and status.st_mode & _OPEN_TO_OTHERS:
        warnings.warn(
            f"the private key file {shown_path(path)} is open to other users "
            f"(mode {stat.S_IMODE(status.st_mode):04o}); chmod 600 closes it",
            KeyPermissionWarning,
            stacklevel=3,
        )
