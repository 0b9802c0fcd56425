"""
The journal in PostgreSQL, for any number of machines.

Needs psycopg 3: ``pip install kesspay[postgres]``. All workers go by the clock
of the database. Every call is a transaction that states what it needs, so a
pooler may stand between that gives each transaction another session.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from kesspay.errors import InputError, JournalUnavailable
from kesspay.transfers.account import Account, Ownership, check_by, check_rebind
from kesspay.transfers.bindings import (
    Statements,
    missing_keys,
    read_account,
    read_ownership,
    recorded,
)
from kesspay.transfers.journal import Lease, Listed, Payment, Record
from kesspay.transfers.postgres_pool import Pool
from kesspay.transfers.postgres_schema import prepare
from kesspay.transfers.rows import (
    BEGUN,
    RECORD_COLUMNS,
    check_lease,
    check_limit,
    check_same,
    check_seconds,
    entry_values,
    lease_is_held,
    lease_was_lost,
    list_queries,
    no_such_payment,
    payment_values,
    read_listed,
    read_record,
    read_records,
    rules_text,
    status_values,
    wanted_states,
)


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection

    from kesspay.transfers.account import Whose
    from kesspay.transfers.attempt import Rules
    from kesspay.transfers.journal import Entry, Status
    from kesspay.transfers.rows import Row


__all__ = ["PostgresJournal"]

_ACCOUNT: Final = Statements.of("%s")
#: Waits for every write of a lease, and lets none begin until it is decided.
_LOCK_LEASES: Final = "LOCK TABLE payments IN SHARE ROW EXCLUSIVE MODE"

#: In parentheses and with SELECT, so that it is evaluated once.
_NOW: Final = "(SELECT extract(epoch FROM clock_timestamp())::float8)"

_RECORDS: Final = (
    f"SELECT {RECORD_COLUMNS} FROM payments p"  # noqa: S608 - constants
    " LEFT JOIN entries e ON e.payment_id = p.payment_id"
)
_READ: Final = f"{_RECORDS} WHERE p.payment_id = %s ORDER BY e.number"
_EXPORT: Final = f"{_RECORDS} ORDER BY p.payment_id, e.number"
_LIST: Final = list_queries("%s")

_BEGIN: Final = f"""
    INSERT INTO payments (payment_id, receiver_id, sender_name, amount, currency,
        state, attempt, due_at, rules, begun_at, changed_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, {_NOW}, {_NOW})
    ON CONFLICT DO NOTHING RETURNING payment_id
"""  # noqa: S608 - constants
_LEASE: Final = f"""
    UPDATE payments
    SET lease_owner = %s, lease_until = {_NOW} + %s, fence = fence + 1
    WHERE payment_id = %s
        AND (lease_until IS NULL OR lease_until <= {_NOW} OR lease_owner = %s)
    RETURNING fence, {_NOW}
"""  # noqa: S608 - constants
_HOLDER: Final = f"""
    SELECT lease_owner, lease_until - {_NOW} FROM payments WHERE payment_id = %s
"""  # noqa: S608 - constants
_TAKE_DUE: Final = f"""
    WITH due AS (
        SELECT payment_id FROM payments
        WHERE due_at <= {_NOW} AND (lease_until IS NULL OR lease_until <= {_NOW})
        ORDER BY due_at, payment_id LIMIT %s
        FOR UPDATE SKIP LOCKED
    )
    UPDATE payments p
    SET lease_owner = %s, lease_until = {_NOW} + %s, fence = fence + 1
    FROM due WHERE p.payment_id = due.payment_id
    RETURNING p.due_at, p.payment_id, p.fence, {_NOW}
"""  # noqa: S608 - constants
_APPEND: Final = f"""
    WITH mine AS (
        UPDATE payments SET state = %s, attempt = %s, due_at = %s,
            changed_at = {_NOW}, lease_until = {_NOW} + %s, entries = entries + %s
        WHERE payment_id = %s AND lease_owner = %s AND fence = %s
        RETURNING payment_id, entries
    ), written AS (
        INSERT INTO entries (payment_id, number, attempt, what, at, code, facts, sent,
            received)
        SELECT mine.payment_id, mine.entries - %s + e.number, e.attempt, e.what, e.at,
            e.code, e.facts, e.sent, e.received
        FROM mine, unnest(%s::int4[], %s::text[], %s::float8[], %s::text[],
            %s::text[], %b::bytea[], %b::bytea[]) WITH ORDINALITY
            AS e (attempt, what, at, code, facts, sent, received, number)
    )
    SELECT {_NOW} FROM mine
"""  # noqa: S608 - constants
_RELEASE: Final = """
    UPDATE payments SET lease_owner = NULL, lease_until = NULL
    WHERE payment_id = %s AND lease_owner = %s AND fence = %s
"""
#: Of an entry.
_COLUMNS: Final = 7


class PostgresJournal:
    """
    A journal in PostgreSQL. Any number of threads and machines may use one.

    A connection that broke before a call sent its COMMIT is replaced. Where it
    breaks during the COMMIT, the call raises JournalUnavailable, and the write may
    have been made: read the payment again, as after a crash, before anything is
    sent. The journal may be used in a child after a fork.

    Args:
        conninfo: for libpq, "postgresql://..." or "host=... dbname=...", of the
            server, or of a pooler by transaction or by session before it. Where
            it holds a password, no error and no repr shows it.
        schema: of the database, for the tables; made where it is missing. It is
            taken as it is written: "Kess" is not "kess".
        connections: most that are open at once. A thread that finds none free
            waits. An export opens one more.
        timeout: seconds that a call may wait for a connection, for the server,
            or for its answer.

    Raises:
        BackendError: psycopg is not installed.
        InputError: an argument cannot be used.
        JournalUnavailable: the server cannot be reached, takes no writes, or
            does not keep them; the message names the setting.
        JournalDamaged: the schema was made by a newer version, or by another
            program.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "kesspay",
        connections: int = 8,
        timeout: float = 5.0,
    ) -> None:
        """Connect, and make the tables where they are missing."""
        check_seconds(timeout)
        self._pool = Pool(conninfo, schema, connections, timeout)
        self._ahead = 0.0

        def work(connection: Connection[Any]) -> None:
            prepare(connection, schema)

        try:
            self._pool.prepare(work)
            sent = monotonic()
            self._set_clock(sent, self._pool.run(f"SELECT {_NOW}")[0][0])
        except BaseException:
            self._pool.close()
            raise

    def __repr__(self) -> str:
        """Name the schema."""
        return f"<PostgresJournal schema {self._pool.schema!r}>"

    def __enter__(self) -> Self:
        """Return the journal itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the journal."""
        self.close()

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise InputError(
            "a PostgresJournal is never pickled or copied: connect again there"
        )

    def now(self) -> float:
        """
        Return the time of the database, in seconds since 1970.

        Without asking it: every lease and every write sets the clock again.
        """
        return monotonic() + self._ahead

    def bind(
        self, account: Account, keys: Sequence[tuple[Whose, str]] = (), *, by: str
    ) -> Account:
        """
        Return whom the journal belongs to: this account, where there was none.

        Args:
            account: that wants to use it.
            keys: that it uses; recorded where the journal is its own.
            by: who it is; recorded with a new account.
        """
        check_by(by)
        found = read_account(self._pool.run(_ACCOUNT.current))
        if found is None:
            values = (account.base_url, account.partner_id, self.now(), by)
            self._pool.run(_ACCOUNT.first, values)
            # Another process may have been first.
            found = recorded(self._pool.run(_ACCOUNT.current))
        if found == account and keys:
            for key in missing_keys(self._pool.run(_ACCOUNT.keys), keys):
                self._pool.run(_ACCOUNT.add_key, (*key, self.now()))
        return found

    def ownership(self) -> Ownership:
        """Return which account the journal belongs to, and since when."""
        bindings = self._pool.run(_ACCOUNT.bindings)
        return read_ownership(bindings, self._pool.run(_ACCOUNT.keys))

    def rebind(self, old: Account | None, new: Account, *, by: str) -> None:
        """
        Give the journal to a base URL that moved.

        Args:
            old: whom it belongs to.
            new: whom it is to belong to.
            by: who says so; recorded.

        Raises:
            WrongAccount: ``old`` is not the account, or ``new`` is another
                partner and something may have been sent.
            LeaseHeld: a payment is being worked on.
        """
        check_by(by)

        def work(connection: Connection[Any]) -> list[Row]:
            connection.execute(_LOCK_LEASES)
            found = read_account(connection.execute(_ACCOUNT.current).fetchall())
            ((used,),) = connection.execute(_ACCOUNT.was_used).fetchall()
            ((until,),) = connection.execute(_ACCOUNT.held_until).fetchall()
            ((now,),) = connection.execute(f"SELECT {_NOW}").fetchall()
            held = until - now if until is not None and until > now else None
            check_rebind(found, old, new, was_used=used, held=held)
            values = (new.base_url, new.partner_id, now, by)
            connection.execute(_ACCOUNT.following, values)
            connection.execute(_ACCOUNT.end_leases)
            return []

        self._pool.use(work)

    def begin(self, payment: Payment, rules: Rules | None = None) -> Record:
        """
        Return the record of a payment, entering it where it is new.

        Args:
            payment: what the caller wants paid.
            rules: recorded with a new payment; one that is there keeps its own.

        Raises:
            PaymentConflict: there is another payment with this id.
        """
        values = (
            *payment_values(payment),
            *status_values(BEGUN),
            rules_text(rules),
        )
        if self._pool.run(_BEGIN, values):
            return Record(payment, BEGUN, (), rules)
        record = self.read(payment.payment_id)
        if record is None:
            raise JournalUnavailable(
                f"payment {payment.payment_id} is in the journal and cannot be read:"
                " this role does not see it, or a person removed it just now; nothing"
                " was written"
            )
        check_same(record.payment, payment)
        return record

    def read(self, payment_id: str) -> Record | None:
        """Return the record of a payment, or None."""
        rows = self._pool.run(_READ, (payment_id,))
        return read_record(rows) if rows else None

    def lease(self, payment_id: str, owner: str, seconds: float) -> Lease:
        """
        Take a payment for some seconds; an owner may take its own again.

        Raises:
            LeaseHeld: another owner has it.
            JournalError: there is no such payment.
        """
        check_lease(owner, seconds)
        sent = monotonic()
        taken = self._pool.run(_LEASE, (owner, float(seconds), payment_id, owner))
        if taken:
            self._set_clock(sent, taken[0][1])
            return Lease(payment_id, owner, taken[0][0])
        held = self._pool.run(_HOLDER, (payment_id,))
        if not held:
            raise no_such_payment(payment_id)
        # It may have been given back meanwhile.
        raise lease_is_held(payment_id, held[0][0] or "another owner", held[0][1] or 0)

    def take_due(self, owner: str, seconds: float, limit: int) -> list[Lease]:
        """Take payments that are due and free, the most overdue first."""
        check_lease(owner, seconds)
        check_limit(limit)
        sent = monotonic()
        taken = sorted(self._pool.run(_TAKE_DUE, (limit, owner, float(seconds))))
        if taken:
            self._set_clock(sent, taken[0][3])
        return [Lease(payment_id, owner, fence) for _, payment_id, fence, _ in taken]

    def append(
        self, lease: Lease, entries: Sequence[Entry], status: Status, seconds: float
    ) -> None:
        """
        Write entries and the new status, all or none, and extend the lease.

        Raises:
            LeaseLost: somebody else took the payment; nothing was written.
        """
        check_seconds(seconds)
        rows = [entry_values(entry) for entry in entries]
        columns = [[row[place] for row in rows] for place in range(_COLUMNS)]
        mine = (lease.payment_id, lease.owner, lease.fence)
        count = len(rows)
        values = (*status_values(status), float(seconds), count, *mine, count, *columns)
        sent = monotonic()
        written = self._pool.run(_APPEND, values)
        if not written:
            raise lease_was_lost(lease)
        self._set_clock(sent, written[0][0])

    def release(self, lease: Lease) -> None:
        """Give a payment back. A lease that was lost is no error."""
        self._pool.run(_RELEASE, (lease.payment_id, lease.owner, lease.fence))

    def list(
        self, *, state: str = "", after: str = "", limit: int = 100
    ) -> list[Listed]:
        """
        Return payments in the order of their ids.

        Args:
            state: only those in this state; "" for all. "unknown" lists every
                payment whose outcome is unknown: "confirming" and "refused", too.
            after: only those with a greater id, for the next page.
            limit: how many at most.
        """
        check_limit(limit)
        states = wanted_states(state)
        rows = self._pool.run(_LIST[len(states)], (*states, after, limit))
        return [read_listed(row) for row in rows]

    def export(self) -> Iterator[Record]:
        """
        Yield every record, in the order of the ids, as of one moment.

        Until it ends, the server cannot clean up what is changed meanwhile.
        """
        return read_records(self._pool.stream(_EXPORT))

    def close(self) -> None:
        """Close the journal, and its connections as they become free."""
        self._pool.close()

    def _set_clock(self, sent: float, now: float) -> None:
        """Take over the time of the server, told in the middle of an exchange."""
        self._ahead = now - (sent + monotonic()) / 2
