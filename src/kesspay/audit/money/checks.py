"""
The checks: files of SQL that DuckDB and Spark run alike, and what each needs.

A check reads ``facts``, ``journal`` and ``statement``, and returns reference, detail
and spot of each finding. A spot is time, file and row of a record as one text, so that
the least of some spots is the place of the first record. A check that follows two keys
reads steps, each by one key. DuckDB runs every check and step in one share of the
records after another, Spark over all of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet


__all__ = [
    "BESIDE",
    "SPOT",
    "STEPS",
    "THERE",
    "Check",
    "Head",
    "all_checks",
    "escaped",
    "facts_of",
    "findings",
    "head_of",
    "over",
    "step",
]

_SEVERITIES: Final = ("critical", "high", "note")
_HEAD: Final = re.compile(r"-- (severity|needs|by|title): (.*)")
_DOUBT: Final = re.compile("-- doubt: (.*)")
#: What some checks read, in the order in which it is made.
STEPS: Final = (
    *("unfinished", "unfinished_trades", "settled"),
    *("paid_days", "stated_days"),
)
#: What a check needs, and why it is not there.
_MISSING: Final[dict[str, str]] = {
    "requests": "no request verified by your own keys: give --request and [[own]]",
    "times": "no times are known: give --time",
    "journal": "no input is a journal of transfers, and no --journal was given",
    "statement": "no --statement was given",
    "statement_receiver": "the statement has no column of receivers",
    "statement_day": "the statement has no column of days",
}
#: The spot of a fact: the least of some is that of the first, by time, file and row.
SPOT: Final = (
    "lpad(CAST(coalesce(seen_us, 0) AS STRING), 20, '0') || source"
    " || lpad(CAST(place AS STRING), 20, '0')"
)
#: What checks read beside ``facts``, over tables of these names and ``_rows``.
BESIDE: Final[dict[str, str]] = {
    "statement": (
        "SELECT *, lpad('0', 20, '0') || 'statement'"
        " || lpad(CAST(place AS STRING), 20, '0') AS spot FROM statement_rows"
    ),
    "journal": (
        "SELECT *, payment_id || '-' || CAST(attempt AS STRING) AS out_trade_no,"
        " lpad('0', 20, '0') || 'journal'"
        " || lpad(CAST(place AS STRING), 20, '0') AS spot FROM journal_rows"
    ),
}
#: Counts what facts have: requests and times, with the first and the last of those.
THERE: Final = (
    "SELECT count(request) AS requests, count(seen_us) AS times, count(*) AS facts,"
    " min(seen_us) AS first_us, max(seen_us) AS last_us FROM facts"
)


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

    def run_with(self, there: AbstractSet[str]) -> bool:
        """Return whether all is there that it needs; say why where it is not."""
        lacking = [name for name in self.needs if name not in there]
        self.skipped = _MISSING[lacking[0]] if lacking else ""
        return not lacking

    def columns(self) -> list[str]:
        """Return, as SQL, the columns of ``money-findings.parquet``."""
        fixed = {"check": self.name, "severity": self.severity, "title": self.title}
        named = [f"'{value}' AS {name}" for name, value in fixed.items()]
        return [*named, "reference", "detail", "source", "place AS row"]


@dataclass(frozen=True, slots=True)
class Head:
    """
    What a check or a step says of itself.

    Attributes:
        by: the key of whose share it reads all records at a time: "transfer",
            "pre_transfer" or "fund_transfer"; "record" where it compares no two
            transfers, "all" where it reads steps alone.
        needs: what it cannot do without.
        severity: of a check, or "".
        title: of a check, or "".
        doubts: conditions in the SQL of DuckDB, of which one at least is true of the
            rows of each transfer that it names, those of the steps of its key as
            well. A check or step without any reads the rows of all transfers.
    """

    by: str
    needs: tuple[str, ...] = ()
    severity: str = ""
    title: str = ""
    doubts: tuple[str, ...] = ()


def head_of(name: str) -> Head:
    """Return what a check says of itself; a step by "step_" and its name."""
    text = _text(name)
    head = dict(_HEAD.findall(text))
    head["needs"] = tuple(filter(None, head.get("needs", "").split(", ")))
    steps = _steps(text, head["by"]).values()
    doubts = chain.from_iterable(map(_DOUBT.findall, (text, *steps)))
    return Head(**head, doubts=tuple(doubts))


def all_checks() -> list[Check]:
    """Return the checks, the gravest first."""
    found = []
    for path in files(__package__).iterdir():
        name, _, ending = path.name.rpartition(".")
        if ending != "sql" or name.startswith(("facts", "step_")):
            continue
        head = head_of(name)
        found.append(Check(name, head.severity, head.title, head.needs))
    found.sort(key=lambda one: (_SEVERITIES.index(one.severity), one.name))
    return found


def _text(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text()


def _steps(query: str, by: str = "") -> dict[str, str]:
    """Return the steps that a query reads, of one key where it is given."""
    found: dict[str, str] = {}
    for name in STEPS:
        if re.search(rf"\b{name}\b", query):
            text = _text(f"step_{name}")
            if by in {"", head_of(f"step_{name}").by}:
                found |= {**_steps(text, by), name: text}
    return found


def step(name: str) -> str:
    """Return the query for a step, over what steps of another key have made."""
    text = _text(f"step_{name}")
    before = _steps(text, head_of(f"step_{name}").by)
    clauses = ", ".join(f"{one} AS (\n{query})" for one, query in before.items())
    return f"WITH {clauses} {text}" if before else text


def facts_of(engine: str) -> str:
    """
    Return the query for ``facts`` over the table ``parts``.

    Args:
        engine: "duckdb" or "spark", each with its own words for JSON.
    """
    fields, signed = _text(f"facts_{engine}"), _text("facts")
    return (
        f"WITH fields AS (\n{fields}), signed AS (\n{signed})"  # noqa: S608 - files of ours
        f" SELECT *, {SPOT} AS spot FROM signed"
    )


def findings(name: str) -> str:
    """Return the query for the findings of a check, in no order."""
    return (
        "SELECT reference, detail, substr(spot, 21, length(spot) - 40) AS source,"  # noqa: S608 - files of ours
        f" CAST(right(spot, 20) AS BIGINT) AS place FROM (\n{_text(name)}) AS found"
    )


def escaped(query: str) -> str:
    """Return a query as Spark takes it, where braces name frames."""
    return query.replace("{", "{{").replace("}", "}}")


def over(frames: Iterable[str], query: str) -> str:
    """Return a query over frames of these names, for Spark, with what checks read."""
    tables = {name: f"SELECT * FROM {{{name}}}" for name in frames}  # noqa: S608 - names of ours
    tables |= {
        name: escaped(text) for name, text in BESIDE.items() if f"{name}_rows" in tables
    }
    tables |= {name: escaped(text) for name, text in _steps(query).items()}
    clauses = ", ".join(f"{name} AS (\n{text})" for name, text in tables.items())
    return f"WITH {clauses} {escaped(query)}"
