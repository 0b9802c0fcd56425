"""
Every fault the sandbox can have, by name. ``docs/sandbox.md`` shows this table.

A text requests a fault: its name, and an argument where it takes one,
``latency=2.5``. Several are separated by commas and act in this order:
``delayed-credit=5, drop-after``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from kesspay._checks import is_number, require
from kesspay.errors import InputError
from kesspay.gateway.services import (
    CONFIRM,
    EXPIRED,
    NOTELIGIBLE,
    NOTEXIST,
    QUERY,
    SERVICES,
    USED,
    VALIDATIONERROR,
)
from kesspay.sandbox import effects


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.sandbox.effects import Effect


__all__ = [
    "FAULTS",
    "KINDS",
    "LONGEST",
    "MOST",
    "TOKEN",
    "WORD",
    "Chosen",
    "Fault",
    "FaultPlan",
    "Planned",
    "parse",
]


#: The log-in, among the names of the services.
TOKEN: Final = "token"  # noqa: S105 - not a secret

#: Whether the request was carried out when the fault shows.
CarriedOut = Literal["no", "yes", "later"]

_ALL: Final = (TOKEN, *SERVICES)
_SIGNED: Final = tuple(SERVICES)
_PAID: Final = (CONFIRM, QUERY)

#: What arguments may be: seconds up to this many, and words of this form.
LONGEST: Final = 3600
WORD: Final = re.compile(r"[A-Za-z_]{1,32}")
#: How many requests may meet one fault.
MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One way in which a gateway fails.

    Attributes:
        name: the name that requests it.
        carried_out: "no" where the request does nothing, "yes" where it did,
            "later" where a confirm credits after some seconds.
        services: the services that can have it.
        effect: what it does to the answer.
        shows: what a client sees, in words.
        argument: "", "SECONDS", "FIELD" or "CODE".
        usual: the argument where none is given.
        drawn: the arguments that a seed chooses from.
    """

    name: str
    carried_out: CarriedOut
    services: tuple[str, ...]
    effect: Effect
    shows: str
    argument: Literal["", "SECONDS", "FIELD", "CODE"] = ""
    usual: str = ""
    drawn: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A fault with its argument; ``str`` gives the text that requests it."""

    fault: Fault
    argument: str

    def __str__(self) -> str:
        """Write it as it is asked for."""
        if not self.argument:
            return self.fault.name
        return f"{self.fault.name}={self.argument}"


#: The kinds of faults by a name: their title, and the faults.
KINDS: Final[dict[str, tuple[str, tuple[Fault, ...]]]] = {
    "connection": (
        "The connection",
        (
            Fault(
                "latency",
                "yes",
                _ALL,
                effects.delay,
                "the answer comes late",
                "SECONDS",
                "1",
                ("0.2", "5", "45"),
            ),
            Fault(
                "drop-before",
                "no",
                _ALL,
                effects.drop,
                "the connection closes without an answer",
            ),
            Fault(
                "drop-after",
                "yes",
                _ALL,
                effects.drop,
                "the connection closes without an answer",
            ),
            Fault(
                "truncated",
                "yes",
                _ALL,
                effects.truncate,
                "the connection closes in the middle of the answer",
            ),
        ),
    ),
    "server": (
        "The server, and what stands before it",
        (
            Fault(
                "error-500-before",
                "no",
                _SIGNED,
                effects.answer_system_error,
                "HTTP 500, signed SYSTEMERROR",
            ),
            Fault(
                "error-500-after",
                "yes",
                _SIGNED,
                effects.answer_system_error,
                "HTTP 500, signed SYSTEMERROR",
            ),
            Fault(
                "bad-gateway-before",
                "no",
                _ALL,
                effects.answer_bad_gateway,
                "HTTP 502, an HTML page",
            ),
            Fault(
                "bad-gateway-after",
                "yes",
                _ALL,
                effects.answer_bad_gateway,
                "HTTP 502, an HTML page",
            ),
            Fault(
                "too-many",
                "no",
                _ALL,
                effects.answer_too_many_requests,
                "HTTP 429, an HTML page, Retry-After",
            ),
            Fault(
                "html-200",
                "yes",
                _ALL,
                effects.answer_html_page,
                "HTTP 200, an HTML page",
            ),
            Fault(
                "empty-200",
                "yes",
                _ALL,
                effects.answer_empty,
                "HTTP 200 without a body",
            ),
            Fault(
                "oversized",
                "yes",
                _ALL,
                effects.append_spaces,
                "the genuine answer with 1 MiB of spaces after it",
            ),
            Fault(
                "refused",
                "no",
                _SIGNED,
                effects.refuse,
                "the error code, signed unless it is UNAUTHENTICATED",
                "CODE",
                VALIDATIONERROR,
                (VALIDATIONERROR, NOTEXIST, EXPIRED, USED, NOTELIGIBLE),
            ),
        ),
    ),
    "token": (
        "The token",
        (
            Fault(
                "expired-token",
                "no",
                _SIGNED,
                effects.end_token,
                "HTTP 401, unsigned UNAUTHENTICATED; the token is dead",
            ),
            Fault(
                "unauthenticated-after",
                "yes",
                _SIGNED,
                effects.answer_unauthenticated,
                "HTTP 401, unsigned UNAUTHENTICATED; the token lives on",
            ),
            Fault(
                "token-life-zero",
                "yes",
                (TOKEN,),
                effects.set_lifetime(0),
                "expire_in is 0",
            ),
            Fault(
                "token-life-negative",
                "yes",
                (TOKEN,),
                effects.set_lifetime(-3600),
                "expire_in is -3600",
            ),
            Fault(
                "token-life-string",
                "yes",
                (TOKEN,),
                effects.set_lifetime("3600"),
                'expire_in is "3600"',
            ),
            Fault(
                "token-life-huge",
                "yes",
                (TOKEN,),
                effects.set_lifetime(10**30),
                "expire_in has 31 digits",
            ),
            Fault(
                "token-life-missing",
                "yes",
                (TOKEN,),
                effects.leave_lifetime_out,
                "there is no expire_in",
            ),
        ),
    ),
    "signature": (
        "The signature",
        (
            Fault(
                "tampered",
                "yes",
                _SIGNED,
                effects.tamper,
                "the answer was changed after it was signed, a PENDING to SUCCESS",
            ),
            Fault(
                "unsigned",
                "yes",
                _SIGNED,
                effects.leave_signature_out,
                "the answer has no signature",
            ),
            Fault(
                "foreign-signature",
                "yes",
                _SIGNED,
                effects.sign_with_other_key,
                "the answer is signed with a key that is not the gateway's",
            ),
            Fault(
                "replayed",
                "yes",
                _SIGNED,
                effects.replay,
                "the genuine earlier answer to another transfer",
            ),
            Fault(
                "duplicate-key",
                "yes",
                _SIGNED,
                effects.repeat_success,
                "success stands twice, first the wrong one; PHP would verify it",
            ),
        ),
    ),
    "fields": (
        "The fields, genuinely signed",
        (
            Fault(
                "wrong-amount",
                "yes",
                _SIGNED,
                effects.change_amount,
                "signed, for ten times the amount",
            ),
            Fault(
                "wrong-receiver",
                "yes",
                _SIGNED,
                effects.change_receiver,
                "signed, for another receiver_id",
            ),
            Fault(
                "wrong-reference",
                "yes",
                _SIGNED,
                effects.change_reference,
                "signed, for another out_trade_no",
            ),
            Fault(
                "wrong-currency",
                "yes",
                _SIGNED,
                effects.change_currency,
                "signed, in KHR",
            ),
            Fault(
                "missing-field",
                "yes",
                _SIGNED,
                effects.leave_field_out,
                "signed, without a field of the data",
                "FIELD",
                "amount",
                ("amount", "currency", "receiver_id", "out_trade_no"),
            ),
        ),
    ),
    "credit": (
        "The credit",
        (
            Fault(
                "pending",
                "yes",
                _PAID,
                effects.set_pending,
                "signed, result_code is PENDING",
            ),
            Fault(
                "unknown-code",
                "yes",
                _PAID,
                effects.set_result_code,
                "signed, result_code is one that the document does not list",
                "CODE",
                "PROCESSING",
                ("PROCESSING", "FAILED", "success"),
            ),
            Fault(
                "delayed-credit",
                "later",
                (CONFIRM,),
                effects.keep,
                "signed PENDING; the credit is made some seconds later",
                "SECONDS",
                "5",
                ("1", "30", "400"),
            ),
            Fault(
                "delayed-credit-error",
                "later",
                (CONFIRM,),
                effects.answer_system_error,
                "signed SYSTEMERROR; the credit is made some seconds later",
                "SECONDS",
                "5",
                ("1", "30", "400"),
            ),
        ),
    ),
}

#: Every fault by its name.
FAULTS: Final = {fault.name: fault for _, kind in KINDS.values() for fault in kind}


def parse(text: str, service: str | None = None) -> tuple[Chosen, ...]:
    """
    Read a text that requests faults.

    Args:
        text: ``name[=argument][, name[=argument]]...``
        service: the service that must be able to have them, or None.

    Raises:
        InputError: there is no such fault, or it does not take the argument,
            or does not fit the service.
    """
    require(text, str, "fault")
    chosen = tuple(_one(part.strip()) for part in text.split(","))
    for one in chosen:
        if service is not None and service not in one.fault.services:
            where = service or "this request"
            raise InputError(f"the fault {one.fault.name} does not fit {where}")
    return chosen


def _one(text: str) -> Chosen:
    name, equals, argument = text.partition("=")
    fault = FAULTS.get(name)
    if fault is None:
        raise InputError(f"there is no fault {name!r:.64}")
    if equals and not _is_argument(fault.argument, argument):
        takes = fault.argument or "nothing"
        raise InputError(f"the fault {name} takes {takes}, not {argument!r:.64}")
    return Chosen(fault, argument or fault.usual)


def _is_argument(kind: str, argument: str) -> bool:
    if kind == "SECONDS":
        try:
            return 0 <= float(argument) <= LONGEST
        except ValueError:
            return False
    return bool(kind) and WORD.fullmatch(argument) is not None


# ------------------------------------------------------------ the plan


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Planned:
    """Faults that wait for a request."""

    fault: str
    service: str | None
    times: int


class FaultPlan:
    """
    The faults of the next requests. Any number of threads may use one.

    ::

        sandbox.faults.plan("drop-after", service=CONFIRM)
        sandbox.faults.seed(7, 0.3)

    A seed always gives the same faults to the same sequence of requests.
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
        if type(times) is not int or not 0 < times <= MOST:
            raise InputError(f"times must be a number from 1 to {MOST}")
        with self._lock:
            self._queue.append((Planned(fault, service, times), chosen))

    def seed(self, seed: int, rate: float, names: Iterable[str] | None = None) -> None:
        """
        Let a seed choose which requests meet which fault.

        Args:
            seed: the same seed gives the same faults.
            rate: probability that a request meets a fault, 0 to 1.
            names: the faults to choose from; None for all.

        Raises:
            InputError: there is no such fault, or the rate is no probability.
        """
        if type(seed) is not int:
            raise InputError("the seed of faults must be a whole number")
        if names is not None:
            require(names, Iterable, "faults")
        wanted = list(FAULTS if names is None else names)
        for name in wanted:
            require(name, str, "a fault")
            if name not in FAULTS:
                raise InputError(f"there is no fault {name!r:.64}")
        if not is_number(rate) or not 0 <= rate <= 1:
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

    @property
    def rate(self) -> float:
        """Probability that a seed gives a request a fault; 0 without a seed."""
        with self._lock:
            return self._rate

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
