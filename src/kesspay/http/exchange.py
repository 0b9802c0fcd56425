"""
One HTTP/1.1 exchange, bytes in and bytes out: no I/O and no clock.

The parser is h11, behind a reader of heads. Each exchange has its own, so that
what follows one answer can never be read as the next answer.

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
from urllib.parse import SplitResult, urlsplit

import h11

from kesspay.errors import TransportError
from kesspay.http.message import HttpRequest, HttpResponse, setters


__all__ = ["HEAD_BYTES", "Exchange"]

_OF_A_RESPONSE: Final = setters(HttpResponse)

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
_PORTS: Final = {"http": "80", "https": "443"}
#: How gzip and Zstandard begin (RFC 1952, 2.3.1; RFC 8878, 3.1.1), and no text.
_COMPRESSED: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
#: Bytes of everything but the body: heads, interim answers, chunk lengths.
_FRAMING_BYTES: Final = 128 << 10


class Exchange:
    """
    A request to be sent, and its response as it comes in.

    Args:
        request: what to send.
        max_body: a longer body is a bad reply.
        keep_alive: False announces that the connection will be closed.

    Attributes:
        to_send: the whole request as bytes; they carry secrets.

    Raises:
        TransportError: "not_sent": the request cannot be sent as HTTP.
    """

    def __init__(
        self, request: HttpRequest, *, max_body: int, keep_alive: bool
    ) -> None:
        """Make the bytes of the request."""
        self._max_body = max_body
        self._heads = _HeadReader()
        self._parser = h11.Connection(h11.CLIENT, HEAD_BYTES)
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._received = 0
        try:
            self.to_send = self._written(request, keep_alive=keep_alive)
        except (h11.LocalProtocolError, UnicodeError):
            # Their texts quote the header that cannot be sent.
            pass
        else:
            return
        raise TransportError("not_sent", "the request cannot be sent as HTTP")

    @property
    def reusable(self) -> bool:
        """True where the connection could carry another exchange."""
        return (
            self._heads.is_plain
            and self._parser.our_state is h11.DONE
            and self._parser.their_state is h11.DONE
            and self._parser.trailing_data == (b"", False)
        )

    def receive(self, data: bytes) -> HttpResponse | None:
        """
        Take what came in, b"" where the server closed.

        Returns:
            The response once it is whole; None where more must come.

        Raises:
            TransportError: "bad_reply" for what is no answer, too large, or
                compressed; "no_reply" for an answer that is cut off.
        """
        self._received += len(data)
        ready = self._heads.feed(data)
        if data and not ready:
            return None  # h11 takes b"" for the end
        self._parser.receive_data(ready)
        try:
            return self._parsed()
        except h11.RemoteProtocolError:
            # Its text quotes what could not be read.
            pass
        if data:
            what = "chunks" if self._head is not None else "head"
            raise _bad_reply(self._named(f"the {what} of the answer cannot be read"))
        if self._received:
            raise TransportError("no_reply", self._named("the answer is cut off"))
        text = "the server closed the connection without an answer"
        raise TransportError("no_reply", text)

    def _written(self, request: HttpRequest, *, keep_alive: bool) -> bytes:
        url = urlsplit(request.url)
        headers = [("Host", _host(url)), *request.headers]
        headers.append(("Content-Length", str(len(request.body))))
        if not keep_alive:
            headers.append(("Connection", "close"))
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        head = h11.Request(method=request.method, target=target, headers=headers)
        events = (head, h11.Data(data=request.body), h11.EndOfMessage())
        return b"".join(self._parser.send(event) for event in events)

    def _parsed(self) -> HttpResponse | None:
        while True:
            event = self._parser.next_event()
            if isinstance(event, h11.EndOfMessage):
                return self._whole()
            if isinstance(event, h11.Data):
                self._take(event.data)
            elif isinstance(event, h11.Response | h11.InformationalResponse):
                if isinstance(event, h11.Response):
                    self._head = event
                    self._check_length(event)
            elif self._received - len(self._body) > _FRAMING_BYTES:
                raise _bad_reply("the answer has too much framing")
            else:
                return None

    def _take(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > self._max_body:
            raise self._too_long()

    def _check_length(self, head: h11.Response) -> None:
        """Refuse what announces more than is taken, before it comes."""
        for name, value in head.headers:
            if name == b"content-length" and int(value) > self._max_body:
                raise self._too_long()

    def _too_long(self) -> TransportError:
        return _bad_reply(self._named(f"the answer exceeds {self._max_body} bytes"))

    def _named(self, text: str) -> str:
        """Name the HTTP status, where it came."""
        if self._head is None:
            return text
        return f"{text} (HTTP {self._head.status_code})"

    def _whole(self) -> HttpResponse:
        assert self._head is not None  # noqa: S101 - h11 keeps the order
        if self._body.startswith(_COMPRESSED):
            text = "the answer is compressed, and does not say so"
            raise _bad_reply(self._named(text))
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._head.headers.raw_items()
        )
        # Of the parser, so that there is nothing to check.
        made = object.__new__(HttpResponse)
        put_status, put_headers, put_body, put_request = _OF_A_RESPONSE
        put_status(made, self._head.status_code)
        put_headers(made, headers)
        put_body(made, bytes(self._body))
        put_request(made, None)
        return made


def _host(url: SplitResult) -> str:
    """Return the Host header: without a port that says nothing, as curl sends it."""
    host, colon, port = url.netloc.rpartition(":")
    if colon and port in ("", _PORTS.get(url.scheme)):
        return host
    return url.netloc


class _HeadReader:
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
                raise _bad_reply(f"the head of the answer exceeds {HEAD_BYTES} bytes")
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
    return _bad_reply(f"the answer is no HTTP/1.1: {what}")


def _status(line: bytes) -> int:
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        if line.startswith(b"HTTP/1"):
            raise _bad_reply("the status line of the answer cannot be read")
        raise _no_http(line)
    return int(match[2])


def _with_status(head: list[bytes], status: int) -> list[bytes]:
    """Return the lines of a head; an error names the status as well."""
    try:
        return _plain(head, status)
    except TransportError as error:
        text = f"{error} (HTTP {status})"
    raise _bad_reply(text)


def _plain(head: list[bytes], status: int) -> list[bytes]:
    """Return the lines of a head as h11 reads them."""
    if len(head) - 1 > _HEADERS:
        raise _bad_reply(f"the answer has more than {_HEADERS} headers")
    if sum(len(line) + 2 for line in head[1:]) > HEAD_BYTES:
        raise _bad_reply(f"the headers of the answer exceed {HEAD_BYTES} bytes")
    if status == _SWITCHING:
        raise _bad_reply("the answer switches to another protocol than HTTP/1.1")
    fields = [field for field in map(_field, _unfolded(head[1:])) if field is not None]
    for name, value, _ in fields:
        if name == b"content-encoding":
            _check_content_coding(value)
    lengths = [value for name, value, _ in fields if name == _LENGTH]
    codings = [value for name, value, _ in fields if name == _CODING]
    chunked = _is_chunked(codings)
    if lengths and codings and (chunked or any(codings)):
        raise _bad_reply("the answer states its length in two ways: bytes and chunks")
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
            raise _bad_reply(
                "the head of the answer has a stray carriage return or NUL"
            )
        if not line.startswith((b" ", b"\t")):
            fields.append([line])
        elif fields:
            fields[-1].append(line)
        else:
            raise _bad_reply("the head of the answer begins with half a header")
    return fields


def _field(lines: list[bytes]) -> tuple[bytes, bytes, list[bytes]] | None:
    """Return name, value and lines of a header; None of what is no header."""
    name, colon, value = lines[0].partition(b":")
    if not colon:
        raise _bad_reply("the head of the answer has a line that is no header")
    if not _TOKEN.fullmatch(name):
        if any(map(_HIDDEN.search, lines)):
            text = "the framing of the answer is stated in a line that is no header"
            raise _bad_reply(text)
        return None
    name = name.lower()
    if name in (_LENGTH, _CODING) and len(lines) > 1:
        raise _bad_reply("the framing of the answer is stated in several lines")
    return name, value.strip(_BLANKS), lines


def _check_content_coding(value: bytes) -> None:
    """Refuse a coding; "none" or "UTF-8" names none."""
    names = {name.strip(_BLANKS) for name in value.lower().split(b",")}
    if not names.isdisjoint(_CONTENT_CODINGS):
        raise _bad_reply("the answer is compressed")


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
        raise _bad_reply("the answer has a transfer coding that is not chunked alone")
    return bool(codings)


def _check_lengths(values: list[bytes]) -> None:
    """Refuse lengths that differ, or are no numbers; the same twice is one."""
    lengths = [word.strip(_BLANKS) for one in values for word in one.split(b",")]
    if not all(re.fullmatch(rb"[0-9]{1,20}", length) for length in lengths):
        raise _bad_reply("the answer states a length that is no number")
    different = sorted(set(lengths), key=int)
    if len(different) > 1:
        stated = b" and ".join(different[:2]).decode()
        raise _bad_reply(f"the answer states two lengths: {stated} bytes")


def _bad_reply(message: str) -> TransportError:
    """Return the error for an answer that is none; the message quotes nothing."""
    return TransportError("bad_reply", message)
