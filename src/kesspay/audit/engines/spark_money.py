"""The checks of the money in Spark: the same SQL, over parts of any size."""

from __future__ import annotations

from functools import reduce
from typing import Any

from kesspay.audit.engines.arguments import frames_of, require_frame
from kesspay.audit.money import checks
from kesspay.audit.money.checks import THERE, Check, escaped, over


__all__ = ["spark_facts", "spark_money"]


def spark_facts(parts: Any) -> Any:  # noqa: ANN401 - of pyspark, which need not be installed here
    """
    Return a DataFrame of the signed facts, for ``spark_money``. Write it first.

    Args:
        parts: a DataFrame with source, row, seen_at, canonical and
            request_canonical: the parts of a run with ``money``, or the result of
            ``spark_verdicts`` with it.
    """
    require_frame("parts", parts)
    query = escaped(checks.facts_of("spark")).replace("FROM parts", "FROM {parts}")
    return parts.sparkSession.sql(query, parts=parts)


def spark_money(
    facts: Any,  # noqa: ANN401 - of pyspark
    *,
    statement: Any = None,  # noqa: ANN401 - of pyspark
    journal: Any = None,  # noqa: ANN401 - of pyspark
) -> tuple[Any, list[Check]]:
    """
    Return a DataFrame of findings, as ``money-findings.parquet``, and all checks.

    A check that cannot run says why in ``skipped``. No check has counted its findings.

    Args:
        facts: the result of ``spark_facts``, written and read again, since each check
            reads it.
        statement: a DataFrame with place (a line), out_trade_no and amount, a
            DECIMAL(15,2); also receiver_id and day where the statement has them.
        journal: a DataFrame with place (a number), payment_id, attempt and state of
            each payment, and covered, true where the recording has the time at which
            it was paid.

    Returns:
        The findings, with the columns of ``money-findings.parquet``, and the checks.
    """
    frames = frames_of(facts, statement, journal)

    def sql(query: str) -> Any:  # noqa: ANN401 - of pyspark
        return facts.sparkSession.sql(over(frames, query), **frames)

    [(requests, times, *_)] = sql(THERE).collect()
    there = {name.removesuffix("_rows") for name in frames}
    there |= {*(["requests"] * bool(requests)), *(["times"] * bool(times))}
    columns = statement.columns if statement is not None else ()
    there |= {f"statement_{one}" for one in ("receiver", "day") if one in str(columns)}
    every = checks.all_checks()
    some = [one for one in every if one.run_with(there)]
    found = [sql(checks.findings(one.name)).selectExpr(*one.columns()) for one in some]
    return reduce(lambda first, more: first.unionAll(more), found), every
