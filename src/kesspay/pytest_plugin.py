"""
The pytest fixtures: a sandbox, and clients and transfers that use its clock.

Every run of pytest imports this module where kesspay is installed. So it
imports nothing of kesspay before a test uses a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kesspay.gateway.async_client import AsyncClient
    from kesspay.gateway.client import Client
    from kesspay.sandbox.sandbox import Sandbox
    from kesspay.signing.keys import PrivateKey
    from kesspay.transfers.async_transfers import AsyncTransfers
    from kesspay.transfers.sqlite import SqliteJournal
    from kesspay.transfers.transfers import Transfers


__all__ = [
    "kess_async_client",
    "kess_async_transfers",
    "kess_client",
    "kess_journal",
    "kess_sandbox",
    "kess_transfers",
]

#: 2026-01-01 00:00:00 UTC, when every test begins.
_BEGINNING = 1_767_225_600.0


@pytest.fixture(scope="session")
def _kess_sandbox_keys() -> tuple[PrivateKey, PrivateKey]:
    """Make the partner's and the gateway's key, once for the whole run."""
    from kesspay.sandbox.keymaker import generate_key

    return generate_key(), generate_key()


@pytest.fixture
def kess_sandbox(
    _kess_sandbox_keys: tuple[PrivateKey, PrivateKey],
) -> Iterator[Sandbox]:
    """
    Give the test its own emulated gateway, inside the process.

    Its clock stands still until ``kess_sandbox.advance(seconds)``::

        def test_a_payment(kess_sandbox):
            client = Client(
                **kess_sandbox.settings, transport=kess_sandbox.transport)

    ``with kess_sandbox:`` lets it listen on 127.0.0.1 as well.
    """
    from kesspay.sandbox.sandbox import Sandbox

    own, gateways = _kess_sandbox_keys
    made = Sandbox(
        private_key=own, gateway_private_key=gateways, clock=lambda: _BEGINNING
    )
    yield made
    made.close()


@pytest.fixture
def kess_client(kess_sandbox: Sandbox) -> Client:
    """
    Give the test a Client of the sandbox, which uses its clock.

    Time passes only by ``kess_sandbox.advance(seconds)`` and where the client waits;
    the test itself does not wait.
    """
    from kesspay.gateway.client import Client

    return Client(
        **kess_sandbox.settings,
        transport=kess_sandbox.transport,
        clock=kess_sandbox.clock,
    )


@pytest.fixture
def kess_async_client(kess_sandbox: Sandbox) -> AsyncClient:
    """Give the test an AsyncClient, otherwise like ``kess_client``."""
    from kesspay.gateway.async_client import AsyncClient

    return AsyncClient(
        **kess_sandbox.settings,
        transport=kess_sandbox.async_transport,
        clock=kess_sandbox.clock,
    )


@pytest.fixture
def kess_journal(kess_sandbox: Sandbox, tmp_path: Path) -> Iterator[SqliteJournal]:
    """Give the test a SqliteJournal in ``tmp_path`` that uses the sandbox's clock."""
    from kesspay.transfers.sqlite import SqliteJournal

    with SqliteJournal(tmp_path / "kess.sqlite", clock=kess_sandbox.now) as journal:
        yield journal


@pytest.fixture
def kess_transfers(kess_client: Client, kess_journal: SqliteJournal) -> Transfers:
    """
    Give the test Transfers with ``kess_client`` and ``kess_journal``.

    ``Transfers(kess_client, kess_journal)`` makes another one, as a program does
    after a restart.
    """
    from kesspay.transfers.transfers import Transfers

    return Transfers(kess_client, kess_journal)


@pytest.fixture
def kess_async_transfers(
    kess_async_client: AsyncClient, kess_journal: SqliteJournal
) -> AsyncTransfers:
    """Give the test AsyncTransfers, otherwise like ``kess_transfers``."""
    from kesspay.transfers.async_transfers import AsyncTransfers

    return AsyncTransfers(kess_async_client, kess_journal)
