"""Exactly-once fund transfers, for threads. Every decision is in ``workflow``."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from kesspay._checks import require, seconds
from kesspay._drive import drive
from kesspay.errors import JournalUnavailable, KesspayError
from kesspay.gateway.client import Client
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
from kesspay.transfers.releases import beside
from kesspay.transfers.rounds import DueRound
from kesspay.transfers.watching import Watch
from kesspay.transfers.wording import unusable
from kesspay.transfers.workflow import Debit, PaymentWorkflow


if TYPE_CHECKING:
    from collections.abc import Generator
    from decimal import Decimal
    from types import TracebackType

    from kesspay.transfers.watching import Stop


__all__ = ["PendingTransfer", "Transfers"]

_T = TypeVar("_T")


class Transfers:
    """
    Pays exactly once, even if the network, the gateway or the process fails.

    ::

        transfers = Transfers(client, SqliteJournal("journal.sqlite"))
        pending = transfers.start(payment_id="order-1", receiver_id="85512345678",
                                  amount=Decimal("0.50"), sender_name="Chan Sophea")
        # show pending.receiver_name, debit your customer, then:
        result = pending.confirm(debit_id="debit-1")
        if result.outcome == "paid": ...        # capture the debit
        elif result.outcome == "not_paid": ...  # give it back
        else: ...                               # keep it; resume() finds out

    ``with Transfers(...) as transfers:`` closes the object at its end.

    Every call can be repeated after a crash, in another process as well: it
    continues the payment of that id and never begins another one. Any number of
    threads may use one object.

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
        on_result: called with each result that ``confirm`` and ``decline`` return and
            that ``resume`` and ``watch`` yield, for metrics; what it raises is logged
            and changes nothing.

    Raises:
        InputError: an argument cannot be used.

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
        require(client, Client, "client")
        require(rules, Rules, "rules")
        self._client = client
        self._results = Results(on_result)
        self._timeout = seconds(timeout)
        self._workflow = PaymentWorkflow(client.engine, journal, rules)
        self._is_closed = False

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
        return self._results.of(result_of(self._run(steps)))

    def decline(
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
        return self._results.of(result_of(self._run(steps)))

    def decide(
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
        return result_of(self._run(steps))

    def look(self, payment_id: str) -> TransferResult | None:
        """
        Return what the journal records of a payment; nothing is sent.

        Args:
            payment_id: your own id of the payment.

        Returns:
            The result, or None where the journal has no payment of this id.

        Raises:
            JournalError: the journal cannot be used.
        """
        transfer = self._run(self._workflow.look(payment_id))
        return None if transfer is None else result_of(transfer)

    def resume(self, *, timeout: float | None = None) -> Generator[TransferResult]:
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
            while (result := self._run(due.next(limit))) is not None:
                yield self._results.of(result)
        except BaseException:
            # Also where the caller stops in the middle.
            due.interrupt()
            self._workflow.leases.releases.wait()
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
        Resume the payments that are due, and repeat this until ``stop`` is set.

        ::

            for result in transfers.watch(stop=stop):
                update_my_order(result.payment_id, result.outcome)

        While the journal is unavailable (a database that restarts, a full disk) it
        tries again after growing pauses of 1 to 60 s, and logs that on
        ``kesspay.transfers``. Several workers can run at the same time. ``kesspay
        resume --watch`` does the same.

        Args:
            every: seconds between two rounds.
            stop: a ``threading.Event``; once it is set, the worker ends after the
                payment that it works on; in a pause, within half a second. None
                never ends.
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

    def close(self) -> None:
        """
        End the use of the journal; the journal itself stays open, as does the client.

        Every later call raises JournalUnavailable, and sends nothing. A call that
        runs meanwhile in another thread ends before its next create or confirm, with
        the result that is known by then, and releases its payment. Without ``close``
        there is nothing that stays behind.
        """
        self._is_closed = True

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the transfers."""
        self.close()

    def _limit(self, timeout: float | None) -> Limit:
        given = None if timeout is None else seconds(timeout)
        return self._workflow.leases.limit(given, self._timeout)

    def _run(self, steps: Steps[_T]) -> _T:
        """Take every step; an interruption waits until the payment is released."""
        try:
            return drive(steps, self._provide)
        except KesspayError:
            raise
        except BaseException:
            self._workflow.leases.releases.wait()
            raise

    def _provide(self, need: Any) -> Any:  # noqa: ANN401 - see Steps
        if isinstance(need, Blocking):
            if self._is_closed and not need.is_release:
                raise unusable(
                    "these Transfers were closed (close, or the end of with); make"
                    " others, with the same journal"
                )
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
    _transfers: Transfers = field(repr=False, compare=False)

    def confirm(self, debit_id: str, *, timeout: float | None = None) -> TransferResult:
        """
        Pay: you have debited your customer, under the id ``debit_id``.

        The result and the errors are those of ``confirm`` of the transfers.

        Args:
            debit_id: your own id of the debit, 1 to 64 of A-Z a-z 0-9 _ -.
            timeout: seconds for this call; None for that of the transfers.
        """
        return self._transfers.confirm(
            self.payment_id,
            debit_id=debit_id,
            receiver_name=self.receiver_name,
            timeout=timeout,
        )

    def close(self, *, timeout: float | None = None) -> TransferResult:
        """
        End the payment, which was not confirmed; nothing is owed then.

        The result and the errors are those of ``decline`` of the transfers.

        Args:
            timeout: seconds for this call; None for that of the transfers.
        """
        return self._transfers.decline(self.payment_id, timeout=timeout)
