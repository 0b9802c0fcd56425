"""The ASGI application: any server can run it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.sandbox.app import CLOSE, App
from kesspay.sandbox.emulator import Reply


if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from kesspay.sandbox.emulator import Ending


class Echo:
    """Answers with what it was asked, delayed or broken off on request."""

    def __init__(self, delay: float = 0.0, ending: Ending = "whole") -> None:
        """Take what is to happen to the answer."""
        self._delay = delay
        self._ending = ending

    def respond(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: str = "",
    ) -> Reply:
        """Return everything that came in."""
        text = f"{method} {path} {sorted(headers.items())} {body!r}{query}"
        return Reply(
            207, (("X-Kind", "echo"),), text.encode(), self._delay, self._ending
        )


def run(
    *messages: dict[str, Any],
    kind: str = "http",
    echo: Echo | None = None,
    **scope: object,
) -> list[MutableMapping[str, Any]]:
    """Run the application on messages, and return what it sends."""
    todo = list(messages)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if todo[0]["type"] == "never":
            await asyncio.Event().wait()
        return todo.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    whole = {
        "type": kind,
        "method": "POST",
        "path": "/p",
        "headers": [(b"X-A", b"b\xe9")],
        **scope,
    }
    asyncio.run(App(echo or Echo())(whole, receive, send))
    return sent


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    """Return a piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_request_in_pieces() -> None:
    """A body may come in pieces; header names are in lower case."""
    start, body = run(part(b"ab", more=True), part(b"", more=True), part(b"c"))
    assert start["status"] == 207
    length = str(len(body["body"])).encode()
    assert start["headers"] == [(b"x-kind", b"echo"), (b"content-length", length)]
    assert body["body"].decode() == "POST /p [('x-a', 'bé')] b'abc'"


def test_a_request_without_a_body() -> None:
    """A message without a body is an empty body."""
    _, body = run({"type": "http.request"})
    assert body["body"].endswith(b"b''")


@pytest.mark.parametrize(
    "messages",
    [
        [part(b"x" * 65537)],
        [part(b"x" * 65536, more=True), part(b"x", more=True)],
        [part(b"x", more=True), {"type": "http.disconnect"}],
    ],
)
def test_requests_that_are_not_read_to_the_end(messages: list[dict[str, Any]]) -> None:
    """Too long a body, or a client that is gone, ends with 413."""
    start, _ = run(*messages)
    assert start["status"] == 413


def test_the_longest_body() -> None:
    """64 KiB are taken."""
    start, _ = run(part(b"x" * 65536))
    assert start["status"] == 207


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_scopes(kind: str) -> None:
    """Everything but HTTP is refused."""
    with pytest.raises(RuntimeError, match=kind):
        run(kind=kind)


@pytest.mark.parametrize("ending", ["dropped", "truncated"])
def test_connections_that_break_off(ending: Ending) -> None:
    """The application closes, and waits until the client is gone."""
    closed: list[bool] = []
    sent = run(
        part(b"x"),
        {"type": "http.disconnect"},
        echo=Echo(ending=ending),
        extensions={CLOSE: lambda: closed.append(True)},
    )
    assert closed == [True]
    if ending == "dropped":
        assert sent == []
        return
    start, body = sent
    length = dict(start["headers"])[b"content-length"]
    assert len(body["body"]) == int(length) // 2
    assert body["more_body"] is True


@pytest.mark.parametrize("gone", [True, False])
def test_answers_that_come_late(*, gone: bool) -> None:
    """The application waits, unless the client leaves before."""
    never = {"type": "never"}
    messages = [part(b"x"), {"type": "http.disconnect"} if gone else never]
    sent = run(*messages, echo=Echo(delay=3600 if gone else 0.01))
    assert len(sent) == (0 if gone else 2)


def test_the_query() -> None:
    """What stands behind the path is passed on as it was sent."""
    sent = run({"type": "http.request"}, query_string=b"a=%20b&c")
    assert sent[1]["body"].endswith(b"b''a=%20b&c")
