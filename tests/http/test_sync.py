"""The transport for threads: many of them, and processes that fork."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from kesspay.errors import TransportError
from kesspay.http.sync import HttpTransport
from tests.http.wire import (
    OK,
    PATIENCE,
    WireServer,
    always,
    answering,
    read_request,
    request_to,
)


def test_many_threads_share_a_transport() -> None:
    """Answers go to the thread that asked, over no more connections than allowed."""

    def behave(connection: socket.socket) -> None:
        while True:
            body = read_request(connection).partition(b"\r\n\r\n")[2]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)

    transport = HttpTransport(max_connections=4)
    got: dict[int, bytes] = {}
    with WireServer(behave) as server:

        def ask(number: int) -> None:
            request = request_to(server.url, b"%04d" % number)
            got[number] = transport.send(request, timeout=PATIENCE).body

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        transport.close()
    assert got == {number: b"%04d" % number for number in range(16)}
    assert server.connections <= 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_has_its_own_connections() -> None:
    """A child does not speak into the conversation of its parent."""
    transport = HttpTransport()
    with WireServer(always(OK)) as server:
        request = request_to(server.url)
        transport.send(request, timeout=PATIENCE)
        # As if a thread were inside at the moment of the fork.
        pool = transport._pool(os.getpid())
        with pool._lock:
            child = os.fork()
            if child == 0:
                try:
                    body = transport.send(request, timeout=PATIENCE).body
                    os._exit(0 if body == b"ok" and not pool._idle else 1)
                finally:
                    os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        transport.send(request, timeout=PATIENCE)
        transport.close()
    assert server.connections == 2


def test_a_closed_transport_can_be_used() -> None:
    """Closing ends what is idle, no more."""
    transport = HttpTransport()
    with WireServer(always(OK)) as server:
        for _ in range(2):
            transport.send(request_to(server.url), timeout=PATIENCE)
            transport.close()
        transport.close()
    assert server.connections == 2


def test_the_host_header_of_an_ipv6_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """An IPv6 address keeps its brackets (RFC 9112, 3.2)."""
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    with WireServer(behave) as server:
        where = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
        monkeypatch.setattr("kesspay.http.sync._addresses", lambda *_: [where])
        transport = HttpTransport()
        transport.send(request_to("http://[::1]:8080/x"), timeout=PATIENCE)
        transport.close()
    assert b"\r\nHost: [::1]:8080\r\n" in seen[0]


def test_a_fault_of_the_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in its thread ends the wait for it."""

    def fail(*_: object, flags: int = 0, **__: object) -> None:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        raise RuntimeError("canary")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(TransportError) as caught:
        HttpTransport().send(request_to("http://gateway.invalid/"), timeout=PATIENCE)
    assert (caught.value.kind, str(caught.value)) == ("not_sent", "RuntimeError")


def test_an_interrupted_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt is no error of the transport, and leaves nothing open."""
    transport = HttpTransport(max_connections=1)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with WireServer(answering(OK)) as server:
        with monkeypatch.context() as patched:
            patched.setattr("kesspay.http.exchange.Exchange.receive", interrupt)
            with pytest.raises(KeyboardInterrupt):
                transport.send(request_to(server.url), timeout=PATIENCE)
        assert transport.send(request_to(server.url), timeout=PATIENCE).body == b"ok"
        transport.close()
    assert server.connections == 2
