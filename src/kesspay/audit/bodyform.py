"""
Recordings that are not the bare body: what they are, and the body in them.

Logs and clipboards add things. Where what was added can be told, the rest of
the explanation goes on with the body inside; the recording as it stands is
refused all the same.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final


__all__ = ["FORMS", "BodyForm", "unwrap_body"]

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
    What a recording is.

    Args:
        code: a key of ``FORMS``.
        body: the body inside, or None where there is none to be had.
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
