"""``python -m kesspay`` tells which backend is in use, and on what."""

from __future__ import annotations

import platform
import sys

from kesspay import __version__
from kesspay.errors import BackendError
from kesspay.signing.backend import backend


def main() -> int:
    """Print the facts a bug report needs. Return 1 without a backend."""
    write = sys.stdout.write
    write(f"kesspay   {__version__}\n")
    write(f"Python    {platform.python_version()} ({sys.implementation.name})\n")
    write(f"platform  {platform.platform()}\n")
    try:
        used = backend()
    except BackendError as error:
        write(f"backend   none: {error}\n")
        return 1
    write(f"backend   {used.name} {used.version}\n")
    write(f"OpenSSL   {used.openssl}\n")
    if used.import_error is not None:
        write(f"native    cannot be imported: {used.import_error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
