"""
Carry one request over the network: bounded in time and size, sent once.

Each exchange has a connection of its own, made by ``httpcore2``, the engine
under ``httpx2``. That costs a handshake and buys what a payment needs:

- a connection that died while it was idle cannot swallow a request;
- bytes that follow one answer can never be taken for the next answer, which
  happens on every pooled connection of that library;
- after any error there is nothing to clean up.

Nothing is followed (redirects), decoded (compression), kept (cookies), taken
from the environment (proxies, certificate files) or repeated.
"""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

import httpcore2

from kesspay.errors import Broken, InputError, TransportError
from kesspay.gateway.messages import HttpRequest, HttpResponse


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


__all__ = ["HttpTransport", "Transport"]

_MIB: Final = 1 << 20
#: Bytes that headers and chunk lengths may add to a body.
_FRAMING: Final = 128 << 10
_PIECE: Final = 64 << 10

_Address = tuple[Any, ...]

_in_exchange: ContextVar[bool] = ContextVar("_in_exchange", default=False)


def _is_not_ours(record: logging.LogRecord) -> bool:  # noqa: ARG001
    return not _in_exchange.get()


# The debug log of the library quotes headers of answers, and lines it could
# not read. During our exchanges it is silent, for others nothing changes.
for _name in ("connection", "http11"):
    logging.getLogger(f"httpcore2.{_name}").addFilter(_is_not_ours)


class Transport(Protocol):
    """How requests travel. Any HTTP library fits behind this one method."""

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """
        Send a request once, and return the whole response.

        Args:
            request: sent as it is: no redirect, no retry, no cookie.
            timeout: seconds for everything, from the look-up of the name to
                the last byte of the body.

        Raises:
            TransportError: with ``kind`` "not_sent" only where it is certain
                that no byte of the request left.
        """


class HttpTransport:
    """
    The Transport that ``Client`` uses. Any number of threads may share one.

    Args:
        ssl_context: for a private certificate authority or a client
            certificate; None trusts what the system trusts. It must verify
            certificates and host names, and take TLS 1.2 or later only.
        connect_timeout: seconds to connect within the deadline of a call.
        max_response_bytes: a longer body is a bad reply.

    Raises:
        InputError: an argument cannot be used.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connect_timeout: float = 10.0,
        max_response_bytes: int = _MIB,
    ) -> None:
        """Check the settings; nothing is opened before the first request."""
        if ssl_context is not None:
            _require_safe(ssl_context)
        if not connect_timeout > 0 or not max_response_bytes > 0:
            message = "connect_timeout and max_response_bytes must be above 0"
            raise InputError(message)
        self._ssl_context = ssl_context
        self._connect_timeout = connect_timeout
        self._max_response_bytes = max_response_bytes

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """See ``Transport.send``."""
        exchange = _Exchange(
            deadline=monotonic() + timeout,
            connect_timeout=self._connect_timeout,
            budget=2 * self._max_response_bytes + _FRAMING,
        )
        url = httpcore2.URL(request.url)
        connection = httpcore2.HTTPConnection(
            url.origin,
            ssl_context=self._context() if url.scheme == b"https" else None,
            network_backend=_Backend(exchange),
        )
        # The library would leave out the brackets of an IPv6 address.
        host = ("Host", urlsplit(request.url).netloc)
        headers = [host, *request.headers, ("Connection", "close")]
        try:
            with (
                _silence(),
                connection.stream(
                    request.method, url, headers=headers, content=request.body
                ) as response,
            ):
                return self._read(response)
        except TransportError:
            raise
        except Exception as error:  # noqa: BLE001 - money may have moved
            failure = exchange.failure(error)
        finally:
            with _silence():
                connection.close()
        # Outside the handler: the library's errors do not ride along.
        raise failure

    def _context(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            import httpx2  # only for the certificates that the system trusts

            context = httpx2.create_ssl_context(trust_env=False)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._ssl_context = context
        return self._ssl_context

    def _read(self, response: httpcore2.Response) -> HttpResponse:
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.headers
        )
        for name, value in headers:
            if name.lower() == "content-encoding" and value.lower() != "identity":
                raise TransportError("bad_reply", "the answer is compressed")
        body = bytearray()
        for piece in response.iter_stream():
            body += piece
            if len(body) > self._max_response_bytes:
                text = f"the answer exceeds {self._max_response_bytes} bytes"
                raise TransportError("bad_reply", text)
        return HttpResponse(response.status, headers, bytes(body))


class _Exchange:
    """What one exchange may still use, and how far it got."""

    def __init__(self, *, deadline: float, connect_timeout: float, budget: int) -> None:
        self.deadline = deadline
        self.connect_deadline = min(deadline, monotonic() + connect_timeout)
        self.budget = budget
        self.sent = False
        self.ended = False

    def remaining(self) -> float:
        """Return the seconds left; raise TimeoutError where there are none."""
        return _left(self.deadline)

    def remaining_to_connect(self) -> float:
        """Return the seconds left to connect; raise TimeoutError likewise."""
        return _left(self.connect_deadline)

    def received(self, data: bytes) -> bytes:
        """Count what came in, so that endless framing ends as well."""
        self.ended = not data
        self.budget -= len(data)
        if self.budget < 0:
            raise TransportError("bad_reply", "the answer has too much framing")
        return data

    def failure(self, error: Exception) -> TransportError:
        """Return the error that tells how far the exchange got."""
        malformed = isinstance(error, httpcore2.ProtocolError) and not self.ended
        kind: Broken = "no_reply"
        if not self.sent:
            kind = "not_sent"
        elif malformed:
            kind = "bad_reply"
        return TransportError(kind, _described(error))


class _Backend(httpcore2.NetworkBackend):
    """Makes the connection of one exchange."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows
        local_address: str | None = None,  # noqa: ARG002 - not offered
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        addresses = _look_up(host, port, self._exchange.remaining_to_connect())
        for left in range(len(addresses), 1, -1):
            try:
                return self._connect(addresses[-left], left)
            except OSError:
                continue
        return self._connect(addresses[-1], 1)

    def _connect(self, address: _Address, left: int) -> _Stream:
        """Connect within a fair share of the time: ``left`` are to be tried."""
        family, kind, protocol, _, where = address
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(self._exchange.remaining_to_connect() / left)
            connection.connect(where)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return _Stream(connection, self._exchange)


class _Stream(httpcore2.NetworkStream):
    """A socket whose every step ends at the deadline of the exchange."""

    def __init__(self, connection: socket.socket, exchange: _Exchange) -> None:
        self._socket = connection
        self._exchange = exchange

    def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows
    ) -> bytes:
        self._socket.settimeout(self._exchange.remaining())
        return self._exchange.received(self._socket.recv(max_bytes))

    def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows
    ) -> None:
        view = memoryview(buffer)
        while view:
            self._socket.settimeout(self._exchange.remaining())
            self._exchange.sent = True
            try:
                view = view[self._socket.send(view[:_PIECE]) :]
            except TimeoutError:
                raise
            except OSError as error:
                # The peer may have answered before it closed: this error
                # makes the library look for that answer.
                raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the exchange knows
    ) -> _Stream:
        try:
            self._socket.settimeout(self._exchange.remaining_to_connect())
            secured = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname
            )
        except BaseException:
            self._socket.close()
            raise
        return _Stream(secured, self._exchange)

    def get_extra_info(self, info: str) -> None:
        """Tell nothing: the library then speaks HTTP/1.1."""


@contextmanager
def _silence() -> Iterator[None]:
    token = _in_exchange.set(True)
    try:
        yield
    finally:
        _in_exchange.reset(token)


def _left(deadline: float) -> float:
    seconds = deadline - monotonic()
    if seconds <= 0:
        raise TimeoutError("the deadline passed")
    return seconds


def _look_up(host: str, port: int, timeout: float) -> list[_Address]:
    """Look a name up within a time limit, which the system's call lacks."""
    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)
    except socket.gaierror:
        pass
    found: SimpleQueue[Callable[[], list[_Address]]] = SimpleQueue()
    Thread(target=_look_up_into, args=(found, host, port), daemon=True).start()
    try:
        return found.get(timeout=timeout)()
    except Empty:
        pass
    raise TimeoutError("the look-up of the host name took too long")


def _look_up_into(
    found: SimpleQueue[Callable[[], list[_Address]]], host: str, port: int
) -> None:
    try:
        addresses = _addresses(host, port, 0)
    except OSError as error:
        refused = error

        def fail() -> list[_Address]:
            raise refused

        found.put(fail)
    else:
        found.put(lambda: addresses)


def _addresses(host: str, port: int, flags: int) -> list[_Address]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags))


def _described(error: Exception) -> str:
    """
    Tell what happened, without anything that was on the wire.

    Texts of the system and of TLS are kept; those of the HTTP parser quote
    what they could not read.
    """
    if isinstance(error, TimeoutError):
        return "the deadline passed"
    if isinstance(error, OSError):
        return f"{type(error).__name__} ({error})"
    return type(error).__name__


def _require_safe(context: ssl.SSLContext) -> None:
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise InputError("ssl_context must verify certificates and host names")
    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        raise InputError("ssl_context must take TLS 1.2 or later only")
