"""Spans and metrics for OpenTelemetry, collected by its own SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kesspay import OutcomeUnknown
from kesspay.errors import JournalUnavailable, TransportError
from kesspay.gateway.events import AnswerEvent, RequestEvent
from kesspay.metrics import opentelemetry
from kesspay.metrics.opentelemetry import Telemetry
from kesspay.transfers.transfers import Transfers
from tests.gateway.helpers import (
    CREATE_DATA,
    CREATE_REQUEST,
    PRE_TRANSFER,
    HandSet,
    client,
    failure,
    signed,
    success,
    token_answer,
)
from tests.metrics.test_prometheus import filled, foreign
from tests.transfers.helpers import payment


if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from kesspay.gateway.client import Client
    from kesspay.transfers.journal import Journal
    from kesspay.transfers.sqlite import SqliteJournal


class Collected:
    """What an SDK collects of one Telemetry."""

    def __init__(self) -> None:
        """Set the SDK up, for this test only."""
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.traces = TracerProvider()
        self.traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.telemetry = Telemetry(
            tracer_provider=self.traces,
            meter_provider=MeterProvider(metric_readers=[self._reader]),
        )

    def spans(self) -> list[ReadableSpan]:
        """Return the spans that ended."""
        return list(self._exporter.get_finished_spans())

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Return the points of a metric: attributes, and value or count."""
        data = self._reader.get_metrics_data()
        if data is None:
            return []
        return [
            (
                dict(point.attributes or {}),
                point.count if hasattr(point, "count") else point.value,
            )
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def collected() -> Collected:
    """Return what is collected."""
    return Collected()


@pytest.mark.usefixtures("face")
def test_spans(collected: Collected) -> None:
    """Every request is a span with its verdict, under the caller's span."""
    made, _ = client(
        token_answer(),
        signed(200, success(CREATE_DATA)),
        signed(400, failure("USED")),
        on_event=collected.telemetry.event,
    )
    tracer = collected.traces.get_tracer("test")
    with tracer.start_as_current_span("payment"):
        made.create_fund_transfer(CREATE_REQUEST)
        with pytest.raises(OutcomeUnknown):
            made.confirm_fund_transfer(PRE_TRANSFER, partner_transaction_id="d-1")
    *spans, whole = collected.spans()
    assert [(span.name, span.attributes["kesspay.verdict"]) for span in spans] == [  # type: ignore[index] # they have some
        ("kess token", "success"),
        ("kess create.unified.fundTransfer", "success"),
        ("kess confirm.fundTransfer", "unknown"),
    ]
    assert [span.status.is_ok for span in spans] == [True, True, False]
    attributes = spans[2].attributes
    assert attributes is not None
    assert attributes["kesspay.code"] == "USED"
    assert attributes["error.type"] == "OutcomeUnknown"
    assert attributes["http.response.status_code"] == 400
    for span in spans:
        assert span.parent is not None
        assert span.parent.span_id == whole.context.span_id


@pytest.mark.usefixtures("face")
def test_calls(collected: Collected) -> None:
    """Times are counted by verdict; references are no attributes of a metric."""
    made, _ = client(
        token_answer(),
        TransportError("not_sent", "refused"),
        signed(200, success(CREATE_DATA)),
        retries=1,
        clock=HandSet(),
        on_event=collected.telemetry.event,
    )
    made.create_fund_transfer(CREATE_REQUEST)
    points = collected.points("kesspay.request.duration")
    by_verdict = {
        (attributes["kesspay.service"], attributes["kesspay.verdict"]): count
        for attributes, count in points
    }
    assert by_verdict == {
        ("token", "success"): 1,
        ("create.unified.fundTransfer", "not_sent"): 1,
        ("create.unified.fundTransfer", "success"): 1,
    }
    assert not [one for one, _ in points if "kesspay.reference" in one]
    assert collected.points("kesspay.log_ins") == [({}, 1)]
    assert collected.points("kesspay.retries") == [
        ({"kesspay.service": "create.unified.fundTransfer"}, 1)
    ]


def test_results(
    collected: Collected, kess_client: Client, kess_journal: SqliteJournal
) -> None:
    """Transfers are counted by their outcome."""
    transfers = Transfers(
        kess_client, kess_journal, on_result=collected.telemetry.result
    )
    transfers.start(
        payment_id="order-1",
        receiver_id="85512345678",
        amount=payment().amount,
        sender_name="Chan Sophea",
    )
    transfers.confirm("order-1", debit_id="d-1")
    assert collected.points("kesspay.transfer.results") == [
        ({"kesspay.outcome": "paid"}, 1)
    ]


def test_a_journal(collected: Collected) -> None:
    """Gauges of what is open: by state, the unknown ones, and ages."""
    collected.telemetry.observe(filled)
    states = {
        attributes["kesspay.state"]: count
        for attributes, count in collected.points("kesspay.journal.payments")
    }
    assert states["manual"] == 1
    assert "paid" not in states
    assert collected.points("kesspay.journal.unknown") == [({}, 4)]
    assert collected.points("kesspay.journal.overdue") == [({}, 30.0)]
    for name in ("unknown.oldest", "unfinished.oldest"):
        ((_, age),) = collected.points(f"kesspay.journal.{name}")
        assert 900 < age < 1000


def test_a_state_of_another_version(collected: Collected) -> None:
    """It counts as unknown, under an attribute that is not the text of the journal."""
    collected.telemetry.observe(foreign)
    states = {
        attributes["kesspay.state"]: count
        for attributes, count in collected.points("kesspay.journal.payments")
    }
    assert states.pop("other") == 1
    assert set(states.values()) == {0}
    assert collected.points("kesspay.journal.unknown") == [({}, 1)]
    ((_, age),) = collected.points("kesspay.journal.unfinished.oldest")
    assert age > 0


def test_a_journal_that_is_away(collected: Collected) -> None:
    """There is no point, rather than an old one."""

    def fail() -> Journal:
        raise JournalUnavailable("the disk is gone")

    collected.telemetry.observe(fail)
    assert collected.points("kesspay.journal.unknown") == []


def request(call_id: str) -> RequestEvent:
    """Return the event of a request."""
    return RequestEvent(
        call_id=call_id, service="token", reference="", attempt=1, size=0, sha256=""
    )


def answer(call_id: str) -> AnswerEvent:
    """Return the event of its answer."""
    return AnswerEvent(
        call_id=call_id,
        service="token",
        reference="",
        attempt=1,
        verdict="success",
        http_status=None,
        code="",
        reason="",
        transport="",
        seconds=0.5,
        size=0,
        sha256="",
    )


def test_answers_that_never_come(
    collected: Collected, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest open spans are forgotten; a late answer counts all the same."""
    monkeypatch.setattr(opentelemetry, "_MOST_OPEN", 2)
    for call_id in ("a", "b", "c"):
        collected.telemetry.event(request(call_id))
    for call_id in ("a", "b", "c"):
        collected.telemetry.event(answer(call_id))
    assert len(collected.spans()) == 2
    ((_, count),) = collected.points("kesspay.request.duration")
    assert count == 3
