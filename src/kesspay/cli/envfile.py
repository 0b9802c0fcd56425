"""
Read the settings of a gateway from a file of ``NAME=value`` lines.

A shell can read the same file (``set -a; . FILE``), and finds the same values
there: what the two would read differently is refused.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import warnings
from pathlib import Path
from typing import Final

from kesspay._shown import shown_path
from kesspay.cli.files import is_stdin, read_file
from kesspay.errors import InputError


__all__ = ["read_env_file"]

_LINE: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_SINGLE_QUOTED: Final = re.compile(r"'[^']*'")
_DOUBLE_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
#: What a shell replaces, unless it stands in single quotes.
_REPLACED: Final = re.compile(r"[$`]")
#: What ends a word of a shell, or opens a pattern, unless it is quoted.
_SPECIAL: Final = re.compile(r"""[;&|<>()*?~\[\]]""")
_ANY_ACCESS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_env_file(path: str) -> dict[str, str]:
    """
    Return the variables of a file.

    Args:
        path: of the file, or "-". Empty lines and lines that begin with # are
            skipped, and ``export`` in front of a name is.

    Raises:
        InputError: a line is no setting, or a name occurs twice. No value is
            shown.

    Warns:
        UserWarning: the group or others have any access to the file (POSIX).
    """
    try:
        text = read_file(path).decode()
    except UnicodeDecodeError:
        raise InputError(f"{shown_path(path)} is no UTF-8 text") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        parts = _LINE.fullmatch(stripped)
        if parts is None:
            raise InputError(f"line {number} of {shown_path(path)} is not NAME=value")
        name = parts[1]
        if name in found:
            raise InputError(
                f"line {number} of {shown_path(path)}: {name} occurs twice"
            )
        found[name] = _value(parts[2], f"line {number} of {shown_path(path)}")
    _warn_if_open(path)
    return found


def _value(text: str, where: str) -> str:
    """Take the quotes off a value, as a shell would."""
    if _SINGLE_QUOTED.fullmatch(text):
        return text[1:-1]
    quoted = _DOUBLE_QUOTED.fullmatch(text)
    if _REPLACED.search(text) or (_SPECIAL.search(text) and not quoted):
        rule = "put single quotes around a value with signs that a shell reads"
        raise InputError(f"{where}: {rule}")
    try:
        words = shlex.split(text)
    except ValueError:
        words = ["", ""]
    if len(words) > 1:
        raise InputError(f"{where}: put single quotes around the value")
    return words[0] if words else ""


def _warn_if_open(path: str) -> None:
    if os.name != "posix" or is_stdin(path):
        return
    mode = stat.S_IMODE(Path(path).stat().st_mode)
    if mode & _ANY_ACCESS:
        warnings.warn(
            f"the file {shown_path(path)} may hold secrets and is open to other users "
            f"(mode {mode:04o}); chmod 600 closes it",
            stacklevel=3,
        )
