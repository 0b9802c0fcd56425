"""
Where passwords come from: a file, the environment, or a prompt.

Never the command line, which every user of a machine can read, and never an
echo. A prompt appears only where standard input and standard error both are a
terminal, so no script hangs in one.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Final

import click

from kesspay._shown import kind_of, shown_path
from kesspay.cli.files import read_file
from kesspay.errors import InputError


__all__ = ["ask_password", "can_ask", "given_password"]


#: A name that nobody takes for a password: several words in capital letters.
_NAME: Final = re.compile(r"[A-Z]{2,12}(?:_[A-Z]{2,12})+")


def given_password(file: str | None, variable: str | None) -> bytes | None:
    """
    Return the password that the options name, or None where they name none.

    Args:
        file: its first line is the password.
        variable: environment variable.

    Raises:
        InputError: both are given, or there is no password.
    """
    if file is not None and variable is not None:
        raise InputError("give --password-file or --password-env, not both")
    if file is not None:
        content = read_file(file)
        password = content.split(b"\n", 1)[0].removesuffix(b"\r")
        if not password:
            raise InputError(f"the first line of {shown_path(file)} is empty")
        return password
    if variable is not None:
        password = os.fsencode(os.environ.get(variable, ""))
        if not password:
            # It may be the password itself, in place of the name of its variable.
            is_name = _NAME.fullmatch(variable) is not None
            shown = repr(variable) if is_name else f"({kind_of(variable)})"
            raise InputError(f"the environment variable {shown} is not set")
        return password
    return None


def can_ask() -> bool:
    """Say whether somebody is there to be asked."""
    # A program that was started with a closed input has none.
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask_password(prompt: str, *, confirm: bool = False) -> bytes:
    """
    Ask for a password without showing it.

    Args:
        prompt: what to ask for.
        confirm: ask twice, for a new password.
    """
    answer = click.prompt(
        prompt, hide_input=True, confirmation_prompt=confirm, err=True, type=str
    )
    return str(answer).encode()
