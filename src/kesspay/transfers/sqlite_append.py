"""
Append to many payments of a SQLite journal at once.

The sqlite3 module lets other threads of Python run at each statement, and may
then wait for its turn. So what 64 callers append takes a few statements, not 128.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final


if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from kesspay.transfers.journal import Lease
    from kesspay.transfers.rows import Row


__all__ = ["Append", "append_all"]

#: Rows of a statement, the most first. Each is prepared once.
_SIZES: Final = (64, 16, 4, 1)


@dataclass(frozen=True, slots=True)
class Append:
    """
    What one caller appends.

    Args:
        lease: under which.
        status: its columns: state, attempt, due_at.
        entries: the columns of each entry.
        seconds: how long the lease lasts from now on.
    """

    lease: Lease
    status: Row
    entries: Sequence[Row]
    seconds: float


def _advance(rows: int) -> str:
    # SQLite names the columns of VALUES itself.
    return f"""
        UPDATE payments SET state = v.column4, attempt = v.column5,
            due_at = v.column6, changed_at = v.column7, lease_until = v.column8,
            entries = entries + v.column9
        FROM (VALUES {_values(rows)}) AS v
        WHERE payment_id = v.column1 AND lease_owner = v.column2
            AND fence = v.column3
    """  # noqa: S608 - question marks only


def _enter(rows: int) -> str:
    # Numbers count up to what the payment has now.
    return f"""
        INSERT INTO entries (payment_id, number, attempt, what, at, code, facts,
            sent, received)
        SELECT v.column1, p.entries - v.column2, v.column3, v.column4, v.column5,
            v.column6, v.column7, v.column8, v.column9
        FROM (VALUES {_values(rows)}) AS v JOIN payments p
            ON p.payment_id = v.column1
    """  # noqa: S608 - question marks only


def _values(rows: int) -> str:
    return ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?)"] * rows)


_ADVANCE: Final = {size: _advance(size) for size in _SIZES}
_ENTER: Final = {size: _enter(size) for size in _SIZES}


def append_all(
    connection: sqlite3.Connection, appends: Sequence[Append], now: float
) -> bool:
    """
    Append for all, inside a transaction.

    Returns:
        False where a lease was lost, or one payment has two of them: then the
        transaction must be rolled back.
    """
    advanced = [
        (
            one.lease.payment_id,
            one.lease.owner,
            one.lease.fence,
            *one.status,
            now,
            now + one.seconds,
            len(one.entries),
        )
        for one in appends
    ]
    if _execute(connection, _ADVANCE, advanced) != len(appends):
        return False
    entered = [
        (one.lease.payment_id, back, *row)
        for one in appends
        for back, row in zip(
            range(len(one.entries) - 1, -1, -1), one.entries, strict=True
        )
    ]
    return _execute(connection, _ENTER, entered) == len(entered)


def _execute(
    connection: sqlite3.Connection, statements: dict[int, str], rows: Sequence[Row]
) -> int:
    """Return how many rows were changed."""
    changed = 0
    for part in _parts(rows):
        values: list[Any] = []
        for row in part:
            values += row
        changed += connection.execute(statements[len(part)], values).rowcount
    return changed


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Split rows into parts for which there are statements."""
    first = 0
    for size in _SIZES:
        while len(rows) - first >= size:
            yield rows[first : first + size]
            first += size
