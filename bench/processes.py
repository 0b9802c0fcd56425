"""Peers in other languages: one process each, which measures itself."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from bench.loops import Unmeasurable


if TYPE_CHECKING:
    from bench.rounds import Loop


__all__ = ["Process", "java", "node", "php"]

HERE: Final = Path(__file__).parent
KEYS: Final = HERE.parent / "tests" / "vectors" / "keys"
PRIVATE: Final = KEYS / "rsa-2048.pem"
PUBLIC: Final = KEYS / "rsa-2048.pub.pem"


class Process:
    """
    A peer that reads "WHAT TIMES" and answers with nanoseconds of CPU.

    Args:
        program: what has to be installed.
        arguments: of the program.

    Raises:
        Unmeasurable: it is not installed.
    """

    def __init__(self, program: str, *arguments: str | Path) -> None:
        """Start it and read its first line."""
        found = shutil.which(program)
        if found is None:
            raise Unmeasurable(f"{program} is not installed")
        self._process = subprocess.Popen(
            [found, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        #: What it shows of its own work, for a check before the timing.
        self.shown = self._line()

    def loop(self, what: str) -> Loop:
        """Return a loop of one of the things it does."""

        def run(times: int) -> int:
            assert self._process.stdin is not None
            self._process.stdin.write(f"{what} {times}\n")
            self._process.stdin.flush()
            return int(self._line())

        return run

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Unmeasurable(f"{self._process.args!r} ended")
        return line.strip()

    def __enter__(self) -> Self:
        """Return the peer."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.communicate(timeout=30)


def php(request: bytes, response: bytes, folder: Path) -> Process:
    """Start PHP; what it prints first are its body and its verdict."""
    request_file, response_file = folder / "request", folder / "response"
    request_file.write_bytes(request)
    response_file.write_bytes(response)
    script = HERE / "php" / "serve.php"
    return Process("php", script, PRIVATE, PUBLIC, request_file, response_file)


def node(message: bytes, folder: Path) -> Process:
    """Start Node; what it prints first is its signature."""
    file = folder / "message"
    file.write_bytes(message)
    return Process("node", HERE / "peers" / "rsa.mjs", PRIVATE, file)


def java(message: bytes, folder: Path) -> Process:
    """Start Java; what it prints first is its signature."""
    file = folder / "message"
    file.write_bytes(message)
    keys = KEYS / "rsa-2048.pkcs8.der", KEYS / "rsa-2048.pub.der"
    return Process("java", HERE / "peers" / "Rsa.java", *keys, file)


def signature_of(peer: Process) -> bytes:
    """Return the signature that Node or Java shows."""
    return base64.b64decode(peer.shown)
