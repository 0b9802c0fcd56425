"""
The body before its signature is checked: recordings, and why it is refused.

Logs and clipboards add things to a body. Where the addition can be recognised, the
explanation continues with the body inside; the recording as it stands is refused
all the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from kesspay.explain.render import Members, Number, brief, duplicates, path_of
from kesspay.explain.report import Finding
from kesspay.gateway.services import UNAUTHENTICATED


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.explain.render import Node
    from kesspay.explain.report import Refusal


__all__ = [
    "DECODE_REASONS",
    "FORMS",
    "BodyForm",
    "about_document",
    "about_text",
    "sign_of",
    "unwrap_body",
]


# ------------------------------------------------------------ recordings


#: Every form that can be named, and what to do about it.
FORMS: Final[dict[str, tuple[str, str]]] = {
    "body_empty": (
        "the body is empty",
        "record the body of the answer; an empty one says nothing about the transfer",
    ),
    "body_bom": (
        "a byte order mark precedes the body; JSON must not have one",
        "save the recording as UTF-8 without a byte order mark",
    ),
    "body_utf16": (
        "the body is UTF-16 text, as PowerShell and Windows editors save it",
        "save the recording as UTF-8, byte for byte as it was received",
    ),
    "body_http_message": (
        "the recording holds HTTP headers in front of the body",
        "cut off everything up to and including the first empty line",
    ),
    "body_encoded_twice": (
        "the body is a JSON string that holds the JSON text, so it was encoded twice",
        "decode it once before verifying, or record the raw body",
    ),
    "body_html": (
        "the body is HTML: a proxy's or a server's error page",
        "such a page is not from the gateway and says nothing about the transfer",
    ),
    "body_php_message": (
        "a message of PHP stands in the body",
        "the other side has to turn display_errors off",
    ),
    "body_form": (
        "the body is form data (key=value), not JSON",
        "record the JSON body",
    ),
    "body_python": (
        "the body looks like a Python value that was printed, not like JSON",
        "record the bytes of the body before they are decoded",
    ),
    "body_truncated": (
        "the body ends in the middle of the JSON text",
        "record the whole body (mind limits of log lines)",
    ),
}

_HTTP: Final = re.compile(rb"HTTP/\d(?:\.\d)? \d{3}|[A-Z]{3,7} \S+ HTTP/\d")
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")
_HTML: Final = re.compile(rb"\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_PHP: Final = re.compile(
    rb"(?:<br />\s*)?(?:<b>)?"
    rb"(?:Warning|Notice|Deprecated|Fatal error|Parse error)(?:</b>)?: "
)
_FORM: Final = re.compile(rb"[\w.%\[\]-]+=[^{}\"\s]*\s*")
_PYTHON: Final = re.compile(rb"""\s*(?:b['"]|\{\s*'|\{.*:\s*(?:True|False|None)\b)""")


@dataclass(frozen=True, slots=True)
class BodyForm:
    """
    The form of a recording.

    Args:
        code: a key of ``FORMS``.
        body: the body inside, or None where none can be found.
    """

    code: str
    body: bytes | None = None


def unwrap_body(recording: bytes) -> BodyForm | None:
    """
    Recognise a recording that is not JSON text.

    Args:
        recording: bytes that ``canonicalize`` refuses.

    Returns:
        What it is, or None where it is none of the known forms.
    """
    if not recording.strip():
        return BodyForm("body_empty")
    if recording.startswith(b"\xef\xbb\xbf"):
        return BodyForm("body_bom", recording[3:])
    return (
        _utf16(recording)
        or _http(recording)
        or _encoded_twice(recording)
        or _other(recording)
    )


def _utf16(recording: bytes) -> BodyForm | None:
    """Recognise UTF-16 by its byte order mark or its zero bytes."""
    if recording.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16"
    elif recording[1:2] == b"\0":
        codec = "utf-16-le"
    elif recording[:1] == b"\0":
        codec = "utf-16-be"
    else:
        return None
    try:
        return BodyForm("body_utf16", recording.decode(codec).encode())
    except UnicodeError:
        return BodyForm("body_utf16")


def _http(recording: bytes) -> BodyForm | None:
    """Recognise a message as curl -i and proxies record it."""
    if not _HTTP.match(recording):
        return None
    end = _HEADERS_END.search(recording)
    return BodyForm("body_http_message", recording[end.end() :] if end else None)


def _encoded_twice(recording: bytes) -> BodyForm | None:
    """Recognise a JSON string around a JSON text."""
    if not recording.lstrip().startswith(b'"'):
        return None
    try:
        inner = json.loads(recording)
        body = inner.encode() if isinstance(inner, str) else b""
    except (ValueError, RecursionError):
        return None
    if not body.lstrip().startswith((b"{", b"[", b'"')):
        return None
    return BodyForm("body_encoded_twice", body)


def _other(recording: bytes) -> BodyForm | None:
    """Recognise what holds no body that could be looked at."""
    if _PHP.match(recording.lstrip()):
        start = recording.find(b"\n{")
        return BodyForm(
            "body_php_message", recording[start + 1 :] if start > 0 else None
        )
    if _HTML.match(recording):
        return BodyForm("body_html")
    if _FORM.fullmatch(recording):
        return BodyForm("body_form")
    if _PYTHON.match(recording):
        return BodyForm("body_python")
    return None


# ------------------------------------------------------------ refused bodies


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
    # A string was cut; the line break behind it or half an escape is reported.
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
                "find out why signing failed on the other side",
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
        "trust nothing in it",
    )
    if members.get("error_code") == UNAUTHENTICATED:
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
