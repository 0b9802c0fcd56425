"""Fixtures of the packaging tests."""

from __future__ import annotations

import os

import pytest

from tests.packaging.wheels import can_hide


@pytest.fixture
def needs_hiding() -> None:
    """Skip where files cannot be hidden, but never in CI."""
    if not can_hide():
        if os.environ.get("KESSPAY_REQUIRE_HIDING") == "1":
            pytest.fail("mount namespaces are needed and not to be had")
        pytest.skip("this system allows no mount namespace")
