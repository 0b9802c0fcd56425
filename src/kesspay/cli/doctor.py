"""``kesspay doctor``: what is wrong with the settings, and how to mend it."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.outcome import EXIT_NOT_HELD, EXIT_OK, Outcome
from kesspay.cli.settings import gateway_options


if TYPE_CHECKING:
    from kesspay.cli.checks import Check
    from kesspay.cli.printer import Printer
    from kesspay.cli.settings import Settings


__all__ = ["doctor"]

_HELP: Final = """\
Check settings, keys, files, journal, clock, TLS, log-in and signatures.

Says of each what was found and what to do. It moves no money: it logs in,
and asks for a transfer that does not exist. No secret is printed.

Exit code 1 means that a check failed; warnings do not change it.

\b
JSON fields
    checks  list of: name, verdict ("ok", "warning", "failed" or "skipped"),
            found, fix (or "")
"""

_STYLES: Final = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@click.command("doctor", help=_HELP)
@click.option("--offline", is_flag=True, help="Send nothing.")
@gateway_options
def doctor(settings: Settings, *, offline: bool) -> Outcome:
    """Check everything."""
    from kesspay.cli.checks import Checks
    from kesspay.cli.checkup import check_offline
    from kesspay.cli.checkup_journal import check_journal
    from kesspay.cli.checkup_online import check_online, skip_online

    checks = Checks()
    with warnings.catch_warnings():
        # What is warned of here is what the checks tell.
        warnings.simplefilter("ignore", UserWarning)
        found = check_offline(settings.variables, checks)
        check_journal(settings.variables, found, checks)
        if settings.timeout is not None:
            found.client["timeout"] = settings.timeout
        if offline:
            skip_online(checks, "--offline")
        else:
            check_online(found, settings.transport(found.transport), checks)
    failed = any(check.verdict == "failed" for check in checks.all)

    def view(printer: Printer) -> None:
        width = max(len(check.name) for check in checks.all)
        for check in checks.all:
            _show(printer, check, width)
        printer.line()
        if failed:
            printer.line("Something has to be mended.", "bold red")
        else:
            printer.line("Nothing failed.", "bold green")

    return Outcome(
        "doctor",
        {"checks": [asdict(check) for check in checks.all]},
        view,
        EXIT_NOT_HELD if failed else EXIT_OK,
    )


def _show(printer: Printer, check: Check, width: int) -> None:
    """Print a check, and under it what to do."""
    head = f"{check.verdict:<8} {check.name:<{width}}"
    printer.line(f"{head}  {check.found}", _STYLES.get(check.verdict, ""))
    if check.fix:
        printer.line(f"{'':<8} {'':<{width}}  -> {check.fix}")
