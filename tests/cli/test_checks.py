"""The checks of the doctor: a list with verdicts, and exchanges that are kept."""

from __future__ import annotations

import pytest

from kesspay.cli.checks import Checks, ReadSettings, Wire
from kesspay.errors import TransportError
from kesspay.gateway.messages import HttpRequest, HttpResponse


REQUEST = HttpRequest("POST", "https://gateway.example/token", (), b"secret-of-it")
ANSWER = HttpResponse(200, (), b"token-of-it")


class Answering:
    """Stands for a transport."""

    def __init__(self, answer: HttpResponse | TransportError) -> None:
        """Take what a request meets."""
        self.answer = answer

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Answer, or fail."""
        assert (request, timeout) == (REQUEST, 3.0)
        if isinstance(self.answer, TransportError):
            raise self.answer
        return self.answer


def test_verdicts() -> None:
    """Each kind of check has its verdict; only two kinds have something to do."""
    checks = Checks()
    checks.ok("a", "fine")
    checks.warn("b", "odd", "look")
    checks.fail("c", "bad", "fix")
    checks.skip("d", "why")
    assert [(one.name, one.verdict, one.found, one.fix) for one in checks.all] == [
        ("a", "ok", "fine", ""),
        ("b", "warning", "odd", "look"),
        ("c", "failed", "bad", "fix"),
        ("d", "skipped", "why", ""),
    ]


def test_what_is_lacking() -> None:
    """The first check that failed or was skipped is named; a warning is no lack."""
    checks = Checks()
    checks.ok("a", "")
    checks.warn("b", "", "")
    assert checks.lacks(["a", "b"]) == ""
    checks.skip("c", "")
    checks.fail("d", "", "")
    assert checks.lacks(["a", "c", "d"]) == "c"
    assert checks.lacks(["d", "c"]) == "d"


def test_nothing_is_read_at_first() -> None:
    """Two readings do not share what they found."""
    one, other = ReadSettings(), ReadSettings()
    one.client["timeout"] = 1
    assert (other.client, other.transport) == ({}, {})


def test_an_exchange_is_kept() -> None:
    """The answer passes as it is, and is kept with its request, without its secrets."""
    wire = Wire(Answering(ANSWER))
    assert wire.send(REQUEST, timeout=3.0) is ANSWER
    kept = wire.passed[-1]
    assert (kept.request, kept.response) == (REQUEST, ANSWER)
    assert kept.took >= 0
    assert "of-it" not in repr(kept)


def test_a_request_without_an_answer_is_kept() -> None:
    """The error of the transport passes as it is."""
    failed = TransportError("no_reply", "no answer")
    wire = Wire(Answering(failed))
    with pytest.raises(TransportError) as raised:
        wire.send(REQUEST, timeout=3.0)
    assert raised.value is failed
    assert [one.response for one in wire.passed] == [None]


def test_an_answer_can_be_forged() -> None:
    """The client gets what was made of the answer, and this is what is kept."""
    wire = Wire(Answering(ANSWER))
    wire.forge = lambda answer: HttpResponse(answer.status, answer.headers, b"forged")
    assert wire.send(REQUEST, timeout=3.0).body == b"forged"
    response = wire.passed[-1].response
    assert response is not None
    assert response.body == b"forged"
