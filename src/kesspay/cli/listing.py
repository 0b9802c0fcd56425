"""Which payments a list shows: those in a state, or all that are not finished."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Final

import click

from kesspay.transfers.attempt import UNSETTLED, State


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kesspay.transfers.journal import Journal, Listed


__all__ = ["OPEN", "UNKNOWN", "chosen_states", "listed"]

#: Where the outcome of a payment is unknown: its debit is there, and money may be on
#: its way.
UNKNOWN: Final = (*UNSETTLED, State.DEBITED)
#: What is not finished. CLOSED and ABANDONED are of an attempt: such a payment is
#: finished, unless a worker has something to do.
OPEN: Final = tuple(
    state
    for state in State
    if state not in (State.PAID, State.NOT_PAID, State.REJECTED)
)
_ONLY_DUE: Final = (State.CLOSED, State.ABANDONED)


def chosen_states(
    context: click.Context, parameter: click.Parameter, given: str
) -> tuple[State, ...]:
    """
    Read --state; unknown is also what is on its way.

    Raises:
        click.BadParameter: there is no such state.
    """
    del context, parameter
    if not given:
        return ()
    names = [state.value for state in State]
    if given not in names:
        near = get_close_matches(given, names, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise click.BadParameter(
            f"there is no such state; {hint}The states are {', '.join(names)}"
        )
    state = State(given)
    return UNKNOWN if state is State.UNKNOWN else (state,)


def listed(
    journal: Journal, states: Iterable[State], *, after: str = "", limit: int
) -> list[Listed]:
    """
    Return the first payments that are in one of some states, in order.

    Args:
        journal: to read.
        states: of them; among several, one that is only of an attempt counts where
            a worker has something to do. The journal lists what is unknown with
            one query, and so UNKNOWN stands for all of UNSETTLED.
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
    """Yield the payments in a state, a page at a time."""
    while True:
        page = journal.list(state=state.value, after=after, limit=limit)
        for one in page:
            if not only_due or one.status.due_at is not None:
                yield one
        if len(page) < limit:
            return
        after = page[-1].payment.payment_id
