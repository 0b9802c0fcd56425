"""Connections that are used again, and those that are not."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import TransportError
from kesspay.http.aio import AsyncHttpTransport
from kesspay.http.connection import Connection, Origin
from kesspay.http.sync import HttpTransport
from kesspay.http.transport import Pool
from tests.http.wire import (
    LATE,
    OK,
    PATIENCE,
    SHORT,
    WireServer,
    always,
    answering,
    read_request,
    request_to,
    reset,
)


if TYPE_CHECKING:
    from kesspay.gateway.messages import HttpResponse
    from tests.http.transports import Carrier


HERE = Origin(secure=False, host="here", port=1)
THERE = Origin(secure=False, host="there", port=1)


# -------------------------------------------------------------- what is reused


@pytest.mark.parametrize(
    "answer",
    [
        OK,
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    ],
    ids=["length", "404", "chunked", "204", "100 first"],
)
def test_a_connection_carries_several_requests(carrier: Carrier, answer: bytes) -> None:
    """Where answer and connection ended exactly together, it is used again."""
    with WireServer(always(answer)) as server, carrier.open() as transport:
        for _ in range(3):
            transport.send(request_to(server.url), timeout=PATIENCE)
    assert server.connections == 1


def test_fresh_requests_have_a_new_connection(carrier: Carrier) -> None:
    """A request that can move money goes over no connection that was used."""
    with WireServer(always(OK)) as server, carrier.open() as transport:
        for _ in range(2):
            for fresh in (False, True):
                transport.send(request_to(server.url, fresh=fresh), timeout=PATIENCE)
    assert server.connections == 3


def test_what_a_fresh_request_leaves_is_used_again(ours: Carrier) -> None:
    """A query after a confirm needs no other handshake; aiohttp makes one."""
    with WireServer(always(OK)) as server, ours.open() as transport:
        transport.send(request_to(server.url, fresh=True), timeout=PATIENCE)
        transport.send(request_to(server.url), timeout=PATIENCE)
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        OK + b"\r\n",
        OK + b"x",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["answer", "line end", "byte", "close", "http 1.0", "1.0 keep-alive"],
)
def test_connections_that_are_not_reused(ours: Carrier, answer: bytes) -> None:
    """
    What follows one answer is never taken for the next answer.

    aiohttp continues after a stray byte, but see ``test_an_answer_too_many``.
    """
    with WireServer(always(answer)) as server, ours.open() as transport:
        for _ in range(3):
            response = transport.send(request_to(server.url), timeout=PATIENCE)
            assert response.body == b"ok"
    assert server.connections == 3


def test_an_answer_too_many(carrier: Carrier) -> None:
    """A second answer that came along is not given for the second request."""
    extra = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    with WireServer(always(OK + extra)) as server, carrier.open() as transport:
        for _ in range(3):
            response = transport.send(request_to(server.url), timeout=PATIENCE)
            assert response.body == b"ok"


def test_an_answer_without_a_request(ours: Carrier) -> None:
    """
    Bytes that come while a connection is idle end it.

    aiohttp takes them for the answer to the next request: its page says so.
    """
    gate, sent = threading.Event(), threading.Event()

    def behave(connection: socket.socket) -> None:
        answering(OK)(connection)
        gate.wait(PATIENCE)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        sent.set()
        always(OK)(connection)

    with WireServer(behave) as server, ours.open() as transport:
        transport.send(request_to(server.url), timeout=PATIENCE)
        gate.set()
        assert sent.wait(PATIENCE)
        response = transport.send(request_to(server.url), timeout=PATIENCE)
        assert response.body == b"ok"
    assert server.connections == 2


def test_no_connection_outlives_an_error(carrier: Carrier) -> None:
    """After an error the next request begins anew."""
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 3000]

    def behave(connection: socket.socket) -> None:
        while True:
            read_request(connection)
            connection.sendall(answers.pop() if answers else OK)

    with (
        WireServer(behave) as server,
        carrier.open(max_response_bytes=1000) as transport,
    ):
        with pytest.raises(TransportError):
            transport.send(request_to(server.url), timeout=PATIENCE)
        transport.send(request_to(server.url), timeout=PATIENCE)
    assert server.connections == 2


def test_nothing_is_kept_on_request(ours: Carrier) -> None:
    """keep_alive=0: one connection for each request, which the server can read."""
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        while True:
            seen.append(read_request(connection))
            connection.sendall(OK)

    with WireServer(behave) as server, ours.open(keep_alive=0) as transport:
        for _ in range(2):
            transport.send(request_to(server.url), timeout=PATIENCE)
    assert server.connections == 2
    assert all(b"\r\nConnection: close\r\n" in one for one in seen)


def test_idle_connections_expire(ours: Carrier) -> None:
    """A connection that was idle for keep_alive seconds is not used again."""
    with WireServer(always(OK)) as server, ours.open(keep_alive=0.05) as transport:
        transport.send(request_to(server.url), timeout=PATIENCE)
        time.sleep(0.1)
        transport.send(request_to(server.url), timeout=PATIENCE)
    assert server.connections == 2


# ------------------------------------------------------------ dead connections


def test_a_connection_that_died_while_idle(ours: Carrier) -> None:
    """
    A server that closed shows itself before anything is sent.

    aiohttp sees it only when its event loop gets to it: its page says so.
    """
    closed = threading.Event()

    def behave(connection: socket.socket) -> None:
        answering(OK)(connection)
        connection.close()
        closed.set()

    with WireServer(behave) as server, ours.open() as transport:
        transport.send(request_to(server.url), timeout=PATIENCE)
        assert closed.wait(PATIENCE)
        transport.send(request_to(server.url), timeout=PATIENCE)
    assert server.connections == 2


@pytest.mark.parametrize("by_reset", [True, False], ids=["reset", "close"])
def test_a_connection_that_dies_with_the_second_request(
    carrier: Carrier, *, by_reset: bool
) -> None:
    """It may have been received: it is unknown, and never sent again."""
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)
        seen.append(read_request(connection))
        if by_reset:
            reset(connection)

    with WireServer(behave) as server, carrier.open() as transport:
        transport.send(request_to(server.url, b"1"), timeout=PATIENCE)
        with pytest.raises(TransportError) as caught:
            transport.send(request_to(server.url, b"2"), timeout=PATIENCE)
    assert caught.value.kind == "no_reply"
    assert server.connections == 1
    assert [one.partition(b"\r\n\r\n")[2] for one in seen] == [b"1", b"2"]


# ----------------------------------------------------------------- the limit


def test_waiting_for_a_connection() -> None:
    """In a thread: a call that waits too long sent nothing; the next one is served."""
    gate, inside = threading.Event(), threading.Event()

    def behave(connection: socket.socket) -> None:
        while True:
            read_request(connection)
            inside.set()
            gate.wait(PATIENCE)
            connection.sendall(OK)

    got: list[HttpResponse] = []
    transport = HttpTransport(max_connections=1)

    with WireServer(behave) as server:

        def ask() -> None:
            got.append(transport.send(request_to(server.url), timeout=PATIENCE))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert inside.wait(PATIENCE)
        begun = time.monotonic()
        with pytest.raises(TransportError) as caught:
            transport.send(request_to(server.url), timeout=SHORT)
        assert time.monotonic() - begun < LATE
        gate.set()
        for thread in threads:
            thread.join(PATIENCE)
        transport.close()
    assert caught.value.kind == "not_sent"
    assert "before a connection was free" in str(caught.value)
    assert [one.body for one in got] == [b"ok"] * 3
    assert server.connections == 1


def test_waiting_for_a_connection_in_a_task() -> None:
    """The same for tasks."""
    gate = threading.Event()

    def behave(connection: socket.socket) -> None:
        while True:
            read_request(connection)
            gate.wait(PATIENCE)
            connection.sendall(OK)

    async def act(server: WireServer) -> list[HttpResponse]:
        transport = AsyncHttpTransport(max_connections=1)
        request = request_to(server.url)
        tasks = [
            asyncio.create_task(transport.send(request, timeout=PATIENCE))
            for _ in range(3)
        ]
        await asyncio.sleep(0)
        with pytest.raises(TransportError) as caught:
            await transport.send(request, timeout=SHORT)
        assert caught.value.kind == "not_sent"
        assert "before a connection was free" in str(caught.value)
        gate.set()
        got = await asyncio.gather(*tasks)
        await transport.aclose()
        return got

    with WireServer(behave) as server:
        got = asyncio.run(act(server))
    assert [one.body for one in got] == [b"ok"] * 3
    assert server.connections == 1


def test_idle_connections_make_room(ours: Carrier) -> None:
    """An idle connection does not keep a new one from being opened."""
    with (
        WireServer(always(OK)) as server,
        WireServer(always(OK)) as other,
        ours.open(max_connections=1) as transport,
    ):
        for target in (server, other, server):
            request = request_to(target.url)
            assert transport.send(request, timeout=PATIENCE).body == b"ok"
        for _ in range(2):
            request = request_to(other.url, fresh=True)
            assert transport.send(request, timeout=PATIENCE).body == b"ok"
    assert (server.connections, other.connections) == (2, 3)


# ------------------------------------------------------------------- the pool


def connected(origin: Origin) -> tuple[Connection, socket.socket]:
    """Return a connection and its other end."""
    ours, theirs = socket.socketpair()
    return Connection(ours, origin), theirs


def test_the_connection_used_last_is_used_first() -> None:
    """The others may expire, and are the first to make room."""
    pool = Pool(None, 3, 60.0)
    made = [connected(origin) for origin in (HERE, THERE, HERE)]
    for _ in made:
        assert pool.take(HERE, fresh=False) is None
    for connection, _ in made:
        pool.give_back(connection)
    assert pool.take(HERE, fresh=False) is made[2][0]
    assert pool.take(HERE, fresh=True) is None
    assert made[0][0].socket.fileno() == -1
    assert pool.take(HERE, fresh=False) is None
    assert made[1][0].socket.fileno() == -1
    pool.give_back(made[2][0])
    pool.close()
    assert made[2][0].socket.fileno() == -1
    for _, theirs in made:
        theirs.close()


def test_what_comes_back_to_a_closed_pool() -> None:
    """A connection that was in use while the pool was closed is closed too."""
    pool = Pool(None, 3, 60.0)
    connection, theirs = connected(HERE)
    pool.take(HERE, fresh=False)
    pool.close()
    pool.give_back(connection)
    assert connection.socket.fileno() == -1
    theirs.close()


@pytest.mark.thorough
def test_a_pool_that_is_forgotten() -> None:
    """A transport need not be closed: its connections end with it."""
    pool = Pool(None, 3, 60.0)
    connection, theirs = connected(HERE)
    pool.take(HERE, fresh=False)
    pool.give_back(connection)
    del pool
    gc.collect()
    assert connection.socket.fileno() == -1
    theirs.close()


def test_a_socket_that_failed() -> None:
    """A connection whose socket is in error is not quiet."""
    connection, theirs = connected(HERE)
    assert connection.is_quiet()
    connection.close()
    assert not connection.is_quiet()
    theirs.close()
