"""
Does the money fit: checks over what was signed.

Each check is a file of SQL beside this one, over the views ``facts``, ``journal`` and
``statement``. Facts come from the canonical bytes of bodies that verified, and from
nothing else: a body that did not verify feeds no check. Its number and the sum that it
claims are reported.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import tomllib
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import duckdb
import msgspec
import pyarrow as pa

from kesspay._shown import shown_path, shown_value
from kesspay.audit.parts import PartFile
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from kesspay.audit.failures import Failing


__all__ = ["Check", "Money", "Statement", "check_money"]

FINDINGS_FILE: Final = "money-findings.parquet"
_SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("check", "severity", "title")),
        *((name, pa.string()) for name in ("reference", "detail", "source")),
        ("row", pa.int64()),
    ]
)
_SEVERITIES: Final = ("critical", "high", "note")
_HEAD: Final = re.compile(r"-- (severity|needs|title): (.*)")
_AMOUNT: Final = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,2})?")
#: What a check needs, and why it is not there.
_MISSING: Final[dict[str, str]] = {
    "requests": "no request verified by your own keys: give --request and [[own]]",
    "times": "no times are known: give --time",
    "journal": "no input is a journal of transfers",
    "statement": "no --statement was given",
    "statement_receiver": "the statement has no column of receivers",
    "statement_day": "the statement has no column of days",
}
_COLUMNS: Final = ("out_trade_no", "amount", "receiver_id", "day")
_JOURNAL: Final = "SELECT payment_id, attempt, state FROM payments ORDER BY payment_id"


@dataclass(slots=True)
class Check:
    """
    A check, and what it found.

    Attributes:
        name: of its file.
        severity: "critical", "high" or "note".
        title: what a finding of it means.
        needs: what it cannot do without.
        count: findings.
        example: reference and detail of the first, or "".
        skipped: why it did not run, or "".
    """

    name: str
    severity: str
    title: str
    needs: tuple[str, ...] = ()
    count: int = 0
    example: str = ""
    skipped: str = ""


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


@dataclass(frozen=True, slots=True)
class Statement:
    """
    The gateway's statement.

    Attributes:
        rows: number of the line, out_trade_no, amount or None, receiver or None, day
            or None.
        has_receiver: whether it names receivers.
        has_day: whether it names days.
    """

    rows: list[tuple[int, str, Decimal | None, str | None, date | None]]
    has_receiver: bool
    has_day: bool

    @classmethod
    def load(cls, path: Path) -> Statement:
        """
        Read a CSV file.

        Its columns are ``out_trade_no``, ``amount``, ``receiver_id`` and ``day``; a
        TOML file of the same name beside it maps them to others.

        Raises:
            InputError: it cannot be read, or lacks a column.
        """
        where = f"the statement {shown_path(path)}"
        names = _mapping(path.with_suffix(".toml"))
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                head = reader.fieldnames or []
                there = {name for name in _COLUMNS if names[name] in head}
                lines = list(reader)
        except (OSError, ValueError, csv.Error):
            raise InputError(f"{where} cannot be read as CSV in UTF-8") from None
        for name in ("out_trade_no", "amount"):
            if name not in there:
                raise InputError(
                    f"{where} has no column {names[name]!r}; map it in a TOML file of"
                    f' the same name: {name} = "..."'
                )
        rows = [
            (
                number,
                line[names["out_trade_no"]] or "",
                _amount(line[names["amount"]]),
                line[names["receiver_id"]] if "receiver_id" in there else None,
                _day(line[names["day"]]) if "day" in there else None,
            )
            for number, line in enumerate(lines, 1)
        ]
        return cls(rows, "receiver_id" in there, "day" in there)

    def table(self) -> Any:  # noqa: ANN401 - of pyarrow
        """Return the rows as a table."""
        types = [pa.int64(), pa.string(), pa.decimal128(15, 2), pa.string()]
        columns = list(zip(*self.rows, strict=True)) or [()] * (1 + len(_COLUMNS))
        return pa.table(
            {
                name: pa.array(values, kind)
                for name, values, kind in zip(
                    ("row", *_COLUMNS), columns, [*types, pa.date32()], strict=True
                )
            }
        )


def _mapping(path: Path) -> dict[str, str]:
    names = {name: name for name in _COLUMNS}
    if not path.exists():
        return names
    try:
        given = tomllib.loads(path.read_text())
    except (OSError, ValueError):
        raise InputError(f"{shown_path(path)} cannot be read as TOML") from None
    for name, value in given.items():
        if name not in names or not isinstance(value, str):
            raise InputError(
                f"{shown_path(path)} maps {', '.join(_COLUMNS)} to names of columns;"
                f" got {shown_value(name)}"
            )
        names[name] = value
    return names


def _amount(text: str | None) -> Decimal | None:
    plain = (text or "").strip()
    return Decimal(plain) if _AMOUNT.fullmatch(plain) else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None


def check_money(
    failing: Failing,
    parts: Sequence[str],
    *,
    journals: Sequence[Path] = (),
    statement: Statement | None = None,
) -> Money:
    """
    Run every check, and write what was found into the output.

    Args:
        failing: the rows that did not verify, which feed no check.
        parts: names of all parts.
        journals: of ``Transfers``, among the inputs.
        statement: of the gateway, or None.
    """
    money = Money()
    money.unverified, money.claimed = _claimed(failing)
    folder = failing.folder.path
    with duckdb.connect(
        config={"threads": 2, "autoinstall_known_extensions": "false"}
    ) as engine:
        engine.execute("SET TimeZone = 'UTC'")
        paths = [str(folder / part) for part in parts]
        engine.read_parquet(paths).create_view("parts")
        engine.execute(_text("facts"))
        there = _sources(engine, journals, statement)
        [(money.facts,)] = engine.execute("SELECT count(*) FROM facts").fetchall()
        with PartFile(folder / FINDINGS_FILE, _SCHEMA) as file:
            for check in _checks():
                money.checks.append(check)
                lacking = [name for name in check.needs if name not in there]
                if lacking:
                    check.skipped = _MISSING[lacking[0]]
                    continue
                batch = _found(engine, check)
                if len(batch):
                    file.add(batch)
    return money


def _found(engine: Any, check: Check) -> Any:  # noqa: ANN401 - of duckdb and pyarrow
    """Run a check; return its findings, in one order."""
    query = f"SELECT * FROM ({_text(check.name)}) ORDER BY reference, source, 4, detail"  # noqa: S608 - files of ours
    rows = engine.execute(query).fetchall()
    check.count = len(rows)
    if rows:
        check.example = f"{rows[0][0]}: {rows[0][1]}"
    fixed = (check.name, check.severity, check.title)
    columns = list(zip(*((*fixed, *row) for row in rows), strict=True))
    return pa.record_batch(columns or [()] * len(_SCHEMA), schema=_SCHEMA)


def _sources(
    engine: Any,  # noqa: ANN401 - of duckdb
    journals: Sequence[Path],
    statement: Statement | None,
) -> set[str]:
    """Make the other views, and return what is there."""
    there = set()
    query = (
        "SELECT count(*) FILTER (request IS NOT NULL),"
        " count(*) FILTER (seen_at IS NOT NULL) FROM facts"
    )
    [(requests, times)] = engine.execute(query).fetchall()
    if requests:
        there.add("requests")
    if times:
        there.add("times")
    if journals:
        engine.register("journal", _payments(journals))
        there.add("journal")
    if statement is not None:
        engine.register("statement", statement.table())
        there.add("statement")
        if statement.has_receiver:
            there.add("statement_receiver")
        if statement.has_day:
            there.add("statement_day")
    return there


def _payments(journals: Iterable[Path]) -> Any:  # noqa: ANN401 - of pyarrow
    """Return the payments of journals with the reference of their last attempt."""
    rows: list[tuple[int, str, str]] = []
    for path in journals:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            for payment, attempt, state in connection.execute(_JOURNAL):
                rows.append((len(rows), f"{payment}-{attempt}", state))
        finally:
            connection.close()
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table(
        {
            "row": pa.array(columns[0], pa.int64()),
            "out_trade_no": pa.array(columns[1], pa.string()),
            "state": pa.array(columns[2], pa.string()),
        }
    )


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
            total += _amount(str(found)) or Decimal(0)
    return count, str(total)


def _checks() -> list[Check]:
    """Return the checks, the gravest first."""
    found = []
    for path in files(__package__).iterdir():
        name, _, ending = path.name.rpartition(".")
        if ending != "sql" or name == "facts":
            continue
        head = dict(_HEAD.findall(path.read_text()))
        needs = tuple(filter(None, head.get("needs", "").split(", ")))
        found.append(Check(name, head["severity"], head["title"], needs))
    found.sort(key=lambda one: (_SEVERITIES.index(one.severity), one.name))
    return found


def _text(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text()
