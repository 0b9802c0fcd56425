"""The emulated gateway as an ASGI application: bytes in, bytes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias


if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from kesspay.sandbox.emulator import Emulator

    _Message: TypeAlias = MutableMapping[str, Any]
    _Receive: TypeAlias = Callable[[], Awaitable[_Message]]
    _Send: TypeAlias = Callable[[_Message], Awaitable[None]]


__all__ = ["App"]

_LONGEST_BODY: Final = 64 << 10


class App:
    """
    Serve an Emulator over ASGI 3.

    Source: ASGI specification, HTTP connection scope.
    """

    def __init__(self, emulator: Emulator) -> None:
        """Take what answers."""
        self._emulator = emulator

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one HTTP request; every other kind of scope is refused."""
        if scope["type"] != "http":
            message = f"the sandbox serves http only, not {scope['type']}"
            raise RuntimeError(message)
        body = await _read(receive)
        if body is None:
            await _answer(send, 413, (("Content-Type", "text/plain"),), b"Too Large")
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        reply = self._emulator.respond(scope["method"], scope["path"], headers, body)
        await _answer(send, reply.status, reply.headers, reply.body)


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


async def _answer(
    send: _Send, status: int, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    pairs = [*headers, ("Content-Length", str(len(body)))]
    encoded = [(name.lower().encode(), value.encode()) for name, value in pairs]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
