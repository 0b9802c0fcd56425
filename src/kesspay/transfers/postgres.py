"""
The journal in PostgreSQL, for any number of machines.

It needs psycopg 3: ``pip install kesspay[postgres]``. All workers use the clock
of the database. Every call is one transaction, which sets all that it needs, so a
pooler that gives each transaction another session can be used.

A schema has a version number, in the table ``schema_version``. ``MIGRATIONS`` has
the steps from each version to the next, and a schema with a greater number is not
changed. Where no step is needed, a worker needs no right to make tables: SELECT,
INSERT and UPDATE on ``payments``, SELECT and INSERT on ``entries``, ``accounts``
and ``account_keys``, and SELECT on ``schema_version`` are enough.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from kesspay._checks import require
from kesspay._checks import seconds as checked_seconds
from kesspay.errors import JournalDamaged, JournalUnavailable
from kesspay.transfers.account import check_binding
from kesspay.transfers.bindings import (
    Statements,
    missing_keys,
    read_account,
    recorded,
)
from kesspay.transfers.journal import Lease, Payment, Record, check_write
from kesspay.transfers.postgres_pool import Pool
from kesspay.transfers.postgres_session import identifier
from kesspay.transfers.row_journal import Queries, RowJournal, lease_was_lost
from kesspay.transfers.rows import (
    BEGUN,
    begin_values,
    check_lease,
    check_limit,
    check_same,
    check_seconds,
    entry_values,
    read_records,
    status_values,
)


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from psycopg import Connection

    from kesspay.transfers.account import Account, Whose
    from kesspay.transfers.attempt import Rules
    from kesspay.transfers.bindings import Execute
    from kesspay.transfers.journal import Entry, Status
    from kesspay.transfers.rows import Row


__all__ = ["MIGRATIONS", "PostgresJournal"]

#: Seconds: PostgreSQL and libpq count milliseconds in 32 bits.
_LONGEST_WAIT: Final = 1e6

_ACCOUNT: Final = Statements.of("%s")
_QUERIES: Final = Queries.of("%s")
#: Waits for every write of a lease, and lets none begin until it is decided.
_LOCK_LEASES: Final = "LOCK TABLE payments IN SHARE ROW EXCLUSIVE MODE"

#: In parentheses and with SELECT, so that it is evaluated once.
_NOW: Final = "(SELECT extract(epoch FROM clock_timestamp())::float8)"

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
        RETURNING number
    )
    SELECT {_NOW}, (SELECT count(*) FROM written) FROM mine
"""  # noqa: S608 - constants
_RELEASE: Final = """
    UPDATE payments SET lease_owner = NULL, lease_until = NULL
    WHERE payment_id = %s AND lease_owner = %s AND fence = %s
"""
#: Of an entry.
_COLUMNS: Final = 7

#: Numbers are as in SQLite. Ids are in the order of their bytes everywhere.
_FIRST: Final = """
    CREATE TABLE payments (
        payment_id text COLLATE "C" NOT NULL PRIMARY KEY,
        receiver_id text NOT NULL,
        sender_name text NOT NULL,
        amount text NOT NULL,
        currency text NOT NULL,
        begun_at float8 NOT NULL,
        changed_at float8 NOT NULL,
        state text COLLATE "C" NOT NULL,
        attempt integer NOT NULL,
        due_at float8,
        entries integer NOT NULL DEFAULT 0,
        lease_owner text,
        lease_until float8,
        fence bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE entries (
        payment_id text COLLATE "C" NOT NULL REFERENCES payments,
        number integer NOT NULL,
        attempt integer NOT NULL,
        what text NOT NULL,
        at float8 NOT NULL,
        code text NOT NULL,
        facts text NOT NULL,
        sent bytea,
        received bytea,
        PRIMARY KEY (payment_id, number)
    );
    CREATE INDEX payments_due ON payments (due_at, payment_id)
        WHERE due_at IS NOT NULL;
    CREATE INDEX payments_state ON payments (state, payment_id);
"""

#: The account of the journal, and the rules of each payment (JSON; NULL for one
#: that began before there was this column). A role that may write payments
#: may record the account, so that a worker keeps the role it has.
_ACCOUNTS: Final = """
    CREATE TABLE accounts (
        number integer NOT NULL PRIMARY KEY,
        base_url text NOT NULL,
        partner_id text NOT NULL,
        at float8 NOT NULL,
        author text NOT NULL
    );
    CREATE TABLE account_keys (
        whose text COLLATE "C" NOT NULL,
        fingerprint text COLLATE "C" NOT NULL,
        since float8 NOT NULL,
        PRIMARY KEY (whose, fingerprint)
    );
    ALTER TABLE payments ADD COLUMN rules text;
    DO $grants$
    DECLARE
        one record;
    BEGIN
        FOR one IN
            SELECT DISTINCT a.privilege_type AS may, CASE a.grantee WHEN 0
                THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS who
            FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.oid = 'payments'::regclass AND a.grantee <> c.relowner
                AND a.privilege_type IN ('SELECT', 'INSERT')
        LOOP
            EXECUTE format('GRANT %s ON accounts, account_keys TO %s',
                one.may, one.who);
        END LOOP;
    END
    $grants$;
"""

#: Each makes of a schema the next one, inside a transaction.
MIGRATIONS: Sequence[str] = (_FIRST, _ACCOUNTS)

#: One process at a time makes or changes a schema: "kess" and its name.
_LOCK: Final = "SELECT pg_advisory_xact_lock(1801810803, hashtext(%s))"


class PostgresJournal(RowJournal):
    """
    A journal in PostgreSQL. Any number of threads and machines may use one.

    A connection that fails before a call has sent its COMMIT is replaced. Where it
    fails during the COMMIT, the call raises JournalUnavailable, and the write may
    have been made: read the payment again, as after a crash, before anything is
    sent. The journal may be used in a child process after a fork. Its methods raise
    the errors of ``Journal``.

    Args:
        conninfo: a connection string of libpq, "postgresql://..." or "host=...
            dbname=...", for the server, or for a pooler (by transaction or by
            session). If it holds a password, no error and no repr shows it.
        schema: name of the schema for the tables; made where it is missing. Upper
            and lower case differ: "Kess" is not "kess".
        connections: how many connections may be open at once. A thread waits for a
            free one. An export opens one more.
        timeout: seconds that a call may wait for a connection, for the server,
            or for its answer.

    Raises:
        BackendError: psycopg is not installed.
        InputError: an argument cannot be used.
        JournalUnavailable: the server cannot be reached, refuses writes, or its
            settings do not make them durable; the message names the setting.
        JournalDamaged: the schema was made by a newer version, or by another
            program.
    """

    _queries = _QUERIES
    _account = _ACCOUNT
    _instead = "connect again there"

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "kesspay",
        connections: int = 8,
        timeout: float = 5.0,
    ) -> None:
        """Connect, and make the tables where they are missing."""
        wait = min(checked_seconds(timeout), _LONGEST_WAIT)
        self._pool = Pool(conninfo, schema, connections, wait)
        self._ahead = 0.0

        def work(connection: Connection[Any]) -> None:
            _prepare(connection, schema)

        try:
            self._pool.prepare(work)
            sent = monotonic()
            self._set_clock(sent, self._pool.run(f"SELECT {_NOW}")[0][0])
        except BaseException:
            self._pool.close()
            raise

    def now(self) -> float:
        """
        Return the time of the database, in seconds since 1970.

        It is computed without a query: every lease and every write returns the
        time of the database.
        """
        return monotonic() + self._ahead

    def bind(
        self, account: Account, keys: Sequence[tuple[Whose, str]] = (), *, by: str
    ) -> Account:
        """
        Return the account of the journal; record this one where there is none.

        It is called before every use of a payment, so it must be quick where an
        account is recorded already. If two processes call it first at the same
        time, both must return the account that was recorded. The caller compares
        it with its own.

        Args:
            account: the account of the caller.
            keys: the keys that the caller uses: whose key it is, and its
                fingerprint (SHA-256 in lower-case hex). Each is recorded once, and
                only where the journal belongs to ``account``.
            by: user, host and process of the caller, 1 to 128 visible ASCII
                characters; recorded with a new account.
        """
        check_binding(account, keys, by)
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

    def begin(self, payment: Payment, rules: Rules | None = None) -> Record:
        """
        Return the record of a payment; make it where the id is new.

        Args:
            payment: what the caller wants to pay.
            rules: recorded with a new payment, exactly and for ever. A payment that
                is recorded already keeps its rules, or has none.

        Raises:
            PaymentConflict: the id names a payment with other fields.
        """
        values = begin_values(payment, rules)
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

    def take_due(self, owner: str, seconds: float, limit: int) -> list[Lease]:
        """
        Lease payments that are due and not leased, the most overdue first.

        Args:
            owner: a name for the leases, 1 to 128 visible ASCII characters.
            seconds: how long they last, above 0.
            limit: how many at most, 1 to 10,000.
        """
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

        Args:
            lease: the lease under which the entries are written.
            entries: what happened, in order.
            status: the status of the payment after them.
            seconds: how long the lease lasts from now on.

        Raises:
            LeaseLost: another worker took the lease; nothing was written.
        """
        check_seconds(seconds)
        check_write(lease, entries, status)
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
        if written[0][1] != count:
            # A trigger or a rule took the rows. Where they are not in another table
            # of the same parent, the payment is damaged, and nothing is sent for it.
            self.read(lease.payment_id)

    def release(self, lease: Lease) -> None:
        """End a lease before its time. A lease that was lost is no error."""
        require(lease, Lease, "lease")
        self._pool.run(_RELEASE, (lease.payment_id, lease.owner, lease.fence))

    def export(self) -> Iterator[Record]:
        """
        Yield every record in the order of the ids, as of one moment.

        Until it ends, VACUUM cannot remove rows that are changed meanwhile.
        """
        return read_records(self._pool.stream(_QUERIES.export))

    def close(self) -> None:
        """Close the journal, and each connection when its call has ended."""
        self._pool.close()

    def _place(self) -> str:
        # There is no pool where the arguments were refused.
        return f"schema {getattr(getattr(self, '_pool', None), 'schema', '')!r}"

    def _ask(self, query: str, values: Row) -> Sequence[Row]:
        return self._pool.run(query, values)

    def _run_without_leases(self, work: Callable[[Execute, float], None]) -> None:
        def locked(connection: Connection[Any]) -> list[Row]:
            connection.execute(_LOCK_LEASES)
            ((now,),) = connection.execute(f"SELECT {_NOW}").fetchall()
            work(connection.execute, now)
            return []

        self._pool.use(locked)

    def _take(
        self, payment_id: str, owner: str, seconds: float
    ) -> tuple[int | None, tuple[str | None, float | None] | None]:
        sent = monotonic()
        taken = self._pool.run(_LEASE, (owner, seconds, payment_id, owner))
        if taken:
            self._set_clock(sent, taken[0][1])
            return taken[0][0], None
        held = self._pool.run(_HOLDER, (payment_id,))
        return None, held[0] if held else None

    def _set_clock(self, sent: float, now: float) -> None:
        """Take over the time that the server said in the middle of an exchange."""
        self._ahead = now - (sent + monotonic()) / 2


def _prepare(connection: Connection[Any], schema: str) -> None:
    """
    Make the schema where it is missing, and bring it up to date.

    Raises:
        JournalDamaged: it was made by a newer version.
    """
    if _version(connection, schema) == len(MIGRATIONS):
        return
    with connection.transaction():
        connection.execute(_LOCK, (schema,))
        version = _version(connection, schema)
        if version == 0:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            connection.execute("CREATE TABLE schema_version (version integer NOT NULL)")
            connection.execute("INSERT INTO schema_version VALUES (0)")
        for migration in MIGRATIONS[version:]:
            connection.execute(migration)
        connection.execute("UPDATE schema_version SET version = %s", (len(MIGRATIONS),))


def _version(connection: Connection[Any], schema: str) -> int:
    table = f"{identifier(schema)}.schema_version"
    found = connection.execute("SELECT to_regclass(%s) IS NULL", (table,)).fetchone()
    if found == (True,):
        return 0
    rows = connection.execute("SELECT version FROM schema_version").fetchall()
    if len(rows) != 1 or not 0 < rows[0][0] <= len(MIGRATIONS):
        versions = ", ".join(str(row[0]) for row in rows) or "none"
        raise JournalDamaged(
            f"the schema {schema} has version {versions}, and this version of kesspay"
            f" knows up to {len(MIGRATIONS)}: install the newer kesspay that made it;"
            " nothing was changed"
        )
    return int(rows[0][0])
