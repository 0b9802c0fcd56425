# ruff: noqa: ANN401 - fields of a case are of any type

"""Cases, kits and runs, made for a test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kesspay.conformance.adapter import Hello
from kesspay.conformance.judge import Outcome, Run, Verdict, run
from kesspay.conformance.kit import Case, Kit
from kesspay.conformance.known import account_for, read_known
from kesspay.conformance.report import Report
from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Collection


def case(**fields: Any) -> Case:
    """Return a case whose text is its answer."""
    given = {
        "id": "document/write.slash/1",
        "area": "document",
        "op": "canonicalize",
        "rule": "write.slash",
        "level": "api",
        "text": b"{}",
        "result": b"{}",
        "mistakes": {},
        "since": "1.0",
    }
    return Case(**{**given, **fields})


def kit_of(*cases: Case) -> Kit:
    """Return a kit with these cases, and the rules of the real one."""
    withdrawn = {"document/write.slash/99": "it was wrong"}
    return replace(stored_kit(), cases=cases, mistakes={}, withdrawn=withdrawn)


def run_of(command: list[str], *cases: Case, **options: Any) -> Run:
    """Ask an adapter some cases, with more time than a busy machine needs."""
    given = {"timeout": 60, "hello_timeout": 60, **options}
    return run(command, kit_of(*cases), **given)


HELLO = Hello("acme-kess", "2.3", "Go 1.22", ("canonicalize",), ())


def failed(number: int = 1, **fields: Any) -> Outcome:
    """Return a failure: a slash that is not escaped."""
    asked = case(
        id=f"document/write.slash/{number}",
        text=b'{"a":"/"}',
        result=b'{"a":"\\/"}',
    )
    answer = fields.pop("answer", b'{"a":"/"}')
    return Outcome(replace(asked, **fields), Verdict.failed, answer, milliseconds=1.25)


def passed(number: int = 1, **fields: Any) -> Outcome:
    """Return a case that passed."""
    one = case(id=f"document/write.slash/{number}", **fields)
    return Outcome(one, Verdict.passed, b"{}", milliseconds=0.5)


def outcome(verdict: Verdict, number: int = 1, **fields: Any) -> Outcome:
    """Return a case without an answer."""
    detail = fields.pop("detail", "why \x1b[31m")
    one = case(id=f"document/write.slash/{number}", **fields)
    return Outcome(one, verdict, detail=detail)


def result(*outcomes: Outcome, **fields: Any) -> Run:
    """Return a run with these outcomes."""
    kit = kit_of(*(one.case for one in outcomes))
    given = {"hello": HELLO, "kit": kit, "seconds": 0.2, **fields}
    return Run(outcomes=outcomes, **given)


def report(
    *outcomes: Outcome,
    known: str = "",
    required: Collection[str] = (),
    **fields: Any,
) -> Report:
    """Return the report of a run with these outcomes."""
    done = result(*outcomes, **fields)
    lines = read_known(known.encode(), done.kit)
    return Report(done, account_for(done, lines, required=required))
