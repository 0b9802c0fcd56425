"""
Metrics for Prometheus, as ``kesspay resume --watch --metrics`` serves them.

It needs the extra ``kesspay[prometheus]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kesspay._version import __version__
from kesspay.gateway.events import AnswerEvent, RetryEvent, TokenEvent
from kesspay.gateway.services import known_code
from kesspay.metrics.gauges import OpenPayments, counts_by_state


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from kesspay.gateway.events import Event
    from kesspay.transfers.journal import Journal
    from kesspay.transfers.payment import TransferResult
    from kesspay.transfers.summary import Share


__all__ = ["PrometheusMetrics"]

#: Seconds: an answer comes within a second, and the deadline of a confirm is 30 s.
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class PrometheusMetrics:
    """
    Counts the events of a client, the results of its transfers and open payments.

    ::

        metrics = PrometheusMetrics(prometheus_client.REGISTRY)
        client = Client(..., on_event=metrics.event)
        transfers = Transfers(client, journal, on_result=metrics.result)
        metrics.observe(lambda: journal)

    No label names a payment, a person or a key.

    Args:
        registry: the registry that takes the metrics; ``prometheus_client`` serves it.

    Raises:
        ValueError: the registry has metrics of these names already.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the metrics."""
        self._registry = registry
        self._seconds = Histogram(
            "kesspay_request_seconds",
            "Time from a request to its answer, log-ins included",
            ("service", "verdict"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._codes = Counter(
            "kesspay_answers",
            "Answers by the code of the gateway; unsigned ones have none",
            ("service", "verdict", "code"),
            registry=registry,
        )
        self._retries = Counter(
            "kesspay_retries",
            "Requests that were retried, where that is safe",
            ("service",),
            registry=registry,
        )
        self._log_ins = Counter(
            "kesspay_log_ins", "Log-ins that returned a token", registry=registry
        )
        self._results = Counter(
            "kesspay_transfer_results",
            "Results of transfers; one that stays unknown counts each time",
            ("outcome",),
            registry=registry,
        )
        for outcome in ("paid", "not_paid", "unknown", "manual"):
            self._results.labels(outcome)
        registry.register(_Info())

    def event(self, event: Event) -> None:
        """Count an event: ``Client(..., on_event=metrics.event)``."""
        if isinstance(event, AnswerEvent):
            of_call = (event.service, event.verdict)
            self._seconds.labels(*of_call).observe(event.seconds)
            self._codes.labels(*of_call, known_code(event.code)).inc()
        elif isinstance(event, RetryEvent):
            self._retries.labels(event.service).inc()
        elif isinstance(event, TokenEvent):
            self._log_ins.inc()

    def result(self, result: TransferResult) -> None:
        """Count a result: ``Transfers(..., on_result=metrics.result)``."""
        self._results.labels(result.outcome).inc()

    def observe(self, open_journal: Callable[[], Journal]) -> None:
        """
        Add gauges of the open payments of a journal.

        They are read when the metrics are served, from the journal at most every 5 s.

        Args:
            open_journal: returns the journal; called in the thread that serves.
        """
        self._registry.register(_OfJournal(OpenPayments(open_journal)))


class _Info(Collector):
    """The version."""

    def collect(self) -> Iterator[Metric]:
        """Yield it as a label."""
        info = GaugeMetricFamily("kesspay_info", "The version", labels=["version"])
        info.add_metric([__version__], 1.0)
        yield info


class _OfJournal(Collector):
    """The payments of a journal that are not finished."""

    def __init__(self, payments: OpenPayments) -> None:
        """Take the counts."""
        self._payments = payments

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges; only the first one while the journal cannot be read."""
        summary = self._payments.summary()
        yield _gauge(
            "kesspay_journal_up",
            "1 where the journal can be read, else 0",
            0.0 if summary is None else 1.0,
        )
        if summary is None:
            return
        payments = GaugeMetricFamily(
            "kesspay_journal_payments",
            "Payments that are not finished, by the state of their newest attempt",
            labels=["state"],
        )
        for state, count in counts_by_state(summary).items():
            payments.add_metric([state], float(count))
        yield payments
        for name, which, share in (
            ("unknown", "whose outcome is unknown", summary.unknown),
            ("unfinished", "that are not finished", summary.unfinished),
            ("due", "that a worker should have resumed", summary.due),
        ):
            yield from _of_share(name, which, share, summary.at)
        yield _gauge(
            "kesspay_journal_overdue_seconds",
            "How long the most overdue payment has been due",
            summary.overdue,
        )


def _of_share(name: str, which: str, share: Share, now: float) -> Iterator[Metric]:
    """Yield the gauges of some payments: number, amount, and age of the oldest."""
    place = f"kesspay_journal_{name}"
    yield _gauge(f"{place}_payments", f"Payments {which}", float(share.count))
    amount = GaugeMetricFamily(
        f"{place}_amount", f"Sum of the payments {which}", labels=["currency"]
    )
    for currency, total in share.amounts.items():
        amount.add_metric([currency], float(total))
    yield amount
    yield _gauge(
        f"{place}_oldest_seconds",
        f"Age of the oldest payment {which}; 0 without one",
        share.age(now) or 0.0,
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, text)
    gauge.add_metric([], value)
    return gauge
