"""Checks of the arguments of the public functions, before any work."""

from __future__ import annotations

from kesspay.errors import InputError


__all__ = ["require", "require_column", "require_columns"]


def require(name: str, value: object, wanted: str, *attributes: str) -> None:
    """
    Check that an object can do what it is for.

    Args:
        name: of the argument.
        value: of it.
        wanted: what it must be, in words.
        attributes: that it must have.

    Raises:
        InputError: it lacks one.
    """
    # A class has them, too, and is no object of it.
    if isinstance(value, type) or not all(hasattr(value, one) for one in attributes):
        raise _wrong(name, value, wanted)


def require_column(name: str, value: object) -> None:
    """
    Check that an argument is the name of a column.

    Raises:
        InputError: it is not.
    """
    if type(value) is not str or not value:
        raise _wrong(name, value, "the name of a column")


def require_columns(name: str, value: object) -> None:
    """
    Check that an argument is a list of names of columns.

    Raises:
        InputError: it is not.
    """
    if not isinstance(value, list | tuple):
        raise _wrong(name, value, "a list of names of columns")
    for one in value:
        require_column(name, one)


def _wrong(name: str, value: object, wanted: str) -> InputError:
    if type(value) is str and not value:
        return InputError(f"{name} must be {wanted}; got an empty text")
    kind = value.__name__ if isinstance(value, type) else type(value).__name__
    what = "the class" if isinstance(value, type) else "a"
    return InputError(f"{name} must be {wanted}, not {what} {kind:.40}")
