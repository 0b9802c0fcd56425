"""``kesspay canon``, ``sign`` and ``verify``: documents and their signatures."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.inputs import load_private, load_public, read_file
from kesspay.cli.options import (
    FILE,
    json_option,
    key_files_option,
    password_options,
    profile_options,
)
from kesspay.cli.outcome import Outcome
from kesspay.errors import CanonicalizationError


if TYPE_CHECKING:
    from kesspay.cli.printer import Printer
    from kesspay.signing.profile import Profile
    from kesspay.signing.reference.decode import Value


__all__ = ["canon", "sign", "verify"]

_CANON_HELP: Final = """Print the canonical form of the JSON document in FILE.

These are the bytes that are signed: what PHP gives for json_decode,
ksort, removal of sign and sign_type, and json_encode. Into a pipe they
are written exactly, without a final line break.

\b
JSON fields
    canonical         the text
    canonical_sha256  its SHA-256 in hex
    canonical_length  its length in bytes
"""


@click.command("canon", help=_CANON_HELP)
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


_SIGN_HELP: Final = """Sign the JSON document in FILE and print the signature in base64.

The signature is over its canonical form, as kesspay canon prints it.
With --body, FILE holds the parameters of a request, without sign; the
body to send is printed, sign_type and sign included. It is refused if a
gateway would read it differently, or if a key occurs twice.

\b
JSON fields
    sign              the signature in base64
    body              the request body, or null without --body
    canonical         the text that was signed
    canonical_sha256  its SHA-256 in hex
    fingerprint       of the public half of the key
"""


@click.command("sign", help=_SIGN_HELP)
@click.argument("file", type=FILE)
@click.option(
    "--key",
    "key_file",
    type=FILE,
    required=True,
    metavar="PRIV",
    help="Private key file.",
)
@click.option(
    "--body", "as_body", is_flag=True, help="Print the signed request body instead."
)
@password_options
@profile_options
@json_option
def sign(
    profile: Profile,
    file: str,
    key_file: str,
    *,
    as_body: bool,
    password_file: str | None,
    password_env: str | None,
) -> Outcome:
    """Sign a file."""
    from kesspay.signing.documents import canonicalize

    text = read_file(file)
    canonical = canonicalize(text, profile=profile)
    parameters = _parameters(text) if as_body else {}
    key = load_private(key_file, password_file, password_env)
    signature = key.sign_document(text, profile=profile)
    body = key.signed_body(parameters, profile=profile) if as_body else None
    fields = {
        "sign": signature,
        "body": None if body is None else body.decode(),
        "canonical": canonical.decode(),
        "canonical_sha256": hashlib.sha256(canonical).hexdigest(),
        "fingerprint": key.fingerprint,
    }
    if body is not None:
        return Outcome("sign", fields, lambda printer: printer.raw(body))
    return Outcome("sign", fields, lambda printer: printer.line(signature))


def _parameters(text: bytes) -> dict[str, Value]:
    """
    Read the parameters of a request.

    Raises:
        CanonicalizationError: ``duplicate``, or ``not_object``.
    """
    from kesspay.signing.reference.canonical import decode

    decoded = decode(text)
    if not isinstance(decoded.value, dict):
        raise CanonicalizationError("not_object", position=0)
    if decoded.duplicate is not None:
        raise CanonicalizationError("duplicate", position=decoded.duplicate)
    return decoded.value


_VERIFY_HELP: Final = """\
Verify BODY, a response as it was received, and print what was signed.

Read values only from the canonical text that is printed. Exit code 1
means that the body is not authentic; kesspay explain says why.

\b
JSON fields
    canonical         the text that verified
    canonical_sha256  its SHA-256 in hex
    key               file and fingerprint of the key that verified it
"""


@click.command("verify", help=_VERIFY_HELP)
@click.argument("body", type=FILE)
@key_files_option("Public key file")
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
