"""A journal in memory: the simplest thing that keeps the promises of one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kesspay.errors import JournalError, LeaseHeld, LeaseLost, PaymentConflict
from kesspay.transfers.account import (
    Account,
    Binding,
    KnownKey,
    Ownership,
    check_rebind,
)
from kesspay.transfers.attempt import UNSETTLED, State
from kesspay.transfers.journal import Entry, Lease, Listed, Payment, Record, Status
from kesspay.transfers.rows import BEGUN, entry_values, status_values


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kesspay.transfers.account import Whose
    from kesspay.transfers.attempt import Rules


@dataclass
class _Kept:
    payment: Payment
    begun_at: float
    changed_at: float
    rules: Rules | None = None
    status: Status = BEGUN
    entries: list[Entry] = field(default_factory=list)
    owner: str = ""
    fence: int = 0
    held_until: float = 0.0

    def record(self) -> Record:
        return Record(self.payment, self.status, tuple(self.entries), self.rules)


class MemoryJournal:
    """
    Keeps everything in a dict. For tests: it survives no crash of the process.

    Args:
        clock: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin empty."""
        self._clock = clock
        self._lock = threading.RLock()
        self._kept: dict[str, _Kept] = {}
        self._bindings: list[Binding] = []
        self._keys: dict[tuple[Whose, str], float] = {}

    def now(self) -> float:
        """Return the time."""
        return self._clock()

    def bind(
        self, account: Account, keys: Sequence[tuple[Whose, str]] = (), *, by: str
    ) -> Account:
        """Return the account, which is this one where there was none."""
        with self._lock:
            if not self._bindings:
                self._bindings.append(Binding(account, self.now(), by))
            owner = self._bindings[-1].account
            if owner == account:
                for key in keys:
                    self._keys.setdefault(key, self.now())
            return owner

    def ownership(self) -> Ownership:
        """Return the account, its history and its keys."""
        with self._lock:
            keys = [KnownKey(*key, since) for key, since in self._keys.items()]
            return Ownership(tuple(self._bindings), tuple(keys))

    def rebind(self, old: Account | None, new: Account, *, by: str) -> None:
        """Record another account."""
        with self._lock:
            now = self.now()
            kept = self._kept.values()
            held = [one.held_until - now for one in kept if one.owner]
            check_rebind(
                self.ownership().account,
                old,
                new,
                was_used=any(one.entries for one in kept),
                held=max((seconds for seconds in held if seconds > 0), default=None),
            )
            self._bindings.append(Binding(new, now, by))
            for one in kept:
                one.owner, one.fence = "", one.fence + bool(one.owner)

    def begin(self, payment: Payment, rules: Rules | None = None) -> Record:
        """Enter a payment, or return the one that is there."""
        with self._lock:
            now = self.now()
            new = _Kept(payment, now, now, rules)
            kept = self._kept.setdefault(payment.payment_id, new)
            if kept.payment != payment:
                raise PaymentConflict(f"another payment {payment.payment_id!r}")
            return kept.record()

    def read(self, payment_id: str) -> Record | None:
        """Return a record."""
        with self._lock:
            kept = self._kept.get(payment_id)
            return None if kept is None else kept.record()

    def lease(self, payment_id: str, owner: str, seconds: float) -> Lease:
        """Take a payment."""
        with self._lock:
            kept = self._kept.get(payment_id)
            if kept is None:
                raise JournalError(f"no payment {payment_id!r}")
            if kept.owner not in {"", owner} and self.now() < kept.held_until:
                raise LeaseHeld(f"{payment_id!r} is held")
            kept.owner, kept.fence = owner, kept.fence + 1
            kept.held_until = self.now() + seconds
            return Lease(payment_id, owner, kept.fence)

    def take_due(self, owner: str, seconds: float, limit: int) -> list[Lease]:
        """Take what is due and free."""
        with self._lock:
            now = self.now()
            due = sorted(
                (kept.status.due_at, name)
                for name, kept in self._kept.items()
                if kept.status.due_at is not None
                and kept.status.due_at <= now
                and (not kept.owner or now >= kept.held_until)
            )
            return [self.lease(name, owner, seconds) for _, name in due[:limit]]

    def append(
        self, lease: Lease, entries: Sequence[Entry], status: Status, seconds: float
    ) -> None:
        """Write, if the lease still holds and a database would take it."""
        status_values(status)
        for entry in entries:
            entry_values(entry)
        with self._lock:
            kept = self._kept[lease.payment_id]
            if (kept.owner, kept.fence) != (lease.owner, lease.fence):
                raise LeaseLost(f"{lease.payment_id!r} was taken")
            kept.entries.extend(entries)
            kept.status, kept.changed_at = status, self.now()
            kept.held_until = self.now() + seconds

    def release(self, lease: Lease) -> None:
        """Give a payment back."""
        with self._lock:
            kept = self._kept[lease.payment_id]
            if (kept.owner, kept.fence) == (lease.owner, lease.fence):
                kept.owner = ""

    def list(
        self, *, state: str = "", after: str = "", limit: int = 100
    ) -> Sequence[Listed]:
        """Return payments in the order of their ids."""
        with self._lock:
            return [
                Listed(kept.payment, kept.status, kept.begun_at, kept.changed_at)
                for name, kept in sorted(self._kept.items())
                if name > after and _is_listed(state, kept.status.state)
            ][:limit]

    def export(self) -> Iterator[Record]:
        """Yield every record."""
        with self._lock:
            records = [kept.record() for _, kept in sorted(self._kept.items())]
        yield from records

    def close(self) -> None:
        """Do nothing."""


def _is_listed(asked: str, state: str) -> bool:
    if asked == State.UNKNOWN:
        return state in UNSETTLED or state not in set(State)
    return asked in {"", state}
