"""What is wrong with a body before its signature is looked at."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from kesspay.audit.report import Finding
from kesspay.audit.tree import Members, Number, brief, duplicates, path_of


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.audit.report import Refusal
    from kesspay.audit.tree import Node


__all__ = ["DECODE_REASONS", "about_document", "about_text", "sign_of"]

#: Refusals after which there is no document to look at.
DECODE_REASONS: Final = frozenset(
    {
        "syntax",
        "utf8",
        "control",
        "escape",
        "surrogate",
        "depth",
        "top_level",
    }
)
_AROUND: Final = 20
_MANY: Final = 10
_IN_STRINGS: Final = frozenset({"control", "utf8", "escape", "surrogate"})
#: Length of the longest thing that can be cut in two, a pair of escapes.
_PAIR: Final = 12
_ALIKE: Final = frozenset({"sign", "signature", "sig"})
_STANDARD_TYPE: Final = "RSA2"


def about_text(text: bytes, refusal: Refusal) -> Finding:
    """Say where a text stops being an acceptable document."""
    at = refusal.position
    if at is not None and _is_cut(text, refusal.reason, at):
        return Finding(
            "body_truncated",
            f"the JSON text ends before it is complete, at byte {at}",
            "record the whole body (mind limits of log lines)",
        )
    where = ""
    if at is not None:
        piece = text[max(0, at - _AROUND) : at + _AROUND]
        shown = piece.decode("ascii", "backslashreplace")
        where = f", near {shown!r}"
    return Finding(
        f"body_{refusal.reason}",
        f"the body is refused: {refusal.message}{where}",
        "check that the recording is the body, byte for byte",
    )


def _is_cut(text: bytes, reason: str, at: int) -> bool:
    """Say whether a fault is that the text was cut at its end."""
    end = len(text.rstrip())
    if reason == "syntax":
        return at >= end
    # A string was cut; the line break behind it or half an escape is told.
    return reason in _IN_STRINGS and at > end - _PAIR and text[end - 1 : end] != b"}"


def about_document(document: Node, refusal: Refusal) -> Iterator[Finding]:
    """Say what is wrong with a document, its signature aside."""
    if refusal.reason == "not_object" or not isinstance(document, Members):
        yield Finding(
            "body_not_object",
            "the body is a JSON array; an answer is an object",
            "check what was recorded",
        )
        return
    for double in duplicates(document)[:_MANY]:
        yield Finding(
            "body_duplicate",
            f"the key {double.path} occurs {double.count} times, first with "
            f"{double.first} and last with {double.last}, which PHP believes",
            "treat such a body as forged: an honest encoder writes a key once",
        )
    if refusal.reason == "infinite":
        yield Finding(
            "body_infinite",
            "a number is beyond the range of a double, so PHP cannot encode "
            "the body and there is no text that could have been signed",
            "treat such a body as forged",
        )
    members = dict(document)
    if members.get("sign_type", _STANDARD_TYPE) != _STANDARD_TYPE:
        yield Finding(
            "sign_type",
            f'"sign_type" is {brief(members["sign_type"])}; only "RSA2" is accepted',
            'send "sign_type":"RSA2", or leave it out',
        )
    yield from _about_sign(document, members)


def sign_of(document: Node) -> str | None:
    """Return the text of ``sign``, or None where there is none."""
    if not isinstance(document, Members):
        return None
    sign = dict(document).get("sign")
    return sign if isinstance(sign, str) and sign else None


def _about_sign(document: Members, members: dict[str, Node]) -> Iterator[Finding]:
    """Say why there is no signature to look at."""
    if "sign" in members:
        sign = members["sign"]
        if sign == "":
            yield Finding(
                "sign_empty",
                '"sign" is empty',
                "look why signing failed on the other side",
            )
        elif not isinstance(sign, str):
            yield Finding(
                "sign_not_string",
                f'"sign" is {brief(sign)}, not a string',
                "send the signature as base64 text",
            )
        return
    yield Finding(
        "sign_missing",
        'the document has no "sign"',
        "believe nothing of it",
    )
    if members.get("error_code") == "UNAUTHENTICATED":
        yield Finding(
            "unsigned_unauthenticated",
            "the API document lets the gateway send UNAUTHENTICATED unsigned",
            "with HTTP status 401 it asks for a new log-in; it says nothing "
            "about a transfer",
            sort="note",
        )
    for path in islice(_elsewhere(document), _MANY):
        yield Finding(
            "sign_elsewhere",
            f"something like a signature stands at {path}",
            'the signature must be the top-level member "sign"',
        )


def _elsewhere(document: Members) -> Iterator[str]:
    """Look for a signature under another name or one level down."""
    levels: list[tuple[str, Members]] = [("document", document)]
    for key, value in document:
        if isinstance(value, Members):
            levels.append((path_of("document", key), value))
    for path, members in levels:
        for key, value in members:
            if isinstance(value, (Number, str)) and (key.strip().lower() in _ALIKE):
                yield path_of(path, key)
