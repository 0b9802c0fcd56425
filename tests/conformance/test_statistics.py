"""
How well rules are blamed, measured on programs that make known mistakes.

One mistake, two at once, four at once. Of several mistakes one may hide another, so a
rule counts only where the program answers otherwise without its mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.blame import blame
from tests.conformance.made import draw, outcomes, single, throughout
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.conformance.judge import Outcome
    from kesspay.conformance.kit import Case, Kit


KIT: Final[Kit] = stored_kit()
#: In the ordinary run one of so many programs is measured.
STEP: Final = 20
#: The mistakes that already the plainest cases show hide all others.
PLAIN: Final = {rule.id for rule in KIT.rules.values() if rule.stage == 0}
#: Areas whose mistakes are drawn together.
AREAS: Final = {
    "text": ("document", "parameters"),
    "verify": ("verify", "base64"),
    "sign": ("sign",),
    "all": ("document", "parameters", "verify", "base64", "keys", "sign"),
}


def codes_of(areas: Sequence[str]) -> list[str]:
    """List the mistakes of some areas."""
    return [
        code
        for code, mistake in KIT.mistakes.items()
        if mistake.rule not in PLAIN and KIT.rules[mistake.rule].area in areas
    ]


@pytest.mark.minutes
def test_every_mistake_blames_its_rule_first(*, whole: bool) -> None:
    """With one other rule at most, and at most three others over all mistakes."""
    others = 0
    for code in list(KIT.mistakes)[:: 1 if whole else STEP]:
        rules = [one.rule.id for one in blame(single(KIT, code), KIT).all]
        assert rules[:1] == [KIT.mistakes[code].rule], code
        assert len(rules) <= 2, code
        others += len(rules) - 1
    assert others <= 3


#: What a mistake in the text breaks as well, where it is signed and verified.
FOLLOW: Final = PLAIN | {"sign.nothing", "sign.text", "verify.nothing", "verify.text"}


@pytest.mark.minutes
def test_a_mistake_throughout_a_program_is_one_mistake(*, whole: bool) -> None:
    """A wrong text that is also signed and verified blames the rule of the text."""
    codes = codes_of(("document",))[:: 1 if whole else 3 * STEP]
    others: list[str] = []
    for code in codes:
        rule = KIT.mistakes[code].rule
        firm = {one.rule.id for one in blame(throughout(KIT, code), KIT).firm}
        assert rule in firm, code
        others += [f"{code}: {name}" for name in firm - FOLLOW - {rule}]
    assert len(others) <= 3, others


@dataclass(slots=True)
class Counts:
    """
    What was found.

    Attributes:
        wanted: the rules that the programs break, and show.
        found: those that were blamed, or perhaps.
        false: the rules that were blamed firmly and are not broken.
        missed: what was not found.
    """

    wanted: int = 0
    found: int = 0
    false: int = 0
    missed: list[tuple[str, ...]] = field(default_factory=list)


def measure(areas: Sequence[str], size: int, count: int) -> Counts:
    """Blame so many programs of so many mistakes."""
    counts = Counts()
    for codes in draw(codes_of(areas), count, size, seed=size):
        cases = [one for one in KIT.cases if set(codes) & set(one.mistakes)]
        answered = outcomes(KIT, codes, cases=cases)
        found = blame(answered, KIT)
        broken = {KIT.mistakes[code].rule for code in codes}
        named = {one.rule.id for one in found.all}
        shown = {
            rule
            for rule in broken
            if rule in named or is_shown(rule, codes, answered, cases)
        }
        counts.wanted += len(shown)
        counts.found += len(shown & named)
        counts.missed += [(rule, *codes) for rule in shown - named]
        firm = {one.rule.id for one in found.firm}
        counts.false += len(firm - broken - PLAIN)
    return counts


def is_shown(
    rule: str, codes: Sequence[str], answered: list[Outcome], cases: Sequence[Case]
) -> bool:
    """Whether the program answers otherwise without the mistakes of a rule."""
    rest = [code for code in codes if KIT.mistakes[code].rule != rule]
    without = outcomes(KIT, rest, cases=cases)
    return [one.answer for one in without] != [one.answer for one in answered]


@pytest.mark.few(2)
@pytest.mark.minutes
@pytest.mark.parametrize(
    ("areas", "size", "least"),
    [
        ("text", 2, 0.95),
        ("text", 4, 0.93),
        ("sign", 2, 0.98),
        ("sign", 4, 0.95),
        ("all", 2, 0.97),
        ("all", 4, 0.95),
        ("verify", 2, 0.97),
        ("verify", 4, 0.96),
    ],
)
def test_several_mistakes_at_once(
    areas: str, size: int, least: float, *, whole: bool
) -> None:
    """Most rules are found, and hardly one is blamed that is not broken."""
    count = 200 if whole else 6
    counts = measure(AREAS[areas], size, count)
    assert counts.false <= 0.1 * count
    slack = 0 if whole else 2
    assert counts.found + slack >= least * counts.wanted, counts.missed
    # Of the mistakes in one signature, the later ones hide most of the earlier.
    assert counts.wanted >= 0.7 * size * count
