"""
The checks of the money, over the values that were signed.

Each check is a file of SQL beside this one. Facts come from the canonical bytes of
bodies that verified, and from nothing else: a body that did not verify feeds no check.
Its number and the sum that it claims are reported.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from kesspay.audit.money.checks import Check, all_checks
from kesspay.audit.money.engine import open_engines
from kesspay.audit.money.statement import amount_of
from kesspay.audit.money.store import Store
from kesspay.audit.parts import PartFile
from kesspay.transfers.reader import read_payments


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from kesspay.audit.failures import Failing
    from kesspay.audit.money.statement import Statement


__all__ = ["Money", "check_money"]

FINDINGS_FILE: Final = "money-findings.parquet"
#: A folder while the checks run: what was signed names persons.
_SCRATCH: Final = ".money"
_ROWS: Final = 8192
#: The context of the caller may have fewer digits than a sum.
_EXACT: Final = Context(prec=64)
_SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("check", "severity", "title")),
        *((name, pa.string()) for name in ("reference", "detail", "source")),
        ("row", pa.int64()),
    ]
)
_JOURNAL: Final = pa.schema(
    [
        ("place", pa.int64()),
        ("payment_id", pa.string()),
        ("attempt", pa.int32()),
        ("state", pa.string()),
        ("covered", pa.bool_()),
    ]
)


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
    threads: int = 1,
) -> Money:
    """
    Run every check, and write what was found into the output.

    Args:
        failing: the rows that did not verify, which feed no check.
        parts: names of all parts.
        journals: of ``Transfers``, files or URLs; whether each is an input, too.
        statement: of the gateway, or None.
        threads: how many may work at once.

    Raises:
        InputError: there is no such journal.
        JournalError: a journal cannot be read.
        OSError: the disk is full, or cannot be written.
    """
    money = Money()
    money.unverified, money.claimed = _claimed(failing)
    folder = failing.folder.path
    scratch = folder / _SCRATCH
    zone = "UTC" if statement is None else statement.zone
    with open_engines(scratch, zone, threads) as engines:
        paths = [folder / part for part in parts]
        store = Store(engines, scratch, paths)
        there, money.facts = _sources(store, journals or {}, statement)
        money.checks = all_checks()
        store.run([one.name for one in money.checks if one.run_with(there)], there)
        with PartFile(folder / FINDINGS_FILE, _SCHEMA) as file:
            for check in money.checks:
                if not check.skipped:
                    for batch in _found(store, check, scratch / "found.parquet"):
                        file.add(batch)
    return money


def _found(store: Store, check: Check, path: Path) -> Iterator[Any]:
    """Yield the findings of a check, in one order, of which there may be millions."""
    store.copy_found(check.name, path, _ROWS)
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
    store: Store, journals: Mapping[str, bool], statement: Statement | None
) -> tuple[set[str], int]:
    """Take in what the checks read; return what is there, and the number of facts."""
    there = set()
    seen = store.add_facts(statement)
    if seen.requests:
        there.add("requests")
    if seen.times:
        there.add("times")
    if journals:
        pages = _payments(journals, seen.first, seen.last)
        store.add_journal(_JOURNAL, pages)
        there.add("journal")
    if statement is not None:
        there.add("statement")
        if statement.has_receiver:
            there.add("statement_receiver")
        if statement.has_day:
            there.add("statement_day")
    return there, seen.facts


def _payments(
    journals: Mapping[str, bool], first: int | None, last: int | None
) -> Iterator[Any]:
    """
    Yield the payments of journals as RecordBatches.

    A journal that is an input has every answer of its payments among the records.
    Another one may have payments from before the first record, or after the last.
    """
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
            yield pa.record_batch(columns, schema=_JOURNAL)
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
            total = _EXACT.add(total, amount_of(str(found)) or Decimal(0))
    return count, str(total)
