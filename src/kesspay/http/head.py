"""
The head of an answer, made plain before h11 reads it: no I/O and no clock.

Gateways stand behind PHP, proxies and firewalls, and some of them write heads
that h11 refuses though the body begins and ends without a doubt. Such a head
is rewritten; the signature decides what the body is worth. The judges are curl
and Node: what both of them deliver is delivered here.

- A header line whose name is no name (``PHP Warning:  Unable to load``) is no
  part of the answer, and is left out.
- ``Transfer-Encoding: chunked`` counts once, however often it is stated;
  ``identity`` before it, and an empty value, say nothing.
- ``Content-Encoding`` says nothing unless it names a coding.

Whatever leaves a doubt about the framing is refused, and the error says what it
was: a name of RFC 9112's framing in a line that is no header, or folded; two
lengths, or a length and chunks; another transfer coding; a carriage return or a
NUL in a line.
"""

from __future__ import annotations

import re
from typing import Final

from kesspay.errors import TransportError


__all__ = ["HEAD_BYTES", "HeadReader", "bad_reply"]

#: Bytes of the status line with the headers, or of one line between chunks.
HEAD_BYTES: Final = 32 << 10
_HEADERS: Final = 100
_SWITCHING: Final = 101

_STATUS_LINE: Final = re.compile(rb"HTTP/([0-9]\.[0-9]) ([0-9]{3})(?: .*)?", re.DOTALL)
_END: Final = re.compile(rb"\n\r?\n")
#: Source: RFC 9110, 5.6.2.
_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BLANKS: Final = b" \t"
_LENGTH: Final = b"content-length"
_CODING: Final = b"transfer-encoding"
#: A header of the framing within another text: "X Content-Length : 3".
_HIDDEN: Final = re.compile(
    rb"(?:content-length|transfer-encoding)[^!#$%&'*+\-.^_`|~0-9A-Za-z]*:",
    re.IGNORECASE,
)
#: Registered by IANA, with two names of old.
_CONTENT_CODINGS: Final = frozenset(
    {
        *(b"aes128gcm", b"br", b"compress", b"dcb", b"dcz", b"deflate", b"exi"),
        *(b"gzip", b"pack200-gzip", b"x-compress", b"x-gzip", b"zstd"),
    }
)


def bad_reply(message: str) -> TransportError:
    """Return the error for an answer that is none; the message quotes nothing."""
    return TransportError("bad_reply", message)


class HeadReader:
    """
    Passes the bytes of one answer on, its heads made plain.

    Attributes:
        is_plain: False once something of a head was left out.
    """

    def __init__(self) -> None:
        """Wait for the first head."""
        self._waiting = bytearray()
        self._looked_at = 0
        self._done = False
        self.is_plain = True

    def feed(self, data: bytes) -> bytes:
        """
        Take what came in, and return what is to be parsed of it.

        Raises:
            TransportError: "bad_reply": there is no head, it is too long, or
                it leaves a doubt about the framing.
        """
        if self._done:
            return data
        self._waiting += data
        passed = b""
        while not self._done:
            head = self._next_head()
            if head is None:
                return passed
            status = _status(head[0])
            lines = _with_status(head, status)
            self.is_plain = self.is_plain and lines == head
            passed += b"\r\n".join((*lines, b"", b""))
            # Interim answers are followed by another head (RFC 9110, 15.2).
            self._done = not 100 <= status < 200
        passed += self._waiting
        self._waiting.clear()
        return passed

    def _next_head(self) -> list[bytes] | None:
        """Cut the lines of a head off, or return None where more must come."""
        end = _END.search(self._waiting, max(self._looked_at - 2, 0))
        if end is None:
            self._looked_at = len(self._waiting)
            _check_beginning(bytes(self._waiting[:HEAD_BYTES]))
            if len(self._waiting) > HEAD_BYTES:
                raise bad_reply(f"the head of the answer exceeds {HEAD_BYTES} bytes")
            return None
        head = bytes(self._waiting[: end.start()])
        del self._waiting[: end.end()]
        self._looked_at = 0
        return [line.removesuffix(b"\r") for line in head.split(b"\n")]


def _check_beginning(data: bytes) -> None:
    """Refuse what will be no head, before the end of one comes."""
    line, ended, _ = data.partition(b"\n")
    if ended:
        _status(line.removesuffix(b"\r"))
    elif not (b"HTTP/".startswith(data) or data.startswith(b"HTTP/")):
        raise _no_http(data)


def _no_http(data: bytes) -> TransportError:
    what = "it does not begin with a status line"
    if data[:1] in (b"\x15", b"\x16") and data[1:2] in (b"\x03", b""):
        what = "it speaks TLS"
    elif data[:1] == b"\0" or data.startswith(b"HTTP/2"):
        what = "it speaks HTTP/2"
    elif b"SSH-".startswith(data[:4]):
        what = "it speaks SSH"
    return bad_reply(f"the answer is no HTTP/1.1: {what}")


def _status(line: bytes) -> int:
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        if line.startswith(b"HTTP/1"):
            raise bad_reply("the status line of the answer cannot be read")
        raise _no_http(line)
    return int(match[2])


def _with_status(head: list[bytes], status: int) -> list[bytes]:
    """Return the lines of a head; an error names the status as well."""
    try:
        return _plain(head, status)
    except TransportError as error:
        text = f"{error} (HTTP {status})"
    raise bad_reply(text)


def _plain(head: list[bytes], status: int) -> list[bytes]:
    """Return the lines of a head as h11 reads them."""
    if len(head) - 1 > _HEADERS:
        raise bad_reply(f"the answer has more than {_HEADERS} headers")
    if sum(len(line) + 2 for line in head[1:]) > HEAD_BYTES:
        raise bad_reply(f"the headers of the answer exceed {HEAD_BYTES} bytes")
    if status == _SWITCHING:
        raise bad_reply("the answer switches to another protocol than HTTP/1.1")
    fields = [field for field in map(_field, _unfolded(head[1:])) if field is not None]
    for name, value, _ in fields:
        if name == b"content-encoding":
            _check_content_coding(value)
    lengths = [value for name, value, _ in fields if name == _LENGTH]
    codings = [value for name, value, _ in fields if name == _CODING]
    chunked = _is_chunked(codings)
    if lengths and codings and (chunked or any(codings)):
        raise bad_reply("the answer states its length in two ways: bytes and chunks")
    _check_lengths(lengths)
    lines = [head[0]]
    for name, _, field_lines in fields:
        if name != _CODING:
            lines += field_lines
        elif chunked:
            chunked = False  # once
            lines.append(b"Transfer-Encoding: chunked")
    return lines


def _unfolded(lines: list[bytes]) -> list[list[bytes]]:
    """Group the lines of each header: a line that begins with a blank continues it."""
    fields: list[list[bytes]] = []
    for line in lines:
        if b"\r" in line or b"\0" in line:
            raise bad_reply("the head of the answer has a stray carriage return or NUL")
        if not line.startswith((b" ", b"\t")):
            fields.append([line])
        elif fields:
            fields[-1].append(line)
        else:
            raise bad_reply("the head of the answer begins with half a header")
    return fields


def _field(lines: list[bytes]) -> tuple[bytes, bytes, list[bytes]] | None:
    """Return name, value and lines of a header; None of what is no header."""
    name, colon, value = lines[0].partition(b":")
    if not colon:
        raise bad_reply("the head of the answer has a line that is no header")
    if not _TOKEN.fullmatch(name):
        if any(map(_HIDDEN.search, lines)):
            text = "the framing of the answer is stated in a line that is no header"
            raise bad_reply(text)
        return None
    name = name.lower()
    if name in (_LENGTH, _CODING) and len(lines) > 1:
        raise bad_reply("the framing of the answer is stated in several lines")
    return name, value.strip(_BLANKS), lines


def _check_content_coding(value: bytes) -> None:
    """Refuse a coding; "none" or "UTF-8" names none."""
    names = {name.strip(_BLANKS) for name in value.lower().split(b",")}
    if not names.isdisjoint(_CONTENT_CODINGS):
        raise bad_reply("the answer is compressed")


def _is_chunked(values: list[bytes]) -> bool:
    """
    Return whether the transfer codings are chunks, stated once or more.

    Raises:
        TransportError: "bad_reply": they are anything else.
    """
    words = [word.strip(_BLANKS) for one in values if one for word in one.split(b",")]
    while words and not words[0]:
        del words[0]
    codings = [word.lower() for word in words]
    while codings and codings[0] == b"identity":
        del codings[0]
    if any(coding != b"chunked" for coding in codings):
        raise bad_reply("the answer has a transfer coding that is not chunked alone")
    return bool(codings)


def _check_lengths(values: list[bytes]) -> None:
    """Refuse lengths that differ, or are no numbers; the same twice is one."""
    lengths = [word.strip(_BLANKS) for one in values for word in one.split(b",")]
    if not all(re.fullmatch(rb"[0-9]{1,20}", length) for length in lengths):
        raise bad_reply("the answer states a length that is no number")
    different = sorted(set(lengths), key=int)
    if len(different) > 1:
        stated = b" and ".join(different[:2]).decode()
        raise bad_reply(f"the answer states two lengths: {stated} bytes")
