# ruff: noqa: INP001 - a program

"""
Fail when OpenSSL has released a newer patch of the line that is pinned.

Run: git ls-remote --tags --refs REPOSITORY | python -m bindings.openssl.newer

The exit code is 0 where the pin is the newest, 1 where it is not, and 2 where
the list does not even have the pinned release: then it is no list of releases,
and nothing is known.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from bindings.openssl.pin import read_pin


if TYPE_CHECKING:
    from collections.abc import Iterable

#: A release, and no alpha, beta or pre-release.
_TAG: Final = re.compile(r"(?:.*/)?openssl-([0-9]+)\.([0-9]+)\.([0-9]+)")


def newest(lines: Iterable[str], pinned: str) -> str | None:
    """
    Return the newest release of the line that a release belongs to.

    Args:
        lines: what ``git ls-remote --tags`` prints, or the bare names of tags.
        pinned: a version of three numbers; the first two are its line.

    Returns:
        The version, or None where ``pinned`` itself is not among the tags.
    """
    line = [int(part) for part in pinned.split(".")]
    patches = set()
    for text in lines:
        found = _TAG.fullmatch(text.strip())
        if found is not None:
            *of_line, patch = map(int, found.groups())
            if of_line == line[:2]:
                patches.add(patch)
    if line[2] not in patches:
        return None
    return f"{line[0]}.{line[1]}.{max(patches)}"


def main() -> int:
    """Compare the pin with the tags on the standard input."""
    pinned = read_pin().version
    found = newest(sys.stdin, pinned)
    if found is None:
        sys.stderr.write(f"no tag openssl-{pinned} in the list: nothing is known\n")
        return 2
    if found != pinned:
        sys.stderr.write(
            f"OpenSSL {found} is out, and the wheels carry {pinned}:"
            " docs/howto/packaging.md says how to change it and release\n"
        )
        return 1
    sys.stdout.write(f"OpenSSL {pinned} is the newest of its line\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
