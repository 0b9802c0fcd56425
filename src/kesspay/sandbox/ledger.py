"""
The books of the emulated gateway: users, pre-transfers and credits.

SQLite keeps them, so that "credited exactly once" is what a database says:
one row in ``credits`` for each pre-transfer, and not more. Money is counted
in whole cents.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import finalize


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["Credit", "Ledger", "PreTransferRow", "Refusal"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS users (
    receiver_id TEXT PRIMARY KEY, name TEXT NOT NULL, eligible INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS pre_transfers (
    number INTEGER PRIMARY KEY,
    pre_transfer_id TEXT NOT NULL UNIQUE,
    out_trade_no TEXT NOT NULL,
    receiver_id TEXT NOT NULL REFERENCES users,
    receiver_name TEXT NOT NULL,
    sender_name TEXT NOT NULL,
    cents INTEGER NOT NULL CHECK (cents > 0),
    expires_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS by_reference ON pre_transfers (out_trade_no);
CREATE TABLE IF NOT EXISTS credits (
    fund_transfer_id TEXT PRIMARY KEY,
    pre_transfer_id TEXT NOT NULL UNIQUE REFERENCES pre_transfers (pre_transfer_id),
    partner_transaction_id TEXT NOT NULL UNIQUE
) STRICT;
"""

_OPEN: Final = """
    SELECT p.pre_transfer_id, p.out_trade_no, p.receiver_id, p.receiver_name,
           p.cents, p.expires_at, c.fund_transfer_id
    FROM pre_transfers AS p LEFT JOIN credits AS c USING (pre_transfer_id)
"""


class Refusal(Exception):
    """
    The gateway says no.

    Attributes:
        status: HTTP status.
        code: ``error_code``.
    """

    def __init__(self, status: int, code: str, description: str) -> None:
        """Store what the answer will say."""
        self.status = status
        self.code = code
        super().__init__(description)


@dataclass(frozen=True, slots=True)
class PreTransferRow:
    """A pre-transfer as the ledger has it."""

    pre_transfer_id: str
    out_trade_no: str
    receiver_id: str
    receiver_name: str
    amount: Decimal
    expires_at: float
    fund_transfer_id: str | None


@dataclass(frozen=True, slots=True)
class Credit:
    """A receiver got money."""

    fund_transfer_id: str
    out_trade_no: str
    receiver_id: str
    amount: Decimal


class Ledger:
    """
    The books. Any number of threads may use one.

    Args:
        path: file of the database; ":memory:" keeps nothing.
        clock: seconds, on which pre-transfers expire.
    """

    def __init__(self, path: str, clock: Callable[[], float]) -> None:
        """Open the books, making the tables where there are none."""
        self._clock = clock
        self._lock = Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        # Books that nobody holds any more are closed, also without ``close``.
        finalize(self, self._database.close)
        self._database.executescript("PRAGMA foreign_keys = ON;" + _SCHEMA)

    def close(self) -> None:
        """Close the books."""
        with self._lock:
            self._database.close()

    def add_user(self, receiver_id: str, name: str, *, eligible: bool = True) -> None:
        """Open an account; ``eligible`` False makes create refuse it."""
        with self._lock, self._database as database:
            database.execute(
                "INSERT OR REPLACE INTO users VALUES (?, ?, ?)",
                (receiver_id, name, int(eligible)),
            )

    def create(
        self,
        *,
        out_trade_no: str,
        receiver_id: str,
        sender_name: str,
        amount: Decimal,
        life: int,
    ) -> PreTransferRow:
        """
        Enter a pre-transfer and return it.

        Two with one out_trade_no are two pre-transfers: the document does not
        say otherwise, and a client must be able to live with it.

        Raises:
            Refusal: NOTELIGIBLE.
        """
        with self._lock, self._database as database:
            user = database.execute(
                "SELECT name FROM users WHERE receiver_id = ? AND eligible",
                (receiver_id,),
            ).fetchone()
            if user is None:
                text = "Receiver is not eligible for the fund."
                raise Refusal(400, "NOTELIGIBLE", text)
            row = PreTransferRow(
                pre_transfer_id=f"PT{token_hex(12)}",
                out_trade_no=out_trade_no,
                receiver_id=receiver_id,
                receiver_name=user[0],
                amount=amount,
                expires_at=self._clock() + life,
                fund_transfer_id=None,
            )
            database.execute(
                "INSERT INTO pre_transfers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
                (
                    row.pre_transfer_id,
                    out_trade_no,
                    receiver_id,
                    row.receiver_name,
                    sender_name,
                    int(amount * 100),
                    row.expires_at,
                ),
            )
        return row

    def confirm(
        self, pre_transfer_id: str, partner_transaction_id: str
    ) -> PreTransferRow:
        """
        Credit the receiver of a pre-transfer, once, and return the row.

        Raises:
            Refusal: NOTEXIST, USED, EXPIRED or VALIDATIONERROR.
        """
        with self._lock, self._database as database:
            found = database.execute(
                _OPEN + "WHERE pre_transfer_id = ?", (pre_transfer_id,)
            ).fetchone()
            row = self._confirmable(found)
            try:
                database.execute(
                    "INSERT INTO credits VALUES (?, ?, ?)",
                    (f"FT{token_hex(12)}", pre_transfer_id, partner_transaction_id),
                )
            except sqlite3.IntegrityError:
                text = "The partner_transaction_id is used."
                raise Refusal(400, "VALIDATIONERROR", text) from None
            paid = database.execute(
                _OPEN + "WHERE pre_transfer_id = ?", (row.pre_transfer_id,)
            ).fetchone()
        return _row(paid)

    def find(self, out_trade_no: str) -> PreTransferRow:
        """
        Return a pre-transfer: the one that was credited, else the newest.

        Raises:
            Refusal: NOTEXIST, or EXPIRED where it can no longer be credited.
        """
        with self._lock:
            found = self._database.execute(
                _OPEN + "WHERE out_trade_no = ? "
                "ORDER BY fund_transfer_id IS NULL, number DESC LIMIT 1",
                (out_trade_no,),
            ).fetchone()
        if found is None:
            raise Refusal(400, "NOTEXIST", "There is no such transfer.")
        row = _row(found)
        if row.fund_transfer_id is None:
            self._require_alive(row)
        return row

    def credits(self) -> tuple[Credit, ...]:
        """Return every credit, oldest first."""
        with self._lock:
            found = self._database.execute(
                _OPEN + "WHERE fund_transfer_id IS NOT NULL ORDER BY c.rowid"
            ).fetchall()
        rows = [_row(values) for values in found]
        return tuple(
            Credit(
                str(row.fund_transfer_id),
                row.out_trade_no,
                row.receiver_id,
                row.amount,
            )
            for row in rows
        )

    def balance(self, receiver_id: str) -> Decimal:
        """Return what a receiver was credited in all, in dollars."""
        amounts = (
            credit.amount
            for credit in self.credits()
            if credit.receiver_id == receiver_id
        )
        return sum(amounts, Decimal("0.00"))

    def _confirmable(self, found: tuple[object, ...] | None) -> PreTransferRow:
        if found is None:
            raise Refusal(400, "NOTEXIST", "Wrong pre transfer ID.")
        row = _row(found)
        if row.fund_transfer_id is not None:
            raise Refusal(400, "USED", "Pre fund transfer ID is used.")
        self._require_alive(row)
        return row

    def _require_alive(self, row: PreTransferRow) -> None:
        if self._clock() >= row.expires_at:
            text = "Unified fund transfer is expired."
            raise Refusal(400, "EXPIRED", text)


def _row(values: tuple[object, ...]) -> PreTransferRow:
    pre_transfer_id, out_trade_no, receiver, name, cents, expires_at, paid = values
    return PreTransferRow(
        pre_transfer_id=str(pre_transfer_id),
        out_trade_no=str(out_trade_no),
        receiver_id=str(receiver),
        receiver_name=str(name),
        amount=Decimal(int(str(cents))).scaleb(-2),
        expires_at=float(str(expires_at)),
        fund_transfer_id=None if paid is None else str(paid),
    )
