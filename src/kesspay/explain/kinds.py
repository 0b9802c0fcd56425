"""
Requests and answers: whose mistake it is decides what to do.

A partner signs requests, and can write them otherwise. The gateway signs answers: its
text is as it is, so that a partner asks KESS, or chooses the profile of its PHP.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, get_args

from kesspay.explain.members import CODES as MEMBERS
from kesspay.explain.mistakes import MISTAKES
from kesspay.explain.raw import RAW
from kesspay.explain.render import Members
from kesspay.explain.report import Kind


if TYPE_CHECKING:
    from collections.abc import Iterable

    from kesspay.explain.render import Node
    from kesspay.explain.report import Finding


__all__ = ["addressed", "assumed_kind", "is_kind"]

#: Members at the top level of answers, and the one that each request has.
_ANSWER: Final = frozenset({"success", "code", "data", "error_code", "result_code"})
_REQUEST: Final = "service"

#: Findings whose advice is for the signer.
_SIGNERS: Final = frozenset({*(m.code for m in MISTAKES), *MEMBERS, *RAW})
_MADE: Final = ("digest_", "padding_")

_UNKNOWN: Final = (
    "print the bytes that go into the signing function, and give them as the expected "
    "text; look whether a value is changed after signing, or a secret is in the text"
)
_OWN: Final[dict[str, str]] = {
    "key_own": "requests verify with the public half of your own private key",
    "key_own_signed": "your own private key made the signature, as that of a request",
}
_REFLECTED: Final = "as an answer of the gateway, trust nothing in it"


def is_kind(word: object) -> bool:
    """Return whether a word names a kind."""
    return word in get_args(Kind)


def assumed_kind(document: Node, *, own: bool) -> Kind:
    """
    Return what a body most likely is.

    Args:
        document: as ``nodes.read`` gives it, or None.
        own: True where your own private key made the signature.

    Returns:
        What the members at the top level show; where they show nothing, a request if
        your own key signed it.
    """
    keys = {key for key, _ in document} if isinstance(document, Members) else set()
    if keys & _ANSWER:
        return "answer"
    return "request" if _REQUEST in keys or own else "answer"


def addressed(findings: Iterable[Finding], kind: Kind) -> list[Finding]:
    """Write each advice for who can follow it: the reader, or the gateway."""
    change = _of_request if kind == "request" else _of_answer
    return [change(finding) for finding in findings]


def _of_request(finding: Finding) -> Finding:
    if finding.code == "text_unknown":
        return replace(finding, advice=_UNKNOWN)
    if finding.code in _OWN:
        text = _OWN[finding.code]
        return replace(finding, text=text, advice=_REFLECTED, sort="note")
    return finding


def _of_answer(finding: Finding) -> Finding:
    signers = finding.code in _SIGNERS or finding.code.startswith(_MADE)
    if not signers or finding.sort == "note":
        return finding
    advice = f"send this explanation to KESS, whose gateway has to: {finding.advice}"
    return replace(finding, advice=advice)
