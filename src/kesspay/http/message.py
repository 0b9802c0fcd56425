"""
A request and a response of HTTP, as frozen values. No I/O, and no parser.

Each checks the types of its fields when it is made: a transport of the caller's own
that mistakes one of them fails there, and not where the answer is judged.
"""

from __future__ import annotations

from collections.abc import ItemsView
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

from kesspay._checks import named
from kesspay._secrets import HoldsSecrets
from kesspay.errors import InputError, TransportError


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["HttpRequest", "HttpResponse", "setters"]

_PAIRS: Final = "pairs of a name and a value, both str"
_NAME_AND_VALUE: Final = 2
_GREATEST_STATUS: Final = 999


def setters(kind: type[Any]) -> tuple[Callable[[object, object], None], ...]:
    """
    Return what sets each field of an object that is being made, in their order.

    What a frozen dataclass with slots has for this takes three times as long.

    Args:
        kind: the dataclass.
    """
    return tuple(vars(kind)[one.name].__set__ for one in fields(kind))


@dataclass(frozen=True, slots=True, eq=False)
class HttpRequest(HoldsSecrets):
    """
    One HTTP request, ready to be sent by any HTTP library.

    Attributes:
        method: "POST".
        url: the absolute URL.
        headers: name and value pairs, without Host and Content-Length;
            they carry secrets.
        body: the bytes to send, unchanged; of a log-in they carry secrets.
        fresh: True where the request can move money: it must go over a
            connection that carried nothing before, so that a connection
            that died while idle shows itself before anything is sent.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    fresh: bool = True

    def __post_init__(self) -> None:
        """Refuse what no HTTP library could send (InputError); no value is shown."""
        for name in ("method", "url"):
            if not isinstance(getattr(self, name), str):
                raise InputError(f"the {name} of an HTTP request must be a str")
        if not _are_headers(self.headers):
            raise InputError(f"the headers of an HTTP request must be {_PAIRS}")
        if type(self.body) is not bytes:
            raise InputError("the body of an HTTP request must be bytes")
        if type(self.fresh) is not bool:
            raise InputError("fresh must be True or False, of an HTTP request")


@dataclass(frozen=True, slots=True, eq=False)
class HttpResponse(HoldsSecrets):
    """
    One HTTP response, whole.

    Attributes:
        status: the HTTP status.
        headers: name and value pairs; the items of a dict become a tuple.
        body: the bytes after the transfer coding was taken off; of a log-in
            they carry the token.
        request: what it answers, where that is known: errors name its URL
            and mask its secrets.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    request: HttpRequest | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no response (TransportError): whether it acted is unknown."""
        status, body, request = self.status, self.body, self.request
        if type(status) is not int:
            # http.HTTPStatus, and the like.
            status = _whole_number(status)
            object.__setattr__(self, "status", status)
        if not 0 <= status <= _GREATEST_STATUS:
            raise TransportError(
                "bad_reply", "the status of an HTTP response must be an int, 0 to 999"
            )
        if isinstance(self.headers, ItemsView):
            # Of a dict of headers, as requests and aiohttp have one.
            object.__setattr__(self, "headers", tuple(self.headers))
        if not _are_headers(self.headers):
            raise TransportError(
                "bad_reply", f"the headers of an HTTP response must be {_PAIRS}"
            )
        if type(body) is not bytes:
            if not isinstance(body, bytes | bytearray):
                kind = named(type(body))
                text = f"the body of an HTTP response must be bytes, not {kind}"
                raise TransportError("bad_reply", text)
            object.__setattr__(self, "body", bytes(memoryview(body)))
        if not isinstance(request, HttpRequest | None):
            raise TransportError(
                "bad_reply", "the request of an HTTP response must be an HttpRequest"
            )


def _whole_number(status: object) -> int:
    """Return a status as an int, -1 where it is none."""
    if isinstance(status, bool) or not isinstance(status, int):
        return -1
    return int(status)


def _are_headers(headers: object) -> bool:
    """Return whether headers are a tuple or a list of pairs of texts."""
    return isinstance(headers, tuple | list) and all(
        isinstance(pair, tuple | list)
        and len(pair) == _NAME_AND_VALUE
        and isinstance(pair[0], str)
        and isinstance(pair[1], str)
        for pair in headers
    )
