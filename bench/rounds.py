"""
Measure several ways of doing a thing so that they can be compared.

All of them take turns, in an order that changes with every round, and what
counts is the median of the rounds. Turns are short, so that a change of the
machine's pace meets all of them alike.

A ratio is made in each round, of two turns that were near each other, and so is a
difference; the median of these counts. Two medians, of all rounds each, may come from
rounds in which the processor had another clock: the ratio of the two is then partly
that of the clocks, and of a difference of two large numbers nothing else may be left.

Time is CPU time, of this process or of the peer's, where nothing else is said.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Final, NamedTuple, TypeAlias


__all__ = ["Loop", "Times", "difference", "measure", "of", "ratio", "times_of"]

#: Do something so many times; return how many nanoseconds it took.
Loop: TypeAlias = Callable[[int], int]


class Times(NamedTuple):
    """
    Nanoseconds of one operation.

    Attributes:
        median: of all rounds; this is what counts.
        least: of the quickest round. On a machine that others use too it
            shows how much of the median is theirs.
        rounds: of each round.
    """

    median: float
    least: float
    rounds: tuple[float, ...]

    def shown(self) -> dict[str, float]:
        """Return what is written to a file."""
        return {"median": self.median, "least": self.least}


def times_of(values: Iterable[float]) -> Times:
    """Return the times of rounds."""
    found = tuple(values)
    return Times(statistics.median(found), min(found), found)


def ratio(over: Times, under: Times) -> float:
    """Return how much longer one takes than the other, by the rounds of both."""
    pairs = zip(over.rounds, under.rounds, strict=True)
    return statistics.median(above / below for above, below in pairs)


def difference(all_of_it: Times, without: Times) -> float:
    """Return how much longer one takes than the other, in nanoseconds."""
    pairs = zip(all_of_it.rounds, without.rounds, strict=True)
    return statistics.median(above - below for above, below in pairs)


#: Seconds that one turn takes, about.
_TURN: Final = 0.008


def of(function: Callable[..., object], *arguments: object) -> Loop:
    """Return the loop of a Python function, in CPU time of the process."""

    def loop(times: int) -> int:
        start = time.process_time_ns()
        for _ in repeat(None, times):
            function(*arguments)
        return time.process_time_ns() - start

    def loop_of_one(times: int) -> int:
        (argument,) = arguments
        start = time.process_time_ns()
        for _ in repeat(None, times):
            function(argument)
        return time.process_time_ns() - start

    return loop_of_one if len(arguments) == 1 else loop


def measure(
    loops: dict[str, Loop], *, rounds: int, turn: float = _TURN
) -> dict[str, Times]:
    """
    Return for each loop the time of one operation.

    Args:
        loops: what is measured, by name.
        rounds: how often each of them gets its turn.
        turn: seconds that a turn takes, about.
    """
    times = {name: _times(loop, turn) for name, loop in loops.items()}
    found: dict[str, list[float]] = {name: [] for name in loops}
    order = list(loops)
    rng = random.Random(1)
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            rng.shuffle(order)
            for name in order:
                found[name].append(loops[name](times[name]) / times[name])
    finally:
        if collecting:
            gc.enable()
    return {name: times_of(values) for name, values in found.items()}


def _times(loop: Loop, turn: float) -> int:
    """Find out how many operations take about as long as a turn."""
    times = 1
    while True:
        nanoseconds = loop(times)
        if nanoseconds >= turn * 1e9 / 4:
            return max(1, round(times * turn * 1e9 / nanoseconds))
        times *= 2
