"""What passed between the partner and the gateway, in words that may be shown."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from kesspay.errors import KesspayError


if TYPE_CHECKING:
    from kesspay.signing.keys import PublicKey


__all__ = ["Exchange", "Record", "Seen", "seen"]

_KEPT: Final = 50
#: Longer bodies are shown in part, and not verified.
_LONGEST: Final = 64 << 10
_SHOWN: Final = 2000

_VERIFIED: Final = "verified"


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One message: its canonical text, or its beginning where it has none.

    Attributes:
        text: never a credential or a token.
        verdict: "verified", "not signed by design", or why it did not verify.
    """

    text: str
    verdict: str


#: A log-in and its answer, which are never kept.
LOG_IN: Final = Seen("(a log-in is not kept)", "not signed by design")


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One request and what came back.

    Attributes:
        number: counted from 1.
        at: time of the sandbox, in seconds.
        service: what was asked for, "" where that cannot be told.
        faults: what the request met, as it is asked for.
        outcome: "HTTP 200", or how the connection ended.
        request: what the partner sent.
        answer: what the gateway sent.
    """

    number: int
    at: float
    service: str
    faults: tuple[str, ...]
    outcome: str
    request: Seen
    answer: Seen


class Record:
    """The last exchanges. Any number of threads may use one."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._lock = Lock()
        self._kept: deque[Exchange] = deque(maxlen=_KEPT)
        self._count = 0

    def add(
        self,
        *,
        at: float,
        service: str,
        faults: tuple[str, ...],
        outcome: str,
        request: Seen,
        answer: Seen,
    ) -> None:
        """Keep one exchange."""
        with self._lock:
            self._count += 1
            self._kept.append(
                Exchange(self._count, at, service, faults, outcome, request, answer)
            )

    def exchanges(self) -> tuple[Exchange, ...]:
        """Return the last exchanges, oldest first."""
        with self._lock:
            return tuple(self._kept)


def seen(key: PublicKey, body: bytes) -> Seen:
    """
    Look at a body as whoever holds the key would.

    Args:
        key: of the side that should have signed it.
        body: as it was on the wire.
    """
    if not body:
        return Seen("", "empty")
    if len(body) > _LONGEST:
        return Seen(_shortened(body), "too long")
    try:
        return Seen(_shortened(key.verify_document(body)), _VERIFIED)
    except KesspayError as error:
        return Seen(_shortened(body), str(error))


def _shortened(text: bytes) -> str:
    shown = text[:_SHOWN].decode("utf-8", "replace")
    return shown if len(text) <= _SHOWN else f"{shown}... ({len(text)} bytes)"
