"""
Print results: JSON, tables on a terminal, plain lines everywhere else.

Documents are written by strangers. On a terminal nothing of them is printed
that could move the cursor, change colours or reverse the direction of text;
into a pipe or a file the bytes go exactly as they are.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from kesspay.cli.outcome import EXIT_OK, Outcome


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from kesspay.cli.problems import Problem


__all__ = ["Printer", "document", "printable"]


class Printer:
    """Prints one outcome."""

    def __init__(self, *, as_json: bool) -> None:
        """Remember how to print; ``as_json`` also for problems."""
        self._as_json = as_json
        self._console: Console | None = None

    @property
    def on_terminal(self) -> bool:
        """Whether standard output is a terminal."""
        return sys.stdout.isatty()

    def show(self, outcome: Outcome | Problem, warnings: list[str]) -> int:
        """Print an outcome or a problem and return the exit code."""
        if self._as_json and (outcome.command or not isinstance(outcome, Outcome)):
            click.echo(document(outcome, warnings))
        elif not isinstance(outcome, Outcome):
            self._problem(outcome)
        else:
            outcome.view(self)
        sys.stdout.flush()
        return outcome.exit_code

    def warn(self, warnings: Iterable[str]) -> None:
        """Print warnings, unless they go into the JSON object."""
        if not self._as_json:
            for warning in warnings:
                self.error(f"warning: {warning}")

    def raw(self, content: bytes) -> None:
        """Print bytes as they are; readable on a terminal."""
        if self.on_terminal:
            self.line(content.decode("utf-8", "backslashreplace"))
            return
        sys.stdout.flush()
        left = memoryview(content)
        while left:
            # With PYTHONUNBUFFERED this is a file that may take only a part.
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.buffer.flush()

    def line(self, text: str = "", style: str = "") -> None:
        """Print one line; style is a rich style, used on a terminal."""
        shown = printable(text)
        console = self._rich() if style else None
        if console is None:
            click.echo(shown)
            return
        from rich.text import Text

        console.print(Text(shown, style=style), soft_wrap=True)

    def table(self, rows: Sequence[tuple[str, str]], title: str = "") -> None:
        """Print labels and values: a table, or a line for each."""
        console = self._rich()
        if console is None:
            if title:
                click.echo(printable(title))
            for label, value in rows:
                click.echo(f"{printable(label)}: {printable(value)}")
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=Text(title) if title else None,
            title_justify="left",
            show_header=False,
            box=None,
            padding=(0, 2, 0, 0),
        )
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for label, value in rows:
            table.add_row(Text(printable(label)), Text(printable(value)))
        console.print(table)

    def _problem(self, problem: Problem) -> None:
        """Print a problem."""
        if problem.help:
            click.echo(problem.message, err=True)
        else:
            self.error(problem.line)

    def error(self, text: str) -> None:
        """Print one line on standard error."""
        click.echo(printable(f"kesspay: {text}"), err=True)

    def _rich(self) -> Console | None:
        """Return rich's console on a terminal, if rich is installed."""
        if not self.on_terminal:
            return None
        if self._console is None:
            try:
                from rich.console import Console
            except ModuleNotFoundError:
                return None
            self._console = Console(highlight=False)
        return self._console


def document(outcome: Outcome | Problem, warnings: list[str]) -> str:
    """Return the JSON object of an outcome, in ASCII so that it survives everywhere."""
    data: dict[str, Any] = {"ok": outcome.exit_code == EXIT_OK}
    data["command"] = outcome.command
    if isinstance(outcome, Outcome):
        data |= outcome.data
    else:
        data["error"] = outcome.as_dict()
    return json.dumps({**data, "warnings": warnings}, indent=2)


def printable(text: str) -> str:
    r"""Replace what a terminal would not print by \xNN or \uNNNN."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in text)


def _escaped(point: int) -> str:
    """Write a code point as Python would in a string literal."""
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
