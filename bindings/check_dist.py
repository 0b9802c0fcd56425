# ruff: noqa: INP001 - a program

"""
Check what is about to be published: whole, of one version, and honest.

Run in the root of the repository: python -m bindings.check_dist DIST VERSION BILL

DIST must hold the source archive, the wheel for everywhere and a wheel for
every system that kesspay promises, and nothing else, all of VERSION. Every
native wheel must say that it carries the pinned OpenSSL, statically. BILL gets
the bill of materials, which is the same in all of them.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Final

from bindings.openssl.pin import read_pin


_SYSTEMS: Final = (
    r"macosx_\d+_\d+_arm64",
    r"macosx_\d+_\d+_x86_64",
    # It may be good for older systems as well, and says so then.
    r"(manylinux\w+\.)*manylinux_2_28_aarch64",
    r"(manylinux\w+\.)*manylinux_2_28_x86_64",
    r"musllinux_1_2_aarch64",
    r"musllinux_1_2_x86_64",
    "win_amd64",
)


class UnfitError(Exception):
    """What is in the folder must not be published."""


def patterns(version: str) -> dict[str, re.Pattern[str]]:
    """Return what the names of the files must be, by what they are."""
    start = f"kesspay-{re.escape(version)}"
    wanted = {"the source archive": rf"{start}\.tar\.gz"}
    wanted["the wheel for everywhere"] = rf"{start}-py3-none-any\.whl"
    for system in _SYSTEMS:
        wanted[f"the wheel for {system}"] = rf"{start}-cp311-abi3-{system}\.whl"
    return {what: re.compile(text) for what, text in wanted.items()}


def check_names(names: list[str], version: str) -> None:
    """Refuse a folder that lacks a file, or has one too many."""
    expected = patterns(version)
    left = set(names)
    for what, pattern in expected.items():
        found = [name for name in names if pattern.fullmatch(name)]
        if len(found) != 1:
            raise UnfitError(f"{what}: {len(found)} files of it, and not 1")
        left.discard(found[0])
    if left:
        raise UnfitError(f"unexpected files: {', '.join(sorted(left))}")


def bill_of(wheel: Path) -> bytes:
    """Return the bill of materials of a native wheel, which must be true."""
    pinned = {"name": "openssl", "version": read_pin().version}
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if n.endswith("/sboms/kesspay.cdx.json")]
        if len(names) != 1:
            raise UnfitError(f"{wheel.name} has {len(names)} bills, and not 1")
        text = archive.read(names[0])
    for part in json.loads(text)["components"]:
        known = {prop["name"]: prop["value"] for prop in part["properties"]}
        if pinned.items() <= part.items() and known.get("kesspay:linkage") == "static":
            return text
    raise UnfitError(f"{wheel.name} does not carry OpenSSL {pinned['version']}")


def check(dist: Path, version: str) -> bytes:
    """
    Check a folder, and return the one bill of its native wheels.

    Raises:
        UnfitError: it must not be published, and why.
    """
    check_names([path.name for path in dist.iterdir()], version)
    bills = {
        bill_of(path) for path in dist.glob("*.whl") if "-none-any" not in path.name
    }
    if len(bills) != 1:
        raise UnfitError("the native wheels have different bills of materials")
    return bills.pop()


def main() -> None:
    """Check the folder that was named, and write the bill."""
    dist, version, bill = sys.argv[1:]
    try:
        Path(bill).write_bytes(check(Path(dist), version))
    except UnfitError as error:
        sys.exit(f"not to be published: {error}")


if __name__ == "__main__":
    main()
