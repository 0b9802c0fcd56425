"""``kesspay keys``: make a pair of keys, and check that two files are one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.files import is_stdin
from kesspay.cli.options import FILE, json_option, password_options
from kesspay.cli.outcome import EXIT_NOT_AUTHENTIC, EXIT_OK, Outcome
from kesspay.cli.passwords import ask_password, can_ask, given_password
from kesspay.errors import InputError


if TYPE_CHECKING:
    from kesspay.cli.keyreport import KeyFileReport
    from kesspay.cli.printer import Printer


__all__ = ["keys"]

_GENERATE_HELP: Final = """\
Make an RSA key, the private one in PRIV, the public one in PUB.

PRIV is made readable by its owner only, and encrypted if a password is
given. An existing file is never overwritten. Hand out PUB, and its
fingerprint over another channel.

\b
JSON fields
    private      path, encrypted (true or false)
    public       path
    bits         length of the modulus
    fingerprint  SHA-256 of the public key (SubjectPublicKeyInfo) in hex
"""

_CHECK_HELP: Final = """Tell whether PRIV and PUB are the two halves of one key.

Exit code 1 means that they are not, or that the key policy refuses one
of them. Warnings about permissions do not change the exit code.

\b
JSON fields
    match    true, false, or null where a file holds no usable key
    private  and
    public   the same for each file:
        path, kind (what was found), form, bits, fingerprint,
        mode ("0600" or null), exposed (others can read the private or
        change the public key file), policy ("ok" or the reason of the
        refusal), problem (text or null)
"""


@click.group("keys")
def keys() -> None:
    """Make a pair of keys, and check key files."""


@keys.command("generate", help=_GENERATE_HELP)
@click.argument("priv", type=FILE)
@click.argument("pub", type=FILE)
@click.option(
    "--bits",
    type=click.Choice(["2048", "3072", "4096"]),
    default="2048",
    show_default=True,
    help="Length of the modulus. Longer keys sign more slowly.",
)
@click.option("--encrypt", is_flag=True, help="Ask for a password on the terminal.")
@password_options
@json_option
def generate(
    priv: str,
    pub: str,
    bits: str,
    *,
    encrypt: bool,
    password_file: str | None,
    password_env: str | None,
) -> Outcome:
    """Make a pair of keys."""
    from kesspay.cli.keymaker import make_keys

    if is_stdin(priv) or is_stdin(pub):
        raise InputError("keys are written to files only")
    password = given_password(password_file, password_env)
    if encrypt and password is None:
        if not can_ask():
            raise InputError(
                "there is no terminal to ask for a password on; use --password-file "
                "or --password-env"
            )
        password = ask_password("New password", confirm=True)
    fingerprint = make_keys(priv, pub, int(bits), password)
    rows = [
        ("private key", priv + (" (encrypted)" if password else " (not encrypted)")),
        ("public key", pub),
        ("bits", bits),
        ("fingerprint", fingerprint),
    ]
    return Outcome(
        "keys generate",
        {
            "private": {"path": priv, "encrypted": password is not None},
            "public": {"path": pub},
            "bits": int(bits),
            "fingerprint": fingerprint,
        },
        lambda printer: printer.table(rows),
    )


@keys.command("check", help=_CHECK_HELP)
@click.argument("priv", type=FILE)
@click.argument("pub", type=FILE)
@password_options
@json_option
def check(
    priv: str, pub: str, *, password_file: str | None, password_env: str | None
) -> Outcome:
    """Compare two key files."""
    from kesspay.cli.keyreport import report_private, report_public

    private = report_private(priv, password_file, password_env)
    public = report_public(pub)
    match = None
    if private.fingerprint and public.fingerprint:
        match = private.fingerprint == public.fingerprint
    good = match and private.policy == public.policy == "ok"

    def view(printer: Printer) -> None:
        printer.table(_rows(private), "Private key")
        printer.line()
        printer.table(_rows(public), "Public key")
        printer.line()
        printer.line(*_verdict(match=match))

    return Outcome(
        "keys check",
        {"match": match, "private": asdict(private), "public": asdict(public)},
        view,
        EXIT_OK if good else EXIT_NOT_AUTHENTIC,
    )


def _rows(report: KeyFileReport) -> list[tuple[str, str]]:
    """Write a report for people."""
    rows = [("file", report.path), ("found", f"{report.kind}, {report.form}")]
    if report.fingerprint:
        rows += [("bits", str(report.bits)), ("fingerprint", report.fingerprint)]
    if report.mode:
        note = " (open to others; chmod 600 closes it)" if report.exposed else ""
        rows.append(("permissions", report.mode + note))
    rows.append(("policy", report.problem or "ok"))
    return rows


def _verdict(*, match: bool | None) -> tuple[str, str]:
    """Give the verdict and its colour."""
    if match is None:
        return "The files cannot be compared.", "bold red"
    if match:
        return "The files are the two halves of one key.", "bold green"
    return "The files do not belong together.", "bold red"
