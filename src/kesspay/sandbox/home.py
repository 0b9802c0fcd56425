"""
Where a sandbox keeps its keys, credentials and ledger from one run to the next.

Everything is made at the first use and used again later, so that a client has
to be set up once. Only their owner can read the files, as with the files of a real
account; these protect no money.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from kesspay._shown import no_path, shown_path
from kesspay.errors import InputError
from kesspay.gateway.messages import Credentials
from kesspay.sandbox.keymaker import generate_pem, public_pem
from kesspay.sandbox.sandbox import Sandbox
from kesspay.sandbox.world import new_credentials
from kesspay.signing.keys import PrivateKey


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


__all__ = ["Home", "default_path"]

_FIELDS: Final = ("partner_id", "partner_secret_key", "user_name", "password")


def default_path() -> Path:
    """
    Return the folder of the sandbox among the state of the user's programs.

    Source: XDG Base Directory Specification, XDG_STATE_HOME.
    """
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    base = named if named.is_absolute() else Path.home() / ".local" / "state"
    return base / "kesspay" / "sandbox"


class Home:
    """
    A folder with everything a sandbox needs. Missing files are made.

    Args:
        path: the folder.

    Raises:
        InputError: it cannot be used.
        KeyLoadError: the gateway's key in it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        """Make what is missing, and read the rest."""
        kind = no_path(path)
        if kind:
            raise InputError(f"found {kind} in place of the folder of the sandbox")
        self.path = path.absolute()
        reason = ""
        credentials = b""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make("partner-private.pem", generate_pem)
            gateway_pem = self._make("gateway-private.pem", generate_pem)
            credentials = self._make("credentials.json", _new_credentials)
            PrivateKey.from_pem(gateway_pem)
            self._write("gateway-public.pem", public_pem(gateway_pem))
            # SQLite gives the -wal and -shm files the mode of the database.
            self._make("ledger.sqlite", bytes)
        except OSError as error:
            # Not raised here: the error of the system holds the path.
            reason = error.strerror or type(error).__name__
        if reason:
            raise InputError(f"cannot use {shown_path(path)}: {reason}")
        self.credentials = self._read_credentials(credentials)

    @property
    def settings_file(self) -> Path:
        """The file that ``write_settings`` writes."""
        return self.path / "settings.env"

    def sandbox(self, *, in_memory: bool = False, **options: Any) -> Sandbox:  # noqa: ANN401 - those of Sandbox
        """
        Return a sandbox with these keys and credentials.

        Args:
            in_memory: True for a ledger that is not stored.
            options: those of Sandbox.

        Raises:
            KeyLoadError: a key in the folder cannot be used.
        """
        return Sandbox(
            private_key=PrivateKey.from_file(self.path / "partner-private.pem"),
            gateway_private_key=PrivateKey.from_file(self.path / "gateway-private.pem"),
            credentials=self.credentials,
            database=":memory:" if in_memory else str(self.path / "ledger.sqlite"),
            **options,
        )

    def environment(self, base_url: str) -> dict[str, str]:
        """Return the variables that ``Client.from_env`` reads."""
        return {
            "KESSPAY_BASE_URL": base_url,
            "KESSPAY_PARTNER_ID": self.credentials.partner_id,
            "KESSPAY_PARTNER_SECRET_KEY": self.credentials.partner_secret_key,
            "KESSPAY_USER_NAME": self.credentials.user_name,
            "KESSPAY_PASSWORD": self.credentials.password,
            "KESSPAY_PRIVATE_KEY_FILE": str(self.path / "partner-private.pem"),
            "KESSPAY_GATEWAY_KEY_FILE": str(self.path / "gateway-public.pem"),
        }

    def write_settings(self, environment: Mapping[str, str]) -> None:
        """
        Write the variables to a file for ``set -a; . settings.env``.

        Raises:
            InputError: it cannot be written.
        """
        lines = [f"{name}={quote(value)}\n" for name, value in environment.items()]
        try:
            self._write(self.settings_file.name, os.fsencode("".join(lines)))
        except OSError as error:
            reason = error.strerror or type(error).__name__
        else:
            return
        raise InputError(f"cannot write {shown_path(self.settings_file)}: {reason}")

    def _make(self, name: str, content: Callable[[], bytes]) -> bytes:
        """Return the content of a file, making the file where there is none."""
        path = self.path / name
        if not path.exists():
            self._write(name, content())
        return path.read_bytes()

    def _write(self, name: str, content: bytes) -> None:
        """Replace a file as a whole, readable by its owner only."""
        draft = self.path / f".{name}.{token_hex(4)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path / name)
        except OSError:
            with suppress(OSError):
                draft.unlink()
            raise

    def _read_credentials(self, content: bytes) -> Credentials:
        with suppress(ValueError, TypeError, KeyError):
            fields = json.loads(content)
            return Credentials(**{name: fields[name] for name in _FIELDS})
        # Not where it was caught: the error of json holds the text.
        path = shown_path(self.path / "credentials.json")
        raise InputError(f"{path} holds no credentials; remove it to get new ones")


def _new_credentials() -> bytes:
    made = new_credentials()
    return json.dumps({name: getattr(made, name) for name in _FIELDS}).encode()
