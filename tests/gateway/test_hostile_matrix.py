"""
Every fault and every hostile server, every service, both clients.

What the caller gets stands in docs/hostile-gateway.md, which the last test compares;
what must hold of every cell, whatever it says, stands here.
"""

from __future__ import annotations

import logging

import pytest

from kesspay.errors import NotSent
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.sandbox.faults import FAULTS, TOKEN
from tests.gateway.helpers import CANARIES
from tests.gateway.hostile import (
    ALL_FAULTS,
    COLUMNS,
    FACES,
    Cell,
    fits,
    recorded,
    run,
    watched,
)
from tests.gateway.hostile_page import PAGE, page
from tests.gateway.hostile_wire import HOSTILITIES, SERVICES, meet


#: What no call may use beyond.
MEMORY = 64.0

CELLS = [
    Cell(fault, column, face)
    for fault in ALL_FAULTS
    for column in COLUMNS
    for face in FACES
    if fits(fault, column)
]


def name_of(cell: Cell) -> str:
    """Name a cell."""
    return f"{cell.fault}-{cell.column.title}-{cell.face}"


@pytest.mark.one_in(4)
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_the_outcome_matches_the_money(cell: Cell) -> None:
    """A success has its credit, a refusal and what was not sent have none."""
    met = run(cell)
    service, ending = cell.column.service, met.ending
    assert met.later <= 1
    if service == CONFIRM:
        if ending.kind == "FundTransfer":
            assert met.at_once == 1
        if ending.outcome in {"not_sent", "rejected"}:
            assert met.later == 0
        # A second call could act twice, unless nothing of the first had left.
        assert ending.retry is (ending.outcome == "not_sent")
    else:
        assert met.before == met.at_once == met.later
    if service == QUERY:
        assert ending.outcome in {"success", "unknown"}
        assert (ending.kind != "FundTransfer") or met.before == 1
    if service == CREATE:
        assert ending.outcome in {"success", "rejected", "unknown"}
        assert not ending.retry
    if service == TOKEN:
        assert ending.outcome in {"success", "not_sent"}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_a_query_is_right_afterwards(cell: Cell) -> None:
    """Whatever the caller got before, a query without a fault settles it."""
    met = run(cell)
    if met.asked is None:
        assert cell.column.service == TOKEN
        return
    assert (met.asked.kind == "FundTransfer") is (met.later == 1)
    assert met.asked.outcome in {"success", "unknown"}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_nothing_is_repeated_or_shown(cell: Cell) -> None:
    """A request leaves once, after a 401 twice; no secret is seen anywhere."""
    met = run(cell)
    is_401 = cell.fault in {"expired-token", "unauthenticated-after"}
    assert met.sends == (2 if is_401 else 1)
    assert len(met.secrets) > len(CANARIES) or cell.column.service == TOKEN
    assert [secret for secret in met.secrets if secret in met.ending.text] == []
    assert "kesspay.gateway" in met.ending.text


@pytest.mark.few(4)
@pytest.mark.one_in(4)
@pytest.mark.parametrize("fault", ALL_FAULTS)
def test_both_clients_say_the_same(fault: str) -> None:
    """Threads and tasks share every decision."""
    for column in COLUMNS:
        if fits(fault, column):
            one, other = (run(Cell(fault, column, face)) for face in FACES)
            assert str(one) == str(other)
            assert (one.at_once, one.later) == (other.at_once, other.later)


def test_no_fault_is_left_out() -> None:
    """The matrix has every fault, with all that it can be asked for."""
    assert {fault.partition("=")[0] for fault in ALL_FAULTS} == set(FAULTS)
    assert len(CELLS) > 300


@pytest.mark.one_in(4)
@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("title", SERVICES)
@pytest.mark.parametrize("name", HOSTILITIES)
def test_a_hostile_server(name: str, title: str, face: str) -> None:
    """No hang, no memory, no request elsewhere, no secret, and nothing believed."""
    met = meet(name, SERVICES[title], face)
    ending, hostility = met.ending, HOSTILITIES[name]
    assert met.strayed == 0
    assert [secret for secret in CANARIES.values() if secret in ending.text] == []
    assert met.peak is None or met.peak < MEMORY
    # The token was there to be stolen.
    assert met.authorized is (title != "log-in")
    if hostility.harmless:
        assert ending.outcome == "success"
        return
    assert ending.outcome == ("not_sent" if title == "log-in" else "unknown")
    assert ending.retry is (title in {"log-in", "query"})
    assert ("deadline" in ending.text) is hostility.lasts


def test_the_memory_is_measured() -> None:
    """Where memory can be measured, one of the bodies is seen to take some."""
    peaks = [meet("many-keys", TOKEN, face).peak for face in FACES]
    if None in peaks:
        pytest.skip("this system does not measure it")
    assert max(peaks) > 0.5  # type: ignore[type-var, operator] # numbers, all of them


def test_what_is_recorded_is_looked_through() -> None:
    """A secret that is logged, or in an error, is found."""
    with recorded() as lines:
        logging.getLogger("kesspay.gateway").debug("%s", CANARIES["password"])
        logging.getLogger("elsewhere").debug("x", extra={"y": CANARIES["password"]})
    assert sum(CANARIES["password"] in line for line in lines) == 2

    def fail() -> None:
        raise NotSent("no") from RuntimeError(CANARIES["password"])

    assert CANARIES["password"] in watched(fail).text


@pytest.mark.exhaustive
def test_the_page() -> None:
    """docs/hostile-gateway.md says what the tests saw."""
    assert page() == PAGE.read_text(encoding="utf-8")
