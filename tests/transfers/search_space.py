"""
What the exhaustive search works on: worlds, bounds, policies and stages.

``model`` says what can happen to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from kesspay.transfers.attempt import Action, Attempt, Do, Event, Rules, State
from kesspay.transfers.states import plan, step


#: Ticks that a pre-transfer lives.
LIFE: Final = 3
#: The rules, in ticks: a confirm starts in the first two ticks after its create
#: was sent, and the fence is one tick after the latest expiry.
TICKS: Final = Rules(
    deadline=1.0,
    reserve=0.0,
    margin=1.0,
    apart=1.0,
    # Whatever the schedule and the number: a confirm may go again at any moment
    # between a query and the expiry, as often as it likes.
    resends=1_000_000,
    pauses=(0.0,) * 100,
    polls=(0.0, 1.0),
    slow_poll=1.0,
)

PAID: Final = 1
NOT_PAID: Final = 2


class World(NamedTuple):
    """What the document leaves open about the gateway."""

    used_first: bool
    honest: bool

    def __str__(self) -> str:
        """Name the world."""
        first = "USED" if self.used_first else "EXPIRED"
        query = "SUCCESS" if self.honest else "EXPIRED"
        return f"confirm {first} first, query {query} after expiry"


WORLDS: Final = tuple(
    World(used_first=used_first, honest=honest)
    for honest in (True, False)
    for used_first in (True, False)
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    How far the search goes.

    Args:
        ticks: the last one.
        attempts: pre-transfers of the payment.
        codes: what a pre-transfer that was withdrawn is refused with.
    """

    ticks: int = 8
    attempts: int = 2
    codes: tuple[str, ...] = ("VALIDATIONERROR",)


class Policy:
    """Decides as the released code does; a test may decide otherwise."""

    #: False where a crash loses what was written.
    has_journal = True
    #: True distinguishes attempts by the number of their resends.
    counts_resends = False

    def __init__(self, rules: Rules = TICKS) -> None:
        """Take the rules."""
        self.rules = rules

    def step(self, attempt: Attempt, event: Event) -> Attempt:
        """Return what an event makes of an attempt."""
        return step(attempt, event, self.rules).attempt

    def plan(self, attempt: Attempt, now: float) -> Action:
        """Return what is to be done next."""
        return plan(attempt, now, self.rules)

    def essence(self, attempt: Attempt, now: float) -> Attempt:
        """
        Return an attempt without what decides nothing any more.

        Many attempts are one to the search then; a test shows that it may be
        so. No confirm of the attempt must be about to leave.
        """
        if attempt.state.is_final:
            return Attempt(state=attempt.state)
        less = replace(
            attempt,
            polls=min(attempt.polls, len(self.rules.polls) - 1),
            # Another confirm is never due later than at once.
            resend_at=0.0,
            confirmed_at=0.0,
            resends=attempt.resends if self.counts_resends else 0,
        )
        if attempt.state is State.UNKNOWN:
            # That one may have left is all that counts from here on.
            less = replace(less, sends=2)
        if attempt.state in {State.UNKNOWN, State.REFUSED} and self.is_too_late(
            attempt, now
        ):
            less = replace(
                less,
                sent_at=-less.expire_in,
                sends=2,
                resends=0,
                may_resend=False,
                asked=False,
                refused="",
            )
        return less

    def is_too_late(self, attempt: Attempt, now: float) -> bool:
        """Tell whether no confirm leaves any more."""
        return now >= attempt.resends_end(self.rules)


class Gateway(NamedTuple):
    """A pre-transfer: "none", "open", "void", or taken: "due", "credited"."""

    what: str = "none"
    expires: int = 0
    code: str = ""

    @property
    def has_taken(self) -> bool:
        """Whether a confirm was carried out; the credit is certain then."""
        return self.what in {"due", "credited"}


class Exchange(NamedTuple):
    """
    What the client is at: it is written down, or has left.

    Attributes:
        kind: CREATE, CONFIRM or QUERY.
        begun: when.
        left: whether it has left.
        again: whether it goes out for the second time, after a 401.
        answer: what is on its way to the client, or "".
        at: when the gateway granted the pre-transfer that it answers with.
    """

    kind: Do
    begun: int
    left: bool = False
    again: bool = False
    answer: str = ""
    at: int = 0


class Stage(NamedTuple):
    """
    Everything there is at one moment.

    Attributes:
        now: the tick.
        number, attempt, debited, declined: what the journal holds; an attempt
            is its place in the list of those that are known.
        exchange: what the client is at; a crash makes it None.
        network: for each attempt, whether its confirm may still arrive.
        gateways: for each attempt, its pre-transfer.
        heard: what the caller heard, ever: PAID, NOT_PAID, or both.
    """

    now: int
    number: int
    attempt: int
    debited: bool
    declined: bool
    exchange: Exchange | None
    network: tuple[bool, ...]
    gateways: tuple[Gateway, ...]
    heard: int
