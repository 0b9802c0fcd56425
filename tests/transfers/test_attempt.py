"""An attempt: its states, and the moments that follow from what it knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kesspay.errors import InputError
from kesspay.transfers.attempt import (
    RELAXED,
    STRICT,
    UNSETTLED,
    Attempt,
    Happened,
    Rules,
    State,
)
from tests.support.odd import ODD


# In seconds: the create was sent at 1000 and granted at 1002 for 300 seconds, so
# a confirm starts before 1260 and the fence is at 1602.
SENT: Final = 1000.0
WINDOW: Final = 1260.0
FENCE: Final = 1602.0
NOW: Final = 1010.0

CREATED: Final = Attempt(
    State.CREATED, sent_at=SENT, received_at=1002.0, expire_in=300.0
)
DEBITED: Final = replace(CREATED, state=State.DEBITED)
UNKNOWN: Final = replace(
    CREATED, state=State.UNKNOWN, sends=1, polled_at=NOW, resend_at=NOW + 1
)
ASKED: Final = replace(UNKNOWN, polls=1, asked=True)


def test_a_new_attempt_knows_nothing() -> None:
    """Nothing was sent, nothing is used, and a confirm could go again."""
    attempt = Attempt()
    assert attempt.state is State.NEW
    assert (attempt.sends, attempt.resends, attempt.polls) == (0, 0, 0)
    assert (attempt.refused, attempt.no_at) == ("", None)
    assert attempt.may_resend
    assert not attempt.used


def test_final_states() -> None:
    """Nothing more is done in these without the caller."""
    final = {state.value for state in State if state.is_final}
    assert final == {
        *("rejected", "abandoned", "closed", "paid", "not_paid", "manual", "decided"),
    }


def test_unsettled_states() -> None:
    """A confirm may have left; after a crash an attempt stands in "confirming"."""
    assert set(UNSETTLED) == {"unknown", "confirming", "refused"}
    assert not any(state.is_final for state in UNSETTLED)


def test_words_of_the_journal() -> None:
    """Journals keep these words: one that is changed makes them unreadable."""
    assert {state.value for state in State} == {
        "new",
        "creating",
        "created",
        "rejected",
        "abandoned",
        "closed",
        "debited",
        "confirming",
        "refused",
        "unknown",
        "paid",
        "not_paid",
        "manual",
        "decided",
    }
    assert {what.value for what in Happened} == {
        "create_sending",
        "confirm_sending",
        "create_not_sent",
        "confirm_not_sent",
        "create_unknown",
        "confirm_unknown",
        "create_refused",
        "confirm_refused",
        "create_granted",
        "confirm_paid",
        "query_paid",
        "query_differs",
        "query_said",
        "query_unknown",
        "debited",
        "declined",
        "window_closed",
        "decided",
    }


def test_the_two_sets_of_rules() -> None:
    """RELAXED differs from STRICT in that one rule, and in no time."""
    assert replace(STRICT, relaxed=True) == RELAXED
    assert not STRICT.relaxed


def test_the_window() -> None:
    """It ends at sent + expire_in - (deadline + reserve)."""
    assert CREATED.window_ends(STRICT) == WINDOW
    assert CREATED.window_ends(Rules(deadline=5.0, reserve=1.0)) == SENT + 294


def test_the_last_confirms() -> None:
    """The last one leaves two reserves before the expiry, and none leaves later."""
    assert CREATED.expires_at() == SENT + 300
    assert CREATED.last_resend(STRICT) == SENT + 280
    assert CREATED.resends_end(STRICT) == SENT + 285


def test_the_fence() -> None:
    """Nothing is concluded before received + expire_in + margin."""
    assert CREATED.fence(STRICT) == FENCE
    assert CREATED.fence(Rules(margin=60.0)) == FENCE - 240


def test_a_clock_that_goes_back() -> None:
    """While a create is out it may; the fence comes no earlier for it."""
    put_back = replace(CREATED, received_at=SENT - 3600)
    assert put_back.fence(STRICT) == SENT + 300 + STRICT.margin
    assert put_back.window_ends(STRICT) == WINDOW


@given(
    st.floats(0, 1e9),
    st.floats(0, 1e4),
    st.floats(1, 1e5),
    st.builds(
        Rules,
        deadline=st.floats(1, 100),
        reserve=st.floats(0, 100),
        margin=st.floats(0, 1000),
    ),
)
def test_the_fence_is_behind_the_window(
    sent_at: float, taken: float, expire_in: float, rules: Rules
) -> None:
    """A confirm that starts in the window ends before the fence, always."""
    attempt = Attempt(
        State.DEBITED, sent_at=sent_at, received_at=sent_at + taken, expire_in=expire_in
    )
    assert attempt.window_ends(rules) + rules.deadline <= attempt.fence(rules)


def test_a_late_confirm_gets_what_is_left() -> None:
    """One that is sent again ends a reserve before the expiry, as R4 wants it."""
    for now in range(int(NOW), int(SENT) + 285):
        ends = now + ASKED.seconds_to_confirm(now, STRICT)
        assert now + 5 <= ends <= SENT + 290
    assert DEBITED.seconds_to_confirm(WINDOW - 1, STRICT) == STRICT.deadline


def test_a_query_leaves_time_for_the_last_confirm() -> None:
    """While a confirm may go again no query takes longer than until then."""
    assert UNKNOWN.seconds_to_query(SENT + 200, STRICT) == 30
    assert UNKNOWN.seconds_to_query(SENT + 265, STRICT) == 15
    assert UNKNOWN.seconds_to_query(SENT + 279, STRICT) == 5
    assert UNKNOWN.seconds_to_query(SENT + 285, STRICT) == 30
    answered = replace(UNKNOWN, may_resend=False)
    assert answered.seconds_to_query(SENT + 279, STRICT) == 30


def changed(name: str, value: object) -> Rules:
    """Return rules with another value of one."""
    one: dict[str, Any] = {name: value}
    return replace(STRICT, **one)


@pytest.mark.parametrize("value", [*ODD, "30", None, True, -1, 2e9])
def test_times_that_no_payment_can_take(value: object) -> None:
    """They are refused when the rules are made, before any payment has them."""
    for name in ("deadline", "reserve", "margin", "apart", "slow_poll"):
        with pytest.raises(InputError, match=f"the rule {name} must be"):
            changed(name, value)
    for name in ("pauses", "polls"):
        with pytest.raises(InputError, match=f"the rule {name} must be"):
            changed(name, (1.0, value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("relaxed", "false"),
        ("relaxed", 0),
        ("deadline", 0),
        ("resends", 1.0),
        ("resends", -1),
        ("resends", True),
        ("pauses", 1.0),
        ("polls", "12"),
        ("polls", ()),
    ],
)
def test_rules_that_are_refused(name: str, value: object) -> None:
    """A text is no switch, and without a first query there is no verdict."""
    with pytest.raises(InputError, match=name):
        changed(name, value)


def test_rules_at_their_limits() -> None:
    """No reserve, no pause and no further confirm are rules, too."""
    rules = replace(STRICT, reserve=0, margin=0.0, resends=0, pauses=(), polls=(0,))
    assert rules.reserve == 0
