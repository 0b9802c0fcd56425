"""The sandbox as an ASGI application: bytes in, bytes out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from kesspay.sandbox.emulator import plain


if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from kesspay.sandbox.emulator import Reply

    _Message: TypeAlias = MutableMapping[str, Any]
    _Receive: TypeAlias = Callable[[], Awaitable[_Message]]
    _Send: TypeAlias = Callable[[_Message], Awaitable[None]]


__all__ = ["CLOSE", "App", "Responder"]

#: The extension by which a server lets an application close the connection,
#: a function without arguments. ``server`` offers it; ASGI itself has none.
CLOSE: Final = "kesspay.close"

_LONGEST_BODY: Final = 64 << 10


class Responder(Protocol):
    """Answers requests."""

    def respond(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: str = "",
    ) -> Reply:
        """Answer one request."""


class App:
    """
    Serve a Responder over ASGI 3.

    Source: ASGI specification, HTTP connection scope.
    """

    def __init__(self, responder: Responder) -> None:
        """Take what answers."""
        self._responder = responder

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one HTTP request; every other kind of scope is refused."""
        if scope["type"] != "http":
            message = f"the sandbox serves http only, not {scope['type']}"
            raise RuntimeError(message)
        body = await _read(receive)
        if body is None:
            await _answer(send, plain(413, "Too Large"))
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        query = scope.get("query_string", b"").decode("latin-1")
        reply = self._responder.respond(
            scope["method"], scope["path"], headers, body, query
        )
        if reply.delay and await _is_gone(receive, reply.delay):
            return
        if reply.ending == "whole":
            await _answer(send, reply)
            return
        if reply.ending == "truncated":
            await _answer(send, reply, half=True)
        scope["extensions"][CLOSE]()
        # The server looks whether there was an answer: not before it knows
        # that the connection is closed.
        await receive()


async def _read(receive: _Receive) -> bytes | None:
    """Return the body, or None where it is too long or the client is gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > _LONGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _is_gone(receive: _Receive, seconds: float) -> bool:
    """Let time pass; tell whether the connection ended before it was over."""
    try:
        async with asyncio.timeout(seconds):
            await receive()
    except TimeoutError:
        return False
    return True


async def _answer(send: _Send, reply: Reply, *, half: bool = False) -> None:
    pairs = [*reply.headers, ("Content-Length", str(len(reply.body)))]
    headers = [(name.lower().encode(), value.encode()) for name, value in pairs]
    await send(
        {"type": "http.response.start", "status": reply.status, "headers": headers}
    )
    body = reply.body[: len(reply.body) // 2] if half else reply.body
    await send({"type": "http.response.body", "body": body, "more_body": half})
