"""The server of the sandbox starts, stops, and fails in words."""

from __future__ import annotations

import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from kesspay.errors import KesspayError
from kesspay.sandbox.app import App
from kesspay.sandbox.server import Server
from tests.sandbox.parties import box


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox on the loopback."""
    with box() as running:
        yield running


def test_an_open_connection_does_not_keep_it_running(sandbox: Sandbox) -> None:
    """A client that sends half a request does not hold up the stop."""
    port = int(sandbox.base_url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as idle:
        idle.sendall(b"POST /partnerapi/v1/token HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
        sandbox.stop()


def test_a_port_that_is_taken() -> None:
    """A port that is taken is an error that names it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(KesspayError, match=str(port)):
            box(port=port).start()


def test_without_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the error says what to install."""
    monkeypatch.delitem(sys.modules, "kesspay.sandbox.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(KesspayError, match=r"kesspay\[sandbox\]"):
        box().start()


def test_a_server_that_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that ends before it serves is an error, not a hang."""
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)
    with pytest.raises(KesspayError, match="did not start"):
        box().start()


def test_a_server_that_does_not_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that continues is an error, and bounded in time."""
    gate = threading.Event()

    def run(server: object, sockets: object = None) -> None:
        server.started = True  # type: ignore[attr-defined] # a stand-in
        gate.wait(20)

    monkeypatch.setattr("kesspay.sandbox.server._PATIENCE", 0.1)
    monkeypatch.setattr("uvicorn.Server.run", run)
    server = Server(App(box().site))
    with pytest.raises(KesspayError, match="did not stop"):
        server.stop()
    gate.set()


def test_it_listens_on_this_machine_only(sandbox: Sandbox) -> None:
    """The server is bound to the loopback."""
    assert sandbox._server is not None
    assert sandbox._server._socket.getsockname()[0] == "127.0.0.1"
