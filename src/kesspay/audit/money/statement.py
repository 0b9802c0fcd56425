"""The gateway's statement: a CSV file, with the line of whatever is wrong in it."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc

from kesspay._shown import shown_path, shown_value
from kesspay.audit.money.plain import plain_blocks, plain_columns, skip_plain_lines
from kesspay.errors import InputError
from kesspay.signing.arguments import mode_of


if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path


__all__ = ["Statement", "amount_of"]

_COLUMNS: Final = ("out_trade_no", "amount", "receiver_id", "day")
#: What may stand between columns: its name, and how TOML writes it.
_SEPARATORS: Final = {
    ",": ("commas", ","),
    ";": ("semicolons", ";"),
    "\t": ("tabs", "\\t"),
    "|": ("bars", "|"),
}
#: No name of a zone, though it is found among them: another machine has another.
_MACHINE: Final = "localtime"
_MONEY: Final = pa.decimal128(15, 2)
_DAYS: Final = pa.date32()
_SCHEMA: Final = pa.schema(
    [
        ("place", pa.int64()),
        ("out_trade_no", pa.string()),
        ("amount", _MONEY),
        ("receiver_id", pa.string()),
        ("day", _DAYS),
    ]
)
_AMOUNT: Final = re.compile(r"-?[0-9]{1,13}(?:\.[0-9]{1,2})?")
_DAY: Final = re.compile("([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?")
_SURROGATE: Final = re.compile("[\udc80-\udcff]")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_ROWS: Final = 8192


class _Wrong(Exception):
    """Something is wrong in a line."""


@dataclass(frozen=True, slots=True)
class Statement:
    """
    The gateway's statement.

    Attributes:
        path: of the file.
        has_receiver: whether it names receivers.
        has_day: whether it names days.
        zone: in which its days begin.
    """

    path: Path
    has_receiver: bool
    has_day: bool
    zone: str = "UTC"

    @classmethod
    def load(cls, path: Path) -> Statement:
        """
        Read a CSV file in UTF-8, and check each line.

        Its columns are ``out_trade_no``, ``amount``, ``receiver_id`` and ``day``; a
        TOML file of the same name beside it maps them to others, and names another
        ``separator`` than the comma, and another ``zone`` of the days than UTC. Amounts
        are plain numbers such as 1234.50, and days begin as 2026-09-10.

        Raises:
            InputError: it cannot be read, lacks a column, or a line of it is wrong.
        """
        columns: set[str] = set()
        for _ in _read_file(path, columns):
            # A wrong line is found before any work.
            continue
        _, _, zone = _mapping(path)
        return cls(path, "receiver_id" in columns, "day" in columns, zone)

    @property
    def schema(self) -> Any:  # noqa: ANN401 - of pyarrow
        """The columns of each batch."""
        return _SCHEMA

    def batches(self) -> Iterator[Any]:
        """
        Yield place (the line), out_trade_no, amount, receiver_id and day of the rows.

        Raises:
            InputError: as of ``load``, where the file was changed since.
        """
        return _read_file(self.path, set())

    @property
    def table(self) -> Any:  # noqa: ANN401 - of pyarrow
        """All rows at once."""
        return pa.Table.from_batches(self.batches(), _SCHEMA)


def _read_file(path: Path, columns: set[str]) -> Iterator[Any]:
    """Yield the rows as RecordBatches, and add the columns that are there."""
    where = f"the statement {shown_path(path)}"
    names, separator, _ = _mapping(path)
    lines = _Lines(separator)
    try:
        # What is no UTF-8 comes as surrogates, so that its line is known.
        with (
            path.open("rb") as plain,
            path.open(
                encoding="utf-8-sig", errors="surrogateescape", newline=""
            ) as file,
        ):
            if plain.read(2) in _UTF_16:
                raise InputError(f"{where} is UTF-16: save it as CSV in UTF-8")
            lines.read(file, 0)
            head = lines.head()
            places = _places(head, names, separator, where)
            columns.update(places)
            if skip_plain_lines(plain, lines.done):
                done = yield from _plain_batches(plain, lines, places, len(head))
                file.seek(plain.tell())
                lines.read(file, done)
            yield from _batches(lines, places)
    except OSError as error:
        raise InputError(f"{where} cannot be read as CSV ({error.strerror})") from None
    except (csv.Error, _Wrong) as error:
        why = str(error) if isinstance(error, _Wrong) else _words(error)
        raise InputError(f"line {lines.number} of {where}: {why}") from None


class _Lines:
    """The rows of a CSV file; the number of the line at which the last one began."""

    def __init__(self, separator: str) -> None:
        self.separator = separator
        self.number = 1
        self._reader: Any = None
        self._before = 0

    def read(self, lines: Iterable[str], before: int) -> None:
        """Continue with these lines, of which so many come before."""
        self._before = before
        self._reader = csv.reader(lines, delimiter=self.separator, strict=True)

    @property
    def done(self) -> int:
        """How many lines were read."""
        return self._before + int(self._reader.line_num)

    def head(self) -> list[str]:
        """
        Return the first row that is not empty; an empty list where there is none.

        Raises:
            _Wrong: it is no UTF-8.
            csv.Error: it is no CSV.
        """
        while True:
            self.number = self.done + 1
            row: list[str] | None = next(self._reader, None)
            if row is None:
                return []
            if row:
                _require_utf_8(row)
                return row

    def many(self) -> Iterator[tuple[list[int], list[list[str]]]]:
        """
        Yield some rows at a time that are not empty, and the lines at which they begin.

        Raises:
            csv.Error: what comes next is no CSV.
        """
        last, error = -1, None
        while last != self.done and error is None:
            last = self.done
            number = last + 1
            numbers, rows = list[int](), list[list[str]]()
            try:
                for row in islice(self._reader, _ROWS):
                    if row:
                        numbers.append(number)
                        rows.append(row)
                    number = self.done + 1
            except csv.Error as found:
                # What is wrong in a row before it comes first.
                error = found
            if rows:
                yield numbers, rows
            self.number = number
        if error is not None:
            raise error


def _require_utf_8(row: list[str]) -> None:
    """
    Check that there is no surrogate.

    Raises:
        _Wrong: there is one.
    """
    if any(map(_SURROGATE.search, row)):
        raise _Wrong("it is not UTF-8: save the file as CSV in UTF-8")


def _words(error: csv.Error) -> str:
    if "end of data" in str(error):
        return "a quotation mark opens here and is never closed"
    if "expected after" in str(error):
        return "a quotation mark within a quoted text must be written twice"
    return "it is no CSV: a field is too long, or a line ends with a lone CR"


def _places(
    head: list[str], names: dict[str, str], separator: str, where: str
) -> dict[str, int]:
    """
    Return at which place of a row each column is.

    Raises:
        InputError: one is missing, or there twice.
    """
    if not head:
        raise InputError(f"{where} is empty: line 1 names the columns")
    head = [name.strip() for name in head]
    places = {}
    for name, wanted in names.items():
        if head.count(wanted) > 1:
            raise InputError(f"line 1 of {where} has the column {wanted!r} twice")
        if wanted in head:
            places[name] = head.index(wanted)
    for name in ("out_trade_no", "amount"):
        if name in places:
            continue
        others = [one for one in _SEPARATORS if one != separator and one in head[0]]
        if len(head) == 1 and others:
            noun, written = _SEPARATORS[others[0]]
            raise InputError(
                f"line 1 of {where} separates its columns by {noun}; write into a TOML"
                f' file of the same name beside it: separator = "{written}"'
            )
        # Line 1 may be a row, whose values are not for an error.
        raise InputError(
            f"line 1 of {where} has no column {names[name]!r}; a TOML file of the same"
            f' name beside it maps columns: {name} = "..."'
        )
    return places


def _plain_batches(
    file: BinaryIO, lines: _Lines, places: dict[str, int], width: int
) -> Generator[Any, None, int]:
    """Yield the rows of plain lines, which come next; return how many were read."""
    done = lines.done
    for block in plain_blocks(file):
        found = plain_columns(block, lines.separator, places, width)
        columns = None if found is None else _values(found)
        count = block.count(b"\n") + (block[-1:] != b"\n")
        if columns is None:
            # One of them is wrong, or needs a closer look.
            lines.read(io.StringIO(block.decode("utf-8", "surrogateescape"), ""), done)
            yield from _batches(lines, places)
        else:
            numbers = pa.array(range(done + 1, done + count + 1), pa.int64())
            yield pa.record_batch([numbers, *columns], schema=_SCHEMA)
        done += count
    return done


def _batches(lines: _Lines, places: dict[str, int]) -> Iterator[Any]:
    """Yield the rows as RecordBatches, so that few are held as Python has them."""
    for numbers, rows in lines.many():
        columns = _columns(rows, places)
        if columns is None:
            # One of them is wrong, or needs a closer look.
            columns = _by_row(lines, numbers, rows, places)
        arrays = [pa.array(numbers, pa.int64()), *columns]
        yield pa.record_batch(arrays, schema=_SCHEMA)


def _columns(rows: list[list[str]], places: dict[str, int]) -> list[Any] | None:
    """Return the values of some rows, all at once; None where one may be wrong."""
    try:
        # All of it is UTF-8.
        "".join(chain.from_iterable(rows)).encode()
        found = {
            name: pa.array([row[place].strip() for row in rows])
            for name, place in places.items()
        }
    except (UnicodeEncodeError, IndexError):
        return None
    return _values(found)


def _values(texts: dict[str, Any]) -> list[Any] | None:
    """Return the values of columns of texts; None where one may be wrong."""
    trades, amounts = texts["out_trade_no"], texts["amount"]
    if pc.any(pc.equal(trades, "")).as_py():
        return None
    is_amount = pc.match_substring_regex(amounts, f"^({_AMOUNT.pattern})?$")
    if not pc.all(is_amount).as_py():
        return None
    days = pa.nulls(len(trades), _DAYS)
    if "day" in texts:
        every = texts["day"].dictionary_encode()
        try:
            known = pa.array(map(_day, every.dictionary.to_pylist()), _DAYS)
        except _Wrong:
            return None
        days = known.take(every.indices)
    is_known = pc.not_equal(amounts, "")
    return [
        trades,
        pc.if_else(is_known, amounts, None).cast(_MONEY),
        texts.get("receiver_id", pa.nulls(len(trades), pa.string())),
        days,
    ]


def _by_row(
    lines: _Lines,
    numbers: list[int],
    rows: list[list[str]],
    places: dict[str, int],
) -> list[Any]:
    """
    Return the values of some rows, one after another.

    Raises:
        _Wrong: one is wrong; its line is the one of ``lines``.
    """
    width = max(places.values()) + 1
    found = []
    for number, row in zip(numbers, rows, strict=True):
        lines.number = number
        _require_utf_8(row)
        if len(row) < width:
            raise _Wrong(f"it has {len(row)} columns, and at least {width} are needed")
        found.append(_read(row, places))
    return [
        pa.array(values, kind)
        for values, kind in zip(
            zip(*found, strict=True), _SCHEMA.types[1:], strict=True
        )
    ]


def _read(
    row: list[str], places: dict[str, int]
) -> tuple[str, Decimal | None, str | None, date | None]:
    """
    Return the values of a row.

    Raises:
        _Wrong: one is not what its column holds.
    """
    found = {name: row[place].strip() for name, place in places.items()}
    if not found["out_trade_no"]:
        raise _Wrong("it names no out_trade_no")
    amount = amount_of(found["amount"])
    if found["amount"] and amount is None:
        raise _Wrong(
            "its amount is not a plain number such as 1234.50: write no thousands"
            " separator, no decimal comma, no currency, and two places at most"
        )
    return (
        found["out_trade_no"],
        amount,
        found.get("receiver_id"),
        _day(found.get("day", "")),
    )


def amount_of(text: str) -> Decimal | None:
    """Return an amount of at most two places, or None."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def _day(text: str) -> date | None:
    match = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(match[1] if match else text) if text else None
    except ValueError:
        raise _Wrong("its day is not written as 2026-09-10") from None


def _mapping(statement: Path) -> tuple[dict[str, str], str, str]:
    """Return the names of the columns, what separates them, and the zone of days."""
    path = statement.parent / f"{statement.stem}.toml"
    names = {name: name for name in _COLUMNS}
    if not mode_of(path):
        return names, ",", "UTC"
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        raise InputError(f"{shown_path(path)} cannot be read as TOML") from None
    separator = given.pop("separator", ",")
    if not isinstance(separator, str) or separator not in _SEPARATORS:
        raise InputError(
            f"the separator in {shown_path(path)} is one of , ; | and the tab"
        )
    zone = given.pop("zone", "UTC")
    try:
        # UTC is known where the machine has no names of zones.
        is_known = zone == "UTC" or ZoneInfo(zone).key != _MACHINE
    except (OSError, TypeError, ValueError, ZoneInfoNotFoundError):
        is_known = False
    if not is_known:
        raise InputError(
            f"the zone in {shown_path(path)} is no name of a time zone such as"
            " Asia/Phnom_Penh"
        )
    for name, value in given.items():
        if name not in names or not isinstance(value, str):
            raise InputError(
                f"{shown_path(path)} maps {', '.join(_COLUMNS)} to names of columns,"
                f" and may name the separator and the zone; got {shown_value(name)}"
            )
        names[name] = value
    return names, separator, zone
