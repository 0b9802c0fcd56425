"""Exactly-once fund transfers, for threads. Every decision is in ``workflow``."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from kesspay._drive import drive
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
from kesspay.transfers.returns import beside
from kesspay.transfers.rounds import DueRound
from kesspay.transfers.watching import Watch
from kesspay.transfers.workflow import Debit, PaymentWorkflow


if TYPE_CHECKING:
    from collections.abc import Generator
    from decimal import Decimal

    from kesspay.gateway.client import Client
    from kesspay.transfers.watching import Stop


__all__ = ["PendingTransfer", "Transfers"]

_T = TypeVar("_T")


class Transfers:
    """
    Pays exactly once, whatever the network, the gateway or the power does.

    ::

        transfers = Transfers(client, SqliteJournal("journal.sqlite"))
        pending = transfers.start(payment_id="order-1", receiver_id="85512345678",
                                  amount=Decimal("0.50"), sender_name="Chan Sophea")
        # show pending.receiver_name, debit your customer, then:
        result = pending.confirm(debit_id="debit-1")
        if result.outcome == "paid": ...        # capture the debit
        elif result.outcome == "not_paid": ...  # give it back
        else: ...                               # keep it; resume() finds out

    Every call can be repeated after a crash, in another process as well: it
    continues the payment of that id and never begins another one. Any number of
    threads may use one object.

    Args:
        client: sends; its own ``retries`` are not used here.
        journal: where everything is written before it is sent. It belongs to
            the account of the first client that uses it; every call with
            another one raises WrongAccount, and sends nothing.
        rules: for payments that are started here, which keep them: STRICT,
            unless you know your gateway well enough for RELAXED.
        timeout: seconds that a call may take. One that gives none of its own
            waits besides, where it must, until a worker that died has no lease
            of the payment any more (90 s).
        on_result: called with each result that ``confirm`` and ``decline`` return and
            that ``resume`` and ``watch`` yield, for metrics; what it raises is logged
            and changes nothing.

    Source: the rules are explained in docs/transfers.md.
    """

    def __init__(
        self,
        client: Client,
        journal: Journal,
        *,
        rules: Rules = STRICT,
        timeout: float = 60.0,
        on_result: ResultHook | None = None,
    ) -> None:
        """Take the parts; nothing is sent."""
        self._client = client
        self._results = Results(on_result)
        self._timeout = seconds(timeout)
        self._workflow = PaymentWorkflow(client.engine, journal, rules)

    def start(
        self,
        *,
        payment_id: str,
        receiver_id: str,
        amount: Decimal,
        sender_name: str,
        timeout: float | None = None,
    ) -> PendingTransfer:
        """
        Ask for a pre-transfer. No money moves.

        Args:
            payment_id: your own id of the payment, 1 to 60 of
                A-Z a-z 0-9 _ -; one id is one payment for ever.
            receiver_id: KESS user id or phone number.
            amount: US dollars, above 0, at most two places.
            sender_name: name of your customer.
            timeout: seconds for this call.

        Raises:
            FieldError: a field breaks a rule.
            PaymentConflict: there is another payment with this id.
            NotSent, AuthenticationFailed: nothing left; call again.
            Rejected: the receiver cannot be paid; nothing is owed.
            OutcomeUnknown: the creates got lost; no money is involved.
            InputError: the pre-transfers of the gateway live too short for
                these rules.
            JournalError: the journal cannot be used; no money is involved.
        """
        payment = Payment(payment_id, receiver_id, sender_name, amount)
        limit = self._limit(timeout)
        transfer = self._run(self._workflow.start(payment, limit))
        raise_if_rejected(transfer)
        return PendingTransfer(**pending_fields(transfer), _transfers=self)

    def confirm(
        self,
        payment_id: str,
        *,
        debit_id: str,
        receiver_name: str = "",
        timeout: float | None = None,
    ) -> TransferResult:
        """
        Pay: the caller has the customer's money, under its id ``debit_id``.

        The debit is written down first. Then the confirm is sent, and where
        its outcome is unknown the gateway is queried until it is known or the
        time ends. It never raises for an unknown outcome.

        Args:
            payment_id: of a payment that was started.
            debit_id: your own id of the debit, 1 to 64 of A-Z a-z 0-9 _ -.
            receiver_name: the name that you showed; where the pre-transfer has
                another one by now, the payment ends as "not_paid". "" for the
                name that the last start returned.
            timeout: seconds for this call.

        Raises:
            FieldError: ``debit_id`` breaks the rule.
            PaymentConflict: the payment has another debit, or was not started.
            LeaseHeld: another worker is going on with it; call again.
            JournalError: the debit could not be written; nothing was sent.
        """
        check_own_id("debit_id", debit_id)
        limit = self._limit(timeout)
        steps = self._workflow.confirm(
            payment_id, Debit(debit_id, receiver_name), limit
        )
        return self._results.of(result_of(self._run(steps)))

    def decline(
        self, payment_id: str, *, timeout: float | None = None
    ) -> TransferResult:
        """
        End a payment of which no confirm has left; nothing is owed then.

        Raises:
            PaymentConflict: a confirm may have left; nothing was changed.
            LeaseHeld: another worker is going on with it; call again.
            JournalError: the journal cannot be used.
        """
        limit = self._limit(timeout)
        steps = self._workflow.decline(payment_id, limit)
        return self._results.of(result_of(self._run(steps)))

    def look(self, payment_id: str) -> TransferResult | None:
        """
        Return what the journal knows of a payment, or None; nothing is sent.

        Raises:
            JournalError: the journal cannot be used.
        """
        transfer = self._run(self._workflow.look(payment_id))
        return None if transfer is None else result_of(transfer)

    def resume(self, *, timeout: float | None = None) -> Generator[TransferResult]:
        """
        Continue with everything that is due, once, and yield what came of it.

        It takes up what a crash or a time-out left, of any process. Workers on
        many machines can do so at the same time: each payment is taken by one.

        Args:
            timeout: seconds for each payment.

        Raises:
            JournalError: the journal cannot be used.
        """
        limit = self._timeout if timeout is None else seconds(timeout)
        due = DueRound(self._workflow)
        try:
            while (result := self._run(due.next(limit))) is not None:
                yield self._results.of(result)
        except BaseException:
            # Also where the caller stops in the middle.
            due.interrupt()
            self._workflow.leases.returns.wait()
            raise
        self._run(due.end())

    def watch(
        self,
        *,
        every: float = 5.0,
        stop: Stop | None = None,
        timeout: float | None = None,
    ) -> Generator[TransferResult]:
        """
        Continue with everything that is due, again and again: a worker without end.

        ::

            for result in transfers.watch(stop=stop):
                update_my_order(result.payment_id, result.outcome)

        While the journal is away (a database that restarts, a full disk) it tries
        again after growing pauses of 1 to 60 s, and logs that on
        ``kesspay.transfers``. Several can run at the same time; it does what
        ``kesspay resume --watch`` does.

        Args:
            every: seconds between two looks at the journal.
            stop: a ``threading.Event``; once it is set, the worker ends after the
                payment at hand, or within half a second of a pause.
            timeout: seconds for each payment.

        Raises:
            JournalError: the journal cannot be used, and waiting does not help.
        """
        pause = seconds(every, "every")
        watch = Watch(self._workflow.engine.clock, pause, stop)
        while not watch.is_stopped:
            try:
                with closing(self.resume(timeout=timeout)) as results:
                    for result in results:
                        watch.is_there()
                        yield result
                        if watch.is_stopped:
                            return
                watch.is_there()
            except JournalUnavailable as error:
                self._run(watch.is_away(error))
            else:
                self._run(watch.rest())

    def _limit(self, timeout: float | None) -> Limit:
        given = None if timeout is None else seconds(timeout)
        return self._workflow.leases.limit(given, self._timeout)

    def _run(self, steps: Steps[_T]) -> _T:
        """Take every step; an interruption waits until the payment is given back."""
        try:
            return drive(steps, self._provide)
        except KesspayError:
            raise
        except BaseException:
            self._workflow.leases.returns.wait()
            raise

    def _provide(self, need: Any) -> Any:  # noqa: ANN401 - see Steps
        if isinstance(need, Blocking):
            return beside(need.act) if need.beside else need.act()
        if isinstance(need, Within):
            return self._client.provide(need.need, need.until)
        return self._client.provide(need, math.inf)


@dataclass(frozen=True, slots=True)
class PendingTransfer:
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
    _transfers: Transfers = field(repr=False, compare=False)

    def confirm(self, debit_id: str, *, timeout: float | None = None) -> TransferResult:
        """Pay; see ``Transfers.confirm``."""
        return self._transfers.confirm(
            self.payment_id,
            debit_id=debit_id,
            receiver_name=self.receiver_name,
            timeout=timeout,
        )

    def close(self, *, timeout: float | None = None) -> TransferResult:
        """End it, nothing was paid; see ``Transfers.decline``."""
        return self._transfers.decline(self.payment_id, timeout=timeout)
