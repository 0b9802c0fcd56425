"""
The steps of an exchange over one connection: what there is to do, and no I/O.

An exchange is a generator. It yields its next step; a driver, with threads or
with tasks, does that step and sends in what came of it:

- ``Connect``: connect, and send in the socket;
- bytes: write them all, and send in b"";
- None: wait for bytes, and send them in, b"" where the peer closed.

An OSError of a step is thrown into the generator.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

from kesspay.errors import TransportError


__all__ = ["PIECE", "Connect", "Origin", "PlainStream", "Step", "Steps"]

_T = TypeVar("_T")

#: The most bytes that one step sends or receives.
PIECE: Final = 64 << 10
_PORTS: Final = {"http": 80, "https": 443}


class Connect(NamedTuple):
    """The step that connects to a host."""

    host: str
    port: int


#: What the driver is asked to do.
Step: TypeAlias = Connect | bytes | None
#: What comes in is a socket for a Connect, bytes otherwise.
Steps: TypeAlias = Generator[Step, Any, _T]


class Origin(NamedTuple):
    """The server that a request goes to."""

    secure: bool
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """
        Return the origin of a URL.

        Raises:
            TransportError: "not_sent": it is no http or https URL.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            host, port = None, None
        if not host or port is None or parts.username is not None:
            raise TransportError("not_sent", "the URL of the request cannot be used")
        return cls(parts.scheme == "https", host, port)


class PlainStream:
    """Bytes without TLS, in the shape of a ``TlsStream``."""

    is_empty: Final = True

    def write(self, data: bytes) -> Steps[None]:
        """Yield the steps that send some data."""
        for start in range(0, len(data), PIECE):
            yield data[start : start + PIECE]

    def read(self) -> Steps[bytes]:
        """Yield the step that receives some data; b"" where the server closed."""
        received: bytes = yield None
        return received
