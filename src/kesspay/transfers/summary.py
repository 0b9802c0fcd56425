"""The payments of a journal, counted by state, with amounts and ages."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Final

from kesspay.transfers.attempt import UNSETTLED, State


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kesspay.transfers.journal import Journal, Listed


__all__ = [
    "OPEN",
    "UNKNOWN",
    "JournalSummary",
    "Share",
    "is_foreign",
    "listed",
    "summarize",
]

#: Where the outcome of a payment is unknown: its debit is there, and money may be on
#: its way.
UNKNOWN: Final = (*UNSETTLED, State.DEBITED)
#: What is not finished. CLOSED and ABANDONED are of an attempt: such a payment is
#: finished, unless a worker has something to do.
OPEN: Final = tuple(
    state
    for state in State
    if state not in (State.PAID, State.NOT_PAID, State.REJECTED, State.DECIDED)
)
_KNOWN: Final = frozenset(State)
_ONLY_DUE: Final = (State.CLOSED, State.ABANDONED)
_PAGE: Final = 10_000


@dataclass(slots=True)
class Share:
    """
    Number, amounts and age of some payments of a journal.

    Attributes:
        count: how many payments there are.
        amounts: their sum, a Decimal by currency.
        oldest_id: payment_id of the oldest one, or "".
        oldest_begun_at: when it was begun, in seconds since 1970, or None.
    """

    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    oldest_id: str = ""
    oldest_begun_at: float | None = None

    def add(self, one: Listed) -> None:
        """Count one more payment."""
        payment = one.payment
        self.count += 1
        total = self.amounts.get(payment.currency, Decimal("0.00"))
        self.amounts[payment.currency] = total + payment.amount
        if self.oldest_begun_at is None or one.begun_at < self.oldest_begun_at:
            self.oldest_id = payment.payment_id
            self.oldest_begun_at = one.begun_at

    def age(self, now: float) -> float | None:
        """Return the seconds since the oldest was begun, or None."""
        begun = self.oldest_begun_at
        return None if begun is None else max(0.0, now - begun)


@dataclass(slots=True)
class JournalSummary:
    """
    The payments of a journal, counted by state.

    Attributes:
        at: the journal's clock when it was counted, in seconds since 1970.
        states: the payments by the state of their newest attempt. A state that this
            version does not know, of damage or of a newer version, counts as unknown.
        unknown: those whose outcome is unknown, also after a crash.
        unfinished: those that are not finished; the unknown ones are among them,
            and so are those that need a person.
        due: those that a worker should have resumed by now.
        overdue: for how many seconds the most overdue one has been due.
    """

    at: float
    states: dict[str, Share] = field(default_factory=dict)
    unknown: Share = field(default_factory=Share)
    unfinished: Share = field(default_factory=Share)
    due: Share = field(default_factory=Share)
    overdue: float = 0.0

    def add(self, one: Listed) -> None:
        """Count one more payment."""
        state, due_at = one.status.state, one.status.due_at
        self.states.setdefault(state, Share()).add(one)
        if state in UNKNOWN or is_foreign(state):
            self.unknown.add(one)
        is_open = state in OPEN and (state not in _ONLY_DUE or due_at is not None)
        if is_open or is_foreign(state):
            self.unfinished.add(one)
        if due_at is not None and due_at <= self.at:
            self.due.add(one)
            self.overdue = max(self.overdue, self.at - due_at)


def is_foreign(state: str) -> bool:
    """Return whether a state is of damage or of a newer version: it says nothing."""
    return state not in _KNOWN


def summarize(journal: Journal, *, only_open: bool = False) -> JournalSummary:
    """
    Count the payments of a journal; it is only read.

    Programs may write meanwhile: a payment is counted in the state in which its
    page was read.

    Args:
        journal: the journal.
        only_open: leave out what is paid, not paid or rejected, which is nearly
            everything in a journal that has been used for long.

    Raises:
        JournalError: the journal cannot be read.
    """
    summary = JournalSummary(journal.now())
    # The journal lists all that is UNSETTLED, and what is foreign, as unknown.
    of_open = [state.value for state in OPEN if state not in UNSETTLED[1:]]
    for state in of_open if only_open else [""]:
        for one in _pages(journal, state, "", _PAGE):
            summary.add(one)
    return summary


def listed(
    journal: Journal, states: Iterable[State], *, after: str = "", limit: int
) -> list[Listed]:
    """
    Return the first payments that are in one of some states, in order.

    Args:
        journal: the journal.
        states: of them; among several, one that is only of an attempt counts where
            a worker has something to do. The journal lists what is unknown with
            one query, and so UNKNOWN stands for all of UNSETTLED, and for every
            state that this version does not know.
        after: only payments with a greater id.
        limit: how many at most.
    """
    wanted = set(states)
    if State.UNKNOWN in wanted:
        wanted.difference_update(UNSETTLED[1:])
    of_work = _ONLY_DUE if len(wanted) > 1 else ()
    found = [
        one
        for state in wanted
        for one in islice(
            _in_state(journal, state, after, limit, only_due=state in of_work), limit
        )
    ]
    found.sort(key=lambda one: one.payment.payment_id)
    return found[:limit]


def _in_state(
    journal: Journal, state: State, after: str, limit: int, *, only_due: bool
) -> Iterator[Listed]:
    """Yield the payments in a state."""
    for one in _pages(journal, state.value, after, limit):
        if not only_due or one.status.due_at is not None:
            yield one


def _pages(journal: Journal, state: str, after: str, limit: int) -> Iterator[Listed]:
    """Yield the payments in a state ("" for all), a page at a time."""
    while True:
        page = journal.list(state=state, after=after, limit=limit)
        yield from page
        if len(page) < limit:
            return
        after = page[-1].payment.payment_id
