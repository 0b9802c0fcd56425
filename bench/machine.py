"""On what was measured: the machine and the versions."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Final

from cryptography.hazmat.backends.openssl import backend as their_openssl

import kesspay


__all__ = ["facts"]

_PEERS: Final = (
    "cryptography",
    "orjson",
    "cffi",
    "pyarrow",
    "awscrt",
    "pycryptodome",
    "rsa",
    "PyJWT",
    "joserfc",
    "rfc8785",
    "ipp-crypto",
)


def facts() -> dict[str, str]:
    """Return what has to stand beside every number."""
    ours = kesspay.backend()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    found = {
        "processor": f"{_processor()}, {os.cpu_count()} of them",
        "system": platform.platform(),
        "compiler": _first_line(os.environ.get("CC") or "cc", "--version"),
        "python": f"{python} ({platform.python_compiler()})",
        "kesspay": f"{kesspay.__version__}, {ours.name}, {ours.openssl}",
        "cryptography uses": their_openssl.openssl_version_text(),
        "php": _first_line(
            "php", "-r", "echo PHP_VERSION, ', ', OPENSSL_VERSION_TEXT;"
        ),
        "node": _first_line(
            "node", "-p", "process.version + ', OpenSSL ' + process.versions.openssl"
        ),
        "java": _first_line("java", "--version"),
    }
    found["libraries"] = ", ".join(
        f"{name} {version}" for name in _PEERS if (version := _version(name))
    )
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _first_line(program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        return "none"
    command = [path, *arguments]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    lines = done.stdout.splitlines()
    return lines[0] if lines else "unknown"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
