"""``kesspay demo``: a whole signed transfer against the embedded gateway."""

from __future__ import annotations

import sys
from typing import Final

import click

from kesspay.cli.outcome import Outcome
from kesspay.errors import InputError


__all__ = ["demo"]

_HELP: Final = """Run a whole signed transfer on this machine and print each message.

An embedded gateway on the loopback interface makes its own keys; nothing
leaves the machine. Exit code 1 means that a check did not hold. It needs
the extra kesspay[sandbox].

\b
JSON fields
    ok, backend, openssl, steps, checks, ledger, error
"""


@click.command("demo", help=_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def demo(*, as_json: bool) -> Outcome:
    """Run the demonstration."""
    try:
        from kesspay.cli.demo import run_demo

        exit_code = run_demo(sys.stdout, as_json=as_json)
    except ModuleNotFoundError as error:
        if error.name != "uvicorn":
            raise
        raise InputError(
            "the demo needs uvicorn; install it with: pip install 'kesspay[sandbox]'"
        ) from None
    return Outcome(exit_code=exit_code)
