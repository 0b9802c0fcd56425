"""The checks: their order, what they need, and one text for two engines."""

from __future__ import annotations

import re

import duckdb
import pytest

from kesspay.audit.money.checks import (
    BESIDE,
    STEPS,
    THERE,
    all_checks,
    facts_of,
    findings,
    over,
    step,
)
from kesspay.gateway.services import CONFIRM_REFUSALS, QUERY, SERVICES, USED


def test_the_gravest_comes_first() -> None:
    """By severity, then by name; what is missing is named."""
    checks = all_checks()
    severities = [one.severity for one in checks]
    assert severities == sorted(severities, key=["critical", "high", "note"].index)
    assert len({one.name for one in checks}) == len(checks) >= 24
    (one,) = (check for check in checks if check.name == "statement_days")
    assert one.needs == ("statement", "statement_day", "times")
    assert not one.run_with({"statement", "times"})
    assert one.skipped == "the statement has no column of days"
    assert one.run_with({"statement", "statement_day", "times"})
    assert one.skipped == ""


@pytest.mark.parametrize("name", [one.name for one in all_checks()])
def test_one_text_for_two_engines(name: str) -> None:
    """A title can stand in a statement of SQL, and no word is of one engine."""
    query = findings(name)
    assert not re.search(r"""["`]|VARCHAR|::|epoch|\bstruct\b""", query)
    (title,) = (one.title for one in all_checks() if one.name == name)
    assert "'" not in title


def test_refusals_are_those_of_the_services() -> None:
    """What SQL takes for a refusal is what a payment takes for one."""
    queries = [*(findings(one.name) for one in all_checks()), *map(step, STEPS)]
    lists = {
        frozenset(re.findall(r"'([A-Z]+)'", codes))
        for query in queries
        for codes in re.findall(r"error_code IN \(([^)]*)\)", query)
    }
    final = CONFIRM_REFUSALS
    assert lists == {final, final | {USED}, SERVICES[QUERY].no}


def test_nothing_is_found_in_nothing() -> None:
    """Every check runs on empty tables."""
    with duckdb.connect() as engine:
        engine.execute(
            "CREATE TABLE parts (source TEXT, row BIGINT, seen_at TIMESTAMPTZ,"
            " canonical BLOB, request_canonical BLOB);"
            "CREATE TABLE statement_rows (place BIGINT, out_trade_no TEXT,"
            " amount DECIMAL(15,2), receiver_id TEXT, day DATE);"
            "CREATE TABLE journal_rows (place BIGINT, payment_id TEXT, attempt INT,"
            " state TEXT, covered BOOLEAN);"
            f"CREATE VIEW facts AS {facts_of('duckdb')}"
        )
        for name, query in BESIDE.items():
            engine.execute(f"CREATE VIEW {name} AS {query}")
        assert engine.execute(THERE).fetchall() == [(0, 0, 0, None, None)]
        for name in STEPS:
            engine.execute(f"CREATE VIEW {name} AS {step(name)}")
        for one in all_checks():
            assert engine.execute(findings(one.name)).fetchall() == []
        with_steps = findings("no_final_word")
        for name in STEPS:
            engine.execute(f"DROP VIEW {name}")
        assert engine.execute(over((), with_steps)).fetchall() == []
