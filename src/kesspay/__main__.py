"""The facts of a bug report: ``python -m kesspay`` prints the backend in use."""

from __future__ import annotations

import json
import os
import platform
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from typing import Final

from kesspay import __version__
from kesspay.errors import BackendError
from kesspay.signing.backend import backend
from kesspay.signing.multibuffer import features, multibuffer


#: What a shell gives for a program whose reader is gone, and EX_IOERR of sysexits.h.
_EXIT_NO_READER: Final = 141
_EXIT_NOT_WRITTEN: Final = 74

#: With these, users keep libcrypto from some of it.
_MASKS: Final = ("OPENSSL_ia32cap", "OPENSSL_armcap")


def linkage() -> str | None:
    """Return "static" or "dynamic", from the bill of materials of the wheel."""
    with suppress(PackageNotFoundError):
        bill = distribution("kesspay").read_text("sboms/kesspay.cdx.json")
        if bill is not None:
            for prop in json.loads(bill)["components"][0]["properties"]:
                if prop["name"] == "kesspay:linkage":
                    return str(prop["value"])
    return None


def facts() -> tuple[str, int]:
    """Return what to print, and the exit code: 1 without a backend."""
    lines = [
        f"kesspay   {__version__}",
        f"Python    {platform.python_version()} ({sys.implementation.name})",
        f"platform  {platform.platform()}",
        f"processor {' '.join([platform.machine(), *features()])}",
    ]
    lines += [
        f"masked    {mask}={os.environ[mask]}" for mask in _MASKS if mask in os.environ
    ]
    try:
        used = backend()
    except BackendError as error:
        return "\n".join([*lines, f"backend   none: {error}", ""]), 1
    linked = linkage() if used.name == "native" else None
    lines += [
        f"backend   {used.name} {used.version}",
        f"OpenSSL   {used.openssl}{f' ({linked})' if linked else ''}",
        f"batches   {multibuffer()}",
    ]
    if used.import_error is not None:
        lines.append(f"native    cannot be imported: {used.import_error}")
    return "\n".join([*lines, ""]), 0


def main() -> int:
    """Print the facts a bug report needs; return the exit codes of ``kesspay``."""
    text, code = facts()
    if sys.stdout is None:
        return _EXIT_NOT_WRITTEN
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Python would try again at its end, and print a traceback.
        sys.stdout = None
        if isinstance(error, BrokenPipeError):
            return _EXIT_NO_READER
        with suppress(OSError, AttributeError):
            sys.stderr.write(
                f"standard output could not be written: {error.strerror}\n"
            )
        return _EXIT_NOT_WRITTEN
    return code


if __name__ == "__main__":
    sys.exit(main())
