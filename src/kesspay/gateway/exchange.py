"""
One HTTP/1.1 exchange, bytes in and bytes out: no I/O and no clock.

The parser is h11. Each exchange has one of its own, so that what follows one
answer can never be read as the next answer.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import h11

from kesspay.errors import TransportError
from kesspay.gateway.messages import HttpRequest, HttpResponse


__all__ = ["HEAD_BYTES", "Exchange"]

#: Bytes of the status line with the headers, or of one line between chunks.
HEAD_BYTES: Final = 32 << 10
_HEADERS: Final = 100
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
            self._parser.our_state is h11.DONE
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
        self._parser.receive_data(data)
        try:
            return self._parsed()
        except h11.RemoteProtocolError:
            # Its text quotes what could not be read.
            pass
        if data:
            raise _bad("the answer is no HTTP, or its head is too long")
        if self._received:
            raise TransportError("no_reply", "the answer is cut off")
        text = "the server closed the connection without an answer"
        raise TransportError("no_reply", text)

    def _written(self, request: HttpRequest, *, keep_alive: bool) -> bytes:
        url = urlsplit(request.url)
        headers = [("Host", url.netloc), *request.headers]
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
                _check_head(event)
                if isinstance(event, h11.Response):
                    self._head = event
                    self._check_length(event)
            elif self._received - len(self._body) > _FRAMING_BYTES:
                raise _bad("the answer has too much framing")
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
        return _bad(f"the answer exceeds {self._max_body} bytes")

    def _whole(self) -> HttpResponse:
        assert self._head is not None  # noqa: S101 - h11 keeps the order
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._head.headers.raw_items()
        )
        return HttpResponse(self._head.status_code, headers, bytes(self._body))


def _check_head(head: h11.Response | h11.InformationalResponse) -> None:
    """Refuse what h11 takes, and a careful client does not."""
    if len(head.headers) > _HEADERS:
        raise _bad(f"the answer has more than {_HEADERS} headers")
    size = sum(len(name) + len(value) + 4 for name, value in head.headers)
    if size > HEAD_BYTES:
        # h11 looks at the size of a head only while it is not whole.
        raise _bad(f"the headers of the answer exceed {HEAD_BYTES} bytes")
    names = {name for name, _ in head.headers}
    if {b"content-length", b"transfer-encoding"} <= names:
        raise _bad("the answer states its length in two ways")
    for name, value in head.headers:
        if name == b"content-encoding" and value.lower() != b"identity":
            raise _bad("the answer is compressed")


def _bad(message: str) -> TransportError:
    return TransportError("bad_reply", message)
