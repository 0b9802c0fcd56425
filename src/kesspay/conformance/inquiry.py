"""
The reverse of the kit: from a recorded body to the rules that a program breaks.

The wrong answer to the body is explained by the search of ``kesspay explain``. Where
the program can be asked, each fault is shrunk to the smallest document that shows it.
What the search does not explain is compared with the cases of the kit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kesspay.conformance.causes import rule_of
from kesspay.conformance.shrink import QUESTIONS, SameFault, shrink
from kesspay.errors import CanonicalizationError
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.conformance.kit import Kit, Rule
    from kesspay.explain.mistakes import Mistake
    from kesspay.signing.profile import Profile


__all__ = ["Fault", "Inquiry", "Right", "inquire", "right_answer"]


@dataclass(frozen=True, slots=True)
class Right:
    """
    The right answer to a document.

    Attributes:
        canonical: the bytes, or None where it must be refused.
        reason: why it must be refused; else "".
    """

    canonical: bytes | None
    reason: str = ""


def right_answer(document: bytes, profile: Profile = PHP_8) -> Right:
    """Return the canonical form of a document, or why it has none."""
    try:
        return Right(canonicalize(document, profile=profile))
    except CanonicalizationError as error:
        return Right(None, error.reason)


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One fault of a program.

    Attributes:
        code: of the known mistake; "" where none gives this answer.
        rule: that is broken, or None where it is not known.
        text: what was done, or "".
        advice: what to do instead, or "".
        document: the smallest that shows it; the whole body where the program could
            not be asked.
        right: the right answer to it.
        actual: the wrong one, or None for a refusal.
    """

    code: str
    rule: Rule | None
    text: str
    advice: str
    document: bytes
    right: Right
    actual: bytes | None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """
    The findings about a body.

    Attributes:
        right: the right answer to it.
        actual: the program's, or None for a refusal.
        faults: what is wrong with it; empty where it is right.
        asked: how many questions the program was asked.
        finished: whether nothing more can be left out of the documents of the faults.
    """

    right: Right
    actual: bytes | None
    faults: tuple[Fault, ...]
    asked: int
    finished: bool


def inquire(
    document: bytes,
    actual: bytes | None,
    kit: Kit,
    *,
    ask: Callable[[bytes], bytes | None] | None = None,
    profile: Profile = PHP_8,
    questions: int = QUESTIONS,
) -> Inquiry:
    """
    Find out what a program does wrong with a document.

    Args:
        document: a recorded body.
        actual: the program's answer; None where it refused.
        kit: whose rules are named.
        ask: asks the program; it returns None for a refusal. Without it nothing is
            shrunk.
        profile: the PHP settings of the gateway.
        questions: how often the program is asked at most.
    """
    right = right_answer(document, profile)
    first = SameFault(document, actual, profile)
    if not first.is_one:
        return Inquiry(right, actual, (), 0, finished=True)
    faults: list[Fault] = []
    asked, finished = 0, ask is not None
    for mistake in first.mistakes or (None,):
        text, answer = document, actual
        if ask is not None:
            answers: dict[bytes, bytes | None] = {document: actual}
            shrunk = shrink(
                document,
                _test_of(first, mistake, ask, answers),
                questions=questions - asked,
            )
            asked += shrunk.asked
            finished = finished and shrunk.finished
            text, answer = shrunk.text, answers[shrunk.text]
        faults.append(_fault(text, answer, mistake, kit, profile))
    return Inquiry(right, actual, tuple(faults), asked, finished=finished)


def _test_of(
    fault: SameFault,
    mistake: Mistake | None,
    ask: Callable[[bytes], bytes | None],
    answers: dict[bytes, bytes | None],
) -> Callable[[bytes], bool]:
    """Return what asks the program, and keeps the answer where the fault is in it."""

    def differs(text: bytes) -> bool:
        answer = ask(text)
        is_in = fault.is_in(text, answer, mistake)
        if is_in:
            answers[text] = answer
        return is_in

    return differs


def _fault(
    text: bytes,
    answer: bytes | None,
    mistake: Mistake | None,
    kit: Kit,
    profile: Profile,
) -> Fault:
    """Name a fault: by its mistake, by that of the small document, or by the kit."""
    right = right_answer(text, profile)
    if mistake is None:
        small = SameFault(text, answer, profile).mistakes
        mistake = small[0] if small else None
    if mistake is not None:
        code, what, fix = mistake.code, mistake.what, mistake.fix
        return Fault(code, rule_of(code, kit), what, fix, text, right, answer)
    code, rule = _in_kit(text, answer, kit)
    what = kit.mistakes[code].title if code else ""
    return Fault(code, rule, what, "", text, right, answer)


def _in_kit(text: bytes, answer: bytes | None, kit: Kit) -> tuple[str, Rule | None]:
    """Look for the document among the cases, and for the answer in them."""
    rule = None
    for case in kit.cases:
        if case.op != "canonicalize" or case.text != text:
            continue
        rule = kit.rules[case.rule]
        for code, wrong in case.mistakes.items():
            if wrong == answer:
                return code, kit.rules[kit.mistakes[code].rule]
    # A good document that is refused says nothing of the rule that it is a case of.
    return "", None if answer is None else rule
