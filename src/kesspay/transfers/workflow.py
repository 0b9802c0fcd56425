"""
The workflow of a payment under a lease: what is done next, until when. No I/O.

``_exchange`` is the one place that sends a request: it records every send in the
journal first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from kesspay._checks import plain_fields
from kesspay.errors import (
    AuthenticationFailed,
    FieldError,
    GatewayError,
    InputError,
    JournalError,
    KesspayError,
    PaymentConflict,
    Rejected,
    TransportError,
)
from kesspay.gateway.flow import Pause
from kesspay.gateway.messages import (
    ConfirmFundTransfer,
    CreateFundTransfer,
    HttpRequest,
    HttpResponse,
    QueryFundTransfer,
    check_own_id,
)
from kesspay.transfers.attempt import Do, Happened, State
from kesspay.transfers.decision import is_to_record, require_answer
from kesspay.transfers.journal import Entry, is_payment_id
from kesspay.transfers.leases import (
    LOST,
    PAUSE,
    Blocking,
    Leased,
    Leases,
    Limit,
    Steps,
    Within,
)
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
from kesspay.transfers.states import plan
from kesspay.transfers.wording import in_words_of_start, what_happened


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.flow import Call, Engine
    from kesspay.transfers.attempt import Action, Rules
    from kesspay.transfers.decision import Decision
    from kesspay.transfers.journal import Journal, Lease, Payment, Record
    from kesspay.transfers.payment import Facts, Reading


__all__ = ["Debit", "PaymentWorkflow"]

#: Attempts that one call makes where creates get lost.
_MOST_ATTEMPTS: Final = 5

#: Longest pause before something that was not sent is tried again; the first is PAUSE.
_LONGEST_PAUSE: Final = 5.0

#: Multiples of it fall far from each other, modulo 1.
_GOLDEN: Final = 0.618


@dataclass(frozen=True, slots=True)
class Debit:
    """
    The debit that the caller reports.

    Args:
        debit_id: the caller's id of it.
        receiver_name: the receiver's name that the sender was shown, or "" for the
            one that the last create returned.
    """

    debit_id: str
    receiver_name: str = ""

    def __post_init__(self) -> None:
        """Check both (FieldError): a name of another type is no other name."""
        plain_fields(self)
        check_own_id("debit_id", self.debit_id)
        if not isinstance(self.receiver_name, str):
            raise FieldError("receiver_name", "must be a str", self.receiver_name)


@dataclass(slots=True)
class _Reply:
    """
    What came of a call.

    Attributes:
        result: what it returned, or None.
        error: why it returned nothing.
        response: the last one that came in.
        left: False where no send was written down, so that there is nothing
            to say about one.
    """

    result: Any = None
    error: GatewayError | None = None
    response: HttpResponse | None = None
    left: bool = False


class PaymentWorkflow:
    """
    What is done for the payments of one journal, with one client.

    Args:
        engine: of the client.
        journal: where everything is written before it is sent.
        rules: of the payments that are started here; one that is there already
            keeps its own (R11).

    Raises:
        InputError: the journal cannot say which account it belongs to.
    """

    def __init__(self, engine: Engine, journal: Journal, rules: Rules) -> None:
        """Take the parts, if the journal can say whom it belongs to."""
        self.engine = engine
        self.journal = journal
        self.rules = rules
        self.leases = Leases(engine, journal, rules)

    def start(self, payment: Payment, limit: Limit) -> Steps[Transfer]:
        """
        Continue until there is a pre-transfer, or the payment is beyond that.

        Raises:
            PaymentConflict: the id names a payment with other fields.
            NotSent, AuthenticationFailed: no create was sent; call again.
            Rejected: the receiver cannot be paid; nothing is owed.
            OutcomeUnknown: no create was answered; no money is involved.
            LeaseHeld: another worker has the payment.
            WrongAccount: the journal belongs to another account.
        """
        yield from self.leases.belong()
        yield Blocking(lambda: self.journal.begin(payment, self.rules))
        return (
            yield from self.leases.with_payment(payment.payment_id, limit, self._start)
        )

    def confirm(self, payment_id: str, debit: Debit, limit: Limit) -> Steps[Transfer]:
        """
        Record the debit, then continue until the outcome is known or the time ends.

        Raises:
            PaymentConflict: the payment has another debit, or was not started.
            JournalError: the journal cannot be used; this call sent nothing.
        """
        return self._with_started(
            payment_id,
            limit,
            lambda leased, until: self._confirm(leased, debit, until),
        )

    def decline(self, payment_id: str, limit: Limit) -> Steps[Transfer]:
        """
        End a payment whose confirm has not been sent.

        Raises:
            PaymentConflict: a confirm may have been sent, or it was not started.
        """
        return self._with_started(
            payment_id, limit, lambda leased, _: self._decline(leased)
        )

    def decide(
        self, payment_id: str, decision: Decision, limit: Limit
    ) -> Steps[Transfer]:
        """
        Record what a person decided, after one more query; no money moves.

        Raises:
            PaymentConflict: it is not for a person to decide, or the gateway says
                that money moved.
            OutcomeUnknown: the gateway could not be asked.
        """
        return self._with_started(
            payment_id,
            limit,
            lambda leased, until: self._decide(leased, decision, until),
        )

    def look(self, payment_id: str) -> Steps[Transfer | None]:
        """Return what the journal records of a payment; nothing is sent."""
        yield from self.leases.belong()
        if not is_payment_id(payment_id):
            return None
        record: Record | None = yield Blocking(lambda: self.journal.read(payment_id))
        return None if record is None else replay(record)

    def resume(self, lease: Lease, until: float) -> Steps[Transfer]:
        """Continue with a payment that is due, without waiting for a later moment."""
        return (
            yield from self.leases.guarded(
                lease.payment_id,
                lease.owner,
                self.leases.under_lease(
                    lease, lambda leased: self._settle(leased, until)
                ),
            )
        )

    def _with_started(
        self,
        payment_id: str,
        limit: Limit,
        work: Callable[[Leased, float], Steps[None]],
    ) -> Steps[Transfer]:
        """Take a payment of this account that was started, and work on it."""
        yield from self.leases.belong()
        yield from self.leases.require(payment_id)
        return (yield from self.leases.with_payment(payment_id, limit, work))

    # What each of them does, once it has the payment.

    def _start(self, leased: Leased, until: float) -> Steps[None]:
        yield from self._recover(leased)
        attempt = leased.transfer.attempt
        if attempt.state is State.CREATED and self._plan(leased).do is Do.CLOSE:
            yield from self._note(leased, Happened.WINDOW_CLOSED)
        tries = 0
        while _is_to_create(leased.transfer):
            tries += 1
            failure = yield from self._create(leased, until)
            if failure is None:
                yield from self._require_window(leased)
                return
            final = tries == _MOST_ATTEMPTS or isinstance(
                failure, (AuthenticationFailed, Rejected)
            )
            soon = self._again_at(leased, tries, until)
            # No money is involved, so that a gateway gets all the time that it asks.
            soon = max(soon, self.journal.now() + failure.retry_after)
            if final or not (yield from self._wait(soon, until, patient=True)):
                raise in_words_of_start(failure)

    def _confirm(self, leased: Leased, debit: Debit, until: float) -> Steps[None]:
        yield from self._recover(leased)
        if not (yield from self._debit(leased, debit)):
            return
        try:
            yield from self._settle(leased, until, patient=True)
        except JournalError as error:
            # The debit is recorded, so a worker may resume the payment: this
            # is no failure of the payment.
            leased.transfer = replace(leased.transfer, trouble=str(error))

    def _decline(self, leased: Leased) -> Steps[None]:
        yield from self._recover(leased)
        transfer = leased.transfer
        if transfer.outcome == "not_paid":
            return
        if transfer.attempt.sends or transfer.outcome not in {"pending", "unknown"}:
            message = (
                f"Payment {transfer.payment.payment_id!r} cannot be declined: "
                f"it is {transfer.attempt.state}. Nothing was changed."
            )
            raise PaymentConflict(message)
        yield from self._note(leased, Happened.DECLINED)

    def _decide(self, leased: Leased, decision: Decision, until: float) -> Steps[None]:
        if not is_to_record(leased.transfer, decision):
            return
        said = yield from self._query(leased, until)
        if leased.transfer.attempt.state is State.MANUAL:
            require_answer(leased.transfer, decision, said)
            yield from self._note(leased, Happened.DECIDED, facts=decision.facts())

    def _settle(
        self, leased: Leased, until: float, *, patient: bool = False
    ) -> Steps[None]:
        """
        Do what is to be done until nothing is, or it is for later.

        Args:
            leased: the payment.
            until: the moment on the clock of the engine to stop.
            patient: True waits for what is to be done soon.
        """
        yield from self._recover(leased)
        created = tries = 0
        while self.engine.clock() < until and leased.transfer.outcome == "unknown":
            if _is_to_create(leased.transfer):
                # One at once, unless the gateway asked to wait: it is not asked in a
                # tight loop.
                due = 0.0
                if created or leased.transfer.retry_after:
                    due = status_of(leased.transfer).due_at or 0.0
                if not (yield from self._wait(due, until, patient=patient)):
                    return
                created += 1
                failure = yield from self._create(leased, until)
            else:
                at = self._plan(leased).at
                if not (yield from self._wait(at, until, patient=patient)):
                    return
                failure = yield from self._act(leased, until)
            if failure is None:
                tries = 0
                continue
            tries += 1
            leased.transfer = replace(leased.transfer, trouble=what_happened(failure))
            soon = self._again_at(leased, tries, until)
            final = isinstance(failure, (AuthenticationFailed, Rejected))
            if final or not (yield from self._wait(soon, until, patient=patient)):
                return

    def _act(self, leased: Leased, until: float) -> Steps[GatewayError | None]:
        """Do what is to be done with the newest attempt; return what did not leave."""
        if leased.transfer.attempt.state is State.CREATED:
            yield from self._debit_again(leased)
            return None
        do = self._plan(leased).do
        if do is Do.CONFIRM:
            return (yield from self._send_confirm(leased, until))
        if do is Do.CLOSE:
            yield from self._note(leased, Happened.WINDOW_CLOSED)
        else:
            yield from self._query(leased, until)
        return None

    def _require_window(self, leased: Leased) -> Steps[None]:
        """Refuse a pre-transfer that can never be confirmed (R4)."""
        if self._plan(leased).do is not Do.CLOSE:
            return
        seconds, rules = leased.transfer.attempt.expire_in, leased.transfer.rules
        yield from self._note(leased, Happened.WINDOW_CLOSED)
        message = (
            f"The gateway gives pre-transfers that live {seconds:g} s, which is too "
            f"short for rules.deadline + rules.reserve "
            f"({rules.deadline:g} + {rules.reserve:g} s). No money is involved. Set a "
            f"shorter deadline, and start under a new payment_id: a payment keeps its "
            f"rules."
        )
        raise InputError(message)

    # The steps.

    def _create(self, leased: Leased, until: float) -> Steps[GatewayError | None]:
        """Make one attempt; return why it failed."""
        transfer, payment = leased.transfer, leased.transfer.payment
        if transfer.number == payment.MOST_ATTEMPTS and transfer.wants_attempt:
            # No confirm of any of them has left, so that nothing is owed.
            yield from self._note(leased, Happened.DECLINED, code=TOO_MANY_ATTEMPTS)
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
        reply = yield from self._exchange(
            leased,
            self.engine.create(request),
            until,
            sending=Happened.CREATE_SENDING,
            number=number,
            most=1,
        )
        yield from self._read(leased, read_create(reply.result, reply.error), reply)
        return reply.error

    def _debit_again(self, leased: Leased) -> Steps[None]:
        """Take the debit that is there over to another attempt."""
        granted = leased.transfer.pre_transfer
        assert granted is not None  # noqa: S101 - it is CREATED
        if granted.receiver_name == leased.transfer.shown_name:
            yield from self._note(leased, Happened.DEBITED)
        else:
            # The sender agreed to pay a receiver of another name.
            yield from self._note(leased, Happened.DECLINED, code=NAME_CHANGED)

    def _debit(self, leased: Leased, debit: Debit) -> Steps[bool]:
        """Write the debit down; return whether there is anything left to do."""
        transfer = leased.transfer
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
            yield from self._note(leased, Happened.DEBITED, facts=facts)
            return True
        # The sender agreed to pay a receiver of another name.
        yield from self._note(leased, Happened.DECLINED, code=NAME_CHANGED, facts=facts)
        return False

    def _send_confirm(self, leased: Leased, until: float) -> Steps[GatewayError | None]:
        """Send a confirm; return the error where it did not leave."""
        granted = leased.transfer.pre_transfer
        assert granted is not None  # noqa: S101 - DEBITED comes after CREATED
        request = ConfirmFundTransfer(granted, leased.transfer.debit_id)
        attempt, rules = leased.transfer.attempt, leased.transfer.rules
        sends = attempt.sends
        reply = yield from self._exchange(
            leased,
            self.engine.confirm(request, sent_before=sends > 0),
            until,
            sending=Happened.CONFIRM_SENDING,
            number=leased.transfer.number,
            most=rules.resends - attempt.resends + (sends == 0),
            seconds=attempt.seconds_to_confirm(self.journal.now(), rules),
        )
        yield from self._read(leased, read_confirm(reply.result, reply.error), reply)
        return reply.error if leased.transfer.attempt.sends == sends else None

    def _query(self, leased: Leased, until: float) -> Steps[Happened]:
        granted = leased.transfer.pre_transfer
        assert granted is not None  # noqa: S101 - only then there is a confirm
        call = self.engine.query(QueryFundTransfer(granted))
        attempt, rules = leased.transfer.attempt, leased.transfer.rules
        seconds = attempt.seconds_to_query(self.journal.now(), rules)
        reply = yield from self._exchange(leased, call, until, seconds=seconds)
        reading = read_query(reply.result, reply.error)
        yield from self._read(leased, reading, reply)
        return reading.what

    def _recover(self, leased: Leased) -> Steps[None]:
        """Take up what a crash left: an answer that was not written down is lost."""
        lost = LOST.get(leased.transfer.attempt.state)
        if lost is not None:
            yield from self._note(leased, lost, facts={"reason": "crash"})

    # What they are made of.

    def _exchange(
        self,
        leased: Leased,
        call: Call[Any],
        until: float,
        *,
        sending: Happened | None = None,
        number: int = 0,
        most: int = 1,
        seconds: float | None = None,
    ) -> Steps[_Reply]:
        """
        Carry out a call, each of its sends written down before it leaves.

        Args:
            leased: the payment.
            call: what to send.
            until: the moment on the clock of the engine to give up.
            sending: the entry to write; None for a query, which changes nothing.
            number: of the attempt it belongs to.
            most: how often it may be sent here; after an HTTP 401 it would
                be sent again.
            seconds: that it may take; None for the deadline of the rules.
        """
        longest = leased.transfer.rules.deadline if seconds is None else seconds
        deadline = min(until, self.engine.clock() + longest)
        flow = self.engine.flow(call, self.engine.options(deadline, retries=0))
        reply = _Reply(left=sending is None)
        sends = 0
        try:
            need = next(flow)
            while True:
                is_send = isinstance(need, HttpRequest) and sending is not None
                if sending is not None and is_send and sends < most:
                    body = None if reply.response is None else reply.response.body
                    now = self.journal.now()
                    entry = Entry(number, sending, now, sent=call.body, received=body)
                    yield from self.leases.write(leased, entry)
                    # What came so far belongs to the send before this one.
                    reply.left, reply.response = True, None
                try:
                    if is_send and sends == most:
                        text = "it is not sent once more after HTTP 401"
                        raise TransportError("no_reply", text)
                    sends += is_send
                    given = yield Within(need, deadline)
                except KesspayError as error:
                    need = flow.throw(error)
                else:
                    if isinstance(given, HttpResponse):
                        reply.response = given
                    need = flow.send(given)
        except StopIteration as stop:
            reply.result = stop.value
        except GatewayError as error:
            reply.error = error
        finally:
            flow.close()
        return reply

    def _read(self, leased: Leased, reading: Reading, reply: _Reply) -> Steps[None]:
        """Write down what an answer, or the want of one, meant."""
        if not reply.left:
            return
        body = None if reply.response is None else reply.response.body
        entry = Entry(
            leased.transfer.number,
            reading.what,
            self.journal.now(),
            reading.code,
            reading.facts,
            received=body,
        )
        yield from self.leases.write(leased, entry)

    def _note(
        self,
        leased: Leased,
        what: Happened,
        *,
        code: str = "",
        facts: Facts | None = None,
    ) -> Steps[None]:
        """Write down something that has no message."""
        # A payment that is declined before its first create has no number yet.
        number, now = max(leased.transfer.number, 1), self.journal.now()
        yield from self.leases.write(
            leased, Entry(number, what, now, code, facts or {})
        )

    def _wait(self, at: float, until: float, *, patient: bool) -> Steps[bool]:
        """Wait for a moment of the journal's time; False where it is too far."""
        seconds = at - self.journal.now()
        if seconds <= 0:
            return True
        too_late = self.engine.clock() + seconds >= until
        if not patient or too_late or seconds > self.leases.lease_seconds / 2:
            return False
        yield Pause(seconds)
        return True

    def _again_at(self, leased: Leased, tries: int, until: float) -> float:
        """
        Return when, on the journal's clock, to try once more what was not sent.

        The pauses grow, and differ between payments, so that a gateway that
        comes back is not met by all of them at once. None of them takes the last
        moment of the window, or of the call, away.

        Args:
            leased: the payment.
            tries: how many were not sent, one after the other.
            until: the moment on the clock of the engine at which the call ends.
        """
        attempt, rules = leased.transfer.attempt, leased.transfer.rules
        now, left = self.journal.now(), until - self.engine.clock()
        if attempt.state is State.DEBITED:
            left = min(left, attempt.window_ends(rules) - now)
        elif attempt.state is State.UNKNOWN:
            left = min(left, attempt.resends_end(rules) - now)
        share = (attempt.jitter + tries * _GOLDEN) % 1.0
        pause = min(PAUSE * 2.0 ** min(tries - 1, 16), _LONGEST_PAUSE)
        return now + min(pause * (1.0 - 0.5 * share), max(PAUSE, left - PAUSE))

    def _plan(self, leased: Leased) -> Action:
        """Return what is to be done with a payment now."""
        return plan(leased.transfer.attempt, self.journal.now(), leased.transfer.rules)


def _is_to_create(transfer: Transfer) -> bool:
    return transfer.wants_attempt or transfer.attempt.state is State.NEW
