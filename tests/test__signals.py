# ruff: noqa: ANN401, ARG002 - what is slow takes anything and looks at nothing

"""What a signal handler raises reaches the caller as itself, from wherever we wait."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from kesspay._signals import raised_by_a_signal
from kesspay.errors import OutcomeUnknown
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.messages import HttpRequest, HttpResponse, PreTransfer
from kesspay.http import aio, sync
from kesspay.http.aio import AsyncHttpTransport
from kesspay.http.sync import HttpTransport
from tests.sandbox.parties import RECEIVER, box


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.http.connection import Connect, Step
    from kesspay.http.transport import Deadline
    from kesspay.sandbox import Sandbox


class TimeLimit(Exception):
    """What a job queue raises."""


#: Handlers like to raise what sockets raise, too.
KINDS = [TimeLimit, TimeoutError, OSError, ConnectionResetError, ValueError]


@contextmanager
def time_limit(kind: type[Exception], seconds: float = 0.15) -> Iterator[None]:
    """Let a signal handler raise something in a moment; it must come at once."""

    def over(*_: object) -> None:
        raise kind("the job is over its time")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    begun = time.monotonic()
    try:
        with pytest.raises(kind, match="over its time") as caught:
            yield
        assert type(caught.value) is kind
        assert time.monotonic() - begun < 5
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Return a gateway."""
    made = box()
    yield made
    made.close()


@pytest.fixture
def silent() -> Iterator[int]:
    """Return the port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def client_of(sandbox: Sandbox, url: str, **settings: Any) -> Client:
    """Return a client of a server that is none."""
    return Client(**{**sandbox.settings, "base_url": url, "timeout": 30, **settings})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_silent_server(
    sandbox: Sandbox, silent: int, kind: type[Exception], scheme: str
) -> None:
    """While an answer, or TLS, is waited for."""
    client = client_of(sandbox, f"{scheme}://127.0.0.1:{silent}/partnerapi/v1")
    with time_limit(kind):
        client.token()


@pytest.mark.parametrize("kind", KINDS)
def test_a_connection_in_use(
    sandbox: Sandbox, silent: int, kind: type[Exception]
) -> None:
    """While a connection is waited for that another thread has."""
    transport = HttpTransport(max_connections=1)
    url = f"http://127.0.0.1:{silent}/partnerapi/v1"
    request = HttpRequest("POST", url, (), b"", fresh=False)
    thread = Thread(
        target=_ignore, args=(partial(transport.send, request, timeout=0.5),)
    )
    thread.start()
    time.sleep(0.05)
    client = client_of(sandbox, url, transport=transport)
    with time_limit(kind):
        client.token()
    thread.join()


@pytest.mark.parametrize("kind", KINDS)
def test_another_thread_logs_in(
    sandbox: Sandbox, silent: int, kind: type[Exception]
) -> None:
    """While another thread gets the token, which continues with it."""
    client = client_of(sandbox, f"http://127.0.0.1:{silent}/partnerapi/v1")
    thread = Thread(target=_ignore, args=(partial(client.token, timeout=0.5),))
    thread.start()
    time.sleep(0.05)
    with time_limit(kind):
        client.token()
    thread.join()


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_is_looked_up(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    """While a name server is waited for."""
    gone = Event()
    real = socket.getaddrinfo

    def slow(host: str, *args: Any, **more: Any) -> Any:
        if host != "gateway.example":
            return real(host, *args, **more)
        if more.get("flags"):
            raise socket.gaierror
        gone.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    client = client_of(sandbox, "https://gateway.example/partnerapi/v1")
    with time_limit(kind):
        client.token()
    gone.set()


@pytest.mark.parametrize("kind", KINDS)
def test_an_address_that_does_not_answer(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    """The next address is not tried for it."""

    def slow(*_: object) -> None:
        time.sleep(10)

    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))] * 2

    def found(where: Connect, _: float) -> list[Any]:
        assert where.host == "gateway.example"
        return addresses

    monkeypatch.setattr("kesspay.http.sync._look_up", found)
    monkeypatch.setattr("kesspay.http.sync._connect_to", slow)
    client = client_of(sandbox, "https://gateway.example/partnerapi/v1")
    with time_limit(kind):
        client.token()


@pytest.mark.parametrize("kind", KINDS)
def test_a_pause(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    """While a retry is waited for."""
    monkeypatch.setattr("kesspay.gateway.flow._FIRST_PAUSE", 60.0)
    monkeypatch.setattr("kesspay.gateway.flow._LONGEST_PAUSE", 60.0)
    monkeypatch.setattr("kesspay.gateway.base.random", lambda: 0.2)
    client = Client(**sandbox.settings, transport=sandbox.transport, timeout=30)
    client.token()
    sandbox.faults.plan("bad-gateway-before", times=99)
    with time_limit(kind):
        client.query_fund_transfer(_granted())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["transport", "store", "save", "hook", "verifier"])
def test_code_of_the_application(
    sandbox: Sandbox, kind: type[Exception], what: str
) -> None:
    """While a transport, store, hook or verifier of the application is at work."""

    class Slow:
        bits = 2048

        def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
            time.sleep(10)
            raise AssertionError

        def load(self) -> None:
            if what == "store":
                time.sleep(10)

        def save(self, stored: object) -> None:
            time.sleep(10)

        def verify(self, *_: object) -> None:
            time.sleep(10)

        def __call__(self, event: object) -> None:
            time.sleep(10)

    settings: dict[str, Any] = {**sandbox.settings, "transport": sandbox.transport}
    names = {
        "transport": "transport",
        "store": "token_store",
        "save": "token_store",
        "hook": "on_event",
        "verifier": "gateway_key",
    }
    client = Client(**{**settings, names[what]: Slow()}, timeout=30)
    with time_limit(kind):
        client.query_fund_transfer(_granted())


@pytest.mark.parametrize("kind", KINDS)
def test_where_money_may_have_moved(sandbox: Sandbox, kind: type[Exception]) -> None:
    """The exception has a note with our evidence, and the confirm counts as sent."""

    class Slow:
        def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
            response = sandbox.transport.send(request, timeout=timeout)
            if b"confirm.fundTransfer" in request.body:
                time.sleep(10)
            return response

    client = Client(**sandbox.settings, transport=Slow(), timeout=30)
    with pytest.raises(kind) as caught, time_limit_of(kind):
        client.confirm_fund_transfer(_granted(), partner_transaction_id="debit-1")
    note = "\n".join(getattr(caught.value, "__notes__", []))
    assert "confirm.fundTransfer" in note
    assert "order-1" in note
    assert "may have been carried out" in note


@contextmanager
def time_limit_of(kind: type[Exception]) -> Iterator[None]:
    """Let what the handler raised through."""

    def over(*_: object) -> None:
        raise kind("the job is over its time")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, 0.15)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_other_errors_of_a_transport(sandbox: Sandbox) -> None:
    """Those of another library mean that the outcome is unknown."""

    class Broken:
        def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
            if b"confirm.fundTransfer" in request.body:
                raise TimeLimit
            return sandbox.transport.send(request, timeout=timeout)

    client = Client(**sandbox.settings, transport=Broken())
    with pytest.raises(OutcomeUnknown, match="TimeLimit"):
        client.confirm_fund_transfer(_granted(), partner_transaction_id="debit-1")


class Handler:
    """An object that is a handler, and has a method that is one."""

    def __call__(self, *_: object) -> None:
        """Raise."""
        raise TimeLimit

    def over(self, *_: object) -> None:
        """Raise."""
        self()


def _raise(kind: type[Exception], *_: object) -> None:
    raise kind


@pytest.mark.parametrize(
    "handler",
    [
        Handler(),
        Handler().over,
        partial(_raise, TimeLimit),
        partial(partial(_raise), TimeLimit),
        lambda *_: _raise(TimeLimit),
    ],
)
def test_every_kind_of_handler(handler: Callable[..., None]) -> None:
    """It is known by its code, however it can be called."""
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(TimeLimit) as caught:
            signal.raise_signal(signal.SIGALRM)
        assert raised_by_a_signal(caught.value)
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(TimeLimit) as other:
        raise TimeLimit
    assert not raised_by_a_signal(other.value)


def _ignore(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:  # noqa: BLE001 - what it ends with is no matter
        return


def _granted() -> PreTransfer:
    return PreTransfer(
        out_trade_no="order-1",
        receiver_id=RECEIVER,
        amount=Decimal("0.50"),
        currency="USD",
        pre_transfer_id="pre-1",
        receiver_name="Sok Dara",
        expire_in=300,
    )


# ---------------------------------------------------------------------- tasks


@contextmanager
def a_handler_of(kind: type[Exception]) -> Iterator[Callable[..., None]]:
    """Return what lets a handler raise something out of whatever calls it."""
    before = signal.signal(signal.SIGALRM, partial(_raise, kind))

    def interrupt(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGALRM)

    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "place", ["socket.socket", "_connect_to", "BaseHttpTransport._pool"]
)
def test_tasks(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
    place: str,
) -> None:
    """What a handler raises in a task is passed on in the same way."""
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))] * 2
    monkeypatch.setattr("kesspay.http.aio.numeric", lambda _: list(addresses))

    async def main() -> None:
        settings = sandbox.settings
        settings["base_url"] = "https://gateway.example/v1"
        async with AsyncClient(**settings) as client:
            with a_handler_of(kind) as interrupt:
                where = f"kesspay.http.aio.{place}"
                monkeypatch.setattr(where, interrupt)
                await client.token()

    with pytest.raises(kind) as caught:
        asyncio.run(main())
    assert type(caught.value) is kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_transport_for_tasks(sandbox: Sandbox, kind: type[Exception]) -> None:
    """A transport of the application takes no part in it either."""

    class Slow:
        async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
            if b"confirm.fundTransfer" in request.body:
                signal.raise_signal(signal.SIGALRM)
            return await sandbox.async_transport.send(request, timeout=timeout)

    async def main() -> None:
        client = AsyncClient(**sandbox.settings, transport=Slow())
        with a_handler_of(kind):
            await client.confirm_fund_transfer(
                _granted(), partner_transaction_id="debit-1"
            )

    with pytest.raises(kind) as caught:
        asyncio.run(main())
    notes = getattr(caught.value, "__notes__", [])
    assert "may have been carried out" in "\n".join(notes)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("module", [sync, aio], ids=lambda module: module.__name__)
def test_a_request_that_is_being_written(
    silent: int, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], module: Any
) -> None:
    """The transport does not take it for a fault of the connection, and continues."""
    do = module._do

    def interrupted(step: Step, deadline: Deadline) -> Any:
        if isinstance(step, bytes):
            signal.raise_signal(signal.SIGALRM)
        return do(step, deadline)

    async def interrupted_task(step: Step, deadline: Deadline) -> Any:
        return await interrupted(step, deadline)

    def send() -> None:
        request = HttpRequest("POST", f"http://127.0.0.1:{silent}/", (), b"{}")
        if module is sync:
            HttpTransport().send(request, timeout=5)
        else:
            asyncio.run(AsyncHttpTransport().send(request, timeout=5))

    doing = interrupted if module is sync else interrupted_task
    monkeypatch.setattr(module, "_do", doing)
    with a_handler_of(kind), pytest.raises(kind) as caught:
        send()
    assert type(caught.value) is kind
