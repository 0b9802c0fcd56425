"""How long a server asks to wait before the next request. No I/O and no clock."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from kesspay.gateway.messages import HttpResponse


__all__ = ["retry_after"]

#: Statuses of which ``Retry-After`` says when the server has time again.
_BUSY: Final = frozenset({429, 503})
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
#: No server is waited for longer than a day.
_LONGEST: Final = 86_400.0


def retry_after(response: HttpResponse, now: float) -> float:
    """
    Return the seconds that a busy server asks to wait; 0 where it asks nothing.

    A date counts from the ``Date`` of the same answer, so that the clocks need
    not agree; without one it counts from ``now``.

    Args:
        response: an answer.
        now: seconds since 1970.

    Source: RFC 9110, sections 5.6.7 and 10.2.3.
    """
    if response.status not in _BUSY:
        return 0.0
    asked = _header(response, "retry-after")
    if _SECONDS.fullmatch(asked):
        return min(float(asked), _LONGEST)
    moment = _moment(asked)
    if moment is None:
        return 0.0
    sent_at = _moment(_header(response, "date"))
    seconds = moment - (now if sent_at is None else sent_at)
    return min(max(seconds, 0.0), _LONGEST)


def _header(response: HttpResponse, name: str) -> str:
    for found, value in response.headers:
        if found.lower() == name:
            return value.strip()
    return ""


def _moment(date: str) -> float | None:
    """Return the seconds since 1970 of a date of HTTP, or None."""
    try:
        found = parsedate_to_datetime(date)
        # A date of HTTP is in UTC, also in the form that does not say so.
        aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        return aware.timestamp()
    except (ValueError, OverflowError):
        return None
