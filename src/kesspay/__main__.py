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


def main() -> int:
    """Print the facts a bug report needs. Return 1 without a backend."""
    write = sys.stdout.write
    write(f"kesspay   {__version__}\n")
    write(f"Python    {platform.python_version()} ({sys.implementation.name})\n")
    write(f"platform  {platform.platform()}\n")
    write(f"processor {' '.join([platform.machine(), *features()])}\n")
    for mask in _MASKS:
        if mask in os.environ:
            write(f"masked    {mask}={os.environ[mask]}\n")
    try:
        used = backend()
    except BackendError as error:
        write(f"backend   none: {error}\n")
        return 1
    write(f"backend   {used.name} {used.version}\n")
    linked = linkage() if used.name == "native" else None
    write(f"OpenSSL   {used.openssl}{f' ({linked})' if linked else ''}\n")
    write(f"batches   {multibuffer()}\n")
    if used.import_error is not None:
        write(f"native    cannot be imported: {used.import_error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
