"""Metrics for Prometheus, as its parser, the dashboard and the alerts read them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from kesspay import OutcomeUnknown
from kesspay.errors import JournalUnavailable
from kesspay.metrics.prometheus import PrometheusMetrics
from kesspay.transfers.attempt import State
from kesspay.transfers.journal import Status
from kesspay.transfers.summary import OPEN
from kesspay.transfers.transfers import Transfers
from tests.gateway.helpers import (
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    client,
    failure,
    signed,
    success,
    token_answer,
)
from tests.support.memory_journal import MemoryJournal
from tests.support.pages import DOCS
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from kesspay.gateway.client import Client
    from kesspay.transfers.journal import Journal
    from kesspay.transfers.sqlite import SqliteJournal

#: Every sample by name and labels.
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

NOW: Final = 10_000.0


def read(registry: CollectorRegistry) -> Samples:
    """Read a registry as Prometheus does."""
    text = generate_latest(registry).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float:
    """Return one sample."""
    return samples[name, frozenset(labels.items())]


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry of the test's own."""
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> PrometheusMetrics:
    """Return the metrics."""
    return PrometheusMetrics(registry)


@pytest.mark.usefixtures("face")
def test_calls(registry: CollectorRegistry, metrics: PrometheusMetrics) -> None:
    """Every request is counted by what it meant, with its time and its code."""
    made, _ = client(
        token_answer(),
        signed(200, success(CREATE_DATA)),
        signed(400, failure("USED")),
        signed(400, failure("NEVER_HEARD_OF")),
        on_event=metrics.event,
    )
    made.create_fund_transfer(CREATE_REQUEST)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            made.confirm_fund_transfer(PRE_TRANSFER, partner_transaction_id="d-1")
    samples = read(registry)
    create = {"service": "create.unified.fundTransfer", "verdict": "success"}
    confirm = {"service": "confirm.fundTransfer", "verdict": "unknown"}
    assert of(samples, "kesspay_request_seconds_count", **create) == 1
    assert of(samples, "kesspay_request_seconds_count", **confirm) == 2
    assert of(samples, "kesspay_answers_total", **confirm, code="USED") == 1
    # A gateway cannot make labels without end.
    assert of(samples, "kesspay_answers_total", **confirm, code="other") == 1
    assert of(samples, "kesspay_log_ins_total") == 1
    assert not [key for key in samples if "NEVER_HEARD_OF" in str(key)]


def test_retries(registry: CollectorRegistry, metrics: PrometheusMetrics) -> None:
    """A request that is repeated is counted by its service."""
    from kesspay.gateway.events import RequestEvent, RetryEvent

    metrics.event(
        RetryEvent(
            call_id="1",
            service="query.fundTransfer",
            reference="order-1",
            attempt=2,
            delay=0.25,
            reason="NotSent",
        )
    )
    metrics.event(
        RequestEvent(
            call_id="1", service="token", reference="", attempt=1, size=0, sha256=""
        )
    )
    samples = read(registry)
    assert of(samples, "kesspay_retries_total", service="query.fundTransfer") == 1


def test_results(
    registry: CollectorRegistry,
    metrics: PrometheusMetrics,
    kess_client: Client,
    kess_journal: SqliteJournal,
) -> None:
    """Transfers are counted by their outcome; each outcome is there from the start."""
    transfers = Transfers(kess_client, kess_journal, on_result=metrics.result)
    transfers.start(
        payment_id="order-1",
        receiver_id="85512345678",
        amount=payment().amount,
        sender_name="Chan Sophea",
    )
    before = read(registry)
    transfers.confirm("order-1", debit_id="d-1")
    samples = read(registry)
    for outcome in ("paid", "not_paid", "unknown", "manual"):
        assert of(before, "kesspay_transfer_results_total", outcome=outcome) == 0
    assert of(samples, "kesspay_transfer_results_total", outcome="paid") == 1


def foreign() -> Journal:
    """Make a journal with a payment in a state of another version."""
    now = [NOW - 10]
    journal = MemoryJournal(lambda: now[0])
    journal.begin(payment())
    lease = journal.lease("p-1", "test", 60)
    journal.append(lease, [], Status("settled-by-hand", 1, None), 60)
    now[0] = NOW
    return journal


def filled() -> Journal:
    """Make a journal with a payment in every state, each begun a second later."""
    now = [NOW - 1000]
    journal = MemoryJournal(lambda: now[0])
    for state in State:
        now[0] += 1
        journal.begin(payment(state.value))
        lease = journal.lease(state.value, "test", 60)
        due_at = NOW - 30 if state is State.UNKNOWN else None
        journal.append(lease, [], Status(state.value, 1, due_at), 60)
    now[0] = NOW
    return journal


def test_a_journal(registry: CollectorRegistry, metrics: PrometheusMetrics) -> None:
    """What is open is counted by state, with amounts, ages, and what is overdue."""
    metrics.observe(filled)
    samples = read(registry)
    assert of(samples, "kesspay_journal_up") == 1
    for state in OPEN:
        assert of(samples, "kesspay_journal_payments", state=state.value) == 1
    assert of(samples, "kesspay_journal_unknown_payments") == 4
    assert of(samples, "kesspay_journal_unknown_amount", currency="USD") == 6.0
    first = list(State).index(State.DEBITED) + 1
    assert of(samples, "kesspay_journal_unknown_oldest_seconds") == 1000 - first
    assert of(samples, "kesspay_journal_overdue_seconds") == 30
    assert of(samples, "kesspay_journal_due_payments") == 1
    # No label names a payment or a person.
    labels = {name for _, found in samples for name, _ in found}
    assert labels <= {
        *("service", "verdict", "code", "outcome", "state", "currency", "le"),
        "version",
    }


def test_a_state_of_another_version(
    registry: CollectorRegistry, metrics: PrometheusMetrics
) -> None:
    """It counts as unknown, under a label that is not the text of the journal."""
    metrics.observe(foreign)
    samples = read(registry)
    assert of(samples, "kesspay_journal_payments", state="other") == 1
    assert of(samples, "kesspay_journal_unknown_payments") == 1
    assert of(samples, "kesspay_journal_unfinished_payments") == 1
    assert of(samples, "kesspay_journal_unknown_oldest_seconds") > 0
    states = {dict(labels).get("state") for _, labels in samples}
    assert states == {None, "other", *(state.value for state in OPEN)}


def test_an_empty_journal(
    registry: CollectorRegistry, metrics: PrometheusMetrics
) -> None:
    """Ages are 0, so that an alert has something to compare."""
    metrics.observe(lambda: MemoryJournal(lambda: NOW))
    samples = read(registry)
    for name in ("unknown", "unfinished", "due"):
        assert of(samples, f"kesspay_journal_{name}_oldest_seconds") == 0
    assert of(samples, "kesspay_journal_overdue_seconds") == 0


def test_a_journal_that_is_away(
    registry: CollectorRegistry, metrics: PrometheusMetrics
) -> None:
    """It says so, and gives no old numbers."""

    def fail() -> Journal:
        raise JournalUnavailable("the disk is gone")

    metrics.observe(fail)
    samples = read(registry)
    assert of(samples, "kesspay_journal_up") == 0
    assert not [name for name, _ in samples if name.startswith("kesspay_journal_un")]


# ------------------------------------------------------------ dashboard and alerts


def names(expression: str) -> set[str]:
    """Return the metrics that an expression names."""
    return set(re.findall(r"\bkesspay_\w+", expression))


@pytest.fixture
def known(registry: CollectorRegistry, metrics: PrometheusMetrics) -> set[str]:
    """Return the names of all metrics."""
    test_retries(registry, metrics)
    metrics.observe(filled)
    made, _ = client(token_answer(), on_event=metrics.event)
    made.token()
    return {name for name, _ in read(registry)}


def test_the_alerts(known: set[str]) -> None:
    """Each rule names metrics that there are, says how bad it is, and what to do."""
    text = (DOCS / "monitoring" / "kesspay-alerts.yml").read_text(encoding="utf-8")
    (group,) = yaml.safe_load(text)["groups"]
    assert len(group["rules"]) >= 6
    for rule in group["rules"]:
        assert names(rule["expr"])
        assert names(rule["expr"]) <= known
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_the_dashboard(known: set[str]) -> None:
    """Each panel names metrics that there are, and none overlaps another."""
    text = (DOCS / "monitoring" / "kesspay-dashboard.json").read_text(encoding="utf-8")
    panels: list[dict[str, Any]] = json.loads(text)["panels"]
    used: set[str] = set()
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        for target in panel["targets"]:
            assert names(target["expr"])
            used |= names(target["expr"])
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y)
            for x in range(place["w"])
            for y in range(place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert used <= known
    assert len({panel["id"] for panel in panels}) == len(panels)
