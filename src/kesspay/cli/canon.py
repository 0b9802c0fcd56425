"""``kesspay canon``: the canonical form of a document."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.files import read_file
from kesspay.cli.options import FILE, json_option, profile_options
from kesspay.cli.outcome import Outcome


if TYPE_CHECKING:
    from kesspay.signing.profile import Profile


__all__ = ["canon"]

_HELP: Final = """Print the canonical form of the JSON document in FILE.

These are the bytes that are signed: what PHP gives for json_decode,
ksort, removal of sign and sign_type, and json_encode. Into a pipe they
are written exactly, without a final line break.

\b
JSON fields
    canonical         the text
    canonical_sha256  its SHA-256 in hex
    canonical_length  its length in bytes
"""


@click.command("canon", help=_HELP)
@click.argument("file", type=FILE)
@profile_options
@json_option
def canon(profile: Profile, file: str) -> Outcome:
    """Canonicalize a file."""
    from kesspay.signing.documents import canonicalize

    canonical = canonicalize(read_file(file), profile=profile)
    return Outcome(
        "canon",
        {
            "canonical": canonical.decode(),
            "canonical_sha256": hashlib.sha256(canonical).hexdigest(),
            "canonical_length": len(canonical),
        },
        lambda printer: printer.raw(canonical),
    )
