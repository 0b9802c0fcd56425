"""``kesspay probe``: settle with a sandbox what the API document leaves open."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.outcome import EXIT_NOT_HELD, EXIT_OK, Outcome
from kesspay.cli.settings import gateway_options
from kesspay.errors import InputError


if TYPE_CHECKING:
    from kesspay.cli.printer import Printer
    from kesspay.cli.settings import Settings


__all__ = ["probe"]

_HELP: Final = """\
Ask a sandbox account what the API document leaves open.

It logs in twice, which may end a token in use, and makes a handful of
pre-transfers to --receiver; without --confirm-amount no money moves. It is
for a sandbox only: --sandbox says that the account is one.

Prints what was found, and the settings that fit. Exit code 1 means that a
question stayed open.

\b
JSON fields
    findings  list of: note (number of the question), question, verdict
              ("settled", "open" or "skipped"), finding, evidence, setting
    settings  object: the variables that fit, and their values
"""

#: What a question about a sandbox may cost, in dollars.
_MOST: Final = Decimal(1)
_STYLES: Final = {"settled": "green", "open": "bold red"}


@click.command("probe", help=_HELP)
@click.option("--sandbox", is_flag=True, help="The account is one of a sandbox.")
@click.option(
    "--receiver", required=True, metavar="ID", help="A KESS user of the sandbox."
)
@click.option(
    "--confirm-amount",
    metavar="AMOUNT",
    help="Also confirm a transfer of so much, at most 1 dollar.",
)
@gateway_options
def probe(
    settings: Settings, *, sandbox: bool, receiver: str, confirm_amount: str | None
) -> Outcome:
    """Ask every question."""
    from kesspay.cli.probing import Probing
    from kesspay.cli.transferfile import read_amount
    from kesspay.gateway.messages import check_receiver

    if not sandbox:
        raise InputError(
            "the probe is for sandboxes: say with --sandbox that it is one"
        )
    check_receiver("receiver_id", receiver)
    amount = None if confirm_amount is None else read_amount(confirm_amount)
    if amount is not None and amount > _MOST:
        raise InputError(f"--confirm-amount is at most {_MOST} dollar")
    found = settings.environment()
    transport = settings.transport(found.transport)
    findings = Probing(found.client, transport, receiver=receiver, amount=amount).run()
    fitting = dict(
        finding.setting.split("=", 1) for finding in findings if finding.setting
    )
    is_open = any(finding.verdict == "open" for finding in findings)

    def view(printer: Printer) -> None:
        for finding in findings:
            head = f"{finding.verdict:<8} note {finding.note:>2}  {finding.question}"
            printer.line(head, _STYLES.get(finding.verdict, ""))
            printer.line(f"{'':<18}{finding.finding}")
            if finding.evidence:
                printer.line(f"{'':<18}({finding.evidence})")
        printer.line()
        printer.line("The settings that fit:")
        for name, value in fitting.items():
            printer.line(f"    {name}={value}")

    return Outcome(
        "probe",
        {"findings": [asdict(finding) for finding in findings], "settings": fitting},
        view,
        EXIT_NOT_HELD if is_open else EXIT_OK,
    )
