"""``kesspay sandbox``: an emulated gateway on this machine, until it is stopped."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final

import click

from kesspay.cli.inputs import require_path
from kesspay.cli.options import FiniteRange, stop_signals
from kesspay.cli.outcome import Outcome
from kesspay.cli.printer import printable
from kesspay.errors import InputError, KesspayError


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.sandbox.home import Home
    from kesspay.sandbox.sandbox import Sandbox


__all__ = ["sandbox"]

_PORT: Final = 8765
_RATE: Final = 0.3

_HELP: Final = """Run an emulated gateway on this machine until it is interrupted.

Keys, credentials and a ledger are made in --home at the first use and kept. The
settings for a client are printed; they hold passwords, which are made up and
protect no money. It listens on 127.0.0.1 only, shows its status at / in the
browser, and needs the extra kesspay[sandbox]. Ctrl-C stops it with exit code 0.

\b
JSON fields, printed at the start as one line, also where standard output is
not a terminal
    page           URL of the status page
    settings       environment variables for a client, value by name
    settings_file  the same, for: set -a; . FILE
    home           folder with keys, credentials and ledger
    kept           whether the ledger is kept
"""


_SNIPPET: Final = """\
from kesspay import Client, Credentials, PrivateKey, PublicKey

client = Client(
    base_url={KESSPAY_BASE_URL},
    credentials=Credentials(
        partner_id={KESSPAY_PARTNER_ID},
        partner_secret_key={KESSPAY_PARTNER_SECRET_KEY},
        user_name={KESSPAY_USER_NAME},
        password={KESSPAY_PASSWORD},
    ),
    private_key=PrivateKey.from_file({KESSPAY_PRIVATE_KEY_FILE}),
    gateway_key=PublicKey.from_file({KESSPAY_GATEWAY_KEY_FILE}),
)
"""


@click.command("sandbox", help=_HELP)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="TCP port; 0 lets the system choose.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=str),
    help="Folder of the state [default: $XDG_STATE_HOME/kesspay/sandbox].",
)
@click.option("--memory", is_flag=True, help="Use an empty ledger; store nothing.")
@click.option(
    "--fault-seed",
    type=int,
    help="Choose faults by this seed; the same seed gives the same faults.",
)
@click.option(
    "--fault-rate",
    type=FiniteRange(0, 1),
    help=f"Share of requests that meet a fault [default: {_RATE}].",
)
@click.option(
    "--stop-after",
    type=FiniteRange(0, min_open=True),
    metavar="SECONDS",
    help="Stop after this time.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
def sandbox(
    *,
    port: int,
    home: str | None,
    memory: bool,
    fault_seed: int | None,
    fault_rate: float | None,
    stop_after: float | None,
    as_json: bool,
) -> Outcome:
    """Run the sandbox."""
    if fault_rate is not None and fault_seed is None:
        raise click.UsageError("--fault-rate needs --fault-seed")
    if find_spec("uvicorn") is None:
        raise InputError(
            "the sandbox needs uvicorn; install it with: pip install 'kesspay[sandbox]'"
        )
    from kesspay.sandbox.home import Home, default_path

    if home is not None:
        require_path(home)
    place = Home(default_path() if home is None else Path(home))
    made = place.sandbox(
        in_memory=memory,
        port=port,
        fault_seed=fault_seed,
        fault_rate=_RATE if fault_rate is None else fault_rate,
    )
    with stop_signals() as stopped, closing(made):
        _start(made)
        environment = place.environment(made.base_url)
        place.write_settings(environment)
        page = made.base_url.removesuffix("partnerapi/v1")
        fields = {
            "page": page,
            "settings": environment,
            "settings_file": str(place.settings_file),
            "home": str(place.path),
            "kept": not memory,
        }
        if as_json or not _is_on_terminal():
            head = {"ok": True, "command": "sandbox"}
            click.echo(json.dumps({**head, **fields, "warnings": []}))
        else:
            for line in _lines(place, page, environment, kept=not memory):
                click.echo(printable(line))
        sys.stdout.flush()
        stopped.wait(stop_after)
    return Outcome()


def _is_on_terminal() -> bool:
    return sys.stdout.isatty()


def _start(made: Sandbox) -> None:
    try:
        made.start()
    except KesspayError as error:
        message = f"{error}; name another with --port, or 0 for any that is free"
        raise InputError(message) from None


def _lines(
    place: Home, page: str, environment: dict[str, str], *, kept: bool
) -> Iterator[str]:
    """Write the settings for people."""
    yield "An emulated gateway on this machine. No real money moves here."
    yield ""
    yield f"status page  {page}"
    yield f"state        {place.path}{'' if kept else ' (the ledger is not stored)'}"
    yield ""
    yield "Settings for a client; the passwords are made up, and for this sandbox only:"
    yield ""
    for name, value in environment.items():
        yield f"export {name}={quote(value)}"
    yield ""
    yield f"or  set -a; . {quote(str(place.settings_file))}; set +a"
    yield ""
    yield "or, in Python,"
    yield ""
    yield from _SNIPPET.format(
        **{name: repr(value) for name, value in environment.items()}
    ).splitlines()
    yield ""
    yield "Ctrl-C stops it."
