"""A protocol for uvicorn whose application may close the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from kesspay.sandbox.app import CLOSE


if TYPE_CHECKING:
    import asyncio


__all__ = ["ClosingProtocol"]


class ClosingProtocol(H11Protocol):
    """
    HTTP/1.1 with one ASGI extension: ``scope["extensions"][CLOSE]()``.

    What was sent before still arrives; then the client sees the end. A server
    that stops waits for nobody.

    Source: ASGI specification, "Extensions".
    """

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        """Give the application a way to close this connection."""
        super().connection_made(transport)
        app = self.app

        async def closing(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - uvicorn's own
            scope["extensions"] = {CLOSE: transport.close}
            await app(scope, receive, send)

        self.app = closing

    def shutdown(self) -> None:
        """Close at once: what is still to come are answers that were delayed."""
        super().shutdown()
        self.transport.close()
