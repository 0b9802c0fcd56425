# ruff: noqa: INP001 - a folder of programs

"""Read openssl.toml: the one OpenSSL that the wheels may carry."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final


FILE: Final = Path(__file__).with_name("openssl.toml")


@dataclass(frozen=True)
class Pin:
    """A release of OpenSSL, and the SHA-256 of its source archive."""

    version: str
    sha256: str

    @property
    def url(self) -> str:
        """Where OpenSSL publishes the archive."""
        releases = "https://github.com/openssl/openssl/releases/download"
        return f"{releases}/openssl-{self.version}/openssl-{self.version}.tar.gz"


def read_pin(file: Path = FILE) -> Pin:
    """
    Return what the file says.

    Raises:
        ValueError: the file says something else, or not all of it.
    """
    values = tomllib.loads(file.read_text(encoding="utf-8"))
    if set(values) != {"version", "sha256"}:
        raise ValueError(f"{file.name} must hold version and sha256, and nothing else")
    pin = Pin(**values)
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", pin.version):
        raise ValueError(f"{file.name}: {pin.version!r} is no version of a release")
    if not re.fullmatch(r"[0-9a-f]{64}", pin.sha256):
        raise ValueError(f"{file.name}: sha256 is not 64 hexadecimal digits")
    return pin
