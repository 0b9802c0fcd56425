"""The command line, ``kesspay``. It needs the extra ``kesspay[cli]``."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["main"]

_USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run one command and return its exit code.

    Args:
        argv: arguments without the program's name; None for those of this
            process.

    Returns:
        0 success, 1 not authentic, 2 usage or unusable input. ``kesspay
        --help`` has the whole list.
    """
    try:
        import click  # noqa: F401 - whether it is installed
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        # A closed standard error is None.
        with suppress(OSError, AttributeError):
            sys.stderr.write(
                "kesspay: the command line needs click and rich; install them "
                "with: pip install 'kesspay[cli]'\n"
            )
        return _USAGE
    from kesspay.cli.root import run

    return run(argv)
