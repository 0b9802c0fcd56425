"""
How the journals keep the account they belong to: the statements and the rows.

``accounts`` has a row for each binding, numbered from 1; the last one counts
and none is ever changed. ``account_keys`` has each key once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from kesspay.errors import InputError, JournalDamaged
from kesspay.transfers.account import (
    Account,
    Binding,
    KnownKey,
    Ownership,
    check_rebind,
)


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.transfers.account import Whose


__all__ = [
    "Execute",
    "Row",
    "Statements",
    "missing_keys",
    "read_account",
    "read_ownership",
    "rebind",
    "recorded",
]

#: Of a table.
Row = tuple[Any, ...]


class _Cursor(Protocol):
    def fetchall(self) -> list[Row]:
        """Return the rows that a statement gave."""


#: Executes a statement with its values inside a transaction.
Execute = Callable[[str, Row], _Cursor]


@dataclass(frozen=True, slots=True)
class Statements:
    """
    The statements of one kind of database, for one place of the tables.

    Attributes:
        current: gives the account, or no row.
        bindings: gives every binding, oldest first.
        keys: gives every key, oldest first.
        first: records the first account where there is none; values are base
            URL, partner id, moment, who.
        following: records another account; the same values.
        add_key: records a key once; values are whose, fingerprint, moment.
        was_used: says whether there is an entry.
        held_until: gives the end of the last lease, or NULL.
        end_leases: takes every payment from its worker, so that one that was
            stopped for a while can write nothing more.
    """

    current: str
    bindings: str
    keys: str
    first: str
    following: str
    add_key: str
    was_used: str
    held_until: str
    end_leases: str

    @classmethod
    def of(cls, mark: str, prefix: str = "") -> Self:
        """
        Return the statements.

        Args:
            mark: stands for a value, "?" or "%s".
            prefix: of the names of tables, such as "schema.".
        """
        accounts, keys = f"{prefix}accounts", f"{prefix}account_keys"
        four = ", ".join([mark] * 4)
        columns = "number, base_url, partner_id, at, author"
        # Constants, marks and a schema whose name was checked.
        return cls(
            current=f"SELECT base_url, partner_id FROM {accounts}"  # noqa: S608 - a checked prefix
            " ORDER BY number DESC LIMIT 1",
            bindings=f"SELECT base_url, partner_id, at, author FROM {accounts}"  # noqa: S608 - a checked prefix
            " ORDER BY number",
            keys=f"SELECT whose, fingerprint, since FROM {keys}"  # noqa: S608 - a checked prefix
            " ORDER BY since, whose, fingerprint",
            first=f"INSERT INTO {accounts} ({columns}) VALUES (1, {four})"  # noqa: S608 - a checked prefix
            " ON CONFLICT DO NOTHING",
            following=f"INSERT INTO {accounts} ({columns})"  # noqa: S608 - a checked prefix
            f" SELECT coalesce(max(number), 0) + 1, {four} FROM {accounts}",
            add_key=f"INSERT INTO {keys} (whose, fingerprint, since)"  # noqa: S608 - a checked prefix
            f" VALUES ({mark}, {mark}, {mark}) ON CONFLICT DO NOTHING",
            was_used=f"SELECT EXISTS (SELECT 1 FROM {prefix}entries)",  # noqa: S608 - a checked prefix
            held_until=f"SELECT max(lease_until) FROM {prefix}payments"  # noqa: S608 - a checked prefix
            " WHERE lease_owner IS NOT NULL",
            end_leases=f"UPDATE {prefix}payments SET fence = fence + 1,"  # noqa: S608 - a checked prefix
            " lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL",
        )


def read_account(rows: Sequence[Row]) -> Account | None:
    """
    Read what ``current`` gave.

    Raises:
        JournalDamaged: it is not as it was written.
    """
    return _account(*rows[0]) if rows else None


def recorded(rows: Sequence[Row]) -> Account:
    """
    Read what ``current`` gave after an account was recorded.

    Raises:
        JournalDamaged: it is not as it was written, or not there.
    """
    found = read_account(rows)
    if found is None:
        raise _damaged("was recorded, and is not there")
    return found


def read_ownership(bindings: Sequence[Row], keys: Sequence[Row]) -> Ownership:
    """
    Read what ``bindings`` and ``keys`` gave.

    Raises:
        JournalDamaged: it is not as it was written.
    """
    return Ownership(
        tuple(Binding(_account(*row[:2]), *row[2:]) for row in bindings),
        tuple(KnownKey(*row) for row in keys),
    )


def rebind(
    execute: Execute,
    statements: Statements,
    old: Account | None,
    new: Account,
    *,
    by: str,
    now: float,
) -> None:
    """
    Give a journal to another account, in a transaction in which no lease begins.

    Args:
        execute: executes a statement in that transaction.
        statements: of the database.
        old: whom the journal belongs to as the caller knows.
        new: whom it is to belong to.
        by: who says so; recorded.
        now: seconds since 1970.

    Raises:
        WrongAccount: see ``check_rebind``.
        LeaseHeld: a payment is being worked on.
    """
    found = read_account(execute(statements.current, ()).fetchall())
    ((used,),) = execute(statements.was_used, ()).fetchall()
    ((until,),) = execute(statements.held_until, ()).fetchall()
    held = until - now if until is not None and until > now else None
    check_rebind(found, old, new, was_used=bool(used), held=held)
    execute(statements.following, (new.base_url, new.partner_id, now, by))
    execute(statements.end_leases, ())


def missing_keys(
    rows: Sequence[Row], keys: Sequence[tuple[Whose, str]]
) -> list[tuple[Whose, str]]:
    """Return those keys that ``keys`` did not give."""
    there = {tuple(row[:2]) for row in rows}
    return [key for key in keys if key not in there]


def _account(base_url: str, partner_id: str) -> Account:
    try:
        return Account(base_url, partner_id)
    except InputError:
        raise _damaged("cannot be read") from None


def _damaged(why: str) -> JournalDamaged:
    return JournalDamaged(
        f"the journal is damaged: the account that it belongs to {why}. Nothing was"
        " sent. Start no transfer; restore the journal from a copy."
    )
