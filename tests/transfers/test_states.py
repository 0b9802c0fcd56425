"""The state machine: the table of docs/transfers.md row by row, and its rules."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kesspay.transfers.attempt import (
    RELAXED,
    STRICT,
    Action,
    Attempt,
    Do,
    Event,
    Happened,
    Rules,
    State,
)
from kesspay.transfers.states import plan, step


# In seconds: the create was sent at 1000 and granted at 1002 for 300 seconds, so
# a confirm starts before 1260 and the fence is at 1602.
SENT: Final = 1000.0
GRANTED: Final = 1002.0
WINDOW: Final = 1260.0
FENCE: Final = 1602.0
NOW: Final = 1010.0

NEW: Final = Attempt()
CREATING: Final = Attempt(State.CREATING, sent_at=SENT)
CREATED: Final = Attempt(
    State.CREATED, sent_at=SENT, received_at=GRANTED, expire_in=300.0
)
DEBITED: Final = replace(CREATED, state=State.DEBITED)
CONFIRMING: Final = replace(CREATED, state=State.CONFIRMING, sends=1, confirmed_at=NOW)
AGAIN: Final = replace(CONFIRMING, sends=2, resends=1)
REFUSED: Final = replace(
    CONFIRMING, state=State.REFUSED, refused="EXPIRED", polled_at=NOW
)
UNKNOWN: Final = replace(
    CONFIRMING, state=State.UNKNOWN, polled_at=NOW, resend_at=NOW + 1
)
ASKED: Final = replace(UNKNOWN, polls=1, asked=True)
RESENT: Final = replace(UNKNOWN, sends=2, resends=1, polls=1)
NO_ONCE: Final = replace(UNKNOWN, polls=9, polled_at=FENCE, no_at=FENCE)

#: One attempt in each state.
ALL: Final = {
    State.NEW: NEW,
    State.CREATING: CREATING,
    State.CREATED: CREATED,
    State.DEBITED: DEBITED,
    State.CONFIRMING: CONFIRMING,
    State.REFUSED: REFUSED,
    State.UNKNOWN: UNKNOWN,
    **{state: replace(CONFIRMING, state=state) for state in State if state.is_final},
}


def event(what: Happened, code: str = "", at: float = NOW) -> Event:
    """Return an event."""
    return Event(what, at, code, 300.0 if what is Happened.CREATE_GRANTED else 0.0)


H = Happened

#: The table: state, event, next state, a word of the alert.
ROWS: Final = [
    # NEW
    (NEW, event(H.CREATE_SENDING), State.CREATING, ""),
    (CREATING, event(H.CREATE_NOT_SENT), State.NEW, ""),
    (CREATING, event(H.CREATE_UNKNOWN), State.ABANDONED, ""),
    (CREATING, event(H.CREATE_UNKNOWN, "SYSTEMERROR"), State.ABANDONED, ""),
    (CREATING, event(H.CREATE_REFUSED, "NOTELIGIBLE"), State.REJECTED, ""),
    (CREATING, event(H.CREATE_REFUSED, "VALIDATIONERROR"), State.REJECTED, ""),
    (CREATING, event(H.CREATE_GRANTED), State.CREATED, ""),
    # CREATED
    (CREATED, event(H.DECLINED), State.CLOSED, ""),
    (CREATED, event(H.WINDOW_CLOSED), State.CLOSED, ""),
    (CREATED, event(H.DEBITED), State.DEBITED, ""),
    (NEW, event(H.DECLINED), State.CLOSED, ""),
    (ALL[State.CLOSED], event(H.DECLINED), State.CLOSED, ""),
    (ALL[State.ABANDONED], event(H.DECLINED), State.ABANDONED, ""),
    # DEBITED
    (DEBITED, event(H.WINDOW_CLOSED), State.CLOSED, ""),
    (DEBITED, event(H.DECLINED), State.CLOSED, ""),
    (DEBITED, event(H.CONFIRM_SENDING), State.CONFIRMING, ""),
    (CONFIRMING, event(H.CONFIRM_NOT_SENT), State.DEBITED, ""),
    (CONFIRMING, event(H.CONFIRM_SENDING), State.CONFIRMING, ""),
    (AGAIN, event(H.CONFIRM_NOT_SENT), State.UNKNOWN, ""),
    (CONFIRMING, event(H.CONFIRM_UNKNOWN, "USED"), State.UNKNOWN, "USED"),
    # CONFIRMING
    (CONFIRMING, event(H.CONFIRM_PAID), State.PAID, ""),
    (AGAIN, event(H.CONFIRM_PAID), State.PAID, ""),
    (CONFIRMING, event(H.CONFIRM_REFUSED, "EXPIRED"), State.REFUSED, ""),
    (CONFIRMING, event(H.CONFIRM_REFUSED, "NOTEXIST"), State.REFUSED, ""),
    (CONFIRMING, event(H.CONFIRM_REFUSED, "VALIDATIONERROR"), State.REFUSED, ""),
    (CONFIRMING, event(H.CONFIRM_REFUSED, "NOTELIGIBLE"), State.UNKNOWN, ""),
    (CONFIRMING, event(H.CONFIRM_REFUSED, "USED"), State.UNKNOWN, "USED"),
    (AGAIN, event(H.CONFIRM_REFUSED, "EXPIRED"), State.UNKNOWN, ""),
    (CONFIRMING, event(H.CONFIRM_UNKNOWN), State.UNKNOWN, ""),
    (CONFIRMING, event(H.CONFIRM_UNKNOWN, "SYSTEMERROR"), State.UNKNOWN, ""),
    (CONFIRMING, event(H.CONFIRM_UNKNOWN, "PENDING"), State.UNKNOWN, ""),
    # REFUSED
    (REFUSED, event(H.QUERY_SAID, "EXPIRED"), State.NOT_PAID, ""),
    (REFUSED, event(H.QUERY_SAID, "NOTEXIST"), State.NOT_PAID, ""),
    (REFUSED, event(H.QUERY_SAID, "PENDING"), State.UNKNOWN, ""),
    (REFUSED, event(H.QUERY_SAID, "USED"), State.UNKNOWN, ""),
    (REFUSED, event(H.QUERY_SAID), State.UNKNOWN, ""),
    (REFUSED, event(H.QUERY_UNKNOWN), State.REFUSED, ""),
    (REFUSED, event(H.QUERY_PAID), State.PAID, "answered with EXPIRED"),
    (REFUSED, event(H.QUERY_DIFFERS), State.MANUAL, "other fields"),
    # UNKNOWN
    (UNKNOWN, event(H.CONFIRM_SENDING), State.UNKNOWN, ""),
    (RESENT, event(H.CONFIRM_NOT_SENT), State.UNKNOWN, ""),
    (RESENT, event(H.CONFIRM_UNKNOWN), State.UNKNOWN, ""),
    (RESENT, event(H.CONFIRM_UNKNOWN, "USED"), State.UNKNOWN, ""),
    (RESENT, event(H.CONFIRM_UNKNOWN, "EXPIRED"), State.UNKNOWN, ""),
    (RESENT, event(H.CONFIRM_REFUSED, "EXPIRED"), State.UNKNOWN, ""),
    (RESENT, event(H.CONFIRM_PAID), State.PAID, ""),
    (UNKNOWN, event(H.QUERY_PAID), State.PAID, ""),
    (replace(UNKNOWN, used=True), event(H.QUERY_PAID), State.PAID, "USED"),
    (replace(RESENT, used=True), event(H.QUERY_PAID), State.PAID, ""),
    (UNKNOWN, event(H.QUERY_DIFFERS), State.MANUAL, "other fields"),
    (UNKNOWN, event(H.QUERY_SAID, "NOTEXIST"), State.UNKNOWN, ""),
    (UNKNOWN, event(H.QUERY_SAID, "EXPIRED", FENCE - 0.1), State.UNKNOWN, ""),
    (UNKNOWN, event(H.QUERY_SAID, "EXPIRED", FENCE), State.UNKNOWN, ""),
    (NO_ONCE, event(H.QUERY_SAID, "EXPIRED", FENCE + 9.9), State.UNKNOWN, ""),
    (NO_ONCE, event(H.QUERY_SAID, "EXPIRED", FENCE + 10), State.MANUAL, "fence"),
    (NO_ONCE, event(H.QUERY_PAID, at=FENCE + 10), State.PAID, ""),
    (UNKNOWN, event(H.QUERY_UNKNOWN), State.UNKNOWN, ""),
    (NO_ONCE, event(H.QUERY_UNKNOWN, at=FENCE + 99), State.UNKNOWN, ""),
    # No client writes these; they say what they say all the same.
    (NEW, event(H.WINDOW_CLOSED), State.CLOSED, ""),
    (CONFIRMING, event(H.QUERY_PAID), State.PAID, ""),
    (CONFIRMING, event(H.QUERY_DIFFERS), State.MANUAL, "other fields"),
    (REFUSED, event(H.CONFIRM_PAID), State.PAID, "answered with EXPIRED"),
    # What is settled, and what comes later.
    (ALL[State.PAID], event(H.QUERY_PAID), State.PAID, ""),
    (ALL[State.PAID], event(H.CONFIRM_PAID), State.PAID, ""),
    (ALL[State.PAID], event(H.QUERY_SAID, "NOTEXIST"), State.PAID, "says NOTEXIST"),
    (ALL[State.PAID], event(H.QUERY_SAID, "A\nB"), State.PAID, r"says 'A\nB'"),
    (ALL[State.PAID], event(H.QUERY_SAID), State.PAID, "than SUCCESS"),
    (ALL[State.PAID], event(H.QUERY_DIFFERS), State.PAID, "other fields"),
    (ALL[State.PAID], event(H.QUERY_UNKNOWN), State.PAID, ""),
    (ALL[State.NOT_PAID], event(H.QUERY_SAID, "NOTEXIST"), State.NOT_PAID, ""),
    (ALL[State.NOT_PAID], event(H.QUERY_DIFFERS), State.NOT_PAID, ""),
    (ALL[State.NOT_PAID], event(H.QUERY_UNKNOWN), State.NOT_PAID, ""),
    (ALL[State.NOT_PAID], event(H.QUERY_PAID), State.MANUAL, "turns out to be paid"),
    (ALL[State.NOT_PAID], event(H.CONFIRM_PAID), State.MANUAL, "turns out"),
    (ALL[State.MANUAL], event(H.QUERY_PAID), State.PAID, "left to a person"),
    (ALL[State.MANUAL], event(H.CONFIRM_PAID), State.PAID, "left to a person"),
    (ALL[State.MANUAL], event(H.QUERY_SAID, "EXPIRED"), State.MANUAL, ""),
    (ALL[State.MANUAL], event(H.QUERY_DIFFERS), State.MANUAL, ""),
    (ALL[State.MANUAL], event(H.QUERY_UNKNOWN), State.MANUAL, ""),
    # What a person decides is no proof, and a proof goes before it.
    (ALL[State.MANUAL], event(H.DECIDED), State.DECIDED, ""),
    (ALL[State.DECIDED], event(H.QUERY_PAID), State.MANUAL, "turns out to be paid"),
    (ALL[State.DECIDED], event(H.CONFIRM_PAID), State.MANUAL, "turns out to be paid"),
    (ALL[State.DECIDED], event(H.QUERY_SAID, "EXPIRED"), State.DECIDED, ""),
    (ALL[State.DECIDED], event(H.QUERY_DIFFERS), State.DECIDED, ""),
    (ALL[State.DECIDED], event(H.QUERY_UNKNOWN), State.DECIDED, ""),
]


@pytest.mark.parametrize(("attempt", "happened", "after", "alert"), ROWS)
def test_the_table(attempt: Attempt, happened: Event, after: State, alert: str) -> None:
    """Every row of the table, with an alert exactly where it says so."""
    done = step(attempt, happened)
    assert done.attempt.state is after
    assert alert in done.alert
    assert bool(alert) == bool(done.alert)


#: What may happen in which state.
LEGAL: Final = {(row[0].state, row[1].what) for row in ROWS}


@pytest.mark.parametrize(
    ("state", "what"),
    [(state, what) for state in State for what in H if (state, what) not in LEGAL],
)
@pytest.mark.parametrize("code", ["", "USED", "EXPIRED"])
def test_what_the_table_does_not_name_is_refused(
    state: State, what: Happened, code: str
) -> None:
    """An event that cannot happen in a state raises ValueError, whatever its code."""
    with pytest.raises(ValueError, match=f"{what} cannot happen .* {state}$"):
        step(ALL[state], event(what, code))


def test_an_attempt_keeps_what_the_clocks_need() -> None:
    """The create sets both clocks: sent, and answered."""
    sending = step(NEW, Event(H.CREATE_SENDING, SENT)).attempt
    granted = step(sending, Event(H.CREATE_GRANTED, GRANTED, "", 300.0)).attempt
    assert granted == CREATED


def test_a_create_that_did_not_leave_counts_anew() -> None:
    """The earliest moment is that of the create that left."""
    sending = step(NEW, Event(H.CREATE_SENDING, SENT - 50)).attempt
    back = step(sending, Event(H.CREATE_NOT_SENT, SENT - 49)).attempt
    again = step(back, Event(H.CREATE_SENDING, SENT)).attempt
    assert again == CREATING


def test_sends_are_counted() -> None:
    """A confirm that did not leave was not sent; one after a 401 was sent again."""
    first = step(DEBITED, event(H.CONFIRM_SENDING)).attempt
    assert (first.sends, first.resends) == (1, 0)
    back = step(first, event(H.CONFIRM_NOT_SENT)).attempt
    assert back == DEBITED
    second = step(first, event(H.CONFIRM_SENDING)).attempt
    assert (second.sends, second.resends) == (2, 1)
    lost = step(second, event(H.CONFIRM_UNKNOWN)).attempt
    third = step(lost, event(H.CONFIRM_SENDING)).attempt
    assert (third.sends, third.resends) == (3, 2)
    # One that did not leave is not a send, but counts among those tried again.
    tried = step(third, event(H.CONFIRM_NOT_SENT)).attempt
    assert (tried.sends, tried.resends) == (2, 2)


def test_the_first_confirm_cannot_be_taken_back_once_it_is_unknown() -> None:
    """Of a confirm whose outcome is unknown no one can say that it never left."""
    with pytest.raises(ValueError, match="no second confirm"):
        step(UNKNOWN, event(H.CONFIRM_NOT_SENT))


@pytest.mark.parametrize("code", ["USED", "EXPIRED", "PENDING", "NOTEXIST"])
def test_a_code_ends_the_sending(code: str) -> None:
    """A confirm that was answered with a code is not sent again."""
    done = step(CONFIRMING, event(H.CONFIRM_UNKNOWN, code)).attempt
    assert not done.may_resend
    again = step(replace(done, polls=5), event(H.CONFIRM_UNKNOWN)).attempt
    assert not again.may_resend
    assert plan(replace(done, polls=1, asked=True), NOW).do is Do.QUERY


@pytest.mark.parametrize("code", ["", "SYSTEMERROR"])
def test_no_code_does_not(code: str) -> None:
    """A lost answer and SYSTEMERROR are one to the machine (R9)."""
    done = step(CONFIRMING, event(H.CONFIRM_UNKNOWN, code)).attempt
    assert done == step(CONFIRMING, event(H.CONFIRM_UNKNOWN)).attempt
    assert done.may_resend
    asked = step(done, event(H.QUERY_SAID, "NOTEXIST")).attempt
    assert plan(asked, NOW) == Action(Do.CONFIRM, NOW + 1)


@pytest.mark.parametrize("status", [302, 429, 500, 503])
def test_a_code_of_a_gateway_that_is_busy_does_not(status: int) -> None:
    """It says nothing of the transfer, so that the confirm may go again."""
    busy = Event(H.CONFIRM_UNKNOWN, NOW, "TOOMANY", status=status)
    assert step(CONFIRMING, busy).attempt.may_resend
    said = Event(H.CONFIRM_UNKNOWN, NOW, "TOOMANY", status=400)
    assert not step(CONFIRMING, said).attempt.may_resend


# ------------------------------------------------------------------------ R4


def test_the_window() -> None:
    """A confirm starts before sent + expire_in - (deadline + 10 s), not at it."""
    assert plan(DEBITED, WINDOW - 0.001).do is Do.CONFIRM
    assert plan(DEBITED, WINDOW).do is Do.CLOSE
    assert plan(CREATED, WINDOW - 0.001).do is Do.WAIT
    assert plan(CREATED, WINDOW).do is Do.CLOSE


# ---------------------------------------------------------------------- plans


@pytest.mark.parametrize(
    ("attempt", "action"),
    [
        (NEW, Action(Do.CREATE)),
        (CREATING, Action(Do.RECOVER)),
        (CREATED, Action(Do.WAIT)),
        (DEBITED, Action(Do.CONFIRM)),
        (CONFIRMING, Action(Do.RECOVER)),
        (REFUSED, Action(Do.QUERY, NOW)),
        (UNKNOWN, Action(Do.QUERY, NOW)),
        *((ALL[state], Action(Do.NOTHING)) for state in State if state.is_final),
    ],
)
def test_the_plan(attempt: Attempt, action: Action) -> None:
    """Each state has one thing to do next."""
    assert plan(attempt, NOW) == action


@pytest.mark.parametrize(
    ("polls", "pause"),
    [(0, 0.0), (1, 1.0), (2, 2.0), (3, 5.0), (4, 15.0), (5, 30.0), (6, 30.0)],
)
@pytest.mark.parametrize("attempt", [REFUSED, replace(UNKNOWN, may_resend=False)])
def test_the_pauses_between_queries(attempt: Attempt, polls: int, pause: float) -> None:
    """A query at once, then after 1, 2, 5, 15, 30, 30 ... seconds."""
    asked = replace(attempt, polls=polls)
    assert plan(asked, NOW) == Action(Do.QUERY, NOW + pause)


def test_a_query_falls_on_the_fence() -> None:
    """No pause runs over the fence."""
    asked = replace(UNKNOWN, polls=9, polled_at=FENCE - 3, may_resend=False)
    assert plan(asked, FENCE - 2) == Action(Do.QUERY, FENCE)


def test_queries_after_the_fence() -> None:
    """The second "no" is asked for 10 s after the first; without one, each minute."""
    assert plan(NO_ONCE, FENCE) == Action(Do.QUERY, FENCE + 10)
    lost = replace(NO_ONCE, polled_at=FENCE + 10)
    assert plan(lost, FENCE + 10) == Action(Do.QUERY, FENCE + 70)
    none = replace(NO_ONCE, no_at=None)
    assert plan(none, FENCE) == Action(Do.QUERY, FENCE + 60)
    # The first after the fence is not held back where none was asked before.
    late = replace(UNKNOWN, polled_at=FENCE + 500)
    assert plan(late, FENCE + 500) == Action(Do.QUERY, FENCE + 500)


# ------------------------------------------------------------------------- R6


def outage(
    attempt: Attempt,
    *,
    takes: float = 0.0,
    retry_after: float = 0.0,
    rules: Rules = STRICT,
) -> tuple[list[float], list[Do]]:
    """Return when confirms leave while no answer helps, and all that is done."""
    now, sent, done = NOW, list[float](), list[Do]()
    while (action := plan(attempt, now, rules)).do is not Do.NOTHING:
        now = max(now, action.at)
        done.append(action.do)
        if action.do is Do.CONFIRM:
            sent.append(now - SENT)
            attempt = step(attempt, event(H.CONFIRM_SENDING, at=now), rules).attempt
            now += min(takes, attempt.seconds_to_confirm(now, rules))
            lost = Event(H.CONFIRM_UNKNOWN, now, retry_after=retry_after)
            attempt = step(attempt, lost, rules).attempt
        else:
            now += min(takes, attempt.seconds_to_query(now, rules))
            attempt = step(attempt, event(H.QUERY_SAID, "NOTEXIST", now), rules).attempt
    return sent, done


def test_a_confirm_goes_again_after_a_query_only() -> None:
    """First a query, then the same confirm, then a query, up to the number (R6)."""
    sent, done = outage(DEBITED)
    assert len(sent) == 1 + STRICT.resends
    assert done[0] is Do.CONFIRM
    assert all(
        before is Do.QUERY for before, after in pairwise(done) if after is Do.CONFIRM
    )


@pytest.mark.parametrize("jitter", [0.0, 0.3, 0.61, 0.999])
@pytest.mark.parametrize("takes", [0.0, 0.5, 10.0, 30.0, 45.0])
@pytest.mark.parametrize("life", [120.0, 300.0, 3600.0])
def test_an_outage_of_any_length_ends_with_a_confirm(
    jitter: float, takes: float, life: float
) -> None:
    """Confirms leave over the whole life, and one near its end, whatever happens."""
    attempt = replace(DEBITED, jitter=jitter, expire_in=life)
    sent, _ = outage(attempt, takes=takes)
    assert life - 30 <= sent[-1] < life - 15
    assert len(sent) <= 1 + STRICT.resends
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert max(gaps) <= max(60.0, life / 5)
    if takes == 0:
        assert 0.5 <= gaps[0] <= 1
        assert 1.5 <= gaps[1] <= 3


def test_many_payments_are_not_in_step() -> None:
    """Payments of the same moment send again at different ones."""
    for number in range(1, 12):
        times = [outage(replace(DEBITED, jitter=n / 16))[0][number] for n in range(16)]
        assert max(times) - min(times) > 0.4
        assert len(set(times)) > 8


@pytest.mark.parametrize("seconds", [2.0, 20.0, 90.0, 86_400.0])
def test_what_the_gateway_asks_to_wait(seconds: float) -> None:
    """It is a lower bound, but of the last confirm it is none."""
    sent, _ = outage(DEBITED, retry_after=seconds)
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert all(gap >= seconds for gap in gaps[:-1])
    assert 270 <= sent[-1] < 285


def test_a_query_comes_before_the_confirm_that_is_due() -> None:
    """A query is not left for so long that the confirm has to wait for it."""
    late = replace(UNKNOWN, polls=9, resend_at=NOW + 8)
    assert plan(late, NOW) == Action(Do.QUERY, NOW)
    assert plan(replace(late, asked=True), NOW + 8) == Action(Do.CONFIRM, NOW + 8)
    later = replace(UNKNOWN, polls=9, resend_at=NOW + 20)
    assert plan(later, NOW) == Action(Do.QUERY, NOW + 5)
    far = replace(late, asked=True, resend_at=NOW + 50)
    assert plan(far, NOW) == Action(Do.QUERY, NOW + 30)


def test_no_confirm_goes_again_at_the_expiry() -> None:
    """It goes until one and a half reserves before the expiry, not from then on."""
    end = SENT + 285
    assert plan(ASKED, end - 0.001).do is Do.CONFIRM
    assert plan(ASKED, end).do is Do.QUERY


def test_no_confirm_goes_again_without_leave() -> None:
    """Rules may forbid it."""
    assert plan(ASKED, NOW + 9).do is Do.CONFIRM
    assert plan(ASKED, NOW + 9, Rules(resends=0)).do is Do.QUERY


def test_a_refusal_ends_the_sending() -> None:
    """A refusal is a code too: no query that disagrees brings another send."""
    refused = step(CONFIRMING, event(H.CONFIRM_REFUSED, "EXPIRED")).attempt
    doubted = step(refused, event(H.QUERY_SAID, "PENDING")).attempt
    assert doubted.state is State.UNKNOWN
    assert plan(doubted, NOW).do is Do.QUERY


def test_a_refused_confirm_is_not_sent_again() -> None:
    """While a refusal waits for its query, nothing is sent."""
    assert plan(replace(REFUSED, polls=3), NOW).do is Do.QUERY


# ------------------------------------------------------------------------- R8


def after_the_fence(*codes: str, rules: Rules, start: Attempt = UNKNOWN) -> State:
    """Return what queries after the fence make of an attempt, 10 s apart."""
    attempt = start
    for number, code in enumerate(codes):
        at = FENCE + 10 * number
        attempt = step(attempt, event(H.QUERY_SAID, code, at), rules).attempt
    return attempt.state


@pytest.mark.parametrize("codes", [("EXPIRED", "NOTEXIST"), ("NOTEXIST", "NOTEXIST")])
def test_two_plain_noes_after_the_fence(codes: tuple[str, str]) -> None:
    """They are "not paid" in RELAXED, and for a person in STRICT."""
    assert after_the_fence(*codes, rules=RELAXED) is State.NOT_PAID
    assert after_the_fence(*codes, rules=STRICT) is State.MANUAL


@pytest.mark.parametrize(
    "codes",
    [
        ("PENDING", "EXPIRED"),
        ("EXPIRED", "PENDING"),
        ("VALIDATIONERROR", "NOTEXIST"),
        ("", "NOTEXIST"),
        ("USED", "NOTEXIST"),
        ("NOTEXIST", "USED"),
    ],
)
def test_a_doubtful_no_is_for_a_person(codes: tuple[str, str]) -> None:
    """In RELAXED both have to be a plain "no"."""
    assert after_the_fence(*codes, rules=RELAXED) is State.MANUAL


def test_used_is_never_not_paid() -> None:
    """Where the gateway ever said USED, RELAXED concludes nothing either."""
    used = step(CONFIRMING, event(H.CONFIRM_UNKNOWN, "USED")).attempt
    noes = ("EXPIRED", "EXPIRED")
    assert after_the_fence(*noes, rules=RELAXED, start=used) is State.MANUAL
    asked = step(UNKNOWN, event(H.QUERY_SAID, "USED")).attempt
    assert after_the_fence(*noes, rules=RELAXED, start=asked) is State.MANUAL


@pytest.mark.parametrize("rules", [STRICT, RELAXED])
def test_a_no_before_the_fence_proves_nothing(rules: Rules) -> None:
    """However often a query says it: only what comes after the fence counts."""
    attempt = UNKNOWN
    for at in (NOW, WINDOW, FENCE - 60, FENCE - 0.1):
        attempt = step(attempt, event(H.QUERY_SAID, "EXPIRED", at), rules).attempt
        assert attempt.state is State.UNKNOWN
    attempt = step(attempt, event(H.QUERY_SAID, "EXPIRED", FENCE), rules).attempt
    assert (attempt.state, attempt.no_at) == (State.UNKNOWN, FENCE)


def test_one_no_is_not_enough() -> None:
    """Neither is one, nor two that are too close."""
    assert after_the_fence("EXPIRED", rules=RELAXED) is State.UNKNOWN
    soon = event(H.QUERY_SAID, "EXPIRED", FENCE + 9.9)
    assert step(NO_ONCE, soon, RELAXED).attempt.state is State.UNKNOWN


# ---------------------------------------------------------------- any sequence

CODES: Final = ("", "SYSTEMERROR", "USED", "EXPIRED", "NOTEXIST", "VALIDATIONERROR")
EVENTS: Final = st.lists(
    st.tuples(
        st.sampled_from(H),
        st.sampled_from((*CODES, "PENDING")),
        st.floats(0, 400),
    ),
    max_size=40,
)


def story(
    events: list[tuple[Happened, str, float]], rules: Rules
) -> list[tuple[Attempt, Event, Attempt]]:
    """Return every step of those events that can happen, one after the other."""
    steps = []
    attempt, now = NEW, SENT
    for what, code, passed in events:
        now += passed
        happened = event(what, code, now)
        try:
            after = step(attempt, happened, rules).attempt
        except ValueError:
            continue
        steps.append((attempt, happened, after))
        attempt = after
    return steps


#: A beginning that brings most sequences to where money is.
SENT_ONCE: Final = [
    (H.CREATE_SENDING, "", 0.0),
    (H.CREATE_GRANTED, "", 1.0),
    (H.DEBITED, "", 1.0),
    (H.CONFIRM_SENDING, "", 1.0),
]


@given(EVENTS, st.booleans(), st.sampled_from([STRICT, RELAXED]))
def test_whatever_happens(
    events: list[tuple[Happened, str, float]],
    sent: bool,  # noqa: FBT001 - hypothesis passes it
    rules: Rules,
) -> None:
    """
    No sequence of events breaks a rule of the machine.

    PAID is never left. NOT_PAID is reached from REFUSED by a query that agrees,
    of a confirm that was sent once; or in RELAXED after the fence, never where
    USED was seen. REFUSED is reached from the only send.
    """
    for before, happened, after in story(
        [*(SENT_ONCE if sent else []), *events], rules
    ):
        assert 0 <= after.sends <= before.sends + 1
        assert after.used >= before.used
        if before.state is State.PAID:
            assert after == before
        if after.state is State.REFUSED:
            assert after.sends == 1
        if after.state is State.NOT_PAID and before.state is not State.NOT_PAID:
            assert happened.what is H.QUERY_SAID
            assert happened.code in {"EXPIRED", "NOTEXIST"}
            if before.state is State.REFUSED:
                assert after.sends == 1
            else:
                assert rules.relaxed
                assert before.state is State.UNKNOWN
                assert not after.used
                assert before.no_at is not None
                assert before.no_at >= after.fence(rules)
                assert happened.at >= before.no_at + rules.apart
        if after.state is State.CLOSED:
            # Another attempt may follow: no confirm of this one has left.
            assert after.sends == 0
        if plan(after, happened.at, rules).do is Do.CONFIRM:
            assert after.state in {State.DEBITED, State.UNKNOWN}
            assert after.resends < rules.resends or after.sends == 0
            ends = (
                after.window_ends(rules)
                if after.sends == 0
                else after.resends_end(rules)
            )
            assert happened.at < ends


@given(EVENTS)
def test_every_plan_can_be_carried_out(
    events: list[tuple[Happened, str, float]],
) -> None:
    """Whatever happened, what is planned next may happen next."""
    writes = {
        Do.CREATE: H.CREATE_SENDING,
        Do.CONFIRM: H.CONFIRM_SENDING,
        Do.CLOSE: H.WINDOW_CLOSED,
        Do.QUERY: H.QUERY_UNKNOWN,
    }
    for _, happened, after in story([*SENT_ONCE, *events], STRICT):
        action = plan(after, happened.at)
        if action.do in writes:
            step(after, event(writes[action.do], "", max(action.at, happened.at)))
