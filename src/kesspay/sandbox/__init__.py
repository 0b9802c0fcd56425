"""An emulated gateway with a real ledger, for demos, development and tests."""

from __future__ import annotations

from kesspay.sandbox.ledger import Credit, Ledger
from kesspay.sandbox.sandbox import InProcessTransport, Sandbox


__all__ = ["Credit", "InProcessTransport", "Ledger", "Sandbox"]
