"""The list of rules fits the code, and its machinery distinguishes mutants."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.mutants.rules import C_RULES, PYTHON_RULES, ROOT, Rule
from tests.mutants.trial import CAUGHT, check_baseline, try_rule


if TYPE_CHECKING:
    from collections.abc import Callable


RULES = {rule.id: rule for rule in (*PYTHON_RULES, *C_RULES)}
SOURCE = re.compile(
    r"A([1-9]|10)|[BCDE] [A-Za-z0-9 -]+|F|R([1-9]|1[0-2])|API ([1-9]|[12][0-9])"
)


@cache
def without_notes(text: str) -> str:
    """Return Python code without comments and layout."""
    return ast.dump(ast.parse(text))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_the_snippet_is_there_once(rule: Rule) -> None:
    """Each mutation fits its file, and makes other code of it."""
    mutated = rule.mutated()
    text = rule.path.read_text(encoding="utf-8")
    if rule.path.suffix == ".py":
        assert without_notes(mutated) != without_notes(text)
    else:
        assert mutated != text


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_the_row_is_complete(rule: Rule) -> None:
    """Each rule is a sentence, has its sources, and tests that exist."""
    assert re.fullmatch(r"[A-Za-z].*[.]", rule.rule)
    for source in rule.source.split(", "):
        assert SOURCE.fullmatch(source), source
    assert rule.tests
    for test in rule.tests:
        file, _, name = test.partition("::")
        if not name:
            script = ROOT / "csrc" / "command" / "test"
            program = ROOT / "csrc" / "tests" / f"{file}.c"
            assert (script if file == "command" else program).is_file()
            continue
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), test


def test_the_list_covers_what_it_is_for() -> None:
    """No id stands for two rules, and no rule of a transfer is left out."""
    assert len(RULES) == len(PYTHON_RULES) + len(C_RULES)
    sources = {source for rule in RULES.values() for source in rule.source.split(", ")}
    assert {f"A{number}" for number in range(1, 11)} <= sources
    assert {f"R{number}" for number in range(1, 10)} <= sources
    assert {"B", "C", "D", "F"} <= {source[0] for source in sources}


NOTHING = "tests/gateway/test_protocol.py::test_nothing"
CANARY = replace(
    RULES["echo-amount"],
    id="canary",
    tests=("tests/gateway/test_protocol.py::test_a_whole_amount",),
)


def broken(rule: Rule, replacement: str) -> Rule:
    """Return a rule that is broken in another way."""
    return replace(rule, replacement=replacement)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda rule: replace(rule, tests=RULES["echo-amount"].tests), CAUGHT),
        (lambda rule: rule, "SURVIVED"),
        (lambda rule: broken(rule, "_ECHOED: Final = 5"), "BROKE"),
        (
            lambda rule: broken(rule, f"raise ImportError\n{rule.original}"),
            "NOT LOADED",
        ),
        (lambda rule: broken(rule, "("), "NOT LOADED"),
        (lambda rule: replace(rule, tests=(NOTHING,)), "NO TESTS"),
    ],
    ids=["caught", "survived", "broken", "no import", "no syntax", "no tests"],
)
def test_the_machinery(change: Callable[[Rule], Rule], what: str) -> None:
    """What runs is the mutant, and only a test that says no catches it."""
    assert try_rule(change(CANARY)).what == what


@pytest.mark.exhaustive
def test_the_machinery_reads_other_texts() -> None:
    """A mutant of SQL is what the package reads, or it is not loaded."""
    rule = RULES["audit-money-statement-twice"]
    assert try_rule(rule).what == CAUGHT
    assert try_rule(broken(rule, f"{rule.original} AND 1 = 1")).what == "SURVIVED"
    other = "tests/audit/money/test_statement.py::test_no_file"
    assert try_rule(replace(rule, tests=(other,))).what == "NOT LOADED"


@pytest.mark.exhaustive
def test_the_baseline() -> None:
    """Tests that fail anyway, and names that stand for none, prove nothing."""
    assert check_baseline([CANARY]) == []
    missing = replace(CANARY, tests=(NOTHING,))
    (wrong,) = check_baseline([missing])
    assert "no such test passed" in wrong
