"""
The course of a payment: what is done next, and what is concluded. No I/O.

A course is a generator like the flows of the gateway. Besides tokens, responses
and pauses it yields ``Blocking`` steps: calls of the journal, which the driver
carries out in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kesspay.errors import (
    AuthenticationFailed,
    GatewayError,
    InputError,
    JournalError,
    PaymentConflict,
    Rejected,
)
from kesspay.gateway.messages import (
    ConfirmFundTransfer,
    CreateFundTransfer,
    QueryFundTransfer,
)
from kesspay.transfers.attempt import Do, Happened, State
from kesspay.transfers.desk import LOST, Blocking, Course, Desk, Held, Limit
from kesspay.transfers.payment import (
    NAME_CHANGED,
    TOO_MANY_ATTEMPTS,
    Transfer,
    read_confirm,
    read_create,
    read_query,
    replay,
    status_of,
)
from kesspay.transfers.wording import in_words_of_start, what_happened


if TYPE_CHECKING:
    from kesspay.transfers.journal import Lease, Payment, Record
    from kesspay.transfers.payment import Facts


__all__ = ["Courses", "Debit"]

#: Attempts that one call makes where creates get lost.
_MOST_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Debit:
    """
    What the caller reports.

    Args:
        debit_id: the caller's id of it.
        receiver_name: the name that its sender was shown, or "" for the one
            that the last create returned.
    """

    debit_id: str
    receiver_name: str = ""


class Courses(Desk):
    """The courses of the calls of one worker; the arguments are those of Desk."""

    def start(self, payment: Payment, limit: Limit) -> Course[Transfer]:
        """
        Go on until there is a pre-transfer, or the payment is beyond that.

        Raises:
            PaymentConflict: there is another payment with this id.
            NotSent, AuthenticationFailed: no create left; call again.
            Rejected: the receiver cannot be paid; nothing is owed.
            OutcomeUnknown: every create got lost; no money is involved.
            LeaseHeld: another worker is going on with the payment.
            WrongAccount: the journal belongs to another account.
        """
        yield from self.belong()
        yield Blocking(lambda: self.journal.begin(payment, self.rules))
        return (yield from self.under_lease(payment.payment_id, limit, self._start))

    def confirm(self, payment_id: str, debit: Debit, limit: Limit) -> Course[Transfer]:
        """
        Write the debit down, then go on until the outcome is known or time ends.

        Raises:
            PaymentConflict: the payment has another debit, or was not started.
            JournalError: the journal failed before anything was sent.
        """
        yield from self.belong()
        yield from self.require(payment_id)
        return (
            yield from self.under_lease(
                payment_id,
                limit,
                lambda held, until: self._confirm(held, debit, until),
            )
        )

    def decline(self, payment_id: str, limit: Limit) -> Course[Transfer]:
        """
        End a payment of which no confirm has left.

        Raises:
            PaymentConflict: a confirm may have left, or it was not started.
        """
        yield from self.belong()
        yield from self.require(payment_id)
        return (
            yield from self.under_lease(
                payment_id, limit, lambda held, _: self._decline(held)
            )
        )

    def look(self, payment_id: str) -> Course[Transfer | None]:
        """Return what the journal knows of a payment; nothing is sent."""
        yield from self.belong()
        record: Record | None = yield Blocking(lambda: self.journal.read(payment_id))
        return None if record is None else replay(record)

    def resume(self, lease: Lease, until: float) -> Course[Transfer]:
        """Go on with a payment that is due, without waiting for a later moment."""
        return (
            yield from self.guarded(
                lease.payment_id,
                lease.owner,
                self.leased(lease, lambda held: self._settle(held, until)),
            )
        )

    # What each of them does, once it has the payment.

    def _start(self, held: Held, until: float) -> Course[None]:
        yield from self._recover(held)
        attempt = held.transfer.attempt
        if attempt.state is State.CREATED and self.plan(held).do is Do.CLOSE:
            yield from self.note(held, Happened.WINDOW_CLOSED)
        tries = 0
        while _is_to_create(held.transfer):
            tries += 1
            failure = yield from self._create(held, until)
            if failure is None:
                yield from self._require_window(held)
                return
            final = tries == _MOST_ATTEMPTS or isinstance(
                failure, (AuthenticationFailed, Rejected)
            )
            soon = self.again_at(held, tries, until)
            if final or not (yield from self.wait(soon, until, patient=True)):
                raise in_words_of_start(failure)

    def _confirm(self, held: Held, debit: Debit, until: float) -> Course[None]:
        yield from self._recover(held)
        if not (yield from self._debit(held, debit)):
            return
        try:
            yield from self._settle(held, until, patient=True)
        except JournalError as error:
            # The debit is written down, so a worker may go on with it: this
            # is no failure of the payment.
            held.transfer = replace(held.transfer, trouble=str(error))

    def _decline(self, held: Held) -> Course[None]:
        yield from self._recover(held)
        transfer = held.transfer
        if transfer.outcome == "not_paid":
            return
        if transfer.attempt.sends or transfer.outcome not in {"pending", "unknown"}:
            message = (
                f"Payment {transfer.payment.payment_id!r} cannot be declined: "
                f"it is {transfer.attempt.state}. Nothing was changed."
            )
            raise PaymentConflict(message)
        yield from self.note(held, Happened.DECLINED)

    def _settle(
        self, held: Held, until: float, *, patient: bool = False
    ) -> Course[None]:
        """
        Do what is to be done until nothing is, or it is for later.

        Args:
            held: the payment.
            until: the moment on the clock of the engine to stop.
            patient: True waits for what is to be done soon.
        """
        yield from self._recover(held)
        created = tries = 0
        while self.engine.clock() < until and held.transfer.outcome == "unknown":
            if _is_to_create(held.transfer):
                # One at once; the gateway is not asked in a tight loop.
                due = status_of(held.transfer).due_at or 0.0
                if created and not (yield from self.wait(due, until, patient=patient)):
                    return
                created += 1
                failure = yield from self._create(held, until)
            else:
                ready = yield from self._is_ready(held, until, patient=patient)
                if not ready:
                    return
                failure = yield from self._act(held, until)
            if failure is None:
                tries = 0
                continue
            tries += 1
            held.transfer = replace(held.transfer, trouble=what_happened(failure))
            soon = self.again_at(held, tries, until)
            final = isinstance(failure, (AuthenticationFailed, Rejected))
            if final or not (yield from self.wait(soon, until, patient=patient)):
                return

    def _is_ready(self, held: Held, until: float, *, patient: bool) -> Course[bool]:
        """Wait for the moment of what is to be done next; False where it is later."""
        at = self.plan(held).at
        return (yield from self.wait(at, until, patient=patient))

    def _act(self, held: Held, until: float) -> Course[GatewayError | None]:
        """Do what is to be done with the newest attempt; return what did not leave."""
        if held.transfer.attempt.state is State.CREATED:
            yield from self._debit_again(held)
            return None
        do = self.plan(held).do
        if do is Do.CONFIRM:
            return (yield from self._send_confirm(held, until))
        if do is Do.CLOSE:
            yield from self.note(held, Happened.WINDOW_CLOSED)
        else:
            yield from self._query(held, until)
        return None

    def _require_window(self, held: Held) -> Course[None]:
        """Refuse to go on with a pre-transfer that can never be confirmed (R4)."""
        if self.plan(held).do is not Do.CLOSE:
            return
        seconds, rules = held.transfer.attempt.expire_in, held.transfer.rules
        yield from self.note(held, Happened.WINDOW_CLOSED)
        message = (
            f"The gateway gives pre-transfers that live {seconds:g} s, which is too "
            f"short for rules.deadline + rules.reserve "
            f"({rules.deadline:g} + {rules.reserve:g} s). No money is involved. Set a "
            f"shorter deadline, and start under a new payment_id: a payment keeps its "
            f"rules."
        )
        raise InputError(message)

    # The steps.

    def _create(self, held: Held, until: float) -> Course[GatewayError | None]:
        """Make one attempt; return why it failed."""
        transfer, payment = held.transfer, held.transfer.payment
        if transfer.number == payment.MOST_ATTEMPTS and transfer.wants_attempt:
            # No confirm of any of them has left, so that nothing is owed.
            yield from self.note(held, Happened.DECLINED, code=TOO_MANY_ATTEMPTS)
            return None
        # The number changes with the first entry of a new attempt.
        number = transfer.number + transfer.wants_attempt
        request = CreateFundTransfer(
            out_trade_no=payment.reference(number),
            receiver_id=payment.receiver_id,
            sender_name=payment.sender_name,
            amount=payment.amount,
            currency=payment.currency,
        )
        reply = yield from self.exchange(
            held,
            self.engine.create(request),
            until,
            sending=Happened.CREATE_SENDING,
            number=number,
            most=1,
        )
        yield from self.read(held, read_create(reply.result, reply.error), reply)
        return reply.error

    def _debit_again(self, held: Held) -> Course[None]:
        """Take the debit that is there over to another attempt."""
        granted = held.transfer.pre_transfer
        assert granted is not None  # noqa: S101 - it is CREATED
        if granted.receiver_name == held.transfer.shown_name:
            yield from self.note(held, Happened.DEBITED)
        else:
            # The sender agreed to pay somebody of another name.
            yield from self.note(held, Happened.DECLINED, code=NAME_CHANGED)

    def _debit(self, held: Held, debit: Debit) -> Course[bool]:
        """Write the debit down; return whether there is anything left to do."""
        transfer = held.transfer
        if transfer.debit_id:
            if transfer.debit_id != debit.debit_id:
                message = (
                    f"Payment {transfer.payment.payment_id!r} has the debit "
                    f"{transfer.debit_id!r}, not {debit.debit_id!r}. Nothing was sent."
                )
                raise PaymentConflict(message)
            return True
        if transfer.outcome != "pending":
            return False
        granted = transfer.pre_transfer
        if transfer.attempt.state is not State.CREATED or granted is None:
            message = (
                f"Payment {transfer.payment.payment_id!r} has no pre-transfer to "
                f"confirm: start it first. Nothing was sent."
            )
            raise PaymentConflict(message)
        shown = debit.receiver_name or granted.receiver_name
        facts: Facts = {"debit_id": debit.debit_id, "shown_name": shown}
        if shown == granted.receiver_name:
            yield from self.note(held, Happened.DEBITED, facts=facts)
            return True
        # The sender agreed to pay somebody of another name.
        yield from self.note(held, Happened.DECLINED, code=NAME_CHANGED, facts=facts)
        return False

    def _send_confirm(self, held: Held, until: float) -> Course[GatewayError | None]:
        """Send a confirm; return the error where it did not leave."""
        granted = held.transfer.pre_transfer
        assert granted is not None  # noqa: S101 - DEBITED comes after CREATED
        request = ConfirmFundTransfer(granted, held.transfer.debit_id)
        attempt, rules = held.transfer.attempt, held.transfer.rules
        sends = attempt.sends
        reply = yield from self.exchange(
            held,
            self.engine.confirm(request, sent_before=sends > 0),
            until,
            sending=Happened.CONFIRM_SENDING,
            number=held.transfer.number,
            most=rules.resends - attempt.resends + (sends == 0),
            seconds=attempt.seconds_to_confirm(self.journal.now(), rules),
        )
        yield from self.read(held, read_confirm(reply.result, reply.error), reply)
        return reply.error if held.transfer.attempt.sends == sends else None

    def _query(self, held: Held, until: float) -> Course[None]:
        granted = held.transfer.pre_transfer
        assert granted is not None  # noqa: S101 - only then there is a confirm
        call = self.engine.query(QueryFundTransfer(granted))
        attempt, rules = held.transfer.attempt, held.transfer.rules
        seconds = attempt.seconds_to_query(self.journal.now(), rules)
        reply = yield from self.exchange(held, call, until, seconds=seconds)
        yield from self.read(held, read_query(reply.result, reply.error), reply)

    def _recover(self, held: Held) -> Course[None]:
        """Take up what a crash left: an answer that nobody wrote down is lost."""
        lost = LOST.get(held.transfer.attempt.state)
        if lost is not None:
            yield from self.note(held, lost, facts={"reason": "crash"})


def _is_to_create(transfer: Transfer) -> bool:
    return transfer.wants_attempt or transfer.attempt.state is State.NEW
