"""Which requests meet which faults: planned ones first, then those of a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from kesspay.errors import InputError
from kesspay.sandbox.faults import FAULTS, Chosen, Fault, parse


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


__all__ = ["FaultPlan", "Planned"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Planned:
    """Faults that wait for a request."""

    fault: str
    service: str | None
    times: int


class FaultPlan:
    """
    The faults to come. Any number of threads may use one.

    ::

        sandbox.faults.plan("drop-after", service=CONFIRM)
        sandbox.faults.seed(7, 0.3)

    A seed gives the same faults to the same sequence of requests, always.
    """

    def __init__(self) -> None:
        """Plan nothing."""
        self._lock = Lock()
        self._queue: list[tuple[Planned, tuple[Chosen, ...]]] = []
        self._random = random.Random(0)  # noqa: S311 - to be replayed
        self._rate = 0.0
        self._names: tuple[Fault, ...] = ()

    def plan(self, fault: str, *, service: str | None = None, times: int = 1) -> None:
        """
        Let the next requests that fit meet a fault.

        Args:
            fault: as in ``faults.parse``: "drop-after", "latency=5", or
                several, separated by commas.
            service: CREATE, CONFIRM, QUERY or "token"; None for the first
                request that the faults fit.
            times: how many requests meet it.

        Raises:
            InputError: there is no such fault, or it never fits.
        """
        chosen = parse(fault, service)
        common = set.intersection(*(set(one.fault.services) for one in chosen))
        if not common:
            raise InputError(f"no request fits all of {fault!r:.120}")
        if type(times) is not int or not 0 < times <= 1_000_000:
            raise InputError("times must be a number from 1 to 1000000")
        with self._lock:
            self._queue.append((Planned(fault, service, times), chosen))

    def seed(self, seed: int, rate: float, names: Iterable[str] | None = None) -> None:
        """
        Let a seed choose which requests meet which fault.

        Args:
            seed: the same gives the same.
            rate: probability that a request meets a fault, 0 to 1.
            names: the faults to choose from; None for all.

        Raises:
            InputError: there is no such fault, or the rate is no probability.
        """
        wanted = FAULTS if names is None else list(names)
        unknown = [name for name in wanted if name not in FAULTS]
        if unknown:
            raise InputError(f"there is no fault {unknown[0]!r:.64}")
        if not 0 <= rate <= 1:
            raise InputError("the rate of faults must be from 0 to 1")
        with self._lock:
            self._random.seed(seed)
            self._rate = rate
            self._names = tuple(FAULTS[name] for name in wanted)

    def clear(self) -> None:
        """Forget what is planned, and the seed."""
        with self._lock:
            self._queue.clear()
            self._rate = 0.0

    def planned(self) -> tuple[Planned, ...]:
        """Return what waits for a request."""
        with self._lock:
            return tuple(planned for planned, _ in self._queue)

    def take(self, service: str) -> tuple[Chosen, ...]:
        """Return the faults that a request meets now."""
        with self._lock:
            return self._next_planned(service) or self._drawn(service)

    def _next_planned(self, service: str) -> tuple[Chosen, ...]:
        for place, (planned, chosen) in enumerate(self._queue):
            fits = all(service in one.fault.services for one in chosen)
            if planned.service not in (None, service) or not fits:
                continue
            left = Planned(planned.fault, planned.service, planned.times - 1)
            self._queue[place : place + 1] = [(left, chosen)] if left.times else []
            return chosen
        return ()

    def _drawn(self, service: str) -> tuple[Chosen, ...]:
        if self._random.random() >= self._rate:
            return ()
        fitting = [fault for fault in self._names if service in fault.services]
        if not fitting:
            return ()
        fault = self._one_of(fitting)
        return (Chosen(fault, self._one_of(fault.drawn)),)

    def _one_of(self, choices: Sequence[_T]) -> _T:
        # random() alone is the same in every version of Python.
        return choices[int(self._random.random() * len(choices))]
