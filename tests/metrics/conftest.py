"""What the tests of metrics share with those of the client."""

from __future__ import annotations

from tests.gateway.conftest import face


__all__ = ["face"]
