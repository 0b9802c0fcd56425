"""How long a busy server asks to wait; RFC 9110 says how it says so."""

from __future__ import annotations

import pytest

from kesspay.gateway.messages import HttpResponse
from kesspay.gateway.retry_after import retry_after


#: The moment of the example of RFC 9110, section 5.6.7.
MOMENT = 784_111_777.0


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("0", 0),
        ("99999999", 86_400),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 37),
        ("Sun Nov  6 08:49:37 1994", 37),
        ("Sun, 06 Nov 1994 07:49:37 GMT", 0),
        ("Sun, 06 Nov 2094 08:49:37 GMT", 86_400),
        ("", 0),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("\u0663", 0),
        ("Sun, 99 Nov 1994 08:49:37 GMT", 0),
        ("Sun, 06 Nov 99999 08:49:37 GMT", 0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_what_is_asked(status: int, asked: str, seconds: float) -> None:
    """Seconds, or a date in each of the three forms; nothing else asks anything."""
    response = HttpResponse(status, (("retry-AFTER", asked),), b"")
    assert retry_after(response, MOMENT - 37) == seconds


def test_a_clock_that_is_wrong() -> None:
    """A date counts from the date of the answer, where it has one."""
    headers = (
        ("Date", "Sun, 06 Nov 1994 08:49:30 GMT"),
        ("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"),
    )
    assert retry_after(HttpResponse(503, headers, b""), MOMENT + 9_999) == 7


@pytest.mark.parametrize("status", [200, 301, 404, 500, 502])
def test_a_server_that_is_not_busy(status: int) -> None:
    """Only 429 and 503 say when the server has time again."""
    response = HttpResponse(status, (("Retry-After", "120"),), b"")
    assert retry_after(response, MOMENT) == 0


def test_a_server_that_asks_nothing() -> None:
    """No header, nothing to wait for."""
    assert retry_after(HttpResponse(503, (), b""), MOMENT) == 0
