"""
What the state machine works on: attempts, events, rules and actions.

Plain values, without I/O and without a clock. ``states`` says what happens
to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


__all__ = [
    "RELAXED",
    "STRICT",
    "UNSETTLED",
    "Action",
    "Attempt",
    "Do",
    "Event",
    "Happened",
    "Rules",
    "State",
    "Step",
]


class State(StrEnum):
    """Where an attempt stands; the values are what the journal keeps."""

    NEW = "new"
    CREATING = "creating"
    CREATED = "created"
    REJECTED = "rejected"
    ABANDONED = "abandoned"
    CLOSED = "closed"
    DEBITED = "debited"
    CONFIRMING = "confirming"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    PAID = "paid"
    NOT_PAID = "not_paid"
    MANUAL = "manual"

    @property
    def is_final(self) -> bool:
        """Whether nothing more is done without the caller."""
        return self in _FINAL


#: Where the outcome is unknown: a confirm may have left and nothing is settled. After
#: a crash an attempt stands in CONFIRMING.
UNSETTLED: Final = (State.UNKNOWN, State.CONFIRMING, State.REFUSED)

_FINAL: Final = frozenset(
    {
        State.REJECTED,
        State.ABANDONED,
        State.CLOSED,
        State.PAID,
        State.NOT_PAID,
        State.MANUAL,
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """
    The settings of the machine, in seconds.

    Args:
        relaxed: False gives MANUAL where a query says "no" after the fence;
            True calls it NOT_PAID, which is right only for a gateway whose
            query still says SUCCESS after a pre-transfer expired.
        deadline: longest time a confirm may take.
        reserve: what has to be left of the window besides (R4); a lease is
            two deadlines and three reserves long.
        margin: from the expiry to the fence (R4).
        apart: between the two queries after the fence (R8).
        resends: how often a confirm is sent again at most (R6).
        pauses: from one confirm until it is sent again for the first, second ...
            time; what is left of ``resends`` after them is spread over the life of
            the pre-transfer, and the last one is for its end.
        polls: pauses before the first, second ... query; the last repeats.
        slow_poll: pause between queries after the fence.
    """

    relaxed: bool = False
    deadline: float = 30.0
    reserve: float = 10.0
    margin: float = 300.0
    apart: float = 10.0
    resends: int = 16
    pauses: tuple[float, ...] = (1.0, 3.0, 8.0, 20.0)
    polls: tuple[float, ...] = (0.0, 1.0, 2.0, 5.0, 15.0, 30.0)
    slow_poll: float = 60.0


STRICT: Final = Rules()
RELAXED: Final = Rules(relaxed=True)


class Happened(StrEnum):
    """What happened; the values are what the journal keeps."""

    #: A create, a confirm is about to leave; written before it does.
    CREATE_SENDING = "create_sending"
    CONFIRM_SENDING = "confirm_sending"
    #: No byte of it left.
    CREATE_NOT_SENT = "create_not_sent"
    CONFIRM_NOT_SENT = "confirm_not_sent"
    #: Lost, not authentic, for another transfer, SYSTEMERROR, a crash ...
    CREATE_UNKNOWN = "create_unknown"
    CONFIRM_UNKNOWN = "confirm_unknown"
    #: A signed refusal.
    CREATE_REFUSED = "create_refused"
    CONFIRM_REFUSED = "confirm_refused"
    #: A signed success that fits.
    CREATE_GRANTED = "create_granted"
    CONFIRM_PAID = "confirm_paid"
    QUERY_PAID = "query_paid"
    #: A query said SUCCESS with other fields than ours.
    QUERY_DIFFERS = "query_differs"
    #: A query was answered, and not with SUCCESS.
    QUERY_SAID = "query_said"
    #: A query brought no information.
    QUERY_UNKNOWN = "query_unknown"
    #: The caller reports its debit, or that nothing will come of it.
    DEBITED = "debited"
    DECLINED = "declined"
    #: There is not enough time left to confirm.
    WINDOW_CLOSED = "window_closed"


@dataclass(frozen=True, slots=True)
class Event:
    """
    Something happened.

    Args:
        what: what it was.
        at: when, in seconds since 1970.
        code: of the gateway, where it gave one.
        expire_in: seconds, of a create that was granted.
        status: of the HTTP answer, or 0.
        retry_after: seconds that the gateway asked to wait.
    """

    what: Happened
    at: float
    code: str = ""
    expire_in: float = 0.0
    status: int = 0
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    All that decides about one attempt.

    Attributes:
        state: where it stands.
        sent_at: when its create was sent, the earliest moment it can have been
            created.
        received_at: when the answer came, the latest one.
        expire_in: seconds it lives, from somewhere between these two.
        sends: confirms that may have left.
        resends: confirms that were sent again.
        may_resend: False once a confirm was answered with a code.
        refused: code of a refusal of the first and only confirm.
        used: True once the gateway said USED.
        polls: queries since the outcome became unknown.
        polled_at: when the last one was answered, or the outcome unknown.
        no_at: when a query was first answered without SUCCESS after the
            fence, or None.
        doubted: True where such an answer was no plain "no".
        jitter: from 0 up to 1, another one for each attempt, so that many
            payments do not send again at the same moment.
        asked: True where a query came after the last confirm.
        confirmed_at: when the last confirm was about to leave.
        resend_at: not before this moment a confirm is sent again.
    """

    state: State = State.NEW
    sent_at: float = 0.0
    received_at: float = 0.0
    expire_in: float = 0.0
    sends: int = 0
    resends: int = 0
    may_resend: bool = True
    refused: str = ""
    used: bool = False
    polls: int = 0
    polled_at: float = 0.0
    no_at: float | None = None
    doubted: bool = False
    jitter: float = 0.0
    asked: bool = False
    confirmed_at: float = 0.0
    resend_at: float = 0.0

    def expires_at(self) -> float:
        """Return the earliest moment at which the pre-transfer can expire."""
        return self.sent_at + self.expire_in

    def window_ends(self, rules: Rules) -> float:
        """Return the moment from which a confirm must not start (R4)."""
        expiry = self.expires_at()
        return expiry - (rules.deadline + rules.reserve)

    def last_resend(self, rules: Rules) -> float:
        """Return the moment that the last confirm is kept for."""
        return self.expires_at() - 2.0 * rules.reserve

    def resends_end(self, rules: Rules) -> float:
        """Return the moment from which a confirm is not sent again (R6)."""
        return self.expires_at() - 1.5 * rules.reserve

    def seconds_to_confirm(self, now: float, rules: Rules) -> float:
        """
        Return the longest time that a confirm may take that starts now.

        One that is sent again late gets what is left, so that R4 holds for it
        too, and that there is time for a query and for the last one.
        """
        if not self.sends:
            return rules.deadline
        before_the_last = self.last_resend(rules) - 0.5 * rules.reserve - now
        left = self.expires_at() - rules.reserve - now
        return min(rules.deadline, max(rules.reserve, before_the_last), left)

    def seconds_to_query(self, now: float, rules: Rules) -> float:
        """Return the longest time of a query: the last confirm waits for it."""
        if not self.may_resend or now >= self.resends_end(rules):
            return rules.deadline
        before_the_last = self.last_resend(rules) - now
        return min(rules.deadline, max(0.5 * rules.reserve, before_the_last))

    def fence(self, rules: Rules) -> float:
        """Return the moment before which nothing unknown is "not paid" (R4)."""
        # A clock that went back between the two must not bring it forward.
        latest = max(self.sent_at, self.received_at)
        return latest + self.expire_in + rules.margin


class Do(StrEnum):
    """What is to be done next."""

    CREATE = "create"
    CONFIRM = "confirm"
    QUERY = "query"
    #: Take up what a crash left, as if the answer had been lost.
    RECOVER = "recover"
    #: Close the attempt: there is no time left to confirm.
    CLOSE = "close"
    #: The caller has to act.
    WAIT = "wait"
    #: Nothing more; the state says what came of it.
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Action:
    """
    What is to be done next.

    Attributes:
        do: what.
        at: not before this moment, in seconds since 1970.
    """

    do: Do
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """
    What an event made of an attempt.

    Attributes:
        attempt: as it stands now.
        alert: what a person should look at, or "".
    """

    attempt: Attempt
    alert: str = ""
