"""Where two texts part, and what that means for the values in them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kesspay.explain.nodes import read_document
from kesspay.explain.render import Members, Number, brief, path_of
from kesspay.explain.report import Difference, ExpectedReport, Finding, ValueDifference
from kesspay.explain.search import find_signed_text


if TYPE_CHECKING:
    from kesspay.explain.render import Node
    from kesspay.explain.report import Kind
    from kesspay.explain.search import SignedText, Subject
    from kesspay.explain.signature import Examined


__all__ = [
    "compare",
    "first_difference",
    "shown_bytes",
    "value_differences",
]


# ------------------------------------------------------------ differences


_AROUND: Final = 24
_MANY: Final = 20


def first_difference(ours: bytes, theirs: bytes) -> Difference | None:
    """Find the first byte in which two texts differ; None if they are equal."""
    if ours == theirs:
        return None
    position = _common(ours, theirs)
    start = max(0, position - _AROUND)
    stop = position + _AROUND
    before = shown_bytes(ours[start:position])
    return Difference(
        position=position,
        ours=shown_bytes(ours[start:stop]),
        theirs=shown_bytes(theirs[start:stop]),
        marker=len(before),
        summary=(
            f"at byte {position} the canonical form has "
            f"{_named(ours, position)}, the other text "
            f"{_named(theirs, position)}"
        ),
    )


def value_differences(ours: Node, theirs: Node) -> tuple[ValueDifference, ...]:
    """
    List the values that differ, whatever their order and spelling.

    ``sign`` and ``sign_type`` at the top are left out; at most 20 are listed.
    """
    found: list[ValueDifference] = []
    work: list[tuple[str, Node, Node]] = [
        ("document", _unsigned(ours), _unsigned(theirs))
    ]
    while work and len(found) < _MANY:
        path, mine, other = work.pop()
        left, right = _children(mine), _children(other)
        if left is None or right is None:
            if not _same(mine, other):
                found.append(ValueDifference(path, brief(mine), brief(other)))
            continue
        inner: list[tuple[str, Node, Node]] = []
        for key in left | right:
            place = _place(path, key, mine, other)
            if key in left and key in right:
                inner.append((place, left[key], right[key]))
                continue
            found.append(
                ValueDifference(
                    place,
                    brief(left[key]) if key in left else None,
                    brief(right[key]) if key in right else None,
                )
            )
        work += reversed(inner)
    return tuple(found[:_MANY])


def _common(ours: bytes, theirs: bytes) -> int:
    """Measure how far two texts agree, by halving the piece in doubt."""
    low, high = 0, min(len(ours), len(theirs))
    while low < high:
        middle = (low + high + 1) // 2
        if ours[low:middle] == theirs[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def shown_bytes(piece: bytes) -> str:
    r"""Show bytes as printable ASCII; the others as \xNN."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in piece
    )


def _named(text: bytes, position: int) -> str:
    """Name the byte at a position, or the end of the text."""
    if position == len(text):
        return "its end"
    byte = text[position]
    if 0x20 < byte < 0x7F:
        return f"{chr(byte)!r}"
    names = {0x20: "a blank", 0x0A: "a line feed", 0x0D: "a carriage return"}
    return names.get(byte, f"the byte {byte:02x}")


def _unsigned(node: Node) -> Node:
    """Leave out the members that are not signed."""
    if not isinstance(node, Members):
        return node
    return Members((k, v) for k, v in node if k not in ("sign", "sign_type"))


def _children(node: Node) -> dict[str, Node] | None:
    """
    Give the values inside, by key; None for a value without inside.

    An array is what PHP makes of it: keys 0, 1, and so on.
    """
    if isinstance(node, Members):
        return dict(node)
    if isinstance(node, list):
        return {str(i): value for i, value in enumerate(node)}
    return None


def _place(path: str, key: str, mine: Node, other: Node) -> str:
    """Append a key to a path, as an index where both are arrays."""
    if isinstance(mine, Members) or isinstance(other, Members):
        return path_of(path, key)
    return f"{path}[{key}]"


def _same(mine: Node, other: Node) -> bool:
    """Compare two values by their exact spelling, but strings unescaped."""
    if isinstance(mine, Number) and isinstance(other, Number):
        return mine.text == other.text or _float(mine) == _float(other)
    return type(mine) is type(other) and json.dumps(mine) == json.dumps(other)


def _float(number: Number) -> float | int:
    """Read a number as PHP would, near enough to compare."""
    text = number.text
    if number.is_integer and len(text) < _AROUND:
        return int(text)
    return float(text)


# ------------------------------------------------------------ the expected text


_NAMED: Final = 3


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
    kind: Kind = "answer",
) -> tuple[ExpectedReport, tuple[Finding, ...]]:
    """
    Compare the expected text with the canonical form and the signature.

    Args:
        expected: the text that the other side says it signed.
        subject: the body, which has a canonical form.
        examined: its signature, or None where there is none.
        signed: how the text that was signed came about, or None where it is
            not known.
        kind: of the body: who signed it.

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
    said = made.said(kind) if made else ()
    return report, _findings(theirs, report, said)


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
    return _Text(text, read_document(text), newline_cut)


def _findings(
    theirs: _Text, report: ExpectedReport, said: tuple[Finding, ...]
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
    found += said
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
