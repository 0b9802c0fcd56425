"""What is not sent is tried again after pauses that grow, and that nothing outlasts."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import NotSent, TransportError
from kesspay.gateway.messages import CONFIRM, CREATE
from kesspay.transfers.attempt import STRICT, Happened
from tests.transfers.virtual import DEBIT, ORDER, face, partner, service_of


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.gateway.messages import HttpRequest
    from tests.transfers.virtual import Partner

    MakePartner = Callable[..., Partner]

__all__ = ["face", "partner"]

#: Seconds for which no connection is taken; the window is open for 260.
LENGTHS: Final = [1, 3, 10, 30, 250]


def refuse(here: Partner, length: float, *services: str) -> list[float]:
    """Refuse connections for some seconds; return the moments of the tries."""
    begun, tries = here.sandbox.now(), list[float]()

    def look(request: HttpRequest) -> None:
        if service_of(request) not in services:
            return
        tries.append(here.sandbox.now() - begun)
        if tries[-1] < length:
            raise TransportError("not_sent", "connection refused")

    here.wire.look = look
    return tries


@pytest.mark.parametrize("services", [(CONFIRM,), (CONFIRM, "token")], ids=len)
@pytest.mark.parametrize("length", LENGTHS)
def test_confirms_that_are_not_sent(
    partner: MakePartner, length: float, services: tuple[str, ...]
) -> None:
    """One call is enough, and it needs one pre-transfer and few tries."""
    here = partner()
    here.transfers().start(**ORDER)
    tries = refuse(here, length, *services)
    result = here.transfers().confirm("order-1", debit_id=DEBIT, timeout=300)
    assert result.outcome == "paid"
    assert here.credited() == 1
    # A log-in that failed rests up to 30 s.
    assert tries[-1] <= length + (31 if "token" in services else 5)
    assert here.entries()[-1].attempt == 1 or "token" in services
    assert len(tries) < 10 + length / 2


def pauses_of(here: Partner, payment_id: str) -> list[float]:
    """Return the seconds between the confirms of a payment."""
    moments = [
        entry.at
        for entry in here.entries(payment_id)
        if entry.what is Happened.CONFIRM_SENDING
    ]
    return [later - earlier for earlier, later in pairwise(moments)]


def test_the_pauses(partner: MakePartner) -> None:
    """They grow up to five seconds, and those of two payments differ."""
    here = partner()
    transfers = here.transfers()
    found: dict[str, list[float]] = {}
    for payment_id in ("order-1", "order-2"):
        transfers.start(**{**ORDER, "payment_id": payment_id})
        refuse(here, 59, CONFIRM)
        transfers.confirm(payment_id, debit_id=payment_id, timeout=60)
        found[payment_id] = pauses_of(here, payment_id)
        longest = [0.5, 1.0, 2.0, 4.0]
        longest += [5.0] * (len(found[payment_id]) - len(longest))
        for pause, most in zip(found[payment_id], longest, strict=True):
            assert pause <= most + 0.001
        for pause, most in zip(found[payment_id][:-1], longest, strict=False):
            assert pause >= most / 2 - 0.001
    assert found["order-1"][:4] != found["order-2"][:4]
    assert here.credited() == 2


def test_the_end_of_a_window(partner: MakePartner) -> None:
    """The last confirm of a pre-transfer goes out in the last moment of its window."""
    here = partner()
    here.transfers().start(**ORDER)
    tries = refuse(here, 280, CONFIRM)
    here.transfers().confirm("order-1", debit_id=DEBIT, timeout=300)
    ends = 300 - STRICT.deadline - STRICT.reserve
    assert ends - 0.6 <= max(at for at in tries if at < ends)
    assert here.entries()[-1].attempt == 2
    assert here.credited() == 1


@pytest.mark.parametrize("timeout", [2.0, 7.0, 20.0])
def test_the_end_of_a_call(partner: MakePartner, timeout: float) -> None:
    """The last confirm of a call goes out in its last moment."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    tries = refuse(here, 100, CONFIRM)
    result = transfers.confirm("order-1", debit_id=DEBIT, timeout=timeout)
    assert result.outcome == "unknown"
    assert timeout - 1.1 <= tries[-1] < timeout


@pytest.mark.parametrize("length", [1, 2])
def test_creates_that_are_not_sent(partner: MakePartner, length: float) -> None:
    """A short blip is no failure of start."""
    here = partner()
    tries = refuse(here, length, CREATE)
    assert here.transfers().start(**ORDER).result.outcome == "pending"
    assert len(tries) > 1


def test_creates_of_a_gateway_that_stays_away(partner: MakePartner) -> None:
    """Nothing is owed yet: the caller of start learns it in seconds."""
    here = partner()
    tries = refuse(here, 100, CREATE)
    with pytest.raises(NotSent):
        here.transfers().start(**ORDER)
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert len(gaps) == 4
    for gap, most in zip(gaps, [0.5, 1.0, 2.0, 4.0], strict=True):
        assert most / 2 - 0.001 <= gap <= most + 0.001


@pytest.mark.parametrize("length", [1, 3, 10, 30])
def test_later_creates_that_are_not_sent(partner: MakePartner, length: float) -> None:
    """The debit is there: one call continues until another attempt is paid."""
    here = partner()
    transfers = here.transfers()
    transfers.start(**ORDER)
    here.sandbox.advance(270)
    tries = refuse(here, length, CREATE)
    result = transfers.confirm("order-1", debit_id=DEBIT, timeout=60)
    assert result.outcome == "paid"
    assert len(tries) < 10 + length / 2
    assert here.credited() == 1


def test_log_ins_before_a_confirm_that_is_sent_again(partner: MakePartner) -> None:
    """They rest as well; the confirm leaves once they come through."""
    here = partner()
    here.plan("drop-before", CONFIRM)
    transfers = here.transfers()
    transfers.start(**ORDER)
    fresh: Any = here.transfers()
    transfers.confirm("order-1", debit_id=DEBIT, timeout=0.1)
    tries = refuse(here, 230, "token")
    result = fresh.confirm("order-1", debit_id=DEBIT, timeout=300)
    assert result.outcome == "paid"
    assert here.entries()[-1].attempt == 1
    assert here.credited() == 1
    assert len(tries) < 200
