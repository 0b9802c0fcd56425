"""Serves metrics for Prometheus beside a command, while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from kesspay._shown import shown_value
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.metrics.prometheus import PrometheusMetrics
    from kesspay.transfers.journal import Journal


__all__ = ["metrics_option", "served"]

_HOST: Final = "127.0.0.1"
_HIGHEST: Final = 65_535


def _place(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> tuple[str, int] | None:
    """
    Read PORT or HOST:PORT; an IPv6 address stands in brackets.

    Raises:
        click.BadParameter: it is neither.
    """
    del context, parameter
    if given is None:
        return None
    host, separator, port = given.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if (
        not (port.isascii() and port.isdigit() and int(port[:9]) <= _HIGHEST)
        or (separator and not host)
        or any(character.isspace() or character in "/@" for character in host)
    ):
        raise click.BadParameter(
            f"give PORT or HOST:PORT, with a port up to {_HIGHEST}"
            f" ({shown_value(given)} was given)"
        )
    return host or _HOST, int(port)


metrics_option = click.option(
    "--metrics",
    callback=_place,
    metavar="[HOST:]PORT",
    help=f"With --watch: serve metrics for Prometheus there [HOST: {_HOST}].",
)


def served(
    place: tuple[str, int], open_journal: Callable[[], Journal]
) -> PrometheusMetrics:
    """
    Serve metrics until the command ends.

    Args:
        place: host and port.
        open_journal: returns a journal for the thread that counts its payments.

    Raises:
        InputError: prometheus_client is not installed, or nothing can listen there.
    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server

        from kesspay.metrics.prometheus import PrometheusMetrics
    except ModuleNotFoundError:
        raise InputError(
            "--metrics needs prometheus_client; install it with:"
            " pip install 'kesspay[prometheus]'"
        ) from None
    host, port = place
    registry = CollectorRegistry()
    made = PrometheusMetrics(registry)
    made.observe(_once(open_journal))
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except (OSError, UnicodeError) as error:
        # A host name that no DNS can hold is a UnicodeError.
        reason = getattr(error, "strerror", None) or "no host has this name"
        raise InputError(
            f"metrics cannot be served at {host} port {port}: {reason}"
        ) from None

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    click.get_current_context().call_on_close(stop)
    where = f"http://{host}:{server.server_port}/metrics"
    click.echo(f"kesspay: metrics are at {where}", err=True)
    return made


def _once(open_journal: Callable[[], Journal]) -> Callable[[], Journal]:
    """Return what opens a journal at its first call, and keeps it."""
    opened: list[Journal] = []

    def journal() -> Journal:
        if not opened:
            opened.append(open_journal())
        return opened[0]

    return journal
