"""``kesspay verify``: whether a body is authentic."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.files import read_file
from kesspay.cli.loading import load_public
from kesspay.cli.options import FILE, json_option, profile_options
from kesspay.cli.outcome import Outcome


if TYPE_CHECKING:
    from kesspay.cli.printer import Printer
    from kesspay.signing.profile import Profile


__all__ = ["verify"]

_HELP: Final = """Verify BODY, a response as it was received, and print what was signed.

Read values only from the canonical text that is printed. Exit code 1
means that the body is not authentic; kesspay explain says why.

\b
JSON fields
    canonical         the text that verified
    canonical_sha256  its SHA-256 in hex
    key               file and fingerprint of the key that verified it
"""


@click.command("verify", help=_HELP)
@click.argument("body", type=FILE)
@click.option(
    "--key",
    "key_files",
    type=FILE,
    required=True,
    multiple=True,
    metavar="PUB",
    help="Public key file; give it again for a ring of keys.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing.")
@profile_options
@json_option
def verify(
    profile: Profile, body: str, key_files: tuple[str, ...], *, quiet: bool
) -> Outcome:
    """Verify a file."""
    from kesspay.signing.keyring import KeyRing

    keys = [load_public(path) for path in key_files]
    verified = KeyRing(keys).match_document(read_file(body), profile=profile)
    canonical = verified.canonical

    def view(printer: Printer) -> None:
        if not quiet:
            printer.raw(canonical)

    return Outcome(
        "verify",
        {
            "canonical": canonical.decode(),
            "canonical_sha256": hashlib.sha256(canonical).hexdigest(),
            "key": {
                "file": key_files[keys.index(verified.key)],
                "fingerprint": verified.key.fingerprint,
            },
        },
        view,
    )
