"""
Does the money fit: checks over what was signed.

Each check is a file of SQL beside this one. Facts come from the canonical bytes of
bodies that verified, and from nothing else: a body that did not verify feeds no check.
Its number and the sum that it claims are reported.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from kesspay.audit.money.checks import (
    BESIDE,
    THERE,
    Check,
    all_checks,
    facts_of,
    findings,
)
from kesspay.audit.money.statement import amount_of
from kesspay.audit.parts import PartFile
from kesspay.transfers.reader import read_payments


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from kesspay.audit.failures import Failing
    from kesspay.audit.money.statement import Statement


__all__ = ["Money", "check_money"]

FINDINGS_FILE: Final = "money-findings.parquet"
#: A folder while the checks run: what was signed names persons.
_SCRATCH: Final = ".money"
_PRIVATE: Final = 0o700
#: What DuckDB may hold, in MiB: where the first is too little, the next. It takes half
#: as much again of the system.
LIMITS: Final = (48, 64, 128, 256, 512, 1024, 2048)
#: What DuckDB says where its files may grow no more.
_DISK: Final = "max_temp_directory_size"
_ROWS: Final = 8192
_SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("check", "severity", "title")),
        *((name, pa.string()) for name in ("reference", "detail", "source")),
        ("row", pa.int64()),
    ]
)
_JOURNAL: Final = """
    CREATE TABLE journal_rows (place BIGINT, payment_id VARCHAR, attempt INTEGER,
        state VARCHAR, covered BOOLEAN)
"""


@dataclass(slots=True)
class Money:
    """
    What the checks found.

    Attributes:
        checks: all of them, the gravest first.
        facts: records that verified, which the checks saw.
        unverified: rows that fed no check.
        claimed: the sum that those claim, without a signature that fits.
    """

    checks: list[Check] = field(default_factory=list)
    facts: int = 0
    unverified: int = 0
    claimed: str = "0"

    @property
    def findings(self) -> int:
        """How many findings are critical or high."""
        return sum(one.count for one in self.checks if one.severity != "note")

    def described(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Return labels and words for a display."""
        rows = [
            (
                one.name,
                f"{one.severity}, {one.count:,}: {one.title}, such as {one.example}",
            )
            for one in self.checks
            if one.count
        ]
        skipped = sum(bool(one.skipped) for one in self.checks)
        words = f"{skipped} of {len(self.checks)} checks could not run"
        rows.append(("seen", f"{self.facts:,} records that verified; {words}"))
        if self.unverified:
            words = f"that did not verify, which claim {self.claimed}"
            rows.append(("not seen", f"{self.unverified:,} rows {words}"))
        return rows

    @classmethod
    def of(cls, described: dict[str, Any]) -> Money:
        """Return what ``described`` gave, as it was."""
        checks = [
            Check(**{**one, "needs": tuple(one["needs"])})
            for one in described["checks"]
        ]
        return cls(**{**described, "checks": checks})


def check_money(
    failing: Failing,
    parts: Sequence[str],
    *,
    journals: Mapping[str, bool] | None = None,
    statement: Statement | None = None,
) -> Money:
    """
    Run every check, and write what was found into the output.

    Args:
        failing: the rows that did not verify, which feed no check.
        parts: names of all parts.
        journals: of ``Transfers``, files or URLs; whether each is an input, too.
        statement: of the gateway, or None.

    Raises:
        InputError: there is no such journal.
        JournalError: a journal cannot be read.
        OSError: the disk is full, or cannot be written.
    """
    money = Money()
    money.unverified, money.claimed = _claimed(failing)
    folder = failing.folder.path
    scratch = folder / _SCRATCH
    with _engine(scratch) as engine:
        paths = [str(folder / part) for part in parts]
        engine.read_parquet(paths).create_view("parts")
        # Read once from the canonical bytes, which takes longer than all checks.
        _execute(engine, f"CREATE TABLE facts AS {facts_of('duckdb')}")
        there, money.facts = _sources(engine, journals or {}, statement)
        with PartFile(folder / FINDINGS_FILE, _SCHEMA) as file:
            for check in all_checks():
                money.checks.append(check)
                if not check.run_with(there):
                    continue
                for batch in _found(engine, check, scratch / "found.parquet"):
                    file.add(batch)
    return money


@contextmanager
def _engine(scratch: Path) -> Iterator[Any]:
    """
    Open DuckDB on a disk, as facts may need more than there is of memory.

    Raises:
        OSError: the disk is full, or cannot be written, or a check needs more memory
            than the last limit.
    """
    # A run that was killed may have left it.
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(_PRIVATE)
    options: dict[str, Any] = {
        # Each more would need memory of its own.
        "threads": 1,
        "autoinstall_known_extensions": "false",
        "memory_limit": f"{LIMITS[0]}MiB",
        "preserve_insertion_order": "false",
        "temp_directory": str(scratch),
    }
    try:
        with duckdb.connect(scratch / "facts.duckdb", config=options) as engine:
            engine.execute("SET TimeZone = 'UTC'")
            # Its bar goes to the standard output, among what is printed for programs.
            engine.execute("SET enable_progress_bar = false")
            yield engine
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        is_full = "No space left" in str(error) or _DISK in str(error)
        is_memory = isinstance(error, duckdb.OutOfMemoryException)
        code = errno.ENOMEM if is_memory else errno.EIO
        code = errno.ENOSPC if is_full else code
        raise OSError(code, os.strerror(code)) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _execute(engine: Any, sql: str) -> None:  # noqa: ANN401 - of duckdb
    """
    Run a statement within the first limit that is enough for it.

    DuckDB writes groups to the disk, but not the longer texts in them, nor all that it
    needs to count different values.
    """
    try:
        limits = iter(LIMITS)
        while True:
            limit = next(limits)
            engine.execute(f"SET memory_limit = '{limit}MiB'")
            try:
                engine.execute(sql)
            except duckdb.OutOfMemoryException as error:
                if limit == LIMITS[-1] or _DISK in str(error):
                    raise
            else:
                return
    finally:
        engine.execute(f"SET memory_limit = '{LIMITS[0]}MiB'")


def _found(engine: Any, check: Check, path: Path) -> Iterator[Any]:  # noqa: ANN401 - of duckdb
    """Run a check; yield its findings, in one order, of which there may be millions."""
    kind = f"(FORMAT parquet, ROW_GROUP_SIZE {_ROWS})"
    where = str(path).replace("'", "''")
    sql = f"COPY ({findings(check.name)} ORDER BY ALL) TO '{where}' {kind}"
    _execute(engine, sql)
    fixed = (check.name, check.severity, check.title)
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(_ROWS, use_threads=False):
            if not check.count:
                first = [batch.column(at)[0].as_py() for at in range(2)]
                check.example = f"{first[0]}: {first[1]}"
            check.count += len(batch)
            columns = [pa.repeat(text, len(batch)) for text in fixed]
            yield pa.record_batch([*columns, *batch.columns], schema=_SCHEMA)


def _sources(
    engine: Any,  # noqa: ANN401 - of duckdb
    journals: Mapping[str, bool],
    statement: Statement | None,
) -> tuple[set[str], int]:
    """Make the other views; return what is there, and the number of facts."""
    there = set()
    [(requests, times, facts, first, last)] = engine.execute(THERE).fetchall()
    if requests:
        there.add("requests")
    if times:
        there.add("times")
    if journals:
        engine.execute(_JOURNAL)
        for batch in _payments(journals, first, last):
            engine.register("page", batch)
            engine.execute("INSERT INTO journal_rows FROM page")
        engine.execute(f"CREATE TEMP VIEW journal AS {BESIDE['journal']}")
        there.add("journal")
    if statement is not None:
        _store(engine, "statement_rows", statement.schema, statement.batches())
        engine.execute(f"CREATE TEMP VIEW statement AS {BESIDE['statement']}")
        there.add("statement")
        if statement.has_receiver:
            there.add("statement_receiver")
        if statement.has_day:
            there.add("statement_day")
    return there, facts


def _store(engine: Any, name: str, schema: Any, batches: Iterable[Any]) -> None:  # noqa: ANN401 - of duckdb and pyarrow
    """Make a table of rows that are read once."""
    rows = pa.RecordBatchReader.from_batches(schema, batches)
    engine.register("rows_once", rows)
    engine.execute(f"CREATE TABLE {name} AS SELECT * FROM rows_once")  # noqa: S608 - a name of ours
    engine.unregister("rows_once")


def _payments(
    journals: Mapping[str, bool], first: int | None, last: int | None
) -> Iterator[Any]:
    """
    Yield the payments of journals as RecordBatches.

    A journal that is an input has every answer of its payments among the records.
    Another one may have payments from before the first record, or after the last.
    """
    names = ("place", "payment_id", "attempt", "state", "covered")
    place = 0
    for where, is_input in journals.items():
        for page in read_payments(where):
            columns = [
                pa.array(range(place, place + len(page)), pa.int64()),
                pa.array([row.payment_id for row in page], pa.string()),
                pa.array([row.attempt for row in page], pa.int32()),
                pa.array([row.state for row in page], pa.string()),
                pa.array(
                    [
                        is_input
                        or first is None
                        or last is None
                        or (
                            first <= row.begun_at * 1_000_000
                            and row.changed_at * 1_000_000 <= last
                        )
                        for row in page
                    ],
                    pa.bool_(),
                ),
            ]
            yield pa.record_batch(columns, names=names)
            place += len(page)


def _claimed(failing: Failing) -> tuple[int, str]:
    """Return the rows that did not verify, and the sum that they claim."""
    total, count = Decimal(0), 0
    decode = msgspec.json.Decoder(float_hook=str).decode
    for batch in failing.batches():
        keys = batch.column("key").is_valid().to_pylist()
        for body, has_key in zip(batch.column("body").to_pylist(), keys, strict=True):
            if has_key:
                # Outside its window; it verified.
                continue
            count += 1
            try:
                found = decode(body or b"null")["data"]["amount"]
            except (ValueError, TypeError, KeyError, RecursionError):
                continue
            total += amount_of(str(found)) or Decimal(0)
    return count, str(total)
