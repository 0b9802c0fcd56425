"""The file of a SQLite journal: what can be wrong with it, and its connections."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kesspay._checks import is_number
from kesspay.errors import (
    InputError,
    JournalDamaged,
    JournalError,
    JournalUnavailable,
)
from kesspay.transfers import sqlite_file
from kesspay.transfers.sqlite import SqliteJournal
from tests.support.odd import ODD
from tests.transfers.helpers import DUE, entry, held, payment, raw


if TYPE_CHECKING:
    from collections.abc import Iterator


def fill(path: Path) -> None:
    """Make a journal of some hundred pages, and close it."""
    with SqliteJournal(path) as made:
        for number in range(20):
            made.begin(payment(f"p-{number}"))
            lease = made.lease(f"p-{number}", "one", 60)
            made.append(lease, [entry(step) for step in range(100)], DUE, 60)


def refused(path: Path, kind: type[JournalError], match: str) -> str:
    """Check that the file cannot be opened, and return why."""
    with pytest.raises(kind, match=match) as caught:
        SqliteJournal(path, busy_timeout=0.1)
    assert not isinstance(caught.value, sqlite3.Error)
    return str(caught.value)


# ------------------------------------------------------------------------ opening


@pytest.mark.parametrize("value", [*ODD, None, "5", True, -1, 2e6])
def test_arguments_that_are_refused(path: Path, value: Any) -> None:  # noqa: ANN401 - of any type
    """They are refused by name, and no file is made."""
    with pytest.raises(InputError, match="busy_timeout must be a number of seconds"):
        SqliteJournal(path, busy_timeout=value)
    if not callable(value):
        with pytest.raises(InputError, match="clock must be a function"):
            SqliteJournal(path, clock=value)
    if not is_number(value):
        with pytest.raises(InputError, match="clock must return a number of seconds"):
            SqliteJournal(path, clock=lambda: value)
    if not isinstance(value, str | bytes):
        with pytest.raises(InputError, match="path"):
            SqliteJournal(value)
    assert not path.exists()


def test_a_clock_that_fails(path: Path) -> None:
    """The file is not blamed, and nothing is written."""
    times: list[Any] = [100.0]
    with SqliteJournal(path, clock=lambda: times[0]) as made:
        times[0] = None
        for act in (made.now, partial(made.begin, payment())):
            with pytest.raises(JournalUnavailable, match="clock of the journal"):
                act()
        times[0] = 100
        assert type(made.now()) is float
        assert made.read(payment().payment_id) is None


def test_a_path_of_bytes(path: Path) -> None:
    """It names the same file, as it does for keys."""
    as_bytes: Any = os.fsencode(path)
    with SqliteJournal(as_bytes, busy_timeout=0) as made:
        made.begin(payment("p-1"))
    assert path.exists()


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
            return super().execute(sql.replace("= WAL", "= DELETE"), *values)  # type: ignore[arg-type] # passed on

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
    rng = random.Random(seed)
    data = bytearray(path.read_bytes())
    for _ in range(10):
        # The first bytes of a page say how it is to be read.
        page = rng.randrange(1, len(data) // 4096) * 4096
        data[page : page + 64] = rng.randbytes(64)
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


@pytest.mark.parametrize("left", [b"", b"\n"])
@pytest.mark.parametrize("logged", [False, True])
def test_emptied(path: Path, left: bytes, *, logged: bool) -> None:
    """An empty file may have lost its payments: it is refused, and its log stays."""
    log = path.with_name("journal.db-wal")
    path.write_bytes(left)
    if logged:
        log.write_bytes(b"the last payments")
    message = refused(path, JournalDamaged, "is empty.*Start no transfer")
    assert ("Keep journal.db-wal" in message) == logged
    assert path.read_bytes() == left
    assert not logged or log.read_bytes() == b"the last payments"


def test_a_database_without_tables(path: Path) -> None:
    """A database of nothing becomes a journal: it cannot have been one."""
    raw(path, "PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    with SqliteJournal(path) as made:
        made.begin(payment("p-1"))


def test_removed_from_its_log(path: Path) -> None:
    """Where only the log of a journal is left, no journal is made in its place."""
    log = path.with_name("journal.db-wal")
    log.write_bytes(b"the last payments")
    refused(path, JournalDamaged, "is gone, but its log journal.db-wal is there")
    assert list(path.parent.iterdir()) == [log]
    # An empty log holds nothing.
    log.write_bytes(b"")
    SqliteJournal(path).close()


def test_a_link(path: Path) -> None:
    """A journal is made where a link leads, and the log that is there counts."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    log = path.with_name("journal.db-wal")
    log.write_bytes(b"the last payments")
    refused(link, JournalDamaged, "is gone, but its log journal.db-wal")
    log.unlink()
    with SqliteJournal(link) as made:
        made.begin(payment("p-1"))
    with SqliteJournal(path) as opened:
        assert opened.read("p-1") is not None


def test_emptied_while_it_is_open(path: Path) -> None:
    """No payment is taken for a new one."""
    fill(path)
    with SqliteJournal(path) as opened:
        os.truncate(path, 0)
        with pytest.raises(JournalDamaged):
            opened.begin(payment("p-1"))
        with pytest.raises(JournalDamaged):
            opened.read("p-1")


@pytest.mark.parametrize("first", [True, False])
def test_a_disk_without_links(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    """The file is made in its place, unless another process was first."""

    def no_links(_: Path, place: Path) -> None:
        if not first:
            shutil.copy(other, place)
        raise PermissionError(1, "Operation not permitted")

    other = path.with_name("other.db")
    SqliteJournal(other).close()
    monkeypatch.setattr(os, "link", no_links)
    with SqliteJournal(path) as made:
        made.begin(payment("p-1"))
    names = {one.name for one in path.parent.iterdir()}
    assert names == {"journal.db", "other.db"}


def test_another_process_makes_it_first(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has written stays, and nothing else is left."""
    link = os.link

    def late(draft: Path, place: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        with SqliteJournal(place) as theirs:
            theirs.begin(payment("p-1"))
        link(draft, place)

    monkeypatch.setattr(sqlite_file, "_making", nullcontext())
    monkeypatch.setattr(os, "link", late)
    with SqliteJournal(path) as made:
        assert made.read("p-1") is not None
    assert [one.name for one in path.parent.iterdir()] == ["journal.db"]


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
        patch.setattr(sqlite_file, "prepare", lambda *_: None)
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


def test_closing_waits_for_readers(journal: SqliteJournal) -> None:
    """A connection is not closed under a thread that reads."""
    with journal._connections.reading() as connection:
        closing = threading.Thread(target=journal.close)
        closing.start()
        while not journal._connections._why_not:
            pass
        found = connection.execute("SELECT count(*) FROM payments").fetchone()
    closing.join(30)
    assert found == (1,)
    assert not journal._connections._open
