"""The asynchronous client: tasks, cancellation and event loops."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import NotSent, OutcomeUnknown, TransportError
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.flow import Pause, TokenWanted
from kesspay.gateway.messages import CreateFundTransfer, HttpRequest, QueryFundTransfer
from tests.gateway.helpers import (
    BASE_URL,
    CONFIRM_DATA,
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    QUERY_DATA,
    AsyncScript,
    Script,
    Scripted,
    credentials,
    failure,
    gateway_key,
    partner_key,
    signed,
    success,
    token_answer,
)


if TYPE_CHECKING:
    from collections.abc import Generator

    from kesspay.gateway.flow import Flow
    from kesspay.gateway.messages import HttpResponse


CREATED = signed(200, success(CREATE_DATA))
CONFIRMED = signed(200, success(CONFIRM_DATA))
QUERIED = signed(200, success(QUERY_DATA))


def settings() -> dict[str, Any]:
    """Return what a client needs."""
    return {
        "base_url": BASE_URL,
        "credentials": credentials(),
        "private_key": partner_key(),
        "gateway_key": gateway_key(),
    }


def scripted(*answers: Scripted, retries: int = 0) -> tuple[AsyncClient, Script]:
    """Return a client whose transport answers from a list."""
    script = Script(*answers)
    made = AsyncClient(**settings(), transport=AsyncScript(script), retries=retries)
    return made, script


class Slow:
    """An AsyncTransport that answers once a test lets it."""

    def __init__(self, *answers: Scripted) -> None:
        """Take the answers; the first one, to the log-in, comes at once."""
        self.script = Script(*answers)
        self.waiting = asyncio.Event()
        self.gate = asyncio.Event()

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Wait, unless it is a log-in, then give the next answer."""
        if not request.url.endswith("/token"):
            self.waiting.set()
            await self.gate.wait()
        return self.script.send(request, timeout=timeout)


def test_it_sends_the_same_bytes_as_the_other_client() -> None:
    """Log-in, create, confirm and query are the same requests, byte for byte."""
    answers = (token_answer(), CREATED, CONFIRMED, QUERIED)
    one, script = scripted(*answers)
    other_script = Script(*answers)
    with Client(**settings(), transport=other_script) as other:
        created = other.create_fund_transfer(CREATE_REQUEST)
        paid = other.confirm_fund_transfer(created, partner_transaction_id="debit-1")
        assert other.query_fund_transfer(created) == paid

    async def main() -> None:
        async with one:
            created = await one.create_fund_transfer(CREATE_REQUEST)
            found = await one.confirm_fund_transfer(
                created, partner_transaction_id="debit-1"
            )
            assert found == await one.query_fund_transfer(created) == paid

    asyncio.run(main())
    assert [
        (request.url, request.headers, request.body, request.fresh)
        for request in script.sent
    ] == [
        (request.url, request.headers, request.body, request.fresh)
        for request in other_script.sent
    ]


def test_tasks_share_one_client() -> None:
    """Sixteen calls at once log in once, and each gets the answer to its own."""

    def answer(request: HttpRequest) -> HttpResponse:
        number = json.loads(request.body)["out_trade_no"]
        return signed(200, success({**QUERY_DATA, "out_trade_no": number}))

    made, script = scripted(token_answer(), *[answer] * 16)

    async def ask(number: int) -> str:
        reference = f"order-{number}"
        request = CreateFundTransfer(
            out_trade_no=reference,
            receiver_id=CREATE_REQUEST.receiver_id,
            sender_name=CREATE_REQUEST.sender_name,
            amount=CREATE_REQUEST.amount,
        )
        found = await made.query_fund_transfer(request)
        return found.out_trade_no

    async def main() -> None:
        async with made:
            found = await asyncio.gather(*map(ask, range(16)))
        assert found == [f"order-{number}" for number in range(16)]

    asyncio.run(main())
    assert script.paths.count("token") == 1


def test_a_confirm_that_is_cancelled_may_have_moved_money() -> None:
    """The caller gets its own exception with a note; no later refusal is final."""

    async def main() -> None:
        slow = Slow(token_answer(), signed(400, failure("EXPIRED")))
        made = AsyncClient(**settings(), transport=slow, retries=0)
        task = asyncio.create_task(
            made.confirm_fund_transfer(PRE_TRANSFER, partner_transaction_id="debit-1")
        )
        await slow.waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        (note,) = caught.value.__notes__
        assert "the transfer may have been carried out" in note
        assert PRE_TRANSFER.out_trade_no in note
        slow.gate.set()
        with pytest.raises(OutcomeUnknown) as unknown:
            await made.confirm_fund_transfer(
                PRE_TRANSFER, partner_transaction_id="debit-1"
            )
        assert unknown.value.code == "EXPIRED"

    asyncio.run(main())


def test_a_query_that_is_cancelled_has_no_note() -> None:
    """It can move no money, and the next one works."""

    async def main() -> None:
        slow = Slow(token_answer(), QUERIED)
        made = AsyncClient(**settings(), transport=slow)
        task = asyncio.create_task(made.query_fund_transfer(PRE_TRANSFER))
        await slow.waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert not hasattr(caught.value, "__notes__")
        slow.gate.set()
        assert (await made.query_fund_transfer(PRE_TRANSFER)).result_code == "SUCCESS"

    asyncio.run(main())


def test_one_client_in_two_event_loops() -> None:
    """One after the other: the token lives on, and nothing waits for a dead loop."""
    made, script = scripted(token_answer(), QUERIED, QUERIED)
    for _ in range(2):
        asyncio.run(made.query_fund_transfer(PRE_TRANSFER))
    assert script.paths == ["token", "gateway", "gateway"]


def test_closing_forgets_the_token_and_leaves_a_foreign_transport_open() -> None:
    """What the caller made, the caller closes; the client can be used again."""
    made, script = scripted(token_answer(), QUERIED, token_answer(), QUERIED)

    async def main() -> None:
        for _ in range(2):
            async with made as entered:
                assert entered is made
                await made.query_fund_transfer(PRE_TRANSFER)

    asyncio.run(main())
    assert script.paths == ["token", "gateway", "token", "gateway"]


def test_closing_closes_its_own_transport(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport that the client made for itself ends with it."""
    made = AsyncClient(**settings())
    closed: list[bool] = []

    async def aclose() -> None:
        closed.append(True)

    monkeypatch.setattr(made._transport, "aclose", aclose)
    asyncio.run(made.aclose())
    assert closed == [True]


def test_a_pause_lets_other_tasks_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries the event loop is free."""
    made, script = scripted(
        token_answer(), TransportError("not_sent", "refused"), QUERIED, retries=1
    )
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr("kesspay.gateway.clock.asyncio.sleep", sleep)

    async def main() -> None:
        assert (await made.query_fund_transfer(PRE_TRANSFER)).result_code == "SUCCESS"

    asyncio.run(main())
    assert len(slept) == 1
    assert script.paths == ["token", "gateway", "gateway"]


def test_a_deadline_that_passed_sends_nothing() -> None:
    """A request of a flow that is out of time is not handed to the transport."""
    made, script = scripted(token_answer())

    async def main() -> None:
        options = made.engine.options(0.0)
        call = made.engine.query(QueryFundTransfer(PRE_TRANSFER))
        with suppress(NotSent):
            await made.token()
        with pytest.raises(NotSent, match="deadline"):
            await made.drive(made.engine.flow(call, options), 0.0)

    asyncio.run(main())
    assert script.paths == ["token"]


def test_a_flow_of_the_callers_own() -> None:
    """``drive`` gives a flow each thing it needs, also an error, and closes it."""
    made, _ = scripted(token_answer(), TransportError("no_reply", "reset"))
    seen: list[object] = []

    def flow() -> Generator[Any, Any, str]:
        seen.append((yield TokenWanted()).expire_in)
        seen.append((yield Pause(0.0)))
        try:
            yield HttpRequest("POST", BASE_URL, (), b"")
        except TransportError as error:
            seen.append(error.kind)
        return "done"

    def interrupted() -> Flow[None]:
        try:
            yield Pause(-1.0)
            raise KeyboardInterrupt
        finally:
            seen.append("closed")

    async def main() -> None:
        until = asyncio.get_running_loop().time() + 60
        assert await made.drive(flow(), until) == "done"
        with pytest.raises(KeyboardInterrupt):
            await made.drive(interrupted(), until)

    asyncio.run(main())
    assert seen == [3600, None, "no_reply", "closed"]


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "create_fund_transfer",
        "confirm_fund_transfer",
        "query_fund_transfer",
        "call",
        "drive",
    ],
)
def test_it_documents_what_the_other_client_documents(name: str) -> None:
    """An editor shows the arguments and errors of each method of both clients."""
    assert getattr(AsyncClient, name).__doc__ == getattr(Client, name).__doc__
