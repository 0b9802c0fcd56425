"""What is printed where: pipes get bytes, terminals get readable text."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout

import pytest

from kesspay.cli.printer import Printer, printable


HOSTILE = "\x1b[31mred\x07\u202egnp\x9b\x7f\u2028\r\U000e0001"


class Terminal(io.TextIOWrapper):
    """Standard output that says it is a terminal."""

    def __init__(self) -> None:
        """Collect what is written."""
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        """Say so."""
        return True

    @property
    def text(self) -> str:
        """What was written."""
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make a terminal without colours, 60 columns wide."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    return Terminal()


def assert_harmless(text: str) -> None:
    """Nothing in the text can do more than show a character."""
    assert all(c == "\n" or c.isprintable() for c in text), repr(text)


def test_what_cannot_be_printed_is_escaped() -> None:
    """Control characters and direction marks are written as escapes."""
    assert printable("a\u00e9\u4e2d") == "a\u00e9\u4e2d"
    assert printable(HOSTILE) == (
        r"\x1b[31mred\x07\u202egnp\x9b\x7f\u2028\x0d\U000e0001"
    )


def test_bytes_on_a_terminal_are_readable(terminal: Terminal) -> None:
    """A document cannot drive the terminal, and ends in a line break."""
    with redirect_stdout(terminal):
        Printer().raw(HOSTILE.encode() + b"\xff")
    assert_harmless(terminal.text)
    assert terminal.text.endswith("\\xff\n")


def test_bytes_in_a_pipe_are_exact(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Nothing is added, nothing is escaped."""
    printer = Printer()
    printer.line("first")
    printer.raw(HOSTILE.encode() + b"\xff")
    assert capfdbinary.readouterr().out == b"first\n" + HOSTILE.encode() + b"\xff"


@pytest.mark.parametrize("with_rich", [True, False])
def test_tables_on_a_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, *, with_rich: bool
) -> None:
    """Labels and values are shown with rich and without, markup as it is."""
    if not with_rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    printer = Printer()
    with redirect_stdout(terminal):
        printer.table([("label", "[red]value[/red]"), ("x", HOSTILE)], "Title [b]")
        printer.line("green [b]", "bold green")
    assert_harmless(terminal.text)
    for word in ("Title [b]", "label", "[red]value[/red]", "green [b]"):
        assert word in terminal.text
    assert ("label:" in terminal.text) is not with_rich


def test_long_lines_are_not_broken(terminal: Terminal) -> None:
    """What is longer than the terminal can still be copied in one piece."""
    with redirect_stdout(terminal):
        Printer().line("x" * 500, "bold")
    assert "x" * 500 in terminal.text


def test_colours_are_for_terminals(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verdict is coloured where the terminal can do it and NO_COLOR is not set."""
    with redirect_stdout(terminal):
        Printer().line("plain", "bold green")
    assert terminal.text == "plain\n"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stdout(terminal):
        Printer().line("bold", "bold green")
    assert "32m" not in terminal.text
    monkeypatch.delenv("NO_COLOR")
    with redirect_stdout(terminal):
        Printer().line("loud", "bold green")
    assert "32m" in terminal.text
