"""The open payments of a journal, for gauges that are read often."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from kesspay._forks import ForkLock
from kesspay.errors import JournalError
from kesspay.transfers.summary import OPEN, JournalSummary, is_foreign, summarize


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.transfers.journal import Journal


__all__ = ["OpenPayments", "counts_by_state"]

#: Stands for every state that this version does not know: what a damaged journal holds
#: must be no label.
_OTHER: Final = "other"


class OpenPayments:
    """
    The payments of a journal that are not finished, counted at most every few seconds.

    Several monitors may ask at the same time; one of them counts.

    Args:
        open_journal: returns the journal; called when it is needed first.
        every: seconds for which a count is used again.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        *,
        every: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Count nothing yet."""
        self._open = open_journal
        self._every = every
        self._clock = clock
        self._lock = ForkLock()
        self._counted: JournalSummary | None = None
        self._fresh_until = 0.0

    def summary(self) -> JournalSummary | None:
        """Return the counts of the journal, or None while it cannot be read."""
        with self._lock:
            if self._clock() >= self._fresh_until:
                try:
                    self._counted = summarize(self._open(), only_open=True)
                except JournalError:
                    # Old numbers would look like those of now.
                    self._counted = None
                self._fresh_until = self._clock() + self._every
            return self._counted


def counts_by_state(summary: JournalSummary) -> dict[str, int]:
    """Return how many payments are open, by state; "other" is of no known one."""
    counts = {state.value: 0 for state in OPEN}
    counts[_OTHER] = 0
    for state, share in summary.states.items():
        counts[_OTHER if is_foreign(state) else str(state)] += share.count
    return counts
