"""
Report a run as JUnit XML, which build servers show.

A suite is an area, a test case is a case. All that the common schemas ask for is
there, in their order. What makes a run fail without being a case, such as a known
failure that passes, is a test case of a suite of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from kesspay.conformance.adapter import shown
from kesspay.conformance.judge import FAULTS, Verdict
from kesspay.conformance.report import case_detail, difference_lines, question


if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kesspay.conformance.judge import Outcome
    from kesspay.conformance.report import Report


__all__ = ["as_junit"]

#: The schemas want a host; no report names the machine of its reader.
_HOST: Final = "localhost"


@dataclass(frozen=True, slots=True)
class _Test:
    """
    A test case.

    Args:
        name: of it.
        suite: that it is in.
        seconds: that it took.
        kind: "failure", "error" or "skipped"; "" where it passed.
        message: one line.
        sort: of failure or error.
        text: several lines.
    """

    name: str
    suite: str
    seconds: float = 0.0
    kind: str = ""
    message: str = ""
    sort: str = ""
    text: str = ""


def as_junit(report: Report, *, at: datetime) -> str:
    """
    Write the report.

    Args:
        report: of a run.
        at: when the run began.
    """
    return "".join(f"{line}\n" for line in _document(report, at))


def _document(report: Report, at: datetime) -> Iterator[str]:
    suites: dict[str, list[_Test]] = {}
    for test in _tests(report):
        suites.setdefault(test.suite, []).append(test)
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<testsuites>"
    for number, (name, tests) in enumerate(suites.items()):
        kinds = [test.kind for test in tests]
        head = _attributes(
            name=name,
            package="kesspay.conformance",
            id=str(number),
            timestamp=at.replace(microsecond=0, tzinfo=None).isoformat(),
            hostname=_HOST,
            tests=str(len(tests)),
            failures=str(kinds.count("failure")),
            errors=str(kinds.count("error")),
            skipped=str(kinds.count("skipped")),
            time=f"{sum(test.seconds for test in tests):.3f}",
        )
        adapter = _attributes(name="adapter", value=report.run.hello.title)
        kit = _attributes(name="kit", value=report.run.kit.version)
        yield f"  <testsuite{head}>"
        yield f"    <properties><property{adapter}/><property{kit}/></properties>"
        for test in tests:
            yield from _lines(test)
        yield "    <system-out></system-out>"
        yield "    <system-err></system-err>"
        yield "  </testsuite>"
    yield "</testsuites>"


def _lines(test: _Test) -> Iterator[str]:
    head = _attributes(
        name=test.name,
        classname=f"kesspay.{test.suite}",
        time=f"{test.seconds:.3f}",
    )
    if not test.kind:
        yield f"    <testcase{head}/>"
        return
    about = {"message": test.message}
    if test.sort:
        about["type"] = test.sort
    yield f"    <testcase{head}>"
    text = escape(test.text)
    yield f"      <{test.kind}{_attributes(**about)}>{text}</{test.kind}>"
    yield "    </testcase>"


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items())


def _tests(report: Report) -> Iterator[_Test]:
    account, stopped = report.account, report.run.stopped
    known = {outcome.case.id for outcome in account.known}
    missing = {outcome.case.id for outcome in account.missing}
    for outcome in report.run.outcomes:
        name = outcome.case.id
        yield _test(report, outcome, is_known=name in known, is_missing=name in missing)
    for line in account.needless:
        yield _Test(
            f"line {line.number}: {shown(line.pattern)}",
            "known",
            kind="failure",
            message="every case of a known failure passes; remove the line",
            sort="needless",
        )
    asked = {outcome.case.op for outcome in account.missing}
    for op in account.missing_ops:
        if op not in asked:
            yield _Test(
                op,
                "required",
                kind="failure",
                message="the adapter does not list this required op",
                sort="unsupported",
            )
    if stopped is not None:
        yield _Test(
            "adapter",
            "adapter",
            kind="error",
            message=shown(str(stopped)),
            sort="stopped",
            text="\n".join(shown(line) for line in stopped.standard_error),
        )


def _test(
    report: Report, outcome: Outcome, *, is_known: bool, is_missing: bool
) -> _Test:
    case, verdict = outcome.case, outcome.verdict
    rule = report.run.kit.rules[case.rule]
    kind = message = sort = text = ""
    if verdict is Verdict.unsupported:
        kind = "failure" if is_missing else "skipped"
        message = case_detail(outcome)
        sort = verdict.value if is_missing else ""
    elif is_known:
        kind, message = "skipped", f"known failure: {rule.id}"
    elif verdict in FAULTS:
        kind = "failure" if verdict is Verdict.failed else "error"
        sort, message = verdict.value, f"{rule.id}: {rule.title}"
        shown_lines = [question(outcome), *difference_lines(outcome), rule.doc]
        text = "\n".join([message, *shown_lines])
    return _Test(
        case.id, case.area, outcome.milliseconds / 1000, kind, message, sort, text
    )
