"""
The file of a SQLite journal: making it, its connections, what its errors mean.

The tables are described where they are made, in ``_first`` and after. A schema has a
number, ``user_version``; ``MIGRATIONS`` leads from each one to the next, and a
file with a greater number is left alone.

One connection writes, and some read. SQLite keeps its locks in the memory of a
process, so a child that inherits an open connection breaks the locks of both.
Before a fork every connection is closed; the next call opens one again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING, Final

from kesspay._first_use import FirstUseLock
from kesspay._forks import Forkable, heed_forks
from kesspay._shown import could_be_path, shown_path
from kesspay.errors import JournalDamaged, JournalError, JournalUnavailable
from kesspay.transfers.wording import unusable


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


__all__ = [
    "APPLICATION_ID",
    "MIGRATIONS",
    "Connections",
    "connect",
    "is_emptied",
    "prepare",
    "roll_back",
    "translate",
]

#: "kess" in ASCII: whose file it is.
APPLICATION_ID: Final = 0x6B657373
_OLDEST_SQLITE: Final = (3, 37, 0)

#: Files up to this size are checked page by page when they are opened.
_QUICKLY_CHECKED: Final = 16 * 1024 * 1024

#: SQLite takes a file of so many bytes for an empty one, as `echo > FILE` leaves it.
_NOTHING: Final = 1

#: Readers that are kept open.
_KEPT: Final = 4

#: While a file is made. To close a file that SQLite has open in this process
#: would end SQLite's locks on it.
_making = FirstUseLock()


def _first(connection: sqlite3.Connection) -> None:
    """Make the tables: payments, each with its lease, and their entries."""
    for statement in (
        """
        CREATE TABLE payments (
            payment_id TEXT NOT NULL PRIMARY KEY,
            receiver_id TEXT NOT NULL,
            sender_name TEXT NOT NULL,
            amount TEXT NOT NULL,
            currency TEXT NOT NULL,
            begun_at REAL NOT NULL,
            changed_at REAL NOT NULL,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            due_at REAL,
            entries INTEGER NOT NULL DEFAULT 0,
            lease_owner TEXT,
            lease_until REAL,
            fence INTEGER NOT NULL DEFAULT 0
        ) STRICT
        """,
        """
        CREATE TABLE entries (
            payment_id TEXT NOT NULL REFERENCES payments,
            number INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            what TEXT NOT NULL,
            at REAL NOT NULL,
            code TEXT NOT NULL,
            facts TEXT NOT NULL,
            sent BLOB,
            received BLOB,
            PRIMARY KEY (payment_id, number)
        ) STRICT
        """,
        """
        CREATE INDEX payments_due ON payments (due_at, payment_id)
            WHERE due_at IS NOT NULL
        """,
        "CREATE INDEX payments_state ON payments (state, payment_id)",
    ):
        connection.execute(statement)


def _accounts(connection: sqlite3.Connection) -> None:
    """Keep the account of the journal, and the rules of each payment."""
    for statement in (
        """
        CREATE TABLE accounts (
            number INTEGER NOT NULL PRIMARY KEY,
            base_url TEXT NOT NULL,
            partner_id TEXT NOT NULL,
            at REAL NOT NULL,
            author TEXT NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE account_keys (
            whose TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            since REAL NOT NULL,
            PRIMARY KEY (whose, fingerprint)
        ) STRICT
        """,
        # JSON; NULL for a payment that began before there was this column.
        "ALTER TABLE payments ADD COLUMN rules TEXT",
    ):
        connection.execute(statement)


#: Each makes of a schema the next one, inside a transaction.
MIGRATIONS: Sequence[Callable[[sqlite3.Connection], None]] = (_first, _accounts)


def prepare(path: Path, timeout: float) -> None:
    """
    Make the file where it is missing, check it, and bring its schema up to date.

    Args:
        path: absolute.
        timeout: seconds to wait for a lock.

    Raises:
        JournalUnavailable: it cannot be opened or written to.
        JournalDamaged: it is corrupt, empty, no journal, or of a newer version.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise JournalUnavailable(
            "the SQLite journal needs SQLite 3.37 or later, and this Python has"
            f" {sqlite3.sqlite_version}: use a newer one, or PostgreSQL"
        )
    with _making:
        # SQLite puts the log next to the file that a link leads to.
        place = Path(os.path.realpath(path))
        _check_size(place)
        _make(place)
    connection = connect(path, timeout)
    try:
        _check(path, connection)
    except sqlite3.Error as error:
        raise translate(path, error) from error
    finally:
        connection.close()


def connect(path: Path, timeout: float) -> sqlite3.Connection:
    """
    Open a connection that any thread may use, one at a time.

    Raises:
        JournalUnavailable: the file cannot be opened.
    """
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=rw",
            timeout=timeout,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
    except sqlite3.Error as error:
        raise translate(path, error) from error
    try:
        for pragma in (
            "synchronous = FULL",
            # macOS alone: else the drive may still hold it in its cache.
            "fullfsync = ON",
            "checkpoint_fullfsync = ON",
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "journal_size_limit = 67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        connection.close()
        raise translate(path, error) from error
    return connection


def _identity(path: Path) -> tuple[int, int]:
    """
    Return what a file is, whatever its name.

    Raises:
        JournalDamaged: there is none.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise JournalDamaged(
            f"the journal {path} is gone ({error.strerror}): stop every process that"
            " uses it, put it back, and start them again"
        ) from None
    return found.st_dev, found.st_ino


def roll_back(connection: sqlite3.Connection) -> None:
    """End a transaction, where SQLite has not done so itself."""
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _make(path: Path) -> None:
    """
    Make a journal where nothing is, under its name only once it is whole.

    So an empty file at this name is never one that another process is making.
    """
    if os.path.lexists(path):
        return
    draft = path.with_name(f".kesspay-{token_hex(8)}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        try:
            _write_first(draft)
            _give_name(draft, path)
        except sqlite3.Error as error:
            raise translate(path, error) from error
        finally:
            draft.unlink()
    except OSError as error:
        # Not raised here: the error of the system holds the path.
        why = error.strerror or type(error).__name__
    else:
        _keep_name(path)
        return
    raise JournalUnavailable(
        f"the journal ({_shown(path)}) cannot be made: {why}. Its folder must exist,"
        " on a local disk, and this process must be able to write there."
    )


def _write_first(draft: Path) -> None:
    """Write the tables into a new file."""
    with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        connection.execute("PRAGMA fullfsync = ON")
        _bring_up_to_date(connection, 0)


def _give_name(draft: Path, path: Path) -> None:
    """Let a file have its name, unless another process was first."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # A disk without hard links, such as FAT. A process that opens the journal
        # meanwhile takes it for one that was emptied, and is refused.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _write_first(path)


def _check_size(path: Path) -> None:
    """
    Refuse a journal that was emptied or removed: its payments would be paid again.

    SQLite would take an empty file for a new one, and remove the log next to it,
    which may hold the last payments.

    Raises:
        JournalDamaged: the file is empty, or is gone while its log is there.
    """
    log = path.with_name(f"{path.name}-wal")
    found, logged = _size(path), _size(log)
    if found is not None and found <= _NOTHING:
        rest = f" Keep {log.name} next to it as well." if logged else ""
        raise JournalDamaged(
            f"the journal {path} is empty: it was cut off, or another program made the"
            f" file. Start no transfer.{rest} If payments were ever made with it,"
            " restore the last good copy elsewhere, and ask the gateway about every"
            " payment since then; if none was, remove the file."
        )
    # Another process may have made the journal between the two looks.
    if found is None and logged and _size(path) is None:
        raise JournalDamaged(
            f"the journal {path} is gone, but its log {log.name} is there. Start no"
            " transfer. Put the journal back next to it, or restore the last good copy"
            " elsewhere, and ask the gateway about every payment since then."
        )


def is_emptied(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is there and holds nothing, as SQLite sees it."""
    size = _size(Path(path))
    return size is not None and size <= _NOTHING


def _size(path: Path) -> int | None:
    """Return how long a file is; None where there is none, or something else."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _shown(path: Path) -> str:
    """Return a path that is not there, where it cannot be something else."""
    # An absolute path may have begun as a word.
    given = path
    with contextlib.suppress(OSError, ValueError):  # there is no such folder
        given = path.relative_to(Path.cwd())
    return f"{path}" if could_be_path(given) else shown_path(given)


def _keep_name(path: Path) -> None:
    """Let the name of a new file survive a crash."""
    # Windows has no way to ask for it.
    with contextlib.suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _number(connection: sqlite3.Connection, question: str) -> int:
    return int(connection.execute(question).fetchone()[0])


def _check(path: Path, connection: sqlite3.Connection) -> None:
    """Check everything that can be known before something is written."""
    _check_owner(path, connection)
    size = _number(connection, "PRAGMA page_count") * _number(
        connection, "PRAGMA page_size"
    )
    if size <= _QUICKLY_CHECKED:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise _corrupt(path, f"quick_check: {found}")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise JournalUnavailable(
            f"the journal {path} cannot have a write-ahead log, but is in the mode"
            f" {mode!r}: it must lie on a local disk"
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        _bring_up_to_date(connection, _check_owner(path, connection))
    except BaseException:
        roll_back(connection)
        raise


def _bring_up_to_date(connection: sqlite3.Connection, version: int) -> None:
    """Make of one schema the newest."""
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")
    for migrate in MIGRATIONS[version:]:
        migrate(connection)
    # Written in any case: a disk that is full or read-only shows now.
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _check_owner(path: Path, connection: sqlite3.Connection) -> int:
    """Return the version of the schema; 0 of a database without tables."""
    owner = _number(connection, "PRAGMA application_id")
    version = _number(connection, "PRAGMA user_version")
    tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
    if (owner, version, tables) == (0, 0, 0):
        return 0
    if owner != APPLICATION_ID:
        raise JournalDamaged(
            f"{path} is a database of another program; nothing was changed in it."
            " Give the journal a file of its own."
        )
    if not 0 < version <= len(MIGRATIONS):
        raise JournalDamaged(
            f"the journal {path} has schema {version}, and this version of kesspay"
            f" knows up to {len(MIGRATIONS)}: install the newer kesspay that made"
            " it; nothing was changed"
        )
    return version


def _corrupt(path: Path, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"the journal {path} is damaged ({why}). Start no transfer. Keep the file"
        " and those next to it (-wal, -shm), restore the last good copy elsewhere,"
        " and ask the gateway about every payment that was open."
    )


#: What the primary result codes of SQLite mean. Any other is a file that does
#: not hold what was written to it.
_UNAVAILABLE: Final = {
    3: "this process may not use it",
    5: "another process holds it locked; try again",
    6: "another connection holds it locked; try again",
    7: "there is not enough memory",
    8: "it cannot be written to: check the permissions of the file and its folder",
    9: "it was interrupted",
    10: "the system could not read or write it: check the disk",
    13: "there is no space left: free some, then try again",
    14: "it cannot be opened: check the permissions of the file and its folder",
    15: "another process works on it; try again",
    23: "this process may not use it",
}


def translate(path: Path, error: sqlite3.Error) -> JournalError:
    """Return what an error of SQLite means, and what to do."""
    if isinstance(error, sqlite3.ProgrammingError):
        return JournalUnavailable(
            f"the journal {path} was closed, or this process forked, meanwhile;"
            " begin again"
        )
    code = getattr(error, "sqlite_errorcode", 1)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    meaning = _UNAVAILABLE.get(code & 0xFF)
    if meaning is None:
        return _corrupt(path, f"{name}: {error}")
    return JournalUnavailable(
        f"the journal {path} is not available: {meaning} ({name})"
    )


class Connections(Forkable):
    """
    The connections of one journal. Any number of threads may use it.

    Args:
        path: of the file, absolute.
        timeout: seconds to wait for a lock.

    Raises:
        JournalUnavailable: the file cannot be opened or written to.
        JournalDamaged: it is corrupt, no journal, or of a newer version.
    """

    #: Seconds that a fork waits for those who use a connection.
    patience: float = 10.0

    def __init__(self, path: Path, timeout: float) -> None:
        """Make or check the file."""
        self.path = path
        self._timeout = timeout
        self._changed = Condition()
        self._using = 0
        self._forking = False
        self._inherited = False
        self._why_not = ""
        self._open: set[sqlite3.Connection] = set()
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        prepare(path, timeout)
        self._identity = _identity(path)
        heed_forks(self)

    @contextmanager
    def using(self) -> Iterator[None]:
        """
        Use connections: no fork and no closing happens meanwhile.

        Raises:
            JournalUnavailable: the journal is closed.
        """
        with self._changed:
            while self._forking:
                self._changed.wait()
            if self._why_not:
                raise unusable(self._why_not)
            self._using += 1
        try:
            yield
        finally:
            with self._changed:
                self._using -= 1
                self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Use the connection that writes; one thread does."""
        with self.using():
            if _identity(self.path) != self._identity:
                raise JournalDamaged(
                    f"the journal {self.path} was replaced while it was open: stop"
                    " every process that uses it, and start them again"
                )
            if self._writer is None:
                self._writer = self._open_one()
            yield self._writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Use a connection that reads."""
        with self.using():
            connection = self.hire()
            try:
                yield connection
            except BaseException:
                # A statement of it may still be open, and with it a snapshot.
                self.discard(connection)
                raise
            with self._changed:
                if len(self._idle) < _KEPT:
                    self._idle.append(connection)
                    return
            self.discard(connection)

    def hire(self) -> sqlite3.Connection:
        """Return a connection to read with. Only while ``using``."""
        with self._changed:
            if self._idle:
                return self._idle.pop()
        return self._open_one()

    def discard(self, connection: sqlite3.Connection) -> None:
        """Close what was hired."""
        with self._changed:
            self._open.discard(connection)
        connection.close()

    def close(self) -> None:
        """Close every connection, once none is in use."""
        with self._changed:
            self._why_not = f"the journal {self.path} was closed; open it again"
            while self._using:
                self._changed.wait()
            self._close_all()

    def before_fork(self) -> None:
        """Close every connection, or find that they are in use for too long."""
        self._changed.acquire()
        self._forking = True
        until = monotonic() + self.patience
        while self._using and self._changed.wait(until - monotonic()):
            pass
        self._inherited = self._using > 0
        if not self._inherited:
            self._close_all()
        self._changed.release()

    def after_fork_in_parent(self) -> None:
        """Let every thread continue."""
        with self._changed:
            self._forking = False
            self._changed.notify_all()

    def after_fork_in_child(self) -> None:
        """Begin anew, unless connections were inherited."""
        self._changed = Condition()
        self._forking = False
        self._using = 0
        if self._inherited:
            self._why_not = (
                f"the journal {self.path} was in use when this process was forked"
                " off, and must not be used in it: fork earlier, or spawn"
            )

    def _open_one(self) -> sqlite3.Connection:
        connection = connect(self.path, self._timeout)
        with self._changed:
            self._open.add(connection)
        return connection

    def _close_all(self) -> None:
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._idle.clear()
        self._writer = None
