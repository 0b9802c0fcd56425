"""Programs of strangers are blamed for what they break, and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.blame import blame
from kesspay.conformance.judge import Run, Verdict, run
from tests.conformance.foreign.programs import FOLDER, PROGRAMS, ROOT, command
from tests.conftest import is_set
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from pathlib import Path

    from kesspay.conformance.blame import Blames
    from tests.conformance.foreign.programs import Program


KIT: Final = stored_kit()
#: Of all these programs, so many rules may be blamed firmly that are not broken.
FALSE: Final = 1
#: What the ordinary run takes: a program of each kind that starts quickly.
SAMPLE: Final = (
    "php/readable",
    "php/sort_string",
    "python/dumps_compact",
    "php/verify_documented",
    "php/sign_received",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for what is built once."""
    return tmp_path_factory.mktemp("built")


@pytest.fixture
def runs(
    built: Path, monkeypatch: pytest.MonkeyPatch, *, whole: bool
) -> list[tuple[Program, Run, Blames]]:
    """Run every program whose language is installed."""
    monkeypatch.chdir(ROOT)
    found = []
    for program in PROGRAMS:
        if not whole and str(program) not in SAMPLE:
            continue
        words = command(program, built)
        if words is None:
            assert not is_set("KESSPAY_REQUIRE_LANGUAGES"), program.language
            continue
        done = run(words, KIT)
        found.append((program, done, blame(done.outcomes, KIT)))
    return found


@pytest.mark.thorough
def test_strangers_are_blamed_rightly(
    runs: list[tuple[Program, Run, Blames]],
) -> None:
    """What the author got wrong is named; at most one rule in all is blamed falsely."""
    false: list[str] = []
    unnamed: list[str] = []
    perhaps: list[str] = []
    for program, done, blames in runs:
        assert done.stopped is None, program
        assert done.counts[Verdict.timed_out] == 0
        firm = {one.rule.id for one in blames.firm}
        named = {one.rule.id for one in blames.all}
        false += [f"{program}: {rule}" for rule in sorted(firm - program.broken)]
        unnamed += [f"{program}: {r}" for r in program.main if r not in named]
        perhaps += [f"{program}: {r}" for r in program.main if r not in firm]
    assert len(false) <= FALSE, false
    assert not unnamed
    assert len(perhaps) <= 2, perhaps


def test_the_set_is_large_enough() -> None:
    """Some 20 of PHP, one at least of each other language, 11 verifiers, 4 signers."""
    canonical = [one for one in PROGRAMS if not one.name.startswith(("verify", "sign"))]
    verifiers = [one for one in PROGRAMS if one.name.startswith("verify")]
    assert len([one for one in canonical if one.language == "php"]) >= 20
    assert {one.language for one in canonical} == {
        *("php", "node", "python", "ruby", "go"),
    }
    assert len(verifiers) >= 11
    assert len({one.language for one in verifiers}) == 5
    assert len([one for one in PROGRAMS if one.name.startswith("sign")]) >= 4


def test_the_truth_names_rules_of_the_kit() -> None:
    """No rule is misspelled, and each has a reason."""
    for program in PROGRAMS:
        assert program.main
        assert program.broken <= set(KIT.rules), program
        assert all(program.also.values())


def test_every_file_is_a_program() -> None:
    """No program lies there that is not run."""
    helpers = {"adapter", "php_json"}
    files = {
        f"{folder}/{path.stem}"
        for folder in ("php", "node", "python", "ruby")
        for path in (FOLDER / folder).iterdir()
        if path.is_file() and path.stem not in helpers
    }
    assert files == {str(one) for one in PROGRAMS if one.language != "go"}
