"""
A round of a worker: every payment that is due is resumed once.

A round releases every payment that it takes, also one that it got too late.
"""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from kesspay.errors import JournalDamaged, KesspayError, LeaseLost
from kesspay.transfers.leases import Blocking, Steps
from kesspay.transfers.payment import TransferResult, result_of, result_of_trouble


if TYPE_CHECKING:
    from kesspay.transfers.journal import Journal, Lease
    from kesspay.transfers.releases import Releases
    from kesspay.transfers.workflow import PaymentWorkflow


__all__ = ["DueRound", "Round"]


class DueRound:
    """
    One round over the payments that are due: each is resumed once.

    Args:
        workflow: of the payments.
    """

    def __init__(self, workflow: PaymentWorkflow) -> None:
        """Begin a round; nothing is taken yet."""
        self._workflow = workflow
        self._round = Round(workflow.journal, workflow.leases.releases)
        self._seen: set[str] = set()
        self._is_begun = False

    def next(self, seconds: float) -> Steps[TransferResult | None]:
        """Continue with one payment for some seconds; None where no other is due."""
        workflow, leases = self._workflow, self._workflow.leases
        if not self._is_begun:
            # Also where nothing is due.
            yield from leases.belong()
            self._is_begun = True
        while True:
            take = partial(self._round.take, leases.owner(), leases.lease_seconds)
            lease: Lease | None = yield Blocking(take, beside=True)
            if lease is None:
                return None
            if lease.payment_id not in self._seen:
                break
            # Due once more: kept from coming up again in this round.
        self._seen.add(lease.payment_id)
        until = workflow.engine.clock() + seconds
        try:
            result = result_of((yield from workflow.resume(lease, until)))
        except (JournalDamaged, LeaseLost) as error:
            # Of this payment only.
            result = result_of_trouble(lease.payment_id, error)
        self._round.is_done(lease)
        return result

    def end(self) -> Steps[None]:
        """Release what was kept for this round."""
        for lease in self._round.end():
            release = partial(self._workflow.journal.release, lease)
            yield Blocking(release, is_release=True)

    def interrupt(self) -> None:
        """Begin to release what the round still has; wait as other releases do."""
        self._round.interrupt()


class Round:
    """
    The payments that a worker takes in one round, each released in the end.

    A journal may grant a payment in the very moment in which the worker is
    interrupted. Only the thread that asked for it knows which one it was, so
    that this is where it is released.

    Args:
        journal: that grants them.
        releases: where they are released after an interruption.
    """

    def __init__(self, journal: Journal, releases: Releases) -> None:
        """Begin a round."""
        self._journal = journal
        self._releases = releases
        self._lock = Lock()
        self._kept: list[Lease] = []
        self._is_over = False

    def take(self, owner: str, seconds: float) -> Lease | None:
        """Take the payment that is most overdue; None where there is none."""
        leases = self._journal.take_due(owner, seconds, 1)
        with self._lock:
            is_late = self._is_over
            if not is_late:
                self._kept += leases
        if is_late:
            self._release(leases)
        return leases[0] if leases else None

    def is_done(self, lease: Lease) -> None:
        """Leave a payment to its workflow, which has released it."""
        self._kept.remove(lease)

    def end(self) -> list[Lease]:
        """End the round; return what is still to be released."""
        with self._lock:
            self._is_over = True
            kept, self._kept = self._kept, []
        return kept

    def interrupt(self) -> None:
        """End the round, and begin to release what it still has."""
        kept = self.end()
        if kept:
            self._releases.begin(partial(self._release, kept))

    def _release(self, leases: list[Lease]) -> None:
        for lease in leases:
            try:
                self._journal.release(lease)
            except KesspayError:
                # Its time ends.
                continue
