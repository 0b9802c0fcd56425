"""
Keep the bearer token: refreshed early, one log-in at a time.

- A token is renewed when the last tenth of its life begins, at most a minute
  before its end. While one thread renews it, the others go on with it.
- Any number of threads that need a token cause one log-in; the others wait.
- A failed log-in is not kept: it only rests a moment, longer each time, so
  that neither a dead gateway nor a wrong password causes a storm. A log-in
  that only ran out of its caller's time makes nobody else rest.
- A token that the gateway rejected is dropped only while it is the one held:
  somebody else may have a newer one by now.

Lifetimes count from the moment the log-in was sent, on the clock passed in,
which must never go back.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING, Final

from kesspay.errors import AuthenticationFailed, GatewayError, NotSent


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import Token


__all__ = ["Lifetime", "TokenCache", "lifetime"]

_log = logging.getLogger("kesspay.gateway")

_MARGIN: Final = 60.0
_MARGIN_SHARE: Final = 0.1
#: Life of a token whose ``expire_in`` is missing or senseless, in seconds.
_ASSUMED: Final = 60.0
#: No token is held longer than a day, whatever the gateway says.
_LONGEST: Final = 86_400.0
_FIRST_REST: Final = 1.0
_LONGEST_REST: Final = 30.0


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds after which a token is renewed, and after which it is dead."""

    renew_after: float
    dead_after: float


def lifetime(expire_in: int | None) -> Lifetime:
    """
    Return how long a token is used.

    Args:
        expire_in: what the gateway said, in seconds. None, zero and less say
            nothing: the token is used for a minute. More than a day is a day.
    """
    if expire_in is None or expire_in <= 0:
        seconds = _ASSUMED
    else:
        seconds = float(min(expire_in, _LONGEST))
    return Lifetime(seconds - min(_MARGIN, seconds * _MARGIN_SHARE), seconds)


@dataclass(frozen=True, slots=True)
class _Held:
    token: Token
    renew_at: float
    dead_at: float


class TokenCache:
    """
    The token of one client. Any number of threads may use it.

    Args:
        log_in: gets a new token within the seconds it is given, or raises a
            GatewayError.
        clock: seconds that never go back.
    """

    def __init__(
        self, log_in: Callable[[float], Token], clock: Callable[[], float]
    ) -> None:
        """Hold nothing yet."""
        self._log_in = log_in
        self._clock = clock
        self._changed = Condition()
        self._held: _Held | None = None
        self._logging_in = False
        self._failure: GatewayError | None = None
        self._failures = 0
        self._rest_until = float("-inf")

    def get(self, *, until: float, rejected: Token | None = None) -> Token:
        """
        Return a usable token, logging in where there is none.

        Args:
            until: the moment on the clock to give up.
            rejected: a token the gateway did not take.

        Raises:
            AuthenticationFailed: the credentials were refused.
            NotSent: there is no token; nothing that waited for it was sent.
        """
        with self._changed:
            if self._held is not None and self._held.token is rejected:
                self._held = None
            while True:
                token = self._usable()
                if token is not None:
                    return token
                if not self._logging_in:
                    break
                self._wait(until)
            self._refuse_while_resting()
            self._logging_in = True
        return self._renew(until)

    def forget(self) -> None:
        """Drop the token."""
        with self._changed:
            self._held = None

    def _usable(self) -> Token | None:
        """Return the token held, unless this caller should renew it."""
        held, now = self._held, self._clock()
        if held is None or now >= held.dead_at:
            return None
        somebody_cares = self._logging_in or now < self._rest_until
        return held.token if somebody_cares or now < held.renew_at else None

    def _wait(self, until: float) -> None:
        remaining = until - self._clock()
        if remaining <= 0 or not self._changed.wait(remaining):
            message = "The deadline passed while another thread logged in."
            raise NotSent(message, evidence={"phase": "log-in"})

    def _refuse_while_resting(self) -> None:
        rest = self._rest_until - self._clock()
        if self._failure is None or rest <= 0:
            return
        kind = AuthenticationFailed if self._is_refusal() else NotSent
        message = f"The log-in failed; the next one is due in {rest:.1f} s."
        raise kind(message, evidence=self._failure.evidence)

    def _is_refusal(self) -> bool:
        return isinstance(self._failure, AuthenticationFailed)

    def _renew(self, until: float) -> Token:
        sent_at = self._clock()
        failure: GatewayError | None = None
        token: Token | None = None
        try:
            token = self._log_in(until - sent_at)
        except GatewayError as error:
            failure = error
        finally:
            with self._changed:
                self._logging_in = False
                # A caller in a hurry says nothing about the gateway.
                in_time = self._clock() < until
                self._remember(token, sent_at, failure if in_time else None)
                self._changed.notify_all()
        if failure is None:
            assert token is not None  # noqa: S101 - for the type checker
            return token
        with self._changed:
            held = self._usable()
        if held is None:
            raise failure
        _log.warning("log-in failed; the token at hand is used to its end")
        return held

    def _remember(
        self, token: Token | None, sent_at: float, failure: GatewayError | None
    ) -> None:
        if token is not None:
            life = lifetime(token.expire_in)
            renew_at, dead_at = sent_at + life.renew_after, sent_at + life.dead_after
            self._held = _Held(token, renew_at, dead_at)
        if failure is None:
            self._failure, self._failures = None, 0
            self._rest_until = float("-inf")
            return
        rest = min(_FIRST_REST * 2**self._failures, _LONGEST_REST)
        self._failure, self._failures = failure, min(self._failures + 1, 16)
        self._rest_until = self._clock() + rest
