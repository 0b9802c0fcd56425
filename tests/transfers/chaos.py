"""
A world in which everything fails: payments, crashes, faults, a virtual clock.

``Chaos`` drives the real stack (client, journal, sandbox) through payments
while a seed decides which exchange meets which fault, where the program dies,
and what the caller does. The same seed gives the same run, to the letter.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import (
    GatewayError,
    JournalError,
    JournalUnavailable,
    TransportError,
)
from kesspay.gateway.client import Client
from kesspay.sandbox import FAULTS, Sandbox
from kesspay.transfers.transfers import PendingTransfer, Transfers
from tests.gateway.helpers import gateway_private_key, partner_key
from tests.transfers.virtual import Dead


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from kesspay.gateway.messages import HttpRequest, HttpResponse
    from kesspay.transfers.attempt import Rules
    from kesspay.transfers.journal import Journal, Lease
    from kesspay.transfers.payment import TransferResult


BEGIN: Final = 1.7e9
RECEIVER: Final = "85512345678"
AMOUNT: Final = Decimal("0.50")

#: Every fault of the sandbox, and those that only a client can meet.
KINDS: Final = (*sorted(FAULTS), "not-sent", "crash", "journal")


class Crashed(BaseException):
    """The program died. No ``except`` of the library may catch it."""


@dataclass
class Rng:
    """What goes wrong on this side: connections, the program, the journal."""

    random: random.Random
    rate: float
    met: set[str] = field(default_factory=set)

    def falls(self, name: str, share: float) -> bool:
        """Tell whether something goes wrong now."""
        if self.random.random() >= self.rate * share:
            return False
        self.met.add(name)
        return True


class ChaoticTransport:
    """A Transport that sometimes does not send, and sometimes dies."""

    def __init__(self, sandbox: Sandbox, rng: Rng) -> None:
        """Take what is behind."""
        self._sandbox = sandbox
        self._rng = rng

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Send, or fail."""
        if self._rng.falls("not-sent", 0.15):
            raise TransportError("not_sent", "refused")
        if self._rng.falls("crash", 0.02):
            raise Crashed
        try:
            response = self._sandbox.transport.send(request, timeout=timeout)
        finally:
            faults = self._sandbox.exchanges[-1].faults
            self._rng.met.update(name.partition("=")[0] for name in faults)
        if self._rng.falls("crash", 0.02):
            raise Crashed
        return response


class ChaoticJournal:
    """A journal that sometimes cannot be written, or dies before or after."""

    def __init__(self, journal: Journal, rng: Rng) -> None:
        """Take what is behind."""
        self._journal = journal
        self._rng = rng

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method
        """Pass everything else on."""
        return getattr(self._journal, name)

    def append(self, lease: Lease, *rest: Any) -> None:  # noqa: ANN401 - passed on
        """Write, or fail."""
        if self._rng.falls("crash", 0.02):
            raise Crashed
        if self._rng.falls("journal", 0.03):
            raise JournalUnavailable("the disk is full")
        self._journal.append(lease, *rest)
        if self._rng.falls("crash", 0.02):
            raise Crashed


class Chaos:
    """
    Payments in a world of faults.

    Args:
        patch: redirects the clocks of the client.
        seed: decides everything.
        rate: probability of a fault for each exchange.
        make_journal: makes the journal on a clock.
        rules: of the transfers.
        settings: of the sandbox.
    """

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        *,
        seed: int,
        rate: float,
        make_journal: Callable[[Callable[[], float]], Journal],
        rules: Rules,
        **settings: Any,  # noqa: ANN401 - of Sandbox
    ) -> None:
        """Build the world; nothing happens yet."""
        self.random = random.Random(seed)
        self.rng = Rng(random.Random(seed + 1), rate)
        self.sandbox = Sandbox(
            private_key=partner_key(),
            gateway_private_key=gateway_private_key(),
            clock=lambda: BEGIN,
            fault_seed=seed,
            fault_rate=rate,
            **settings,
        )
        patch.setattr("kesspay.gateway.base.random", self.random.random)
        self.journal = make_journal(self.sandbox.now)
        self._rules = rules
        #: The outcomes that the caller got, in order; the last one counts.
        self.reported: dict[str, list[str]] = {}
        #: What the caller could not do yet.
        self.late: dict[str, Callable[[], TransferResult]] = {}
        self.transfers = self._program()

    def _program(self) -> Transfers:
        """Start the program: nothing is left of an earlier one but the journal."""
        client = Client(
            **self.sandbox.settings,
            transport=ChaoticTransport(self.sandbox, self.rng),
            clock=self.sandbox.clock,
            timeout=40,
        )
        made = Transfers(
            client, ChaoticJournal(self.journal, self.rng), rules=self._rules
        )
        made._workflow.leases.releases = Dead()
        return made

    def pay(self, count: int) -> None:
        """Make payments; after a crash the caller begins its call again."""
        for number in range(count):
            payment_id = f"p-{number}"
            self.reported[payment_id] = []
            self._until_it_lives(lambda name=payment_id: self._pay(name))  # type: ignore[misc] # bound here
            self.sandbox.advance(self.random.random() * 20)
            if self.random.random() < 0.05:
                self._until_it_lives(self._resume)

    def settle(self) -> None:
        """Stop the faults, and let workers continue until nothing is due."""
        self.sandbox.faults.clear()
        self.rng.rate = 0
        for _ in range(200):
            self.sandbox.advance(60)
            for payment_id, act in list(self.late.items()):
                self._hear(payment_id, act)
            self._resume()

    def _until_it_lives(self, act: Callable[[], None]) -> None:
        while True:
            try:
                return act()
            except Crashed:
                self.transfers = self._program()
                self.sandbox.advance(self.random.random() * 100)

    def _pay(self, payment_id: str) -> None:
        pending = self._start(payment_id)
        if pending is None:
            return
        if self.random.random() < 0.03:
            self._hear(payment_id, partial(self._decline, payment_id))
            return
        self.sandbox.advance(self.random.random() * 30)
        for _ in range(1 + (self.random.random() < 0.1)):
            timeout = self.random.choice([2.0, 40.0, 400.0])
            confirm = partial(self._confirm, payment_id, timeout)
            self._hear(payment_id, confirm)

    def _confirm(self, payment_id: str, timeout: float) -> TransferResult:
        # By its id: the program that made the pending transfer may have died.
        return self.transfers.confirm(
            payment_id, debit_id=f"d-{payment_id}", timeout=timeout
        )

    def _decline(self, payment_id: str) -> TransferResult:
        return self.transfers.decline(payment_id)

    def _start(self, payment_id: str) -> PendingTransfer | None:
        for _ in range(3):
            try:
                return self.transfers.start(
                    payment_id=payment_id,
                    receiver_id=RECEIVER,
                    amount=AMOUNT,
                    sender_name="Chan Sophea",
                )
            except (GatewayError, JournalError):
                # Nothing is owed, whatever it was: the caller tries again.
                self.sandbox.advance(self.random.random() * 90)
        return None

    def _hear(self, payment_id: str, act: Callable[[], TransferResult]) -> None:
        try:
            result = act()
        except JournalError:
            # The debit could not be written, or a program that died still has
            # the payment: the caller keeps the debit, and asks again later.
            self.late[payment_id] = act
            return
        self.late.pop(payment_id, None)
        self.hear(payment_id, result)

    def _resume(self) -> None:
        try:
            for result in self.transfers.resume(timeout=40):
                self.hear(result.payment_id, result)
        except JournalUnavailable:
            return

    def hear(self, payment_id: str, result: TransferResult) -> None:
        """Note what was reported, and check it against the ledger of this moment."""
        self.reported[payment_id].append(result.outcome)
        if result.outcome == "paid":
            assert self.credits(payment_id) == 1, payment_id

    def credits(self, payment_id: str) -> int:
        """Count the credits of a payment, whichever attempt they are of."""
        references = [credit.out_trade_no for credit in self.sandbox.ledger.credits()]
        return sum(one.rpartition("-")[0] == payment_id for one in references)

    def check(self) -> Sequence[str]:
        """Check every payment at the end; return the outcomes."""
        outcomes = []
        for payment_id, reported in self.reported.items():
            result = self.transfers.look(payment_id)
            outcome = "pending" if result is None else result.outcome
            credited = self.credits(payment_id)
            assert credited <= 1, f"{payment_id} was credited twice"
            assert outcome != "unknown", f"{payment_id} was not resolved"
            expected = {"paid": {1}, "not_paid": {0}, "pending": {0}}
            assert credited in expected.get(outcome, {0, 1}), payment_id
            if "paid" in reported:
                assert outcome == "paid", f"{payment_id} was unpaid"
            if "not_paid" in reported:
                assert credited == 0, f"{payment_id} was reported as not paid"
            outcomes.append(outcome)
        assert self.sandbox.ledger.audit() == []
        return outcomes
