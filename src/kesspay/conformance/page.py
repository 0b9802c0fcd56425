"""
Report a run as a page: one file, without a script, and nothing from elsewhere.

Everything on it that an adapter sent is printable ASCII, and escaped. Its policy
allows the style sheet that is in it, and nothing else.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from kesspay._pages import located
from kesspay._version import __version__
from kesspay.conformance.adapter import shown
from kesspay.conformance.judge import Verdict
from kesspay.conformance.report import (
    LEVEL_WORDS,
    STAGE0,
    difference_lines,
    hint_of,
    question,
    refused_words,
)


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kesspay.conformance.blame import Blame
    from kesspay.conformance.judge import Outcome
    from kesspay.conformance.kit import Rule
    from kesspay.conformance.report import Report


__all__ = ["as_page"]

#: The style sheet is in the page: light and dark.
_STYLE: Final = files("kesspay.conformance").joinpath("page.css").read_text("utf-8")
#: What allows it in the Content-Security-Policy. Source: CSP Level 3, 2.3.1.
_STYLE_SOURCE: Final = (
    "'sha256-" + b64encode(sha256(_STYLE.encode()).digest()).decode() + "'"
)
_POLICY: Final = (
    f"default-src 'none'; style-src {_STYLE_SOURCE}; base-uri 'none'; "
    "form-action 'none'"
)
_COLOURS: Final = {
    "passed": "good",
    "failed": "bad",
    "error": "warn",
    "crashed": "bad",
    "timed out": "bad",
    "known": "warn",
}
#: More cases of a rule are counted; a bulk has thousands.
_SHOWN_CASES: Final = 50
#: As many columns fit on a telephone.
_NARROW: Final = 3


def as_page(report: Report) -> str:
    """Write the report."""
    title = f"{report.run.hello.title}: conformance"
    parts = (
        _header(report),
        _stopped(report),
        _levels(report),
        _blames(report),
        _rules(report),
        _left(report),
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        '<meta name="referrer" content="no-referrer">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _header(report: Report) -> str:
    run = report.run
    verdict = {0: "passed", 1: "failed"}.get(report.exit_code, "stopped")
    about = (
        f"kit {escape(run.kit.version)}, kesspay {escape(__version__)}, "
        f"{run.seconds:.1f} s"
    )
    return (
        f"<header><h1>{escape(run.hello.title)}</h1>{_badge(verdict)}</header>"
        f"<p>{about}</p>"
    )


def _stopped(report: Report) -> str:
    stopped = report.run.stopped
    if stopped is None:
        return ""
    lines = "\n".join(shown(line) for line in stopped.standard_error)
    return _section(
        "The adapter stopped",
        f"{report.run.not_asked} cases were not asked",
        f"<p>{escape(shown(str(stopped)))}</p>" + _pre(lines),
    )


def _levels(report: Report) -> str:
    """Write two tables; a program that answered nothing has none."""
    if not report.areas:
        return ""
    levels = [
        (escape(level), _badge(LEVEL_WORDS[state].lower(), state))
        for level, state in report.levels.items()
    ]
    areas = [
        (escape(area), _share(passed, judged), str(unsupported))
        for area, (passed, judged, unsupported) in report.areas.items()
    ]
    return _section("Levels", "", _table(("Level", "Verdict"), levels)) + _section(
        "Areas", "", _table(("Area", "Passed", "Unsupported"), areas)
    )


def _blames(report: Report) -> str:
    blames = report.blames
    parts = []
    if blames.stage0 is not None:
        parts.append(f"<p>{escape(STAGE0[blames.stage0])}</p>")
    if blames.refused:
        parts.append(_cases(refused_words(blames), blames.refused))
    parts += [_blame(report, one) for one in blames.firm]
    parts += [_blame(report, one) for one in blames.perhaps]
    if blames.single:
        parts.append(_cases("Single failures", blames.single))
    if not parts:
        return ""
    return _section("Broken rules", "the worst first", "".join(parts))


def _blame(report: Report, one: Blame) -> str:
    hint = hint_of(one.rule, report.run.hello.language)
    certain = "" if one.firm else _badge("perhaps", "known")
    count = len(one.outcomes)
    return (
        f"<article><h3><code>{escape(one.rule.id)}</code> {certain}</h3>"
        f"<p>{escape(one.rule.title)}</p>"
        + (f"<p>{escape(hint)}</p>" if hint else "")
        + f"<p><code>{escape(located(one.rule.doc))}</code></p>"
        + _pre(_difference(one.outcomes[0]))
        + _cases(f"{count} case{'s' * (count != 1)}", one.outcomes)
        + "</article>"
    )


def _cases(title: str, outcomes: Sequence[Outcome]) -> str:
    parts = [_pre(_difference(outcome)) for outcome in outcomes[:_SHOWN_CASES]]
    more = len(outcomes) - _SHOWN_CASES
    if more > 0:
        parts.append(f"<p>and {more} more</p>")
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


def _difference(outcome: Outcome) -> str:
    head = f"{outcome.case.id}   {question(outcome)}"
    return "\n".join([head, *(f"  {line}" for line in difference_lines(outcome))])


def _rules(report: Report) -> str:
    """Write the table of rules and verdicts."""
    rules: dict[str, list[Outcome]] = {}
    for outcome in report.run.outcomes:
        rules.setdefault(outcome.case.rule, []).append(outcome)
    there = [verdict for verdict in _HEADS if report.run.counts.get(verdict)]
    rows = [
        _rule_row(report.run.kit.rules[rule], outcomes, there)
        for rule, outcomes in rules.items()
    ]
    if not rows:
        return ""
    heads = ("Rule", *(_HEADS[verdict] for verdict in there), "Level", "Title")
    return _section("Rules", "how many cases have which verdict", _table(heads, rows))


_HEADS: Final = {
    Verdict.passed: "passed",
    Verdict.failed: "failed",
    Verdict.error: "error",
    Verdict.crashed: "crashed",
    Verdict.timed_out: "timed out",
    Verdict.unsupported: "unsupported",
}


def _rule_row(
    rule: Rule, outcomes: Iterable[Outcome], there: Iterable[Verdict]
) -> tuple[str, ...]:
    verdicts = [outcome.verdict for outcome in outcomes]
    counts = ((_HEADS[verdict], verdicts.count(verdict)) for verdict in there)
    return (
        f"<code>{escape(rule.id)}</code>",
        *(_badge(str(count), words) if count else "" for words, count in counts),
        escape(rule.level),
        escape(rule.title),
    )


def _left(report: Report) -> str:
    """Write the failures that no rule is blamed for, and what is left to do."""
    account = report.account
    troubles = [o for o in account.faults if o.verdict is not Verdict.failed]
    rows = list(_to_do(report))
    parts = []
    if troubles:
        parts.append(_cases(f"No answer: {len(troubles)}", troubles))
    if account.known:
        parts.append(_cases(f"Known failures: {len(account.known)}", account.known))
    if rows:
        parts.append(_table(("To do", ""), rows))
    return _section("Besides", "", "".join(parts)) if parts else ""


def _to_do(report: Report) -> Iterator[tuple[str, str]]:
    for line in (*report.account.needless, *report.account.withdrawn):
        words = "remove the line of the known failures"
        yield words, f"<code>{line.number}: {escape(shown(line.pattern))}</code>"
    for op in report.account.missing_ops:
        yield "required, but not supported", f"<code>{escape(op)}</code>"


def _section(title: str, remark: str, content: str) -> str:
    small = f"<small>{escape(remark)}</small>" if remark else ""
    return f'<h2>{escape(title)}{small}</h2><div class="card">{content}</div>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    marks = [f' data-label="{escape(text)}"' for text in heads]
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{mark}>{cell}</td>" for mark, cell in zip(marks, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    kind = ' class="wide"' if len(heads) > _NARROW else ""
    return f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _badge(text: str, state: str = "") -> str:
    colour = _COLOURS.get(state or text, "")
    return f'<span class="badge {colour}">{escape(text)}</span>'


def _share(passed: int, judged: int) -> str:
    return f"{passed} of {judged}"


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"
