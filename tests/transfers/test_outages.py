# ruff: noqa: ANN401 - settings and faces are of any type

"""Outages of the gateway: they cost time and no payment, whatever their length."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import OutcomeUnknown, TransportError
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY, HttpResponse
from kesspay.transfers.attempt import STRICT, Happened
from tests.transfers.virtual import ORDER, face, partner, service_of


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import HttpRequest
    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]

#: What a gateway does with everything but log-ins while it is away.
AWAY: Final = [
    "bad-gateway-before", "error-500-before", "too-many", "refused=SYSTEMERROR",
    "drop-before", "html-200", "empty-200", "expired-token",
]  # fmt: skip
WORLDS: Final[list[dict[str, Any]]] = [
    {},
    {"used_first": False},
    {"query_after_expiry": "expired"},
    {"used_first": False, "query_after_expiry": "expired"},
]


def begin(here: Partner, count: int) -> Any:
    """Start payments, all at the same moment."""
    transfers = here.transfers()
    for number in range(count):
        transfers.start(**{**ORDER, "payment_id": f"order-{number}"})
    return transfers


def settle(here: Partner, transfers: Any, count: int) -> None:
    """Let callers ask for a moment each, and workers continue until all is settled."""
    for number in range(count):
        transfers.confirm(f"order-{number}", debit_id=f"debit-{number}", timeout=0.4)
    for _ in range(2_000):
        looks = [transfers.look(f"order-{number}") for number in range(count)]
        due = [look.check_at for look in looks if look.check_at is not None]
        if not due:
            return
        # A worker that comes by every second.
        here.sandbox.advance(max(1.0, min(due) - here.sandbox.now()))
        list(transfers.resume())
    pytest.fail("there is no end to it")


def blip(here: Partner, length: float, fault: str) -> None:
    """Let the gateway be away from now on, for some seconds."""
    end = here.sandbox.now() + length

    def look(request: HttpRequest) -> None:
        here.sandbox.faults.clear()
        service = service_of(request)
        if here.sandbox.now() < end and service != "token":
            here.plan(fault, service)

    here.wire.look = look


@pytest.mark.few(3)
@pytest.mark.one_in(10)
@pytest.mark.parametrize("fault", AWAY)
@pytest.mark.parametrize("length", [1, 10, 30, 268])
def test_a_blip(partner: MakePartner, length: float, fault: str) -> None:
    """Sixteen payments that meet it are paid, each once."""
    here = partner()
    transfers = begin(here, 16 if length == 10 else 3)
    count = len(here.sandbox.ledger.transfers())
    blip(here, length, fault)
    settle(here, transfers, count)
    outcomes = {transfers.look(f"order-{number}").outcome for number in range(count)}
    assert outcomes == {"paid"}
    assert here.credited() == count


@pytest.mark.few(2)
@pytest.mark.one_in(6)
@pytest.mark.parametrize("world", WORLDS, ids=str)
@pytest.mark.parametrize("fault", ["drop-after", "bad-gateway-after", "tampered"])
def test_a_blip_after_the_confirm_was_carried_out(
    partner: MakePartner, world: dict[str, Any], fault: str
) -> None:
    """The credit is found once answers come through again."""
    here = partner(**world)
    transfers = begin(here, 3)
    blip(here, 30, fault)
    settle(here, transfers, 3)
    outcomes = {transfers.look(f"order-{number}").outcome for number in range(3)}
    assert outcomes == {"paid"}
    assert here.credited() == 3


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "length",
    [
        0.5,
        3,
        20,
        *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (100, 259)),
    ],
)
def test_a_gateway_that_cannot_be_reached(partner: MakePartner, length: float) -> None:
    """What is refused a connection was not sent, and goes out when it can."""
    here = partner()
    transfers = begin(here, 3)
    end = here.sandbox.now() + length

    def look(request: HttpRequest) -> None:
        if here.sandbox.now() < end:
            raise TransportError("not_sent", "refused")

    here.wire.look = look
    settle(here, transfers, 3)
    assert here.credited() == 3


@pytest.mark.parametrize("length", [3, 100, 255])
def test_a_gateway_that_is_silent(
    partner: MakePartner, length: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchanges that take their whole time leave enough for the last confirm."""
    here = partner()
    transfers = begin(here, 1)
    begun = here.sandbox.now()
    send = here.wire.send

    def silent(request: HttpRequest, *, timeout: float) -> HttpResponse:
        if here.sandbox.now() < begun + length and service_of(request) != "token":
            here.sandbox.advance(timeout)
            raise TransportError("no_reply", "the deadline passed")
        return send(request, timeout=timeout)

    monkeypatch.setattr(here.wire, "send", silent)
    settle(here, transfers, 1)
    assert transfers.look("order-0").outcome == "paid"
    assert here.credited() == 1


@pytest.mark.parametrize("asked", ["20", "3600"])
def test_a_gateway_that_asks_to_wait(
    partner: MakePartner, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent again before, unless the pre-transfer dies before that."""
    here = partner()
    transfers = begin(here, 1)
    send, begun = here.wire.send, here.sandbox.now()

    def busy(request: HttpRequest, *, timeout: float) -> HttpResponse:
        if service_of(request) == CONFIRM and here.sandbox.now() < begun + 5:
            return HttpResponse(503, (("Retry-After", asked),), b"busy")
        return send(request, timeout=timeout)

    monkeypatch.setattr(here.wire, "send", busy)
    settle(here, transfers, 1)
    entries = here.entries("order-0")
    sent = [entry.at for entry in entries if entry.what is Happened.CONFIRM_SENDING]
    assert len(sent) == 2
    assert sent[1] - sent[0] >= min(float(asked), 270)
    assert sent[1] < begun + 285
    assert here.credited() == 1


@pytest.mark.parametrize(("asked", "sent"), [("20", 2), ("50", 1)])
def test_a_gateway_that_asks_to_wait_with_a_create(
    partner: MakePartner, asked: str, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one comes after that time, or the call ends and says how long it is."""
    here = partner()
    send, times = here.wire.send, list[float]()

    def busy(request: HttpRequest, *, timeout: float) -> HttpResponse:
        if service_of(request) == CREATE:
            times.append(here.sandbox.now())
            if len(times) == 1:
                return HttpResponse(429, (("Retry-After", asked),), b"busy")
        return send(request, timeout=timeout)

    monkeypatch.setattr(here.wire, "send", busy)
    if sent == 1:
        with pytest.raises(OutcomeUnknown, match="same payment_id") as caught:
            here.transfers().start(**ORDER)
        assert caught.value.retry_after == float(asked)
    else:
        here.transfers().start(**ORDER)
        assert times[1] - times[0] >= float(asked)
    assert len(times) == sent


@pytest.mark.few(1)
def test_callers_and_workers_share_the_schedule(partner: MakePartner) -> None:
    """The journal says when the confirm is due; who comes by earlier sends none."""
    here = partner()
    transfers = begin(here, 1)
    here.plan("bad-gateway-before", CONFIRM, times=99)
    here.plan("refused=NOTEXIST", QUERY, times=999)
    rng = random.Random(1)
    sends: list[float] = []

    def look(request: HttpRequest) -> None:
        if service_of(request) == CONFIRM:
            sends.append(here.sandbox.now())

    here.wire.look = look
    for _ in range(400):
        confirm = rng.random() < 0.5
        if confirm:
            transfers.confirm("order-0", debit_id="debit-0", timeout=0.01)
        else:
            list(transfers.resume(timeout=0.01))
        here.sandbox.advance(rng.random())
    gaps = [later - earlier for earlier, later in pairwise(sends)]
    for gap, pause in zip(gaps, STRICT.pauses, strict=False):
        assert pause / 2 <= gap <= pause + 3
    assert all(gap >= 10 for gap in gaps[4:])
