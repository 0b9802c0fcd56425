"""
What a course does under a lease: read, write and send. No I/O of its own.

The one place where a request meets the journal: ``exchange`` writes every send
down before it lets the request go.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_hex
from threading import Event
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    NamedTuple,
    TypeAlias,
    TypeVar,
)

from kesspay.errors import (
    GatewayError,
    InputError,
    JournalError,
    KesspayError,
    LeaseHeld,
    PaymentConflict,
    TransportError,
)
from kesspay.gateway.flow import Need, Pause
from kesspay.gateway.messages import CONFIRM, HttpRequest, HttpResponse
from kesspay.transfers.account import (
    account_of,
    check_owner,
    keys_of,
    this_process,
)
from kesspay.transfers.attempt import Happened, State
from kesspay.transfers.journal import Entry
from kesspay.transfers.payment import Transfer, replay, status_of
from kesspay.transfers.returns import Returns
from kesspay.transfers.states import plan


if TYPE_CHECKING:
    from kesspay.gateway.flow import Call, Engine
    from kesspay.transfers.attempt import Action, Rules
    from kesspay.transfers.journal import Journal, Lease, Record
    from kesspay.transfers.payment import Facts, Reading


__all__ = [
    "LOST",
    "PAUSE",
    "Blocking",
    "Course",
    "Desk",
    "Held",
    "Limit",
    "Reply",
    "Within",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Blocking(Generic[_T]):
    """A step that may wait for a disk or a server: ``act`` gives its result."""

    act: Callable[[], _T]


@dataclass(frozen=True, slots=True)
class Within:
    """A need of the client's flow that has to be met by a moment on its clock."""

    need: Need
    until: float


class Limit(NamedTuple):
    """
    When a call ends.

    Args:
        until: the moment on the clock of the engine.
        patience: seconds that it waits longer for a worker that has the payment
            and may have died; they are not taken from its own time.
    """

    until: float
    patience: float = 0.0


#: What a course asks its driver for; a result of ``act`` comes in for Blocking.
Course: TypeAlias = Generator[Within | Pause | Blocking[Any], Any, _T]

#: What a crash or an interruption made of an answer that was waited for.
LOST: Final = {
    State.CREATING: Happened.CREATE_UNKNOWN,
    State.CONFIRMING: Happened.CONFIRM_UNKNOWN,
}

#: What a journal offers so that it belongs to one account (R10).
_OF_ACCOUNTS: Final = ("bind", "ownership", "rebind")

#: Pause while another worker has the payment, and the first one before something
#: that was not sent is tried again; the later ones are up to ``_LONGEST_PAUSE``.
PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 5.0

#: Multiples of it fall far from each other, modulo 1.
_GOLDEN: Final = 0.618


@dataclass(slots=True)
class Held:
    """A payment under a lease, as far as it got."""

    lease: Lease
    transfer: Transfer


@dataclass(slots=True)
class Reply:
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


class Desk:
    """
    Works on payments under leases.

    Args:
        engine: of the client.
        journal: where everything is written.
        rules: of the payments that are started here; one that is there already
            keeps its own (R11).

    Raises:
        InputError: the journal cannot say which account it belongs to.
    """

    def __init__(self, engine: Engine, journal: Journal, rules: Rules) -> None:
        """Take the parts, if the journal can say whom it belongs to."""
        if not all(hasattr(journal, name) for name in _OF_ACCOUNTS):
            raise InputError(
                f"a {type(journal).__name__} offers no {', '.join(_OF_ACCOUNTS)}: it"
                " cannot say which account it belongs to; see kesspay.Journal"
            )
        self.engine = engine
        self.journal = journal
        self.rules = rules
        self.lease_seconds = _lease_seconds(rules)
        #: The payments of calls that were interrupted.
        self.returns = Returns()
        self._account = account_of(engine)
        self._keys = keys_of(engine)

    def limit(self, seconds: float | None, usual: float) -> Limit:
        """
        Return when a call ends.

        Args:
            seconds: that its caller gives it, or None.
            usual: the seconds without; it waits for a worker that died then.
        """
        now = self.engine.clock()
        if seconds is not None:
            return Limit(now + seconds)
        return Limit(now + usual, max(0.0, self.lease_seconds + 2 * PAUSE - usual))

    def owner(self) -> str:
        """Return a name for a lease; two calls of a process are two owners."""
        return f"{socket.gethostname():.64}:{os.getpid()}:{token_hex(8)}"

    def belong(self) -> Course[None]:
        """
        Refuse a journal of another account; one without gets this one (R10).

        Raises:
            WrongAccount: it belongs to another one; nothing was sent.
        """
        owner = yield Blocking(
            lambda: self.journal.bind(self._account, self._keys, by=this_process())
        )
        check_owner(owner, self._account)
        # Once is enough: they stay as they are.
        self._keys = ()

    def under_lease(
        self, payment_id: str, limit: Limit, work: Callable[[Held, float], Course[None]]
    ) -> Course[Transfer]:
        """Take a payment, work on it, and give it back, however that ends (R12)."""
        owner = self.owner()
        course = self._under_lease(payment_id, owner, limit, work)
        return (yield from self.guarded(payment_id, owner, course))

    def _under_lease(
        self,
        payment_id: str,
        owner: str,
        limit: Limit,
        work: Callable[[Held, float], Course[None]],
    ) -> Course[Transfer]:
        begun = self.engine.clock()
        lease = yield from self.take(payment_id, owner, limit.until + limit.patience)
        waited = self.engine.clock() - begun if limit.patience else 0.0
        return (
            yield from self.leased(lease, lambda held: work(held, limit.until + waited))
        )

    def guarded(self, payment_id: str, owner: str, course: Course[_T]) -> Course[_T]:
        """
        Run a course; where it is interrupted, its payment is given back (R12).

        Not by a step of the course: whoever interrupts it does no more of them.
        """
        try:
            return (yield from course)
        except KesspayError:
            raise
        except BaseException:
            self.returns.begin(lambda: self._return(payment_id, owner))
            raise

    def _return(self, payment_id: str, owner: str) -> None:
        """Write down that an answer is lost, and give the payment back."""
        try:
            # Under a new lease of the same owner, so that nothing that is still
            # being written for the interrupted call can come in between.
            lease = self.journal.lease(payment_id, owner, self.lease_seconds)
            try:
                self._note_interrupted(lease)
            finally:
                self.journal.release(lease)
        except KesspayError:
            # Another worker has it, or it ends by itself.
            return

    def _note_interrupted(self, lease: Lease) -> None:
        record = self.journal.read(lease.payment_id)
        if record is None or not record.entries:
            return
        transfer = replay(record)
        lost = LOST.get(transfer.attempt.state)
        if record.entries[-1].what is Happened.CONFIRM_SENDING:
            lost = Happened.CONFIRM_UNKNOWN
        if lost is None:
            return
        facts: Facts = {"reason": "interrupted"}
        entry = Entry(transfer.number, lost, self.journal.now(), facts=facts)
        status = status_of(transfer.advance(entry))
        self.journal.append(lease, [entry], status, self.lease_seconds)

    def take(self, payment_id: str, owner: str, until: float) -> Course[Lease]:
        """Take a payment, waiting for another worker that has it."""
        ended = Event()

        def take() -> Lease:
            lease = self.journal.lease(payment_id, owner, self.lease_seconds)
            if ended.is_set():
                # The call was interrupted while a thread was at it here.
                self.journal.release(lease)
            return lease

        try:
            while True:
                try:
                    lease: Lease = yield Blocking(take)
                except LeaseHeld:
                    if self.engine.clock() + PAUSE >= until:
                        raise
                else:
                    return lease
                yield Pause(PAUSE)
        except BaseException:
            ended.set()
            raise

    def require(self, payment_id: str) -> Course[None]:
        """Refuse a payment that was never started."""
        if (yield Blocking(lambda: self.journal.read(payment_id))) is None:
            message = f"Payment {payment_id!r} was not started. Nothing was sent."
            raise PaymentConflict(message)

    def leased(
        self, lease: Lease, work: Callable[[Held], Course[None]]
    ) -> Course[Transfer]:
        """Read a payment, work on it, and give it back."""
        held: Held | None = None
        try:
            held = yield from self.open(lease)
            yield from work(held)
        except KesspayError:
            yield from self.give_back(lease if held is None else held.lease)
            raise
        except BaseException as error:
            if held is not None:
                _add_evidence(error, held.transfer)
            raise
        yield from self.give_back(held.lease)
        return held.transfer

    def open(self, lease: Lease) -> Course[Held]:
        """Read a payment that is under a lease."""
        # Under the lease: from here on no one can rebind the journal.
        yield from self.belong()
        record: Record | None = yield Blocking(
            lambda: self.journal.read(lease.payment_id)
        )
        if record is None:
            message = f"The journal has no payment {lease.payment_id!r}."
            raise PaymentConflict(message)
        transfer = replay(record)
        longer = _lease_seconds(transfer.rules)
        if longer > self.lease_seconds:
            # Its exchanges may take longer than those that begin here.
            lease = yield Blocking(
                partial(self.journal.lease, lease.payment_id, lease.owner, longer)
            )
        return Held(lease, transfer)

    def give_back(self, lease: Lease) -> Course[None]:
        """End a lease."""
        try:
            yield Blocking(lambda: self.journal.release(lease))
        except JournalError:
            # It ends by itself; what was written is what counts.
            return

    def write(self, held: Held, entry: Entry) -> Course[None]:
        """Write one entry; it is durable when this returns."""
        transfer = held.transfer.advance(entry)
        status = status_of(transfer)
        seconds = max(self.lease_seconds, _lease_seconds(transfer.rules))
        yield Blocking(
            lambda: self.journal.append(held.lease, [entry], status, seconds)
        )
        held.transfer = replace(transfer, trouble="")

    def note(
        self,
        held: Held,
        what: Happened,
        *,
        code: str = "",
        facts: Facts | None = None,
    ) -> Course[None]:
        """Write down something that has no message."""
        number, now = held.transfer.number, self.journal.now()
        yield from self.write(held, Entry(number, what, now, code, facts or {}))

    def read(self, held: Held, reading: Reading, reply: Reply) -> Course[None]:
        """Write down what an answer, or the want of one, meant."""
        if not reply.left:
            return
        body = None if reply.response is None else reply.response.body
        entry = Entry(
            held.transfer.number,
            reading.what,
            self.journal.now(),
            reading.code,
            reading.facts,
            received=body,
        )
        yield from self.write(held, entry)

    def exchange(
        self,
        held: Held,
        call: Call[Any],
        until: float,
        *,
        sending: Happened | None = None,
        number: int = 0,
        most: int = 1,
        seconds: float | None = None,
    ) -> Course[Reply]:
        """
        Carry out a call, each of its sends written down before it leaves.

        Args:
            held: the payment.
            call: what to send.
            until: the moment on the clock of the engine to give up.
            sending: the entry to write; None for a query, which changes nothing.
            number: of the attempt it belongs to.
            most: how often it may be sent here; after an HTTP 401 it would
                be sent again.
            seconds: that it may take; None for the deadline of the rules.
        """
        longest = held.transfer.rules.deadline if seconds is None else seconds
        deadline = min(until, self.engine.clock() + longest)
        flow = self.engine.flow(call, self.engine.options(deadline, retries=0))
        reply = Reply(left=sending is None)
        sends = 0
        try:
            need = next(flow)
            while True:
                is_send = isinstance(need, HttpRequest) and sending is not None
                if sending is not None and is_send and sends < most:
                    body = None if reply.response is None else reply.response.body
                    now = self.journal.now()
                    entry = Entry(number, sending, now, sent=call.body, received=body)
                    yield from self.write(held, entry)
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

    def wait(self, at: float, until: float, *, patient: bool) -> Course[bool]:
        """Wait for a moment of the journal's time; False where it is too far."""
        seconds = at - self.journal.now()
        if seconds <= 0:
            return True
        too_late = self.engine.clock() + seconds >= until
        if not patient or too_late or seconds > self.lease_seconds / 2:
            return False
        yield Pause(seconds)
        return True

    def again_at(self, held: Held, tries: int, until: float) -> float:
        """
        Return when, on the journal's clock, to try once more what was not sent.

        The pauses grow, and differ between payments, so that a gateway that
        comes back is not met by all of them at once. None of them takes the last
        moment of the window, or of the call, away.

        Args:
            held: the payment.
            tries: how many were not sent, one after the other.
            until: the moment on the clock of the engine at which the call ends.
        """
        attempt, rules = held.transfer.attempt, held.transfer.rules
        now, left = self.journal.now(), until - self.engine.clock()
        if attempt.state is State.DEBITED:
            left = min(left, attempt.window_ends(rules) - now)
        elif attempt.state is State.UNKNOWN:
            left = min(left, attempt.resends_end(rules) - now)
        share = (attempt.jitter + tries * _GOLDEN) % 1.0
        pause = min(PAUSE * 2.0 ** min(tries - 1, 16), _LONGEST_PAUSE)
        return now + min(pause * (1.0 - 0.5 * share), max(PAUSE, left - PAUSE))

    def plan(self, held: Held) -> Action:
        """Return what is to be done with a payment now."""
        return plan(held.transfer.attempt, self.journal.now(), held.transfer.rules)


def _lease_seconds(rules: Rules) -> float:
    """Return how long two exchanges, a slow disk and a pause between may take."""
    return 2 * rules.deadline + 3 * rules.reserve


def _add_evidence(error: BaseException, transfer: Transfer) -> None:
    """Say what an interruption leaves behind, where money may have moved."""
    attempt = transfer.attempt
    if attempt.sends == 0 or attempt.state.is_final:
        return
    payment = transfer.payment
    error.add_note(
        f"kesspay: {CONFIRM} of payment {payment.payment_id!r} (out_trade_no"
        f" {payment.reference(transfer.number)!r}) was sent: the transfer may have"
        " been carried out. Call confirm again with the same debit, or resume; do"
        " not pay it again and give nothing back."
    )
