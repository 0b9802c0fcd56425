"""What the tests of the journals share."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol

from kesspay.transfers.account import Account
from kesspay.transfers.attempt import Happened, Rules
from kesspay.transfers.journal import Entry, Journal, Payment, Status


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kesspay.transfers.account import Whose


__all__ = [
    "ACCOUNT",
    "BODY",
    "CONFIRMING",
    "DUE",
    "KEYS",
    "MOVED",
    "QUICK",
    "Bench",
    "Opened",
    "entry",
    "held",
    "payment",
    "raw",
]

BODY: Final = b'{"service":"confirm.fundTransfer","n":1}'
CONFIRMING: Final = Status("confirming", 1, None)
DUE: Final = Status("unknown", 1, 1.0)
ACCOUNT: Final = Account("https://pay.example/partnerapi/v1", "partner-1")
#: The same partner, after the gateway moved.
MOVED: Final = Account("https://pay2.example/partnerapi/v1", "partner-1")
KEYS: Final[tuple[tuple[Whose, str], ...]] = (
    ("partner", "ab" * 32),
    ("gateway", "cd" * 32),
)

#: For tests on a real clock: what is sent again does not keep them waiting.
QUICK: Final = Rules(pauses=(0.3,) * 8, polls=(0.0, *(0.3,) * 8))


def payment(payment_id: str = "p-1", amount: str = "1.50") -> Payment:
    """Return a payment."""
    return Payment(payment_id, "85512345678", "Sok Dara", Decimal(amount))


def entry(number: int = 1) -> Entry:
    """Return an entry that differs from others."""
    return Entry(
        1,
        Happened.CONFIRM_SENDING,
        1_700_000_000.25 + number,
        "USED",
        {"pre_transfer_id": f"pre-{number}", "status": 200, "took": 0.125},
        BODY + b"\x00\xff",
        None,
    )


class Opened(Protocol):
    """Opens the same journal again, as another process would."""

    def __call__(self) -> Journal:
        """Open it."""


@dataclass(frozen=True)
class Bench:
    """
    One journal under test.

    Attributes:
        journal: opened.
        again: opens the same one again.
        pass_time: lets so many seconds pass for leases.
        place: how another process can open it: "sqlite PATH" or
            "postgres CONNINFO".
    """

    journal: Journal
    again: Callable[[], Journal]
    pass_time: Callable[[float], None]
    place: str


def raw(path: Path, *statements: str) -> None:
    """Change the file behind the journal's back."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


class held:  # noqa: N801 - reads like a function
    """Another process holds the file locked, until it has to let go."""

    def __init__(self, path: Path) -> None:
        """Take the lock."""
        script = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
            "c.execute('BEGIN IMMEDIATE'); print(flush=True); sys.stdin.read()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def let_go(self) -> None:
        """End it."""
        self.process.communicate(timeout=30)

    def __enter__(self) -> Callable[[], None]:
        """Return what ends it."""
        return self.let_go

    def __exit__(self, *exception: object) -> None:
        """End it, however the test ended."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
