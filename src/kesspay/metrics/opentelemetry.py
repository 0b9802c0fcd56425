"""
Spans and metrics for OpenTelemetry.

It needs the extra ``kesspay[opentelemetry]``, which is the API only. The program
chooses the SDK and the exporter that receive them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry import metrics, trace
from opentelemetry.metrics import Observation
from opentelemetry.trace import SpanKind, Status, StatusCode

from kesspay._forks import ForkLock
from kesspay._version import __version__
from kesspay.gateway.events import AnswerEvent, RequestEvent, RetryEvent
from kesspay.gateway.services import known_code
from kesspay.metrics.gauges import OpenPayments, counts_by_state


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import CallbackOptions, MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from kesspay.gateway.events import Event
    from kesspay.transfers.journal import Journal
    from kesspay.transfers.payment import TransferResult
    from kesspay.transfers.summary import JournalSummary


__all__ = ["Telemetry"]

_NAME: Final = "kesspay"
#: Requests whose answer a program that died in between never reports.
_MOST_OPEN: Final = 10_000


class Telemetry:
    """
    Makes a span of each request, and metrics of calls, transfers and a journal.

    ::

        telemetry = Telemetry()
        client = Client(..., on_event=telemetry.event)
        transfers = Transfers(client, journal, on_result=telemetry.result)
        telemetry.observe(lambda: journal)

    A span is a child of the current span at the place where the client is called.
    The references of a transfer are attributes of spans, never of metrics.

    Args:
        tracer_provider: makes the tracer; None for the global provider.
        meter_provider: makes the meter; None for the global provider.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        """Make the instruments."""
        self._tracer = trace.get_tracer(_NAME, __version__, tracer_provider)
        meter = metrics.get_meter(_NAME, __version__, meter_provider)
        self._meter = meter
        self._lock = ForkLock()
        self._open: dict[tuple[str, int, str], Span] = {}
        self._seconds = meter.create_histogram(
            "kesspay.request.duration",
            unit="s",
            description="Time from a request to its answer, log-ins included",
        )
        self._retries = meter.create_counter(
            "kesspay.retries",
            description="Requests that were repeated because that was safe",
        )
        self._log_ins = meter.create_counter(
            "kesspay.log_ins", description="Log-ins that returned a token"
        )
        self._results = meter.create_counter(
            "kesspay.transfer.results",
            description="Results of transfers; one that stays unknown counts each time",
        )

    def event(self, event: Event) -> None:
        """Take an event: ``Client(..., on_event=telemetry.event)``."""
        if isinstance(event, RequestEvent):
            self._begin(event)
        elif isinstance(event, AnswerEvent):
            self._end(event)
        elif isinstance(event, RetryEvent):
            self._retries.add(1, {"kesspay.service": event.service})
        else:
            self._log_ins.add(1)

    def result(self, result: TransferResult) -> None:
        """Take a result: ``Transfers(..., on_result=telemetry.result)``."""
        self._results.add(1, {"kesspay.outcome": result.outcome})

    def observe(self, open_journal: Callable[[], Journal]) -> None:
        """
        Add gauges of the open payments of a journal.

        They are read when the metrics are collected, from the journal at most every
        5 s. There are none while the journal cannot be read.

        Args:
            open_journal: returns the journal; called in the thread that collects.
        """
        payments = OpenPayments(open_journal)
        for name, unit, text, value in _GAUGES:
            self._meter.create_observable_gauge(
                f"kesspay.journal.{name}",
                [_observed(payments, value)],
                unit=unit,
                description=text,
            )

    def _begin(self, event: RequestEvent) -> None:
        span = self._tracer.start_span(
            f"kess {event.service}",
            kind=SpanKind.CLIENT,
            attributes={
                "kesspay.call_id": event.call_id,
                "kesspay.service": event.service,
                "kesspay.reference": event.reference,
                "kesspay.attempt": event.attempt,
                "kesspay.body_sha256": event.sha256,
            },
        )
        with self._lock:
            self._open[_key(event)] = span
            if len(self._open) > _MOST_OPEN:
                del self._open[next(iter(self._open))]

    def _end(self, event: AnswerEvent) -> None:
        with self._lock:
            span = self._open.pop(_key(event), None)
        attributes: dict[str, str | int] = {
            "kesspay.service": event.service,
            "kesspay.verdict": event.verdict,
            "kesspay.code": known_code(event.code),
        }
        if event.http_status is not None:
            attributes["http.response.status_code"] = event.http_status
        if event.reason:
            attributes["error.type"] = event.reason
        self._seconds.record(event.seconds, attributes)
        if span is None:
            return
        span.set_attributes({**attributes, "kesspay.code": event.code})
        span.set_attribute("kesspay.answer_sha256", event.sha256)
        if event.verdict != "success":
            span.set_status(Status(StatusCode.ERROR, event.reason))
        span.end()


def _key(event: RequestEvent | AnswerEvent) -> tuple[str, int, str]:
    # The requests of a call have one id and are numbered.
    return event.call_id, event.attempt, event.service


def _observed(
    payments: OpenPayments, value: Callable[[JournalSummary], Iterable[Observation]]
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    """Return what reads a gauge; there is none while the journal cannot be read."""

    def observe(_: CallbackOptions) -> Iterable[Observation]:
        summary = payments.summary()
        return () if summary is None else value(summary)

    return observe


def _by_state(summary: JournalSummary) -> Iterable[Observation]:
    for state, count in counts_by_state(summary).items():
        yield Observation(count, {"kesspay.state": state})


_GAUGES: Final[
    tuple[tuple[str, str, str, Callable[[JournalSummary], Iterable[Observation]]], ...]
] = (
    (
        "payments",
        "{payment}",
        "Payments that are not finished, by the state of their newest attempt",
        _by_state,
    ),
    (
        "unknown",
        "{payment}",
        "Payments whose outcome is unknown",
        lambda summary: [Observation(summary.unknown.count)],
    ),
    (
        "unknown.oldest",
        "s",
        "Age of the oldest payment whose outcome is unknown; 0 without one",
        lambda summary: [Observation(summary.unknown.age(summary.at) or 0.0)],
    ),
    (
        "unfinished.oldest",
        "s",
        "Age of the oldest payment that is not finished; 0 without one",
        lambda summary: [Observation(summary.unfinished.age(summary.at) or 0.0)],
    ),
    (
        "overdue",
        "s",
        "How long the most overdue payment has been due",
        lambda summary: [Observation(summary.overdue)],
    ),
)
