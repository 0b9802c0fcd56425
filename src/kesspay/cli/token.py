"""``kesspay token``: log in, and show what the gateway returned."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.options import gateway_options
from kesspay.cli.outcome import Outcome


if TYPE_CHECKING:
    from kesspay.cli.options import Settings


__all__ = ["token"]

_HELP: Final = """Log in to the gateway and show its answer, but not the token itself.

With --show the token is printed too. It is a secret: anyone who has it can
send requests until it expires, but cannot sign them.

\b
JSON fields
    base_url      of the gateway
    partner_id    who logged in
    expire_in     seconds the gateway says the token lives, or null
    fingerprint   the first 16 hex digits of the SHA-256 of the token
    access_token  the token, with --show only
"""

_FINGERPRINT: Final = 16


@click.command("token", help=_HELP)
@click.option("--show", is_flag=True, help="Print the token, which is a secret.")
@gateway_options
def token(settings: Settings, *, show: bool) -> Outcome:
    """Log in."""
    found = settings.environment()
    with settings.client_of(found) as client:
        got = client.token()
    digest = sha256(got.access_token.encode()).hexdigest()
    data = {
        "base_url": found.client["base_url"],
        "partner_id": found.client["credentials"].partner_id,
        "expire_in": got.expire_in,
        "fingerprint": digest[:_FINGERPRINT],
    }
    lifetime = "not stated" if got.expire_in is None else f"{got.expire_in} seconds"
    rows = [
        ("gateway", data["base_url"]),
        ("partner", data["partner_id"]),
        ("lifetime", lifetime),
        ("fingerprint", data["fingerprint"]),
    ]
    if show:
        data["access_token"] = got.access_token
        rows.append(("token", got.access_token))
    return Outcome("token", data, lambda printer: printer.table(rows))
