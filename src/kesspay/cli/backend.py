"""``kesspay backend``: which backend is in use, and on which platform."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from typing import Final

import click

from kesspay._version import __version__
from kesspay.cli.options import json_option
from kesspay.cli.outcome import Outcome


__all__ = ["backend"]

_HELP: Final = """Show which backend is in use: the native core, or pure Python.

\b
JSON fields
    kesspay    version of the package
    backend    name ("native" or "python"), version, openssl, and
               import_error (why an installed native core is not used)
    python     version and implementation
    platform   of this machine
    batches    at_a_time (how many signatures of a batch are verified at once: 8 or
               1), and why_not (why it is 1, or "")
"""


@click.command("backend", help=_HELP)
@json_option
def backend() -> Outcome:
    """Show the backend."""
    from kesspay.signing.backend import backend as in_use
    from kesspay.signing.multibuffer import multibuffer

    used = in_use()
    batches = multibuffer()
    python = f"{platform.python_version()} ({sys.implementation.name})"
    rows = [
        ("kesspay", __version__),
        ("backend", f"{used.name} {used.version}"),
        ("OpenSSL", used.openssl),
        ("batches", str(batches)),
        ("Python", python),
        ("platform", platform.platform()),
    ]
    if used.import_error is not None:
        rows.append(("native core", f"cannot be imported: {used.import_error}"))
    return Outcome(
        "backend",
        {
            "kesspay": __version__,
            "backend": asdict(used),
            "python": python,
            "platform": platform.platform(),
            "batches": asdict(batches),
        },
        lambda printer: printer.table(rows),
    )
