"""Load the keys that are named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kesspay.cli.files import is_stdin, read_file
from kesspay.cli.passwords import ask_password, can_ask, given_password
from kesspay.cli.printer import printable
from kesspay.errors import KeyLoadError


if TYPE_CHECKING:
    from kesspay.signing.keys import PrivateKey, PublicKey


__all__ = ["load_private", "load_public"]


def load_private(
    path: str, password_file: str | None = None, password_env: str | None = None
) -> PrivateKey:
    """
    Load a private key, asking for its password where somebody can answer.

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
