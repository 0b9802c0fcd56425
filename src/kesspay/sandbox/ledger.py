"""
The books of the emulated gateway: users, pre-transfers and credits.

SQLite keeps them, so that "credited exactly once" is what a database says:
one row in ``credits`` for each pre-transfer, and not more. The balance of a
user changes in the same transaction as the credit. Money is counted in whole
cents.

A credit may be due later: its row is written by the confirm, and it counts
from its time on, also after a restart in between.

Source: SQLite documentation, "STRICT Tables", "Write-Ahead Logging".
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Context, Decimal
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal, cast
from weakref import finalize

from kesspay._checks import require_flag
from kesspay._shown import no_path, shown_path, shown_value
from kesspay.errors import InputError
from kesspay.gateway.services import (
    EXPIRED,
    NOTELIGIBLE,
    NOTEXIST,
    USED,
    VALIDATIONERROR,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = [
    "AfterExpiry",
    "Credit",
    "Ledger",
    "PreTransferRow",
    "Refusal",
    "State",
    "User",
    "check_user",
]


# ------------------------------------------------------------ entries


State = Literal["open", "due", "credited", "expired"]


class Refusal(Exception):
    """
    The gateway refuses a request.

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
    """
    A pre-transfer in the ledger.

    Attributes:
        state: "open" can be confirmed, "due" was and will be credited,
            "credited" was, "expired" never will be.
        fund_transfer_id: of the credit, once it has been made.
    """

    pre_transfer_id: str
    out_trade_no: str
    receiver_id: str
    receiver_name: str
    amount: Decimal
    expires_at: float
    state: State
    fund_transfer_id: str | None


@dataclass(frozen=True, slots=True)
class Credit:
    """Money that was credited to a receiver."""

    fund_transfer_id: str
    out_trade_no: str
    receiver_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class User:
    """A user, who can receive money while ``eligible`` is true."""

    receiver_id: str
    name: str
    eligible: bool
    balance: Decimal


# ------------------------------------------------------------ tables


_VERSION: Final = 1

#: The context of the caller may have fewer digits than an amount.
_EXACT: Final = Context(prec=32)

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


# ------------------------------------------------------------ the books


#: What a query says of a credited transfer whose pre-transfer has expired.
AfterExpiry = Literal["answer", "expired"]

_EVERYTHING: Final = -1
_PRE_TRANSFER_ID: Final = re.compile(r"PT([0-9]{12})")


def check_user(receiver_id: object, name: object) -> None:
    """Refuse what is no receiver (InputError)."""
    for text, longest in ((receiver_id, 25), (name, 96)):
        # What cannot be printed could not be stored or signed either.
        is_text = isinstance(text, str) and text.isprintable()
        if not (is_text and 0 < len(cast("str", text)) <= longest):
            raise InputError(
                f"a receiver has an id of 1 to 25 and a name of 1 to 96 "
                f"characters; got {shown_value(text)}"
            )


class Ledger:
    """
    The books. Any number of threads and processes may use one file.

    Args:
        path: file of the database; ":memory:" keeps nothing.
        clock: seconds, on which pre-transfers expire and credits fall due.
        used_first: a confirm of what is both used and expired is USED; False
            makes it EXPIRED, which proves nothing about the money.
        query_after_expiry: "answer" reports a credit for ever; "expired"
            says EXPIRED instead, once the pre-transfer has expired.

    Raises:
        InputError: the file cannot be opened or holds something else.
    """

    def __init__(
        self,
        path: str,
        clock: Callable[[], float],
        *,
        used_first: bool = True,
        query_after_expiry: AfterExpiry = "answer",
    ) -> None:
        """Open the books, making the tables where there are none."""
        if query_after_expiry not in ("answer", "expired"):
            raise InputError('query_after_expiry must be "answer" or "expired"')
        kind = no_path(path)
        if kind:
            raise InputError(f"found {kind} in place of the path of the ledger")
        self._clock = clock
        self._used_first = used_first
        self._query_after_expiry = query_after_expiry
        self._lock = Lock()
        try:
            # Transactions are written out below, not guessed by the module.
            self._database = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None
            )
            # A ledger without references is closed, also without ``close``.
            finalize(self, self._database.close)
            prepare(self._database)
        except sqlite3.Error as error:
            shown = shown_path(path)
            raise InputError(f"cannot open the ledger {shown}: {error}") from None

    def close(self) -> None:
        """Close the books."""
        with self._lock:
            self._database.close()

    def add_user(self, receiver_id: str, name: str, *, eligible: bool = True) -> None:
        """
        Open an account or change one; not eligible makes create refuse it.

        Raises:
            InputError: the id or the name breaks a rule.
        """
        check_user(receiver_id, name)
        require_flag("eligible", eligible)
        with self._transaction() as database:
            database.execute(
                "INSERT INTO users VALUES (?, ?, ?, 0) ON CONFLICT (receiver_id) "
                "DO UPDATE SET name = excluded.name, eligible = excluded.eligible",
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
        say otherwise, and a client must be able to handle it.

        Raises:
            Refusal: NOTELIGIBLE.
        """
        with self._transaction() as database:
            user = database.execute(
                "SELECT name FROM users WHERE receiver_id = ? AND eligible",
                (receiver_id,),
            ).fetchone()
            if user is None:
                text = "Receiver is not eligible for the fund."
                raise Refusal(400, NOTELIGIBLE, text)
            number = database.execute(
                "INSERT INTO pre_transfers VALUES (NULL, ?, ?, ?, ?, ?, ?)",
                (
                    out_trade_no,
                    receiver_id,
                    user[0],
                    sender_name,
                    int(amount.scaleb(2, _EXACT)),
                    self._clock() + life,
                ),
            ).lastrowid
            return self._one("WHERE number = ?", number)

    def confirm(
        self, pre_transfer_id: str, partner_transaction_id: str, *, delay: float = 0.0
    ) -> PreTransferRow:
        """
        Credit the receiver of a pre-transfer, once, and return the row.

        Args:
            pre_transfer_id: what create returned.
            partner_transaction_id: pays for one transfer only.
            delay: seconds after which the credit is made; it is certain.

        Raises:
            Refusal: NOTEXIST, USED, EXPIRED or VALIDATIONERROR.
        """
        number = _number(pre_transfer_id)
        with self._transaction() as database:
            row = self._one("WHERE number = ?", number)
            self._require_confirmable(row)
            try:
                database.execute(
                    "INSERT INTO credits VALUES (NULL, ?, ?, ?, 0)",
                    (number, partner_transaction_id, self._clock() + delay),
                )
            except sqlite3.IntegrityError:
                text = "The partner_transaction_id is used."
                raise Refusal(400, VALIDATIONERROR, text) from None
            self._settle()
            return self._one("WHERE number = ?", number)

    def find(self, out_trade_no: str) -> PreTransferRow:
        """
        Return a pre-transfer: the one that was confirmed, else the newest.

        Raises:
            Refusal: NOTEXIST, or EXPIRED where it can no longer be credited;
                see also ``query_after_expiry``.
        """
        with self._transaction():
            row = self._one(
                "WHERE out_trade_no = ? ORDER BY due_at IS NULL, number DESC LIMIT 1",
                out_trade_no,
            )
        honest = self._query_after_expiry == "answer"
        if row.state == "expired" or (self._is_expired(row) and not honest):
            raise _expired()
        return row

    def credits(self) -> tuple[Credit, ...]:
        """Return every credit that was made, oldest first."""
        with self._transaction():
            rows = self._rows("WHERE done ORDER BY c.id")
        return tuple(
            Credit(
                str(row.fund_transfer_id),
                row.out_trade_no,
                row.receiver_id,
                row.amount,
            )
            for row in rows
        )

    def transfers(self, limit: int = _EVERYTHING) -> tuple[PreTransferRow, ...]:
        """Return the newest pre-transfers, newest first."""
        with self._transaction():
            return tuple(self._rows("ORDER BY number DESC LIMIT ?", limit))

    def users(self) -> tuple[User, ...]:
        """Return every user, by id."""
        with self._transaction() as database:
            found = database.execute(
                "SELECT receiver_id, name, eligible, cents FROM users ORDER BY 1"
            ).fetchall()
        return tuple(User(who, name, bool(e), _dollars(c)) for who, name, e, c in found)

    def balance(self, receiver_id: str) -> Decimal:
        """Return the sum of a receiver's credits, in US dollars."""
        with self._transaction() as database:
            found = database.execute(
                "SELECT cents FROM users WHERE receiver_id = ?", (receiver_id,)
            ).fetchone()
        return _dollars(found[0] if found else 0)

    def audit(self) -> list[str]:
        """
        Check the books, and return a line for each fault; [] where there is none.

        A pre-transfer is credited at most once, a debit pays at most once,
        and each balance is the sum of the credits.
        """
        with self._transaction() as database:
            wrong = [
                f"credited more than once: {column} {value}"
                for column in ("number", "partner_transaction_id")
                for (value,) in database.execute(
                    f"SELECT {column} FROM credits GROUP BY 1 HAVING count(*) > 1"  # noqa: S608 - names from above
                )
            ]
            wrong += [
                f"the balance of {who} is {cents} cents, its credits are {credited}"
                for who, cents, credited in database.execute(
                    "SELECT u.receiver_id, u.cents, coalesce(sum(p.cents), 0) "
                    "FROM users AS u LEFT JOIN (SELECT p.* FROM pre_transfers AS p "
                    "JOIN credits USING (number) WHERE done) AS p USING (receiver_id) "
                    "GROUP BY 1 HAVING u.cents <> coalesce(sum(p.cents), 0)"
                )
            ]
            wrong += [
                f"a row of {table} belongs to nothing"
                for table, *_ in database.execute("PRAGMA foreign_key_check")
            ]
        return wrong

    @property
    def ahead(self) -> float:
        """How far the clock of the sandbox was put forward, in seconds."""
        with self._transaction() as database:
            return float(database.execute("SELECT ahead FROM clock").fetchone()[0])

    @ahead.setter
    def ahead(self, seconds: float) -> None:
        with self._lock:
            self._database.execute("UPDATE clock SET ahead = ?", (seconds,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the books for one reader or writer; what is due is made first."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._settle()
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _settle(self) -> None:
        """Make the credits that are due: each one and its balance together."""
        now = self._clock()
        due = self._database.execute(
            "SELECT number, receiver_id, cents FROM credits "
            "JOIN pre_transfers USING (number) WHERE NOT done AND due_at <= ? "
            "ORDER BY due_at, id",
            (now,),
        ).fetchall()
        for number, receiver_id, cents in due:
            self._database.execute(
                "UPDATE credits SET done = 1 WHERE number = ?", (number,)
            )
            self._database.execute(
                "UPDATE users SET cents = cents + ? WHERE receiver_id = ?",
                (cents, receiver_id),
            )

    def _one(self, where: str, value: object) -> PreTransferRow:
        rows = self._rows(where, value)
        if not rows:
            raise Refusal(400, NOTEXIST, "There is no such transfer.")
        return rows[0]

    def _rows(self, where: str, *values: object) -> list[PreTransferRow]:
        found = self._database.execute(OPEN + where, values).fetchall()
        return [self._row(*row) for row in found]

    def _row(
        self,
        number: int,
        out_trade_no: str,
        receiver_id: str,
        receiver_name: str,
        cents: int,
        expires_at: float,
        credit: int | None,
        done: int | None,
    ) -> PreTransferRow:
        state: State = "credited" if done else "due"
        if credit is None:
            state = "expired" if self._clock() >= expires_at else "open"
        return PreTransferRow(
            pre_transfer_id=f"PT{number:012d}",
            out_trade_no=out_trade_no,
            receiver_id=receiver_id,
            receiver_name=receiver_name,
            amount=_dollars(cents),
            expires_at=expires_at,
            state=state,
            fund_transfer_id=f"FT{credit:012d}" if done else None,
        )

    def _require_confirmable(self, row: PreTransferRow) -> None:
        used = row.state in ("due", "credited")
        if used and (self._used_first or not self._is_expired(row)):
            raise Refusal(400, USED, "Pre fund transfer ID is used.")
        if self._is_expired(row):
            raise _expired()

    def _is_expired(self, row: PreTransferRow) -> bool:
        return self._clock() >= row.expires_at


def _expired() -> Refusal:
    return Refusal(400, EXPIRED, "Unified fund transfer is expired.")


def _number(pre_transfer_id: str) -> int | None:
    """Read the number of a pre-transfer; None is no row's."""
    found = _PRE_TRANSFER_ID.fullmatch(pre_transfer_id)
    return int(found[1]) if found else None


def _dollars(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2, _EXACT)
