"""
What the command line names: files, keys, passwords and amounts.

A password comes from a file, the environment or a prompt; never from the command
line, which every user of a machine can read, and never with an echo. A prompt
appears only where standard input and standard error are both a terminal, so no
script hangs in one.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kesspay._shown import kind_of, no_path, shown_path
from kesspay.cli.printer import printable
from kesspay.errors import FieldError, InputError, KeyLoadError


if TYPE_CHECKING:
    from typing import BinaryIO

    from kesspay.signing.keys import PrivateKey, PublicKey


__all__ = [
    "STDIN",
    "ask_password",
    "can_ask",
    "create_file",
    "given_password",
    "is_stdin",
    "load_private",
    "load_public",
    "read_file",
    "require_path",
]

#: What stands for standard input in place of a path.
STDIN: Final = "-"
_USED: Final = "kesspay.stdin_used"
_LONGEST: Final = 1 << 30
_BLOCK: Final = 1 << 20


def is_stdin(path: str) -> bool:
    """Say whether a path stands for standard input."""
    return path == STDIN


def read_file(path: str) -> bytes:
    """
    Read a file, or standard input for "-", which can be named only once.

    Raises:
        InputError: it cannot be read, or has no end within 1 GiB.
    """
    if is_stdin(path):
        meta = click.get_current_context().meta
        if meta.get(_USED):
            raise InputError("standard input (-) was named more than once")
        meta[_USED] = True
        if sys.stdin is None:
            raise InputError("standard input (-) is closed")
        name = "standard input"
        file: BinaryIO | None = sys.stdin.buffer
    else:
        name, file = shown_path(path), None
    try:
        with Path(path).open("rb") if file is None else nullcontext(file) as source:
            content = _start(source)
    except (OSError, ValueError) as error:
        # Not raised here: the error of the system holds the path.
        why = _why(error)
    else:
        if len(content) <= _LONGEST:
            return bytes(content)
        why = "it is longer than 1 GiB"
    raise InputError(f"cannot read {name}: {why}")


def _start(file: BinaryIO) -> bytearray:
    """Read a file to its end, or a little beyond what may be: a device has no end."""
    content = bytearray()
    while len(content) <= _LONGEST and (data := file.read(_BLOCK)):
        content += data
    return content


def create_file(path: str, content: bytes, mode: int) -> None:
    """
    Write a new file; an existing one is never touched.

    The file is on the disk when this returns, and where writing fails nothing
    is left behind.

    Args:
        path: must not exist, not even as a symbolic link.
        content: of the file.
        mode: permission bits, further reduced by the umask.

    Raises:
        InputError: it exists or cannot be written.
    """
    require_path(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, mode)
    except FileExistsError:
        message = f"{shown_path(path)} exists and is never overwritten"
    except (OSError, ValueError) as error:
        message = f"cannot write {shown_path(path)}: {_why(error)}"
    else:
        message = _fill(descriptor, path, content)
    if message:
        raise InputError(message)


def require_path(path: str) -> None:
    """
    Refuse what cannot be meant as the name of a new file.

    Raises:
        InputError: it is a PEM text, a URL or the like.
    """
    kind = no_path(path)
    if kind:
        raise InputError(f"found {kind} in place of a path")


def _fill(descriptor: int, path: str, content: bytes) -> str:
    """Write a file that is open; return what went wrong, "" where nothing did."""
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        Path(path).unlink(missing_ok=True)
        return f"cannot write {shown_path(path)}: {_why(error)}"
    return ""


def _why(error: OSError | ValueError) -> str:
    """Say in a few words why a file cannot be used."""
    return getattr(error, "strerror", None) or type(error).__name__


def load_private(
    path: str, password_file: str | None = None, password_env: str | None = None
) -> PrivateKey:
    """
    Load a private key, and ask for its password where there is a terminal.

    Args:
        path: of the key file, or "-".
        password_file: file whose first line is the password.
        password_env: environment variable that holds it.

    Raises:
        KeyLoadError: it cannot be loaded.
        InputError: a file or variable that was named has no password.
    """
    from kesspay.signing.keys import PrivateKey

    password = given_password(password_file, password_env)
    if is_stdin(path):
        return PrivateKey.from_pem(read_file(path), password)
    try:
        return PrivateKey.from_file(path, password)
    except KeyLoadError as error:
        if error.reason != "password" or password is not None or not can_ask():
            raise
    return PrivateKey.from_file(path, ask_password(f"Password of {printable(path)}"))


def load_public(path: str) -> PublicKey:
    """
    Load a public key.

    Args:
        path: of the key file, or "-".

    Raises:
        KeyLoadError: it cannot be loaded.
    """
    from kesspay.signing.keys import PublicKey

    if is_stdin(path):
        return PublicKey.from_pem(read_file(path))
    return PublicKey.from_file(path)


_AMOUNT: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
#: A name that cannot be mistaken for a password: several words in capital letters.
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
    """Say whether there is a terminal to ask on."""
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


def read_amount(text: object) -> Decimal:
    """
    Read an amount from a text: digits, and a point with digits behind it.

    Raises:
        FieldError: it is something else, also "1e2", a float, or "+1".
    """
    from kesspay.gateway.messages import is_amount

    if isinstance(text, str) and _AMOUNT.fullmatch(text):
        amount = Decimal(text)
        if is_amount(amount):
            return amount
    rule = "must be above 0 and below 10**13, with at most 2 places, such as 0.50"
    if not isinstance(text, str):
        rule = 'must be a text in quotes, such as "0.50"'
    raise FieldError("amount", rule, text)
