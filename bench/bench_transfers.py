"""
Whole transfers over a journal: how many a second, and what each costs in CPU.

A transfer is ``start`` and ``confirm``: two signed requests, two verified answers,
five entries on the disk. The gateway runs inside the process, and the CPU it
takes is measured apart and left out, so what is left is the client, the journal
and the signatures. Run::

    pytest bench/bench_transfers.py --benchmark-enable -s

Without ``--benchmark-enable`` a few transfers are made and only the ledger and the
journal are checked.
"""

from __future__ import annotations

import statistics
import threading
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.gateway.client import Client
from kesspay.sandbox import Sandbox
from kesspay.transfers.sqlite import SqliteJournal
from kesspay.transfers.transfers import Transfers


if TYPE_CHECKING:
    from pathlib import Path

    from kesspay.gateway.messages import HttpRequest, HttpResponse


ROUNDS: Final = 5
RECEIVER: Final = "85512345678"


class Metered:
    """The gateway inside the process, and the CPU that it takes."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Take what answers."""
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self.seconds = 0.0

    def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:
        """Answer, metered."""
        begun = time.thread_time()
        response = self._sandbox.transport.send(request, timeout=timeout)
        spent = time.thread_time() - begun
        with self._lock:
            self.seconds += spent
        return response


def pay(transfers: Transfers, names: list[str]) -> None:
    """Make some transfers, one after the other."""
    for name in names:
        pending = transfers.start(
            payment_id=name,
            receiver_id=RECEIVER,
            amount=Decimal("0.50"),
            sender_name="Chan Sophea",
        )
        assert pending.confirm(f"d-{name}").outcome == "paid"


def together(transfers: Transfers, callers: int, each: int, mark: str) -> None:
    """Let callers pay at the same time."""
    threads = [
        threading.Thread(
            target=pay,
            args=(transfers, [f"{mark}-{caller}-{n}" for n in range(each)]),
        )
        for caller in range(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def raw_rsa(sandbox: Sandbox) -> float:
    """Return the CPU seconds of two signatures and two verifications."""
    key = sandbox.settings["private_key"]
    signature = key.sign(b"x")
    costs = []
    for _ in range(50):
        begun = time.process_time()
        for _ in range(2):
            key.sign(b"x")
            key.public_key.verify(signature, b"x")
        costs.append(time.process_time() - begun)
    return statistics.median(costs)


@pytest.mark.parametrize("callers", [1, 8, 64])
def test_transfers(
    request: pytest.FixtureRequest, tmp_path: Path, callers: int
) -> None:
    """Every transfer is credited once; the cost is printed."""
    measure = request.config.getoption("benchmark_enable")
    each = max(2, 320 // callers) if measure else 1
    rounds = ROUNDS if measure else 1
    sandbox = Sandbox()
    meter = Metered(sandbox)
    rates, costs = [], []
    with SqliteJournal(tmp_path / "journal.db") as journal:
        client = Client(**sandbox.settings, transport=meter, timeout=60)
        transfers = Transfers(client, journal)
        pay(transfers, ["warm"])
        for number in range(rounds):
            meter.seconds = 0.0
            cpu, start = time.process_time(), time.perf_counter()
            together(transfers, callers, each, f"r{number}")
            seconds = time.perf_counter() - start
            spent = time.process_time() - cpu - meter.seconds
            rates.append(callers * each / seconds)
            costs.append(spent / (callers * each))
        paid = [one for one in journal.list(limit=10_000) if one.status.state == "paid"]
    total = rounds * callers * each + 1
    assert len(paid) == total
    assert len(sandbox.ledger.credits()) == total
    assert sandbox.ledger.audit() == []
    if measure:
        rsa = raw_rsa(sandbox)
        print(
            f"\n{callers:>3} callers: {statistics.median(rates):7.0f} transfers/s "
            f"with the gateway in the same process; client, journal and signatures "
            f"{statistics.median(costs) * 1e3:.2f} ms of CPU each, of which "
            f"{rsa * 1e3:.2f} ms are RSA"
        )
