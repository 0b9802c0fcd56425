"""
Take wrong signatures apart, so that each part is judged alone.

A signature with two faults is the answer of no known mistake. But it can be read, as
``kesspay explain`` reads a recording: how its base64 is written, how long it is, its
padding, its hash, and the text that it covers. So the outcome of a case becomes one
outcome for each part, with the known mistakes that change this part; a part that is
right speaks against them. What cannot be read stays whole.

The outcomes of parts are for ``blame`` alone. ``case_id`` gives the id of the case.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from kesspay.conformance.covered import numbers_of, searched_text
from kesspay.conformance.judge import Outcome, Verdict
from kesspay.conformance.kit import Refused
from kesspay.errors import CanonicalizationError
from kesspay.explain.body import DECODE_REASONS
from kesspay.explain.signature import SLIPS, RsaKey, examine
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kesspay.conformance.kit import Case


__all__ = ["case_id", "proves", "taken_apart"]

_MARK: Final = "#"

#: Slips that ``explain`` finds in the number behind the base64; the length says them.
_OF_LENGTH: Final = ("length", "zero_stripped", "reversed")
_WRITTEN: Final = tuple(slip for slip in SLIPS if slip not in _OF_LENGTH)
#: The parts that break their rule whatever the mistake is.
_PROOFS: Final = frozenset({*_WRITTEN, "length", "scheme", "hash"})
_YES: Final = b"yes"
_SIGN: Final = re.compile(rb'"sign"\s*:\s*"((?:[^"\\]|\\.)*)"\s*}\s*\Z', re.DOTALL)


def case_id(outcome: Outcome) -> str:
    """Return the id of the case that an outcome, or a part of one, is about."""
    return outcome.case.id.partition(_MARK)[0]


def proves(outcome: Outcome) -> bool:
    """Return whether a failure shows that its rule alone is broken."""
    return outcome.case.id.partition(_MARK)[2] in _PROOFS


def taken_apart(outcome: Outcome) -> tuple[Outcome, ...]:
    """
    Return the parts of an outcome.

    Args:
        outcome: of any case.

    Returns:
        The outcome alone, where it is no wrong signature or cannot be read.
    """
    case = outcome.case
    if outcome.verdict is not Verdict.failed or outcome.answer is None:
        return (outcome,)
    question = _question(case)
    actual = question and _parts(question, outcome.answer)
    if question is None or not actual:
        return (outcome,)
    wrong = {
        code: None if answer is None else _parts(question, answer)
        for code, answer in case.mistakes.items()
    }
    if isinstance(case.result, Refused):
        return (_refusable(outcome, actual, wrong),)
    return tuple(_judged(outcome, _right(question), actual, wrong))


@dataclass(frozen=True, slots=True)
class _Question:
    """
    What a signature is about.

    Args:
        op: "sign" or "body".
        text: that was given.
        canonical: what has to be signed; empty where nothing has.
        readable: whether the text is an object or a list of JSON.
        key: that signs.
    """

    op: str
    text: bytes
    canonical: bytes
    readable: bool
    key: RsaKey


def _question(case: Case) -> _Question | None:
    """Return what a case asks to sign; None where it asks something else."""
    if case.op not in ("sign", "body") or case.key is None:
        return None
    key = numbers_of(case.key, case.password)
    if key is None:
        return None
    profile = Profile.from_words(" ".join(case.profile))
    canonical, reason = b"", ""
    try:
        canonical = canonicalize(case.text, profile=profile)
    except CanonicalizationError as error:
        reason = error.reason
    readable = reason not in (*DECODE_REASONS, "top_level")
    return _Question(case.op, case.text, canonical, readable, key)


# ------------------------------------------------------------ reading an answer


def _right(question: _Question) -> dict[str, bytes]:
    """Return the parts of a right answer."""
    return {
        **dict.fromkeys(_WRITTEN, b""),
        "length": _count(question.key.size),
        "size": _count(question.key.size),
        "scheme": b"pkcs1",
        "hash": b"sha256",
        "text": _digest(question.canonical),
        "sign_type": b"RSA2",
        "members": question.canonical,
    }


@lru_cache(maxsize=8192)
def _parts(question: _Question, answer: bytes) -> Mapping[str, bytes]:
    """Read an answer; what cannot be read is not there."""
    if question.op == "sign":
        return _signature(question, answer.decode("latin-1"))
    found = _SIGN.search(answer)
    if found is None:
        return {}
    parts: dict[str, bytes] = {"body": answer[: found.start(1)]}
    try:
        sign = json.loads(b'"' + found[1] + b'"')
        parts["members"] = canonicalize(answer)
        parts["sign_type"] = str(json.loads(answer).get("sign_type")).encode()
    except (CanonicalizationError, AttributeError, ValueError, RecursionError):
        return parts
    return {**parts, **_signature(question, sign)}


def _signature(question: _Question, sign: str) -> dict[str, bytes]:
    """Read the base64 of a signature, and what is in it."""
    if not sign:
        return {}
    key = question.key
    found = examine(sign, [key], question.canonical)
    parts = {slip: _YES if slip in found.slips else b"" for slip in _WRITTEN}
    size = _count(len(found.value))
    recovered = found.recovered
    if recovered is None:
        # Of a number of the right length that is no signature nothing is known. One of
        # another length was cut, or its text is read wrongly here.
        return {} if len(found.value) == key.size else {**parts, "size": size}
    parts["length"] = b"reversed" if "reversed" in found.slips else size
    parts["scheme"] = recovered.kind.encode()
    if recovered.null_missing:
        parts["scheme"] = b"no NULL"
    if recovered.algorithm:
        parts["hash"] = recovered.algorithm.encode()
    if recovered.algorithm == "sha256" and recovered.kind == "pkcs1":
        parts["text"] = recovered.payload
    else:
        covered = next(filter(recovered.covers, _likely(question)), None)
        if covered is None:
            covered = _searched(question, recovered.covers)
        if covered is not None and (proof := recovered.covering(covered)):
            parts["hash"] = proof.algorithm.encode()
        parts["text"] = b"unknown" if covered is None else _digest(covered)
    return parts


def _count(size: int) -> bytes:
    return str(size).encode()


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _likely(question: _Question) -> Iterator[bytes]:
    """Give the texts that are signed most, right and wrong."""
    yield question.canonical
    yield question.text
    yield question.canonical + b"\n"
    yield b""


def _searched(question: _Question, covers: Callable[[bytes], bool]) -> bytes | None:
    """Search for the text with a known mistake in it that was signed."""
    if not question.readable:
        return None
    return searched_text(question.text, question.canonical, covers)


# ------------------------------------------------------------ judging the parts


def _judged(
    outcome: Outcome,
    right: Mapping[str, bytes],
    actual: Mapping[str, bytes],
    wrong: Mapping[str, Mapping[str, bytes] | None],
) -> tuple[Outcome, ...]:
    """Judge each part that could be read; the whole where none of them is wrong."""
    found = []
    for name, expected in right.items():
        if name not in actual:
            continue
        mistakes: dict[str, bytes | None] = {
            code: parts[name]
            for code, parts in wrong.items()
            if parts is not None and parts.get(name, expected) != expected
        }
        if name == "text":
            # One part is enough to say that it did not refuse.
            mistakes |= {code: None for code, parts in wrong.items() if parts is None}
        verdict = Verdict.passed if actual[name] == expected else Verdict.failed
        rule = _rule_of(name, outcome.case.rule)
        found.append(
            _part(outcome, name, rule, expected, mistakes, verdict, actual[name])
        )
    if all(one.verdict is Verdict.passed for one in found):
        return (outcome,)
    return tuple(found)


def _rule_of(name: str, label: str) -> str:
    """Return the rule that a part is about."""
    if name in _WRITTEN:
        return "sign.base64"
    if name == "size":
        return "sign.length"
    if name in ("sign_type", "members"):
        return "body.plain"
    # What is wrong with the text of the plainest documents is another question.
    return label if name == "text" and label == "sign.plain" else f"sign.{name}"


def _refusable(
    outcome: Outcome,
    actual: Mapping[str, bytes],
    wrong: Mapping[str, Mapping[str, bytes] | None],
) -> Outcome:
    """Judge what was signed where nothing should have been, however it was signed."""
    name = "text" if outcome.case.op == "sign" else "body"
    if name not in actual:
        return outcome
    # Which members a body has, whatever its sign_type; a list with such a tail is
    # no JSON, and is compared as it is.
    if "members" in actual:
        name = "members"
    mistakes = {
        code: parts[name]
        for code, parts in wrong.items()
        if parts is not None and name in parts
    }
    rule, result = outcome.case.rule, outcome.case.result
    return _part(outcome, name, rule, result, mistakes, outcome.verdict, actual[name])


def _part(
    outcome: Outcome,
    name: str,
    rule: str,
    result: bytes | Refused,
    mistakes: Mapping[str, bytes | None],
    verdict: Verdict,
    answer: bytes,
) -> Outcome:
    case = replace(
        outcome.case,
        id=f"{outcome.case.id}{_MARK}{name}",
        rule=rule,
        result=result,
        mistakes=mistakes,
    )
    return replace(outcome, case=case, verdict=verdict, answer=answer)
