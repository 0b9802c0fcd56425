"""
Real PHP as the gateway: starts tests/php/gateway.php, and sees what it saw.

The server is a child process with a folder of its own; both are gone when
the context ends, whatever happened in it.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, Self

from .php import PHP_SCRIPTS, PhpError, find_php
from .vectors import KEYS


__all__ = ["PHP_GATEWAY_KEY", "PHP_PARTNER_KEY", "PHP_USERS", "PhpGateway", "Seen"]

#: The files of the two keys: PHP signs with the one, the partner with the other.
PHP_GATEWAY_KEY: Final = KEYS / "other-2048.pem"
PHP_PARTNER_KEY: Final = KEYS / "rsa-2048.pem"

#: Receivers, name by id. The last one is not eligible.
PHP_USERS: Final = {
    "85512345678": "Sok Dara",
    "khmer/user": "សុខ តារា / 🙂",
    "85500000000": "Closed Account",
}

#: Seconds that starting and stopping may take, and tries to get a port.
_PATIENCE: Final = 10.0
_TRIES: Final = 5

_DEFAULTS: Final[dict[str, Any]] = {
    "partner_id": "php-partner",
    "partner_secret_key": "php-partner-secret",
    "user_name": "php-user",
    "password": "php-password",
    "partner_key": str(PHP_PARTNER_KEY.with_suffix(".pub.pem")),
    "private_key": str(PHP_GATEWAY_KEY),
    "now": 1_000_000,
    "token_life": 3600,
    "transfer_life": 300,
    "users": PHP_USERS,
    "not_eligible": ["85500000000"],
    "fail": "",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One request, as PHP saw it.

    Attributes:
        path: the path of the URL.
        body: of a request to a service; None where no one was logged in.
        text: the canonical text that PHP verified; None where there is none.
        verified: PHP's verdict on the signature; None where it gave none.
        answer: the body of the answer, where ``body`` is there.
        status: the HTTP status of the answer.
        error_code: that of the answer, or None.
    """

    path: str
    body: bytes | None
    text: bytes | None
    verified: bool | None
    answer: bytes | None
    status: int
    error_code: str | None


class PhpGateway:
    """
    A PHP web server that plays the gateway. Use it as a context manager.

    Raises:
        PhpError: PHP is missing, or did not start to listen in time.
    """

    def __init__(self) -> None:
        """Start the server and wait until it listens."""
        self._folder = tempfile.TemporaryDirectory(prefix="kesspay-php-")
        self._path = Path(self._folder.name)
        self._config: dict[str, Any] = {}
        try:
            self.reset()
            self._process, self.port = self._started()
        except BaseException:
            self._folder.cleanup()
            raise

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the server."""
        self.close()

    def close(self) -> None:
        """End the server and remove its folder."""
        _end(self._process)
        self._folder.cleanup()

    @property
    def base_url(self) -> str:
        """Where the gateway is."""
        return f"http://127.0.0.1:{self.port}/partnerapi/v1"

    @property
    def credentials(self) -> dict[str, str]:
        """What the partner logs in with, by name."""
        names = ("partner_id", "partner_secret_key", "user_name", "password")
        return {name: self._config[name] for name in names}

    def reset(self) -> None:
        """Forget every token, transfer, credit and setting, and the logs."""
        for name in ("state.json", "log.jsonl", "complaints.txt"):
            (self._path / name).unlink(missing_ok=True)
        self._config = dict(_DEFAULTS)
        self.configure()

    def configure(self, **changes: object) -> None:
        """Change settings; gateway.php says which there are."""
        assert changes.keys() <= _DEFAULTS.keys()
        self._config.update(changes)
        text = json.dumps(self._config)
        (self._path / "config.json").write_text(text, encoding="utf-8")

    def advance(self, seconds: int) -> None:
        """Let time pass for tokens and pre-transfers. Else it stands still."""
        self.configure(now=self._config["now"] + seconds)

    def seen(self) -> list[Seen]:
        """Return every request since the reset, as PHP saw it."""
        found = []
        for line in _text(self._path / "log.jsonl").splitlines():
            fields = json.loads(line)
            for name in ("body", "text", "answer"):
                fields[name] = fields[name] and base64.b64decode(fields[name])
            found.append(Seen(**fields))
        return found

    def credits(self) -> list[tuple[str, int]]:
        """Return receiver and cents of every transfer that was credited."""
        state = json.loads(_text(self._path / "state.json") or "{}")
        # An empty PHP array is written as a list.
        transfers = dict(state.get("transfers", ())).values()
        return [
            (one["receiver_id"], one["cents"])
            for one in transfers
            if one["fund_transfer_id"] is not None
        ]

    def complaints(self) -> str:
        """Return the warnings and errors of PHP; there should be none."""
        return _text(self._path / "complaints.txt")

    def _started(self) -> tuple[subprocess.Popen[bytes], int]:
        """Start PHP, again where another process took the port meanwhile."""
        for _ in range(_TRIES):
            port = _free_port()
            process = self._spawned(port)
            try:
                if self._listens(process):
                    return process, port
            except BaseException:
                _end(process)
                raise
            _end(process)
        msg = f"PHP's server did not start: {self._output()[-2000:]}"
        raise PhpError(msg)

    def _listens(self, process: subprocess.Popen[bytes]) -> bool:
        """
        Wait until PHP says that it listens; tell whether it does.

        To connect would prove nothing: a stranger may have taken the port.
        """
        deadline = monotonic() + _PATIENCE
        while process.poll() is None and monotonic() < deadline:
            if ") started" in self._output():
                return True
            sleep(0.01)
        return False

    def _output(self) -> str:
        return (self._path / "output.txt").read_text(errors="replace")

    def _spawned(self, port: int) -> subprocess.Popen[bytes]:
        executable = find_php()
        if executable is None:
            msg = "no PHP 8.2 or later is installed"
            raise PhpError(msg)
        settings = (
            "display_errors=0",
            "log_errors=1",
            f"error_log={self._path / 'complaints.txt'}",
            "serialize_precision=-1",
        )
        flags = [part for setting in settings for part in ("-d", setting)]
        where = ["-q", "-S", f"127.0.0.1:{port}", str(PHP_SCRIPTS / "gateway.php")]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "KESSPAY_GATEWAY_DIR": self._folder.name,
        }
        with (self._path / "output.txt").open("wb") as output:
            return subprocess.Popen(
                [executable, *flags, *where],
                cwd=self._folder.name,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A Ctrl-C is for the tests, which then end the server.
                start_new_session=True,
            )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait(_PATIENCE)
