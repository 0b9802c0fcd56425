"""
The tables of a PostgreSQL journal, and how they come to be.

A schema has a number, in the table ``schema_version``; ``MIGRATIONS`` leads
from each one to the next, and a schema with a greater number is left alone.
Where nothing is to be done no right to make tables is needed: SELECT, INSERT
and UPDATE on ``payments``, SELECT and INSERT on ``entries``, ``accounts`` and
``account_keys``, and SELECT on ``schema_version`` are enough for a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import JournalDamaged
from kesspay.transfers.postgres_session import identifier


if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection


__all__ = ["MIGRATIONS", "prepare"]

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
#: that began before there was this column). Whoever may write payments may
#: record the account, so that the role of a worker goes on as it is.
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


def prepare(connection: Connection[Any], schema: str) -> None:
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
