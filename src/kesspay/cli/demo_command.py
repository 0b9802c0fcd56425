"""``kesspay demo``: a whole signed transfer against the embedded gateway."""

from __future__ import annotations

import io
import json
import sys
from importlib.util import find_spec
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
    backend, openssl  what computed
    steps             each message, what was signed, and what verified
    checks            what had to hold, and whether it did
    ledger            the credits at the end
    problem           why the demonstration broke off, or null
"""


@click.command("demo", help=_HELP)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def demo(*, as_json: bool) -> Outcome:
    """Run the demonstration."""
    if find_spec("uvicorn") is None:
        raise InputError(
            "the demo needs uvicorn; install it with: pip install 'kesspay[sandbox]'"
        )
    from kesspay.cli.demo import run_demo

    if not as_json:
        return Outcome(exit_code=run_demo(sys.stdout))
    told = io.StringIO()
    exit_code = run_demo(told, as_json=True)
    fields = json.loads(told.getvalue())
    del fields["ok"]
    fields["problem"] = fields.pop("error") or None
    return Outcome("demo", fields, exit_code=exit_code)
