"""
Servers that are hostile below HTTP, against every service, with both clients.

``meet`` plays one of them over real sockets: the log-in is answered as it
should be (unless it is what meets the server), and then the server misbehaves.
A second server stands by, to which no request may go.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.sandbox.faults import TOKEN
from tests.gateway.helpers import (
    CONFIRM_DATA,
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    QUERY_DATA,
    Blocking,
    credentials,
    gateway_key,
    partner_key,
    signed,
    success,
    token_answer,
)
from tests.gateway.hostile import Outcome, watched
from tests.http.wire import LATE, PATIENCE, WireServer, read_request, reset


if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


__all__ = ["DEADLINE", "HOSTILITIES", "SERVICES", "Hostility", "Met", "meet"]

SERVICES: Final = {
    "log-in": TOKEN,
    "create": CREATE,
    "confirm": CONFIRM,
    "query": QUERY,
}

#: Seconds of a deadline that has to pass.
DEADLINE: Final = 0.5
_MIB: Final = 1 << 20

#: Takes the socket, the body that would be right, and the URL of the server that
#: stands by.
_Act = Callable[["socket.socket", bytes, str], None]


@dataclass(frozen=True, slots=True)
class Hostility:
    """
    One way to misbehave.

    Attributes:
        shows: what the server does, in words.
        act: does it, once a request was read.
        lasts: True where only the deadline ends it.
        harmless: True where the right answer is in it, and may be believed.
    """

    shows: str
    act: _Act
    lasts: bool = False
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Met:
    """
    What came of it.

    Attributes:
        ending: how the call ended for the caller.
        strayed: connections that the server standing by had.
        peak: MiB of memory that the call took; None where it cannot be measured.
        authorized: True where the hostile server saw the bearer token.
    """

    ending: Outcome
    strayed: int
    peak: float | None
    authorized: bool


# -------------------------------------------------------------- what they do


def _answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join((*lines, b"", body))


def _says(*parts: bytes) -> _Act:
    def act(connection: socket.socket, _: bytes, __: str) -> None:
        for part in parts:
            connection.sendall(part)

    return act


def _answers(make: Callable[[], bytes]) -> _Act:
    return lambda connection, _, __: connection.sendall(_answer(make()))


def _redirects(status: bytes) -> _Act:
    def act(connection: socket.socket, genuine: bytes, elsewhere: str) -> None:
        where = b"Location: " + elsewhere.encode()
        connection.sendall(_answer(genuine, where, status=status + b" Moved"))

    return act


def _silent(connection: socket.socket, _: bytes, __: str) -> None:
    connection.recv(1)


def _dribbles(head: bytes) -> _Act:
    def act(connection: socket.socket, _: bytes, __: str) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    return act


def _never_ends(head: bytes, part: bytes) -> _Act:
    def act(connection: socket.socket, _: bytes, __: str) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(part)

    return act


def _resets(first: bytes) -> _Act:
    def act(connection: socket.socket, _: bytes, __: str) -> None:
        connection.sendall(first)
        reset(connection)

    return act


def _cuts(connection: socket.socket, genuine: bytes, _: str) -> None:
    connection.sendall(_answer(genuine)[:-10])


@cache
def _packed() -> bytes:
    return gzip.compress(bytes(64 * _MIB))


def _bomb(connection: socket.socket, _: bytes, __: str) -> None:
    connection.sendall(_answer(_packed(), b"Content-Encoding: gzip"))


def _twice(connection: socket.socket, genuine: bytes, _: str) -> None:
    connection.sendall(_answer(genuine) + _answer(b'{"success":true}'))


def _with_two_lengths(connection: socket.socket, genuine: bytes, _: str) -> None:
    connection.sendall(_answer(genuine, b"Transfer-Encoding: chunked"))


def _with_another_length(connection: socket.socket, genuine: bytes, _: str) -> None:
    connection.sendall(_answer(genuine, b"Content-Length: 2"))


def _within_a_mebibyte(head: str, part: str, tail: str = "") -> bytes:
    room = _MIB - len(head) - len(tail)
    return (head + part * (room // len(part.encode())) + tail).encode()


def _many_keys() -> bytes:
    members = ",".join(f'"{number}":{number}' for number in range(60_000))
    return ("{" + members + "}").encode()


_CHUNKED: Final = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_OK: Final = b"HTTP/1.1 200 OK\r\n"

HOSTILITIES: Final[dict[str, Hostility]] = {
    **{
        f"redirect-{status}": Hostility(
            f"HTTP {status} to another server", _redirects(str(status).encode())
        )
        for status in (301, 302, 303, 307, 308)
    },
    "silence": Hostility("reads the request and says nothing", _silent, lasts=True),
    "dribble-head": Hostility(
        "a header, one byte after the other", _dribbles(_OK + b"X: "), lasts=True
    ),
    "dribble-body": Hostility(
        "a body, one byte after the other",
        _dribbles(_OK + b"Content-Length: 1000000\r\n\r\n"),
        lasts=True,
    ),
    "closes": Hostility("closes without an answer", _says()),
    "resets": Hostility("resets the connection", _resets(b"")),
    "resets-midway": Hostility(
        "resets the connection within the answer",
        _resets(_OK + b"Content-Length: 9\r\n\r\n{"),
    ),
    "cut-off": Hostility("closes before the end of the right answer", _cuts),
    "endless-body": Hostility(
        "a body without an end", _never_ends(_OK + b"\r\n", b" " * 65536)
    ),
    "endless-chunks": Hostility(
        "chunks without an end",
        _never_ends(_CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"),
    ),
    "endless-extensions": Hostility(
        "extensions of chunks without an end",
        _never_ends(_CHUNKED, b"1;" + b"e" * 1000 + b"\r\n \r\n"),
    ),
    "endless-headers": Hostility(
        "headers without an end", _never_ends(_OK, b"X: " + b"y" * 1000 + b"\r\n")
    ),
    "endless-hints": Hostility(
        "interim answers without an end",
        _never_ends(b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 100),
    ),
    "endless-trailers": Hostility(
        "trailers without an end",
        _never_ends(_CHUNKED + b"0\r\n", b"X: " + b"y" * 1000 + b"\r\n"),
    ),
    "ten-gigabytes": Hostility(
        "announces ten gigabytes and begins",
        _never_ends(_OK + b"Content-Length: 10000000000\r\n\r\n", b" " * 65536),
    ),
    "gzip-bomb": Hostility("64 MiB of zeros, compressed", _bomb),
    "two-framings": Hostility(
        "the right answer, its length given in two ways", _with_two_lengths
    ),
    "two-lengths": Hostility("the right answer with two lengths", _with_another_length),
    "answers-twice": Hostility(
        "another answer after the right one", _twice, harmless=True
    ),
    "no-http": Hostility("speaks another protocol", _says(b"SSH-2.0-x\r\n" * 9)),
    "http-2": Hostility("speaks HTTP/2", _says(b"\0\0\x12\x04\0\0\0\0\0" + bytes(18))),
    "tls": Hostility("speaks TLS where it should not", _says(b"\x15\x03\x03\0\x02\2F")),
    "deep": Hostility(
        "1 MiB of opening brackets", _answers(lambda: _within_a_mebibyte("", "["))
    ),
    "long-number": Hostility(
        "a number of a million digits",
        _answers(lambda: _within_a_mebibyte('{"a":', "9", "}")),
    ),
    "many-keys": Hostility("60,000 keys like numbers", _answers(_many_keys)),
    "same-keys": Hostility(
        "one key a hundred thousand times",
        _answers(lambda: _within_a_mebibyte("{", '"a":1,', '"a":1}')),
    ),
    "escapes": Hostility(
        "1 MiB of escapes, which grow when they are written again",
        _answers(lambda: _within_a_mebibyte('{"a":"', "\u1780", '"}')),
    ),
}


# ------------------------------------------------------------------ meet one


@contextmanager
def _memory() -> Iterator[list[float]]:
    """Measure the highest use of memory above that before, in MiB (Linux)."""
    found: list[float] = []
    try:
        # Source: proc(5), clear_refs: 5 resets the high-water mark.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        yield found
        return
    before = _status("VmRSS")
    yield found
    found.append((_status("VmHWM") - before) / 1024)


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])


def _genuine(service: str) -> bytes:
    data = {CREATE: CREATE_DATA, CONFIRM: CONFIRM_DATA, QUERY: QUERY_DATA}
    if service == TOKEN:
        return token_answer().body
    return signed(200, success(data[service])).body


def _call(client: Any, service: str, timeout: float) -> object:  # noqa: ANN401 - of either kind
    if service == TOKEN:
        return client.token(timeout=timeout)
    if service == CREATE:
        return client.create_fund_transfer(CREATE_REQUEST, timeout=timeout)
    if service == QUERY:
        return client.query_fund_transfer(CREATE_REQUEST, timeout=timeout)
    return client.confirm_fund_transfer(
        PRE_TRANSFER, partner_transaction_id="debit-1", timeout=timeout
    )


@cache
def meet(name: str, service: str, face: str) -> Met:
    """
    Let a client meet one hostile server.

    A watchdog ends the test where the call hangs: a second after its deadline,
    and what a slow machine may need.
    """
    hostility = HOSTILITIES[name]
    seen: list[bytes] = []
    genuine = _genuine(service)

    def misbehave(connection: socket.socket) -> None:
        request = read_request(connection)
        is_log_in = request.split(b" ", 2)[1].endswith(b"/token")
        if is_log_in and service != TOKEN:
            connection.sendall(_answer(token_answer().body, b"Connection: close"))
            return
        seen.append(request)
        hostility.act(connection, genuine, elsewhere.url)

    timeout = DEADLINE if hostility.lasts else PATIENCE
    results: list[tuple[Outcome, float | None]] = []
    with WireServer(lambda _: None) as elsewhere, WireServer(misbehave) as server:
        url = server.url.removesuffix("/gateway")
        job = partial(_work, results, url, service, face, timeout)
        worker = threading.Thread(target=job, daemon=True)
        worker.start()
        worker.join(PATIENCE + timeout + 1 + LATE)
        assert not worker.is_alive(), f"{name}: {service} hangs"
        strayed = elsewhere.connections
    ending, peak = results[0]
    authorized = any(b"\r\nAuthorization: Bearer" in request for request in seen)
    return Met(ending, strayed, peak, authorized)


def _work(
    results: list[tuple[Outcome, float | None]],
    url: str,
    service: str,
    face: str,
    timeout: float,
) -> None:
    settings: dict[str, Any] = {
        "base_url": url,
        "credentials": credentials(),
        "private_key": partner_key(),
        "gateway_key": gateway_key(),
        "retries": 0,
    }
    client: Any = (
        Client(**settings) if face == "sync" else Blocking(AsyncClient(**settings))
    )
    if service != TOKEN:
        client.token(timeout=PATIENCE)
    with _memory() as found:
        ending = watched(lambda: _call(client, service, timeout))
    client.close()
    results.append((ending, found[0] if found else None))
