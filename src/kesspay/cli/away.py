"""Wait for a journal that is away: a restart, a lock, a full disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.printer import printable


if TYPE_CHECKING:
    from threading import Event

    from kesspay.errors import JournalUnavailable


__all__ = ["Away"]

#: Seconds of the first pause and of the longest one.
_FIRST: Final = 1.0
_LONGEST: Final = 60.0


class Away:
    """
    The pauses of one command, each longer than the one before.

    Args:
        stopped: ends a pause.
        patience: seconds that all pauses of one absence may take.
    """

    def __init__(self, stopped: Event, patience: float) -> None:
        """Begin with a journal that is there."""
        self._stopped = stopped
        self._patience = patience
        self._since: float | None = None
        self._pause = _FIRST

    def wait(self, error: JournalUnavailable) -> bool:
        """
        Tell of an error, and wait.

        Returns:
            whether to try again.

        Raises:
            JournalUnavailable: this error, where the journal stayed away too long.
        """
        now = time.monotonic()
        if self._since is None:
            self._since = now
        left = self._since + self._patience - now
        if left <= 0:
            raise error
        pause = min(self._pause, left)
        self._tell(f"{str(error).rstrip('.')}. Trying again in {pause:.0f} s.")
        self._pause = min(2 * self._pause, _LONGEST)
        return not self._stopped.wait(pause)

    def is_back(self) -> None:
        """Say that the journal is there again, if it was away."""
        if self._since is not None:
            self._tell("the journal is there again")
        self._since = None
        self._pause = _FIRST

    @staticmethod
    def _tell(text: str) -> None:
        click.echo(printable(f"kesspay: {text}"), err=True)
