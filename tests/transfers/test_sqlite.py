"""The file of a SQLite journal: what can be wrong with it, and how that shows."""

from __future__ import annotations

import gc
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import weakref
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import JournalDamaged, JournalError, JournalUnavailable
from kesspay.transfers import forks, sqlite_connections, sqlite_file
from kesspay.transfers import sqlite as module
from kesspay.transfers.sqlite import SqliteJournal
from tests.transfers.helpers import DUE, entry, payment


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.transfers.journal import Lease


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a journal goes."""
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    """Open a journal that has a payment."""
    with SqliteJournal(path) as opened:
        opened.begin(payment())
        yield opened


def fill(path: Path) -> None:
    """Make a journal of some hundred pages, and close it."""
    with SqliteJournal(path) as made:
        for number in range(20):
            made.begin(payment(f"p-{number}"))
            lease = made.lease(f"p-{number}", "one", 60)
            made.append(lease, [entry(step) for step in range(100)], DUE, 60)


def raw(path: Path, *statements: str) -> None:
    """Change the file behind the journal's back."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def refused(path: Path, kind: type[JournalError], match: str) -> str:
    """Check that the file cannot be opened, and return why."""
    with pytest.raises(kind, match=match) as caught:
        SqliteJournal(path, busy_timeout=0.1)
    assert not isinstance(caught.value, sqlite3.Error)
    return str(caught.value)


# ------------------------------------------------------------------------ opening


def test_settings(journal: SqliteJournal, path: Path) -> None:
    """The log is written ahead and flushed at every commit; the file is private."""
    with journal._connections.writing() as connection:
        for pragma, wanted in {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "trusted_schema": 0,
            "fullfsync": 1,
            "application_id": 0x6B657373,
            "user_version": len(sqlite_file.MIGRATIONS),
        }.items():
            assert connection.execute(f"PRAGMA {pragma}").fetchone() == (wanted,)
    if os.name == "posix":
        for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
            mode = stat.S_IMODE((path.parent / name).stat().st_mode)
            assert mode == 0o600, name


def test_relative_and_odd_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may hold anything, and survives a change of the working folder."""
    monkeypatch.chdir(tmp_path)
    with SqliteJournal("a b?mode=memory#%41 é.db") as odd:
        monkeypatch.chdir("/")
        odd.begin(payment())
        assert odd.read("p-1") is not None
    assert (tmp_path / "a b?mode=memory#%41 é.db").stat().st_size > 0


def test_no_folder(tmp_path: Path) -> None:
    """A folder that is missing is not made."""
    refused(tmp_path / "no" / "journal.db", JournalUnavailable, "folder must exist")


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    """A folder is no journal."""
    refused(tmp_path, JournalUnavailable, "cannot be opened")


def test_another_program(path: Path) -> None:
    """A database of another program is refused, and not touched."""
    raw(path, "CREATE TABLE orders (id INTEGER)")
    before = path.read_bytes()
    refused(path, JournalDamaged, "another program")
    assert path.read_bytes() == before


def test_no_database(path: Path) -> None:
    """A file that is no database is refused, and not touched."""
    path.write_bytes(b"id,amount\n" * 1000)
    refused(path, JournalDamaged, r"SQLITE_NOTADB.*restore the last good copy")
    assert path.read_bytes() == b"id,amount\n" * 1000


def test_newer_schema(path: Path) -> None:
    """A journal of a newer kesspay is refused, and not touched."""
    SqliteJournal(path).close()
    raw(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    message = refused(path, JournalDamaged, "has schema 99")
    assert "install the newer kesspay" in message
    assert path.read_bytes() == before


def test_migration(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal of an older kesspay is brought up to date, once, with its data."""
    with SqliteJournal(path) as old:
        old.begin(payment())
    ran = []

    def second(connection: sqlite3.Connection) -> None:
        ran.append("second")
        connection.execute("ALTER TABLE payments ADD COLUMN note TEXT")

    monkeypatch.setattr(sqlite_file, "MIGRATIONS", (*sqlite_file.MIGRATIONS, second))
    for _ in range(2):
        with SqliteJournal(path) as new:
            assert new.read("p-1") is not None
            new.begin(payment("p-2"))
    assert ran == ["second"]
    monkeypatch.undo()
    newer = len(sqlite_file.MIGRATIONS) + 1
    refused(path, JournalDamaged, f"has schema {newer}")


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps of a migration are one transaction."""
    with SqliteJournal(path) as old:
        old.begin(payment())

    def second(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE payments ADD COLUMN note TEXT")
        connection.execute("ALTER TABLE missing ADD COLUMN note TEXT")

    monkeypatch.setattr(sqlite_file, "MIGRATIONS", (*sqlite_file.MIGRATIONS, second))
    refused(path, JournalDamaged, "no such table")
    monkeypatch.undo()
    with SqliteJournal(path) as again:
        assert again.read("p-1") is not None


def test_old_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite without strict tables is named as the reason."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    refused(path, JournalUnavailable, r"SQLite 3\.37")
    assert not path.exists()


def test_no_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there can be no write-ahead log, nothing is begun."""

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            return super().execute(sql.replace("= WAL", "= DELETE"), *values)  # type: ignore[arg-type]

    real = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: real(*a, factory=Connection, **k)
    )
    refused(path, JournalUnavailable, "local disk")


# ------------------------------------------------------------------------- damage


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_in_the_middle(path: Path, seed: int) -> None:
    """Pages that were overwritten are found when the file is opened."""
    fill(path)
    dice = random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(10):
        # The first bytes of a page say how it is to be read.
        page = dice.randrange(1, len(data) // 4096) * 4096
        data[page : page + 64] = dice.randbytes(64)
    path.write_bytes(data)
    message = refused(path, JournalDamaged, "is damaged")
    assert "Start no transfer" in message


@pytest.mark.parametrize("size", [16, 100, 4096])
def test_zeroed_header(path: Path, size: int) -> None:
    """A file whose beginning is lost is refused."""
    fill(path)
    data = path.read_bytes()
    path.write_bytes(bytes(size) + data[size:])
    refused(path, JournalDamaged, "damaged")


def test_cut_short(path: Path) -> None:
    """A file whose end is lost is refused."""
    fill(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    refused(path, JournalDamaged, "damaged")


def test_damage_in_a_large_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is not searched at opening; damage shows where it is met."""
    monkeypatch.setattr(sqlite_file, "_QUICKLY_CHECKED", 0)
    fill(path)
    data = bytearray(path.read_bytes())
    for page in range(8, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(data)
    with SqliteJournal(path) as opened:
        for call in (
            lambda: list(opened.export()),
            lambda: [opened.read(f"p-{number}") for number in range(20)],
            lambda: [opened.begin(payment(f"p-{number}")) for number in range(20)],
        ):
            with pytest.raises(JournalDamaged, match="is damaged"):
                call()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payments SET amount = '1.505'",
        "UPDATE payments SET amount = 'much'",
        "UPDATE payments SET currency = 'KHR'",
        "UPDATE payments SET entries = 3",
        "UPDATE payments SET entries = 1",
        "DELETE FROM entries WHERE number = 1",
        "UPDATE entries SET number = 7 WHERE number = 2",
        "UPDATE entries SET what = 'teleported' WHERE number = 2",
        "UPDATE entries SET facts = '[1' WHERE number = 2",
        "UPDATE entries SET facts = '1' WHERE number = 2",
        "UPDATE entries SET code = '\u20ac' WHERE number = 2",
    ],
)
def test_rows_that_were_not_written_so(path: Path, change: str) -> None:
    """A row that cannot be read, is missing or too many is damage, not a guess."""
    with SqliteJournal(path) as made:
        made.begin(payment())
        lease = made.lease("p-1", "one", 60)
        made.append(lease, [entry(1), entry(2)], DUE, 60)
    raw(path, change)
    with SqliteJournal(path) as opened:
        calls: list[Callable[[], Any]] = [
            lambda: opened.read("p-1"),
            lambda: list(opened.export()),
            lambda: opened.begin(payment()),
        ]
        for call in calls:
            with pytest.raises(JournalDamaged, match=r"p-1.*Send nothing"):
                call()


def test_a_damaged_payment_does_not_hurt_others(
    journal: SqliteJournal, path: Path
) -> None:
    """A write that fails is undone alone; those that share its commit are made."""
    names = [f"p-{number}" for number in range(12)]
    leases = []
    for name in names:
        journal.begin(payment(name))
        leases.append(journal.lease(name, "one", 60))
        journal.append(leases[-1], [entry(1)], DUE, 60)
    raw(path, "UPDATE payments SET entries = 0 WHERE payment_id = 'p-7'")
    with held(path) as let_go:
        found: dict[str, BaseException | None] = {}

        def work(lease: Lease) -> None:
            try:
                journal.append(lease, [entry(2)], DUE, 60)
            except JournalError as error:
                found[lease.payment_id] = error
            else:
                found[lease.payment_id] = None

        threads = [threading.Thread(target=work, args=(lease,)) for lease in leases]
        for thread in threads:
            thread.start()
        let_go()
        for thread in threads:
            thread.join()
    damaged = found.pop("p-7")
    assert isinstance(damaged, JournalDamaged)
    assert set(found.values()) == {None}
    for name in found:
        record = journal.read(name)
        assert record is not None
        assert record.entries == (entry(1), entry(2))


class held:  # noqa: N801 - reads like a function
    """Another process holds the file locked, until it is told to let go."""

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


# --------------------------------------------------------- full, locked, read-only


def test_full(journal: SqliteJournal) -> None:
    """A journal that may not grow says so, before anything can be sent."""
    lease = journal.lease("p-1", "one", 60)
    with journal._connections.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalUnavailable, match=r"no space left.*SQLITE_FULL"):
        journal.append(lease, [entry(n) for n in range(200)], DUE, 60)
    record = journal.read("p-1")
    assert record is not None
    assert record.entries == ()
    with journal._connections.writing() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    journal.append(lease, [entry()], DUE, 60)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 512 KiB, where this machine allows that."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(place)]
    if (
        not shutil.which("mount")
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_full_disk(small_disk: Path) -> None:
    """On a full disk nothing is lost, nothing new begins, and opening says why."""
    path = small_disk / "journal.db"
    with SqliteJournal(path) as opened:
        opened.begin(payment())
        lease = opened.lease("p-1", "one", 60)
        written = 0

        def write_on() -> None:
            nonlocal written
            while True:
                opened.append(lease, [entry(n) for n in range(50)], DUE, 60)
                written += 50

        with pytest.raises(JournalUnavailable, match="no space left"):
            write_on()
        record = opened.read("p-1")
        assert record is not None
        assert len(record.entries) == written


def test_no_space_to_open(small_disk: Path) -> None:
    """A journal cannot be opened where not even one page can be written."""
    path = small_disk / "journal.db"
    with (small_disk / "filler").open("wb", buffering=0) as filler:
        # What does not fit is not written.
        assert filler.write(bytes(1024 * 1024)) < 1024 * 1024
    refused(path, JournalUnavailable, "(no space left|cannot be made)")


def test_locked(journal: SqliteJournal, path: Path) -> None:
    """Another process writes for too long: that is the reason that is given."""
    with held(path) as let_go:
        refused(path, JournalUnavailable, "another process holds it locked")
        with (
            SqliteJournalInUse(path) as hurried,
            pytest.raises(JournalUnavailable, match=r"locked; try again \(SQLITE_BUSY"),
        ):
            hurried.begin(payment("p-2"))
        assert journal.read("p-1") is not None
        let_go()
    journal.begin(payment("p-2"))


def SqliteJournalInUse(path: Path) -> SqliteJournal:  # noqa: N802 - stands for one
    """Open a journal without the write that opening makes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_connections, "prepare", lambda *_: None)
        return SqliteJournal(path, busy_timeout=0.1)


#: The first opening imports what the second one needs: the user who has no rights
#: may not be able to read the interpreter's own files either.
READ_ONLY = """
import os, sys
from kesspay.errors import JournalUnavailable
from kesspay.transfers.sqlite import SqliteJournal
path, folder_mode = sys.argv[1], int(sys.argv[2], 8)
SqliteJournal(path).close()
os.chmod(path, 0o444)
os.chmod(os.path.dirname(path), folder_mode)
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    SqliteJournal(path)
except JournalUnavailable as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.parametrize("folder_mode", ["777", "555"], ids=["file", "folder"])
def test_read_only(folder_mode: str) -> None:
    """A file or folder that may not be written to is named, with what to check."""
    # The folders of pytest belong to one user; another one cannot pass them.
    place = Path(tempfile.mkdtemp())
    try:
        path = place / "journal.db"
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path), folder_mode],
            check=True,
            capture_output=True,
            text=True,
        )
        assert "check the permissions" in done.stdout
    finally:
        place.chmod(0o700)
        shutil.rmtree(place)


# ------------------------------------------------------------------ while it is open


def test_replaced(journal: SqliteJournal, path: Path) -> None:
    """Writes to a file that has another name now, or none, are refused."""
    path.rename(path.with_name("moved.db"))
    with pytest.raises(JournalDamaged, match="is gone"):
        journal.begin(payment("p-2"))
    shutil.copy(path.with_name("moved.db"), path)
    with pytest.raises(JournalDamaged, match="was replaced while it was open"):
        journal.begin(payment("p-2"))
    path.unlink()
    path.with_name("moved.db").rename(path)
    journal.begin(payment("p-2"))


def test_readers_are_pooled(journal: SqliteJournal) -> None:
    """Readers are used again, and those of a rush are closed after it."""
    connections = journal._connections
    for _ in range(5):
        journal.read("p-1")
    assert len(connections._open) == 2
    rush = [connections.reading() for _ in range(7)]
    for one in rush:
        one.__enter__()
    for one in rush:
        one.__exit__(None, None, None)
    assert len(connections._idle) == 4
    assert len(connections._open) == 5


def test_a_bug_reaches_the_caller(journal: SqliteJournal) -> None:
    """An error that is no error of the journal reaches the one it belongs to."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM payments")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        journal._writer.run(work)
    assert journal.read("p-1") is not None


def test_an_export_ends_with_the_journal(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that is going on is not cut short in silence."""
    monkeypatch.setattr(module, "_PAGE", 1)
    for name in ("a", "b", "c", "d"):
        journal.begin(payment(name))
    export = journal.export()
    next(export)
    journal.close()
    with pytest.raises(JournalUnavailable, match="closed"):
        list(export)


def test_closing_waits_for_readers(journal: SqliteJournal) -> None:
    """A connection is not closed under somebody who reads."""
    with journal._connections.reading() as connection:
        closing = threading.Thread(target=journal.close)
        closing.start()
        while not journal._connections._why_not:
            pass
        found = connection.execute("SELECT count(*) FROM payments").fetchone()
    closing.join(30)
    assert found == (1,)
    assert not journal._connections._open


def test_a_forgotten_journal_ends(path: Path) -> None:
    """Nothing keeps a journal alive that nobody has any more."""
    journal = SqliteJournal(path)
    journal.begin(payment())
    thread = journal._writer._thread
    assert thread is not None
    gone = weakref.ref(journal)
    del journal
    gc.collect()
    assert gone() is None
    thread.join(30)
    assert not thread.is_alive()


def test_many_share_a_commit(
    journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for a commit goes into the next one, up to a limit."""
    from kesspay.transfers import sqlite_writer

    monkeypatch.setattr(sqlite_writer, "_MOST", 8)
    commits = []
    commit = journal._writer._commit

    def counting(batch: list[Any]) -> bool:
        commits.append(len(batch))
        return commit(batch)

    monkeypatch.setattr(journal._writer, "_commit", counting)
    with held(path) as let_go:
        threads = [
            threading.Thread(target=journal.begin, args=(payment(f"p-{number}"),))
            for number in range(20)
        ]
        for thread in threads:
            thread.start()
        while journal._writer._jobs.qsize() + sum(commits[:1]) < 20:
            pass
        let_go()
        for thread in threads:
            thread.join()
    assert sum(commits) == 20
    assert len(commits) <= 1 + 3
    assert max(commits) == 8


# ------------------------------------------------------------------------- forking


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def in_child(work: Callable[[], object]) -> int:
    """Run something in a forked child and return its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_inherits_no_connection(journal: SqliteJournal) -> None:
    """SQLite's locks are those of a process: every connection is closed before."""
    journal.read("p-1")
    export = journal.export()
    next(export)

    def work() -> None:
        assert not journal._connections._open
        assert journal.read("p-1") is not None

    assert in_child(work) == 0
    assert not journal._connections._open
    assert journal.read("p-1") is not None


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_ends_an_export(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export that a fork interrupts says so, and can be begun again."""
    monkeypatch.setattr(module, "_PAGE", 1)
    for name in ("a", "b", "c", "d"):
        journal.begin(payment(name))
    export = journal.export()
    next(export)
    assert in_child(lambda: None) == 0
    with pytest.raises(JournalUnavailable, match="forked"):
        list(export)
    assert len(list(journal.export())) == 5


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_in_the_middle(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a connection is in use for too long, the child refuses to work."""
    monkeypatch.setattr(sqlite_connections.Connections, "patience", 0.05)

    def work() -> None:
        with pytest.raises(JournalUnavailable, match="in use when this process"):
            journal.read("p-1")
        with pytest.raises(JournalUnavailable, match="in use when this process"):
            journal.begin(payment("p-2"))

    with journal._connections.using():
        assert in_child(work) == 0
    assert journal.read("p-1") is not None


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_forks_while_threads_work(journal: SqliteJournal) -> None:
    """Threads go on while the process forks, and nothing is lost."""
    lease = journal.lease("p-1", "one", 60)
    ended = threading.Event()
    written = []

    def work() -> None:
        while not ended.is_set():
            journal.append(lease, [entry()], DUE, 60)
            written.append(1)
            journal.read("p-1")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        assert in_child(lambda: deque(journal.export(), 0)) == 0
    ended.set()
    for thread in threads:
        thread.join()
    record = journal.read("p-1")
    assert record is not None
    assert len(record.entries) == len(written)


def test_what_a_child_does(journal: SqliteJournal) -> None:
    """A child begins anew: no thread, no connection; its parent goes on."""
    journal.begin(payment("p-2"))
    writer = journal._writer
    jobs, thread = writer._jobs, writer._thread
    assert thread is not None
    forks._before()
    assert not journal._connections._open
    waiting = threading.Thread(target=journal.read, args=("p-1",))
    waiting.start()
    while not journal._connections._changed._waiters:  # type: ignore[attr-defined]
        pass
    forks._after_in_parent()
    waiting.join()
    forks._before()
    # As in a child, where the thread would be gone.
    forks._after_in_child()
    assert journal.read("p-1") is not None
    journal.begin(payment("p-3"))
    assert writer._thread is not thread
    jobs.put(None)
    thread.join()


def test_what_a_child_does_that_was_forked_too_early(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that inherited a connection never uses the journal."""
    monkeypatch.setattr(sqlite_connections.Connections, "patience", 0.0)
    connections = journal._connections
    with connections.using():
        connections.before_fork()
    connections.after_fork_in_child()
    with pytest.raises(JournalUnavailable, match="fork earlier, or spawn"):
        journal.read("p-1")
