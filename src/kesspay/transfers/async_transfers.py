"""Exactly-once fund transfers, for tasks. Every decision is in ``workflow``."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from kesspay._drive import adrive
from kesspay.errors import JournalUnavailable, KesspayError
from kesspay.gateway.base import seconds
from kesspay.gateway.messages import check_own_id
from kesspay.transfers.attempt import STRICT, Rules
from kesspay.transfers.hook import ResultHook, Results
from kesspay.transfers.journal import Journal, Payment
from kesspay.transfers.leases import Blocking, Limit, Steps, Within
from kesspay.transfers.payment import (
    TransferResult,
    pending_fields,
    raise_if_rejected,
    result_of,
)
from kesspay.transfers.rounds import DueRound
from kesspay.transfers.watching import Watch
from kesspay.transfers.workflow import Debit, PaymentWorkflow


if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from decimal import Decimal
    from types import TracebackType

    from kesspay.gateway.async_client import AsyncClient
    from kesspay.transfers.watching import Stop


__all__ = ["AsyncPendingTransfer", "AsyncTransfers"]

_T = TypeVar("_T")


class AsyncTransfers:
    """
    Pays exactly once, as ``Transfers`` does, for asyncio.

    ::

        transfers = AsyncTransfers(client, SqliteJournal("journal.sqlite"))
        pending = await transfers.start(payment_id="order-1", ...)
        result = await pending.confirm(debit_id="debit-1")

    The journal is called from threads of its own, so that a disk never holds
    up the event loop. A task that is cancelled gives the payment back, so that
    the next call or ``resume`` continues at once.

    Args:
        client: sends; its own ``retries`` are not used here.
        journal: where everything is written before it is sent.
        rules: for payments that are started here, which keep them: STRICT,
            unless you know your gateway well enough for RELAXED.
        timeout: seconds that a call may take. One that gives none of its own
            waits besides, where it must, until a worker that died has no lease
            of the payment any more (90 s).
        journal_threads: calls of the journal at the same time.
        on_result: see ``Transfers``.
    """

    def __init__(
        self,
        client: AsyncClient,
        journal: Journal,
        *,
        rules: Rules = STRICT,
        timeout: float = 60.0,
        journal_threads: int = 32,
        on_result: ResultHook | None = None,
    ) -> None:
        """Take the parts; nothing is sent."""
        self._client = client
        self._results = Results(on_result)
        self._timeout = seconds(timeout)
        self._workflow = PaymentWorkflow(client.engine, journal, rules)
        self._threads = ThreadPoolExecutor(journal_threads, "kesspay-journal")

    async def start(
        self,
        *,
        payment_id: str,
        receiver_id: str,
        amount: Decimal,
        sender_name: str,
        timeout: float | None = None,
    ) -> AsyncPendingTransfer:
        """
        Ask for a pre-transfer. No money moves.

        See ``Transfers.start`` for arguments and exceptions.
        """
        payment = Payment(payment_id, receiver_id, sender_name, amount)
        limit = self._limit(timeout)
        transfer = await self._run(self._workflow.start(payment, limit))
        raise_if_rejected(transfer)
        return AsyncPendingTransfer(**pending_fields(transfer), _transfers=self)

    async def confirm(
        self,
        payment_id: str,
        *,
        debit_id: str,
        receiver_name: str = "",
        timeout: float | None = None,
    ) -> TransferResult:
        """
        Pay: the caller has the customer's money, under its id ``debit_id``.

        See ``Transfers.confirm`` for arguments and exceptions.
        """
        check_own_id("debit_id", debit_id)
        limit = self._limit(timeout)
        steps = self._workflow.confirm(
            payment_id, Debit(debit_id, receiver_name), limit
        )
        return self._results.of(result_of(await self._run(steps)))

    async def decline(
        self, payment_id: str, *, timeout: float | None = None
    ) -> TransferResult:
        """
        End a payment of which no confirm has left; nothing is owed then.

        See ``Transfers.decline`` for arguments and exceptions.
        """
        limit = self._limit(timeout)
        steps = self._workflow.decline(payment_id, limit)
        return self._results.of(result_of(await self._run(steps)))

    async def look(self, payment_id: str) -> TransferResult | None:
        """
        Return what the journal knows of a payment, or None; nothing is sent.

        See ``Transfers.look`` for arguments and exceptions.
        """
        transfer = await self._run(self._workflow.look(payment_id))
        return None if transfer is None else result_of(transfer)

    async def resume(
        self, *, timeout: float | None = None
    ) -> AsyncGenerator[TransferResult, None]:
        """
        Continue with everything that is due, once, and yield what came of it.

        See ``Transfers.resume`` for arguments and exceptions.
        """
        limit = self._timeout if timeout is None else seconds(timeout)
        due = DueRound(self._workflow)
        try:
            while (result := await self._run(due.next(limit))) is not None:
                yield self._results.of(result)
        except BaseException as error:
            # Also where the caller stops in the middle.
            due.interrupt()
            if not isinstance(error, GeneratorExit):
                await self._workflow.leases.returns.wait_too()
            raise
        await self._run(due.end())

    async def watch(
        self,
        *,
        every: float = 5.0,
        stop: Stop | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[TransferResult, None]:
        """
        Continue with everything that is due, again and again: a worker without end.

        See ``Transfers.watch``; ``stop`` may be an ``asyncio.Event``. Cancelling the
        task ends it at once, and gives the payment at hand back.
        """
        pause = seconds(every, "every")
        watch = Watch(self._workflow.engine.clock, pause, stop)
        while not watch.is_stopped:
            try:
                async with aclosing(self.resume(timeout=timeout)) as results:
                    async for result in results:
                        watch.is_there()
                        yield result
                        if watch.is_stopped:
                            return
                watch.is_there()
            except JournalUnavailable as error:
                await self._run(watch.is_away(error))
            else:
                await self._run(watch.rest())

    async def aclose(self) -> None:
        """End the threads of the journal; the journal itself stays open."""
        await asyncio.to_thread(self._threads.shutdown)

    async def __aenter__(self) -> Self:
        """Return the object itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the threads of the journal."""
        await self.aclose()

    def _limit(self, timeout: float | None) -> Limit:
        given = None if timeout is None else seconds(timeout)
        return self._workflow.leases.limit(given, self._timeout)

    async def _run(self, steps: Steps[_T]) -> _T:
        """Take every step; an interruption waits until the payment is given back."""
        try:
            return await adrive(steps, self._provide)
        except KesspayError:
            raise
        except GeneratorExit:
            # Nothing can be waited for any more.
            raise
        except BaseException:
            await self._workflow.leases.returns.wait_too()
            raise

    async def _provide(self, need: Any) -> Any:  # noqa: ANN401 - see Steps
        if isinstance(need, Blocking):
            return await self._in_thread(need.act)
        if isinstance(need, Within):
            return await self._client.provide(need.need, need.until)
        return await self._client.provide(need, math.inf)

    async def _in_thread(self, act: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)


@dataclass(frozen=True, slots=True)
class AsyncPendingTransfer:
    """
    A payment that was started: show the name, debit your customer, confirm.

    Attributes:
        payment_id: your id.
        receiver_name: to show to the sender before the debit.
        expires_at: seconds since 1970 until when to confirm; after that another
            pre-transfer is made, for a receiver of the same name.
        result: what is known already; "pending" unless the payment got further
            in an earlier call.
    """

    payment_id: str
    receiver_name: str
    expires_at: float
    result: TransferResult
    _transfers: AsyncTransfers = field(repr=False, compare=False)

    async def confirm(
        self, debit_id: str, *, timeout: float | None = None
    ) -> TransferResult:
        """Pay; see ``Transfers.confirm``."""
        return await self._transfers.confirm(
            self.payment_id,
            debit_id=debit_id,
            receiver_name=self.receiver_name,
            timeout=timeout,
        )

    async def close(self, *, timeout: float | None = None) -> TransferResult:
        """End it, nothing was paid; see ``Transfers.decline``."""
        return await self._transfers.decline(self.payment_id, timeout=timeout)
