"""
One HTTP/1.1 exchange, bytes in and bytes out: no I/O and no clock.

The parser is h11, behind a reader of heads. Each exchange has its own, so that
what follows one answer can never be read as the next answer.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

import h11

from kesspay.errors import TransportError
from kesspay.http.head import HEAD_BYTES, HeadReader, bad_reply
from kesspay.http.message import HttpRequest, HttpResponse


__all__ = ["HEAD_BYTES", "Exchange"]

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
        self._heads = HeadReader()
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
            raise bad_reply(self._named(f"the {what} of the answer cannot be read"))
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
                raise bad_reply("the answer has too much framing")
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
        return bad_reply(self._named(f"the answer exceeds {self._max_body} bytes"))

    def _named(self, text: str) -> str:
        """Name the HTTP status, where it came."""
        if self._head is None:
            return text
        return f"{text} (HTTP {self._head.status_code})"

    def _whole(self) -> HttpResponse:
        assert self._head is not None  # noqa: S101 - h11 keeps the order
        if self._body.startswith(_COMPRESSED):
            text = "the answer is compressed, and does not say so"
            raise bad_reply(self._named(text))
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._head.headers.raw_items()
        )
        return HttpResponse(self._head.status_code, headers, bytes(self._body))


def _host(url: SplitResult) -> str:
    """Return the Host header: without a port that says nothing, as curl sends it."""
    host, colon, port = url.netloc.rpartition(":")
    if colon and port in ("", _PORTS.get(url.scheme)):
        return host
    return url.netloc
