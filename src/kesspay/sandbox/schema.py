"""
The tables of the ledger, and how a database gets them.

Source: SQLite documentation, "STRICT Tables", "Write-Ahead Logging".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay.errors import InputError


if TYPE_CHECKING:
    import sqlite3


__all__ = ["OPEN", "prepare"]

_VERSION: Final = 1

_TABLES: Final = """
BEGIN IMMEDIATE;
CREATE TABLE users (
    receiver_id TEXT PRIMARY KEY, name TEXT NOT NULL, eligible INTEGER NOT NULL,
    cents INTEGER NOT NULL CHECK (cents >= 0)
) STRICT;
CREATE TABLE pre_transfers (
    number INTEGER PRIMARY KEY,
    out_trade_no TEXT NOT NULL,
    receiver_id TEXT NOT NULL REFERENCES users,
    receiver_name TEXT NOT NULL,
    sender_name TEXT NOT NULL,
    cents INTEGER NOT NULL CHECK (cents > 0),
    expires_at REAL NOT NULL
) STRICT;
CREATE INDEX by_reference ON pre_transfers (out_trade_no);
CREATE TABLE credits (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE REFERENCES pre_transfers,
    partner_transaction_id TEXT NOT NULL UNIQUE,
    due_at REAL NOT NULL,
    done INTEGER NOT NULL CHECK (done IN (0, 1))
) STRICT;
CREATE INDEX to_be_made ON credits (due_at) WHERE NOT done;
CREATE TABLE clock (ahead REAL NOT NULL) STRICT;
INSERT INTO clock VALUES (0);
PRAGMA user_version = 1;
COMMIT;
"""

#: Every pre-transfer with its credit, if there is one; a WHERE follows.
OPEN: Final = """
    SELECT p.number, out_trade_no, receiver_id, receiver_name, cents, expires_at,
           c.id, c.done
    FROM pre_transfers AS p LEFT JOIN credits AS c USING (number)
"""


def prepare(database: sqlite3.Connection) -> None:
    """
    Make the tables where there are none.

    Raises:
        InputError: the database holds something else.
    """
    # Readers do not wait for writers; ":memory:" has no such file and says so.
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA foreign_keys = ON")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    tables = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if not tables:
        database.executescript(_TABLES)
    elif version != _VERSION:
        raise InputError("the file is no ledger of this version of kesspay")
