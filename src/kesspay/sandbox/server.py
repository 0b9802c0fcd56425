"""Serve an ASGI application on the loopback, from a thread of its own."""

from __future__ import annotations

import socket
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

import uvicorn  # the extra [sandbox]
from uvicorn.protocols.http.h11_impl import H11Protocol

from kesspay.errors import KesspayError
from kesspay.sandbox.app import CLOSE


if TYPE_CHECKING:
    import asyncio

    from kesspay.sandbox.app import App


__all__ = [
    "ClosingProtocol",
    "Server",
]


class ClosingProtocol(H11Protocol):
    """
    HTTP/1.1 with one ASGI extension: ``scope["extensions"][CLOSE]()``.

    What was sent before still arrives; then the client sees the end. A server
    that stops waits for no connection.

    Source: ASGI specification, "Extensions".
    """

    def connection_made(  # type: ignore[override] # of a stream
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


#: Seconds that starting and stopping may take.
_PATIENCE: Final = 10.0


class Server:
    """
    A running server on 127.0.0.1. ``stop`` ends it.

    Args:
        app: the application.
        port: TCP port; 0 lets the system choose.

    Raises:
        KesspayError: the port is taken, or the server did not start within ten
            seconds.
    """

    def __init__(self, app: App, port: int = 0) -> None:
        """Bind, start the thread, and wait until it serves."""
        config = uvicorn.Config(
            app,
            access_log=False,
            http=ClosingProtocol,
            lifespan="off",
            log_config=None,
            loop="asyncio",
            timeout_graceful_shutdown=1,
            ws="none",
        )
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        self._server = uvicorn.Server(config)
        self._thread = Thread(
            target=self._server.run, args=([self._socket],), daemon=True
        )
        self._thread.start()
        self._wait_until_started()

    def stop(self) -> None:
        """
        End the server and wait for its thread.

        Raises:
            KesspayError: it did not end within ten seconds.
        """
        self._server.should_exit = True
        self._thread.join(_PATIENCE)
        self._socket.close()
        if self._thread.is_alive():
            raise KesspayError("the sandbox server did not stop")

    def _wait_until_started(self) -> None:
        deadline = monotonic() + _PATIENCE
        while not self._server.started:
            if not self._thread.is_alive() or monotonic() > deadline:
                self.stop()
                raise KesspayError("the sandbox server did not start")
            sleep(0.005)


def _bound(port: int) -> socket.socket:
    # With the protocol named, asyncio sends small answers at once (TCP_NODELAY).
    bound = socket.socket(proto=socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        message = f"the sandbox cannot listen on port {port}: {error.strerror}"
        raise KesspayError(message) from None
    return bound
