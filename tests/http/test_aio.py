"""The transport for asyncio: cancelled calls, other loops, many tasks."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import InputError, TransportError
from kesspay.http.aio import AsyncHttpTransport
from tests.http.wire import (
    OK,
    PATIENCE,
    WireServer,
    always,
    read_request,
    request_to,
)


if TYPE_CHECKING:
    import socket


@pytest.mark.parametrize("moment", ["connecting", "answer", "queue"])
def test_a_cancelled_call(moment: str) -> None:
    """Its connection is closed, its place is free, and nothing is swallowed."""
    inside, gone = threading.Event(), threading.Event()
    turns = iter([True])

    def behave(connection: socket.socket) -> None:
        if next(turns, False):
            read_request(connection)
            inside.set()
            assert connection.recv(1) == b""
            gone.set()
        always(OK)(connection)

    async def act(url: str) -> None:
        transport = AsyncHttpTransport(max_connections=1)

        def started() -> asyncio.Task[object]:
            return asyncio.create_task(
                transport.send(request_to(url), timeout=PATIENCE)
            )

        task = started()
        if moment != "connecting":
            await asyncio.to_thread(inside.wait, PATIENCE)
        if moment == "queue":
            waiting = started()
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        if moment != "connecting":
            assert await asyncio.to_thread(gone.wait, PATIENCE)
            response = await transport.send(request_to(url), timeout=PATIENCE)
            assert response.body == b"ok"
        await transport.aclose()

    with WireServer(behave) as server:
        asyncio.run(act(server.url))


def test_another_loop_begins_anew() -> None:
    """The connections of a loop that ended are closed, not used."""
    transport = AsyncHttpTransport()

    async def act(url: str) -> bytes:
        return (await transport.send(request_to(url), timeout=PATIENCE)).body

    with WireServer(always(OK)) as server:
        for _ in range(3):
            assert asyncio.run(act(server.url)) == b"ok"
        assert server.connections == 3
        asyncio.run(transport.aclose())
        asyncio.run(transport.aclose())


def test_many_tasks_share_a_transport() -> None:
    """Answers go to the task that asked, over no more connections than allowed."""

    def behave(connection: socket.socket) -> None:
        while True:
            body = read_request(connection).partition(b"\r\n\r\n")[2]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)

    async def act(url: str) -> list[bytes]:
        transport = AsyncHttpTransport(max_connections=4)
        bodies = [b"%04d" % number for number in range(64)]
        answers = await asyncio.gather(
            *(
                transport.send(request_to(url, body), timeout=PATIENCE)
                for body in bodies
            )
        )
        assert [answer.body for answer in answers] == bodies
        await transport.aclose()
        return bodies

    with WireServer(behave) as server:
        asyncio.run(act(server.url))
    assert server.connections <= 4


def test_an_error_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of this library is an unknown outcome, and shows no text."""

    async def act(url: str) -> None:
        loop = asyncio.get_running_loop()

        def fail(*_: object) -> None:
            raise RuntimeError("canary")

        monkeypatch.setattr(loop, "sock_recv", fail)
        with pytest.raises(TransportError) as caught:
            await AsyncHttpTransport().send(request_to(url), timeout=PATIENCE)
        assert (caught.value.kind, str(caught.value)) == ("no_reply", "RuntimeError")

    with WireServer(always(OK)) as server:
        asyncio.run(act(server.url))


def test_it_is_not_copied() -> None:
    """Settings can hold the password of a proxy."""
    transport = AsyncHttpTransport(proxy="http://u:canary@127.0.0.1:1")
    assert "canary" not in repr(vars(transport))
    with pytest.raises(InputError):
        transport.__reduce_ex__(2)
