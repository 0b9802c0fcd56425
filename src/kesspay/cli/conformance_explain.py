"""``kesspay conformance explain``: a case of the kit, or a recorded body."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay._pages import located
from kesspay.cli.inputs import read_file
from kesspay.cli.options import (
    FILE,
    FiniteRange,
    interrupting_signals,
    json_option,
    profile_options,
)
from kesspay.cli.outcome import EXIT_CHECK_FAILED, EXIT_OK, Outcome
from kesspay.conformance.adapter import Adapter, shown
from kesspay.conformance.blame import blame
from kesspay.conformance.inquiry import inquire, right_answer
from kesspay.conformance.judge import Outcome as Judged
from kesspay.conformance.judge import SignedTexts, Verdict, profile_name, run
from kesspay.conformance.kit import Refused, load
from kesspay.conformance.oneliner import one_liner
from kesspay.conformance.report import STAGE0, question, refused_words
from kesspay.errors import InputError
from kesspay.explain.expected import first_difference


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kesspay.cli.printer import Printer
    from kesspay.conformance.blame import Blame, Blames
    from kesspay.conformance.inquiry import Fault, Inquiry
    from kesspay.conformance.kit import Case, Kit, Rule
    from kesspay.signing.profile import Profile


__all__ = ["explain_command"]

_HELP: Final = """Explain a case of the kit, or a recorded body.

\b
    kesspay conformance explain ID [--actual FILE | --refused]
    kesspay conformance explain --document FILE [--actual FILE | --refused]
    kesspay conformance explain --document FILE -- CMD ARG...

With ID: what is asked, the right answer, the PHP that gives it, and what
each known mistake answers. With --document: which rules the answer to this
body breaks. With CMD, an adapter as for run, the body is made as small as
the fault allows, with at most 2,000 questions. An adapter that only signs
is asked for signatures, which show the texts. Exit code 1 means that the
answer is wrong, 2 that the adapter does not start or does not answer.

\b
JSON fields, with ID
    id, op, area, level, profile, comment, rule, title, doc, hints
    text_base64, expected_base64, refused     the question, and the answer
    php                     a command that gives the answer, or null
    mistakes                for each: code, rule, title, answer_base64 (null:
                            it refuses), is_actual
    verdict                 "passed", "failed", or null without an answer
    difference              where the answer differs first, or null
JSON fields, with --document
    verdict, expected_base64, refused, actual_base64, difference
    asked, finished         questions, and whether nothing more can be left out
    faults                  for each: code, rule, title, doc, text, advice,
                            document_base64, expected_base64, refused,
                            actual_base64
    blames                  where no fault is known: the rules that the whole
                            kit blames; for a refusal, those of refusals
    kit_refused             then also the good documents of the kit that are
                            refused beyond known mistakes, the plainest first
"""

#: How many documents of the kit are shown that are refused, too.
_SHOWN_REFUSED: Final = 3
#: Characters of a wrong signature, of which no one reads the rest.
_SHOWN_SIGNATURE: Final = 24


def _case_named(kit: Kit, name: str) -> Case:
    """Find a case."""
    for case in kit.cases:
        if case.id == name:
            return case
    if name in kit.withdrawn:
        raise InputError(f"the case {name} was withdrawn: {kit.withdrawn[name]}")
    of_rule = next((case.id for case in kit.cases if case.rule == name), "")
    if of_rule:
        raise InputError(f"this is a rule; give one of its cases, such as {of_rule}")
    raise InputError(
        "the kit has no case of this id; kesspay conformance list shows all"
    )


@click.command("explain", help=_HELP)
@click.option(
    "--document", "document_file", type=FILE, metavar="FILE", help="A body to look at."
)
@click.option(
    "--actual",
    "actual_file",
    type=FILE,
    metavar="FILE",
    help="What the program answered.",
)
@click.option("--refused", is_flag=True, help="The program refused it.")
@click.option(
    "--timeout",
    type=FiniteRange(0, 3600, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Seconds for each answer of CMD.",
)
@profile_options
@json_option
@click.argument("words", nargs=-1, metavar="[ID | -- CMD ARG...]")
def explain_command(
    profile: Profile,
    *,
    document_file: str | None,
    actual_file: str | None,
    refused: bool,
    timeout: float,
    words: tuple[str, ...],
) -> Outcome:
    """Explain a case, or a body."""
    if actual_file is not None and refused:
        raise click.UsageError("give --actual or --refused, not both")
    is_given = refused or actual_file is not None
    actual = None if actual_file is None else read_file(actual_file)
    kit = load()
    if document_file is None:
        if len(words) != 1:
            raise click.UsageError("give one ID, or --document FILE")
        case = _case_named(kit, words[0])
        return _about_case(case, kit, _judged(case, actual) if is_given else None)
    document = read_file(document_file)
    if words:
        if is_given:
            raise click.UsageError("the answer comes from CMD or from a file, not both")
        with interrupting_signals():
            return _asked(document, words, kit, profile, timeout)
    if not is_given:
        raise click.UsageError(
            "give --actual FILE, --refused, or -- and the command of an adapter"
        )
    return _about_document(inquire(document, actual, kit, profile=profile), kit)


# ------------------------------------------------------------ a case


def _judged(case: Case, actual: bytes | None) -> Judged:
    """Compare an answer with the right one."""
    right = None if isinstance(case.result, Refused) else case.result
    verdict = Verdict.passed if actual == right else Verdict.failed
    return Judged(case, verdict, actual, refused="" if actual is None else None)


def _about_case(case: Case, kit: Kit, judged: Judged | None) -> Outcome:
    rule = kit.rules[case.rule]
    result = case.result
    right, refused = _parts(result)
    actual = None if judged is None else judged.answer
    is_wrong = judged is not None and judged.verdict == Verdict.failed
    mistakes = [
        {
            "code": code,
            "rule": kit.mistakes[code].rule,
            "title": kit.mistakes[code].title,
            "answer_base64": _packed(answer),
            "is_actual": is_wrong and answer == actual,
        }
        for code, answer in case.mistakes.items()
    ]
    data = {
        **{name: getattr(case, name) for name in ("id", "op", "area", "level")},
        "profile": profile_name(case),
        "comment": case.comment,
        **_rule_fields(rule),
        "hints": dict(rule.hints),
        "text_base64": _packed(case.text),
        "expected_base64": _packed(right),
        "refused": refused,
        "php": one_liner(case),
        "mistakes": mistakes,
        "verdict": None if judged is None else judged.verdict.value,
        "difference": _difference(right, actual),
    }
    if not is_wrong:
        data["difference"] = None

    def view(printer: Printer) -> None:
        for line in _case_lines(case, rule, data):
            printer.line(line)
        for line in _mistake_lines(case, data):
            printer.line(line)
        if judged is not None:
            printer.line()
            for line in _verdict_lines(data, right, actual):
                printer.line(line)

    code = EXIT_CHECK_FAILED if is_wrong else EXIT_OK
    return Outcome("conformance explain", data, view, code)


def _parts(result: bytes | Refused) -> tuple[bytes | None, str | None]:
    """Return the right bytes, or why there must be none."""
    if isinstance(result, Refused):
        return None, f"{result.stage}: {result.reason}"
    return result, None


def _case_lines(case: Case, rule: Rule, data: dict[str, Any]) -> Iterator[str]:
    yield f"{case.id}   {case.op}   {case.level}"
    yield f"  {rule.id} is broken where {rule.title}. {located(rule.doc)} explains it."
    for language, hint in rule.hints.items():
        yield f"  {hint}" if language == "all" else f"  {language}: {hint}"
    if case.comment:
        yield f"  {case.comment}"
    if case.profile:
        yield f"  settings of PHP: {' '.join(case.profile)}"
    yield ""
    yield f"question  {_seen(case.text)}   ({len(case.text)} bytes)"
    yield f"answer    {_answer_words(data)}"
    if data["php"]:
        yield ""
        yield data["php"]


def _answer_words(data: dict[str, Any]) -> str:
    """Show the right answer."""
    if data["refused"] is not None:
        return f"refused ({data['refused']})"
    return _seen(base64.b64decode(data["expected_base64"]))


def _mistake_lines(case: Case, data: dict[str, Any]) -> Iterator[str]:
    if not case.mistakes:
        return
    yield ""
    yield "known mistakes"
    for row in data["mistakes"]:
        mark = "*" if row["is_actual"] else " "
        answer = case.mistakes[row["code"]]
        yield f"{mark} {row['code']} ({row['rule']}): {row['title']}"
        yield f"    {'refused' if answer is None else _brief(case, answer)}"


def _brief(case: Case, answer: bytes) -> str:
    """Show a wrong answer; of a signature its beginning, as a run does."""
    seen = _seen(answer)
    if case.op not in {"sign", "body"} or len(seen) <= 4 * _SHOWN_SIGNATURE:
        return seen
    return f"{seen[:_SHOWN_SIGNATURE]}..."


def _verdict_lines(
    data: dict[str, Any], right: bytes | None, actual: bytes | None
) -> Iterator[str]:
    if data["verdict"] == Verdict.passed.value:
        yield "the answer is right"
        return
    yield "the answer is wrong"
    yield from _difference_lines(data, right, actual)
    named = [row for row in data["mistakes"] if row["is_actual"]]
    for row in named:
        yield f"it is that of {row['code']}, which breaks {row['rule']}: {row['title']}"
    if not named:
        yield "no known mistake gives it"


# ------------------------------------------------------------ a body


def _asked(
    document: bytes, command: Sequence[str], kit: Kit, profile: Profile, timeout: float
) -> Outcome:
    """Ask an adapter about a body, and make the body smaller."""
    name = ",".join(profile.words().split())
    with Adapter(command, kit=kit.version, timeout=timeout) as adapter:
        signed = SignedTexts(adapter, kit, thorough=True)
        said: dict[bytes, str] = {}

        def ask(text: bytes) -> bytes | None:
            fields = {"op": "canonicalize", "profile": name, "text": _packed(text)}
            reply = None
            if "canonicalize" not in adapter.hello.ops:
                reply = signed.ask(_case_of(text, kit, profile))
            if reply is None:
                reply = adapter.ask({k: v or "" for k, v in fields.items()})
            if reply.kind not in ("bytes", "refused"):
                raise InputError(
                    f"the adapter has no answer ({reply.kind}): {shown(reply.words)}. "
                    "Next: kesspay conformance run shows what it can do."
                )
            if reply.kind == "refused":
                said[text] = reply.words
            return reply.content if reply.kind == "bytes" else None

        found = inquire(document, ask(document), kit, ask=ask, profile=profile)
    blames = None
    if unknown := [fault for fault in found.faults if fault.code == ""]:
        cases = [case for case in kit.cases if case.op == "canonicalize"]
        blames = blame(run(command, kit, cases=cases, timeout=timeout).outcomes, kit)
        if all(map(_is_refusal, unknown)):
            blames = replace(blames, firm=tuple(filter(_refuses, blames.firm)))
    return _about_document(found, kit, blames, said)


def _is_refusal(fault: Fault) -> bool:
    """Return whether a good document was refused."""
    return fault.actual is None and fault.right.canonical is not None


def _refuses(one: Blame) -> bool:
    """Return whether a rule is blamed for refusals: only they explain another one."""
    return any(outcome.refused is not None for outcome in one.outcomes)


def _case_of(document: bytes, kit: Kit, profile: Profile) -> Case:
    """Return a body as a case, whose right answer is known."""
    right = right_answer(document, profile)
    plain = next(case for case in kit.cases if case.op == "canonicalize")
    return replace(
        plain,
        text=document,
        result=right.canonical or Refused(reason=right.reason, stage=""),
        mistakes={},
        profile=tuple(profile.words().split()),
    )


def _about_document(
    found: Inquiry,
    kit: Kit,
    blames: Blames | None = None,
    said: Mapping[bytes, str] = MappingProxyType({}),
) -> Outcome:
    right = found.right.canonical
    named = () if blames is None else blames.firm
    data: dict[str, Any] = {
        "kit": kit.version,
        "verdict": "failed" if found.faults else "passed",
        **_answers(right, found.right.reason, found.actual),
        "difference": _difference(right, found.actual) if found.faults else None,
        "asked": found.asked,
        "finished": found.finished,
        "faults": [_fault_fields(fault) for fault in found.faults],
        "blames": [_rule_fields(one.rule) for one in named],
        "kit_refused": [] if blames is None else [o.case.id for o in blames.refused],
    }

    def view(printer: Printer) -> None:
        if not found.faults:
            printer.line("the answer is right")
            return
        printer.line("the answer is wrong")
        for line in _difference_lines(data, right, found.actual):
            printer.line(line)
        for fault in found.faults:
            printer.line()
            for line in _fault_lines(fault, found, kit, said):
                printer.line(line)
        for line in () if blames is None else _kit_lines(blames):
            printer.line(line)

    code = EXIT_CHECK_FAILED if found.faults else EXIT_OK
    return Outcome("conformance explain", data, view, code)


def _kit_lines(blames: Blames) -> Iterator[str]:
    """Yield what the program does with the cases of the kit."""
    if blames.stage0 is not None:
        yield ""
        yield STAGE0[blames.stage0]
    if blames.refused:
        yield ""
        yield refused_words(blames)
        for one in blames.refused[:_SHOWN_REFUSED]:
            yield f"  {one.case.id}   {question(one)}"
    if blames.firm or not (blames.refused or blames.stage0):
        yield ""
        yield "the whole kit blames"
        for blamed in blames.firm:
            rule = blamed.rule
            yield f"  {rule.id}   {rule.title}   {located(rule.doc)}"
        if not blames.firm:
            yield "  nothing"


def _fault_fields(fault: Fault) -> dict[str, Any]:
    fields = {"code": fault.code, "rule": None, "title": "", "doc": None}
    if fault.rule is not None:
        fields |= _rule_fields(fault.rule)
    return {
        **fields,
        "text": fault.text,
        "advice": fault.advice,
        "document_base64": _packed(fault.document),
        **_answers(fault.right.canonical, fault.right.reason, fault.actual),
    }


def _fault_lines(
    fault: Fault, found: Inquiry, kit: Kit, said: Mapping[bytes, str]
) -> Iterator[str]:
    rule = fault.rule
    if rule is not None:
        yield f"{'' if fault.text else 'perhaps '}{rule.id}   {rule.title}"
    if fault.text:
        yield f"  {fault.text} [{fault.code}]"
    elif _is_refusal(fault):
        yield "  the program refuses it, and no known mistake does"
    else:
        yield "  no known mistake gives this answer"
    if fault.advice:
        yield f"  -> {fault.advice}"
    if rule is not None:
        yield f"  {located(rule.doc)}"
    if not found.asked:
        return
    more = "" if found.finished else ", and more could be left out"
    yield f"  the smallest document, after {found.asked} questions{more}"
    yield f"    document  {_seen(fault.document)}"
    right = fault.right
    yield f"    expected  {_seen_or_refused(right.canonical, right.reason)}"
    words = f": {shown(said[fault.document])}" if said.get(fault.document) else ""
    yield f"    actual    {_seen_or_refused(fault.actual)}{words}"
    yield "  for a report"
    yield f"    {json.dumps({'kit': kit.version, **_fault_fields(fault)})}"


# ------------------------------------------------------------ what both show


def _packed(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _seen(content: bytes) -> str:
    """Show bytes as they are where they can be printed, else escaped."""
    return shown(content) or "(nothing)"


def _seen_or_refused(content: bytes | None, reason: str = "") -> str:
    if content is None:
        return f"refused ({reason})" if reason else "refused"
    return _seen(content)


def _rule_fields(rule: Rule) -> dict[str, Any]:
    return {"rule": rule.id, "title": rule.title, "doc": rule.doc}


def _answers(
    right: bytes | None, reason: str, actual: bytes | None
) -> dict[str, str | None]:
    return {
        "expected_base64": _packed(right),
        "refused": reason if right is None else None,
        "actual_base64": _packed(actual),
    }


def _difference(right: bytes | None, actual: bytes | None) -> dict[str, Any] | None:
    """Return the first difference of two answers, where both are bytes."""
    if right is None or actual is None:
        return None
    found = first_difference(right, actual)
    if found is None:
        return None
    return {
        "position": found.position,
        "expected": found.ours,
        "actual": found.theirs,
        "marker": found.marker,
    }


def _difference_lines(
    data: dict[str, Any], right: bytes | None, actual: bytes | None
) -> Iterator[str]:
    found = data["difference"]
    if found is None:
        yield f"  expected  {_seen_or_refused(right, data['refused'] or '')}"
        yield f"  actual    {_seen_or_refused(actual)}"
        return
    yield f"  first difference, at byte {found['position']}"
    yield f"  expected  {found['expected']}"
    yield f"  actual    {found['actual']}"
    yield f"            {' ' * found['marker']}^"
