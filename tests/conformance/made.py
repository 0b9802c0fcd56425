"""Programs that make known mistakes, and their outcomes: what blame is measured on."""

from __future__ import annotations

import json
import random
from base64 import b64decode, b64encode
from functools import cache
from typing import TYPE_CHECKING

from kesspay.conformance.adapter import Reply
from kesspay.conformance.judge import judge
from kesspay.errors import InvalidSignature, KesspayError
from kesspay.signing.keys import PrivateKey, PublicKey
from tests.conformance import broken, broken_keys, broken_sign, broken_verify
from tests.conformance.broken_base64 import decode_base64
from tests.conformance.broken_keys import Refused


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kesspay.conformance.judge import Outcome
    from kesspay.conformance.kit import Case, Kit


__all__ = ["answer", "draw", "outcomes", "single", "throughout"]


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


def throughout(kit: Kit, code: str) -> list[Outcome]:
    """
    Return the outcomes of a program that also signs and verifies its wrong text.

    Args:
        kit: that is asked.
        code: of a mistake in the text of a document.
    """
    found = []
    for case, outcome in zip(kit.cases, single(kit, code), strict=True):
        if case.op not in ("sign", "verify") or case.key is None:
            found.append(outcome)
            continue
        text = broken.canonicalize(case.text, code)
        if case.op == "verify":
            made = text if text is not None and _verifies(case, text) else None
        else:
            key = None if text is None else _private(case.key, case.password)
            made = None if key is None or text is None else b64encode(key.sign(text))
        found.append(judge(case, _reply(made)))
    return found


def _verifies(case: Case, text: bytes) -> bool:
    """Whether a verifier that is right otherwise accepts a body over this text."""
    assert case.key is not None
    key = _public(case.key)
    if key is None:
        return False
    try:
        return key.verify_document(case.text) == text
    except InvalidSignature as error:
        if error.reason != "mismatch":
            return False
    except KesspayError:
        return False
    try:
        key.verify(text, b64decode(json.loads(case.text)["sign"]))
    except KesspayError:
        return False
    return True


@cache
def _private(key: bytes, password: bytes | None) -> PrivateKey:
    return PrivateKey.from_pem(key, password)


@cache
def _public(key: bytes) -> PublicKey | None:
    try:
        return PublicKey.from_pem(key)
    except KesspayError:
        return None


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
