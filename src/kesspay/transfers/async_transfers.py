"""Exactly-once fund transfers, for tasks. Every decision is in ``workflow``."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from kesspay._checks import require, seconds
from kesspay._drive import adrive
from kesspay._forks import Forkable, heed_forks
from kesspay.errors import InputError, JournalUnavailable, KesspayError
from kesspay.gateway.async_client import AsyncClient
from kesspay.transfers.attempt import STRICT, Rules
from kesspay.transfers.decision import Decision, Verdict
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
from kesspay.transfers.wording import no_threads, unusable
from kesspay.transfers.workflow import Debit, PaymentWorkflow


if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from decimal import Decimal
    from types import TracebackType

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

    Threads of its own call the journal, so that a disk never blocks the event
    loop. A task that is cancelled releases its lease of the payment, so that the
    next call or ``resume`` continues at once.

    Args:
        client: sends the requests; its own ``retries`` are not used here.
        journal: stores each request before it is sent. It belongs to the account
            of the first client that uses it; every call with another account
            raises WrongAccount and sends nothing.
        rules: for payments that are started here; a payment keeps its rules.
            STRICT, unless you know that your gateway fits RELAXED.
        timeout: seconds that a call may take. A call without a timeout of its own
            waits longer where a worker died while it had the payment, until the
            lease of that worker ends (90 s under STRICT).
        journal_threads: how many calls of the journal may run at the same time.
        on_result: called with each result that ``confirm`` and ``decline`` return and
            that ``resume`` and ``watch`` yield, for metrics; what it raises is logged
            and changes nothing.

    Raises:
        InputError: an argument cannot be used.
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
        require(client, AsyncClient, "client")
        require(rules, Rules, "rules")
        self._client = client
        self._results = Results(on_result)
        self._timeout = seconds(timeout)
        self._workflow = PaymentWorkflow(client.engine, journal, rules)
        if type(journal_threads) is not int or journal_threads < 1:
            raise InputError("journal_threads must be a whole number above 0")
        self._threads = _Threads(journal_threads)

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

        Args:
            payment_id: your own id of the payment, 1 to 60 of
                A-Z a-z 0-9 _ -; one id is one payment for ever.
            receiver_id: KESS user ID or phone number, 1 to 25 characters.
            amount: a Decimal in US dollars, above 0, at most two decimal places.
            sender_name: name of your customer, 1 to 96 characters.
            timeout: seconds for this call; None for that of the object.

        Returns:
            The receiver's name to show. Its ``result`` is not "pending" where the
            payment was confirmed or ended in an earlier call.

        Raises:
            FieldError: a field breaks a rule.
            PaymentConflict: the id names a payment with other fields.
            NotSent, AuthenticationFailed: no request was sent; call again.
            Rejected: the receiver cannot be paid; nothing is owed.
            OutcomeUnknown: no create was answered; no money is involved.
            InputError: a pre-transfer of the gateway expires too soon for
                these rules.
            LeaseHeld: another worker has the payment; call again.
            JournalError: the journal cannot be used; no money is involved.
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
        Pay: you have debited your customer, under the id ``debit_id``.

        The journal records the debit first. Then the confirm is sent. If its
        outcome is unknown, the gateway is queried until it is known or the time
        ends. An unknown outcome is a result, never an exception.

        Args:
            payment_id: the id of a payment that was started.
            debit_id: your own id of the debit, 1 to 64 of A-Z a-z 0-9 _ -.
            receiver_name: the name that you showed. If the receiver of the
                pre-transfer has another name, the payment ends as "not_paid". ""
                stands for the name that the last start returned.
            timeout: seconds for this call; None for that of the object.

        Raises:
            FieldError: ``debit_id`` breaks the rule.
            PaymentConflict: the payment has another debit, or was not started.
            LeaseHeld: another worker has the payment; call again.
            JournalError: the journal cannot be used; this call sent nothing.
        """
        limit = self._limit(timeout)
        debit = Debit(debit_id, receiver_name)
        steps = self._workflow.confirm(payment_id, debit, limit)
        return self._results.of(result_of(await self._run(steps)))

    async def decline(
        self, payment_id: str, *, timeout: float | None = None
    ) -> TransferResult:
        """
        End a payment whose confirm has not been sent; nothing is owed then.

        Args:
            payment_id: the id of a payment that was started.
            timeout: seconds for this call; None for that of the object.

        Raises:
            PaymentConflict: a confirm may have been sent, or the payment was not
                started; nothing was changed.
            LeaseHeld: another worker has the payment; call again.
            JournalError: the journal cannot be used.
        """
        limit = self._limit(timeout)
        steps = self._workflow.decline(payment_id, limit)
        return self._results.of(result_of(await self._run(steps)))

    async def decide(
        self,
        payment_id: str,
        verdict: Verdict,
        *,
        note: str,
        timeout: float | None = None,
    ) -> TransferResult:
        """
        Record what a person decided about a payment that is "manual".

        The gateway is queried first; no request of this call can move money. Where it
        says SUCCESS the payment is "paid", whatever was decided. Else the outcome
        stays "manual", which is all that is proved; ``next_step`` follows the
        decision, and lists of what is open leave the payment out. The same decision
        may be given again.

        Args:
            payment_id: the id of the payment.
            verdict: "paid" or "not_paid".
            note: who said so and where that is filed, 1 to 500 printable characters.
            timeout: seconds for this call; None for that of the object.

        Raises:
            FieldError: ``verdict`` or ``note`` breaks a rule.
            PaymentConflict: the payment is not "manual", was decided otherwise, or a
                query says that money moved; nothing was decided.
            OutcomeUnknown: the gateway could not be asked; nothing was decided.
            LeaseHeld: another worker has the payment; call again.
            JournalError: the journal cannot be used.
        """
        limit = self._limit(timeout)
        steps = self._workflow.decide(payment_id, Decision(verdict, note), limit)
        return result_of(await self._run(steps))

    async def look(self, payment_id: str) -> TransferResult | None:
        """
        Return what the journal records of a payment; nothing is sent.

        Args:
            payment_id: your own id of the payment.

        Returns:
            The result, or None where the journal has no payment of this id.

        Raises:
            JournalError: the journal cannot be used.
        """
        transfer = await self._run(self._workflow.look(payment_id))
        return None if transfer is None else result_of(transfer)

    async def resume(
        self, *, timeout: float | None = None
    ) -> AsyncGenerator[TransferResult, None]:
        """
        Resume each payment that is due, once, and yield its result.

        A payment is due where a crash or a timeout left it unfinished, in any
        process. Workers on many machines can run at the same time: each payment is
        taken by one of them.

        Args:
            timeout: seconds for each payment; None for that of the object.

        Raises:
            JournalError: the journal cannot be used. Where only the record of one
                payment is damaged, that is a result.
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
                await self._workflow.leases.releases.wait_too()
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
        Resume the payments that are due, and repeat this until ``stop`` is set.

        ::

            async for result in transfers.watch(stop=stop):
                await update_my_order(result.payment_id, result.outcome)

        While the journal is unavailable (a database that restarts, a full disk) it
        tries again after growing pauses of 1 to 60 s, and logs that on
        ``kesspay.transfers``. Several workers can run at the same time. ``kesspay
        resume --watch`` does the same.

        Args:
            every: seconds between two rounds.
            stop: an ``asyncio.Event`` or a ``threading.Event``; once it is set, the
                worker ends after the payment that it works on; in a pause, within
                half a second. None never ends. A task that is cancelled ends at
                once, and releases its lease of the payment.
            timeout: seconds for each payment; None for that of the object.

        Raises:
            InputError: an argument cannot be used.
            JournalError: the journal cannot be used, and a later try would fail as
                well.
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
        """
        End the threads of the journal; the journal itself stays open.

        Every later call raises JournalUnavailable, and sends nothing. A call that
        runs meanwhile ends before its next create or confirm, with the result that
        is known by then, and releases its payment.
        """
        await self._threads.end()

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
        """Take every step; an interruption waits until the payment is released."""
        try:
            return await adrive(steps, self._provide)
        except KesspayError:
            raise
        except GeneratorExit:
            # Nothing can be waited for any more.
            raise
        except BaseException:
            await self._workflow.leases.releases.wait_too()
            raise

    async def _provide(self, need: Any) -> Any:  # noqa: ANN401 - see Steps
        if isinstance(need, Blocking):
            if need.is_release and self._threads.has_ended:
                return await _in_any_thread(need.act)
            return await self._in_thread(need.act)
        if isinstance(need, Within):
            return await self._client.provide(need.need, need.until)
        return await self._client.provide(need, math.inf)

    async def _in_thread(self, act: Callable[[], _T]) -> _T:
        pool = self._threads.open_pool()
        done: Future[_T] = Future()

        def work() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(act())
            except BaseException as error:  # noqa: BLE001 - raised by the caller
                done.set_exception(error)

        why = ""
        try:
            pool.submit(work)
        except RuntimeError as error:
            # A pool that cannot start a thread keeps the work for a later one, which
            # must find nothing to do.
            if done.cancel():
                why = f"{error}"
        if why:
            raise no_threads(why)
        return await asyncio.wrap_future(done)


async def _in_any_thread(act: Callable[[], _T]) -> _T:
    """
    Do something in a thread of the event loop.

    Raises:
        JournalUnavailable: there is none; the lease of a payment ends with its time.
    """
    try:
        return await asyncio.to_thread(act)
    except RuntimeError as error:
        why = str(error)
    raise no_threads(why)


class _Threads(Forkable):
    """
    The threads in which the journal is called.

    Args:
        most: how many there may be.

    Attributes:
        pool: the threads of this process.
        has_ended: whether they take nothing more.
    """

    def __init__(self, most: int) -> None:
        """Start none yet."""
        self._most = most
        self.has_ended = False
        self.after_fork_in_child()
        heed_forks(self)

    def after_fork_in_child(self) -> None:
        """Begin anew: the threads are not here, and a pool waits for idle ones."""
        self.pool = ThreadPoolExecutor(self._most, "kesspay-journal")

    def open_pool(self) -> ThreadPoolExecutor:
        """
        Return the pool.

        Raises:
            JournalUnavailable: it was ended.
        """
        if self.has_ended:
            raise unusable(
                "these AsyncTransfers were closed (aclose, or the end of async with);"
                " make others, with the same journal"
            )
        return self.pool

    async def end(self) -> None:
        """Wait for what the threads do, and take nothing more."""
        self.has_ended = True
        await asyncio.to_thread(self.pool.shutdown)


@dataclass(frozen=True, slots=True)
class AsyncPendingTransfer:
    """
    A payment that was started: show the name, debit your customer, confirm.

    Attributes:
        payment_id: your id.
        receiver_name: to show to the sender before the debit.
        expires_at: the moment until which to confirm, in seconds since 1970. A
            later confirm makes another pre-transfer first, and pays only if its
            receiver has the same name.
        result: the result so far; its outcome is "pending" unless an earlier call
            confirmed or ended the payment.
    """

    payment_id: str
    receiver_name: str
    expires_at: float
    result: TransferResult
    _transfers: AsyncTransfers = field(repr=False, compare=False)

    async def confirm(
        self, debit_id: str, *, timeout: float | None = None
    ) -> TransferResult:
        """
        Pay: you have debited your customer, under the id ``debit_id``.

        The result and the errors are those of ``confirm`` of the transfers.

        Args:
            debit_id: your own id of the debit, 1 to 64 of A-Z a-z 0-9 _ -.
            timeout: seconds for this call; None for that of the transfers.
        """
        return await self._transfers.confirm(
            self.payment_id,
            debit_id=debit_id,
            receiver_name=self.receiver_name,
            timeout=timeout,
        )

    async def close(self, *, timeout: float | None = None) -> TransferResult:
        """
        End the payment, which was not confirmed; nothing is owed then.

        The result and the errors are those of ``decline`` of the transfers.

        Args:
            timeout: seconds for this call; None for that of the transfers.
        """
        return await self._transfers.decline(self.payment_id, timeout=timeout)
