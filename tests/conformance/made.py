"""Programs that make known mistakes, and their outcomes: what blame is measured on."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from kesspay.conformance.adapter import Reply
from kesspay.conformance.judge import judge
from tests.conformance import broken, broken_keys, broken_sign, broken_verify
from tests.conformance.broken_base64 import decode_base64
from tests.conformance.broken_keys import Refused


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kesspay.conformance.judge import Outcome
    from kesspay.conformance.kit import Case, Kit


__all__ = ["answer", "draw", "outcomes", "single"]


def single(kit: Kit, code: str) -> list[Outcome]:
    """Return the outcomes of a program with one mistake, as the kit has them."""
    return [
        judge(case, _reply(case.mistakes[code]))
        if code in case.mistakes
        else judge(case, _right(case))
        for case in kit.cases
    ]


def outcomes(kit: Kit, codes: Sequence[str], *, cases: Iterable[Case]) -> list[Outcome]:
    """
    Return the outcomes of a program with several mistakes.

    Args:
        kit: that is asked.
        codes: of the mistakes.
        cases: that are answered; the others pass.
    """
    asked = {case.id for case in cases}
    return [
        judge(case, _reply(answer(case, *codes)))
        if case.id in asked
        else judge(case, _right(case))
        for case in kit.cases
    ]


def draw(codes: Sequence[str], count: int, size: int, seed: int) -> list[list[str]]:
    """Draw so many sets of so many mistakes."""
    chance = random.Random(seed)
    return [chance.sample(codes, size) for _ in range(count)]


def _reply(content: bytes | None) -> Reply:
    return Reply("refused") if content is None else Reply("bytes", content)


def _right(case: Case) -> Reply:
    """Answer right; for a body that needs the signature itself."""
    if case.op == "body" and isinstance(case.result, bytes):
        return _reply(answer(case))
    return _reply(case.result if isinstance(case.result, bytes) else None)


def answer(case: Case, *codes: str) -> bytes | None:
    """Return what a program with these mistakes answers; None where it refuses."""
    wrong = frozenset(codes)
    try:
        if case.op in ("canonicalize", "canonicalize-tree"):
            asked = (
                broken.canonicalize
                if case.op == "canonicalize"
                else broken.canonicalize_tree
            )
            return asked(case.text, *codes, profile=" ".join(case.profile))
        if case.op == "base64":
            return decode_base64(case.text, wrong)
        if case.op == "key":
            assert case.kind is not None
            return broken_keys.load(case.kind, case.text, case.password, wrong).spki
        assert case.key is not None
        if case.op == "verify":
            return broken_verify.verify(case.key, case.text, wrong)
        if case.op == "sign":
            return broken_sign.sign(case.key, case.text, wrong)
        return broken_sign.signed_body(case.key, case.text, wrong)
    except (Refused, UnicodeError, RecursionError):
        return None
