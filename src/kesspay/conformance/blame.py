"""
Find the rules that a program breaks, from its answers to the cases of the kit.

A case fails for many reasons, so its label is weak evidence; the wrong answer is a
strong one. The kit knows what each known mistake answers to each case. A mistake is
blamed where the program answers as the mistake does, and its rule is named; what no
known mistake explains is only *perhaps* the rule of its label.

1. Where most of the plainest cases of an operation fail, none of its other cases is
   looked at: blanks, another form, or an adapter that does not work fail all of them.
   But where a verifier accepts and refuses the plainest bodies rightly and only returns
   another text than the one it verified, that is a mistake like others: of its other
   cases it is asked which bodies it accepts. A wrong signature is taken apart where it
   can be read, and each part of it is judged alone.
2. A mistake is a candidate where the cases that passed do not speak against it, where
   no mistake of another rule that explains as much gives one of its answers (unless
   only documents beyond the API break that rule), and where either every case that
   shows it failed, or most of the failures, and at least three, have its answer.
3. The candidate that explains most is taken, then the one that explains most of the
   rest, until none is left.
4. A rule whose label has two failures without an explanation is perhaps broken.
5. Good documents that are refused, of several rules and beyond what the mistakes that
   refuse explain, blame no rule: their common reason is not in the kit. The plainest
   of them shows it.

Errors, crashes and time-outs blame no rule.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from kesspay.conformance.apart import case_id, proves, taken_apart
from kesspay.conformance.judge import Verdict
from kesspay.conformance.kit import LEVELS, SEVERITIES, Refused


if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from kesspay.conformance.judge import Outcome
    from kesspay.conformance.kit import Kit, Mistake, Rule


__all__ = ["Blame", "Blames", "Stage0", "blame", "in_order", "without_blanks"]

#: Why nearly every case fails: blanks between values, a text that is not the JSON of
#: PHP at all, or an adapter that answers no question.
Stage0: TypeAlias = Literal["blanks", "another form", "adapter"]

_OWN: Final = 3
_FAILURE: Final = 1
_PASSED: Final = 4
#: A mistake that is not seen in each of its cases needs this many answers, and this
#: share of its failures.
_ANSWERS: Final = 3
_SHARE: Final = 0.6
#: A rule with this many failures of its label, unexplained, is perhaps broken.
_PERHAPS: Final = 2
#: Unexplained refusals with so many labels have a reason that is no rule of the kit.
_REFUSED_LABELS: Final = 3


@dataclass(frozen=True, slots=True)
class Blame:
    """
    A rule that a program breaks.

    Attributes:
        rule: the rule that is broken.
        mistake: the known mistake that explains most of it; None where the rule is
            only the label of cases that failed.
        firm: whether the answers show it; else the rule is perhaps broken.
        outcomes: the failures behind it, the plainest first.
        points: how much it explains.
    """

    rule: Rule
    mistake: Mistake | None
    firm: bool
    outcomes: tuple[Outcome, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Blames:
    """
    The rules that a run blames.

    Attributes:
        firm: rules that are broken, the worst first.
        perhaps: rules that may be broken, the worst first.
        single: failures that stand alone and that nothing explains.
        stage0: why nearly everything fails, or None where it does not.
        refused: good documents that are refused beyond what known mistakes explain,
            the plainest first.
    """

    firm: tuple[Blame, ...] = ()
    perhaps: tuple[Blame, ...] = ()
    single: tuple[Outcome, ...] = ()
    stage0: Stage0 | None = None
    refused: tuple[Outcome, ...] = ()

    @property
    def all(self) -> tuple[Blame, ...]:
        """Those that are firm, then those that are not."""
        return self.firm + self.perhaps


def blame(outcomes: Sequence[Outcome], kit: Kit) -> Blames:
    """
    Find the rules that a program breaks.

    Args:
        outcomes: the outcomes of the cases; with more of them the result is surer.
        kit: the kit of the cases.
    """
    kinds = _kinds(outcomes, kit)
    judged = [
        part
        for one in outcomes
        if one.verdict in (Verdict.passed, Verdict.failed)
        and (seen := _evidence(one, kit.rules[one.case.rule], kinds))
        for part in taken_apart(seen)
    ]
    failing = {op for op, kind in kinds.items() if kind == "nothing passes"}
    evidence = _Evidence(judged, kit, failing)
    firm = _firm(evidence, kit)
    refused = [one for one in evidence.without_answer() if _is_refused(one, kinds)]
    if len({one.case.rule for one in refused}) < _REFUSED_LABELS:
        refused = []
    else:
        refused = [one for one in judged if _is_refused(one, kinds)]
        rest = [one for one in judged if not _is_refused(one, kinds)]
        evidence = _Evidence(rest, kit, failing)
        firm = _firm(evidence, kit)
    stage0: Stage0 | None = next(
        (word for kind in kinds.values() for word in get_args(Stage0) if word == kind),
        None,
    )
    for op, kind in kinds.items():
        # What is signed and verified is the text that is built otherwise.
        if kind in get_args(Stage0) or stage0 in ("blanks", "another form"):
            evidence.forget(op)
    perhaps, single = _rest(evidence, kit, kinds)
    firm, perhaps = _merged(_presumed(firm), perhaps)
    given = {one.case.id: one for one in outcomes}
    named = [
        replace(one, outcomes=tuple(given[name] for name in _cases(one.outcomes)))
        for one in (*firm, *perhaps)
    ]
    return Blames(
        firm=in_order(one for one in named if one.firm),
        perhaps=tuple(one for one in named if not one.firm),
        single=tuple(given[name] for name in _cases(single)),
        stage0=stage0,
        refused=tuple(given[name] for name in _cases(_plainest(refused))),
    )


def _is_refused(one: Outcome, kinds: Mapping[str, _Kind]) -> bool:
    """Whether a document is refused that has a canonical form."""
    op = one.case.op
    is_good = not isinstance(one.case.result, Refused)
    failed = one.verdict is Verdict.failed and one.answer is None
    return failed and is_good and op in _TEXTS and kinds.get(op) is None


def _presumed(firm: Sequence[Blame]) -> tuple[Blame, ...]:
    """Doubt rules whose cases show nothing where another rule is broken as well."""
    broken = {one.rule.id for one in firm}
    return tuple(replace(one, firm=one.rule.presumes not in broken) for one in firm)


def _merged(
    firm: Sequence[Blame], perhaps: Sequence[Blame]
) -> tuple[tuple[Blame, ...], tuple[Blame, ...]]:
    """Add what a label alone says of a rule to what the answers show of it."""
    rest = {one.rule.id: one for one in perhaps}
    merged = tuple(
        one
        if (more := rest.pop(one.rule.id, None)) is None
        else replace(
            one,
            outcomes=one.outcomes + more.outcomes,
            points=one.points + more.points,
        )
        for one in firm
    )
    return merged, tuple(rest.values())


def _cases(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    """Return the ids of the cases, each once."""
    return tuple(dict.fromkeys(map(case_id, outcomes)))


def _evidence(one: Outcome, rule: Rule, kinds: Mapping[str, _Kind]) -> Outcome | None:
    """Return what an outcome says about rules; None where it says nothing."""
    kind = kinds.get(one.case.op)
    if kind in (None, "apart") or (kind != "adapter" and rule.stage == 0):
        return one
    return _accepted(one) if kind == "returned" else None


def _accepted(one: Outcome) -> Outcome:
    """Judge whether a body was accepted, and not what was returned for it."""
    case = one.case
    refuses = isinstance(case.result, Refused)
    mistakes = {
        code: b"" if refuses else None
        for code, wrong in case.mistakes.items()
        if (wrong is None) is not refuses
    }
    result = case.result if isinstance(case.result, Refused) else b""
    answer = None if one.answer is None else b""
    return replace(
        one,
        case=replace(case, result=result, mistakes=mistakes),
        verdict=Verdict.passed if (answer is None) is refuses else Verdict.failed,
        answer=answer,
    )


def in_order(blames: Iterable[Blame]) -> tuple[Blame, ...]:
    """
    Sort blames: what is worst first, then the earliest step, then the points.

    Of rules that let forgeries pass, the one that lets most of them pass is first.
    """
    return tuple(
        sorted(
            blames,
            key=lambda b: (
                SEVERITIES.index(b.rule.severity),
                b.rule.stage if b.rule.severity != SEVERITIES[0] else 0,
                -b.points,
                b.rule.id,
            ),
        )
    )


# ------------------------------------------------------------ the plainest cases

#: The operations whose answer is a text.
_TEXTS: Final = ("canonicalize", "canonicalize-tree")
_BLANK: Final = re.compile(rb'("(?:[^"\\]|\\.)*+")|[ \t\r\n]+', re.DOTALL)


def without_blanks(text: bytes) -> bytes:
    """Remove the white space between the values of a JSON text."""
    return _BLANK.sub(lambda found: found[1] or b"", text)


#: The same of any operation: what is no text can only be wrong.
_Kind: TypeAlias = Literal[
    "blanks", "another form", "adapter", "nothing passes", "returned", "apart"
]


def _kinds(outcomes: Sequence[Outcome], kit: Kit) -> dict[str, _Kind]:
    """Say why most of the plainest cases fail, for each operation where they do."""
    plain: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        if kit.rules[one.case.rule].stage == 0 and one.verdict != Verdict.unsupported:
            plain[one.case.op].append(one)
    kinds = {}
    for op, asked in plain.items():
        bad = [
            one
            for one in asked
            if one.verdict != Verdict.passed and not _is_of_another_rule(one, kit)
        ]
        if len(bad) * 2 > len(asked):
            kinds[op] = _kind_of(op, bad)
            if op == "verify" and sum(map(_accepts_wrongly, bad)) * 2 <= len(asked):
                kinds[op] = "returned"
            if sum(len(taken_apart(one)) > 1 for one in bad) * 2 > len(bad):
                kinds[op] = "apart"
    return kinds


def _is_of_another_rule(one: Outcome, kit: Kit) -> bool:
    """
    Whether a plain text is wrong by a mistake that has nothing to do with its form.

    A program that writes 1.0 for 1 fails most of the plainest cases, and its other
    answers say as much as those of any program.
    """
    if one.case.op not in _TEXTS or one.answer is None:
        return False
    return any(
        wrong == one.answer and kit.rules[kit.mistakes[code].rule].stage > 0
        for code, wrong in one.case.mistakes.items()
    )


def _accepts_wrongly(one: Outcome) -> bool:
    """Whether something else than the returned text is wrong."""
    refuses = isinstance(one.case.result, Refused)
    return one.verdict != Verdict.failed or (one.answer is None) is not refuses


def _kind_of(op: str, bad: Sequence[Outcome]) -> _Kind:
    """Tell an adapter that does not work from a text that is built otherwise."""
    answers = [one.answer for one in bad if one.answer is not None]
    results = [one.case.result for one in bad if one.answer is not None]
    silent = sum(one.verdict != Verdict.failed for one in bad)
    if silent * 2 > len(bad):
        return "adapter"
    if op not in _TEXTS:
        return "nothing passes"
    if len(answers) * 2 <= len(bad) or not any(answers):
        return "adapter"
    if len(set(answers)) == 1 < len(results):
        return "adapter"
    squeezed = sum(
        without_blanks(answer) == result
        for answer, result in zip(answers, results, strict=True)
    )
    return "blanks" if squeezed * 2 > len(answers) else "another form"


# ------------------------------------------------------------ evidence


@dataclass(slots=True)
class _Candidate:
    """
    What the outcomes say about one mistake.

    Args:
        mistake: that it is about.
        answered: ids of the failures that have its answer.
        own: those of them that no candidate of another rule explains as well.
        other: ids of the failures that have another answer.
        passed: how many cases passed that show it.
    """

    mistake: Mistake
    answered: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    other: set[str] = field(default_factory=set)
    passed: int = 0

    @property
    def is_possible(self) -> bool:
        """Whether it may be blamed at all."""
        if not self.passed and self.own:
            return True
        failures = len(self.answered) + len(self.other)
        enough = len(self.answered) >= max(_ANSWERS, _SHARE * failures)
        return enough and bool(self.own)

    @property
    def fit(self) -> int:
        """How well it explains everything; another answer speaks against it."""
        return (
            _OWN * len(self.answered)
            - _FAILURE * len(self.other)
            - _PASSED * self.passed
        )

    def points(self, answers: set[str], failures: set[str]) -> int:
        """Count what it explains of these; below 1 it explains nothing."""
        new = self.answered & answers
        if not new:
            return 0
        others = (self.other | self.answered - new) & failures
        return _OWN * len(new) + _FAILURE * len(others) - _PASSED * self.passed


class _Evidence:
    """
    The outcomes, seen from the mistakes.

    Attributes:
        failed: the failures by id.
        unexplained: ids of those that no blame explains yet.
        unanswered: ids of those whose answer no blame gives yet.
        candidates: by code of the mistake; those alone that could be blamed.
    """

    def __init__(
        self, outcomes: Iterable[Outcome], kit: Kit, failing: Container[str]
    ) -> None:
        self.failed: dict[str, Outcome] = {}
        self._rules = kit.rules
        every = {code: _Candidate(mistake) for code, mistake in kit.mistakes.items()}
        for one in outcomes:
            if one.verdict == Verdict.passed:
                for code in one.case.mistakes:
                    every[code].passed += 1
                continue
            self.failed[one.case.id] = one
            # Where nothing passes, any mistake that refuses would do.
            speaks = one.answer is not None or one.case.op not in failing
            for code, wrong in one.case.mistakes.items():
                fits = speaks and wrong == one.answer
                side = every[code].answered if fits else every[code].other
                side.add(one.case.id)
        self.unexplained = set(self.failed)
        self.unanswered = set(self.failed)
        self.candidates = {
            code: found
            for code, found in every.items()
            if found.points(self.unanswered, self.unexplained) > 0
        }
        self._find_own()

    def _find_own(self) -> None:
        """Note the answers that no mistake of another rule explains as well."""
        every = list(self.candidates.values())
        points = [(one.fit, self._likely(one)) for one in every]
        best: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
        for one, worth in zip(every, points, strict=True):
            for name in one.answered:
                rules = best[name]
                rules[one.mistake.rule] = max(worth, rules.get(one.mistake.rule, worth))
        for one, worth in zip(every, points, strict=True):
            one.own = {
                name
                for name in one.answered
                if all(
                    rival < worth
                    for rule, rival in best[name].items()
                    if rule != one.mistake.rule
                )
            }

    def _likely(self, one: _Candidate) -> int:
        """
        Return what decides between mistakes that fit alike.

        A program that does not sort is likelier than one that sorts as numbers, which
        no message of the API shows. A refusal has too many reasons.
        """
        if all(self.failed[name].answer is None for name in one.answered):
            return -len(LEVELS)
        return -LEVELS.index(self._rules[one.mistake.rule].level)

    def without_answer(self) -> list[Outcome]:
        """Return the failures whose answer no blame gives."""
        return [self.failed[name] for name in sorted(self.unanswered)]

    def forget(self, op: str) -> None:
        """Leave the failures of an operation without a blame."""
        self.unexplained -= {
            name for name in self.unexplained if self.failed[name].case.op == op
        }

    def take(self, found: _Candidate) -> tuple[Outcome, ...]:
        """Let a mistake explain its failures; return them, the plainest first."""
        explained = found.answered | found.other
        new = (found.answered & self.unanswered) | (explained & self.unexplained)
        self.unanswered -= found.answered
        self.unexplained -= explained
        rule = found.mistake.rule
        return _plainest(
            (self.failed[name] for name in new),
            lambda one: (one.case.id not in found.answered, one.case.rule != rule),
        )


def _plainest(
    outcomes: Iterable[Outcome], first: Callable[[Outcome], object] = lambda _: 0
) -> tuple[Outcome, ...]:
    """Sort failures: by what decides first, then the shortest."""
    return tuple(
        sorted(outcomes, key=lambda one: (first(one), len(one.case.text), one.case.id))
    )


def _firm(evidence: _Evidence, kit: Kit) -> tuple[Blame, ...]:
    """Take the mistake that explains most, then the best of the rest, and so on."""
    possible = [one for one in evidence.candidates.values() if one.is_possible]
    blames: dict[str, Blame] = {}
    while possible:
        points, best = max(
            ((_points(found, evidence), found) for found in possible),
            key=lambda pair: pair[0],
        )
        if points <= 0:
            break
        possible.remove(best)
        rule, outcomes = best.mistake.rule, evidence.take(best)
        earlier = blames.get(rule)
        blames[rule] = Blame(
            rule=kit.rules[rule],
            mistake=best.mistake if earlier is None else earlier.mistake,
            firm=True,
            outcomes=outcomes if earlier is None else earlier.outcomes + outcomes,
            points=points if earlier is None else earlier.points + points,
        )
    return in_order(blames.values())


def _points(found: _Candidate, evidence: _Evidence) -> int:
    return found.points(evidence.unanswered, evidence.unexplained)


def _rest(
    evidence: _Evidence, kit: Kit, kinds: Mapping[str, _Kind]
) -> tuple[tuple[Blame, ...], tuple[Outcome, ...]]:
    """Sort what is left by its label; where nothing passes, that is evidence enough."""
    labels: dict[str, list[Outcome]] = defaultdict(list)
    for name in evidence.unexplained:
        one = evidence.failed[name]
        labels[one.case.rule].append(one)
    perhaps, single = [], []
    for rule, outcomes in labels.items():
        if len(_cases(outcomes)) < _PERHAPS:
            single += outcomes
            continue
        perhaps.append(
            Blame(
                rule=kit.rules[rule],
                mistake=None,
                firm=_is_whole(kit.rules[rule], kinds.get(outcomes[0].case.op))
                or any(map(proves, outcomes)),
                outcomes=_plainest(outcomes),
                points=len(_cases(outcomes)),
            )
        )
    return in_order(perhaps), _plainest(single)


def _is_whole(rule: Rule, kind: _Kind | None) -> bool:
    """Whether the failures of a label alone show that its rule is broken."""
    return kind is not None and (kind not in ("returned", "apart") or rule.stage == 0)
