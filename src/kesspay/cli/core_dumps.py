"""
Whether a crash of this process would write its memory, with keys, to a file.

libcrypto keeps a private key in its own memory, and works on a copy of the primes
that no secure heap holds. So nothing less than no core dump keeps it out of one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final


try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment] # there is no such module


__all__ = ["core_dumps"]

_PATTERN: Final = Path("/proc/sys/kernel/core_pattern")
_FIX: Final = (
    "start what holds a private key with `ulimit -c 0` (systemd: LimitCORE=0), and"
    " see to it that no program is given core dumps (core_pattern)"
)


def core_dumps(pattern: Path = _PATTERN) -> tuple[str, str]:
    """
    Return what is known of core dumps, and what to do, or "".

    Args:
        pattern: the file in which Linux says where core dumps go (core(5)).
    """
    if resource is None:
        return "not known on this system", ""
    try:
        told = pattern.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        told = ""
    # The limit does not hold for a program that is given them.
    if told.startswith("|"):
        program = Path(told[1:].split()[0]).name if told[1:].strip() else "a program"
        return f"{program} would be given the memory of a crash, with all keys", _FIX
    if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0:
        return "off", ""
    return "a crash would write the memory, with all keys, to a file", _FIX
