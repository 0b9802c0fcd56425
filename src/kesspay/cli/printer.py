"""
Print tables on a terminal, and plain lines everywhere else.

Documents are written by strangers. On a terminal nothing of them is printed
that could move the cursor, change colours or reverse the direction of text;
into a pipe or a file the bytes go exactly as they are.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click


if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


__all__ = ["Printer", "printable"]


class Printer:
    """Prints lines and tables on standard output, and errors on standard error."""

    def __init__(self) -> None:
        """Make no console yet."""
        self._console: Console | None = None

    @property
    def on_terminal(self) -> bool:
        """Whether standard output is a terminal."""
        return sys.stdout.isatty()

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
