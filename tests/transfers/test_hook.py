"""The hook of results: it gets each one, and what it raises changes nothing."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import InputError
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.hook import Results
from kesspay.transfers.transfers import Transfers


if TYPE_CHECKING:
    from kesspay.gateway.async_client import AsyncClient
    from kesspay.gateway.client import Client
    from kesspay.sandbox import Sandbox
    from kesspay.transfers.payment import TransferResult
    from kesspay.transfers.sqlite import SqliteJournal

ORDER: Final[dict[str, Any]] = {
    "receiver_id": "85512345678",
    "amount": Decimal("0.50"),
    "sender_name": "Chan Sophea",
}


def lose(sandbox: Sandbox) -> None:
    """Let a confirm and its queries get lost."""
    sandbox.faults.plan("drop-after", service="confirm.fundTransfer")
    sandbox.faults.plan("drop-after", service="query.fundTransfer", times=3)


def test_every_result(
    kess_sandbox: Sandbox, kess_client: Client, kess_journal: SqliteJournal
) -> None:
    """What a call returns and what a worker yields; not what is only looked at."""
    seen: list[TransferResult] = []
    transfers = Transfers(kess_client, kess_journal, on_result=seen.append)
    transfers.start(payment_id="order-1", **ORDER)
    lose(kess_sandbox)
    lost = transfers.confirm("order-1", debit_id="d-1", timeout=1)
    kess_sandbox.faults.clear()
    kess_sandbox.advance(30)
    found = list(transfers.resume())
    transfers.look("order-1")
    transfers.start(payment_id="order-2", **ORDER)
    ended = transfers.decline("order-2")
    assert seen == [lost, *found, ended]
    assert [result.outcome for result in seen] == ["unknown", "paid", "not_paid"]


def test_in_tasks(
    kess_sandbox: Sandbox, kess_async_client: AsyncClient, kess_journal: SqliteJournal
) -> None:
    """The twin reports the same."""
    seen: list[TransferResult] = []

    async def main() -> None:
        made = AsyncTransfers(kess_async_client, kess_journal, on_result=seen.append)
        async with made as transfers:
            await transfers.start(payment_id="order-1", **ORDER)
            lose(kess_sandbox)
            await transfers.confirm("order-1", debit_id="d-1", timeout=1)
            kess_sandbox.faults.clear()
            kess_sandbox.advance(30)
            async for _ in transfers.resume():
                pass
            await transfers.start(payment_id="order-2", **ORDER)
            await transfers.decline("order-2")

    asyncio.run(main())
    assert [result.outcome for result in seen] == ["unknown", "paid", "not_paid"]


def test_a_hook_that_fails(
    kess_client: Client, kess_journal: SqliteJournal, caplog: pytest.LogCaptureFixture
) -> None:
    """The money has moved: the result comes back, and the log names the error."""

    def fail(result: TransferResult) -> None:
        raise ValueError(result.sender_name)

    transfers = Transfers(kess_client, kess_journal, on_result=fail)
    transfers.start(payment_id="order-1", **ORDER)
    assert transfers.confirm("order-1", debit_id="d-1").outcome == "paid"
    assert "on_result raised ValueError" in caplog.messages
    assert "Chan Sophea" not in caplog.text


def test_a_signal_passes_through(
    kess_client: Client, kess_journal: SqliteJournal
) -> None:
    """What ends the program is not a fault of the hook."""

    def end(_: TransferResult) -> None:
        raise KeyboardInterrupt

    transfers = Transfers(kess_client, kess_journal, on_result=end)
    transfers.start(payment_id="order-1", **ORDER)
    with pytest.raises(KeyboardInterrupt):
        transfers.decline("order-1")


def test_an_exception_of_a_signal_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary exception that a signal handler raised reaches the caller."""
    monkeypatch.setattr("kesspay.transfers.hook.raised_by_a_signal", lambda _: True)

    def fail(_: TransferResult) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        Results(fail).of(object())  # type: ignore[arg-type] # any value


def test_something_else() -> None:
    """What cannot be called is refused when the object is made."""
    with pytest.raises(InputError, match="on_result"):
        Results("print")  # type: ignore[arg-type] # that is the test
