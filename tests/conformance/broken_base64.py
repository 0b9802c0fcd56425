"""A plain decoder of base64 with one switch for each known mistake."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet


__all__ = ["MISTAKES", "decode_base64"]

#: code: its rule, and what the mistake is.
MISTAKES: Final[dict[str, tuple[str, str]]] = {
    "base64_url": ("base64.alphabet", "the url-safe alphabet is accepted"),
    "base64_garbage": (
        "base64.alphabet",
        "bytes outside of the alphabet are skipped, though not blanks",
    ),
    "base64_stops": (
        "base64.alphabet",
        "decoding ends without an error at the first byte outside of the alphabet",
    ),
    "base64_form": ("base64.alphabet", "a blank is taken for a plus"),
    "base64_hex": ("base64.alphabet", "hexadecimal digits are accepted too"),
    "base64_blanks": ("base64.blanks", "blanks and line ends are skipped anywhere"),
    "base64_lines": ("base64.blanks", "line ends are skipped anywhere"),
    "base64_trimmed": ("base64.blanks", "blanks at both ends are removed"),
    "base64_unpadded": ("base64.padding", "missing padding is accepted"),
    "base64_overpadded": ("base64.padding", "more padding than needed is accepted"),
    "base64_inside": ("base64.padding", "padding inside of the text is skipped"),
    "base64_joined": ("base64.padding", "several padded texts in a row are accepted"),
    "base64_bits": (
        "base64.bits",
        "unused bits of the last character that are not zero are accepted",
    ),
    "base64_empty": ("base64.bytes", "the empty text is refused"),
    "base64_text": ("base64.bytes", "the bytes are read as UTF-8"),
    "base64_nul": ("base64.bytes", "the bytes end at the first NUL"),
    "base64_trailing_zeros": ("base64.bytes", "zero bytes at the end are cut off"),
}

_OUTSIDE: Final = re.compile(rb"[^A-Za-z0-9+/=]")
_GARBAGE: Final = re.compile(rb"[^A-Za-z0-9+/= \t\r\n]")
_STRICT: Final = re.compile(
    rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
)
_GROUPS: Final = re.compile(
    rb"(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)*"
)
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2})+")


def decode_base64(text: bytes, wrong: AbstractSet[str] = frozenset()) -> bytes | None:
    """
    Return the bytes that a text in base64 means, or None where it is refused.

    Args:
        text: the text as bytes.
        wrong: codes of the mistakes to make.

    Source: RFC 4648, 3 and 4.
    """
    if "base64_hex" in wrong and _HEX.fullmatch(text):
        return bytes.fromhex(text.decode())
    if not text and "base64_empty" in wrong:
        return None
    text = _cleaned(text, wrong)
    if "base64_joined" in wrong and _GROUPS.fullmatch(text):
        groups = [text[at : at + 4] for at in range(0, len(text), 4)]
        parts = [base64.b64decode(group) for group in groups]
        exact = all(map(_is_exact, groups, parts))
        return b"".join(parts) if exact else None
    if not _STRICT.fullmatch(text):
        return None
    data = base64.b64decode(text)
    if not _is_exact(text, data) and "base64_bits" not in wrong:
        return None
    return _kept(data, wrong)


def _is_exact(text: bytes, data: bytes) -> bool:
    """Say whether the unused bits are zero."""
    return base64.b64encode(data) == text


def _cleaned(text: bytes, wrong: AbstractSet[str]) -> bytes:
    for code, clean in _CLEANERS.items():
        if code in wrong:
            text = clean(text)
    return text


def _until_garbage(text: bytes) -> bytes:
    match = _OUTSIDE.search(text)
    return text[: match.start()] if match else text


def _without_inner_padding(text: bytes) -> bytes:
    bare = text.rstrip(b"=")
    return bare.replace(b"=", b"") + text[len(bare) :]


def _padded(text: bytes) -> bytes:
    can_be = len(text.rstrip(b"=")) % 4 != 1
    return text + b"=" * (-len(text) % 4) if can_be else text


def _with_less_padding(text: bytes) -> bytes:
    bare = text.rstrip(b"=")
    needed = -len(bare) % 4
    return bare + b"=" * min(needed, len(text) - len(bare))


_CLEANERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "base64_form": lambda text: text.replace(b" ", b"+"),
    "base64_url": lambda text: text.translate(bytes.maketrans(b"-_", b"+/")),
    "base64_trimmed": lambda text: text.strip(b" \t\r\n"),
    "base64_lines": lambda text: text.translate(None, b"\r\n"),
    "base64_blanks": lambda text: text.translate(None, b" \t\r\n"),
    "base64_garbage": lambda text: _GARBAGE.sub(b"", text),
    "base64_stops": _until_garbage,
    "base64_inside": _without_inner_padding,
    "base64_unpadded": _padded,
    "base64_overpadded": _with_less_padding,
}


def _kept(data: bytes, wrong: AbstractSet[str]) -> bytes:
    if "base64_text" in wrong:
        return data.decode(errors="replace").encode()
    if "base64_nul" in wrong:
        return data.split(b"\0")[0]
    return data.rstrip(b"\0") if "base64_trailing_zeros" in wrong else data
