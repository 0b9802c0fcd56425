"""A request and a response of HTTP, as frozen values. No I/O, and no parser."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from kesspay._secrets import HoldsSecrets


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["HttpRequest", "HttpResponse", "setters"]


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


@dataclass(frozen=True, slots=True, eq=False)
class HttpResponse(HoldsSecrets):
    """
    One HTTP response, whole.

    Attributes:
        status: the HTTP status.
        headers: name and value pairs.
        body: the bytes after the transfer coding was taken off; of a log-in
            they carry the token.
        request: what it answers, where that is known: errors name its URL
            and mask its secrets.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    request: HttpRequest | None = field(default=None, repr=False)
