"""
The values of the state machine: attempts, events, rules and actions.

They have no I/O and no clock; ``states`` has the functions. R1 to R12 are the
rules that docs/transfers.md explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from kesspay._checks import LONGEST_WAIT, is_number, require_flag
from kesspay._shown import shown_value
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Sequence


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
    """The state of an attempt; the journal stores these values."""

    NEW = "new"
    """No create was sent."""
    CREATING = "creating"
    """A create may have been sent, and has no answer yet."""
    CREATED = "created"
    """The gateway granted a pre-transfer; the caller has not reported its debit."""
    REJECTED = "rejected"
    """The gateway refused the create; nothing is owed."""
    ABANDONED = "abandoned"
    """The create has no usable answer; no money is involved."""
    CLOSED = "closed"
    """The attempt ended, and no confirm of it was sent."""
    DEBITED = "debited"
    """The caller reported its debit; no confirm was sent."""
    CONFIRMING = "confirming"
    """A confirm may have been sent, and has no answer yet."""
    REFUSED = "refused"
    """The gateway refused the only confirm; a query has to agree."""
    UNKNOWN = "unknown"
    """A confirm may have been carried out."""
    PAID = "paid"
    """The receiver has the money; this never changes."""
    NOT_PAID = "not_paid"
    """The transfer was not carried out, and can no longer be."""
    MANUAL = "manual"
    """No answer of the gateway can decide the outcome; a person has to."""
    DECIDED = "decided"
    """A person decided what no answer of the gateway could; nothing is left to do."""

    @property
    def is_final(self) -> bool:
        """True where nothing more is done without the caller."""
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
        State.DECIDED,
    }
)


@dataclass(frozen=True, slots=True)
class Rules:
    """
    The settings of the state machine. Times are in seconds.

    The fence is the moment after which no confirm can be carried out any more: the
    latest moment at which the pre-transfer can expire, plus ``margin``.

    Args:
        relaxed: False gives MANUAL where two queries after the fence say that the
            transfer was not paid; True gives NOT_PAID. That is right only for a
            gateway whose query still says SUCCESS after a pre-transfer expired.
        deadline: the longest time that a confirm may take.
        reserve: a confirm starts only where, besides the deadline, this time is left
            until the pre-transfer can expire (R4). A lease lasts two deadlines and
            three reserves.
        margin: the time from the expiry to the fence (R4).
        apart: the least time between the two queries after the fence (R8).
        resends: how often a confirm is sent again at most (R6).
        pauses: the times from a confirm until it is sent again, for the first,
            second ... time. The other ``resends`` are spread over the life of the
            pre-transfer; the last one is kept for its end.
        polls: the pauses before the first, second ... query; the last one repeats.
        slow_poll: the pause between queries after the fence.

    Raises:
        InputError: a rule is of another type, negative, or no finite number;
            ``deadline`` is 0, or ``polls`` is empty.
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

    def __post_init__(self) -> None:
        """Refuse rules that no payment can be judged by."""
        require_flag("relaxed", self.relaxed)
        for name in ("deadline", "reserve", "margin", "apart", "slow_poll"):
            _require_times(name, [getattr(self, name)])
        if self.deadline == 0:
            raise InputError("the rule deadline must be above 0")
        if type(self.resends) is not int or self.resends < 0:
            raise InputError("the rule resends must be a whole number, not below 0")
        for name in ("pauses", "polls"):
            times = getattr(self, name)
            if not isinstance(times, tuple | list):
                raise InputError(f"the rule {name} must be a tuple of seconds")
            _require_times(name, times)
        if not self.polls:
            raise InputError("the rule polls must have a pause before the first query")


def _require_times(name: str, times: Sequence[object]) -> None:
    """Refuse what is no time that a payment can take."""
    for time in times:
        if not is_number(time) or not 0 <= cast("float", time) <= LONGEST_WAIT:
            raise InputError(
                f"the rule {name} must be seconds, not below 0 and at most 1e9;"
                f" got {shown_value(time)}"
            )


STRICT: Final = Rules()
"""The usual rules: no answer of a query makes a payment NOT_PAID after the fence."""
RELAXED: Final = Rules(relaxed=True)
"""For a gateway whose query still says SUCCESS after a pre-transfer expired."""


class Happened(StrEnum):
    """What happened to an attempt; the journal stores these values."""

    CREATE_SENDING = "create_sending"
    """A create is about to be sent; recorded before it is."""
    CONFIRM_SENDING = "confirm_sending"
    """A confirm is about to be sent; recorded before it is."""
    CREATE_NOT_SENT = "create_not_sent"
    """No byte of the create was sent."""
    CONFIRM_NOT_SENT = "confirm_not_sent"
    """No byte of the confirm was sent."""
    CREATE_UNKNOWN = "create_unknown"
    """The create has no usable answer: lost, not authentic, SYSTEMERROR, a crash."""
    CONFIRM_UNKNOWN = "confirm_unknown"
    """The confirm has no usable answer: lost, not authentic, SYSTEMERROR, a crash."""
    CREATE_REFUSED = "create_refused"
    """The gateway refused the create, in a signed answer."""
    CONFIRM_REFUSED = "confirm_refused"
    """The gateway refused the confirm, in a signed answer."""
    CREATE_GRANTED = "create_granted"
    """A signed answer to the create grants a pre-transfer and repeats the request."""
    CONFIRM_PAID = "confirm_paid"
    """A signed answer to the confirm says SUCCESS and repeats the transfer."""
    QUERY_PAID = "query_paid"
    """A signed answer to a query says SUCCESS and repeats the transfer."""
    QUERY_DIFFERS = "query_differs"
    """A signed answer to a query says SUCCESS with other fields than the payment's."""
    QUERY_SAID = "query_said"
    """A query was answered, and not with SUCCESS."""
    QUERY_UNKNOWN = "query_unknown"
    """A query returned no information."""
    DEBITED = "debited"
    """The caller reports its debit."""
    DECLINED = "declined"
    """The caller, or another name of the receiver, ends the payment."""
    WINDOW_CLOSED = "window_closed"
    """There is not enough time left to confirm."""
    DECIDED = "decided"
    """A person decided the outcome, after the gateway was asked once more."""


@dataclass(frozen=True, slots=True)
class Event:
    """
    Something that happened to an attempt.

    Args:
        what: what happened.
        at: when, in seconds since 1970.
        code: the gateway's code, or "".
        expire_in: seconds that a pre-transfer lives, where one was granted.
        status: the HTTP status of the answer, or 0.
        retry_after: seconds that the gateway asked to wait, or 0.
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
    Everything on which the next step of one attempt depends.

    Moments are seconds since 1970.

    Attributes:
        state: its state.
        sent_at: when its create was sent, the earliest moment at which the gateway
            can have created it.
        received_at: when the answer was received, the latest such moment.
        expire_in: seconds it lives, counted from a moment between these two.
        sends: how many confirms may have been sent.
        resends: how many of them repeat an earlier one.
        may_resend: False once a confirm was answered with a code.
        refused: the code with which the first and only confirm was refused, or "".
        used: True once the gateway answered USED.
        polls: how many queries were made since the outcome became unknown.
        polled_at: when the last query was answered, or the outcome became unknown.
        no_at: when a query was first answered without SUCCESS after the
            fence, or None.
        doubted: True where such an answer was neither NOTEXIST nor EXPIRED.
        jitter: from 0 up to 1, different for each attempt, so that many
            payments do not send again at the same moment.
        asked: True where a query was made after the last confirm.
        confirmed_at: when the last confirm was recorded, before it was sent.
        resend_at: the earliest moment at which a confirm is sent again.
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
        """Return the moment for which the last confirm is kept."""
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
    """What to do next."""

    CREATE = "create"
    """Send the create."""
    CONFIRM = "confirm"
    """Send the confirm, or send it again."""
    QUERY = "query"
    """Query the transfer."""
    RECOVER = "recover"
    """Continue after a crash, as if the answer had been lost."""
    CLOSE = "close"
    """Close the attempt: there is no time left to confirm."""
    WAIT = "wait"
    """Nothing, until the caller acts."""
    NOTHING = "nothing"
    """Nothing more; the state is the result."""


@dataclass(frozen=True, slots=True)
class Action:
    """
    What to do next.

    Attributes:
        do: what to do.
        at: the earliest moment for it, in seconds since 1970.
    """

    do: Do
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """
    The result of an event.

    Attributes:
        attempt: the attempt after the event.
        alert: what a person should look at, or "".
    """

    attempt: Attempt
    alert: str = ""
