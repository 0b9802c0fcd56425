"""The conformance kit of the package, read once."""

from __future__ import annotations

from functools import cache

from kesspay.conformance.kit import Kit, load


__all__ = ["stored_kit"]


@cache
def stored_kit() -> Kit:
    """Return the kit; what changes it makes a copy."""
    return load()
