"""The page "The money of an audit": its table of checks, and its mapping of columns."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from kesspay.audit.money.checks import all_checks
from kesspay.audit.money.statement import Statement
from tests.support.pages import ROOT, blocks


if TYPE_CHECKING:
    from pathlib import Path

PAGE: Final = "howto/audit-money.md"
#: What the page calls each need; no column is named where only some of a row need it.
NEEDS: Final = {
    "requests": "requests",
    "times": "times",
    "journal": "a journal",
    "statement": "a statement",
}


def test_the_table() -> None:
    """Every check is in the table, with its severity and what it needs."""
    text = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (`.*) \| (critical|high|note) \| (.*) ?\|$", text, re.MULTILINE
    )
    listed = {
        name: (severity, needs.strip())
        for names, severity, needs in rows
        for name in re.findall("`([a-z_]+)`(?!s)", names)
        if not name.endswith("_id")
    }
    checks = {one.name: one for one in all_checks()}
    assert set(listed) == set(checks)
    for name, (severity, needs) in listed.items():
        assert severity == checks[name].severity
        if name not in ("statement_receiver", "statement_days"):
            words = [NEEDS[one] for one in checks[name].needs]
            assert needs == ", ".join(words), name


def test_the_mapping(tmp_path: Path) -> None:
    """A statement with these columns is read."""
    (mapping,) = (block.code for block in blocks(PAGE, "toml"))
    (tmp_path / "s.toml").write_text(mapping, encoding="utf-8")
    (tmp_path / "s.csv").write_text("Reference;Amount (USD)\nT-1;1234.50\n")
    (row,) = Statement.load(tmp_path / "s.csv").table.to_pylist()
    assert (row["out_trade_no"], row["amount"]) == ("T-1", Decimal("1234.50"))
