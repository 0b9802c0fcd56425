"""
The life of the bearer token, and where it can be kept. No I/O, no lock.

- A token is renewed when the last tenth of its life begins, at most a minute
  before its end. While one caller renews it, the others still use it.
- A failed log-in is not kept. The next one waits for a backoff, longer each time,
  so that a dead gateway causes no storm. After a refusal the backoff is longer:
  gateways lock an account after some wrong passwords. A log-in that only ran out
  of its caller's time causes no backoff for the others.
- A token that the gateway rejected is dropped only while it is the one held:
  another caller may have a newer one by now.

Lifetimes count from the moment the log-in was sent, on a clock that must never
go back. Between processes only the time of day is shared; a clock that is
wrong there costs a log-in, never more.

``TokenCache`` lets one thread log in at a time, ``AsyncTokenCache`` one task.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from hmac import compare_digest
from math import isfinite
from typing import TYPE_CHECKING, Final, Protocol

from kesspay._checks import is_number, require
from kesspay._secrets import HoldsSecrets
from kesspay._signals import raised_by_a_signal
from kesspay.errors import AuthenticationFailed, GatewayError, InputError, NotSent
from kesspay.gateway.log_in import is_refusal
from kesspay.gateway.messages import Token


if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = [
    "Lifetime",
    "StoredToken",
    "TokenBook",
    "TokenStore",
    "lifetime",
    "read_store",
    "took_too_long",
    "write_store",
]

_log = logging.getLogger("kesspay.gateway")

_MARGIN: Final = 60.0
_MARGIN_SHARE: Final = 0.1
#: Life of a token whose ``expire_in`` is missing or senseless, in seconds.
_ASSUMED: Final = 60.0
#: No token is held longer than a day, whatever the gateway says.
_LONGEST: Final = 86_400.0
_FIRST_BACKOFF: Final = 1.0
_LONGEST_BACKOFF: Final = 30.0
#: The same after a refusal. Accounts are commonly locked after five within
#: a minute, or within a quarter of an hour.
_FIRST_BACKOFF_REFUSED: Final = 15.0
_LONGEST_BACKOFF_REFUSED: Final = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class StoredToken(HoldsSecrets):
    """
    A token as a TokenStore keeps it.

    Args:
        token: the token; a store writes its ``access_token`` and ``expire_in``.
        obtained_at: when its log-in was sent, in seconds since 1970.
    """

    token: Token
    obtained_at: float

    def __post_init__(self) -> None:
        """Refuse what is no token, or no time (InputError)."""
        if type(self.token) is not Token:
            require(self.token, Token, "token")
        at = self.obtained_at
        if not (type(at) is float and isfinite(at)) and not is_number(at):
            raise InputError("obtained_at must be a number of seconds since 1970")


class TokenStore(Protocol):
    """
    A place where several clients, also in several processes, share a token.

    Any thread may call it, and ``AsyncClient`` calls it from a thread. If it
    raises an exception, the client logs the type of the exception and logs in;
    the call continues.
    """

    def load(self) -> StoredToken | None:
        """Return the token that was saved last, or None."""

    def save(self, stored: StoredToken) -> None:
        """Keep a new token in place of the old one; it is a secret."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds after which a token is renewed, and after which it is no longer used."""

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


class TokenBook:
    """
    What is known of the token of one client.

    Args:
        clock: seconds that never go back.
        wall: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float], wall: Callable[[], float]) -> None:
        """Hold nothing yet."""
        self._clock = clock
        self._wall = wall
        self._held: _Held | None = None
        self._rejected: Token | None = None
        self._failure: GatewayError | None = None
        self._failures = 0
        self._backoff_until = float("-inf")

    def now(self) -> float:
        """Return the time on the clock."""
        return self._clock()

    def forget(self) -> None:
        """Drop the token."""
        self._held = None

    def reject(self, token: Token) -> None:
        """Drop a token that the gateway rejected, if it is the one held."""
        self._rejected = token
        if self._held is not None and _is_same(self._held.token, token):
            self._held = None

    def usable(self, *, renewing: bool) -> Token | None:
        """
        Return the token held, unless the caller should renew it.

        Args:
            renewing: True while another caller does so already.
        """
        held, now = self._held, self._clock()
        if held is None or now >= held.dead_at:
            return None
        may_wait = renewing or now < self._backoff_until
        return held.token if may_wait or now < held.renew_at else None

    def refusal(self) -> GatewayError | None:
        """Return why no log-in may start yet, or None."""
        backoff = self._backoff_until - self._clock()
        if self._failure is None or backoff <= 0:
            return None
        message = f"The log-in failed; the next one is due in {backoff:.1f} s."
        said = str(self._failure).removesuffix(f" Next: {self._failure.next_step}")
        message += f" The last one: {said}"
        evidence = self._failure.evidence
        if isinstance(self._failure, AuthenticationFailed):
            return AuthenticationFailed(message, evidence=evidence)
        error = NotSent(message, evidence=evidence)
        error.retry_after = backoff
        return error

    def adopt(self, stored: StoredToken | None) -> Token | None:
        """Hold a token from a store, where it is a new one with time left."""
        if stored is None or self._is_known(stored.token):
            return None
        life = lifetime(stored.token.expire_in)
        born = self._clock() - max(0.0, self._wall() - stored.obtained_at)
        if self._clock() >= born + life.renew_after:
            return None
        self._hold(stored.token, born)
        return stored.token

    def keep(self, token: Token, sent_at: float) -> StoredToken:
        """
        Hold a new token.

        Args:
            token: from a log-in.
            sent_at: when that was sent, on the clock.

        Returns:
            what is to be saved.
        """
        self._hold(token, sent_at)
        return StoredToken(token, self._wall() - (self._clock() - sent_at))

    def fail(self, failure: GatewayError, until: float) -> Token | None:
        """
        Remember that a log-in failed.

        Args:
            failure: why.
            until: when its caller ran out of time, on the clock.

        Returns:
            the token at hand, if it still lives.
        """
        # A caller in a hurry says nothing about the gateway.
        if self._clock() < until:
            first, longest = _FIRST_BACKOFF, _LONGEST_BACKOFF
            if is_refusal(failure):
                first, longest = _FIRST_BACKOFF_REFUSED, _LONGEST_BACKOFF_REFUSED
            backoff = min(max(first * 2**self._failures, failure.retry_after), longest)
            self._failure, self._failures = failure, min(self._failures + 1, 16)
            self._backoff_until = self._clock() + backoff
        held = self.usable(renewing=True)
        if held is not None:
            _log.warning("the log-in failed; the token at hand is used to its end")
        return held

    def _hold(self, token: Token, born: float) -> None:
        life = lifetime(token.expire_in)
        self._held = _Held(token, born + life.renew_after, born + life.dead_after)
        self._failure, self._failures = None, 0
        self._backoff_until = float("-inf")

    def _is_known(self, token: Token) -> bool:
        held = None if self._held is None else self._held.token
        return any(
            known is not None and _is_same(known, token)
            for known in (held, self._rejected)
        )


def read_store(store: TokenStore) -> StoredToken | None:
    """Return what a store holds; None also where it fails."""
    try:
        stored: object = store.load()
    except Exception as error:
        if raised_by_a_signal(error):
            raise
        # The type only: the text could quote the token.
        _log.warning("the token store failed to load: %s", type(error).__name__)
        return None
    if isinstance(stored, StoredToken | None):
        return stored
    kind = type(stored).__name__
    _log.warning("the token store failed to load: it returned a %s", kind)
    return None


def write_store(store: TokenStore, stored: StoredToken) -> None:
    """Give a new token to a store, which may fail."""
    try:
        store.save(stored)
    except Exception as error:
        if raised_by_a_signal(error):
            raise
        _log.warning("the token store failed to save: %s", type(error).__name__)


def took_too_long() -> NotSent:
    """Return the error of a caller whose time ended while another logged in."""
    message = "The deadline passed while another caller logged in."
    return NotSent(message, evidence={"phase": "log-in"})


def _is_same(one: Token, other: Token) -> bool:
    # Tokens are visible ASCII, which compare_digest can take.
    return compare_digest(one.access_token, other.access_token)
