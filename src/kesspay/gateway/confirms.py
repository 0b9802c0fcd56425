"""Which confirms a client has sent already, to know a second send from a first."""

from __future__ import annotations

from threading import Lock
from typing import Final


__all__ = ["Confirms"]

#: Pre-transfers that a client remembers.
_REMEMBERED: Final = 10_000


class Confirms:
    """Counts the confirms of each pre-transfer that may have left this client."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = Lock()
        self._counts: dict[str, int] = {}

    def add(self, pre_transfer_id: str) -> bool:
        """Count one; tell whether it is the first."""
        with self._lock:
            count = self._counts.get(pre_transfer_id, 0)
            self._counts[pre_transfer_id] = count + 1
            if len(self._counts) > _REMEMBERED:
                del self._counts[next(iter(self._counts))]
            return count == 0

    def discard(self, pre_transfer_id: str) -> None:
        """Take back one that did not leave."""
        with self._lock:
            count = self._counts.pop(pre_transfer_id, 0)
            if count > 1:
                self._counts[pre_transfer_id] = count - 1
