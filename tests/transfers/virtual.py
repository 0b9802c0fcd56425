# ruff: noqa: ANN401 - settings and faces are of any type

"""
A gateway, a journal and transfers whose time passes only where a test lets it.

Import ``partner`` and ``face`` into a test module to use them as fixtures.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay.errors import JournalUnavailable, TransportError
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.transfers.async_transfers import AsyncTransfers
from kesspay.transfers.attempt import STRICT, Happened, Rules
from kesspay.transfers.payment import replay, rules_of
from kesspay.transfers.releases import Releases
from kesspay.transfers.transfers import Transfers
from tests.sandbox.parties import RECEIVER, box
from tests.support.memory_journal import MemoryJournal


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.sandbox import Sandbox
    from kesspay.transfers.journal import Entry, Lease, Payment, Record, Status
    from kesspay.transfers.payment import Transfer, TransferResult


__all__ = ["ORDER", "Dead", "Partner", "Wire", "face", "partner", "service_of"]

#: The payment of most tests.
ORDER: Final[dict[str, Any]] = {
    "payment_id": "order-1",
    "receiver_id": RECEIVER,
    "amount": Decimal("0.50"),
    "sender_name": "Chan Sophea",
}
DEBIT: Final = "debit-1"


def service_of(request: HttpRequest) -> str:
    """Return the service that a request asks for, "token" for a log-in."""
    return str(json.loads(request.body).get("service", "token"))


@dataclass
class Wire:
    """
    A transport of both kinds around the one of the sandbox.

    Attributes:
        sent: every request that came here and what was answered.
        not_sent: how many requests of a service will not leave.
        look: called with each request before it continues.
    """

    sandbox: Sandbox
    sent: list[tuple[HttpRequest, HttpResponse | None]] = field(default_factory=list)
    not_sent: dict[str, int] = field(default_factory=dict)
    look: Callable[[HttpRequest], object] = lambda _: None

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Answer a request, or break off."""
        service = service_of(request)
        if self.not_sent.get(service, 0):
            self.not_sent[service] -= 1
            raise TransportError("not_sent", "no route to the host")
        self.look(request)
        self.sent.append((request, None))
        response = self.sandbox.transport.send(request, timeout=timeout)
        self.sent[-1] = (request, response)
        return response

    def services(self) -> list[str]:
        """Return what was sent, without the log-ins and the queries."""
        names = [service_of(request) for request, _ in self.sent]
        return [name for name in names if name not in {"token", "query.fundTransfer"}]


class Waiting:
    """A transport for tasks around a Wire."""

    def __init__(self, wire: Wire) -> None:
        """Take the wire."""
        self._wire = wire

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Answer a request, or break off."""
        return self._wire.send(request, timeout=timeout)


class Blocked:
    """AsyncTransfers with the face of Transfers: each call blocks."""

    def __init__(self, made: AsyncTransfers) -> None:
        """Take the transfers."""
        self.made = made

    def start(self, **options: Any) -> Any:
        """Start a payment."""
        pending = asyncio.run(self.made.start(**options))

        def confirm(debit_id: str, **more: Any) -> TransferResult:
            return asyncio.run(pending.confirm(debit_id, **more))

        return SimpleNamespace(
            payment_id=pending.payment_id,
            receiver_name=pending.receiver_name,
            expires_at=pending.expires_at,
            result=pending.result,
            confirm=confirm,
            close=lambda **more: asyncio.run(pending.close(**more)),
        )

    def confirm(self, *args: Any, **options: Any) -> TransferResult:
        """Confirm a payment."""
        return asyncio.run(self.made.confirm(*args, **options))

    def decline(self, *args: Any, **options: Any) -> TransferResult:
        """Decline a payment."""
        return asyncio.run(self.made.decline(*args, **options))

    def decide(self, *args: Any, **options: Any) -> TransferResult:
        """Record a decision about a payment."""
        return asyncio.run(self.made.decide(*args, **options))

    def look(self, payment_id: str) -> TransferResult | None:
        """Look at a payment."""
        return asyncio.run(self.made.look(payment_id))

    def resume(self, **options: Any) -> list[TransferResult]:
        """Continue with what is due."""

        async def collect() -> list[TransferResult]:
            return [result async for result in self.made.resume(**options)]

        return asyncio.run(collect())


class Dead(Releases):
    """Gives nothing back: a program that died runs no more code."""

    def begin(self, act: Callable[[], None]) -> None:
        """Do nothing."""


class TroubledJournal(MemoryJournal):
    """
    A journal in memory that can fail.

    Attributes:
        fails: the numbers of the appends that fail, from 1.
        appends: how many there were.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin empty and healthy."""
        super().__init__(clock)
        self.fails: Callable[[int], bool] = lambda _: False
        self.appends = 0

    def append(
        self, lease: Lease, entries: Sequence[Entry], status: Status, seconds: float
    ) -> None:
        """Write, or fail."""
        self.appends += 1
        if self.fails(self.appends):
            raise JournalUnavailable("the disk is full")
        super().append(lease, entries, status, seconds)


class Replays:
    """
    Replays records, of which only the new entries.

    Whatever is asked about a payment, its record is replayed from its beginning, which
    takes most of the time of a payment that was tried hundreds of times.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[Payment, tuple[tuple[Entry, ...], Transfer]] = {}

    def __call__(self, record: Record) -> Transfer:
        """Do what ``replay`` does."""
        entries = record.entries
        before, transfer = self._known.get(record.payment, ((), None))
        if (
            transfer is None
            or transfer.rules != rules_of(record)
            or before != entries[: len(before)]
        ):
            before, transfer = (), replay(replace(record, entries=()))
        for entry in entries[len(before) :]:
            transfer = transfer.advance(entry)
        self._known[record.payment] = (entries, transfer)
        return transfer


class Partner:
    """
    One partner with a sandbox, a journal, and as many transfers as needed.

    Args:
        face: "sync" or "async", the transfers that ``transfers`` makes.
        options: of the sandbox.
    """

    def __init__(self, face: str, **options: Any) -> None:
        """Open the books."""
        self.face = face
        self.sandbox = box(**options)
        self.journal = TroubledJournal(self.sandbox.now)
        self.wire = Wire(self.sandbox)
        self.made: list[AsyncTransfers] = []

    def client(self) -> Client:
        """Return a client of its own."""
        return Client(
            **self.sandbox.settings, transport=self.wire, clock=self.sandbox.clock
        )

    def transfers(self, rules: Rules = STRICT, **options: Any) -> Any:
        """Return transfers as a new process has them."""
        options = {"rules": rules, **options}
        if self.face == "sync":
            return Transfers(self.client(), self.journal, **options)
        client = AsyncClient(
            **self.sandbox.settings,
            transport=Waiting(self.wire),
            clock=self.sandbox.clock,
        )
        made = AsyncTransfers(client, self.journal, journal_threads=2, **options)
        self.made.append(made)
        return Blocked(made)

    def plan(self, fault: str, service: str, times: int = 1) -> None:
        """Let requests meet a fault."""
        self.sandbox.faults.plan(fault, service=service, times=times)

    def entries(self, payment_id: str = "order-1") -> tuple[Entry, ...]:
        """Return what the journal holds."""
        record = self.journal.read(payment_id)
        return () if record is None else record.entries

    def happened(self, payment_id: str = "order-1") -> list[tuple[int, Happened]]:
        """Return what happened to which attempt."""
        return [(entry.attempt, entry.what) for entry in self.entries(payment_id)]

    def settle(self, transfers: Any, tries: int = 80) -> TransferResult:
        """Let workers continue until there is nothing left to do."""
        for _ in range(tries):
            result: TransferResult = transfers.look("order-1")
            if result.check_at is None:
                return result
            self.sandbox.advance(max(0.0, result.check_at - self.sandbox.now()))
            before = self.entries()
            list(transfers.resume())
            if self.entries() == before:
                # A worker that crashed still has it, or a log-in rests.
                self.sandbox.advance(30.0)
        pytest.fail("there is no end to it")

    def credited(self) -> int:
        """Return how many credits there are; the books must be in order."""
        assert self.sandbox.ledger.audit() == []
        return len(self.sandbox.ledger.credits())


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> str:
    """Run the test with threads and with tasks."""
    return str(request.param)


@pytest.fixture
def partner(
    face: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Partner]]:
    """Return what makes the partner of a test; everything runs on its clock."""
    partners: list[Partner] = []
    replays = Replays()
    monkeypatch.setattr("kesspay.transfers.leases.replay", replays)
    monkeypatch.setattr("kesspay.transfers.workflow.replay", replays)

    def make(**options: Any) -> Partner:
        made = Partner(face, **options)
        partners.append(made)
        return made

    yield make
    for one in partners:
        for made in one.made:
            asyncio.run(made.aclose())
        one.sandbox.close()
