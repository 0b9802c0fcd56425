"""Any sequence of calls against a model of a journal that fits on two pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from kesspay.errors import JournalError, LeaseHeld, LeaseLost, PaymentConflict
from kesspay.transfers.account import Account
from kesspay.transfers.attempt import Happened
from kesspay.transfers.journal import Entry, Lease, Payment, Record, Status
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from kesspay.transfers.journal import Journal
    from tests.transfers.helpers import Bench


IDS = st.sampled_from(["a", "B", "a-1", "z_"])
OWNERS = st.sampled_from(["one", "two", "three"])
AMOUNTS = st.sampled_from(["1", "1.00", "2.5"])
ACCOUNTS = st.builds(
    Account,
    st.sampled_from(["https://a.example/v1", "https://b.example/v1"]),
    st.sampled_from(["one", "One"]),
)
#: Seconds; the model compares them with those that are let pass.
SPANS = st.sampled_from([10, 1000, 100_000])
STATES = st.sampled_from(["new", "confirming", "refused", "unknown", "paid"])
BODIES = st.one_of(st.none(), st.binary(max_size=64))
FACTS = st.dictionaries(
    st.text(max_size=6),
    st.one_of(
        st.text(max_size=8),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    max_size=3,
)
ENTRIES = st.builds(
    Entry,
    st.integers(1, 9),
    st.sampled_from(Happened),
    st.floats(0, 2e9),
    st.text(max_size=8),
    FACTS,
    BODIES,
    BODIES,
)


@dataclass
class Kept:
    """What the model knows of a payment."""

    payment: Payment
    status: Status = field(default_factory=lambda: Status("new", 1, None))
    entries: list[Entry] = field(default_factory=list)
    owner: str | None = None
    until: float = 0.0
    fence: int = 0

    @property
    def record(self) -> Record:
        """Return what a journal returns."""
        return Record(self.payment, self.status, tuple(self.entries))


class Machine(RuleBasedStateMachine):
    """A journal and its model, side by side; ``bench`` is set by the test."""

    bench: Bench
    runs = 0
    #: Whom the journal belongs to, for all runs.
    account: Account | None = None

    def __init__(self) -> None:
        """Begin with ids that no run before had."""
        super().__init__()
        type(self).runs += 1
        self.prefix = f"{type(self).runs:04}"
        self.journal: Journal = self.bench.journal
        self.passed = 0.0
        self.model: dict[str, Kept] = {}
        self.leases: list[Lease] = []

    def close(self) -> None:
        """Close what this run opened."""
        if self.journal is not self.bench.journal:
            self.journal.close()

    def is_free(self, kept: Kept) -> bool:
        """Return whether any worker may take a payment."""
        return kept.owner is None or kept.until <= self.passed

    def taken(self, kept: Kept, lease: Lease, owner: str, seconds: float) -> None:
        """Note a lease."""
        kept.owner, kept.until = owner, self.passed + seconds
        assert lease.owner == owner
        assert lease.fence > kept.fence
        kept.fence = lease.fence
        self.leases.append(lease)

    @rule(account=ACCOUNTS)
    def bind(self, account: Account) -> None:
        """Come with an account; the first one stays."""
        kind = type(self)
        kind.account = kind.account or account
        assert self.journal.bind(account, by="model") == kind.account
        assert self.journal.ownership().account == kind.account

    @rule(name=IDS, amount=AMOUNTS)
    def begin(self, name: str, amount: str) -> None:
        """Enter a payment, get it, or meet a conflict."""
        asked = payment(self.prefix + name, amount)
        kept = self.model.setdefault(asked.payment_id, Kept(asked))
        if kept.payment == asked:
            assert self.journal.begin(asked) == kept.record
        else:
            with pytest.raises(PaymentConflict):
                self.journal.begin(asked)

    @rule(name=IDS, owner=OWNERS, seconds=SPANS)
    def lease(self, name: str, owner: str, seconds: float) -> None:
        """Take a payment that is free, or the owner's own."""
        kept = self.model.get(self.prefix + name)
        if kept is None:
            with pytest.raises(JournalError, match="begin it first"):
                self.journal.lease(self.prefix + name, owner, seconds)
        elif self.is_free(kept) or kept.owner == owner:
            lease = self.journal.lease(self.prefix + name, owner, seconds)
            self.taken(kept, lease, owner, seconds)
        else:
            with pytest.raises(LeaseHeld):
                self.journal.lease(self.prefix + name, owner, seconds)

    @rule(owner=OWNERS, seconds=SPANS, limit=st.integers(1, 3))
    def take_due(self, owner: str, seconds: float, limit: int) -> None:
        """Take what is free and due, the most overdue first."""
        due = [
            (kept.status.due_at, name)
            for name, kept in self.model.items()
            if kept.status.due_at is not None and self.is_free(kept)
        ]
        leases = self.journal.take_due(owner, seconds, limit)
        wanted = [name for _, name in sorted(due)[:limit]]
        assert [lease.payment_id for lease in leases] == wanted
        for lease in leases:
            self.taken(self.model[lease.payment_id], lease, owner, seconds)

    @rule(
        data=st.data(),
        entries=st.lists(ENTRIES, max_size=3),
        state=STATES,
        due_at=st.one_of(st.none(), st.floats(0, 1000)),
        seconds=SPANS,
    )
    def append(
        self,
        data: st.DataObject,
        entries: list[Entry],
        state: str,
        due_at: float | None,
        seconds: float,
    ) -> None:
        """Only the newest lease writes."""
        if not self.leases:
            return
        lease = data.draw(st.sampled_from(self.leases))
        kept = self.model[lease.payment_id]
        status = Status(state, 1, due_at)
        if (kept.owner, kept.fence) == (lease.owner, lease.fence):
            self.journal.append(lease, entries, status, seconds)
            kept.entries.extend(entries)
            kept.status, kept.until = status, self.passed + seconds
        else:
            with pytest.raises(LeaseLost):
                self.journal.append(lease, entries, status, seconds)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Only the newest lease is released."""
        if not self.leases:
            return
        lease = data.draw(st.sampled_from(self.leases))
        kept = self.model[lease.payment_id]
        self.journal.release(lease)
        if (kept.owner, kept.fence) == (lease.owner, lease.fence):
            kept.owner = None

    @rule(seconds=st.sampled_from([500, 50_000]))
    def pass_time(self, seconds: float) -> None:
        """Leases run out."""
        self.bench.pass_time(seconds)
        self.passed += seconds

    @rule()
    def reopen(self) -> None:
        """Another process sees the same."""
        self.close()
        self.journal = self.bench.again()

    @rule(state=STATES)
    def listing(self, state: str) -> None:
        """List in the order of the ids."""
        names = sorted(
            name
            for name, kept in self.model.items()
            if kept.status.state == state
            or (state == "unknown" and kept.status.state in {"confirming", "refused"})
        )
        listed = self.journal.list(state=state, after=self.prefix, limit=100)
        assert [one.payment.payment_id for one in listed] == names

    @invariant()
    def agrees(self) -> None:
        """Every record is as in the model."""
        for name, kept in self.model.items():
            assert self.journal.read(name) == kept.record

    def teardown(self) -> None:
        """Nothing of this run is due in the next one."""
        self.bench.pass_time(1_000_000)
        for name in self.model:
            lease = self.journal.lease(name, "end", 60)
            self.journal.append(lease, [], Status("ended", 1, None), 60)
        self.close()


@pytest.mark.few(1)
def test_any_sequence_of_calls(
    bench: Bench,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """A journal does what the model does, whatever is asked of it."""

    class Bound(Machine):
        pass

    Bound.bench = bench
    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=60 if whole else 20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
