"""
Everything that can happen to a payment, and what must never come of it.

An ordinary run searches six ticks of time, an exhaustive one eight. With
``KESSPAY_LONG=1`` the latter goes further: more attempts, more time, every code.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kesspay.transfers.attempt import (
    STRICT,
    Action,
    Attempt,
    Do,
    Event,
    Happened,
    State,
)
from kesspay.transfers.states import step
from tests.transfers.model import Model
from tests.transfers.search_space import LIFE, TICKS, WORLDS, Bounds, Policy, World


if TYPE_CHECKING:
    from tests.transfers.search_space import Stage


LONG: Final = os.environ.get("KESSPAY_LONG", "0") not in ("", "0")
WHOLE: Final = (
    Bounds(ticks=10, attempts=3, codes=("EXPIRED", "NOTEXIST", "VALIDATIONERROR"))
    if LONG
    else Bounds()
)
#: Time enough for the window, the expiry, the fence and what follows it.
SAMPLE: Final = Bounds(ticks=6)
#: What happens without a person.
MACHINE: Final = frozenset(Happened) - {Happened.DECIDED}
RELAXED: Final = replace(TICKS, relaxed=True)

HONEST: Final = tuple(world for world in WORLDS if world.honest)
DISHONEST: Final = tuple(world for world in WORLDS if not world.honest)
EXPIRED_FIRST: Final = tuple(world for world in WORLDS if not world.used_first)
WORST: Final = World(used_first=False, honest=False)


@dataclass(frozen=True, slots=True)
class Found:
    """
    What a search found.

    Attributes:
        violation: what was broken first, or "".
        steps: the shortest way to it.
        stages: how many different ones were seen.
        states, happened: which ones of an attempt were seen.
    """

    violation: str
    steps: tuple[str, ...]
    stages: int
    states: frozenset[State]
    happened: frozenset[Happened]

    def __str__(self) -> str:
        """Write the way, a step a line."""
        return "\n".join((*self.steps, f"=> {self.violation}"))


def search(
    world: World, policy: Policy, wanted: str = "", *, bounds: Bounds = SAMPLE
) -> Found:
    """
    Visit everything that can happen, breadth first, up to a violation.

    Args:
        world: of the gateway.
        policy: decides for the client.
        wanted: stop at this violation only; "" for any.
        bounds: how far the search goes.
    """
    model = Model(world, policy, bounds)
    came_from: dict[Stage, tuple[Stage, str] | None] = {model.first: None}
    todo = deque(came_from)
    states = {model.state(model.first)}
    violation, last = "", model.first
    while todo and not violation:
        stage = todo.popleft()
        for name, after in model.moves(stage):
            if after in came_from:
                continue
            came_from[after] = (stage, name)
            states.add(model.state(after))
            todo.append(after)
            violation = model.violation(after)
            if wanted and violation != wanted:
                violation = ""
            if violation:
                last = after
                break
    steps: list[str] = []
    way = came_from[last]
    while violation and way is not None:
        stage, name = way
        steps.insert(0, f"{stage.now}: {name}")
        way = came_from[stage]
    return Found(
        violation,
        tuple(steps),
        len(came_from),
        frozenset(states),
        frozenset(model.happened),
    )


@pytest.mark.one_in(5)
@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_strict_breaks_nothing(
    world: World,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """
    In no world is anything credited twice, given back and credited, or unpaid.

    The search ends when it has seen everything within its bounds; the numbers
    show that there was something to see.
    """
    found = search(world, Policy(), bounds=WHOLE if whole else SAMPLE)
    assert not found.violation, str(found)
    assert found.stages > (120_000 if whole else 70_000)
    assert found.states == set(State) - {State.DECIDED}
    assert found.happened == MACHINE


@pytest.mark.thorough
@pytest.mark.one_in(2)
@pytest.mark.parametrize("world", HONEST, ids=str)
def test_relaxed_breaks_nothing_where_a_query_is_honest(
    world: World,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Where a query says SUCCESS for ever, "no" after the fence is "not paid"."""
    found = search(world, Policy(RELAXED), bounds=WHOLE if whole else SAMPLE)
    assert not found.violation, str(found)
    assert found.stages > (120_000 if whole else 70_000)


@pytest.mark.thorough
@pytest.mark.one_in(2)
@pytest.mark.parametrize("world", DISHONEST, ids=str)
def test_relaxed_fails_where_a_query_is_not(world: World) -> None:
    """Where a query forgets the credit at the expiry, RELAXED gives it back."""
    found = search(world, Policy(RELAXED))
    assert found.violation == "given back and credited"


class RefundsOnTimeout(Policy):
    """Calls a confirm without an answer not paid."""

    def step(self, attempt: Attempt, event: Event) -> Attempt:
        """Decide so."""
        after = super().step(attempt, event)
        if event.what is Happened.CONFIRM_UNKNOWN and not event.code:
            return replace(after, state=State.NOT_PAID)
        return after


class CreatesOnTimeout(Policy):
    """Tries another attempt after a confirm without an answer."""

    def step(self, attempt: Attempt, event: Event) -> Attempt:
        """Decide so."""
        after = super().step(attempt, event)
        if event.what is Happened.CONFIRM_UNKNOWN and not event.code:
            return replace(after, state=State.CLOSED, sends=0)
        return after


class BelievesAnEarlyQuery(Policy):
    """Calls a transfer not paid when a query says so, before the fence."""

    def step(self, attempt: Attempt, event: Event) -> Attempt:
        """Decide so."""
        after = super().step(attempt, event)
        is_no = event.what is Happened.QUERY_SAID and event.code == "NOTEXIST"
        if after.state is State.UNKNOWN and is_no:
            return replace(after, state=State.NOT_PAID)
        return after


class SendsAgainUnasked(Policy):
    """Sends again as often as it likes, with no query in between."""

    def plan(self, attempt: Attempt, now: float) -> Action:
        """Decide so."""
        if (
            attempt.state is State.UNKNOWN
            and attempt.may_resend
            and not self.is_too_late(attempt, now)
        ):
            return Action(Do.CONFIRM)
        return super().plan(attempt, now)


class CountsResends(Policy):
    """Decides as released, with the number of resends as it is released."""

    counts_resends = True


class BelievesExpiredAfterResending(Policy):
    """Calls a transfer not paid when a confirm sent again is EXPIRED."""

    def step(self, attempt: Attempt, event: Event) -> Attempt:
        """Decide so."""
        after = super().step(attempt, event)
        refused = event.what is Happened.CONFIRM_REFUSED and event.code == "EXPIRED"
        if refused and attempt.sends > 1:
            return replace(after, state=State.NOT_PAID)
        return after


class KeepsNoJournal(Policy):
    """Knows nothing after a crash, and pays again under another reference."""

    has_journal = False


UNSAFE: Final = [
    (RefundsOnTimeout, WORLDS, "given back and credited"),
    (CreatesOnTimeout, WORLDS, "credited twice"),
    (BelievesAnEarlyQuery, WORLDS, "given back and credited"),
    (BelievesExpiredAfterResending, EXPIRED_FIRST, "given back and credited"),
    (KeepsNoJournal, WORLDS, "credited twice"),
]


@pytest.mark.few(2)
@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("unsafe", "world", "violation"),
    [
        pytest.param(unsafe, world, violation, id=f"{unsafe.__name__}, {world}")
        for unsafe, worlds, violation in UNSAFE
        for world in worlds
    ],
)
def test_an_unsafe_policy_is_caught(
    unsafe: type[Policy], world: World, violation: str
) -> None:
    """The same search finds what each unsafe policy leads to, and how."""
    found = search(world, unsafe(), violation)
    assert found.violation == violation
    assert 5 <= len(found.steps) <= 20, str(found)
    story = str(found)
    assert "the confirm of attempt 1 leaves" in story
    assert "arrives at the gateway: SUCCESS" in story
    assert story.endswith(f"=> {violation}")


def test_a_counterexample_can_be_read() -> None:
    """The shortest way to a refund on a time-out that was credited."""
    found = search(WORLDS[0], RefundsOnTimeout())
    arrives = "a confirm of attempt 1 arrives at the gateway: SUCCESS"
    assert str(found).splitlines() == [
        "0: the client writes down: create_sending of attempt 1",
        "0: the create of attempt 1 leaves",
        "0: the create arrives at the gateway: SUCCESS",
        "0: the answer to the create reaches the client: SUCCESS",
        "0: the caller debits",
        "0: the client writes down: confirm_sending of attempt 1",
        "0: the confirm of attempt 1 leaves",
        f"0: {arrives}, but no answer leaves",
        "0: the confirm has no usable answer in time",
        "=> given back and credited",
    ]


def test_sending_again_is_not_what_breaks_it(
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Without believing the EXPIRED, even a confirm sent at any moment is harmless."""
    found = search(WORST, SendsAgainUnasked(), bounds=WHOLE if whole else SAMPLE)
    assert not found.violation, str(found)


@pytest.mark.thorough
@pytest.mark.parametrize("world", WORLDS if LONG else [WORST], ids=str)
def test_the_number_of_resends(world: World) -> None:
    """
    The released number breaks nothing, each resend counted.

    The other searches do not count them: they show it for any number.
    """
    resends = STRICT.resends if LONG else 3
    bounds = Bounds() if LONG else Bounds(ticks=5, attempts=1)
    policy = CountsResends(replace(TICKS, resends=resends))
    found = search(world, policy, bounds=bounds)
    assert not found.violation, str(found)
    assert found.happened == MACHINE


@pytest.mark.thorough
def test_the_window_is_needed() -> None:
    """A first confirm that may be answered after the expiry breaks R8."""
    rules = replace(TICKS)
    # Rules refuse such a reserve.
    object.__setattr__(rules, "reserve", -TICKS.deadline)
    found = search(WORST, Policy(rules))
    assert found.violation == "given back and credited"


EVENTS: Final = st.tuples(
    st.sampled_from(Happened),
    st.sampled_from(["", "USED", "EXPIRED", "NOTEXIST", "VALIDATIONERROR", "PENDING"]),
    st.integers(0, 1),
)


@given(st.lists(EVENTS, max_size=30), st.booleans())
def test_what_the_search_forgets_decides_nothing(
    events: list[tuple[Happened, str, int]],
    relaxed: bool,  # noqa: FBT001 - hypothesis passes it
) -> None:
    """An attempt and its essence have the same plan and the same future."""
    policy = Policy(replace(TICKS, relaxed=relaxed))
    attempt = Attempt()
    now = 0.0
    for what, code, passed in events:
        now += passed
        less = policy.essence(attempt, now)
        assert policy.plan(attempt, now) == policy.plan(less, now)
        if attempt.state.is_final:
            return
        event = Event(what, now, code, float(LIFE))
        late = policy.is_too_late(attempt, now)
        if late and what in {Happened.CONFIRM_SENDING, Happened.CONFIRM_NOT_SENT}:
            # Neither is planned then.
            continue
        if what is Happened.CONFIRM_NOT_SENT and attempt.sends < 2:
            # It was not sent again.
            continue
        try:
            after = step(attempt, event, policy.rules).attempt
        except ValueError:
            with pytest.raises(ValueError, match="cannot happen"):
                step(less, event, policy.rules)
            continue
        after_less = step(less, event, policy.rules).attempt
        assert policy.essence(after, now) == policy.essence(after_less, now)
        attempt = after
