"""The tables of states on the page are what the state machine does."""

from __future__ import annotations

from typing import Any, Final

import pytest

from kesspay.transfers.attempt import (
    RELAXED,
    STRICT,
    Attempt,
    Event,
    Happened,
    Rules,
    State,
)
from kesspay.transfers.states import step
from tests.support.pages import code_span, tables


ROWS: Final = tables(
    "explanation/exactly-once.md", "| state | what happens | when | state after |\n"
)

#: Of a pre-transfer that was created at 0 and lives 300 s.
BEFORE, AFTER = 500.0, 700.0

#: What a condition means: fields of the attempt, the time, and the rules.
CONDITIONS: Final[dict[str, tuple[dict[str, Any], float, Rules]]] = {
    "": ({"sends": 1}, BEFORE, STRICT),
    "first send": ({"sends": 1}, 10.0, STRICT),
    "sent twice": ({"sends": 2}, 10.0, STRICT),
    "before the fence": ({"sends": 1}, BEFORE, STRICT),
    'first "no" after the fence': ({"sends": 1}, AFTER, STRICT),
    'second "no" after the fence': (
        {"sends": 1, "no_at": AFTER - 60},
        AFTER,
        STRICT,
    ),
    'second "no" after the fence, relaxed': (
        {"sends": 1, "no_at": AFTER - 60},
        AFTER,
        RELAXED,
    ),
    "the same, relaxed, but USED was seen": (
        {"sends": 1, "no_at": AFTER - 60, "used": True},
        AFTER,
        RELAXED,
    ),
}


def test_every_state_is_on_the_page() -> None:
    """No state is left out."""
    named = {code_span(row[column]) for row in ROWS for column in (0, 3)}
    assert named == {state.value for state in State}


@pytest.mark.parametrize("row", ROWS)
def test_the_row(row: list[str]) -> None:
    """The state machine goes where the row says."""
    state, what, condition, after = row
    happened, _, code = what.partition("` ")
    fields, at, rules = CONDITIONS[condition]
    attempt = Attempt(
        state=State(state.strip("`")), received_at=1.0, expire_in=300.0, **fields
    )
    event = Event(Happened(happened.strip("`")), at, code, 300.0)
    assert step(attempt, event, rules).attempt.state == after.strip("`")
