"""The plain canonicaliser is right, and each of its switches breaks one rule."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from kesspay.conformance.kit import Case, Kit, Refused, bulk
from tests.conformance import broken
from tests.conftest import missing
from tests.support.kit import stored_kit
from tests.support.vectors import iter_profiles


if TYPE_CHECKING:
    from kesspay.conformance.kit import Area


@pytest.fixture(scope="module")
def kit() -> Kit:
    """Return the kit of the package."""
    return stored_kit()


def answer(case: Case, *switches: str) -> bytes | None:
    """Return what a program with these mistakes answers to a case."""
    words = " ".join(case.profile)
    if case.op == "canonicalize-tree":
        return broken.canonicalize_tree(case.text, *switches, profile=words)
    return broken.canonicalize(case.text, *switches, profile=words)


@pytest.mark.few(1)
@pytest.mark.parametrize("area", ["document", "parameters"])
def test_without_mistakes_it_gives_every_stored_answer(
    area: Area,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """With all switches off the program is right."""
    for number, case in enumerate(bulk(area)):
        if whole or number % 25 == 0:
            right = None if isinstance(case.result, Refused) else case.result
            assert answer(case) == right, case.text


def test_without_mistakes_it_follows_every_setting(
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """The same under other settings, and under the ksort of older versions."""
    for number, case in enumerate(iter_profiles()):
        if whole or number % 25 == 0:
            words = case.settings.profile.words()
            given = broken.canonicalize(case.document, profile=words)
            assert given == case.answer.canonical, (words, case.document)


def made_here(kit: Kit) -> list[str]:
    """Return the mistakes in the canonical form."""
    return [
        mistake.code
        for mistake in kit.mistakes.values()
        if kit.rules[mistake.rule].area in ("document", "parameters")
    ]


def test_there_are_enough_mistakes(kit: Kit) -> None:
    """At least 75 switches, and each is caught by two cases of its rule."""
    codes = made_here(kit)
    assert len(codes) >= 75
    for code in codes:
        rule = kit.mistakes[code].rule
        caught = [c for c in kit.cases if code in c.mistakes and c.rule == rule]
        # An object of 1024 keys is long; one is enough.
        assert len(caught) >= (1 if code == "sort_1024" else 2), code


def test_each_rule_is_distinguished_from_the_others(kit: Kit) -> None:
    """Of every rule three cases kill, two by an answer that no other rule gives."""
    for rule in kit.rules.values():
        if rule.area not in ("document", "parameters"):
            continue
        killing, own = 0, 0
        answers = False
        for case in kit.cases:
            if case.rule != rule.id:
                continue
            mine = {
                wrong
                for code, wrong in case.mistakes.items()
                if kit.mistakes[code].rule == rule.id
            }
            others = {
                wrong
                for code, wrong in case.mistakes.items()
                if kit.mistakes[code].rule != rule.id
            }
            killing += bool(mine)
            own += bool(mine - others - {None})
            answers = answers or bool(mine - {None})
        assert killing >= 3, rule.id
        assert own >= 2 or not answers, rule.id


def test_no_two_rules_have_the_same_mistake(kit: Kit) -> None:
    """Mistakes of two rules differ at some case."""
    rules: dict[object, set[str]] = defaultdict(set)
    for mistake in kit.mistakes.values():
        prints = tuple(
            (case.id, case.mistakes[mistake.code])
            for case in kit.cases
            if mistake.code in case.mistakes
        )
        rules[prints].add(mistake.rule)
    assert not [names for names in rules.values() if len(names) > 1]


def test_every_case_is_of_use(kit: Kit) -> None:
    """Each case about documents and parameters catches a mistake."""
    cases = [case for case in kit.cases if case.area in ("document", "parameters")]
    assert not [case.id for case in cases if not case.mistakes]


def test_the_collation_is_that_of_node(kit: Kit) -> None:
    """Keys of ASCII are sorted as localeCompare sorts them, which is ICU's order."""
    node = shutil.which("node")
    if node is None:
        missing("node is not installed", "KESSPAY_REQUIRE_LANGUAGES")
    keys = sorted(
        {
            key
            for case in kit.cases
            if case.rule == "sort.underscore" and case.op == "canonicalize"
            for key in json.loads(case.text)
        }
        | {"a", "B", "b", "ab", "aB", "a-b", "a b", "a.b", "a1b", "_a", "A1", "a~", "Z"}
    )
    script = "const keys = JSON.parse(process.argv.at(-1));"
    script += "keys.sort((a, b) => a.localeCompare(b, 'en'));"
    script += "console.log(JSON.stringify(keys))"
    ran = subprocess.run(
        [node, "-e", script, json.dumps(keys)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    text = json.dumps(dict.fromkeys(keys, 1)).encode()
    made = broken.canonicalize(text, "order_collated")
    assert made is not None
    assert list(json.loads(made)) == json.loads(ran.stdout)
    assert list(json.loads(made)) != keys
