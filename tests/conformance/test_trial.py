"""Wrong programs in Node, PHP and Go, corrected with nothing but what the kit says."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.blame import blame
from kesspay.conformance.judge import FAULTS, run, select
from tests.conformance.polyglot import HERE, LANGUAGES, completed, needed
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


AREAS: Final = ("document", "sign", "verify")


def named(command: Sequence[str], level: str, areas: Sequence[str] = AREAS) -> set[str]:
    """Return the rules that a run names firmly; none where every case passes."""
    kit = stored_kit()
    cases = select(kit.cases, areas=areas, levels=(level,))
    result = run(command, kit, cases=cases, timeout=60)
    assert result.stopped is None, result.stopped
    if not any(outcome.verdict in FAULTS for outcome in result.outcomes):
        return set()
    rules = {one.rule.id for one in blame(result.outcomes, kit).firm}
    assert rules, "cases fail, and no rule is named"
    return rules


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "name", ["php", "node", pytest.param("go", marks=pytest.mark.languages)]
)
def test_a_wrong_program_is_corrected_rule_by_rule(name: str, tmp_path: Path) -> None:
    """A run names the rule, what its hint asks for is done, and at last all pass."""
    trial = tomllib.loads((HERE / f"trial/{name}.toml").read_text(encoding="utf-8"))
    (language,) = [one for one in LANGUAGES if one.name == trial["language"]]
    needed(language)
    code = trial["wrong"]
    for step in trial["step"]:
        folder = completed(language, tmp_path, code)
        command = language.command(folder / language.adapter)
        # To keep it short, only the cases that the rule is about.
        area = stored_kit().rules[step["rule"]].area
        assert step["rule"] in named(command, step.get("level", "api"), [area])
        for old, new in step["edits"]:
            assert code.count(old) == 1, old
            code = code.replace(old, new)
    folder = completed(language, tmp_path, code)
    for level in {step.get("level", "api") for step in trial["step"]} | {"api"}:
        assert named(language.command(folder / language.adapter), level) == set()
