"""
The pytest fixture ``kess_sandbox``.

Every run of pytest imports this module where kesspay is installed. So it
imports nothing of kesspay before a test asks for the fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.sandbox.sandbox import Sandbox
    from kesspay.signing.keys import PrivateKey


__all__ = ["kess_sandbox"]

#: 2026-01-01 00:00:00 UTC, when every test begins.
_BEGINNING = 1_767_225_600.0


@pytest.fixture(scope="session")
def _kess_sandbox_keys() -> tuple[PrivateKey, PrivateKey]:
    """Make the partner's and the gateway's key, once for the whole run."""
    from kesspay.sandbox.keymaker import generate_key

    return generate_key(), generate_key()


@pytest.fixture
def kess_sandbox(
    _kess_sandbox_keys: tuple[PrivateKey, PrivateKey],
) -> Iterator[Sandbox]:
    """
    Give the test an emulated gateway of its own, inside the process.

    Its clock stands still until ``kess_sandbox.advance``::

        def test_a_payment(kess_sandbox):
            client = Client(
                **kess_sandbox.settings, transport=kess_sandbox.transport)

    ``with kess_sandbox:`` lets it listen on 127.0.0.1 as well.
    """
    from kesspay.sandbox.sandbox import Sandbox

    own, gateways = _kess_sandbox_keys
    made = Sandbox(
        private_key=own, gateway_private_key=gateways, clock=lambda: _BEGINNING
    )
    yield made
    made.close()
