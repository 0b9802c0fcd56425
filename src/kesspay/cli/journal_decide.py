"""``kesspay journal decide``: record what a person decided about a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import click

from kesspay.cli.inputs import can_ask
from kesspay.cli.options import gateway_options, journal_option
from kesspay.cli.outcome import EXIT_OK, EXIT_REJECTED, Outcome
from kesspay.errors import InputError, NotSent


if TYPE_CHECKING:
    from kesspay.cli.options import Settings
    from kesspay.cli.printer import Printer
    from kesspay.transfers.decision import Verdict
    from kesspay.transfers.journal import Journal
    from kesspay.transfers.payment import TransferResult


__all__ = ["decide"]

_HELP: Final = """Record what a person decided about a payment that is manual.

Decide once KESS has answered in writing whether the transfer was carried out; the
runbook says what to ask. The gateway is queried first, and no request of this command
can move money. If the query says SUCCESS, the payment is recorded as paid, whatever
was to be decided. Else the outcome stays manual, since a decision proves nothing, and
the payment is no longer open. A decision cannot be changed; the same one may be given
again. On a terminal you are asked first; anywhere else --yes is required.

Exit code 10 means that the gateway says SUCCESS where not_paid was to be recorded:
give nothing back.

\b
JSON fields
    result    as of kesspay resume
    decision  "paid" or "not_paid", as the journal has it now; null where the
              gateway says that it is paid
"""


@click.command("decide", help=_HELP)
@click.argument("payment_id")
@click.option(
    "--as",
    "verdict",
    type=click.Choice(["paid", "not_paid"]),
    required=True,
    help="Whether the receiver has the money.",
)
@click.option(
    "--note",
    required=True,
    metavar="TEXT",
    help="Who said so, and where the answer is filed; recorded.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@journal_option
@gateway_options
def decide(
    settings: Settings,
    *,
    journal: Journal,
    payment_id: str,
    verdict: str,
    note: str,
    yes: bool,
) -> Outcome:
    """Record a decision."""
    from kesspay.transfers.transfers import Transfers

    if not yes:
        _ask(verdict)
    with settings.client() as client, Transfers(client, journal) as transfers:
        result = transfers.decide(
            payment_id, cast("Verdict", verdict), note=note, timeout=settings.timeout
        )
    is_refuted = result.outcome == "paid" and verdict == "not_paid"

    def view(printer: Printer) -> None:
        for line in _lines(result, verdict):
            printer.line(line)

    data: dict[str, Any] = {
        "result": result.as_json(personal=False),
        "decision": result.evidence.get("decision"),
    }
    code = EXIT_REJECTED if is_refuted else EXIT_OK
    return Outcome("journal decide", data, view, code)


def _ask(verdict: str) -> None:
    """
    Ask whether the decision is to be recorded.

    Raises:
        InputError: there is no terminal to ask on.
        NotSent: it is not.
    """
    if not can_ask():
        raise InputError("there is no terminal to ask on: give --yes to decide")
    words = "has the money" if verdict == "paid" else "will never get the money"
    if not click.confirm(f"KESS said that the receiver {words}?", err=True):
        message = "You did not agree, so nothing was changed."
        raise NotSent(message, next_step="give the command again to decide.")


def _lines(result: TransferResult, verdict: str) -> list[str]:
    if result.outcome == "paid":
        first = f"The gateway says that payment {result.payment_id} is paid"
        rest = "" if verdict == "paid" else ", so it was not recorded as not paid"
        return [f"{first}{rest}.", f"next: {result.next_step}"]
    decision = result.evidence["decision"]
    return [
        f"Payment {result.payment_id} is decided as {decision}.",
        f"next: {result.next_step}",
    ]
