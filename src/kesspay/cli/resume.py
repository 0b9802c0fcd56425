"""``kesspay resume``: resume the transfers that a crash or a time-out left."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.metrics import metrics_option, served
from kesspay.cli.options import (
    FiniteRange,
    gateway_options,
    journal_opener_option,
    stop_signals,
)
from kesspay.cli.outcome import EXIT_OK, EXIT_UNKNOWN, Outcome
from kesspay.cli.output import NotWritten
from kesspay.cli.printer import printable
from kesspay.errors import InputError, JournalUnavailable
from kesspay.transfers.watching import Absence


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from kesspay.cli.options import Settings
    from kesspay.cli.printer import Printer
    from kesspay.gateway.client import Client
    from kesspay.transfers.hook import ResultHook
    from kesspay.transfers.journal import Journal
    from kesspay.transfers.payment import TransferResult


__all__ = ["Away", "resume"]

_HELP: Final = """Resume every unfinished transfer of the journal that is due.

It finishes each transfer that a crash or a timeout interrupted, in any process on
any machine. Run it from cron, or with --watch until it is stopped; several can run
at the same time. It confirms only transfers whose debit a program has reported, and
never pays twice.

With --watch --metrics 9187 it serves metrics of requests, transfers and the oldest
unknown transfer for Prometheus, at http://127.0.0.1:9187/metrics.

With --watch each result is printed as it comes: a line of JSON where standard
output is not a terminal. Ctrl-C ends it after the current payment, with exit code 0.

While the journal is unavailable (a database that restarts, a locked file, a full
disk) it reports that on standard error and tries again after growing pauses: for
ever with --watch, else for a minute or for --timeout. It ends at once where a later
try would fail as well: a journal that is damaged or belongs to another account, a
database that refuses the user or the password, and wrong settings.

Exit code 20 means that a transfer needs a person (manual), that the outcome of any
transfer of the journal is unknown, due or not, or that the journal stayed
unavailable.

\b
JSON fields
    results  list of: payment_id, outcome ("paid", "not_paid", "unknown" or
             "manual"), fund_transfer_id (or null), code (of the gateway, or
             ""), reason, next_step, check_at (seconds since 1970, or null),
             evidence, amount (text, or null), currency, debit_id, out_trade_no,
             pre_transfer_id, begun_at, changed_at, expires_at (seconds since
             1970, or null)
    counts   number of results by outcome
    unknown  payment_id of at most 100 transfers whose outcome is unknown now
"""

#: Seconds that a transfer may take, and that a single pass waits for the journal.
_TIMEOUT: Final = 60.0
_MOST: Final = 100
_LOST: Final = "the journal has the results: kesspay journal list"
_OUTCOMES: Final = ("paid", "not_paid", "unknown", "manual")
_STYLES: Final = {"paid": "green", "manual": "bold red", "unknown": "yellow"}


@click.command("resume", help=_HELP)
@click.option("--watch", is_flag=True, help="Run until interrupted.")
@click.option(
    "--every",
    type=FiniteRange(min=0.1, max=3600),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: pause between two rounds.",
)
@metrics_option
@journal_opener_option
@gateway_options
def resume(
    settings: Settings,
    *,
    open_journal: Callable[[], Journal],
    watch: bool,
    every: float,
    metrics: tuple[str, int] | None,
) -> Outcome:
    """Resume what is due."""
    if metrics and not watch:
        raise InputError("--metrics needs --watch: a single pass ends too soon for it")
    timeout = _TIMEOUT if settings.timeout is None else settings.timeout
    counted = served(metrics, open_journal) if metrics else None
    on_event = counted.event if counted else None
    with settings.client(on_event) as client, stop_signals() as stopped:
        away = Away(stopped, math.inf if watch else timeout)
        on_result = counted.result if counted else None
        worker = _Worker(client, open_journal, timeout, away, on_result)
        if watch:
            return _watch(worker, stopped, every)
        results = list(worker.results())
        unknown = worker.unknown()
    counts: Counter[str] = Counter(result.outcome for result in results)
    data = {
        "results": [result.as_json(personal=False) for result in results],
        "counts": {outcome: counts[outcome] for outcome in _OUTCOMES},
        "unknown": unknown,
    }

    def view(printer: Printer) -> None:
        for result in results:
            printer.line(_line(result), _STYLES.get(result.outcome, ""))
        printer.line(_summary(counts) if results else "Nothing is due.")
        if unknown:
            printer.line("Unknown: kesspay journal list --state unknown")

    is_open = bool(counts["unknown"] + counts["manual"] or unknown)
    return Outcome("resume", data, view, EXIT_UNKNOWN if is_open else EXIT_OK)


class _Worker:
    """Goes through the journal, and again after it was away."""

    def __init__(
        self,
        client: Client,
        open_journal: Callable[[], Journal],
        timeout: float,
        away: Away,
        on_result: ResultHook | None = None,
    ) -> None:
        self._client = client
        self._on_result = on_result
        self._open = open_journal
        self._timeout = timeout
        self._away = away
        self._journal: Journal | None = None

    def results(self) -> Iterator[TransferResult]:
        """Yield the result of each transfer that is due, until stopped."""
        from kesspay.transfers.transfers import Transfers

        while True:
            try:
                transfers = Transfers(
                    self._client,
                    self._opened(),
                    timeout=self._timeout,
                    on_result=self._on_result,
                )
                for result in transfers.resume():
                    self._away.is_back()
                    yield result
            except JournalUnavailable as error:
                if not self._away.wait(error):
                    return
            else:
                self._away.is_back()
                return

    def unknown(self) -> list[str]:
        """Return the first payments whose outcome is unknown."""
        from kesspay.transfers.summary import UNKNOWN, listed

        while True:
            try:
                found = listed(self._opened(), UNKNOWN, limit=_MOST)
            except JournalUnavailable as error:
                if not self._away.wait(error):
                    raise
            else:
                return [one.payment.payment_id for one in found]

    def _opened(self) -> Journal:
        if self._journal is None:
            self._journal = self._open()
        return self._journal


def _watch(worker: _Worker, stopped: Event, every: float) -> Outcome:
    """Look at the journal again and again, and print each result."""
    counts: Counter[str] = Counter()
    display = _Live() if _is_on_terminal() else _Lines()
    with display:
        while not stopped.is_set():
            display.count(counts)
            for result in worker.results():
                counts[result.outcome] += 1
                display.result(result)
                display.count(counts)
                if stopped.is_set():
                    break
            else:
                stopped.wait(every)
    return Outcome(exit_code=EXIT_UNKNOWN if display.is_incomplete else EXIT_OK)


def _is_on_terminal() -> bool:
    return sys.stdout.isatty()


class _Lines:
    """A line of JSON for each result."""

    #: Whether a line could not be written.
    is_incomplete = False

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""

    def result(self, result: TransferResult) -> None:
        """Print a result; the journal has those that a full disk does not take."""
        try:
            click.echo(json.dumps(result.as_json(personal=False)))
        except NotWritten as error:
            if error.reader_is_gone:
                raise
            if not self.is_incomplete:
                click.echo(f"kesspay: {error}; continuing; {_LOST}", err=True)
            self.is_incomplete = True

    def count(self, counts: Counter[str]) -> None:
        """Print nothing: the lines can be counted."""


class _Live:
    """Results on a terminal, and under them the counts."""

    is_incomplete = False

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(highlight=False)
        self._status = self._console.status("", spinner="dots")

    def __enter__(self) -> None:
        """Show the counts."""
        self._status.start()

    def __exit__(self, *_: object) -> None:
        """Take them away."""
        self._status.stop()

    def result(self, result: TransferResult) -> None:
        """Print a result above the counts."""
        from rich.text import Text

        style = _STYLES.get(result.outcome, "")
        self._console.print(Text(_line(result), style=style), soft_wrap=True)

    def count(self, counts: Counter[str]) -> None:
        """Show how many results there were."""
        self._status.update(f"watching; {_summary(counts)}")


def _line(result: TransferResult) -> str:
    why = result.fund_transfer_id or result.reason
    return printable(f"{result.outcome:<8} {result.payment_id}  {why}")


def _summary(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _OUTCOMES)


class Away:
    """
    Waits for a journal that is unavailable, and prints that it does.

    Args:
        stopped: ends a pause.
        patience: seconds that all pauses of one absence may take.
    """

    def __init__(self, stopped: Event, patience: float) -> None:
        """Begin with a journal that is there."""
        self._stopped = stopped
        self._absence = Absence(time.monotonic, patience)

    def wait(self, error: JournalUnavailable) -> bool:
        """
        Print an error, and wait.

        Returns:
            True where the command should try again.

        Raises:
            JournalUnavailable: this error, where the journal was unavailable too long,
                or a later try would fail as well.
        """
        pause = self._absence.pause(error)
        self._print(f"{str(error).rstrip('.')}. Trying again in {pause:.0f} s.")
        return not self._stopped.wait(pause)

    def is_back(self) -> None:
        """Print that the journal is available again, if it was not."""
        if self._absence.is_over():
            self._print("the journal is available again")

    @staticmethod
    def _print(text: str) -> None:
        click.echo(printable(f"kesspay: {text}"), err=True)
