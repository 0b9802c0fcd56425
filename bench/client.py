"""The client with a transport that answers at once: all but HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import rounds
from kesspay.gateway.client import Client
from tests.gateway import helpers


if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.rounds import Loop
    from kesspay.gateway.messages import HttpRequest, HttpResponse


__all__ = ["calls", "client_loops"]


class Same:
    """A Transport that always gives the same answer."""

    def __init__(self) -> None:
        """Begin with the answer to a log-in."""
        self.answer = helpers.token_answer()

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Give the answer."""
        del request, timeout
        return self.answer


def calls() -> dict[str, Callable[[], object]]:
    """Return the three calls of a transfer, by name."""
    transport = Same()
    client = Client(
        base_url=helpers.BASE_URL,
        credentials=helpers.credentials(),
        private_key=helpers.partner_key(),
        gateway_key=helpers.gateway_key(),
        transport=transport,
        retries=0,
    )
    client.token()
    created, confirmed, queried = (
        helpers.signed(200, helpers.success(data))
        for data in (helpers.CREATE_DATA, helpers.CONFIRM_DATA, helpers.QUERY_DATA)
    )

    def create() -> object:
        transport.answer = created
        return client.create_fund_transfer(helpers.CREATE_REQUEST)

    def confirm() -> object:
        # A client remembers what it confirmed: each has to be another one.
        transport.answer = confirmed
        return client.confirm_fund_transfer(
            helpers.PRE_TRANSFER, partner_transaction_id="debit-1"
        )

    def query() -> object:
        transport.answer = queried
        return client.query_fund_transfer(helpers.PRE_TRANSFER)

    assert create() == helpers.PRE_TRANSFER
    for call in (confirm, query):
        assert getattr(call(), "fund_transfer_id", None) == "FT-1"
    return {"create": create, "confirm": confirm, "query": query}


def client_loops() -> dict[str, Loop]:
    """Return the loops of these calls."""
    return {f"client {name}": rounds.of(call) for name, call in calls().items()}
