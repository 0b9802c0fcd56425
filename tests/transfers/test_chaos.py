"""
The whole stack under seeded chaos: nothing is credited twice, nothing untrue is said.

In an ordinary run 150 transfers, in an exhaustive one 1,000, and with
``KESSPAY_LONG=10`` 10,000. A seed that fails fails again: ``KESSPAY_SEED=n`` runs it
alone.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.transfers import states
from kesspay.transfers.attempt import (
    RELAXED,
    STRICT,
    Attempt,
    Event,
    Happened,
    Rules,
    State,
    Step,
)
from tests.support.memory_journal import MemoryJournal
from tests.transfers.chaos import KINDS, Chaos


if TYPE_CHECKING:
    from collections.abc import Sequence


LONG = max(1, int(os.environ.get("KESSPAY_LONG") or 1))
SEED = int(os.environ.get("KESSPAY_SEED") or 0)
RATES = (0.05, 0.2, 0.4, 0.6)
#: The document leaves both open.
WORLDS: dict[str, dict[str, Any]] = {
    "used first, honest": {},
    "expired first, honest": {"used_first": False},
    "used first, silent": {"query_after_expiry": "expired"},
    "expired first, silent": {"used_first": False, "query_after_expiry": "expired"},
}
EACH = 63 * LONG
SAMPLE = 18


def run(
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    rate: float,
    world: str,
    **options: Any,  # noqa: ANN401 - of Chaos
) -> tuple[Chaos, Sequence[str]]:
    """Run one seed to its end."""
    chaos = Chaos(
        monkeypatch,
        seed=SEED or seed,
        rate=rate,
        make_journal=options.pop("make_journal", MemoryJournal),
        rules=options.pop("rules", STRICT),
        **WORLDS[world],
    )
    chaos.pay(options.pop("count", EACH))
    chaos.settle()
    return chaos, chaos.check()


@pytest.mark.few(4)
@pytest.mark.one_in(2)
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("rate", RATES)
def test_chaos(
    monkeypatch: pytest.MonkeyPatch,
    rate: float,
    world: str,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """No double credit, no untrue outcome, and nothing unknown in the end."""
    seed = 1000 * RATES.index(rate) + list(WORLDS).index(world)
    count = EACH if whole else SAMPLE
    chaos, outcomes = run(monkeypatch, seed, rate, world, count=count)
    counts = Counter(outcomes)
    assert len(outcomes) == count
    # The world is hostile, and still most payments arrive.
    assert counts["paid"] > count * ((0.95 if whole else 0.75) - rate)
    assert chaos.rng.met


@pytest.mark.thorough
def test_there_are_more_than_twenty_kinds_of_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At least twenty kinds of fault really happen, crashes among them."""
    chaos, _ = run(monkeypatch, 7, 0.6, "used first, honest", count=60)
    met = chaos.rng.met
    assert {"crash", "not-sent", "journal"} <= met
    assert met <= set(KINDS)
    assert len(met) >= 20


@pytest.mark.few(1)
@pytest.mark.parametrize("world", ["used first, honest", "expired first, honest"])
def test_relaxed(
    monkeypatch: pytest.MonkeyPatch,
    world: str,
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Where a query stays honest after expiry, no outcome of RELAXED is untrue."""
    count = 100 * LONG if whole else 40
    _, outcomes = run(monkeypatch, 77, 0.5, world, rules=RELAXED, count=count)
    assert "paid" in outcomes


def test_an_unsafe_machine_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a machine that gives money back on a lost confirm, the same test fails."""

    def give_back(attempt: Attempt, event: Event, rules: Rules) -> Step:
        del event, rules
        return Step(replace(attempt, state=State.NOT_PAID))

    monkeypatch.setitem(states._STEPS, Happened.CONFIRM_UNKNOWN, give_back)
    with pytest.raises(AssertionError, match="p-"):
        run(monkeypatch, 7, 0.4, "used first, honest", count=100)


@pytest.mark.thorough
def test_a_seed_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed gives the same journal, the same ledger, the same words."""
    seen = []
    for _ in range(2):
        chaos, outcomes = run(monkeypatch, 4242, 0.6, "used first, honest", count=30)
        ledger = [
            (credit.fund_transfer_id, credit.out_trade_no)
            for credit in chaos.sandbox.ledger.credits()
        ]
        seen.append((list(chaos.journal.export()), ledger, outcomes, chaos.reported))
    assert seen[0] == seen[1]
    other, _ = run(monkeypatch, 4243, 0.6, "used first, honest", count=30)
    assert list(other.journal.export()) != seen[0][0]
