"""
Leases of payments: taking, working under and releasing one. No I/O of its own.

A payment is worked on under a lease only. It is released however the work ends:
at its end, by an exception, by an interruption (R12).

Work is a generator of steps, like the flows of the gateway. Besides tokens,
responses and pauses it yields ``Blocking`` steps: calls of the journal, which
``Transfers`` and ``AsyncTransfers`` carry out in their own way.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_hex
from threading import Event
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from kesspay.errors import (
    InputError,
    JournalError,
    KesspayError,
    LeaseHeld,
    PaymentConflict,
)
from kesspay.gateway.flow import Need, Pause
from kesspay.gateway.messages import CONFIRM
from kesspay.transfers.account import (
    account_of,
    check_owner,
    keys_of,
    this_process,
)
from kesspay.transfers.attempt import Happened, State
from kesspay.transfers.journal import Entry, is_payment_id
from kesspay.transfers.payment import Transfer, replay, status_of
from kesspay.transfers.releases import Releases


if TYPE_CHECKING:
    from kesspay.gateway.flow import Engine
    from kesspay.transfers.attempt import Rules
    from kesspay.transfers.journal import Journal, Lease, Record
    from kesspay.transfers.payment import Facts


__all__ = [
    "LOST",
    "PAUSE",
    "Blocking",
    "Leased",
    "Leases",
    "Limit",
    "Steps",
    "Within",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Blocking(Generic[_T]):
    """
    A step that may wait for a disk or a server.

    Args:
        act: gives its result.
        beside: True where ``act`` ends in a thread when the call is interrupted,
            and cleans up after itself.
        is_release: True where ``act`` releases a payment: this is done also for a
            call during which the transfers were closed (R12).
    """

    act: Callable[[], _T]
    beside: bool = False
    is_release: bool = False


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


#: What work asks its driver for; a result of ``act`` comes in for Blocking.
Steps: TypeAlias = Generator[Within | Pause | Blocking[Any], Any, _T]

#: The event that records an answer which a crash or an interruption lost.
LOST: Final = {
    State.CREATING: Happened.CREATE_UNKNOWN,
    State.CONFIRMING: Happened.CONFIRM_UNKNOWN,
}

#: What a journal offers so that it belongs to one account (R10).
_OF_ACCOUNTS: Final = ("bind", "ownership", "rebind")

#: Pause while another worker has the payment.
PAUSE: Final = 0.5


@dataclass(slots=True)
class Leased:
    """A payment under a lease, after its last entry."""

    lease: Lease
    transfer: Transfer


class Leases:
    """
    Takes payments of a journal, and releases them.

    Args:
        engine: of the client.
        journal: where the payments are.
        rules: of the payments that are started here; they say how long a lease is.

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
        self.lease_seconds = _lease_seconds(rules)
        #: The payments of calls that were interrupted.
        self.releases = Releases()
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

    def belong(self) -> Steps[None]:
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

    def require(self, payment_id: str) -> Steps[None]:
        """Refuse a payment that was never started."""
        if (
            not is_payment_id(payment_id)
            or (yield Blocking(lambda: self.journal.read(payment_id))) is None
        ):
            message = f"Payment {payment_id!r:.80} was not started. Nothing was sent."
            raise PaymentConflict(message)

    def with_payment(
        self,
        payment_id: str,
        limit: Limit,
        work: Callable[[Leased, float], Steps[None]],
    ) -> Steps[Transfer]:
        """Take a payment, work on it, and release it, however that ends (R12)."""
        owner = self.owner()
        steps = self._with_payment(payment_id, owner, limit, work)
        return (yield from self.guarded(payment_id, owner, steps))

    def _with_payment(
        self,
        payment_id: str,
        owner: str,
        limit: Limit,
        work: Callable[[Leased, float], Steps[None]],
    ) -> Steps[Transfer]:
        begun = self.engine.clock()
        lease = yield from self._take(payment_id, owner, limit.until + limit.patience)
        waited = self.engine.clock() - begun if limit.patience else 0.0
        return (
            yield from self.under_lease(
                lease, lambda leased: work(leased, limit.until + waited)
            )
        )

    def under_lease(
        self, lease: Lease, work: Callable[[Leased], Steps[None]]
    ) -> Steps[Transfer]:
        """Read a payment, work on it, and release it."""
        leased: Leased | None = None
        try:
            leased = yield from self._open(lease)
            yield from work(leased)
        except KesspayError:
            yield from self._release(lease if leased is None else leased.lease)
            raise
        except BaseException as error:
            if leased is not None:
                _add_evidence(error, leased.transfer)
            raise
        yield from self._release(leased.lease)
        return leased.transfer

    def guarded(self, payment_id: str, owner: str, steps: Steps[_T]) -> Steps[_T]:
        """
        Run some steps; where they are interrupted, the payment is released (R12).

        Not by one of the steps: an interrupted call takes no more of them.
        """
        try:
            return (yield from steps)
        except KesspayError:
            raise
        except BaseException:
            self.releases.begin(lambda: self._release_interrupted(payment_id, owner))
            raise

    def _release_interrupted(self, payment_id: str, owner: str) -> None:
        """Write down that an answer is lost, and release the payment."""
        try:
            # Under a new lease of the same owner, so that nothing that is still
            # being written for the interrupted call can come in between.
            lease = self.journal.lease(payment_id, owner, self.lease_seconds)
            try:
                self._note_interrupted(lease)
            finally:
                self.journal.release(lease)
        except KesspayError:
            # Another worker has it, or the lease ends with its time.
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

    def _take(self, payment_id: str, owner: str, until: float) -> Steps[Lease]:
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

    def _open(self, lease: Lease) -> Steps[Leased]:
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
        return Leased(lease, transfer)

    def write(self, leased: Leased, entry: Entry) -> Steps[None]:
        """Write one entry; it is durable when this returns."""
        transfer = leased.transfer.advance(entry)
        status = status_of(transfer)
        seconds = max(self.lease_seconds, _lease_seconds(transfer.rules))
        yield Blocking(
            lambda: self.journal.append(leased.lease, [entry], status, seconds)
        )
        leased.transfer = replace(transfer, trouble="")

    def _release(self, lease: Lease) -> Steps[None]:
        """End a lease."""
        try:
            yield Blocking(lambda: self.journal.release(lease), is_release=True)
        except JournalError:
            # It ends with its time; what was written is what counts.
            return


def _lease_seconds(rules: Rules) -> float:
    """Return how long two exchanges, a slow disk and a pause between may take."""
    return 2 * rules.deadline + 3 * rules.reserve


def _add_evidence(error: BaseException, transfer: Transfer) -> None:
    """Add to an interruption what to do next, where money may have moved."""
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
