"""Rules are blamed by wrong answers, on outcomes made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kesspay.conformance.adapter import Reply
from kesspay.conformance.blame import Blames, blame, in_order, without_blanks
from kesspay.conformance.judge import Outcome, Verdict, judge, select
from kesspay.conformance.kit import Case, Kit, Mistake, Refused, Rule
from tests.conformance.broken import canonicalize
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Mapping

    from kesspay.conformance.kit import Severity


def rule(
    name: str,
    stage: int = 7,
    severity: Severity = "gateway-refuses",
    area: str = "sign",
) -> Rule:
    """Return a rule."""
    return Rule(
        id=name,
        title=name,
        doc="docs/x.md#y",
        area=area,
        level="api",
        stage=stage,
        severity=severity,
        hints={},
    )


RULES = [
    rule("plain.form", 0),
    rule("write.slash"),
    rule("write.unicode"),
    rule("sort.bytes", 4),
    rule("verify.hash", 1, "accepts-forgery"),
    rule("verify.plain", 0, "signs-wrongly"),
]
MISTAKES = {
    "spacing": "plain.form",
    "slashes": "write.slash",
    "slashes_some": "write.slash",
    "unicode": "write.unicode",
    "order": "sort.bytes",
    "sha1": "verify.hash",
}


def kit(*cases: Case) -> Kit:
    """Return a kit with these cases."""
    return Kit(
        version="1",
        protocol=1,
        cases=cases,
        rules={one.id: one for one in RULES},
        mistakes={
            code: Mistake(code=code, rule=of, title=code)
            for code, of in MISTAKES.items()
        },
        withdrawn={},
    )


def case(
    name: str,
    right: bytes | None = b"right",
    text: bytes = b"{}",
    **mistakes: bytes | None,
) -> Case:
    """Return a case; ``name`` is RULE/NUMBER, and None is a refusal."""
    of = name.partition("/")[0]
    return Case(
        id=f"document/{name}",
        area="document",
        op="canonicalize",
        rule=of,
        level="api",
        text=text,
        result=Refused(reason="x", stage="decode") if right is None else right,
        mistakes=mistakes,
        since="1",
    )


def answered(cases: tuple[Case, ...], answers: Mapping[str, bytes | None]) -> Blames:
    """Judge answers by case; where there is none, the case passes."""
    outcomes = []
    for one in cases:
        name = one.id.partition("/")[2]
        if name in answers:
            outcomes.append(Outcome(one, Verdict.failed, answers[name]))
        else:
            outcomes.append(Outcome(one, Verdict.passed))
    return blame(outcomes, kit(*cases))


def names(blames: Blames) -> tuple[list[str], list[str], list[str]]:
    """Return what is blamed, what perhaps, and what stands alone."""
    return (
        [one.rule.id for one in blames.firm],
        [one.rule.id for one in blames.perhaps],
        [one.case.id for one in blames.single],
    )


SLASHES = tuple(
    case(f"write.slash/{n}", text=b"x" * (9 - n), slashes=b"/", unicode=b"u")
    for n in (1, 2, 3)
)


def test_nothing_fails() -> None:
    """A program that passes breaks nothing."""
    assert names(answered(SLASHES, {})) == ([], [], [])
    assert blame([], kit()) == Blames()


def test_the_answer_of_a_mistake_is_blamed() -> None:
    """Every case that shows the mistake failed, and one has its own answer."""
    found = answered(
        SLASHES,
        {"write.slash/1": b"/", "write.slash/2": b"?", "write.slash/3": b"?"},
    )
    [one] = found.firm
    assert one.rule.id == "write.slash"
    assert one.firm
    assert one.mistake is not None
    assert one.mistake.code == "slashes"
    assert one.points == 3 + 1 + 1
    assert found.all == found.firm


def test_the_failures_are_in_order() -> None:
    """Those with the answer of the mistake come first, then the shortest."""
    found = answered(
        SLASHES,
        {"write.slash/1": b"/", "write.slash/2": b"/", "write.slash/3": b"?"},
    )
    assert [one.case.id[-1] for one in found.firm[0].outcomes] == ["2", "1", "3"]


def test_a_label_alone_is_perhaps() -> None:
    """Two failures of a label that nothing explains; one stands alone."""
    found = answered(SLASHES, {"write.slash/1": b"?", "write.slash/2": b"?"})
    assert names(found) == ([], ["write.slash"], [])
    [one] = found.perhaps
    assert (one.firm, one.mistake, one.points) == (False, None, 2)
    found = answered(SLASHES, {"write.slash/1": b"?"})
    assert names(found) == ([], [], ["document/write.slash/1"])


def test_a_case_that_passed_speaks_against_a_mistake() -> None:
    """One right answer and too few wrong ones: it is not this mistake."""
    found = answered(SLASHES, {"write.slash/1": b"/", "write.slash/2": b"/"})
    assert names(found) == ([], ["write.slash"], [])


def test_most_answers_outweigh_a_case_that_passed() -> None:
    """Three answers are enough, if they are most of the failures."""
    cases = tuple(case(f"write.slash/{n}", slashes=b"/") for n in range(1, 7))
    wrong: dict[str, bytes | None] = {f"write.slash/{n}": b"/" for n in (1, 2, 3)}
    assert names(answered(cases[:4], wrong))[0] == ["write.slash"]
    wrong |= {f"write.slash/{n}": b"?" for n in (4, 5)}
    assert names(answered(cases, wrong))[0] == ["write.slash"]
    wrong["write.slash/3"] = b"?"
    assert names(answered(cases, wrong))[0] == []


def test_an_answer_of_two_rules_blames_neither() -> None:
    """Where mistakes of two rules give the same answer, another case must decide."""
    shared = tuple(
        case(f"write.slash/{n}", slashes=b"/", order=b"/") for n in (1, 2, 3)
    )
    wrong: dict[str, bytes | None] = {f"write.slash/{n}": b"/" for n in (1, 2, 3)}
    assert names(answered(shared, wrong))[0] == []
    both = (*shared, case("sort.bytes/1", order=b"o"))
    assert names(answered(both, {**wrong, "sort.bytes/1": b"o"}))[0] == ["sort.bytes"]
    alone = (*both, case("write.slash/4", slashes=b"s"))
    assert names(answered(alone, {**wrong, "write.slash/4": b"s"}))[0] == [
        "write.slash"
    ]


def test_of_two_rules_the_better_one_is_blamed() -> None:
    """A mistake that passed cases or other answers speak against gives way."""
    shared = [case(f"sort.bytes/{n}", slashes=b"/", order=b"/") for n in (1, 2, 3)]
    wrong: dict[str, bytes | None] = {f"sort.bytes/{n}": b"/" for n in (1, 2, 3)}
    passed = (*shared, case("write.slash/1", slashes=b"s"))
    assert names(answered(passed, wrong))[0] == ["sort.bytes"]
    other = {**wrong, "write.slash/1": b"?"}
    assert names(answered(passed, other))[0] == ["sort.bytes"]


#: Good documents of three rules, of which two are also refused by a known mistake.
GOOD = (
    case("write.slash/1", slashes=b"/", order=None),
    case("write.slash/2", text=b"[]  ", slashes=b"/", order=None),
    case("sort.bytes/1", text=b"[1]", order=None),
    case("write.unicode/1", text=b"[]", unicode=b"u"),
    case("plain.form/1", text=b"1", spacing=b"s"),
    case("plain.form/2", spacing=b"s"),
    case("plain.form/3", spacing=b"s"),
    case("verify.hash/1", text=b"[1,2]", sha1=b"h"),
)


def test_refusals_of_many_kinds_blame_no_rule() -> None:
    """A mistake that refuses some of them is not the reason: the plainest is shown."""
    refused = ("sort.bytes/1", "write.unicode/1", "plain.form/1", "verify.hash/1")
    wrong: dict[str, bytes | None] = dict.fromkeys(refused)
    wrong |= {"write.slash/1": b"/", "write.slash/2": b"/"}
    found = answered(GOOD, wrong)
    assert names(found) == (["write.slash"], [], [])
    assert [one.case.id for one in found.refused] == [
        *("document/plain.form/1", "document/write.unicode/1"),
        *("document/sort.bytes/1", "document/verify.hash/1"),
    ]


def test_refusals_of_two_kinds_are_failures_as_others() -> None:
    """What a known mistake explains does not count, and two labels are too few."""
    refused = ("write.slash/1", "write.slash/2", "sort.bytes/1", "write.unicode/1")
    found = answered(GOOD, dict.fromkeys(refused))
    assert names(found) == (["sort.bytes"], [], ["document/write.unicode/1"])
    assert found.refused == ()


def test_a_rule_that_presumes_another() -> None:
    """It is in doubt where the other one is broken as well."""
    kit = stored_kit()
    judged = {
        code: [
            judge(one, Reply("bytes", given) if given else Reply("refused"))
            for one in select(kit.cases, areas=("document",))
            if not one.profile
            for given in [canonicalize(one.text, *code.split())]
        ]
        for code in ("remove_first", "order_stable remove_first")
    }
    found = blame(judged["remove_first"], kit)
    assert names(found)[:2] == (["remove.after_sorting"], [])
    found = blame(judged["order_stable remove_first"], kit)
    assert names(found)[:2] == (["sort.algorithm"], ["remove.after_sorting"])


def test_mistakes_of_one_rule_are_one_blame() -> None:
    """Two mistakes of a rule are blamed once, with all their failures."""
    cases = (
        *(case(f"write.slash/{n}", slashes=b"/") for n in (1, 2)),
        case("write.slash/3", slashes_some=b"s"),
    )
    wrong = {"write.slash/1": b"/", "write.slash/2": b"/", "write.slash/3": b"s"}
    [one] = answered(cases, wrong).firm
    assert one.mistake is not None
    assert one.mistake.code == "slashes"
    assert len(one.outcomes) == 3
    assert one.points == 3 * 3


def test_what_is_explained_is_not_explained_again() -> None:
    """A second mistake with the same answers adds nothing."""
    cases = tuple(
        case(f"write.slash/{n}", slashes=b"/", slashes_some=b"/") for n in (1, 2)
    )
    [one] = answered(cases, {"write.slash/1": b"/", "write.slash/2": b"/"}).firm
    assert (one.points, len(one.outcomes)) == (6, 2)


def test_a_mistake_that_hides_another() -> None:
    """The rest is blamed where its answers show: each failure is explained once."""
    cases = (
        *(case(f"write.slash/{n}", slashes=b"/") for n in (1, 2, 3)),
        *(case(f"write.unicode/{n}", unicode=b"u") for n in (1, 2)),
        case("sort.bytes/1", slashes=b"/", unicode=b"u", order=b"o"),
    )
    wrong: dict[str, bytes | None] = {f"write.slash/{n}": b"/" for n in (1, 2, 3)}
    wrong |= {"write.unicode/1": b"u", "write.unicode/2": b"u", "sort.bytes/1": b"?"}
    found = answered(cases, wrong)
    assert names(found) == (["write.slash", "write.unicode"], [], [])


def test_a_refusal_is_an_answer() -> None:
    """A mistake that refuses is blamed where the program refuses."""
    cases = tuple(case(f"sort.bytes/{n}", order=None) for n in (1, 2))
    found = answered(cases, {"sort.bytes/1": None, "sort.bytes/2": None})
    assert names(found)[0] == ["sort.bytes"]


def test_the_worst_comes_first() -> None:
    """What accepts a forgery, then by the step, then by the points."""
    cases = (
        *(case(f"write.slash/{n}", slashes=b"/") for n in (1, 2)),
        *(case(f"write.unicode/{n}", unicode=b"u") for n in (1, 2, 3)),
        case("sort.bytes/1", order=b"o"),
        case("verify.hash/1", None, sha1=b"forged"),
    )
    wrong = {
        one.id.partition("/")[2]: next(iter(one.mistakes.values())) for one in cases
    }
    found = answered(cases, wrong)
    assert [one.rule.id for one in found.firm] == [
        "verify.hash",
        "sort.bytes",
        "write.unicode",
        "write.slash",
    ]
    assert in_order(reversed(found.firm)) == found.firm


@pytest.mark.parametrize("verdict", [Verdict.error, Verdict.crashed, Verdict.timed_out])
def test_faults_of_the_adapter_blame_no_rule(verdict: Verdict) -> None:
    """What crashed, hung or went wrong has no answer, so it blames nothing."""
    outcomes = [Outcome(one, verdict) for one in SLASHES]
    assert blame(outcomes, kit(*SLASHES)) == Blames()


# ------------------------------------------------------------ the plainest cases

PLAIN = tuple(
    case(f"plain.form/{n}", b'{"a":%d}' % n, spacing=b'{"a": %d}' % n)
    for n in range(1, 7)
)


def plain(answers: Mapping[int, bytes | None]) -> Blames:
    """Answer the plainest cases, and fail another one."""
    wrong: dict[str, bytes | None] = {
        f"plain.form/{n}": answer for n, answer in answers.items()
    }
    wrong |= {f"write.slash/{n}": b"/" for n in (1, 2, 3)}
    return answered((*PLAIN, *SLASHES), wrong)


def test_blanks_are_said_first() -> None:
    """Blanks fail everything, so nothing else is blamed."""
    found = plain({n: b'{"a": %d}' % n for n in range(1, 7)})
    assert found.stage0 == "blanks"
    assert names(found) == (["plain.form"], [], [])
    found = plain({n: b'\n{"a" :\t%d }\r\n' % n for n in range(1, 7)})
    assert (found.stage0, names(found)) == ("blanks", ([], [], []))


def test_another_form_is_said_first() -> None:
    """So does a text that is no JSON, or another one."""
    found = plain({n: b"a=%d" % n for n in range(1, 7)})
    assert (found.stage0, found.all, found.single) == ("another form", (), ())


def test_an_adapter_that_does_not_work() -> None:
    """Nothing but refusals, the empty text, or one answer to every question."""
    assert plain(dict.fromkeys(range(1, 7))).stage0 == "adapter"
    assert plain(dict.fromkeys(range(1, 7), b"")).stage0 == "adapter"
    assert plain(dict.fromkeys(range(1, 7), b"same")).stage0 == "adapter"
    outcomes = [Outcome(one, Verdict.crashed) for one in PLAIN]
    assert blame(outcomes, kit(*PLAIN)).stage0 == "adapter"


def test_some_plain_failures_are_failures_as_others() -> None:
    """Where most of the plainest cases pass, all the others are looked at."""
    found = plain({1: b'{"a": 1}', 2: b"?", 3: b"?"})
    assert found.stage0 is None
    assert names(found) == (["write.slash"], ["plain.form"], [])


def test_a_known_mistake_in_the_plainest_cases_hides_nothing() -> None:
    """A program that writes 1.0 for 1 fails them too; its other answers count."""
    numbers = [
        case(f"plain.form/{n}", b'{"a":%d}' % n, slashes=b'{"a":%d.0}' % n)
        for n in range(1, 7)
    ]
    wrong: dict[str, bytes | None] = {
        f"plain.form/{n}": b'{"a":%d.0}' % n for n in range(1, 7)
    }
    wrong |= {"sort.bytes/1": b"order"}
    order = case("sort.bytes/1", order=b"order")
    found = answered((*numbers, order), wrong)
    assert found.stage0 is None
    assert names(found) == (["sort.bytes", "write.slash"], [], [])
    # A refusal has too many reasons to be that of a rule.
    numbers = [replace(one, mistakes={"slashes": None}) for one in numbers]
    refused = dict.fromkeys(wrong)
    assert answered(tuple(numbers), refused).stage0 == "adapter"


def test_what_is_not_supported_is_not_plain() -> None:
    """An operation that the adapter does not have says nothing about the others."""
    outcomes = [Outcome(one, Verdict.unsupported) for one in PLAIN]
    assert blame(outcomes, kit(*PLAIN)) == Blames()


def test_an_operation_that_is_no_text() -> None:
    """Where no honest answer verifies, that is the rule; other operations count."""
    honest = tuple(
        replace(case(f"verify.plain/{n}", b"%d" % n, order=None), op="verify")
        for n in (1, 2)
    )
    forged = replace(case("verify.hash/1", None, sha1=b"x"), op="verify")
    asked = (*SLASHES, *honest, forged)
    wrong: dict[str, bytes | None] = {f"write.slash/{n}": b"/" for n in (1, 2, 3)}
    wrong |= {f"verify.plain/{n}": None for n in (1, 2)} | {"verify.hash/1": b"x"}
    found = answered(asked, wrong)
    assert found.stage0 is None
    assert names(found) == (["verify.plain", "write.slash"], [], [])


def verifier(returned: bytes, *, accepted: bool) -> Blames:
    """Return the blames of a verifier that returns the same text for every body."""
    honest = tuple(
        replace(case(f"verify.plain/{n}", b"%d" % n, order=b""), op="verify")
        for n in (1, 2)
    )
    others = tuple(
        replace(one, op="verify")
        for one in (
            case("verify.hash/1", None, sha1=b"x"),
            case("verify.hash/2", None, sha1=b"x"),
            case("write.unicode/1", b"u", order=b"", unicode=None),
            case("write.slash/1", b"s", order=b""),
        )
    )
    wrong: dict[str, bytes | None] = {f"verify.plain/{n}": returned for n in (1, 2)}
    wrong |= {"write.unicode/1": None, "write.slash/1": returned}
    if accepted:
        wrong |= {f"verify.hash/{n}": returned for n in (1, 2)}
    return answered((*honest, *others), wrong)


def test_what_is_returned_hides_nothing_of_what_is_accepted() -> None:
    """A verifier that returns another text is asked which bodies it accepts."""
    found = verifier(b"", accepted=True)
    assert names(found) == (["verify.hash", "sort.bytes", "write.unicode"], [], [])
    [hashes] = [one for one in found.firm if one.rule.id == "verify.hash"]
    # The failures are shown as they are.
    assert [one.case.result is None for one in hashes.outcomes] == [False, False]
    assert [one.case.mistakes for one in hashes.outcomes] == [{"sha1": b"x"}] * 2
    assert names(verifier(b"", accepted=False))[0] == ["sort.bytes", "write.unicode"]


def test_what_is_returned_by_no_known_mistake() -> None:
    """It is the rule of the plainest cases then, and the others are judged alike."""
    found = verifier(b"?", accepted=True)
    assert names(found) == (["verify.hash", "verify.plain", "write.unicode"], [], [])
    found = verifier(b"?", accepted=False)
    assert names(found) == (["verify.plain", "write.unicode"], [], [])


def test_one_operation_hides_no_other() -> None:
    """Blanks in the text say nothing about what verifies."""
    forged = replace(case("verify.hash/1", None, sha1=b"x"), op="verify")
    wrong: dict[str, bytes | None] = {
        f"plain.form/{n}": b'{"a": %d}' % n for n in range(1, 7)
    }
    found = answered((*PLAIN, *SLASHES, forged), {**wrong, "verify.hash/1": b"x"})
    assert found.stage0 == "blanks"
    assert names(found) == (["verify.hash", "plain.form"], [], [])


def test_what_is_signed_is_the_text() -> None:
    """Where the text has blanks, that nothing verifies is no other fault."""
    honest = tuple(replace(case(f"verify.plain/{n}"), op="verify") for n in (1, 2))
    wrong: dict[str, bytes | None] = {
        f"plain.form/{n}": b'{"a": %d}' % n for n in range(1, 7)
    }
    wrong |= {f"verify.plain/{n}": None for n in (1, 2)}
    found = answered((*PLAIN, *honest), wrong)
    assert (found.stage0, names(found)) == ("blanks", (["plain.form"], [], []))


def test_a_mistake_that_is_refuted_is_no_rival() -> None:
    """A mistake that many passed cases speak against shares its answers in vain."""
    cases = (
        *(case(f"verify.hash/{n}", None, sha1=b"x", order=b"x") for n in (1, 2)),
        *(case(f"sort.bytes/{n}", None, order=b"x") for n in range(1, 6)),
    )
    found = answered(cases, {"verify.hash/1": b"x", "verify.hash/2": b"x"})
    assert names(found) == (["verify.hash"], [], [])


def test_blanks_in_strings_stay() -> None:
    """Only the blanks between values are removed."""
    text = b' { "a b" : "c \\" d" ,\n"e":[ 1 , 2 ] } '
    assert without_blanks(text) == b'{"a b":"c \\" d","e":[1,2]}'


def test_a_forgotten_sort_is_named_at_the_level_of_the_api() -> None:
    """No document of the API shows whether keys are sorted as numbers or not."""
    kit = stored_kit()
    outcomes = [
        judge(case, Reply("bytes", canonicalize(case.text, "order_document") or b""))
        for case in select(kit.cases, areas=("document",), levels=("api",))
    ]
    found = blame(outcomes, kit)
    assert [one.rule.id for one in found.firm] == ["sort.bytes"]
    assert not found.perhaps
