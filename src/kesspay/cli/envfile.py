"""
Read the settings of a gateway from a file that a shell can read, too.

``set -a; . FILE`` finds the same values: several lines in quotes, pieces of one
value in different quotes, escapes, comments and ``export``. What a shell would
replace or execute is refused, with its line and its kind, and no value is shown.
"""

from __future__ import annotations

import os
import re
import stat
import warnings
from pathlib import Path
from typing import Final, NoReturn

from kesspay._shown import shown_path
from kesspay.cli.inputs import is_stdin, read_file
from kesspay.errors import InputError


__all__ = ["read_env_file"]

_NAME: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_EXPORT: Final = re.compile(r"export(?=[ \t])")
_BLANKS: Final = re.compile(r"(?:[ \t]|\\\n)*")
_COMMENT: Final = re.compile(r"#[^\n]*")
#: What has no meaning of its own, outside of quotes and in double ones.
_PLAIN: Final = re.compile(r"""[^\s\\'"$`;&|<>()~{*?\[\r]+""")
_IN_DOUBLE: Final = re.compile(r'[^\\"$`]+')
#: A dollar sign that is followed by one of these stands for itself.
_NO_DOLLAR: Final = re.compile(r"\$(?=[ \t\n.,/:%+=^]|\Z)")
_REPLACED: Final = (
    (re.compile(r"\$\(\("), "an arithmetic expression, $((...))"),
    (re.compile(r"\$\("), "a command, $(...)"),
    (re.compile(r"`"), "a command in back quotes"),
    (re.compile(r"\$['\"]"), "a quote after a dollar sign"),
    (re.compile(r"\$"), "a variable, $NAME"),
)
_EXECUTED: Final = {
    "&": "a command in the background, &",
    "|": "a pipe, |",
    "<": "an input or a here-document, <",
    ">": "an output into a file, >",
    "(": "a bracket",
    ")": "a bracket",
}
#: What a shell replaces after ``export`` only, where not every one does.
_PATTERNS: Final = "{*?["
_OWN_NAMES: Final = "KESSPAY_"
_ANY_ACCESS: Final = stat.S_IRWXG | stat.S_IRWXO
_QUOTE: Final = "put single quotes around the value"


def read_env_file(path: str) -> dict[str, str]:
    """
    Return the variables of a file.

    Args:
        path: of the file, or "-".

    Raises:
        InputError: something in it is not a setting, or a name occurs twice. No
            value is shown.

    Warns:
        UserWarning: the group or others have any access to the file (POSIX).
    """
    try:
        text = read_file(path).decode()
    except UnicodeDecodeError:
        raise InputError(f"{shown_path(path)} is not UTF-8 text") from None
    reader = _Reader(text, path)
    reader.read()
    _warn_if_open(path)
    return reader.found


class _Reader:
    """Reads a file as a shell does, one setting after the other."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._at = 0
        self.found: dict[str, str] = {}

    def read(self) -> None:
        """Read every setting."""
        if self._text.startswith("\ufeff"):
            self._refuse("begins with a byte order mark: save it as UTF-8 without one")
        if "\0" in self._text:
            self._at = self._text.index("\0")
            self._refuse("holds a NUL byte, which no value can have")
        while True:
            self._skip(_BLANKS)
            self._skip(_COMMENT)
            if self._at == len(self._text):
                return
            if not self._took("\n"):
                self._command()

    def _command(self) -> None:
        """Read the settings up to the end of a line, or to a semicolon."""
        is_export = self._skip(_EXPORT)
        self._skip(_BLANKS)
        while True:
            self._setting(is_export=is_export)
            blanks = self._skip(_BLANKS)
            if blanks and self._skip(_COMMENT):
                return
            if self._at == len(self._text) or self._peek() == "\n" or self._took(";"):
                return

    def _setting(self, *, is_export: bool) -> None:
        matched = _NAME.match(self._text, self._at)
        if matched is None:
            if self._peek() == "\r":
                self._refuse_return()
            self._refuse("is not NAME=value")
        name = matched[1]
        line = self._line()
        self._at = matched.end()
        value = self._word(is_export=is_export)
        if name in self.found:
            shown = name if name.startswith(_OWN_NAMES) else "a name"
            self._refuse(f"{shown} occurs twice", line)
        self.found[name] = value

    def _word(self, *, is_export: bool) -> str:
        """Read a value to its end."""
        pieces: list[str] = []
        while self._at < len(self._text):
            sign = self._peek()
            if sign in " \t\n;":
                break
            if sign == "'":
                pieces.append(self._single())
            elif sign == '"':
                pieces.append(self._double())
            elif sign == "\\":
                pieces.append(self._escaped())
            elif sign in "$`":
                pieces.append(self._dollar())
            else:
                pieces.append(self._bare(sign, is_export=is_export))
        return "".join(pieces)

    def _bare(self, sign: str, *, is_export: bool) -> str:
        """Read what stands outside of quotes; a shell gives some of it a meaning."""
        # A shell knows a home at the beginning, and after these signs.
        if sign == "~" and self._before() in "=:":
            self._refuse(f"has a home folder, ~: {_QUOTE}")
        if sign in _PATTERNS and is_export:
            self._refuse(f"has a pattern after export: {_QUOTE}")
        if sign in _EXECUTED:
            self._refuse(f"has {_EXECUTED[sign]}: {_QUOTE}")
        if sign == "\r":
            self._refuse_return()
        plain = _PLAIN.match(self._text, self._at)
        return self._taken(len(plain[0]) if plain else 1)

    def _before(self) -> str:
        """Return the sign before this one; a shell reads lines that continue as one."""
        at = self._at
        while self._text.endswith("\\\n", 0, at):
            at -= 2
        return self._text[at - 1]

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            self._refuse("opens a single quote that is never closed")
        piece = self._text[self._at + 1 : end]
        self._at = end + 1
        return piece

    def _double(self) -> str:
        line = self._line()
        self._at += 1
        pieces: list[str] = []
        while not self._took('"'):
            sign = self._peek()
            if not sign:
                self._refuse("opens a double quote that is never closed", line)
            if sign == "\\":
                following = self._text[self._at + 1 : self._at + 2]
                if following and following in '$`"\\\n':
                    pieces.append(self._escaped())
                else:
                    pieces.append(self._taken(1))
            elif sign in "$`":
                pieces.append(self._dollar(is_quoted=True))
            else:
                plain = _IN_DOUBLE.match(self._text, self._at)
                pieces.append(self._taken(len(plain[0]) if plain else 1))
        return "".join(pieces)

    def _escaped(self) -> str:
        if self._at + 1 == len(self._text):
            self._refuse("ends with a backslash")
        self._at += 1
        sign = self._taken(1)
        return "" if sign == "\n" else sign

    def _dollar(self, *, is_quoted: bool = False) -> str:
        ends = is_quoted and self._text.startswith('$"', self._at)
        if not (ends or _NO_DOLLAR.match(self._text, self._at)):
            kind = next(
                kind for one, kind in _REPLACED if one.match(self._text, self._at)
            )
            self._refuse(f"has {kind}, which a shell would replace: {_QUOTE}")
        return self._taken(1)

    def _refuse_return(self) -> NoReturn:
        self._refuse(
            "has a carriage return outside of quotes, which a shell takes for a part of"
            " the value: save the file with the line ends of Unix"
        )

    def _refuse(self, what: str, line: int | None = None) -> NoReturn:
        number = self._line() if line is None else line
        raise InputError(f"line {number} of {shown_path(self._path)} {what}")

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _taken(self, length: int) -> str:
        self._at += length
        return self._text[self._at - length : self._at]

    def _took(self, sign: str) -> bool:
        is_there = self._peek() == sign
        self._at += is_there
        return is_there

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Skip what a pattern matches, and say whether that was anything."""
        before = self._at
        matched = pattern.match(self._text, before)
        if matched is not None:
            self._at = matched.end()
        return self._at > before


def _warn_if_open(path: str) -> None:
    if os.name != "posix" or is_stdin(path):
        return
    try:
        mode = stat.S_IMODE(Path(path).stat().st_mode)
    except OSError:
        # Renamed or removed since it was read: there is nothing to close.
        return
    if mode & _ANY_ACCESS:
        warnings.warn(
            f"the file {shown_path(path)} may hold secrets and is open to other users "
            f"(mode {mode:04o}); chmod 600 closes it",
            stacklevel=3,
        )
