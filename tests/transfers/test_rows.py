# ruff: noqa: ANN401 - what is refused is of any type

"""How the rules of a payment are kept as text, and what is refused of it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

import pytest

from kesspay.errors import InputError, JournalDamaged
from kesspay.transfers.attempt import RELAXED, STRICT, Rules
from kesspay.transfers.rows import (
    read_record,
    rules_text,
)
from tests.transfers.helpers import payment


def read(text: str | None) -> Rules | None:
    """Read the rules of a payment that has no entries."""
    values = ("p-1", "85512345678", "Sok Dara", "1.50", "USD")
    row = (*values, "new", 1, None, 0, text, *[None] * 8)
    record = read_record([row])
    assert record.payment == payment()
    return record.rules


@pytest.mark.parametrize(
    "rules",
    [
        None,
        STRICT,
        RELAXED,
        replace(STRICT, deadline=12, margin=0.1 + 0.2, polls=(0, 0.5)),
        replace(RELAXED, polls=[1.5, 2]),  # type: ignore[arg-type] # in use as well
    ],
)
def test_rules_are_kept_exactly(rules: Rules | None) -> None:
    """Every rule comes back as it was, and is written by its name."""
    text = rules_text(rules)
    found = read(text)
    if rules is None:
        assert (text, found) == (None, None)
        return
    assert found == replace(rules, polls=tuple(rules.polls))
    assert text is not None
    assert set(json.loads(text)) == {one.name for one in fields(Rules)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("relaxed", 1),
        ("relaxed", None),
        ("deadline", float("nan")),
        ("deadline", float("inf")),
        ("deadline", True),
        ("deadline", Decimal(30)),
        ("deadline", "30"),
        ("polls", 1.0),
        ("polls", (1.0, None)),
        ("polls", "12"),
    ],
)
def test_what_is_no_rule(name: str, value: Any) -> None:
    """It is refused when it is written, and damage when it is read."""
    with pytest.raises(InputError, match=name):
        replace(STRICT, **{name: value})
    if type(value) is Decimal:
        return
    text = json.dumps({**json.loads(rules_text(STRICT) or ""), name: value})
    with pytest.raises(JournalDamaged, match=f"its rule {name} is"):
        read(text)


@pytest.mark.parametrize(("name", "value"), [("margin", -1.0), ("polls", [])])
def test_rules_that_no_payment_can_be_judged_by(name: str, value: Any) -> None:
    """They are damage: no journal writes them."""
    text = json.dumps({**json.loads(rules_text(STRICT) or ""), name: value})
    with pytest.raises(JournalDamaged, match=f"payment 'p-1': the rule {name} must"):
        read(text)


@pytest.mark.parametrize(
    "change",
    [
        {"facts": text}
        for text in ("[" * 100_000, '{"expire_in":null}', '{"a":NaN}', '{"a":[]}', "1")
    ]
    + [{"at": math.inf}, {"attempt": 0}, {"what": "x"}, {"code": "\\x"}, {"sent": "x"}],
    ids=lambda change: f"{next(iter(change))} {str(*change.values()):.20}",
)
def test_entries_that_no_journal_writes(change: dict[str, Any]) -> None:
    """They are damage, whatever it is that cannot be read."""
    names = ("attempt", "what", "at", "code", "facts", "sent", "received")
    entry = dict(zip(names, (1, "debited", 1.0, "", "{}", None, None), strict=True))
    row = ("p-1", "85512345678", "Sok Dara", "1.50", "USD", "new", 1, None)
    assert read_record([(*row, 1, None, 1, *entry.values())]).entries
    with pytest.raises(JournalDamaged, match=r"payment 'p-1': its entry .* be read"):
        read_record([(*row, 1, None, 1, *(entry | change).values())])


@pytest.mark.parametrize("count", [0, 2, 2**62, -1, "1", None])
def test_a_number_of_entries_that_are_not_there(count: Any) -> None:
    """It is damage, and takes no memory."""
    row = ("p-1", "85512345678", "Sok Dara", "1.50", "USD", "new", 1, None)
    with pytest.raises(JournalDamaged, match="its entries are not complete"):
        read_record([(*row, count, None, 1, 1, "debited", 1.0, "", "{}", None, None)])


def test_rules_of_another_kind() -> None:
    """A rule that only a class of the caller's own has cannot be kept."""

    @dataclass(frozen=True)
    class More(Rules):
        extra: float = 1.0

    with pytest.raises(InputError, match="rule extra cannot be kept"):
        rules_text(More())


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[1]", "1", '"relaxed"', pytest.param("[" * 100_000, id="deep")],
)
def test_text_that_holds_no_rules(text: str) -> None:
    """It is damage, and never taken for the usual rules."""
    with pytest.raises(JournalDamaged, match="rules cannot be read"):
        read(text)


def test_a_rule_of_a_newer_version() -> None:
    """A payment under a rule that is not known here is not judged here."""
    with pytest.raises(JournalDamaged, match=r"newer version.*'patience'"):
        read('{"relaxed":false,"patience":3}')


def test_a_rule_that_is_not_recorded() -> None:
    """It came after the payment, so its default stands for it."""
    assert read('{"relaxed":true}') == RELAXED
    assert read("{}") == STRICT
