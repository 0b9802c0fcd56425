"""
Report a run: for people, and as JSON.

``junit`` and ``page`` next to this write the same for other readers. All of them show
what an adapter sent in printable ASCII only, since it may hold terminal codes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from kesspay._pages import located
from kesspay._version import __version__
from kesspay.conformance.adapter import shown
from kesspay.conformance.blame import Blames, Stage0, blame
from kesspay.conformance.judge import Verdict
from kesspay.conformance.kit import AREAS, LEVELS, OPS, Refused
from kesspay.explain.expected import first_difference


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kesspay.conformance.blame import Blame
    from kesspay.conformance.judge import Outcome, Run
    from kesspay.conformance.kit import Rule
    from kesspay.conformance.known import Account


__all__ = [
    "LEVEL_WORDS",
    "STAGE0",
    "Report",
    "as_json",
    "as_text",
    "case_detail",
    "difference_lines",
    "hint_of",
    "question",
    "refused_words",
]

_SHOWN_RULES: Final = 3
_SHOWN_BYTES: Final = 60
_SHOWN_WORDS: Final = 200
_SHOWN_IDS: Final = 5
_WIDTH: Final = 88
_NOTHING: Final = "(no bytes)"
#: The name of a language at the beginning of a version, as "go1.22" or ".NET 8".
_LANGUAGE: Final = re.compile(r"[a-z]+[#+]*")
_OTHER_NAMES: Final = {
    **dict.fromkeys(("golang", "tinygo"), "go"),
    **dict.fromkeys(("nodejs", "javascript", "typescript", "deno", "bun"), "node"),
    **dict.fromkeys(("csharp", "net", "dotnet", "mono"), "c#"),
    **dict.fromkeys(("cpython", "pypy"), "python"),
    **dict.fromkeys(("jvm", "openjdk"), "java"),
    **dict.fromkeys(("sh", "bash"), "shell"),
    **dict.fromkeys(("jruby",), "ruby"),
}

#: What to do where already the plainest cases fail.
STAGE0: Final[dict[Stage0, str]] = {
    "blanks": "The plainest cases differ in blanks only: json_encode writes none.",
    "another form": "The plainest cases fail: the answers are not the JSON of PHP's "
    "json_encode.",
    "adapter": "The plainest cases fail: look at the adapter first.",
}


@dataclass(frozen=True)
class Report:
    """
    A run, what is known of it, and what it means.

    Args:
        run: what was asked and answered.
        account: which failures count.
    """

    run: Run
    account: Account

    @cached_property
    def blames(self) -> Blames:
        """The rules that are broken, besides by known failures."""
        known = {outcome.case.id for outcome in self.account.known}
        counted = [o for o in self.run.outcomes if o.case.id not in known]
        return blame(counted, self.run.kit)

    @property
    def exit_code(self) -> int:
        """0 where all is well, 1 where a case failed, 2 where nothing is certain."""
        if self.run.stopped is not None or not self.is_judged:
            return 2
        return 0 if self.account.is_clean else 1

    @property
    def is_judged(self) -> bool:
        """Whether any case was judged: an adapter that can do nothing does not pass."""
        verdicts = {outcome.verdict for outcome in self.run.outcomes}
        return bool(verdicts - {Verdict.unsupported})

    @property
    def plain_faults(self) -> tuple[Outcome, ...]:
        """The failures among the plainest cases."""
        rules = self.run.kit.rules
        return tuple(o for o in self.account.faults if not rules[o.case.rule].stage)

    @property
    def reads_signatures(self) -> bool:
        """Whether canonical forms were read from signatures, for want of their op."""
        op = "canonicalize"
        return op not in self.run.hello.ops and any(
            o.case.op == op and o.verdict is not Verdict.unsupported
            for o in self.run.outcomes
        )

    @property
    def unknown_ops(self) -> tuple[str, ...]:
        """The ops that the adapter lists, and that no kit has."""
        return tuple(op for op in self.run.hello.ops if op not in OPS)

    @cached_property
    def levels(self) -> Mapping[str, str]:
        """Each level that was asked: "passed", "failed", "known" or "unsupported"."""
        faults = {outcome.case.id for outcome in self.account.faults}
        known = {outcome.case.id for outcome in self.account.known}
        found: dict[str, str] = {}
        for level in LEVELS:
            here = [o for o in self.run.outcomes if o.case.level == level]
            if any(o.case.id in faults for o in here):
                found[level] = "failed"
            elif any(o.case.id in known for o in here):
                found[level] = "known"
            elif any(o.verdict is Verdict.passed for o in here):
                found[level] = "passed"
            elif here:
                found[level] = "unsupported"
        return found

    @cached_property
    def areas(self) -> Mapping[str, tuple[int, int, int]]:
        """Of each area that was asked: how many passed, were judged, unsupported."""
        found: dict[str, tuple[int, int, int]] = {}
        for area in AREAS:
            verdicts = [o.verdict for o in self.run.outcomes if o.case.area == area]
            if verdicts:
                unsupported = verdicts.count(Verdict.unsupported)
                judged = len(verdicts) - unsupported
                found[area] = (verdicts.count(Verdict.passed), judged, unsupported)
        return found


def question(outcome: Outcome) -> str:
    """Show what was asked, on one line."""
    text = outcome.case.text
    more = "..." if len(text) > _SHOWN_BYTES else ""
    return shown(text[:_SHOWN_BYTES]) + more


def difference_lines(outcome: Outcome) -> list[str]:
    """
    Show what was expected, what came, and where they part.

    Signed bodies are not compared: any that verifies is right.
    """
    result, answer = outcome.case.result, outcome.answer
    if outcome.case.op == "body" and answer is not None:
        return [f"actual    {_short(answer)}", case_detail(outcome)]
    if isinstance(result, Refused):
        reason = f" ({result.reason})" if result.reason else ""
        expected = f"refused: {result.stage}{reason}"
    else:
        expected = _short(result)
    if answer is None:
        actual = f"refused: {shown(outcome.refused or '')[:_SHOWN_WORDS]}".rstrip(": ")
        if outcome.refused is None:
            actual = f"no answer: {case_detail(outcome)}"
        return [f"expected  {expected}", f"actual    {actual}"]
    if isinstance(result, Refused):
        return [f"expected  {expected}", f"actual    {_short(answer)}"]
    difference = first_difference(result, answer)
    if difference is None:
        return [f"expected  {expected}", f"actual    {expected}"]
    lines = [
        f"expected  {_open_end(result, difference.ours)}",
        f"actual    {_open_end(answer, difference.theirs)}",
        f"          {' ' * difference.marker}^",
    ]
    if len(shown(result[: difference.position])) > difference.marker:
        lines.append(f"          (at byte {difference.position})")
    return lines


def _open_end(content: bytes, part: str) -> str:
    """Show a part of a text, and whether more follows it."""
    more = "" if shown(content).endswith(part) else "..."
    return (part or _NOTHING) + more


def _short(content: bytes) -> str:
    more = "..." if len(content) > _SHOWN_BYTES else ""
    return (shown(content[:_SHOWN_BYTES]) or _NOTHING) + more


def case_detail(outcome: Outcome) -> str:
    """Show what went wrong, in words."""
    return shown(outcome.detail)


def hint_of(rule: Rule, language: str) -> str:
    """
    Return the hint for the language of an adapter; "" for none.

    Where the language has none, that of PHP says best what is to be done.

    Args:
        rule: that is broken.
        language: as an adapter gives it: "Go 1.22", "go1.22", "Node.js 20", "python3".
    """
    found = _LANGUAGE.search(language.lower())
    given = found[0] if found else ""
    known = {name.lower(): name for name in rule.hints}
    name = known.get(_OTHER_NAMES.get(given, given), "")
    if not name and "all" in rule.hints:
        return rule.hints["all"]
    name = name or ("PHP" if "PHP" in rule.hints else "")
    return f"{name}: {rule.hints[name]}" if name else ""


# ------------------------------------------------------------ text


def as_text(report: Report, *, everything: bool = False) -> Iterator[str]:
    """
    Yield the lines of the report for people.

    Args:
        report: what to write.
        everything: all rules, and not the first three.
    """
    yield _head(report)
    yield _levels(report)
    yield from _broken(report, everything=everything)
    lines = list(_last_lines(report))
    if lines:
        yield ""
        yield from lines


def _last_lines(report: Report) -> Iterator[str]:
    """Yield what is counted and not shown, and what to do next."""
    tail = list(_tail(report))
    together = "      ".join(tail)
    if len(together) <= _WIDTH:
        tail = [together] if together else []
    yield from tail
    yield from _troubles(report)
    yield from _known_lines(report)
    yield from _adapter_lines(report)
    following = _next(report)
    if following:
        yield f"next: kesspay conformance explain {following}"


def _broken(report: Report, *, everything: bool) -> Iterator[str]:
    """Yield the rules that are broken."""
    blames = report.blames
    if blames.stage0 is not None:
        yield ""
        yield STAGE0[blames.stage0]
        plain = report.plain_faults
        if plain and not blames.firm:
            yield from _case_lines(plain[0])
            if blames.stage0 != "adapter":
                rule = report.run.kit.rules[plain[0].case.rule]
                yield f"  {located(rule.doc)}"
    if blames.refused:
        yield ""
        yield refused_words(blames)
        yield from _case_lines(blames.refused[0])
    language = report.run.hello.language
    last = len(blames.firm) if everything else _SHOWN_RULES
    for number, one in enumerate(blames.firm[:last], 1):
        yield ""
        yield from _blame_lines(str(number), one, language)
    more = blames.firm[last:]
    if more:
        names = ", ".join(one.rule.id for one in more)
        yield ""
        yield f"{len(more)} more: {names} (--all shows them)"
    if everything or not (blames.firm or blames.stage0 or blames.refused):
        perhaps = _likeliest(report)
        for one in perhaps[: None if everything else _SHOWN_RULES]:
            yield ""
            yield from _blame_lines("perhaps", one, language)
        left = max(0, _SHOWN_RULES - len(perhaps))
        for outcome in blames.single[: None if everything else left]:
            yield ""
            yield f"single {outcome.case.rule}"
            yield from _case_lines(outcome)


def refused_words(blames: Blames) -> str:
    """Return a sentence about the good documents that are refused."""
    count = len(blames.refused)
    return f"{count} good documents are refused, beyond known mistakes. The plainest:"


def _likeliest(report: Report) -> list[Blame]:
    """
    Return the rules that are perhaps broken, the one with the most failures first.

    It is likelier the cause of the others.
    """
    return sorted(report.blames.perhaps, key=lambda one: -len(one.outcomes))


def _adapter_lines(report: Report) -> Iterator[str]:
    """Yield what is to be seen of the adapter besides its answers."""
    run = report.run
    for op in report.unknown_ops:
        yield f"the adapter lists the unknown op {shown(op)}"
    if not report.is_judged and run.stopped is None:
        yield "nothing was judged: the adapter supports none of these cases"
    if run.restarts:
        yield f"the adapter was restarted {_times(run.restarts)}"


def _head(report: Report) -> str:
    run = report.run
    words = [run.hello.title, f"kit {run.kit.version}"]
    for area, (passed, judged, _) in report.areas.items():
        if judged:
            words.append(f"{area} {passed}/{judged}")
    words.append(f"{run.seconds:.1f} s")
    return "   ".join(words)


LEVEL_WORDS: Final = {
    "passed": "passed",
    "failed": "FAILED",
    "known": "passed but for known failures",
    "unsupported": "not judged",
}


def _levels(report: Report) -> str:
    return "   ".join(
        f"{level}  {LEVEL_WORDS[state]}" for level, state in report.levels.items()
    )


def _blame_lines(number: str, one: Blame, language: str) -> Iterator[str]:
    title = f"{number} {one.rule.id}   {one.rule.title}"
    count = len(one.outcomes)
    yield f"{title:<58}  {count} case{'s' * (count != 1)}"
    yield from _case_lines(one.outcomes[0])
    if one.mistake is not None and one.rule.area == "sign":
        # Where two signatures differ says nothing.
        yield f"  {one.mistake.title}"
    hint = hint_of(one.rule, language)
    if hint:
        yield f"  {hint}"
    yield f"  {located(one.rule.doc)}"


def _case_lines(outcome: Outcome) -> Iterator[str]:
    yield f"  {outcome.case.id}     {question(outcome)}"
    for line in difference_lines(outcome):
        yield f"    {line}"


def _tail(report: Report) -> Iterator[str]:
    blames = report.blames
    if blames.perhaps:
        rules = (f"{one.rule.id} ({len(one.outcomes)})" for one in blames.perhaps)
        yield f"perhaps   {', '.join(rules)}"
    if blames.single:
        ids = [outcome.case.id for outcome in blames.single]
        more = f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else ""
        yield f"single   {', '.join(ids[:_SHOWN_IDS])}{more}"
    unsupported = [
        f"{area} ({count})" for area, (_, _, count) in report.areas.items() if count
    ]
    if unsupported:
        yield f"unsupported   {', '.join(unsupported)}"
    if report.reads_signatures:
        yield "the texts of area document are those that the signatures cover"


_TROUBLES: Final = {
    Verdict.error: "error",
    Verdict.crashed: "crashed",
    Verdict.timed_out: "timed out",
}


def _troubles(report: Report) -> Iterator[str]:
    """Yield what says nothing of a rule: the number of cases, and the first one."""
    for verdict, words in _TROUBLES.items():
        those = [o for o in report.account.faults if o.verdict is verdict]
        if those:
            first = those[0]
            yield f"{words}   {len(those)}, first {first.case.id}: {case_detail(first)}"
        refusals = sum(isinstance(o.case.result, Refused) for o in those)
        if verdict is Verdict.error and refusals * 2 > len(those):
            yield (
                f"  {refusals} of them must be refused: your code refuses with the "
                "exception Refused (in Go with an error, not a panic), an adapter of "
                'your own with {"refused": words}'
            )


def _known_lines(report: Report) -> Iterator[str]:
    account = report.account
    if account.known:
        yield f"known failures   {len(account.known)}"
    for line in account.needless:
        yield (
            f"line {line.number} of the known failures, {shown(line.pattern)}: "
            "every case passes; remove the line"
        )
    for line in account.withdrawn:
        yield (
            f"line {line.number} of the known failures, {shown(line.pattern)}: "
            "the kit has withdrawn it; remove the line"
        )
    if account.missing_ops:
        counts = Counter(outcome.case.op for outcome in account.missing)
        ops = ", ".join(f"{op} ({counts[op]})" for op in account.missing_ops)
        yield f"required, but not supported   {ops}"


def _next(report: Report) -> str:
    if report.blames.refused:
        return report.blames.refused[0].case.id
    for one in (*report.blames.firm, *_likeliest(report)):
        return one.outcomes[0].case.id
    faults = report.account.faults
    return faults[0].case.id if faults else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


# ------------------------------------------------------------ JSON


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain values; the kit has its schema."""
    run, account, blames = report.run, report.account, report.blames
    known = {outcome.case.id for outcome in account.known}
    stopped = run.stopped
    return {
        "format": 1,
        "kesspay": __version__,
        "kit": run.kit.version,
        "adapter": {
            "name": run.hello.name,
            "version": run.hello.version,
            "language": run.hello.language,
            "ops": list(run.hello.ops),
            "profiles": list(run.hello.profiles),
        },
        "exit_code": report.exit_code,
        "stopped": None
        if stopped is None
        else {
            "message": stopped.words,
            "next": stopped.advice,
            "standard_error": list(stopped.standard_error),
        },
        "seconds": round(run.seconds, 3),
        "restarts": run.restarts,
        "not_asked": run.not_asked,
        "counts": {verdict.value: run.counts.get(verdict, 0) for verdict in Verdict},
        "levels": dict(report.levels),
        "areas": {
            area: {"passed": passed, "judged": judged, "unsupported": unsupported}
            for area, (passed, judged, unsupported) in report.areas.items()
        },
        "stage0": blames.stage0,
        "refused": [outcome.case.id for outcome in blames.refused],
        "blames": [_blame_json(one) for one in (*blames.firm, *blames.perhaps)],
        "single": [outcome.case.id for outcome in blames.single],
        "known": {
            "failures": [outcome.case.id for outcome in account.known],
            "needless": [line.pattern for line in account.needless],
            "withdrawn": [line.pattern for line in account.withdrawn],
        },
        "unknown_ops": list(report.unknown_ops),
        "missing_ops": list(account.missing_ops),
        "missing": [outcome.case.id for outcome in account.missing],
        "cases": [
            _case_json(outcome, is_known=outcome.case.id in known)
            for outcome in run.outcomes
        ],
    }


def _blame_json(one: Blame) -> dict[str, Any]:
    return {
        "rule": one.rule.id,
        "title": one.rule.title,
        "doc": one.rule.doc,
        "severity": one.rule.severity,
        "mistake": None if one.mistake is None else one.mistake.code,
        "firm": one.firm,
        "points": one.points,
        "cases": [outcome.case.id for outcome in one.outcomes],
    }


def _case_json(outcome: Outcome, *, is_known: bool) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "id": outcome.case.id,
        "rule": outcome.case.rule,
        "level": outcome.case.level,
        "verdict": outcome.verdict.value,
        "known": is_known,
        "answer_base64": None if answer is None else b64encode(answer).decode(),
        "refused": outcome.refused,
        "detail": outcome.detail,
        "milliseconds": round(outcome.milliseconds, 3),
    }
