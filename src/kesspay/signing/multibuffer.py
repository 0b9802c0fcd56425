"""
Whether batches are verified eight signatures at a time, and why not.

The native core decides for each key; see ``kess_verify_documents`` in kess.h. This
module asks it for a key for which it is possible.
"""

from __future__ import annotations

import platform
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kesspay.signing.backend import current, is_multibuffer_off


__all__ = ["Multibuffer", "features", "multibuffer"]

#: What makes RSA and SHA-256 quick, as Linux calls it.
_FEATURES: Final = frozenset(
    (
        *("adx", "avx2", "avx512ifma", "avx512vl", "avx_ifma", "bmi2"),
        *("sha_ni", "ssse3", "asimd", "sha2"),
    )
)
_CPUINFO: Final = Path("/proc/cpuinfo")
#: An RSAPublicKey whose modulus is 2^2048 - 1. It is only loaded.
_PROBE: Final = (
    bytes.fromhex("3082010a0282010100") + b"\xff" * 256 + bytes.fromhex("0203010001")
)


@dataclass(frozen=True, slots=True)
class Multibuffer:
    """
    How batches are verified here.

    Attributes:
        at_a_time: how many signatures, with a key of 2048, 3072 or 4096 bits and
            the exponent 65537: 8, or 1.
        why_not: why it is 1, or "".
    """

    at_a_time: int
    why_not: str

    def __str__(self) -> str:
        """Describe it in a line."""
        if self.why_not:
            return f"one signature at a time: {self.why_not}"
        return f"{self.at_a_time} signatures at a time"


def features(cpuinfo: Path = _CPUINFO) -> list[str]:
    """Return the processor's features that matter here; [] where they are not known."""
    with suppress(OSError), cpuinfo.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() in ("flags", "Features"):
                return sorted(_FEATURES & set(value.split()))
    return []


def multibuffer(cpuinfo: Path = _CPUINFO) -> Multibuffer:
    """
    Return how batches are verified here.

    Args:
        cpuinfo: the file that lists the features of the processor.

    Raises:
        BackendError: the forced backend is not available.
    """
    used = current()
    if used.name != "native":
        return Multibuffer(1, "pure Python is in use")
    if is_multibuffer_off():
        return Multibuffer(1, "KESSPAY_MULTIBUFFER=0")
    ways = used.load_public(_PROBE, allow_weak=False).ways
    return Multibuffer(ways, "" if ways > 1 else _reason(features(cpuinfo)))


def _reason(found: list[str]) -> str:
    machine = platform.machine()
    if machine.lower() not in ("x86_64", "amd64"):
        return f"it takes x86-64 with AVX-512 IFMA, and this is {machine}"
    if sys.platform == "win32":
        return "it is not for Windows"
    if found and "avx512ifma" not in found:
        return "this processor has no AVX-512 IFMA"
    return "the build leaves it out, OpenSSL runs in FIPS mode, or a self-test failed"
