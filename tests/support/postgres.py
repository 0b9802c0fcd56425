"""
Start a PostgreSQL for the tests: in a temporary folder, on the loopback.

``KESSPAY_POSTGRES_BIN`` names the folder of another server's programs.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self


if TYPE_CHECKING:
    from types import TracebackType

    from psycopg import Connection


__all__ = ["PASSWORD", "Postgres", "PostgresError", "find_postgres"]

#: Seconds that each of its programs may take.
_PATIENCE: Final = 60
#: It refuses to run as root; this user has no rights at all.
_NOBODY: Final = 65534

PASSWORD: Final = "canary-p@ss word"


class PostgresError(Exception):
    """The server could not be started or stopped."""


def find_postgres() -> Path | None:
    """Return the folder of the newest server's programs, or None."""
    named = os.environ.get("KESSPAY_POSTGRES_BIN")
    if named:
        return Path(named)
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(versions, key=lambda one: float(one.parts[4]))
    return found[-1].parent if found else None


class Postgres:
    """
    A server of its own, for as long as the ``with`` block runs.

    Attributes:
        port: on 127.0.0.1.

    Raises:
        PostgresError: it does not start, or not in time.
    """

    def __init__(self) -> None:
        """Make the database and start the server."""
        programs = find_postgres()
        if programs is None:
            raise PostgresError("no PostgreSQL server is installed")
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="kesspay-postgres-"))
        self._data = self._folder / "data"
        if os.geteuid() == 0:
            os.chown(self._folder, _NOBODY, _NOBODY)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        password.chmod(0o644)
        try:
            self._run(
                "initdb", "-D", str(self._data), "-U", "kesspay", "-A", "scram-sha-256",
                f"--pwfile={password}", "-E", "UTF8", "--locale=C", "--no-sync",
            )  # fmt: skip
            self.start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the server."""
        self.stop()

    @property
    def conninfo(self) -> str:
        """How to connect to it."""
        return (
            f"host=127.0.0.1 port={self.port} user=kesspay dbname=postgres"
            f" password='{PASSWORD}'"
        )

    def connect(self) -> Connection[Any]:
        """Connect as the one who may do everything."""
        import psycopg

        return psycopg.connect(self.conninfo, autocommit=True)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = f"-h 127.0.0.1 -p {self.port} -k '' -c max_connections=100"
        log = str(self._folder / "log")
        self._ctl("start", "-l", log, "-o", options)

    def halt(self) -> None:
        """End it at once, as a crash would."""
        self._ctl("stop", "-m", "immediate")

    def restart(self) -> None:
        """End it, with all its connections, and start it again."""
        self._ctl("stop", "-m", "fast")
        self.start()

    def stop(self) -> None:
        """End it and take everything away."""
        try:
            if (self._data / "postmaster.pid").exists():
                self.halt()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _ctl(self, *arguments: str) -> None:
        self._run(
            "pg_ctl", "-D", str(self._data), "-w", "-t", str(_PATIENCE), *arguments
        )

    def _run(self, program: str, *arguments: str) -> None:
        user = _NOBODY if os.geteuid() == 0 else None
        # The server keeps what it is given as its output; a pipe would never end.
        with (self._folder / "output").open("w+b") as output:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                check=False,
                cwd=self._folder,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=2 * _PATIENCE,
            )
            output.seek(0)
            if done.returncode:
                complaint = output.read()[-2000:].decode(errors="replace")
                raise PostgresError(f"{program} failed: {complaint}")
