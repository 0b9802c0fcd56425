"""
The events of a call, which a client sends to its hook and to the log.

Every field is safe to log and to export: none holds a header, a body, a
credential or a token. A signed body and an answer are represented by their size
and their SHA-256 digest, with which an archive finds the bytes. Of a log-in there
is neither, since both say something about the password.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, Literal, TypeAlias

from kesspay._signals import raised_by_a_signal


__all__ = [
    "TOKEN",
    "AnswerEvent",
    "Event",
    "EventHook",
    "Listeners",
    "RequestEvent",
    "RetryEvent",
    "TokenEvent",
    "level_of",
    "log_event",
]

_log = logging.getLogger("kesspay.gateway")
# Without a logging configuration nothing is printed.
_log.addHandler(logging.NullHandler())

TOKEN: Final = "token"  # noqa: S105 - the name of an endpoint
"""Stands in ``service`` where a log-in is meant."""

Verdict = Literal["success", "rejected", "unauthenticated", "not_sent", "unknown"]
"""What an answer meant, or that there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent:
    """
    A request is about to be sent.

    Attributes:
        call_id: the same in every event of one call; random.
        service: name of the service, or "token".
        reference: ``out_trade_no``, or ``pre_transfer_id`` of a confirm, or "".
        attempt: 1 for the first request of a call.
        size: bytes of the body; 0 for a log-in.
        sha256: SHA-256 digest of the body, in lower-case hex; "" for a log-in.
    """

    call_id: str
    service: str
    reference: str
    attempt: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEvent:
    """
    A request was answered, or failed. There is one for each RequestEvent.

    Attributes:
        call_id: as in the RequestEvent.
        service: as in the RequestEvent.
        reference: as in the RequestEvent.
        attempt: as in the RequestEvent.
        verdict: "success", "rejected", "unauthenticated" (HTTP 401, or the
            credentials were refused), "not_sent", or "unknown", also where the
            caller cancelled the call.
        http_status: of the answer, or None without one.
        code: ``error_code`` or ``result_code`` of a signed answer, or "".
        reason: name of the exception, or "" for a success.
        transport: how the exchange failed ("not_sent", "no_reply", "bad_reply"),
            or "" where it did not.
        seconds: the time since the RequestEvent.
        size: bytes of the answer; 0 for a log-in, or without an answer.
        sha256: SHA-256 digest of the answer, in lower-case hex; "" for a log-in,
            or without an answer.
    """

    call_id: str
    service: str
    reference: str
    attempt: int
    verdict: Verdict
    http_status: int | None
    code: str
    reason: str
    transport: str
    seconds: float
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEvent:
    """
    A log-in returned a new token.

    Attributes:
        call_id: the same as in the events of this log-in, which is a call of its
            own.
        expire_in: the life of the token in seconds, as the gateway stated it, or
            None.
    """

    call_id: str
    expire_in: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryEvent:
    """
    A request will be repeated after a pause; repeating it is safe.

    Attributes:
        call_id: as in the RequestEvent.
        service: as in the RequestEvent.
        reference: as in the RequestEvent.
        attempt: number of the request that comes next.
        delay: seconds until then.
        reason: name of the exception that the last attempt raised.
    """

    call_id: str
    service: str
    reference: str
    attempt: int
    delay: float
    reason: str


Event: TypeAlias = RequestEvent | AnswerEvent | TokenEvent | RetryEvent
"""Any event of a call."""

EventHook: TypeAlias = Callable[[Event], None]
"""Called with each event, in the thread or task of the call; it must be quick."""


class Listeners:
    """
    Sends the events of a client to its hook and to the logger.

    Args:
        hook: called with each event, or None. What it raises is logged and
            changes nothing.
    """

    def __init__(self, hook: EventHook | None) -> None:
        """Take the hook."""
        self._hook = hook

    def wants(self, level: int) -> bool:
        """Return whether a hook or the logger takes events of a level."""
        return self._hook is not None or _log.isEnabledFor(level)

    def send(self, event: Event) -> None:
        """Log an event and call the hook; what the hook raises is logged."""
        log_event(event)
        if self._hook is None:
            return
        try:
            self._hook(event)
        except Exception as error:
            if raised_by_a_signal(error):
                raise
            _log.warning("on_event raised %s", type(error).__name__)


def log_event(event: Event) -> None:
    """
    Write an event to the logger "kesspay.gateway".

    The fields are also in ``record.kesspay``, a dict, for structured logs.
    """
    level = _level(event)
    if not _log.isEnabledFor(level):
        return
    fields = asdict(event)
    # repr: a code of the gateway could hold a line break.
    shown = " ".join(f"{name}={value!r}" for name, value in fields.items())
    name = type(event).__name__
    _log.log(level, "%s %s", name, shown, extra={"kesspay": {"event": name, **fields}})


def level_of(verdict: Verdict) -> int:
    """Return the level at which an answer is logged."""
    return logging.WARNING if verdict in {"not_sent", "unknown"} else logging.DEBUG


def _level(event: Event) -> int:
    if isinstance(event, RetryEvent):
        return logging.WARNING
    return level_of(event.verdict) if isinstance(event, AnswerEvent) else logging.DEBUG
