"""The fixtures, as an installed plugin brings them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from decimal import Decimal
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from kesspay.gateway.client import Client
from kesspay.transfers.transfers import Transfers
from tests.sandbox.parties import order


if TYPE_CHECKING:
    from kesspay.gateway.async_client import AsyncClient
    from kesspay.sandbox import Sandbox
    from kesspay.transfers.async_transfers import AsyncTransfers
    from kesspay.transfers.sqlite import SqliteJournal

ORDER: Final[dict[str, Any]] = {
    "payment_id": "order-1",
    "receiver_id": "85512345678",
    "amount": Decimal("0.50"),
    "sender_name": "Chan Sophea",
}


def test_it_is_registered() -> None:
    """An installed kesspay brings its plugin along."""
    (found,) = entry_points(group="pytest11", name="kesspay")
    assert found.value == "kesspay.pytest_plugin"


def test_a_sandbox_of_its_own(kess_sandbox: Sandbox) -> None:
    """It works inside the process, and its clock stands still."""
    client = Client(**kess_sandbox.settings, transport=kess_sandbox.transport)
    created = client.create_fund_transfer(order())
    before = kess_sandbox.now()
    kess_sandbox.advance(299)
    client.confirm_fund_transfer(created, partner_transaction_id="d-1")
    assert kess_sandbox.now() == before + 299
    assert len(kess_sandbox.ledger.credits()) == 1


def test_another_of_the_next_test(kess_sandbox: Sandbox) -> None:
    """Nothing is left of the last test; it may listen as well."""
    assert kess_sandbox.ledger.transfers() == ()
    with kess_sandbox, Client(**kess_sandbox.settings) as client:
        client.create_fund_transfer(order())


def test_a_client_in_the_time_of_the_sandbox(
    kess_sandbox: Sandbox, kess_client: Client
) -> None:
    """A token expires where the sandbox's time passes."""
    first = kess_client.token()
    kess_sandbox.advance(4000)
    assert kess_client.token() != first


def test_a_client_for_tasks(
    kess_sandbox: Sandbox, kess_async_client: AsyncClient
) -> None:
    """It shares the sandbox and its time."""

    async def main() -> None:
        await kess_async_client.create_fund_transfer(order())

    asyncio.run(main())
    assert len(kess_sandbox.ledger.transfers()) == 1


def test_a_lost_answer_takes_no_time(
    kess_sandbox: Sandbox, kess_transfers: Transfers
) -> None:
    """A minute of queries passes in the time of the sandbox."""
    kess_sandbox.faults.plan("delayed-credit=60, drop-after")
    pending = kess_transfers.start(**ORDER)
    begun = kess_sandbox.now()
    assert pending.confirm("debit-1", timeout=120).outcome == "paid"
    assert kess_sandbox.now() - begun >= 60


def test_a_program_that_starts_anew(
    kess_sandbox: Sandbox,
    kess_client: Client,
    kess_journal: SqliteJournal,
    kess_transfers: Transfers,
) -> None:
    """It continues with the journal of the one before."""
    kess_transfers.start(**ORDER)
    anew = Transfers(kess_client, kess_journal)
    assert anew.confirm("order-1", debit_id="debit-1").outcome == "paid"
    assert len(kess_sandbox.ledger.credits()) == 1


def test_transfers_for_tasks(
    kess_sandbox: Sandbox, kess_async_transfers: AsyncTransfers
) -> None:
    """They live in the time of the sandbox as well."""
    kess_sandbox.faults.plan("delayed-credit=60, drop-after")

    async def main() -> str:
        async with kess_async_transfers as transfers:
            pending = await transfers.start(**ORDER)
            return (await pending.confirm("debit-1", timeout=120)).outcome

    assert asyncio.run(main()) == "paid"
    assert len(kess_sandbox.ledger.credits()) == 1


def test_who_does_not_ask_for_it_pays_nothing() -> None:
    """The plugin alone imports next to nothing."""
    program = (
        "import sys, kesspay.pytest_plugin; "
        "print(sorted(n for n in sys.modules if n.startswith(('kesspay', 'orjson', "
        "'cffi', 'cryptography', 'uvicorn', 'sqlite3'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=60
    )
    assert eval(done.stdout) == [  # noqa: S307 - a list of names
        "kesspay",
        "kesspay._first_use",
        "kesspay._reasons",
        "kesspay._shown",
        "kesspay._version",
        "kesspay.errors",
        "kesspay.pytest_plugin",
    ]
