"""
An emulated gateway with a real ledger, for demos, development and tests.

Names are imported when they are first used: the pytest plugin lies in this
package, and every run of pytest imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kesspay._first_use import first_use


if TYPE_CHECKING:
    from kesspay.sandbox.faults import FAULTS
    from kesspay.sandbox.ledger import Credit, Ledger
    from kesspay.sandbox.sandbox import Sandbox
    from kesspay.sandbox.transports import AsyncInProcessTransport, InProcessTransport


__all__ = [
    "FAULTS",
    "AsyncInProcessTransport",
    "Credit",
    "InProcessTransport",
    "Ledger",
    "Sandbox",
]

_HOMES: Final[dict[str, str]] = {
    "FAULTS": "kesspay.sandbox.faults",
    "AsyncInProcessTransport": "kesspay.sandbox.transports",
    "Credit": "kesspay.sandbox.ledger",
    "InProcessTransport": "kesspay.sandbox.transports",
    "Ledger": "kesspay.sandbox.ledger",
    "Sandbox": "kesspay.sandbox.sandbox",
}


# A type checker reads the imports above; to it, another name is an error.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name at its first use."""
        return first_use(__name__, _HOMES, name)
