"""The cases of verifying, signing, keys and base64 catch each mistake."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from tests.conformance import (
    broken_base64,
    broken_keys,
    broken_sign,
    broken_verify,
)
from tests.support.kit import stored_kit
from tests.support.pages import ROOT


if TYPE_CHECKING:
    from kesspay.conformance.kit import Case, Kit


#: Codes of the mistakes, and the rule of each.
RULE_OF: Final = {
    code: rule
    for module in (broken_base64, broken_keys, broken_sign, broken_verify)
    for code, (rule, _) in module.MISTAKES.items()
}
RULES: Final = sorted(set(RULE_OF.values()))
#: They accept every signature, so no case of another rule is without them.
EVERYTHING: Final = ("result_ignored", "result_and_length_ignored")


@cache
def kit() -> Kit:
    """Return the stored kit."""
    return stored_kit()


def killed_by(case: Case) -> dict[str, bytes | None]:
    """Return the mistakes that a case catches, with their answers."""
    return {code: case.mistakes[code] for code in case.mistakes if code in RULE_OF}


def test_there_are_enough_mistakes() -> None:
    """At least 25 mistakes of a verifier, and 10 of a reader of keys."""
    assert len(broken_verify.MISTAKES) >= 25
    assert len(broken_keys.MISTAKES) >= 10


@pytest.mark.parametrize("code", RULE_OF)
def test_each_mistake_is_caught(code: str) -> None:
    """A case of its rule catches it, and the kit knows it by that rule."""
    assert kit().mistakes[code].rule == RULE_OF[code]
    assert any(
        code in case.mistakes for case in kit().cases if case.rule == RULE_OF[code]
    )


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_three_cases_that_kill(rule: str) -> None:
    """At least three of its cases catch a mistake of the rule itself."""
    own = [
        case
        for case in kit().cases
        if case.rule == rule and rule in map(RULE_OF.get, case.mistakes)
    ]
    assert len(own) >= 3


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_answers_of_its_own(rule: str) -> None:
    """Two cases have an answer that no mistake of another rule gives."""
    count = 0
    can_answer = False
    for case in kit().cases:
        rules_of = defaultdict(set)
        for code, answer in killed_by(case).items():
            if code not in EVERYTHING and answer is not None:
                rules_of[answer].add(RULE_OF[code])
            can_answer |= RULE_OF[code] == rule and answer is not None
        count += case.rule == rule and {rule} in rules_of.values()
    refuses_only = {"key.form", "key.wrapping", "verify.signature"}
    assert count >= 2 or rule in refuses_only or not can_answer


def test_the_worst_rules_accept_forgeries() -> None:
    """Severities: what accepts a forgery is worst, lenient spelling is harmless."""
    rules = kit().rules
    for name in ("signature", "hash", "padding", "digest", "duplicate", "sign_missing"):
        assert rules[f"verify.{name}"].severity == "accepts-forgery"
    for name in ("key.exponent", "key.algorithm", "key.modulus", "key.size"):
        assert rules[name].severity == "accepts-forgery"
    for name in ("base64.alphabet", "verify.length", "verify.depth", "key.whole"):
        assert rules[name].severity == "hostile"


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_explained(rule: str) -> None:
    """Its page has the heading that the rule names."""
    page, _, anchor = kit().rules[rule].doc.partition("#")
    text = (ROOT / page).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert anchor in {slug(heading) for heading in headings}


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and MkDocs make it."""
    bare = re.sub(r"[^\w\- ]", "", heading.lower())
    return bare.strip().replace(" ", "-")


def test_a_right_program_makes_no_mistake() -> None:
    """With all switches off each plain program gives the right answers."""
    for case in kit().cases:
        right = case.result if isinstance(case.result, bytes) else None
        if case.area in ("verify", "sign", "keys", "base64") and case.op != "body":
            assert plain(case) == right, case.id


def plain(case: Case) -> bytes | None:
    """Ask the plain program with all switches off."""
    key = case.key or b""
    try:
        if case.op == "verify":
            return broken_verify.verify(key, case.text)
        if case.op == "sign":
            return broken_sign.sign(key, case.text)
        if case.op == "key":
            return broken_keys.load(case.kind or "", case.text, case.password).spki
        return broken_base64.decode_base64(case.text)
    except broken_keys.Refused:
        return None
