"""
Start a PostgreSQL for the tests, and poolers before it: on the loopback.

``KESSPAY_POSTGRES_BIN`` names the folder of another server's programs, and
``KESSPAY_PGBOUNCER`` another pgbouncer.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self


if TYPE_CHECKING:
    from psycopg import Connection


__all__ = [
    "PASSWORD",
    "Pgbouncer",
    "Postgres",
    "PostgresError",
    "find_pgbouncer",
    "find_postgres",
]

#: Seconds that each of its programs may take.
_PATIENCE: Final = 60
#: It refuses to run as root; this user has no rights at all.
_UNPRIVILEGED: Final = 65534

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


def find_pgbouncer() -> Path | None:
    """Return the pooler's program, or None."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = os.environ.get("KESSPAY_PGBOUNCER") or shutil.which("pgbouncer", path=path)
    return Path(found) if found else None


def free_port() -> int:
    """Return a port on 127.0.0.1 that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(port: int, program: subprocess.Popen[bytes]) -> None:
    """Wait until a program listens."""
    until = time.monotonic() + _PATIENCE
    while program.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise PostgresError(f"nothing listens on port {port}")


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
            os.chown(self._folder, _UNPRIVILEGED, _UNPRIVILEGED)
        self.port: int = free_port()
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

    def __exit__(self, *_: object) -> None:
        """End the server."""
        self.stop()

    def ask(self, *statements: str) -> list[tuple[Any, ...]]:
        """Execute statements behind a journal's back; return what the last one gave."""
        with self.connect() as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

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
        user = _UNPRIVILEGED if os.geteuid() == 0 else None
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


class Pgbouncer:
    """
    A pooler before a server, for as long as the ``with`` block runs.

    All its clients are one user of the server, with the password of that user.

    Args:
        server: the one behind.
        mode: "transaction", "session" or "statement".
        sessions: most sessions of the server at once.
        settings: more lines for its configuration.

    Attributes:
        port: on 127.0.0.1.

    Raises:
        PostgresError: it does not start, or not in time.
    """

    def __init__(
        self, server: Postgres, mode: str, *, sessions: int = 1, settings: str = ""
    ) -> None:
        """Write the configuration and start it."""
        program = find_pgbouncer()
        if program is None:
            raise PostgresError("no pgbouncer is installed")
        self._program = program
        self.port: int = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="kesspay-pgbouncer-"))
        self._settings = self._folder / "pgbouncer.ini"
        users = self._folder / "users"
        users.write_text(f'"kesspay" "{PASSWORD}"\n"meek" "{PASSWORD}"\n')
        self._settings.write_text(
            f"""
            [databases]
            * = host=127.0.0.1 port={server.port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {self.port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = {mode}
            default_pool_size = {sessions}
            {settings}
            """.replace("            ", "")
        )
        self._started: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        """Return the pooler itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the pooler."""
        self.stop()

    def conninfo(self, user: str = "kesspay") -> str:
        """Return how to connect through it."""
        return (
            f"host=127.0.0.1 port={self.port} user={user} dbname=postgres"
            f" password='{PASSWORD}'"
        )

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        user = _UNPRIVILEGED if os.geteuid() == 0 else None
        if user is not None:
            for path in (self._folder, *self._folder.iterdir()):
                os.chown(path, user, user)
        with (self._folder / "log").open("ab") as log:
            self._started = subprocess.Popen(
                [str(self._program), "-q", str(self._settings)],
                user=user,
                group=user,
                extra_groups=[] if user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self.port, self._started)

    def halt(self) -> None:
        """End it at once."""
        if self._started is not None:
            self._started.kill()
            self._started.wait(_PATIENCE)
            self._started = None

    def restart(self) -> None:
        """End it, with all its connections, and start it again."""
        self.halt()
        self.start()

    def stop(self) -> None:
        """End it and take everything away."""
        try:
            self.halt()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
