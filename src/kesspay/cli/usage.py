"""
Say what is wrong with a command line, without what was written on it.

click quotes the value of an option or argument that it cannot use. That value
may be a secret that stands in the wrong place, and standard error goes to logs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from kesspay._shown import could_be_path, kind_of, masked, shown_value


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["usage_message"]


def usage_message(error: click.ClickException, args: Sequence[str]) -> str:
    """
    Return the message of an error of click on one line.

    Args:
        error: of click.
        args: what stood on the command line. Each piece of it that is no name
            of ours, no path and no short value is replaced by its kind.
    """
    message = error.format_message()
    known = set(_known(error))
    hidden = {
        piece
        for piece in _pieces(args)
        if piece not in known
        and not could_be_path(piece)
        and shown_value(piece) != repr(piece)
    }
    for piece in sorted(hidden, key=len, reverse=True):
        kind = f"({kind_of(piece)})"
        message = message.replace(repr(piece), kind)
        raw = rf"(?<![\w-]){re.escape(piece)}(?![\w-])"
        message = re.sub(raw, kind, message)
    # What click wrote in another form, as a number that it read.
    return " ".join(masked(message, hidden).split())


def _pieces(args: Sequence[str]) -> Iterator[str]:
    """Yield what stands on a command line, in every way to take it apart."""
    for arg in args:
        yield arg
        if arg.startswith("-"):
            name, _, value = arg.partition("=")
            yield from (name, value, arg[2:])


def _known(error: click.ClickException) -> Iterator[str]:
    """Yield the names of the commands and options, and the choices of these."""
    if isinstance(error, click.BadOptionUsage):
        yield error.option_name  # of an option that there is
    context = error.ctx if isinstance(error, click.UsageError) else None
    while context is not None:
        command = context.command
        if isinstance(command, click.Group):
            yield from command.list_commands(context)
        for parameter in command.get_params(context):
            yield from (*parameter.opts, *parameter.secondary_opts)
            if isinstance(parameter.type, click.Choice):
                yield from map(str, parameter.type.choices)
        context = context.parent
