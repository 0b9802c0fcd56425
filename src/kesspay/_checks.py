"""
Checks of arguments that every package makes: of their types, before anything is done.

Nothing is converted silently: the text "false" is no switch, and True is no number.
"""

from __future__ import annotations

import os
from dataclasses import fields
from math import isfinite
from typing import Any, Final, TypeVar, cast

from kesspay.errors import InputError


__all__ = [
    "LONGEST_WAIT",
    "file_path",
    "is_number",
    "named",
    "plain",
    "plain_fields",
    "require",
    "require_flag",
    "seconds",
    "whole_number",
]

_T = TypeVar("_T")

#: Seconds, some thirty years: no system waits for longer.
LONGEST_WAIT: Final = 1e9


def require(value: object, kind: type, name: str) -> None:
    """Refuse anything but an object of a class or a protocol (InputError)."""
    if not isinstance(value, kind):
        # The type only: the value could be a secret.
        raise InputError(f"{name} must be {named(kind)}, not {named(type(value))}")


def named(kind: type) -> str:
    """Return the name of a class with its article: "a str", "an int"."""
    name = kind.__name__
    return f"{'an' if name.startswith(tuple('AEIOaeio')) else 'a'} {name}"


def require_flag(name: str, value: object) -> None:
    """Refuse anything but True and False (InputError)."""
    if type(value) is not bool:
        raise InputError(f"{name} must be True or False")


def is_number(value: object) -> bool:
    """Return whether a value is a number of real time: an int or a float, finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return isfinite(value)
    except OverflowError:
        # No float holds it.
        return False


def whole_number(name: str, value: object, least: int, most: int) -> None:
    """Refuse anything but an int from ``least`` to ``most`` (InputError)."""
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"{name} must be a whole number from {least} to {most}")


def seconds(given: object, name: str = "timeout") -> float:
    """
    Return a timeout or a pause as seconds.

    Args:
        given: what was given for it.
        name: of the argument, for the error.

    Raises:
        InputError: it is no number above 0 that a system can wait for.
    """
    number = cast("float", given)
    if not is_number(given) or not 0 < number <= LONGEST_WAIT:
        message = f"{name} must be a number of seconds above 0, and at most 1e9"
        raise InputError(message)
    return float(number)


def file_path(path: object, name: str = "path") -> str:
    """Return a path as str (InputError)."""
    try:
        return os.fsdecode(cast("str", path))
    except (TypeError, UnicodeError):
        pass
    kind = named(type(path))
    raise InputError(f"{name} must be a str, bytes or path object, not {kind}")


def plain(value: _T) -> _T:
    """
    Return a text as an exact str, and everything else as it is.

    A class below str may write, compare or hash itself otherwise: a member of an enum
    is one text in a journal and another one in a reference that is made of it.
    """
    if type(value) is str or not isinstance(value, str):
        return value
    return cast("_T", str.__str__(value))


def plain_fields(message: object) -> None:
    """Make every text of a frozen dataclass an exact str; see ``plain``."""
    for one in fields(cast("Any", message)):
        value = getattr(message, one.name)
        if type(value) is not str and isinstance(value, str):
            object.__setattr__(message, one.name, plain(value))
