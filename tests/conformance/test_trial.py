"""Wrong programs in Node, PHP and Go, corrected with nothing but what the kit says."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from kesspay.conformance.blame import blame
from kesspay.conformance.judge import FAULTS, run, select
from kesspay.conformance.kit import FOLDER, load
from tests.conformance.polyglot import HERE, LANGUAGES, completed, needed


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def first_named(command: Sequence[str]) -> str | None:
    """Return the first rule that a run names; None where every case passes."""
    kit = load()
    cases = select(kit.cases, areas=("document",), levels=("api",))
    result = run(command, kit, cases=cases, timeout=60)
    assert result.stopped is None, result.stopped
    if not any(outcome.verdict in FAULTS for outcome in result.outcomes):
        return None
    return blame(result.outcomes, kit).firm[0].rule.id


@pytest.mark.parametrize(
    "name", ["php", "node", pytest.param("go", marks=pytest.mark.languages)]
)
def test_a_wrong_program_is_corrected_rule_by_rule(name: str, tmp_path: Path) -> None:
    """Each run names a rule, what its hint asks for is done, and at last all pass."""
    trial = tomllib.loads((HERE / f"trial/{name}.toml").read_text(encoding="utf-8"))
    (language,) = [one for one in LANGUAGES if one.name == trial["language"]]
    needed(language)
    adapter = FOLDER / "adapters" / language.adapter
    code = trial["wrong"]
    for step in trial["step"]:
        program = completed(adapter, code, tmp_path)
        assert first_named(language.command(program)) == step["rule"]
        for old, new in step["edits"]:
            assert code.count(old) == 1, old
            code = code.replace(old, new)
    program = completed(adapter, code, tmp_path)
    assert first_named(language.command(program)) is None
