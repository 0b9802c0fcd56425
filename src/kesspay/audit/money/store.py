"""The rows that the checks read, in shares by key, and the checks over each share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kesspay.audit.money.checks import (
    BESIDE,
    SPOT,
    STEPS,
    facts_of,
    findings,
    head_of,
    step,
)
from kesspay.audit.money.doubts import marks_in_doubt, rows_in_doubt
from kesspay.audit.money.engine import side_by_side
from kesspay.audit.money.shares import (
    BATCH,
    GUEST,
    HOME,
    Share,
    Shares,
    first_fan,
    marked,
)
from kesspay.audit.money.statement import Statement


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from kesspay.audit.money.engine import Engine


__all__ = ["Seen", "Store"]

#: The attempts of a payment are in one share: as in journal_unpaid.sql.
_ROOT: Final = (
    "CASE WHEN regexp_matches({0}, '^(.*)-[1-9][0-9]{{0,2}}$')"
    " THEN regexp_extract({0}, '^(.*)-[1-9][0-9]{{0,2}}$', 1) ELSE {0} END"
)
#: The keys, in the order in which their shares are read: columns with a key of a fact,
#: and those that the checks read.
_KEYS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "pre_transfer": (
        ("pre_transfer_id", "asked_pre_transfer_id"),
        (
            *("source", "place", "seen_us", "said", "error_code", "result_code"),
            "expire_in",
            *("out_trade_no", "fund_transfer_id"),
        ),
    ),
    "fund_transfer": (
        ("fund_transfer_id",),
        (
            *("source", "place", "seen_us", "said", "out_trade_no"),
            "asked_transaction_id",
        ),
    ),
    "transfer": (
        ("out_trade_no", "asked_out_trade_no"),
        (
            *("source", "place", "seen_us", "seen_day", "said", "error_code"),
            "result_code",
            *("answer", "request", "pre_transfer_id", "asked_pre_transfer_id"),
            *("fund_transfer_id", "receiver_id", "asked_receiver_id", "currency"),
            *("asked_currency", "amount", "asked_amount", "amount_text"),
            "asked_amount_text",
        ),
    ),
}
#: A text of an amount is of use where it is none.
_AMOUNTS: Final = ", ".join(
    f"CASE WHEN {name} IS NULL THEN {name}_text END AS {name}_text"
    for name in ("amount", "asked_amount")
)
#: A spot is a long text, which is written for few facts.
_FACTS: Final = f"SELECT *, {SPOT} AS spot"
#: What becomes of the shares.
_TABLES: Final = """
    CREATE TABLE found (name VARCHAR, reference VARCHAR, detail VARCHAR,
        source VARCHAR, place BIGINT);
    CREATE TABLE unfinished (reference VARCHAR, spot VARCHAR);
    CREATE TABLE settled (reference VARCHAR);
    CREATE TABLE paid_days (day DATE, total DECIMAL(38,2), spot VARCHAR);
    CREATE TABLE stated_days (day DATE, total DECIMAL(38,2), spot VARCHAR);
"""
_TRADES: Final = "unfinished_trades"


@dataclass(slots=True)
class Seen:
    """
    What was seen of the facts.

    Attributes:
        facts: how many there are.
        requests: how many of them have a request.
        times: how many have a time.
        first: the least time, in microseconds, or None.
        last: the greatest one.
    """

    facts: int = 0
    requests: int = 0
    times: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, batch: Any) -> None:  # noqa: ANN401 - of pyarrow
        """Count the facts of a batch."""
        times = batch.column("seen_us")
        self.facts += len(batch)
        self.requests += pc.count(batch.column("request")).as_py()
        self.times += pc.count(times).as_py()
        found = pc.min_max(times).as_py()
        known = [one for one in (found["min"], self.first) if one is not None]
        self.first = min(known, default=None)
        known = [one for one in (found["max"], self.last) if one is not None]
        self.last = max(known, default=None)


class Store:
    """
    Facts, journal and statement on the disk, in shares; and what the checks found.

    Args:
        engines: of ``open_engines``.
        scratch: a folder for files.
        parts: paths of all parts.
    """

    def __init__(
        self, engines: Sequence[Engine], scratch: Path, parts: Sequence[Path]
    ) -> None:
        """Have no rows."""
        self._engines, self._parts = engines, parts
        self._main, self._scratch = engines[0], scratch
        self._main.execute(_TABLES)
        threads = len(engines)
        fan = first_fan(*_sizes(parts), threads)
        self._shares = {key: Shares(scratch / key, fan, threads) for key in _KEYS}

    def add_facts(self, statement: Statement | None = None) -> Seen:
        """
        Read what was signed, and the statement beside it.

        Once, which takes longer than all checks.
        """
        transfer = [_ROOT.format(name) for name in _KEYS["transfer"][0]]
        marks = [
            marked(*transfer, rest="answer", prefix="transfer_"),
            marked(*_KEYS["pre_transfer"][0], prefix="pre_transfer_"),
            marked(*_KEYS["fund_transfer"][0], prefix="fund_transfer_"),
        ]
        sql = (
            f"SELECT * EXCLUDE (spot) REPLACE ({_AMOUNTS}), {', '.join(marks)}"  # noqa: S608 - texts of ours
            f" FROM ({facts_of('duckdb')}) AS facts"
        )
        seen, turn = Seen(), Lock()

        def add(engine: Engine, part: Path | Statement) -> None:
            if isinstance(part, Statement):
                self._add(engine, "statement", part.schema, part.batches())
                return
            path = str(part).replace("'", "''")
            engine.connection.execute(
                f"CREATE OR REPLACE TEMP VIEW parts AS FROM read_parquet('{path}')"
            )
            for batch in engine.batches(sql, BATCH):
                with turn:
                    seen.add(batch)
                for key, (own, columns) in _KEYS.items():
                    names = [*own, *columns, f"{key}_mark", f"{key}_other"]
                    kept = batch.select(names).rename_columns(
                        [*names[:-2], "mark", "other"]
                    )
                    self._shares[key].add("facts", kept)

        # The statement is the first, as it takes longest.
        items: list[Path | Statement] = [] if statement is None else [statement]
        items.extend(self._parts)
        with self._main.unlimited():
            side_by_side(self._engines, items, add)
        return seen

    def add_journal(self, schema: Any, batches: Iterable[Any]) -> None:  # noqa: ANN401 - of pyarrow
        """Take in the journal."""
        with self._main.unlimited():
            self._add(self._main, "journal", schema, batches)

    def _add(
        self,
        engine: Engine,
        name: str,
        schema: Any,  # noqa: ANN401 - of pyarrow
        batches: Iterable[Any],
    ) -> None:
        """Take in the journal, or the statement."""
        out_trade_no = _ROOT.format("out_trade_no")
        marks = {
            "statement": marked(out_trade_no),
            "journal": marked("payment_id", out_trade_no),
        }
        sql = f"SELECT {', '.join(schema.names)}, {marks[name]} FROM ({BESIDE[name]})"  # noqa: S608 - texts of ours
        # Not as one stream: DuckDB has an error of its own for what goes wrong in it.
        for page in chain([pa.RecordBatch.from_pylist([], schema)], batches):
            engine.connection.register(f"{name}_rows", page)
            for batch in engine.batches(sql, BATCH):
                self._shares["transfer"].add(name, batch)
            engine.connection.unregister(f"{name}_rows")

    def run(self, checks: Sequence[str], there: AbstractSet[str]) -> None:
        """Run these checks, with what is there."""
        by = defaultdict[str, list[str]](list)
        for name in checks:
            by[head_of(name).by].append(name)
        steps = {name: head_of(f"step_{name}") for name in STEPS}
        threads = len(self._engines)
        for key, shares in self._shares.items():
            made = {
                name: head
                for name, head in steps.items()
                if head.by == key and there >= {*head.needs}
            }
            # Here every record is at home once, whether it names a transfer or not.
            record = by["record"] if key == "transfer" else []
            heads = [*map(head_of, (*record, *by[key])), *made.values()]
            whole = [name for name, head in made.items() if not head.doubts]
            some = [name for name, head in made.items() if head.doubts]
            doubts = list(chain.from_iterable(head.doubts for head in heads))
            left = Shares(self._scratch / f"{key}-left", threads, threads, slack=1)
            doubt = partial(self._doubt, key, doubts, whole, left)
            side_by_side(self._engines, shares, doubt)
            check = partial(self._check, key, record, by[key], some)
            side_by_side(self._engines, left, check)
        _find(self._main, *by["all"])

    def _doubt(
        self,
        key: str,
        doubts: Iterable[str],
        whole: Iterable[str],
        left: Shares,
        engine: Engine,
        share: Share,
    ) -> None:
        """Put what the checks are to read of a share into other shares; make steps."""
        own = _KEYS[key][0]
        pages = {f"{name}_page": name for name in share.names}
        with share:
            keys = (*own, "answer") if key == "transfer" else own
            sql = marks_in_doubt(share.names, keys, doubts)
            marks = _over(engine, share, sql, pages, _marks)
            for name, batch in rows_in_doubt(share, marks):
                left.add_again(name, batch)
            if whole:
                for name, page in zip(share.names, pages, strict=True):
                    rows = BESIDE.get(name, f"SELECT * FROM {name}_rows")  # noqa: S608 - names of ours
                    rows = rows.replace(f"{name}_rows", page)
                    if name == "facts":
                        rows = _here(*own, rows=f"{_FACTS} FROM {page}")
                    view = f"CREATE OR REPLACE TEMP VIEW {name} AS {rows}"
                    _over(engine, share, view, {page: name})
            for name in whole:
                _over(engine, share, f"INSERT INTO {name} {step(name)}", pages)

    def _check(
        self,
        key: str,
        record: Sequence[str],
        checks: Iterable[str],
        made: Iterable[str],
        engine: Engine,
        share: Share,
    ) -> None:
        """Run over one share the checks and steps of its key."""
        with share:
            _hold(engine, share)
        if record:
            sql = f"{_FACTS} FROM facts_rows WHERE other <> {GUEST}"
            _view(engine, "facts", sql)
            _find(engine, *record)
        facts = f"{_FACTS} FROM facts_rows"
        _view(engine, "facts", _here(*_KEYS[key][0], rows=facts))
        _find(engine, *checks)
        self._make(engine, *made)
        for name in share.names:
            # Else it would be there until the next one is complete.
            engine.execute(f"DROP TABLE {name}_rows")

    def _make(self, engine: Engine, *names: str) -> None:
        """Make steps out of what is held."""
        for name in names:
            if name != _TRADES:
                engine.execute(f"INSERT INTO {name} {step(name)}")
                continue
            engine.execute(f"CREATE OR REPLACE TEMP TABLE trades AS {step(name)}")
            mark = marked(_ROOT.format("out_trade_no"))
            sql = f"SELECT *, {mark} FROM trades"  # noqa: S608 - texts of ours
            with engine.unlimited():
                for batch in engine.batches(sql, BATCH):
                    self._shares["transfer"].add(name, batch)

    def copy_found(self, name: str, path: Path, rows: int) -> None:
        """Write the findings of a check into a file, in one order."""
        where = str(path).replace("'", "''")
        self._main.execute(
            "COPY (SELECT reference, detail, source, place FROM found"  # noqa: S608 - names of ours
            f" WHERE name = '{name}' ORDER BY ALL) TO '{where}'"
            f" (FORMAT parquet, ROW_GROUP_SIZE {rows})",
        )


def _hold(engine: Engine, share: Share) -> None:
    """Read the rows of a share into tables."""
    for name in share.names:
        sql = f"CREATE OR REPLACE TEMP TABLE {name}_rows AS SELECT * FROM page"  # noqa: S608 - names of ours
        _over(engine, share, sql, {"page": name})
        rows = BESIDE.get(name, f"SELECT * FROM {name}_rows")  # noqa: S608 - names of ours
        if name == "journal":
            rows = _here("payment_id", "out_trade_no", rows=rows)
        _view(engine, name, rows)


def _over(
    engine: Engine,
    share: Share,
    sql: str,
    pages: Mapping[str, str],
    take: Callable[[Any], Any] = bool,
) -> Any:  # noqa: ANN401 - of any query
    """Run a statement over rows of a share: those of a kind for each of its tables."""

    def read() -> None:
        for page, name in pages.items():
            engine.connection.register(page, share.reader(name))

    try:
        found = engine.execute(sql, read, take)
    except duckdb.Error:
        if share.failure is not None:
            raise share.failure from None
        raise
    for page in pages:
        engine.connection.unregister(page)
    return found


def _marks(connection: Any) -> Any:  # noqa: ANN401 - of duckdb and numpy
    return connection.fetchnumpy()["mark"]


def _view(engine: Engine, name: str, sql: str) -> None:
    engine.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")


def _find(engine: Engine, *names: str) -> None:
    """Run checks over what is held."""
    for name in names:
        query = f"SELECT '{name}', * FROM ({findings(name)})"  # noqa: S608 - texts of ours
        engine.execute(f"INSERT INTO found {query}")


def _here(first: str, second: str = "", *, rows: str) -> str:
    """Return a query for rows without those keys that belong to another share."""
    kept = [f"CASE WHEN other <> {GUEST} THEN {first} END AS {first}"]
    if second:
        kept.append(f"CASE WHEN other <> {HOME} THEN {second} END AS {second}")
    return f"SELECT * REPLACE ({', '.join(kept)}) FROM ({rows})"  # noqa: S608 - texts of ours


def _sizes(parts: Sequence[Path]) -> tuple[int, int]:
    """Return the rows of parts, and the bytes of those."""
    rows = size = 0
    for path in parts:
        with pq.ParquetFile(path) as file:
            rows += file.metadata.num_rows
            groups = range(file.metadata.num_row_groups)
            size += sum(file.metadata.row_group(at).total_byte_size for at in groups)
    return rows, size
