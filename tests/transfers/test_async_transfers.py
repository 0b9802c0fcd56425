# ruff: noqa: ANN401 - a transport, and any method of a journal

"""What only tasks do: be cancelled, run side by side, and never block the loop."""

from __future__ import annotations

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import JournalUnavailable, TransportError
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.messages import CONFIRM, CREATE, HttpRequest, HttpResponse
from kesspay.transfers.async_transfers import AsyncPendingTransfer, AsyncTransfers
from kesspay.transfers.attempt import State
from kesspay.transfers.transfers import Transfers
from tests.support.forks import in_child, needs_fork
from tests.transfers.virtual import DEBIT, ORDER, Waiting, face, partner, service_of


if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.transfers.virtual import Partner, Wire

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]

pytestmark = pytest.mark.parametrize("face", ["async"], indirect=True)


class Hanging(Waiting):
    """A transport whose confirms are carried out and never answered."""

    def __init__(self, wire: Wire) -> None:
        """Take the wire."""
        super().__init__(wire)
        self.carried_out = asyncio.Event()

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Answer, or hang after the work was done."""
        response = await super().send(request, timeout=timeout)
        if service_of(request) == CONFIRM:
            self.carried_out.set()
            await asyncio.Event().wait()
        return response


def made(here: Partner, transport: Any = None, **options: Any) -> AsyncTransfers:
    """Return transfers for a test that has a loop of its own."""
    client = AsyncClient(
        **here.sandbox.settings,
        clock=here.sandbox.clock,
        transport=transport or Waiting(here.wire),
    )
    return AsyncTransfers(client, here.journal, **options)


def test_a_pending_transfer(partner: MakePartner) -> None:
    """It is a value, and has the payment's own methods."""
    here = partner()

    async def main() -> None:
        async with made(here) as transfers:
            pending = await transfers.start(**ORDER)
            assert isinstance(pending, AsyncPendingTransfer)
            assert "_transfers" not in repr(pending)
            assert (await pending.confirm(DEBIT)).outcome == "paid"
            other = await transfers.start(**{**ORDER, "payment_id": "order-2"})
            assert (await other.close()).outcome == "not_paid"

    asyncio.run(main())


def test_a_thread_that_cannot_be_started(
    partner: MakePartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, also not later, when a thread can be started."""
    here = partner()
    done: list[str] = []

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        async with made(here) as transfers:
            with monkeypatch.context() as patched:
                patched.setattr(threading.Thread, "start", refuse)
                with pytest.raises(JournalUnavailable) as caught:
                    await transfers.start(**ORDER)
                with pytest.raises(JournalUnavailable):
                    await transfers._in_thread(lambda: done.append("first"))
            assert "nothing was written" in str(caught.value)
            assert caught.value.__context__ is None
            await transfers._in_thread(lambda: done.append("second"))
            assert (await transfers.start(**ORDER)).receiver_name

    asyncio.run(main())
    assert done == ["second"]


def test_a_thread_that_has_begun(
    partner: MakePartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a thread has taken is waited for, if no other can be started for it."""
    here = partner()
    done: list[str] = []

    def submit(_: ThreadPoolExecutor, work: Callable[[], None]) -> None:
        work()
        raise RuntimeError("can't start new thread")

    async def main() -> None:
        async with made(here) as transfers:
            with monkeypatch.context() as patched:
                patched.setattr(ThreadPoolExecutor, "submit", submit)
                await transfers._in_thread(lambda: done.append("once"))

    asyncio.run(main())
    assert done == ["once"]


def test_cancelling_a_confirm(partner: MakePartner) -> None:
    """It is a lost answer to the payment: a worker continues with it at once."""
    here = partner()

    async def main() -> None:
        hanging = Hanging(here.wire)
        async with made(here, hanging) as transfers:
            pending = await transfers.start(**ORDER)
            task = asyncio.create_task(pending.confirm(DEBIT))
            await hanging.carried_out.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert here.entries()[-1].facts == {"reason": "interrupted"}
    (result,) = here.transfers().resume()
    assert result.outcome == "paid"
    assert here.credited() == 1


def test_many_at_once(partner: MakePartner) -> None:
    """Tasks share one object; each payment is credited once."""
    here = partner()
    names = [f"order-{number}" for number in range(10)]

    async def pay(transfers: AsyncTransfers, name: str) -> str:
        pending = await transfers.start(**{**ORDER, "payment_id": name})
        return (await pending.confirm(f"debit-{name}")).outcome

    async def main() -> list[str]:
        async with made(here) as transfers:
            return await asyncio.gather(*(pay(transfers, name) for name in names))

    assert asyncio.run(main()) == ["paid"] * 10
    assert here.credited() == 10


def test_the_journal_is_called_from_other_threads(
    partner: MakePartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk never holds up the loop: no call of the journal comes from it."""
    here = partner()
    seen: set[str] = set()
    for name in ("begin", "read", "lease", "append", "release", "take_due"):
        method = getattr(here.journal, name)

        def call(*args: Any, _method: Any = method, **options: Any) -> Any:
            seen.add(threading.current_thread().name)
            return _method(*args, **options)

        monkeypatch.setattr(here.journal, name, call)

    async def main() -> None:
        async with made(here, journal_threads=2) as transfers:
            pending = await transfers.start(**ORDER)
            await pending.confirm(DEBIT)
            await transfers.look("order-1")
            assert [one async for one in transfers.resume()] == []

    asyncio.run(main())
    assert seen
    assert all(name.startswith("kesspay-journal") for name in seen)


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_after_the_first_payment(partner: MakePartner) -> None:
    """The threads are not in the child: it has others, and waits for none of them."""
    here = partner()
    transfers = made(here)

    async def pay(number: int) -> None:
        pending = await transfers.start(**{**ORDER, "payment_id": f"order-{number}"})
        assert (await pending.confirm(f"debit-{number}")).outcome == "paid"

    def work() -> None:
        signal.alarm(30)
        asyncio.run(pay(2))

    asyncio.run(pay(1))
    assert in_child(work) == 0
    # As in the child, where nothing measures.
    threads = transfers._threads.pool
    transfers._threads.after_fork_in_child()
    asyncio.run(pay(3))
    for pool in (threads, transfers._threads.pool):
        pool.shutdown()


def test_the_end_of_the_threads(partner: MakePartner) -> None:
    """After ``aclose`` nothing more is done, and the journal is still open."""
    here = partner()

    async def main() -> None:
        transfers = made(here)
        pending = await transfers.start(**ORDER)
        sent = len(here.wire.sent)
        await transfers.aclose()
        for call in (
            lambda: transfers.start(**ORDER),
            lambda: transfers.confirm("order-1", debit_id=DEBIT),
            lambda: pending.confirm(DEBIT),
            lambda: transfers.decline("order-1"),
            lambda: transfers.look("order-1"),
            lambda: anext(transfers.resume()),
            lambda: anext(transfers.watch()),
        ):
            with pytest.raises(JournalUnavailable, match=r"closed.*; make others"):
                await call()
        await transfers.aclose()
        assert len(here.wire.sent) == sent

    asyncio.run(main())
    record = here.journal.read("order-1")
    assert record is not None
    assert record.status.state == State.CREATED


class Ending(Waiting):
    """A transport during whose first confirm the program closes the transfers."""

    transfers: AsyncTransfers

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Answer, after the threads have ended."""
        response = await super().send(request, timeout=timeout)
        if service_of(request) == CONFIRM:
            await self.transfers.aclose()
        return response


def test_the_end_of_the_threads_during_a_confirm(partner: MakePartner) -> None:
    """The confirm was sent: its outcome is unknown, which is a result and no error."""
    here = partner()

    async def main() -> None:
        transport = Ending(here.wire)
        transport.transfers = made(here, transport)
        await transport.transfers.start(**ORDER)
        result = await transport.transfers.confirm("order-1", debit_id=DEBIT)
        assert (result.outcome, "make others" in result.reason) == ("unknown", True)
        # It released the payment, so that the next one need not wait for its lease.
        async with made(here) as others:
            again = await others.confirm("order-1", debit_id=DEBIT, timeout=30)
            assert again.outcome == "paid"

    asyncio.run(main())
    assert here.wire.services().count(CONFIRM) == 1


class EndingWithItsLoop(Ending):
    """The same, where the event loop has no thread any more either."""

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Answer, after all threads have ended."""
        response = await super().send(request, timeout=timeout)
        if service_of(request) == CONFIRM:
            await asyncio.get_running_loop().shutdown_default_executor()
        return response


def test_the_end_of_all_threads_during_a_confirm(partner: MakePartner) -> None:
    """The payment stays leased for its time; the result is no error all the same."""
    here = partner()

    async def main() -> None:
        transport = EndingWithItsLoop(here.wire)
        transport.transfers = made(here, transport)
        await transport.transfers.start(**ORDER)
        result = await transport.transfers.confirm("order-1", debit_id=DEBIT)
        assert result.outcome == "unknown"

    asyncio.run(main())
    here.sandbox.advance(90)
    (paid,) = here.transfers().resume()
    assert (paid.outcome, here.wire.services().count(CONFIRM)) == ("paid", 1)


def test_an_error_of_the_transport_stays_inside(partner: MakePartner) -> None:
    """A confirm whose transport breaks off is unknown to its caller, no error."""
    here = partner()

    class Broken(Waiting):
        async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
            if service_of(request) not in {"token", CREATE}:
                raise TransportError("no_reply", "reset")
            return await super().send(request, timeout=timeout)

    async def main() -> None:
        async with made(here, Broken(here.wire)) as transfers:
            pending = await transfers.start(**ORDER)
            assert (await pending.confirm(DEBIT)).outcome == "unknown"

    asyncio.run(main())


@pytest.mark.usefixtures("face")
def test_it_documents_what_the_other_object_documents() -> None:
    """An editor shows the arguments and errors of each method of both objects."""
    for name in ("start", "confirm", "decline", "look", "resume"):
        assert getattr(AsyncTransfers, name).__doc__ == getattr(Transfers, name).__doc__
