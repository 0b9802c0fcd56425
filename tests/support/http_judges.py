"""
Ask curl and Node what they deliver of an answer, byte for byte as it is sent.

Each judge is one process that fetches any number of answers, one after the
other, from a server on the loopback.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["ask_curl", "ask_node", "find_curl", "find_node", "sent_host_of"]

#: Seconds for one judge and all its answers.
_PATIENCE: Final = 120
#: What ``fetch`` needs.
_OLDEST_NODE: Final = 18

_FETCH: Final = """
(async () => {
    const said = [];
    for (let n = 0; n < Number(process.argv[2]); n++) {
        said.push(null);
        // A connection that closes may end the fetch that follows.
        for (let left = 3; left > 0 && said[n] === null; left--) {
            try {
                const url = process.argv[1] + n;
                const response = await fetch(url, {redirect: "manual"});
                said[n] = await response.text();
            } catch {}
        }
    }
    console.log(JSON.stringify(said));
})();
"""


@cache
def find_curl() -> str | None:
    """Return the path of curl, or None."""
    return shutil.which("curl")


@cache
def find_node() -> str | None:
    """Return the path of a Node that has ``fetch``, or None."""
    path = shutil.which("node")
    if path is None:
        return None
    done = subprocess.run(
        [path, "--version"], capture_output=True, check=True, timeout=_PATIENCE
    )
    version = int(done.stdout.decode().removeprefix("v").partition(".")[0])
    return path if version >= _OLDEST_NODE else None


def ask_curl(answers: Sequence[bytes]) -> list[str | None]:
    """Return the body that curl gives of each answer, None where it fails."""
    with _serving(answers) as url, tempfile.TemporaryDirectory() as folder:
        command = [str(find_curl()), "--silent", "--max-time", "20"]
        command += ["--write-out", r"%{exitcode}\n"]
        for number in range(len(answers)):
            command += [f"{url}{number}", "--output", f"{folder}/{number}"]
        # Its own exit code is that of the last answer.
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE)  # noqa: PLW1510 - the caller looks
        codes = done.stdout.split()
        assert len(codes) == len(answers)
        return [
            _read(Path(folder) / str(number)) if code == b"0" else None
            for number, code in enumerate(codes)
        ]


def _read(path: Path) -> str:
    # curl makes no file of an empty body.
    return path.read_text(encoding="latin-1") if path.exists() else ""


def ask_node(answers: Sequence[bytes]) -> list[str | None]:
    """Return the body that Node's ``fetch`` gives, None where it fails."""
    with _serving(answers) as url:
        done = subprocess.run(
            [str(find_node()), "-e", _FETCH, url, str(len(answers))],
            capture_output=True,
            check=True,
            timeout=_PATIENCE,
        )
    said: list[str | None] = json.loads(done.stdout)
    return said


def sent_host_of(url: str, address: str) -> str:
    """Return the Host header that curl sends to a URL, resolved to an address."""
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(_PATIENCE)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                heads.append(_read_head(connection))
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        where = f"::{address}:{port}"
        command = [str(find_curl()), "--silent", "--connect-to", where, url]
        subprocess.run(command, capture_output=True, check=True, timeout=_PATIENCE)
        thread.join(_PATIENCE)
    (head,) = heads
    lines = head.decode("latin-1").split("\r\n")
    return next(line[6:] for line in lines if line.startswith("Host: "))


@contextmanager
def _serving(answers: Sequence[bytes]) -> Iterator[str]:
    """Serve each answer under its number, and close."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=treat, args=(connection,), daemon=True).start()

        def treat(connection: socket.socket) -> None:
            connection.settimeout(_PATIENCE)
            with connection, suppress(OSError):
                head = _read_head(connection)
                if head:
                    number = int(head.split(b" ", 2)[1].removeprefix(b"/"))
                    connection.sendall(answers[number])
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE)


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(4096)
        if not data:
            return b""
        head += data
    return head
