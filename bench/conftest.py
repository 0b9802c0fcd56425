"""What every benchmark prints first: the machine and the versions."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import cryptography
import orjson

import kesspay


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _php() -> str:
    path = shutil.which("php")
    if path is None:
        return "none"
    code = "echo PHP_VERSION, ', ', OPENSSL_VERSION_TEXT;"
    return subprocess.run(
        [path, "-r", code], capture_output=True, check=True, text=True
    ).stdout


def pytest_report_header() -> list[str]:
    """Name the CPU and every library that is measured."""
    backend = kesspay.backend()
    python = platform.python_version()
    return [
        f"cpu: {_processor()}; {platform.platform()}",
        f"python {python}; kesspay {backend.name} ({backend.openssl})",
        f"cryptography {cryptography.__version__}; orjson {orjson.__version__}",
        f"php {_php()}",
    ]
