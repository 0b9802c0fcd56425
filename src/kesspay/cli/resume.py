"""``kesspay resume``: go on with what crashes and time-outs left."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.journals import journal_option
from kesspay.cli.outcome import EXIT_OK, EXIT_UNKNOWN, Outcome
from kesspay.cli.printer import printable
from kesspay.cli.settings import gateway_options
from kesspay.cli.signals import told_to_stop


if TYPE_CHECKING:
    from threading import Event

    from kesspay.cli.printer import Printer
    from kesspay.cli.settings import Settings
    from kesspay.transfers.journal import Journal
    from kesspay.transfers.result import TransferResult
    from kesspay.transfers.transfers import Transfers


__all__ = ["resume"]

_HELP: Final = """Go on with every transfer of the journal that is due.

Takes up what a crash or a time-out left, of any process and any machine. Run it
from cron, or with --watch for ever; several can run at the same time. It
confirms only what its program had begun to confirm, and never pays twice.

With --watch each result is printed as it comes: a line of JSON where standard
output is no terminal. Ctrl-C ends it after the payment at hand, exit code 0.

Exit code 20 means that a transfer needs a person (manual), or that its outcome is
still unknown.

\b
JSON fields
    results  list of: payment_id, outcome ("paid", "not_paid", "unknown" or
             "manual"), fund_transfer_id (or null), code (of the gateway, or
             ""), reason, next_step, check_at (seconds since 1970, or null),
             evidence
    counts   number of results by outcome
"""

_OUTCOMES: Final = ("paid", "not_paid", "unknown", "manual")
_STYLES: Final = {"paid": "green", "manual": "bold red", "unknown": "yellow"}


@click.command("resume", help=_HELP)
@click.option("--watch", is_flag=True, help="Go on until interrupted.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1, max=3600),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: pause between two looks at the journal.",
)
@journal_option
@gateway_options
def resume(
    settings: Settings, *, journal: Journal, watch: bool, every: float
) -> Outcome:
    """Settle what is due."""
    from kesspay.transfers.transfers import Transfers

    with settings.client() as client:
        transfers = Transfers(client, journal)
        if watch:
            with told_to_stop() as stopped:
                _watch(transfers, stopped, every)
            return Outcome()
        results = list(transfers.resume())
    counts: Counter[str] = Counter(result.outcome for result in results)
    data = {
        "results": [asdict(result) for result in results],
        "counts": {outcome: counts[outcome] for outcome in _OUTCOMES},
    }

    def view(printer: Printer) -> None:
        for result in results:
            printer.line(_line(result), _STYLES.get(result.outcome, ""))
        printer.line(_told(counts) if results else "Nothing is due.")

    open_ones = counts["unknown"] + counts["manual"]
    return Outcome("resume", data, view, EXIT_UNKNOWN if open_ones else EXIT_OK)


def _watch(transfers: Transfers, stopped: Event, every: float) -> None:
    """Look at the journal again and again, telling each result."""
    counts: Counter[str] = Counter()
    display = _Live() if _is_on_terminal() else _Lines()
    with display:
        while not stopped.is_set():
            display.count(counts)
            for result in transfers.resume():
                counts[result.outcome] += 1
                display.result(result)
                display.count(counts)
                if stopped.is_set():
                    return
            stopped.wait(every)


def _is_on_terminal() -> bool:
    return sys.stdout.isatty()


class _Lines:
    """A line of JSON for each result."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""

    def result(self, result: TransferResult) -> None:
        """Print a result."""
        click.echo(json.dumps(asdict(result)))

    def count(self, counts: Counter[str]) -> None:
        """Print nothing: the lines can be counted."""


class _Live:
    """Results on a terminal, and under them the counts."""

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
        self._status.update(f"watching; {_told(counts)}")


def _line(result: TransferResult) -> str:
    why = result.fund_transfer_id or result.reason
    return printable(f"{result.outcome:<8} {result.payment_id}  {why}")


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in _OUTCOMES)
