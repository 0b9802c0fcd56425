"""The table of services is the one place that says what a code means."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import kesspay
from kesspay.gateway import messages
from kesspay.gateway.services import (
    CONFIRM,
    CONFIRM_REFUSALS,
    CREATE,
    OTHER,
    QUERY,
    SERVICES,
    SYSTEM_ERROR,
    UNAUTHENTICATED,
    USED,
    is_no_answer,
    is_overloaded,
    is_server_error,
    is_success,
    service_of,
)


def test_the_services_of_the_api_document() -> None:
    """Create, confirm and query are there, under the names that travel."""
    assert list(SERVICES) == [
        "create.unified.fundTransfer",
        "confirm.fundTransfer",
        "query.fundTransfer",
    ]
    assert all(name == service.name for name, service in SERVICES.items())
    assert tuple(SERVICES) == (messages.CREATE, messages.CONFIRM, messages.QUERY)


def test_only_a_confirm_and_what_is_not_known_can_move_money() -> None:
    """A service of the future counts as one that moves money."""
    assert [name for name in SERVICES if not service_of(name).harmless] == [CONFIRM]
    assert service_of("service.of.the.future") is OTHER
    assert not OTHER.harmless


def test_only_a_query_can_be_repeated() -> None:
    """The same create or confirm a second time may act a second time."""
    known = [*SERVICES, "service.of.the.future"]
    assert [name for name in known if service_of(name).repeatable] == [QUERY]


def test_what_refuses_a_confirm() -> None:
    """Three codes do; USED, SYSTEMERROR and UNAUTHENTICATED never will."""
    assert frozenset({"EXPIRED", "NOTEXIST", "VALIDATIONERROR"}) == CONFIRM_REFUSALS
    assert SERVICES[CONFIRM].final is CONFIRM_REFUSALS
    assert not CONFIRM_REFUSALS & {USED, SYSTEM_ERROR, UNAUTHENTICATED}


def test_what_a_query_says_is_never_a_refusal() -> None:
    """Two of its codes say that money did not move; none is final."""
    assert SERVICES[QUERY].final == frozenset()
    assert SERVICES[QUERY].no == {"EXPIRED", "NOTEXIST"}
    assert [name for name in SERVICES if SERVICES[name].no] == [QUERY]


def test_the_state_machine_uses_the_sets_of_the_table() -> None:
    """An answer and a journal are judged by one set each, and not by copies."""
    states = vars(import_module("kesspay.transfers.states"))
    assert states["CONFIRM_REFUSALS"] is CONFIRM_REFUSALS
    assert states["_NO"] is SERVICES[QUERY].no


def test_a_create_that_is_unknown_is_not_sent_again() -> None:
    """The way on is a new number, and the words say so; others say to query."""
    assert "new out_trade_no" in SERVICES[CREATE].when_unknown
    for service in (SERVICES[CONFIRM], SERVICES[QUERY], OTHER):
        assert "query" in service.when_unknown


def test_a_code_stands_in_one_place() -> None:
    """Outside of services.py no module that judges spells a code of a transfer."""
    package = Path(kesspay.__file__).parent
    spelled = re.compile(r'"(EXPIRED|NOTEXIST|USED|SYSTEMERROR|VALIDATIONERROR)"')
    found = {
        str(path.relative_to(package))
        for part in ("gateway", "transfers", "cli")
        for path in (package / part).glob("*.py")
        if spelled.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"gateway/services.py"}


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (199, set()),
        (200, {"success"}),
        (299, {"success"}),
        (300, {"no answer"}),
        (399, {"no answer"}),
        (400, set()),
        (428, set()),
        (429, {"overloaded", "no answer"}),
        (430, set()),
        (499, set()),
        (500, {"overloaded", "server error", "no answer"}),
        (599, {"overloaded", "server error", "no answer"}),
    ],
)
def test_what_an_http_status_says(status: int, says: set[str]) -> None:
    """RFC 9110, section 15, and RFC 6585, section 4, are the judges."""
    questions = {
        "success": is_success,
        "overloaded": is_overloaded,
        "no answer": is_no_answer,
        "server error": is_server_error,
    }
    assert {what for what, asks in questions.items() if asks(status)} == says
