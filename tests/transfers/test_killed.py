"""
Real crashes: programs that pay are killed, others resume, each credit is one.

Four processes pay from one journal against a sandbox with faults; every moment one
of them is killed with SIGKILL, wherever it is, and another begins. In the end a
worker resumes what is left. On SQLite, and on PostgreSQL, which is restarted in
the middle.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import JournalError
from kesspay.sandbox import Sandbox
from tests.support.vectors import KEYS
from tests.transfers.crash_worker import pay, transfers_of


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import Postgres


WORKER = Path(__file__).with_name("crash_worker.py")
WORKERS = 4
LONG = max(1, int(os.environ.get("KESSPAY_LONG") or 1))
PAYMENTS = 40 * LONG
KILLS = 25 * LONG
#: Of payments and kills in an ordinary run.
SAMPLE = (6, 2)
#: So short that a run takes seconds: a lease ends after 3.5 s.
RULES = {
    "deadline": 1.0,
    "reserve": 0.5,
    "margin": 1.0,
    "apart": 0.2,
    "polls": [0.0, 0.05, 0.1, 0.2],
    "slow_poll": 0.2,
}


@pytest.fixture
def world(
    tmp_path: Path,
    whole: bool,  # noqa: FBT001 - a fixture
) -> Iterator[tuple[Sandbox, dict[str, Any]]]:
    """Run a gateway with faults, and return the settings of a program."""
    payments = PAYMENTS if whole else SAMPLE[0]
    from kesspay.signing.keys import PrivateKey

    pem = (KEYS / "rsa-2048.pem").read_text()
    sandbox = Sandbox(
        private_key=PrivateKey.from_pem(pem.encode()),
        gateway_private_key=PrivateKey.from_pem((KEYS / "other-2048.pem").read_bytes()),
        database=str(tmp_path / "ledger.sqlite"),
        transfer_life=8,
        fault_seed=11,
        fault_rate=0.2,
        faults=[
            "drop-before", "drop-after", "error-500-after", "bad-gateway-after",
            "unsigned", "replayed", "pending", "wrong-amount", "expired-token",
        ],
    )  # fmt: skip
    credentials = sandbox.settings["credentials"]
    with sandbox:
        yield (
            sandbox,
            {
                "base_url": sandbox.base_url,
                "credentials": {
                    "partner_id": credentials.partner_id,
                    "partner_secret_key": credentials.partner_secret_key,
                    "user_name": credentials.user_name,
                    "password": credentials.password,
                },
                "private_key": pem,
                "gateway_key": (KEYS / "other-2048.pub.pem").read_text(),
                "rules": RULES,
                "payments": [f"p-{number}" for number in range(payments)],
            },
        )


class Crew:
    """The processes that pay."""

    def __init__(self, settings: Path) -> None:
        """Start them."""
        self._settings = settings
        self._rng = random.Random(5)
        self._running = [self._start() for _ in range(WORKERS)]

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, str(WORKER), str(self._settings)])

    def kill_one(self) -> None:
        """Kill one wherever it is, and let another begin."""
        time.sleep(self._rng.uniform(0.02, 0.5))
        number = self._rng.randrange(WORKERS)
        victim = self._running[number]
        assert victim.poll() is None, "a worker ended before it was killed"
        victim.send_signal(signal.SIGKILL)
        victim.wait(20)
        self._running[number] = self._start()

    def end(self) -> None:
        """Kill them all."""
        for one in self._running:
            one.kill()
            one.wait(20)


def settle(sandbox: Sandbox, settings: dict[str, Any]) -> dict[str, str]:
    """Let one program finish everything; return what came of each payment."""
    sandbox.faults.seed(0, 0.0)
    sandbox.faults.clear()
    transfers = transfers_of(settings)
    outcomes: dict[str, str] = {}
    with closing(transfers._workflow.journal):
        until = time.monotonic() + 120
        while time.monotonic() < until:
            for _ in transfers.resume(timeout=5):
                pass
            for name in settings["payments"]:
                result = transfers.look(name)
                outcomes[name] = "pending" if result is None else result.outcome
                if outcomes[name] == "pending":
                    # The caller begins again; a dead program may have the lease.
                    with suppress(JournalError):
                        pay(transfers, name)
            if not {"unknown", "pending"} & set(outcomes.values()):
                return outcomes
            time.sleep(0.1)
    raise AssertionError(f"not settled: {outcomes}")


def check(sandbox: Sandbox, outcomes: dict[str, str]) -> None:
    """Check that the books and the words agree."""
    credited = [one.out_trade_no.rpartition("-")[0] for one in sandbox.ledger.credits()]
    assert len(set(credited)) == len(credited), "a payment was credited twice"
    for name, outcome in outcomes.items():
        if outcome == "paid":
            assert name in credited
        elif outcome != "manual":
            assert name not in credited, (name, outcome)
    assert sandbox.ledger.audit() == []
    assert list(outcomes.values()).count("paid") > len(outcomes) * 0.75


def run(
    world: tuple[Sandbox, dict[str, Any]],
    folder: Path,
    kind: str,
    place: str,
    server: Postgres | None = None,
) -> None:
    """Pay, kill, resume, check."""
    sandbox, settings = world
    settings["journal"] = [kind, place]
    path = folder / "settings.json"
    path.touch(0o600)
    path.write_text(json.dumps(settings), encoding="utf-8")
    transfers_of(settings)._workflow.journal.close()
    with ExitStack() as stack:
        crew = Crew(path)
        stack.callback(crew.end)
        kills = KILLS if len(settings["payments"]) >= PAYMENTS else SAMPLE[1]
        for number in range(kills):
            crew.kill_one()
            if server is not None and number == kills // 2:
                server.restart()
    check(sandbox, settle(sandbox, settings))


def test_on_sqlite(world: tuple[Sandbox, dict[str, Any]], tmp_path: Path) -> None:
    """Four processes on one file: every payment is credited once, or not at all."""
    run(world, tmp_path, "sqlite", str(tmp_path / "journal.sqlite"))


@pytest.mark.thorough
def test_on_postgres(
    world: tuple[Sandbox, dict[str, Any]], tmp_path: Path, postgres: Postgres
) -> None:
    """The same on PostgreSQL, which is restarted in the middle."""
    run(world, tmp_path, "postgres", postgres.conninfo, postgres)
