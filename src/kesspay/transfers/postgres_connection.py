"""
A connection to PostgreSQL whose waits have a limit.

Imported only where psycopg is installed.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from psycopg import Connection, OperationalError, waiting


if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.errors import Diagnostic


__all__ = ["NoAnswer", "PatientConnection"]

_RV = TypeVar("_RV")

#: Seconds between two looks at the clock; the handlers of signals run then too.
_TICK: Final = 0.1


class NoAnswer(OperationalError):
    """The server, or what stands before it, did not answer in time."""


class PatientConnection(Connection[Any]):
    """
    A connection whose waits have a limit.

    psycopg waits without limit for a server that is silent; after Ctrl-C it also
    asks that server to cancel, and waits for it. Here a wait ends with the
    patience, or with what the handler of a signal raises, whatever it is; the
    connection is of no use afterwards.

    Attributes:
        patience: seconds that a wait may last, or None.
        opened: when, by the monotonic clock.
        used: when it was last given back, by the monotonic clock; 0 is never.
        process: of the server, in which the transaction was begun.
        silent: a wait ended with the patience.
        warning: of the server. With a COMMIT it sends one where it does not wait
            for its standbys any longer, or had no transaction.
    """

    patience: float | None = None
    opened: float = 0.0
    used: float = 0.0
    process: int = 0
    silent: bool = False
    warning: str = ""

    def wait(
        self,
        gen: PQGen[_RV],
        interval: float = _TICK,
        timeout: float | None = None,  # noqa: ARG002 - the patience takes its place
    ) -> _RV:
        """
        Wait for the server.

        Raises:
            NoAnswer: it took too long.
        """
        bounded = gen if self.patience is None else self._bounded(gen, self.patience)
        return waiting.wait(bounded, self.pgconn.socket, interval=interval)

    def heed(self, notice: Diagnostic) -> None:
        """Take note of a warning; the server is asked for nothing less."""
        self.warning = str(notice.message_primary)

    def _bounded(self, gen: PQGen[_RV], patience: float) -> PQGen[_RV]:
        until = monotonic() + patience
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() >= until:
                    self.silent = True
                    raise NoAnswer(f"no answer within {patience:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            done: _RV = end.value
            return done
