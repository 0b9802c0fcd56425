"""Compare the text that the other side says it signed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kesspay.audit.difference import first_difference, value_differences
from kesspay.audit.report import ExpectedReport, Finding
from kesspay.audit.signedtext import find_signed_text
from kesspay.audit.tree import Members, read
from kesspay.errors import CanonicalizationError
from kesspay.signing.canonical import canonicalize_text


if TYPE_CHECKING:
    from kesspay.audit.difference import Difference, ValueDifference
    from kesspay.audit.signature import Examined
    from kesspay.audit.signedtext import SignedText, Subject
    from kesspay.audit.tree import Node


__all__ = ["compare"]

_NAMED: Final = 3
_MAX_DEPTH: Final = 64


@dataclass(frozen=True, slots=True)
class _Text:
    """The expected text as it is compared, and what it is."""

    text: bytes
    document: Node
    newline_cut: bool


def compare(
    expected: bytes,
    subject: Subject,
    examined: Examined | None,
    signed: SignedText | None,
) -> tuple[ExpectedReport, tuple[Finding, ...]]:
    """
    Compare the expected text with the canonical form and the signature.

    Args:
        expected: the text that the other side says it signed.
        subject: the body, which has a canonical form.
        examined: its signature, or None where there is none.
        signed: how the text that was signed came about, or None where it is
            not known.

    Returns:
        The comparison, and what it means in words.
    """
    theirs = _read(expected, subject, examined)
    covered = None
    if examined is not None and examined.recovered is not None:
        covered = examined.covers(theirs.text)
    difference = first_difference(subject.canonical, theirs.text)
    values: tuple[ValueDifference, ...] = ()
    made: SignedText | None = None
    if difference is not None:
        if theirs.document is not None:
            values = value_differences(subject.document, theirs.document)
        made = signed
        if not covered:
            made = find_signed_text(subject, theirs.text.__eq__)
    report = ExpectedReport(
        sha256=hashlib.sha256(theirs.text).hexdigest(),
        length=len(theirs.text),
        equal=difference is None,
        covered=covered,
        difference=difference,
        values=values,
        mistakes=made.codes if made else (),
    )
    return report, _findings(theirs, report, made)


def _read(expected: bytes, subject: Subject, examined: Examined | None) -> _Text:
    """
    Read the expected text.

    Editors and shells end a file with a line break that was not signed. It is
    cut off where only that makes the text fit something.
    """
    cut = expected.rstrip(b"\r\n")
    fits = [subject.canonical]
    newline_cut = (
        cut != expected
        and not (examined is not None and examined.covers(expected))
        and (cut in fits or (examined is not None and examined.covers(cut)))
    )
    text = cut if newline_cut else expected
    return _Text(text, _document(text), newline_cut)


def _document(text: bytes) -> Node:
    """Read the text as a document; None where it is none."""
    try:
        canonicalize_text(text, max_depth=_MAX_DEPTH)
    except CanonicalizationError:
        return None
    return read(text.decode())


def _findings(
    theirs: _Text, report: ExpectedReport, made: SignedText | None
) -> tuple[Finding, ...]:
    """Put the comparison into words."""
    found: list[Finding] = []
    if theirs.newline_cut:
        found.append(
            Finding(
                "expected_newline",
                "the expected text is compared without its final line break",
                sort="note",
            )
        )
    if report.difference is None:
        found.append(
            Finding(
                "expected_equal",
                "the expected text is the canonical form, byte for byte",
                sort="note",
            )
        )
    else:
        found += _about_difference(theirs, report.difference, report.values)
    if made is not None:
        found += made.findings
    if report.covered is not None:
        found.append(_about_cover(report))
    return tuple(found)


def _about_difference(
    theirs: _Text,
    difference: Difference,
    values: tuple[ValueDifference, ...],
) -> list[Finding]:
    """Say in what the expected text differs."""
    found = [
        Finding(
            "expected_differs",
            f"the expected text is not the canonical form: {difference.summary}",
            "compare how the other side builds the text it signs",
        )
    ]
    document = theirs.document
    if isinstance(document, Members) and "sign" in dict(document):
        found.append(
            Finding(
                "expected_is_body",
                'the expected text holds "sign": it is a body, not the text '
                "that was signed",
                "ask for the exact bytes that go into the signing function",
                sort="note",
            )
        )
    if values:
        parts = [
            f"{v.path} is {v.ours or 'missing'} in the body and "
            f"{v.theirs or 'missing'} in the expected text"
            for v in values[:_NAMED]
        ]
        more = len(values) - _NAMED
        if more > 0:
            parts.append(f"and {more} more")
        found.append(
            Finding(
                "values_differ",
                "the two texts hold different values: " + "; ".join(parts),
                "find out who changed the value, and when; the body is not "
                "what was signed",
            )
        )
    return found


def _about_cover(report: ExpectedReport) -> Finding:
    """Say whether the signature was made over the expected text."""
    if report.covered:
        return Finding(
            "expected_covered",
            "the signature was made over exactly the expected text",
            sort="note",
        )
    return Finding(
        "expected_not_covered",
        f"the signature was not made over the expected text (SHA-256 {report.sha256})",
        "ask for the exact bytes that went into the signing function",
    )
