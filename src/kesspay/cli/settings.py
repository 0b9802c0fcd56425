"""Where the commands that talk to the gateway get their settings and client."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from kesspay._secrets import HoldsSecrets
from kesspay.cli.envfile import read_env_file
from kesspay.cli.options import FILE, json_option
from kesspay.cli.printer import printable


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kesspay.cli.outcome import Outcome
    from kesspay.gateway.client import Client
    from kesspay.gateway.environment import Environment
    from kesspay.http.sync import HttpTransport


__all__ = ["Settings", "gateway_options"]


@dataclass(frozen=True, slots=True, eq=False)
class Settings(HoldsSecrets):
    """
    What a command is told about the gateway.

    Args:
        variables: the KESSPAY_ variables.
        timeout: seconds for each call, or None for what the variables say.
    """

    variables: Mapping[str, str] = field(repr=False)
    timeout: float | None = None

    def environment(self) -> Environment:
        """
        Read the variables.

        Raises:
            InputError: as ``read_environment``.
        """
        from kesspay.gateway.environment import read_environment

        found = read_environment(self.variables)
        if self.timeout is not None:
            found.client["timeout"] = self.timeout
        return found

    def transport(self, options: dict[str, Any]) -> HttpTransport:
        """Return a transport that is closed when the command ends."""
        from kesspay.http.sync import HttpTransport

        made = HttpTransport(**options)
        click.get_current_context().call_on_close(made.close)
        return made

    def client(self) -> Client:
        """
        Return a client.

        Raises:
            InputError: as ``Client.from_env``.
        """
        return self.client_of(self.environment())

    def client_of(self, found: Environment) -> Client:
        """Return a client with settings that were read before."""
        from kesspay.gateway.client import Client

        return Client(**found.client, transport=self.transport(found.transport))


class _ToStandardError(logging.Handler):
    """Tells what happens between a client and the gateway, a line for each."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"kesspay: {printable(record.getMessage())}", err=True)


def gateway_options(command: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Accept what every command of the gateway does; it gets its Settings."""

    @click.option(
        "--env-file",
        type=FILE,
        metavar="FILE",
        help="Take the KESSPAY_ variables from FILE, and none from elsewhere.",
    )
    @click.option(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="Seconds for each call, log-ins and retries included.",
    )
    @click.option(
        "--verbose",
        "-v",
        is_flag=True,
        help="Tell each request and answer on standard error; no secret.",
    )
    @json_option
    @wraps(command)
    def with_settings(
        *,
        env_file: str | None,
        timeout: float | None,
        verbose: bool,
        **others: Any,  # noqa: ANN401 - passed on as they are
    ) -> Outcome:
        # Settings of two gateways must never mix: a file stands alone.
        variables = os.environ if env_file is None else read_env_file(env_file)
        _listen(verbose=verbose)
        return command(settings=Settings(variables, timeout), **others)

    return with_settings


def _listen(*, verbose: bool) -> None:
    """Tell of events, or keep them from being told, while the command runs."""
    log = logging.getLogger("kesspay.gateway")
    handler = _ToStandardError() if verbose else logging.NullHandler()
    level, propagate = log.level, log.propagate
    log.addHandler(handler)
    log.propagate = False
    if verbose:
        log.setLevel(logging.DEBUG)

    def stop() -> None:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagate

    click.get_current_context().call_on_close(stop)
