"""The checks of the money in Spark: the same SQL, over parts of any size."""

from __future__ import annotations

from functools import reduce
from typing import Any

from kesspay.audit.money.checks import (
    BESIDE,
    THERE,
    Check,
    all_checks,
    facts_of,
    findings,
)


__all__ = ["spark_facts", "spark_money"]


def spark_facts(parts: Any) -> Any:  # noqa: ANN401 - of pyspark, which need not be installed here
    """
    Return a DataFrame of what was signed, for ``spark_money``. Write it first.

    Args:
        parts: source, row, seen_at, canonical and request_canonical: what a run
            wrote with ``money``, or what ``spark_verdicts`` returned with it.
    """
    query = _escaped(facts_of("spark"))
    return parts.sparkSession.sql(
        query.replace("FROM parts", "FROM {parts}"), parts=parts
    )


def spark_money(
    facts: Any,  # noqa: ANN401 - of pyspark
    *,
    statement: Any = None,  # noqa: ANN401 - of pyspark
    journal: Any = None,  # noqa: ANN401 - of pyspark
) -> tuple[Any, list[Check]]:
    """
    Return a DataFrame of findings, as ``money-findings.parquet``, and all checks.

    A check that cannot run says why in ``skipped``; none has counted its findings.

    Args:
        facts: of ``spark_facts``, written and read again: each check reads them.
        statement: place (a line), out_trade_no and amount, a DECIMAL(15,2); also
            receiver_id and day where it has them.
        journal: place (a number), payment_id, attempt and state of each payment, and
            covered: whether the recording has the time at which it was paid.
    """
    given = {"facts": facts, "statement_rows": statement, "journal_rows": journal}
    frames = {name: one for name, one in given.items() if one is not None}
    tables = {name: f"SELECT * FROM {{{name}}}" for name in frames}  # noqa: S608 - names of ours
    beside = [name for name in BESIDE if f"{name}_rows" in frames]
    tables |= {name: _escaped(BESIDE[name]) for name in beside}
    clauses = ", ".join(f"{name} AS ({query})" for name, query in tables.items())

    def sql(query: str) -> Any:  # noqa: ANN401 - of pyspark
        return facts.sparkSession.sql(f"WITH {clauses} {query}", **frames)

    [(requests, times, *_)] = sql(THERE).collect()
    there = {
        *beside,
        *(["requests"] if requests else []),
        *(["times"] if times else []),
    }
    columns = statement.columns if statement is not None else ()
    there |= {
        f"statement_{one[:8]}" for one in columns if one in ("receiver_id", "day")
    }
    checks = all_checks()
    found = [
        sql(_escaped(findings(one.name))).selectExpr(
            *(f"'{one.name}' AS check", f"'{one.severity}' AS severity"),
            *(f"'{one.title}' AS title", "reference", "detail", "source"),
            "place AS row",
        )
        for one in checks
        if one.run_with(there)
    ]
    return reduce(lambda some, more: some.unionAll(more), found), checks


def _escaped(query: str) -> str:
    return query.replace("{", "{{").replace("}", "}}")
