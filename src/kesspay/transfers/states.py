"""
The state machine of a fund transfer: pure functions, no I/O and no clock.

One payment has attempts; each attempt is one pre-transfer of the gateway.
``step`` returns the attempt after an event, ``plan`` what to do next. Everything
that matters is in the attempt, so a crash loses nothing: a worker that reads it
from the journal continues where it stopped.

::

    NEW --create--> CREATING --granted--> CREATED --debit--> DEBITED <--+
     |  ^              | | |                 |                 |  |     | not
     |  +--- not sent -+ | +--refused--+     |                 |  |     | sent
     |                   | unknown     |     |                 |  confirm
     v                   v             v     v                 v  v     |
    CLOSED           ABANDONED     REJECTED  CLOSED       CLOSED  CONFIRMING
                                                                  |   |   |
      PAID <---------------------- paid --------------------------+   |   |
       ^  ^                                             anything else |   |
       |  |                                                           v   |
       |  +------------------------- paid ------------------- UNKNOWN     |
       |                                                  fence | ^       |
       |                                                 passed | |  refused, the
       |                                                        v |  only confirm
       |                     MANUAL (RELAXED: also NOT_PAID) <--+ |       |
       |                                                          |       v
       +---------- paid ------------------------------------------+-- REFUSED
                                                                          |
                     NOT_PAID <------------- a query agrees --------------+

PAID never changes. Money may be given back in NOT_PAID, in REJECTED and in CLOSED.
A person may decide what is MANUAL, which makes it DECIDED.
A confirm is sent only in DEBITED and, as the same request again, in CONFIRMING
(after a 401) and UNKNOWN.

Source: the rules R1 to R12 are explained in docs/transfers.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kesspay.gateway.services import (
    CONFIRM_REFUSALS,
    QUERY,
    SERVICES,
    SYSTEM_ERROR,
    USED,
    is_no_answer,
)
from kesspay.gateway.wording import shown_code
from kesspay.transfers.attempt import (
    STRICT,
    UNSETTLED,
    Action,
    Attempt,
    Do,
    Event,
    Happened,
    Rules,
    State,
    Step,
)


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["plan", "step"]

#: What a query says of a transfer that was not carried out.
_NO: Final = SERVICES[QUERY].no

#: Multiples of it fall far from each other, modulo 1.
_GOLDEN: Final = 0.618


def step(attempt: Attempt, event: Event, rules: Rules = STRICT) -> Step:
    """
    Return the attempt after an event.

    Args:
        attempt: the attempt before it.
        event: what happened.
        rules: the rules of the payment.

    Raises:
        ValueError: the event cannot happen in this state, so the journal is
            damaged.
    """
    return _STEPS[event.what](attempt, event, rules)


def plan(attempt: Attempt, now: float, rules: Rules = STRICT) -> Action:
    """
    Return what to do next with an attempt, and the earliest moment for it.

    Args:
        attempt: the attempt after its last event.
        now: seconds since 1970.
        rules: the rules of the payment.
    """
    state = attempt.state
    if state is State.NEW:
        return Action(Do.CREATE)
    if state in {State.CREATING, State.CONFIRMING}:
        return Action(Do.RECOVER)
    if state in {State.CREATED, State.DEBITED}:
        if now >= attempt.window_ends(rules):
            return Action(Do.CLOSE)
        return Action(Do.WAIT if state is State.CREATED else Do.CONFIRM)
    if state is State.UNKNOWN and _may_resend(attempt, now, rules):
        return _resend(attempt, rules)
    if state in UNSETTLED:
        return Action(Do.QUERY, _next_query(attempt, rules))
    return Action(Do.NOTHING)


def _may_resend(attempt: Attempt, now: float, rules: Rules) -> bool:
    """Return whether the same confirm may go out again, now or later (R6)."""
    return (
        attempt.may_resend
        and attempt.resends < rules.resends
        and max(now, attempt.resend_at) < attempt.resends_end(rules)
    )


def _resend(attempt: Attempt, rules: Rules) -> Action:
    """Return what comes first: the confirm once more, or a query before it."""
    query_at = _next_query(attempt, rules)
    if attempt.asked and attempt.resend_at <= query_at:
        return Action(Do.CONFIRM, attempt.resend_at)
    if attempt.asked:
        return Action(Do.QUERY, query_at)
    # The confirm waits for a query, so that one comes in time.
    before = max(attempt.polled_at, attempt.resend_at - 0.5 * rules.deadline)
    return Action(Do.QUERY, min(query_at, before))


def _resend_at(attempt: Attempt, event: Event, rules: Rules) -> float:
    """
    Return when to send the same confirm again after one brought no answer.

    First after short pauses, for a blip; then evenly over what is left of the
    life of the pre-transfer, the last time at its end, so that an outage of any
    length ends in an answer. What the gateway asks to wait is a lower bound,
    but nothing is later than the last time.
    """
    last, done = attempt.last_resend(rules), attempt.resends
    rest, left = max(0.0, last - event.at), max(1, rules.resends - done)
    share = (attempt.jitter + done * _GOLDEN) % 1.0
    if event.at >= last:
        return event.at + max(0.25 * rules.reserve, event.retry_after)
    if left == 1 and done:
        pause = rest - 0.5 * share * rules.reserve
    elif done < len(rules.pauses):
        # The time that the answer did not come in counts, that of a crash too.
        taken = event.at - attempt.confirmed_at
        pause = rules.pauses[done] * (1.0 - 0.5 * share) - taken
    else:
        shortest = max(rules.pauses, default=0.0)
        pause = max(shortest, rest / left) * (1.0 - 0.5 * share)
    return event.at + min(max(pause, event.retry_after, 0.0), rest)


def _next_query(attempt: Attempt, rules: Rules) -> float:
    """Return when to query: often at first, and twice after the fence."""
    if attempt.polls == 0:
        return attempt.polled_at
    fence = attempt.fence(rules)
    if attempt.state is State.UNKNOWN and attempt.polled_at >= fence:
        if attempt.no_at == attempt.polled_at:
            return attempt.polled_at + rules.apart
        return attempt.polled_at + rules.slow_poll
    pause = rules.polls[min(attempt.polls, len(rules.polls) - 1)]
    due = attempt.polled_at + pause
    return min(due, fence) if attempt.state is State.UNKNOWN else due


def _require(attempt: Attempt, event: Event, *states: State) -> None:
    if attempt.state not in states:
        raise ValueError(
            f"{event.what} cannot happen to an attempt that is {attempt.state}"
        )


def _create_sending(attempt: Attempt, event: Event, _: Rules) -> Step:
    _require(attempt, event, State.NEW)
    return Step(replace(attempt, state=State.CREATING, sent_at=event.at))


def _create_not_sent(attempt: Attempt, event: Event, _: Rules) -> Step:
    _require(attempt, event, State.CREATING)
    return Step(replace(attempt, state=State.NEW))


def _create_unknown(attempt: Attempt, event: Event, _: Rules) -> Step:
    _require(attempt, event, State.CREATING)
    return Step(replace(attempt, state=State.ABANDONED))


def _create_refused(attempt: Attempt, event: Event, _: Rules) -> Step:
    _require(attempt, event, State.CREATING)
    return Step(replace(attempt, state=State.REJECTED, refused=event.code))


def _create_granted(attempt: Attempt, event: Event, _: Rules) -> Step:
    _require(attempt, event, State.CREATING)
    return Step(
        replace(
            attempt,
            state=State.CREATED,
            received_at=event.at,
            expire_in=event.expire_in,
        )
    )


def _debited(attempt: Attempt, event: Event, _: Rules) -> Step:
    _require(attempt, event, State.CREATED)
    return Step(replace(attempt, state=State.DEBITED))


def _closed(attempt: Attempt, event: Event, _: Rules) -> Step:
    # Of a DEBITED attempt no confirm has left, so nothing is owed either.
    _require(attempt, event, State.NEW, State.CREATED, State.DEBITED)
    return Step(replace(attempt, state=State.CLOSED))


def _declined(attempt: Attempt, event: Event, rules: Rules) -> Step:
    if attempt.state in {State.CLOSED, State.ABANDONED}:
        return Step(attempt)
    return _closed(attempt, event, rules)


def _confirm_sending(attempt: Attempt, event: Event, _: Rules) -> Step:
    _require(attempt, event, State.DEBITED, State.CONFIRMING, State.UNKNOWN)
    first = attempt.state is State.DEBITED
    return Step(
        replace(
            attempt,
            state=State.UNKNOWN if attempt.state is State.UNKNOWN else State.CONFIRMING,
            sends=attempt.sends + 1,
            resends=attempt.resends + (not first),
            asked=False,
            confirmed_at=event.at,
        )
    )


def _confirm_not_sent(attempt: Attempt, event: Event, rules: Rules) -> Step:
    _require(attempt, event, State.CONFIRMING, State.UNKNOWN)
    if attempt.state is State.CONFIRMING and attempt.sends == 1:
        return Step(replace(attempt, state=State.DEBITED, sends=0, confirmed_at=0.0))
    if attempt.sends < 2:
        raise ValueError("a confirm that was not sent is no second confirm")
    return Step(
        replace(
            attempt,
            state=State.UNKNOWN,
            # It still counts as a resend, so that there is an end to them.
            sends=attempt.sends - 1,
            polled_at=event.at,
            resend_at=_resend_at(attempt, event, rules),
        )
    )


def _confirm_unknown(attempt: Attempt, event: Event, rules: Rules) -> Step:
    _require(attempt, event, State.CONFIRMING, State.UNKNOWN)
    used = event.code == USED
    # A code is an answer: sending the same again brings no other one. But a
    # gateway that has no time for it has not looked at the transfer.
    answered = event.code not in {"", SYSTEM_ERROR} and not is_no_answer(event.status)
    alert = ""
    if used and attempt.sends == 1:
        alert = "USED was the answer to the first confirm that was sent"
    return Step(
        replace(
            attempt,
            state=State.UNKNOWN,
            used=attempt.used or used,
            may_resend=attempt.may_resend and not answered,
            polled_at=event.at,
            resend_at=_resend_at(attempt, event, rules),
        ),
        alert,
    )


def _confirm_refused(attempt: Attempt, event: Event, rules: Rules) -> Step:
    only_one = attempt.state is State.CONFIRMING and attempt.sends == 1
    if not (only_one and event.code in CONFIRM_REFUSALS):
        return _confirm_unknown(attempt, event, rules)
    refused = replace(
        attempt,
        state=State.REFUSED,
        refused=event.code,
        may_resend=False,
        polled_at=event.at,
    )
    return Step(refused)


def _paid(attempt: Attempt, event: Event, _: Rules) -> Step:
    if attempt.state is State.NOT_PAID:
        alert = "a transfer that was settled as not paid turns out to be paid"
        return Step(replace(attempt, state=State.MANUAL), alert)
    if attempt.state is State.DECIDED:
        alert = "a transfer that a person decided turns out to be paid"
        return Step(replace(attempt, state=State.MANUAL), alert)
    _require(attempt, event, *UNSETTLED, State.PAID, State.MANUAL)
    alert = ""
    if attempt.refused:
        alert = f"paid, although the confirm was answered with {attempt.refused}"
    elif attempt.state is State.MANUAL:
        alert = "a transfer that was left to a person turns out to be paid"
    elif attempt.used and attempt.sends == 1:
        alert = "paid, although the gateway said USED after a single confirm"
    return Step(replace(attempt, state=State.PAID), alert)


def _query_differs(attempt: Attempt, event: Event, _: Rules) -> Step:
    alert = "a query says SUCCESS for other fields than those of this payment"
    if attempt.state in UNSETTLED:
        return Step(replace(attempt, state=State.MANUAL), alert)
    return _contrary(attempt, event, alert)


def _query_said(attempt: Attempt, event: Event, rules: Rules) -> Step:
    if attempt.state not in {State.REFUSED, State.UNKNOWN}:
        said = shown_code(event.code) if event.code else "something other than SUCCESS"
        return _contrary(attempt, event, f"a query now says {said}")
    used = attempt.used or event.code == USED
    asked = _asked(replace(attempt, used=used), event)
    if attempt.state is State.REFUSED:
        agrees = event.code in _NO
        return Step(replace(asked, state=State.NOT_PAID if agrees else State.UNKNOWN))
    if event.at < attempt.fence(rules):
        return Step(asked)
    doubted = attempt.doubted or event.code not in _NO
    asked = replace(asked, doubted=doubted)
    if attempt.no_at is None:
        return Step(replace(asked, no_at=event.at))
    if event.at < attempt.no_at + rules.apart:
        return Step(asked)
    if rules.relaxed and not doubted and not used:
        return Step(replace(asked, state=State.NOT_PAID))
    alert = "the outcome is still unknown after the fence"
    return Step(replace(asked, state=State.MANUAL), alert)


def _query_unknown(attempt: Attempt, event: Event, _: Rules) -> Step:
    if attempt.state not in {State.REFUSED, State.UNKNOWN}:
        return _contrary(attempt, event, "")
    return Step(_asked(attempt, event))


def _asked(attempt: Attempt, event: Event) -> Attempt:
    return replace(attempt, polls=attempt.polls + 1, polled_at=event.at, asked=True)


def _decided(attempt: Attempt, event: Event, _: Rules) -> Step:
    # It proves nothing about the money, so it is neither PAID nor NOT_PAID (R7, R8).
    _require(attempt, event, State.MANUAL)
    return Step(replace(attempt, state=State.DECIDED))


def _contrary(attempt: Attempt, event: Event, alert: str) -> Step:
    """Keep what is settled, whatever a later query says."""
    _require(attempt, event, State.PAID, State.NOT_PAID, State.MANUAL, State.DECIDED)
    return Step(attempt, alert if attempt.state is State.PAID else "")


_STEPS: Final[dict[Happened, Callable[[Attempt, Event, Rules], Step]]] = {
    Happened.CREATE_SENDING: _create_sending,
    Happened.CREATE_NOT_SENT: _create_not_sent,
    Happened.CREATE_UNKNOWN: _create_unknown,
    Happened.CREATE_REFUSED: _create_refused,
    Happened.CREATE_GRANTED: _create_granted,
    Happened.DEBITED: _debited,
    Happened.DECLINED: _declined,
    Happened.WINDOW_CLOSED: _closed,
    Happened.CONFIRM_SENDING: _confirm_sending,
    Happened.CONFIRM_NOT_SENT: _confirm_not_sent,
    Happened.CONFIRM_UNKNOWN: _confirm_unknown,
    Happened.CONFIRM_REFUSED: _confirm_refused,
    Happened.CONFIRM_PAID: _paid,
    Happened.QUERY_PAID: _paid,
    Happened.QUERY_DIFFERS: _query_differs,
    Happened.QUERY_SAID: _query_said,
    Happened.QUERY_UNKNOWN: _query_unknown,
    Happened.DECIDED: _decided,
}
